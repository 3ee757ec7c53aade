/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists are searched from end to end: there are at most TABLE_MAX_COLUMNS names, once per file. */
#include "table/name_list.h"

#include <stdio.h>

#include "base/alloc.h"
#include "cuvee/cuvee.h"

void cuvee__names_deinit(struct name_list *names)
{
    for (size_t i = 0; i < names->n; i++) cuvee__free((void *)(uintptr_t)names->items[i].ptr);
    cuvee__free(names->items);
    *names = (struct name_list){0};
}

/* Takes ptr, also on failure. */
static int add_owned(struct name_list *names, char *ptr, size_t len)
{
    if (ptr && names->n == names->room) {
        const size_t room = names->room ? names->room * 2 : 16;
        struct span *items = cuvee__realloc_array(names->items, room, sizeof *items);
        if (items) {
            names->items = items;
            names->room = room;
        } else {
            cuvee__free(ptr);
            ptr = NULL;
        }
    }
    if (!ptr) return CUVEE_E_NOMEM;
    names->items[names->n++] = (struct span){ptr, len};
    return CUVEE_OK;
}

int cuvee__names_add(struct name_list *names, const char *prefix, struct span name)
{
    struct buffer joined = {0};
    int rc = cuvee__buffer_reserve(&joined, 1); /* an empty name is a name */
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_str(&joined, prefix);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append(&joined, name.ptr, name.len);
    if (rc == CUVEE_OK) return add_owned(names, joined.ptr, joined.len);
    cuvee__buffer_deinit(&joined);
    return rc;
}

bool cuvee__names_have(const struct name_list *names, struct span name)
{
    for (size_t i = 0; i < names->n; i++)
        if (span_equal(names->items[i], name)) return true;
    return false;
}

/* What the name of one column is tried against. */
struct rivals {
    const struct name_list *own, *settled;
    const struct span *columns; /* the names that other columns came with go first */
    size_t n_columns;
};

static bool is_used(const struct rivals *r, struct span name)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (span_equal(r->columns[i], name)) return true;
    return cuvee__names_have(r->own, name) || cuvee__names_have(r->settled, name);
}

/* Write name with n times "in_" in front, or with "_n" behind, to out. */
static int change_name(struct span name, bool is_own, size_t n, struct buffer *out)
{
    int rc = CUVEE_OK;
    out->len = 0;
    for (size_t i = 0; is_own && i < n && rc == CUVEE_OK; i++)
        rc = cuvee__buffer_append_str(out, "in_");
    if (rc == CUVEE_OK) rc = cuvee__buffer_append(out, name.ptr, name.len);
    if (rc == CUVEE_OK && !is_own) rc = cuvee__buffer_printf(out, "_%zu", n);
    return rc;
}

/* Write name, changed as little as it takes, to out. */
static int settle_name(const struct rivals *r, size_t idx, struct buffer *out)
{
    const struct span name = r->columns[idx];
    size_t nth = 1; /* which of the equal ones this is: those before it have lower numbers */
    for (size_t i = 0; i < idx; i++) nth += span_equal(r->columns[i], name);
    const bool is_own = cuvee__names_have(r->own, name);
    out->len = 0;
    int rc = cuvee__buffer_append(out, name.ptr, name.len);
    if (nth == 1 && !is_own && !cuvee__names_have(r->settled, name)) return rc;
    while (rc == CUVEE_OK && is_used(r, buffer_span(out)))
        rc = change_name(name, is_own, nth++, out);
    return rc;
}

int cuvee__names_add_columns(struct name_list *names, const struct span *columns, size_t n_columns,
                             const struct name_list *own)
{
    struct buffer name = {0};
    int rc = CUVEE_OK;
    for (size_t i = 0; i < n_columns && rc == CUVEE_OK; i++) {
        const struct rivals rivals = {own, names, columns, n_columns};
        rc = settle_name(&rivals, i, &name);
        if (rc == CUVEE_OK) rc = cuvee__names_add(names, "", buffer_span(&name));
    }
    cuvee__buffer_deinit(&name);
    return rc;
}
