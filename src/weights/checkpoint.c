/* SPDX-License-Identifier: Apache-2.0
 *
 * See checkpoint.h. Looks for model.safetensors, then for model.safetensors.index.json, as
 * Transformers does; variants (model.fp16.safetensors) are never taken by themselves.
 *
 * With an index, its weight_map is the authority: a tensor comes from the shard that the map names,
 * and must be there; what a shard holds beyond that is checked for form and then ignored (a tensor
 * may lie in two shards, and conversions leave unused ones behind). Shards are numbered in order of
 * their names. */
#include "weights/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/sha256.h"
#include "os/file.h"
#include "weights/safetensors.h"
#include "weights/shard_index.h"

#define SINGLE_FILE "model.safetensors"
#define INDEX_FILE "model.safetensors.index.json"

struct shard {
    char *path;
    struct file_map map;
    struct safetensors content;
};

struct checkpoint {
    struct shard *shards;
    size_t n_shards;
    const struct tensor **tensors; /* (n_tensors) in order of strcmp() of their names */
    size_t n_tensors;
};

static char *join_path(const char *dir, const char *name)
{
    struct buffer b = {0};
    const size_t n = strlen(dir);
    const char *slash = n && dir[n - 1] == '/' ? "" : "/";
    if (cuvee__buffer_printf(&b, "%s%s%s", dir, slash, name) < 0) {
        cuvee__buffer_deinit(&b);
        return NULL;
    }
    return b.ptr; /* printf leaves a NUL behind the text */
}

/* Back to {0}; accepts half-built ones. */
static void clear(struct checkpoint *c)
{
    for (size_t i = 0; i < c->n_shards; i++) {
        cuvee__safetensors_deinit(&c->shards[i].content);
        cuvee__file_map_close(&c->shards[i].map);
        cuvee__free(c->shards[i].path);
    }
    cuvee__free(c->shards);
    cuvee__free(c->tensors);
    *c = (struct checkpoint){0};
}

/* ---- shards ---- */

static int open_shard(struct checkpoint *c, size_t i, const char *dir, const char *name,
                      cuvee_error *err)
{
    struct shard *s = &c->shards[i];
    s->path = join_path(dir, name);
    if (!s->path) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", name);
    int rc = cuvee__file_map_open(&s->map, s->path, err);
    if (rc < 0) return rc;
    /* Tensors are read once and let go: a large page would bring in the neighbours that were. */
    cuvee__file_map_small_pages(&s->map, 0, s->map.len);
    const struct span bytes = {(const char *)s->map.ptr, s->map.len};
    rc = cuvee__safetensors_parse(bytes, s->path, &s->content, err);
    if (rc < 0) return rc;
    for (size_t t = 0; t < s->content.n_tensors; t++) s->content.tensors[t].file = i;
    return CUVEE_OK;
}

static int make_room(struct checkpoint *c, size_t n_shards, cuvee_error *err)
{
    c->shards = cuvee__calloc(n_shards, sizeof *c->shards);
    if (!c->shards) return cuvee__fail(err, CUVEE_E_NOMEM, "checkpoint: out of memory");
    c->n_shards = n_shards;
    return CUVEE_OK;
}

static int open_single(struct checkpoint *c, const char *dir, cuvee_error *err)
{
    int rc = make_room(c, 1, err);
    if (rc < 0) return rc;
    rc = open_shard(c, 0, dir, SINGLE_FILE, err);
    if (rc < 0) return rc;
    const struct safetensors *s = &c->shards[0].content;
    c->tensors = cuvee__alloc_array(s->n_tensors, sizeof *c->tensors);
    if (!c->tensors) return cuvee__fail(err, CUVEE_E_NOMEM, "checkpoint: out of memory");
    for (size_t i = 0; i < s->n_tensors; i++) c->tensors[i] = &s->tensors[i];
    c->n_tensors = s->n_tensors;
    return CUVEE_OK;
}

static int compare_tensors(const void *a, const void *b)
{
    const struct tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int collect_mapped(struct checkpoint *c, const struct shard_index *x, const char *index_path,
                          cuvee_error *err)
{
    c->tensors = cuvee__alloc_array(json_object_size(x->weight_map), sizeof *c->tensors);
    if (!c->tensors) return cuvee__fail(err, CUVEE_E_NOMEM, "checkpoint: out of memory");
    const char *name;
    json_t *file;
    json_object_foreach(x->weight_map, name, file) {
        const struct shard *s = &c->shards[cuvee__shard_index_file(x, json_string_value(file))];
        const struct tensor *t = cuvee__safetensors_find(&s->content, name);
        if (!t)
            return cuvee__fail(err, CUVEE_E_FORMAT,
                               "%s: tensor '%s' is not in %s as the index says", index_path, name,
                               json_string_value(file));
        c->tensors[c->n_tensors++] = t;
    }
    qsort(c->tensors, c->n_tensors, sizeof *c->tensors, compare_tensors);
    return CUVEE_OK;
}

static int open_shards(struct checkpoint *c, const char *dir, cuvee_error *err)
{
    struct buffer text = {.cap_bytes = CUVEE__MAX_INDEX_BYTES};
    struct shard_index x = {0};
    int rc;
    char *path = join_path(dir, INDEX_FILE);
    if (!path) return cuvee__fail(err, CUVEE_E_NOMEM, "checkpoint: out of memory");
    if ((rc = cuvee__file_read(path, &text, err)) < 0) goto done;
    if ((rc = cuvee__shard_index_parse(buffer_span(&text), path, &x, err)) < 0) goto done;
    if ((rc = make_room(c, x.n_files, err)) < 0) goto done;
    for (size_t i = 0; i < x.n_files; i++) {
        if ((rc = open_shard(c, i, dir, x.files[i], err)) < 0) {
            cuvee__error_prefix(err, "shard %zu of %zu", i + 1, x.n_files);
            goto done;
        }
    }
    rc = collect_mapped(c, &x, path, err);
done:
    cuvee__shard_index_deinit(&x);
    cuvee__buffer_deinit(&text);
    cuvee__free(path);
    return rc;
}

/* ---- a directory without safetensors ---- */

/* Say what is there instead, so that the message tells what to do. */
static int fail_without_safetensors(const char *dir, cuvee_error *err)
{
    char name[256];
    if (!cuvee__path_is_directory(dir))
        return cuvee__fail(err, CUVEE_E_IO, "%s: no such directory", dir);
    if (cuvee__directory_find(dir, ".bin", name, sizeof name))
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s: has %s but no " SINGLE_FILE
                           ", and pickled weights are not read. Look for " SINGLE_FILE
                           " on the model page under refs/pr, or convert once in Python: "
                           "AutoModelForSequenceClassification.from_pretrained(dir)"
                           ".save_pretrained(dir, safe_serialization=True)",
                           dir, name);
    static const char *const others[] = {".gguf", ".onnx", ".h5", ".msgpack"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (cuvee__directory_find(dir, others[i], name, sizeof name))
            return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                               "%s: has %s but no " SINGLE_FILE
                               ", and %s files are not read; use the "
                               "original model's safetensors files",
                               dir, name, others[i]);
    return cuvee__fail(err, CUVEE_E_IO, "%s: neither " SINGLE_FILE " nor " INDEX_FILE " is there",
                       dir);
}

/* ---- the whole ---- */

static bool is_absent(const cuvee_error *e)
{
    return e->code == CUVEE_E_IO && (e->os_errno == ENOENT || e->os_errno == ENOTDIR);
}

/* A missing first choice leads to the second; one that is there but broken is an error. */
static int open_any(struct checkpoint *c, const char *dir, cuvee_error *err)
{
    int rc = open_single(c, dir, err);
    if (rc == CUVEE_OK || !is_absent(err)) return rc;
    clear(c);
    rc = open_shards(c, dir, err);
    if (rc == CUVEE_OK || !is_absent(err)) return rc;
    /* With an index, what is absent is a shard, and the message says which. */
    return c->n_shards ? rc : fail_without_safetensors(dir, err);
}

int cuvee__checkpoint_open(const char *dir, struct checkpoint **ret_checkpoint, cuvee_error *err)
{
    cuvee_error own;
    if (!err) err = &own; /* is_absent() needs one */
    struct checkpoint *c = cuvee__calloc(1, sizeof *c);
    if (!c) return cuvee__fail(err, CUVEE_E_NOMEM, "checkpoint: out of memory");
    const int rc = open_any(c, dir, err);
    if (rc < 0)
        cuvee__checkpoint_close(c);
    else
        *ret_checkpoint = c;
    return rc;
}

void cuvee__checkpoint_close(struct checkpoint *c)
{
    if (!c) return;
    clear(c);
    cuvee__free(c);
}

size_t cuvee__checkpoint_count(const struct checkpoint *c)
{
    return c->n_tensors;
}

const struct tensor *cuvee__checkpoint_at(const struct checkpoint *c, size_t i)
{
    return c->tensors[i];
}

const struct tensor *cuvee__checkpoint_find(const struct checkpoint *c, const char *name)
{
    const struct tensor key = {.name = name}, *key_ptr = &key;
    if (!c->n_tensors) return NULL;
    const struct tensor **found =
        bsearch(&key_ptr, c->tensors, c->n_tensors, sizeof *c->tensors, compare_tensors);
    return found ? *found : NULL;
}

size_t cuvee__checkpoint_n_files(const struct checkpoint *c)
{
    return c->n_shards;
}

const char *cuvee__checkpoint_file_path(const struct checkpoint *c, size_t file)
{
    return c->shards[file].path;
}

uint64_t cuvee__checkpoint_total_bytes(const struct checkpoint *c)
{
    uint64_t total = 0;
    for (size_t i = 0; i < c->n_shards; i++) total += c->shards[i].map.len;
    return total;
}

void cuvee__tensor_release(const struct checkpoint *c, const struct tensor *t)
{
    cuvee__file_map_release(&c->shards[t->file].map, t->offset, t->n_bytes);
}

void cuvee__checkpoint_release(const struct checkpoint *c)
{
    for (size_t i = 0; i < c->n_shards; i++)
        cuvee__file_map_release(&c->shards[i].map, 0, c->shards[i].map.len);
}

/* The hash of the shards one after the other, as `cat model*.safetensors | sha256sum` gives. */
int cuvee__checkpoint_sha256(const struct checkpoint *c, char ret_hex[65], cuvee_error *err)
{
    (void)err; /* the files are mapped: nothing can fail any more */
    const size_t step = (size_t)1 << 20; /* what is in the footprint at any time */
    struct sha256 h;
    cuvee__sha256_init(&h);
    for (size_t i = 0; i < c->n_shards; i++) {
        const struct file_map *map = &c->shards[i].map;
        for (size_t off = 0; off < map->len; off += step) {
            const size_t n = cuvee__min(step, map->len - off);
            cuvee__sha256_update(&h, map->ptr + off, n);
            cuvee__file_map_release(map, off, n);
        }
    }
    cuvee__sha256_final_hex(&h, ret_hex);
    return CUVEE_OK;
}
