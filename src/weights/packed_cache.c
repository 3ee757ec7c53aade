/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/packed_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/env.h"
#include "base/error.h"
#include "os/directory.h"
#include "weights/packed_file.h"

#define PACKED_SUFFIX  ".cuvee"
#define PARTIAL_SUFFIX ".tmp"

/* ---- where, and how much ---- */

int cuvee__cache_dir(const char *option, char **ret, cuvee_error *err)
{
    const char *base = option ? option : cuvee__env_cache(), *below = "";
    if (!base && (base = cuvee__env_xdg_cache())) below = "/cuvee";
    if (!base && (base = cuvee__env_home())) below = "/.cache/cuvee";
    if (!base)
        return cuvee__fail(err, CUVEE_E_IO,
                           "no cache directory: none of CUVEE_CACHE, XDG_CACHE_HOME, HOME is set");
    struct buffer path = {0};
    if (cuvee__buffer_printf(&path, "%s%s", base, below) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "cache: out of memory");
    *ret = path.ptr;
    return CUVEE_OK;
}

int cuvee__cache_max(uint64_t option, uint64_t *ret, cuvee_error *err)
{
    const char *text = cuvee__env_cache_max();
    *ret = option ? option : CUVEE__CACHE_DEFAULT_BYTES;
    if (option || !text) return CUVEE_OK;

    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    const unsigned long long n = strtoull(text, &end, 10);
    bool fits = *text >= '0' && *text <= '9' && errno == 0;
    const char *unit = *end ? strchr(units, *end) : NULL;
    const unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (unit) end++;
    fits = fits && *end == '\0' && n <= UINT64_MAX >> shift;
    if (!fits)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "CUVEE_CACHE_MAX is '%s', need bytes, or a number with K, M, G or T",
                           text);
    *ret = (uint64_t)n << shift;
    return CUVEE_OK;
}

char *cuvee__cache_file(const char *dir, const char *name)
{
    struct buffer path = {0};
    if (cuvee__buffer_printf(&path, "%s/%s", dir, name) < 0) cuvee__buffer_deinit(&path);
    return path.ptr;
}

/* ---- what is there ---- */

/* KEY + suffix: a directory that somebody names as the cache may have packed files of his own. */
static bool is_ours(const char *name, const char *suffix)
{
    return strspn(name, "0123456789abcdef") == 64 && strcmp(name + 64, suffix) == 0;
}

static int compare_use(const void *a, const void *b)
{
    const struct directory_entry *x = a, *y = b;
    if (x->changed_s != y->changed_s) return x->changed_s < y->changed_s ? -1 : 1;
    if (x->changed_ns != y->changed_ns) return x->changed_ns < y->changed_ns ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The files with a suffix, the longest unused first. No directory: none. */
static int list(const char *dir, const char *suffix, struct directory_list *ret, cuvee_error *err)
{
    cuvee_error own = {0};
    *ret = (struct directory_list){0};
    const int rc = cuvee__directory_list(dir, ret, &own);
    if (rc == CUVEE_E_IO && own.os_errno == ENOENT) return CUVEE_OK;
    if (rc < 0) {
        if (err) *err = own;
        return rc;
    }
    size_t n = 0;
    for (size_t i = 0; i < ret->n; i++)
        if (is_ours(ret->entries[i].name, suffix)) ret->entries[n++] = ret->entries[i];
    ret->n = n;
    if (n) qsort(ret->entries, n, sizeof *ret->entries, compare_use);
    return CUVEE_OK;
}

/* False when it could not be removed. */
static int remove_file(const char *dir, const char *name, bool *ret_removed, cuvee_error *err)
{
    char *path = cuvee__cache_file(dir, name);
    if (!path) return cuvee__fail(err, CUVEE_E_NOMEM, "cache: out of memory");
    *ret_removed = cuvee__file_remove(path);
    cuvee__free(path);
    return CUVEE_OK;
}

/* ---- writers ---- */

int cuvee__cache_lock(const char *dir, int *ret_lock, cuvee_error *err)
{
    int rc = cuvee__directory_make(dir, err);
    if (rc < 0) return rc;
    char *path = cuvee__cache_file(dir, "lock");
    if (!path) return cuvee__fail(err, CUVEE_E_NOMEM, "cache: out of memory");
    rc = cuvee__lock_acquire(path, ret_lock, err);
    cuvee__free(path);
    return rc;
}

int cuvee__cache_remove_partial(const char *dir, cuvee_error *err)
{
    struct directory_list l;
    bool removed;
    int rc = list(dir, PARTIAL_SUFFIX, &l, err);
    for (size_t i = 0; i < l.n && rc == CUVEE_OK; i++)
        rc = remove_file(dir, l.entries[i].name, &removed, err);
    cuvee__directory_list_deinit(&l);
    return rc;
}

int cuvee__cache_make_room(const char *dir, uint64_t bytes, uint64_t max_bytes, bool *ret_fits,
                           cuvee_error *err)
{
    struct directory_list l;
    uint64_t total = 0;
    int rc = list(dir, PACKED_SUFFIX, &l, err);
    for (size_t i = 0; i < l.n; i++) total += l.entries[i].bytes;
    /* One that would not fit into an empty cache drives nobody out. */
    const bool may_fit = bytes <= max_bytes;
    for (size_t i = 0; may_fit && i < l.n && total > max_bytes - bytes && rc == CUVEE_OK; i++) {
        bool removed = false;
        rc = remove_file(dir, l.entries[i].name, &removed, err);
        if (removed) total -= l.entries[i].bytes;
    }
    *ret_fits = may_fit && total <= max_bytes - bytes;
    cuvee__directory_list_deinit(&l);
    return rc;
}

/* ---- for people ---- */

/* The source of a packed file, if it is one that this version can read; points into f. */
static struct span source_of(const struct packed_file *f)
{
    for (uint32_t i = 0; i < f->header->n_sections; i++)
        if (f->sections[i].kind == PACKED_SOURCE)
            return (struct span){(const char *)f->bytes + f->sections[i].offset,
                                 (size_t)f->sections[i].bytes};
    return (struct span){0};
}

static int visit_one(const char *path, const struct directory_entry *file,
                     int (*visit)(void *user, const cuvee_cache_entry *entry), void *user,
                     cuvee_error *err)
{
    cuvee_cache_entry entry = {
        .path = path, .source = "", .precision = "", .bytes = file->bytes,
        .used_s = file->changed_s};
    struct file_map map = {0};
    struct packed_file packed;
    char *source = NULL;
    int rc = CUVEE_OK;
    if (cuvee__file_map_open(&map, path, NULL) == CUVEE_OK &&
        cuvee__packed_open((struct span){(const char *)map.ptr, map.len}, path, &packed, NULL) ==
            CUVEE_OK) {
        const struct span s = source_of(&packed);
        source = cuvee__strndup(s.ptr ? s.ptr : "", s.len);
        if (!source) rc = cuvee__fail(err, CUVEE_E_NOMEM, "cache: out of memory");
        entry.source = source;
        entry.precision = cuvee__precision_name(packed.header->precision);
    }
    if (rc == CUVEE_OK) rc = visit(user, &entry);
    cuvee__free(source);
    cuvee__file_map_close(&map);
    return rc;
}

int cuvee__cache_visit(const char *dir,
                       int (*visit)(void *user, const cuvee_cache_entry *entry), void *user,
                       cuvee_error *err)
{
    struct directory_list l;
    int rc = list(dir, PACKED_SUFFIX, &l, err);
    for (size_t i = 0; i < l.n && rc == CUVEE_OK; i++) {
        char *path = cuvee__cache_file(dir, l.entries[i].name);
        rc = path ? visit_one(path, &l.entries[i], visit, user, err)
                  : cuvee__fail(err, CUVEE_E_NOMEM, "cache: out of memory");
        cuvee__free(path);
    }
    cuvee__directory_list_deinit(&l);
    return rc;
}

int cuvee__cache_clear(const char *dir, uint64_t *ret_n, uint64_t *ret_bytes, cuvee_error *err)
{
    struct directory_list l = {0};
    uint64_t n = 0, bytes = 0;
    int lock, rc = CUVEE_OK;
    if (cuvee__path_is_directory(dir)) {
        if ((rc = cuvee__cache_lock(dir, &lock, err)) < 0) return rc;
        rc = cuvee__cache_remove_partial(dir, err);
        if (rc == CUVEE_OK) rc = list(dir, PACKED_SUFFIX, &l, err);
        for (size_t i = 0; i < l.n && rc == CUVEE_OK; i++) {
            bool removed = false;
            rc = remove_file(dir, l.entries[i].name, &removed, err);
            if (!removed) continue;
            n++;
            bytes += l.entries[i].bytes;
        }
        cuvee__directory_list_deinit(&l);
        cuvee__lock_release(lock);
    }
    if (rc == CUVEE_OK && ret_n) *ret_n = n;
    if (rc == CUVEE_OK && ret_bytes) *ret_bytes = bytes;
    return rc;
}
