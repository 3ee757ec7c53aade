/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways to an open model. All end in an image that is mapped or lies in memory:
 *
 *     packed file ------------------------------------------> map
 *     directory, found in the cache ------------------------> map
 *     directory, first time: lock, look again, pack aside,
 *         make room, rename --------------------------------> map what was written
 *     directory, and no cache that could take it -----------> pack into memory
 *
 * A fault of the model is an error. A fault of the cache is a note, and the next way is tried; only
 * want of memory ends both. */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "model/image.h"
#include "model/origin.h"
#include "os/clock.h"
#include "os/directory.h"
#include "weights/packed_cache.h"

/* ---- from an image ---- */

static int set_max_length(cuvee_model *m, const char *path, cuvee_error *err)
{
    const size_t tokenizer_limit = cuvee__tokenizer_max_length(m->tokenizer);
    m->max_length = m->config.max_positions;
    if (tokenizer_limit) m->max_length = cuvee__min(m->max_length, tokenizer_limit);
    const size_t n_special = cuvee__tokenizer_n_special(m->tokenizer, true);
    if (m->max_length > n_special) return CUVEE_OK;
    return cuvee__fail(
        err, CUVEE_E_FORMAT,
        "%s: texts are limited to %zu tokens (max_position_embeddings, model_max_length), "
        "and a pair has %zu special ones",
        path, m->max_length, n_special);
}

/* Open what m->map holds; `path` is for messages. */
static int open_map(cuvee_model *m, const char *path, cuvee_error *err)
{
    const struct span bytes = {(const char *)m->map.ptr, m->map.len};
    int rc = cuvee__packed_open(bytes, path, &m->image, err);
    if (rc == CUVEE_OK) rc = cuvee__image_open(&m->image, path, m, err);
    if (rc == CUVEE_OK) rc = set_max_length(m, path, err);
    if (rc < 0 || !m->image.header->origin.source[0]) return rc;
    memcpy(m->source_sha256, m->image.header->origin.source, 64);
    m->source_sha256[64] = '\0';
    return CUVEE_OK;
}

static int keep_path(cuvee_model *m, const char *path, cuvee_error *err)
{
    m->packed_path = cuvee__strndup(path, strlen(path));
    return m->packed_path ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
}

static int open_packed(cuvee_model *m, const char *path, unsigned precision, cuvee_error *err)
{
    int rc = cuvee__file_map_open(&m->map, path, err);
    if (rc < 0) return rc;
    if (!cuvee__packed_is_one((struct span){(const char *)m->map.ptr, m->map.len}))
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "%s: not a directory and no packed model; a model is one of them", path);
    if ((rc = open_map(m, path, err)) < 0) return rc;
    const unsigned own = m->image.header->precision;
    if (precision != CUVEE_PRECISION_DEFAULT && precision != own)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s: packed as %s, %s was asked for; pack the model again as that", path,
                           cuvee__precision_name(own), cuvee__precision_name(precision));
    return keep_path(m, path, err);
}

/* ---- packing ---- */

/* Pack into a new file. *ret_failed: the file is to blame, not the model. */
static int pack(const struct pack_request *request, const struct packed_origin *origin,
                const struct pack_source *source, struct new_file *file, bool is_hashed,
                bool *ret_failed, cuvee_error *err)
{
    struct packed_writer w;
    struct pack_request full = *request;
    cuvee_model *reference = NULL;
    int rc = CUVEE_OK;
    cuvee__packed_writer_init(&w, file, is_hashed);
    if (request->precision == CUVEE_PRECISION_INT8)
        rc = cuvee__model_open(request->dir, &reference, err);
    full.reference = reference;
    if (rc == CUVEE_OK) rc = cuvee__image_pack(&full, source, &w, err);
    if (rc == CUVEE_OK) rc = cuvee__packed_finish(&w, request->precision, origin, err);
    *ret_failed = w.failed;
    cuvee__packed_writer_deinit(&w);
    cuvee__model_release(reference);
    return rc;
}

/* The checkpoint stays open with the model: its hash is only taken when somebody asks. */
static int open_in_memory(cuvee_model *m, const struct pack_request *request, cuvee_error *err)
{
    const struct packed_origin origin = {0};
    struct new_file file = CUVEE__NO_NEW_FILE;
    struct pack_source source;
    bool failed;
    int rc = cuvee__pack_source_open(&source, request->dir, err);
    if (rc == CUVEE_OK) rc = cuvee__new_file_create_in_memory(&file, err);
    if (rc == CUVEE_OK) rc = pack(request, &origin, &source, &file, false, &failed, err);
    if (rc == CUVEE_OK) rc = cuvee__new_file_map(&file, &m->map, err);
    cuvee__new_file_close(&file);
    if (source.checkpoint) cuvee__checkpoint_release(source.checkpoint);
    m->checkpoint = source.checkpoint;
    source.checkpoint = NULL;
    cuvee__pack_source_close(&source);
    return rc < 0 ? rc : open_map(m, request->dir, err);
}

int cuvee__model_pack(const char *dir, const char *file, const cuvee_pack_options *options,
                      cuvee_error *err)
{
    const struct pack_request request = {
        .dir = dir,
        .precision = options->precision ? options->precision : CUVEE_PRECISION_F32,
        .calibration = options->calibration,
        .n_calibration = options->n_calibration,
        .on_pack = options->on_pack,
        .on_pack_user = options->on_pack_user,
    };
    if (cuvee__file_exists(dir) && !cuvee__path_is_directory(dir))
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s: is a file; only a model directory can be packed", dir);
    struct pack_source source = {0};
    struct packed_origin origin = {0};
    struct new_file out = CUVEE__NO_NEW_FILE;
    struct buffer aside = {0};
    bool failed;
    int rc = cuvee__buffer_printf(&aside, "%s.%ld-%" PRIx64 ".tmp", file, cuvee__process_id(),
                                  cuvee__clock_ns());
    if (rc < 0) cuvee__fail(err, rc, "%s: out of memory", file);
    if (rc == CUVEE_OK) rc = cuvee__pack_source_open(&source, dir, err);
    if (rc == CUVEE_OK) rc = cuvee__new_file_create(&out, aside.ptr, false, err);
    if (rc == CUVEE_OK) rc = cuvee__origin_hash(dir, source.checkpoint, &origin, err);
    if (rc == CUVEE_OK) rc = pack(&request, &origin, &source, &out, true, &failed, err);
    if (rc == CUVEE_OK) rc = cuvee__new_file_publish(&out, file, err);
    cuvee__new_file_close(&out);
    cuvee__pack_source_close(&source);
    cuvee__buffer_deinit(&aside);
    return rc;
}

int cuvee__model_verify(const char *file, cuvee_error *err)
{
    cuvee_model *m = NULL;
    const cuvee_model_options options = {.struct_size = sizeof options};
    if (cuvee__path_is_directory(file))
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s: is a directory, no packed model", file);
    int rc = cuvee__model_open_with(file, &options, &m, err);
    if (rc == CUVEE_OK) rc = cuvee__packed_verify(&m->map, &m->image, file, err);
    cuvee__model_release(m);
    return rc;
}

/* ---- the cache ---- */

struct cache_use {
    char *dir, *packed, *partial; /* the directory, and the two names of the file */
    uint64_t max_bytes;
    struct packed_origin origin; /* with the key */
};

static void cache_use_deinit(struct cache_use *c)
{
    cuvee__free(c->dir);
    cuvee__free(c->packed);
    cuvee__free(c->partial);
}

static int cache_use_init(struct cache_use *c, const struct pack_request *request,
                          const char *cache_dir, cuvee_error *err)
{
    char name[80];
    int rc = cuvee__cache_dir(cache_dir, &c->dir, err);
    if (rc == CUVEE_OK) rc = cuvee__origin_key(request->dir, request->precision, &c->origin, err);
    if (rc < 0) return rc;
    memcpy(name, c->origin.key, 64);
    memcpy(name + 64, ".cuvee", sizeof ".cuvee");
    c->packed = cuvee__cache_file(c->dir, name);
    memcpy(name + 64, ".tmp", sizeof ".tmp");
    c->partial = cuvee__cache_file(c->dir, name);
    if (c->packed && c->partial) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_NOMEM, "cache: out of memory");
}

/* Open the cached file when it is there and is what its name says. *ret_found: it was. */
static int open_cached(cuvee_model *m, const struct cache_use *c, unsigned precision,
                       bool *ret_found, cuvee_error *err)
{
    *ret_found = false;
    int rc = cuvee__file_map_open(&m->map, c->packed, err);
    if (rc == CUVEE_OK) rc = open_map(m, c->packed, err);
    if (rc == CUVEE_OK &&
        (memcmp(m->image.header->origin.key, c->origin.key, sizeof c->origin.key) != 0 ||
         m->image.header->precision != precision))
        rc = CUVEE_E_FORMAT;
    if (rc == CUVEE_OK) rc = keep_path(m, c->packed, err);
    if (rc == CUVEE_OK) {
        cuvee__file_touch(c->packed);
        *ret_found = true;
        return CUVEE_OK;
    }
    cuvee__model_reset(m);
    return rc == CUVEE_E_NOMEM ? rc : CUVEE_OK; /* else it is packed anew */
}

/* Why a model is not in the cache: the message of `why`. */
static int note(cuvee_model *m, const cuvee_error *why, cuvee_error *err)
{
    m->cache_note = cuvee__strndup(why->msg, strlen(why->msg));
    return m->cache_note ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "cache: out of memory");
}

/* Give the packed file its place in the cache. */
static int publish(const struct cache_use *c, const struct pack_request *request,
                   struct new_file *file, uint64_t bytes, cuvee_error *err)
{
    struct packed_origin now = {0};
    bool fits;
    int rc = cuvee__origin_key(request->dir, request->precision, &now, err);
    if (rc < 0) return rc;
    if (memcmp(now.key, c->origin.key, sizeof now.key) != 0)
        return cuvee__fail(err, CUVEE_E_IO, "%s: files changed while they were packed",
                           request->dir);
    rc = cuvee__cache_make_room(c->dir, bytes, c->max_bytes, &fits, err);
    if (rc < 0) return rc;
    if (!fits)
        return cuvee__fail(err, CUVEE_E_LIMIT,
                           "%s: %" PRIu64 " bytes would pass the cache's limit of %" PRIu64, c->dir,
                           bytes, c->max_bytes);
    return cuvee__new_file_publish(file, c->packed, err);
}

/* The model is open from the new file; one that cannot be published serves this process all the
 * same, without a name. */
static int publish_or_note(cuvee_model *m, const struct cache_use *c,
                           const struct pack_request *request, struct new_file *file,
                           cuvee_error *err)
{
    cuvee_error why = {0};
    const int rc = publish(c, request, file, m->map.len, &why);
    if (rc == CUVEE_OK) return keep_path(m, c->packed, err);
    if (rc == CUVEE_E_NOMEM) return cuvee__fail(err, rc, "%s", why.msg);
    return note(m, &why, err);
}

/* *ret_fault: a failure is the cache's. */
static int pack_into_cache(cuvee_model *m, const struct cache_use *c,
                           const struct pack_request *request, bool *ret_fault, cuvee_error *err)
{
    struct packed_origin origin = c->origin;
    struct pack_source source;
    struct new_file file = CUVEE__NO_NEW_FILE;
    *ret_fault = false;
    int rc = cuvee__pack_source_open(&source, request->dir, err);
    if (rc == CUVEE_OK) rc = cuvee__origin_hash(request->dir, source.checkpoint, &origin, err);
    if (rc == CUVEE_OK) {
        rc = cuvee__new_file_create(&file, c->partial, true, err);
        *ret_fault = rc < 0;
    }
    if (rc == CUVEE_OK) rc = pack(request, &origin, &source, &file, true, ret_fault, err);
    if (rc == CUVEE_OK) rc = cuvee__new_file_map(&file, &m->map, err);
    if (rc == CUVEE_OK) rc = open_map(m, request->dir, err);
    if (rc == CUVEE_OK) rc = publish_or_note(m, c, request, &file, err);
    cuvee__new_file_close(&file);
    cuvee__pack_source_close(&source);
    return rc;
}

static int open_through_cache(cuvee_model *m, const struct cache_use *c,
                              const struct pack_request *request, bool *ret_fault,
                              cuvee_error *err)
{
    bool found;
    int lock;
    *ret_fault = true;
    int rc = open_cached(m, c, request->precision, &found, err);
    if (rc < 0 || found) return rc;
    if ((rc = cuvee__cache_lock(c->dir, &lock, err)) < 0) return rc;
    /* Who had the lock before may have packed the same model. */
    rc = open_cached(m, c, request->precision, &found, err);
    if (rc == CUVEE_OK && !found) rc = cuvee__cache_remove_partial(c->dir, err);
    if (rc == CUVEE_OK && !found) rc = pack_into_cache(m, c, request, ret_fault, err);
    cuvee__lock_release(lock);
    return rc;
}

/* ---- all ways ---- */

/* *ret_fault: a failure is the cache's. */
static int open_from_cache(cuvee_model *m, const cuvee_model_options *options, uint64_t max_bytes,
                           const struct pack_request *plain, bool *ret_fault, cuvee_error *err)
{
    struct cache_use c = {.max_bytes = max_bytes};
    char *source = cuvee__path_resolve(plain->dir);
    struct pack_request request = *plain;
    request.source = source;
    *ret_fault = true;
    int rc = cache_use_init(&c, &request, options->cache_dir, err);
    if (rc == CUVEE_OK) rc = open_through_cache(m, &c, &request, ret_fault, err);
    cache_use_deinit(&c);
    cuvee__free(source);
    return rc;
}

static int open_directory(cuvee_model *m, const cuvee_model_options *options,
                          const struct pack_request *request, cuvee_error *err)
{
    uint64_t max_bytes = 0;
    bool fault;
    int rc = CUVEE_OK;
    if (options && !(options->flags & CUVEE_MODEL_NO_CACHE))
        rc = cuvee__cache_max(options->cache_max_bytes, &max_bytes, err);
    if (rc < 0) return rc;
    if (max_bytes == 0) return open_in_memory(m, request, err);

    rc = open_from_cache(m, options, max_bytes, request, &fault, err);
    if (rc == CUVEE_OK || rc == CUVEE_E_NOMEM || !fault) return rc;
    const cuvee_error why = *err;
    cuvee__model_reset(m);
    rc = open_in_memory(m, request, err);
    return rc < 0 ? rc : note(m, &why, err);
}

static int open_any(cuvee_model *m, const cuvee_model_options *options, cuvee_error *err)
{
    const unsigned precision = options ? options->precision : CUVEE_PRECISION_DEFAULT;
    const struct pack_request request = {
        .dir = m->path,
        .precision = precision ? precision : CUVEE_PRECISION_F32,
        .on_pack = options ? options->on_pack : NULL,
        .on_pack_user = options ? options->on_pack_user : NULL,
    };
    /* What does not exist, or must not be looked at, is told by config.json with the system's
     * reason. */
    if (cuvee__file_exists(m->path) && !cuvee__path_is_directory(m->path))
        return open_packed(m, m->path, precision, err);
    return open_directory(m, options, &request, err);
}

int cuvee__model_open_with(const char *path, const cuvee_model_options *options,
                           cuvee_model **ret_model, cuvee_error *err)
{
    cuvee_error own;
    if (!err) err = &own; /* its message may become the note */
    cuvee_model *m = cuvee__calloc(1, sizeof *m);
    if (!m) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
    atomic_init(&m->n_holds, 1);
    m->path = cuvee__strndup(path, strlen(path));
    const int rc = m->path ? open_any(m, options, err)
                           : cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
    if (rc < 0) {
        cuvee__model_release(m);
        return rc;
    }
    *ret_model = m;
    return CUVEE_OK;
}
