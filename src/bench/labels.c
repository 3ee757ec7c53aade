/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/labels.h"

#include "base/alloc.h"
#include "base/error.h"

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for labels");
}

/* The index of the name, which is added when it is new. */
static int find(struct label_list *l, struct span name, uint16_t *ret, cuvee_error *err)
{
    if (name.len >= CUVEE__LABEL_BYTES) name.len = CUVEE__LABEL_BYTES - 1;
    for (size_t i = 0; i < l->n_names; i++)
        if (span_is(name, l->names[i])) {
            *ret = (uint16_t)i;
            return CUVEE_OK;
        }
    if (l->n_names == CUVEE__MAX_LABELS)
        return cuvee__fail(err, CUVEE_E_LIMIT, "more than %d different labels", CUVEE__MAX_LABELS);
    if (l->n_names == l->room_names) {
        const size_t room = l->room_names ? 2 * l->room_names : 4;
        void *names = cuvee__realloc_array(l->names, room, sizeof *l->names);
        if (!names) return no_memory(err);
        l->names = names;
        l->room_names = room;
    }
    memcpy(l->names[l->n_names], name.ptr, name.len);
    l->names[l->n_names][name.len] = '\0';
    *ret = (uint16_t)l->n_names++;
    return CUVEE_OK;
}

int cuvee__labels_add(struct label_list *l, struct span name, cuvee_error *err)
{
    uint16_t index = 0;
    const int rc = find(l, name, &index, err);
    if (rc < 0) return rc;
    if (l->n == l->room) {
        const size_t room = l->room ? 2 * l->room : 1024;
        void *items = cuvee__realloc_array(l->items, room, sizeof *l->items);
        if (!items) return no_memory(err);
        l->items = items;
        l->room = room;
    }
    l->items[l->n++] = index;
    return CUVEE_OK;
}

void cuvee__labels_deinit(struct label_list *l)
{
    cuvee__free(l->names);
    cuvee__free(l->items);
    *l = (struct label_list){0};
}
