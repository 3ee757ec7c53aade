/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/args.h"
#include "base/alloc.h"
#include "base/error.h"
#include "cuvee/cuvee.h"
#include "model/model.h"
#include "weights/packed_cache.h"

static const struct struct_sizes options_sizes = STRUCT_SIZES(cuvee_pack_options, n_calibration);

static int path_check(const char *name, const char *path, cuvee_error *err)
{
    if (path && *path) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s is %s", name, path ? "empty" : "NULL");
}

int cuvee_model_pack(const char *directory, const char *file, const cuvee_pack_options *options,
                     cuvee_error *err)
{
    cuvee_pack_options o;
    int rc = path_check("directory", directory, err);
    if (rc == CUVEE_OK) rc = path_check("file", file, err);
    if (rc == CUVEE_OK) rc = cuvee__options_read(&options_sizes, options, &o, err);
    if (rc == CUVEE_OK) rc = cuvee__enum_check("precision", o.precision, CUVEE_PRECISION_INT8, err);
    if (rc == CUVEE_OK) rc = cuvee__enum_check("flags", o.flags, 0, err);
    if (rc == CUVEE_OK && !o.calibration && o.n_calibration)
        rc = cuvee__fail(err, CUVEE_E_ARGUMENT, "calibration is NULL, but n_calibration is %zu",
                         o.n_calibration);
    return rc < 0 ? rc : cuvee__model_pack(directory, file, &o, err);
}

int cuvee_model_verify(const char *file, cuvee_error *err)
{
    const int rc = path_check("file", file, err);
    return rc < 0 ? rc : cuvee__model_verify(file, err);
}

int cuvee_cache_path(const char *cache_dir, char *ret_path, size_t room, cuvee_error *err)
{
    if (!ret_path || !room)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "ret_path is %s",
                           ret_path ? "without room" : "NULL");
    char *dir = NULL;
    int rc = cuvee__cache_dir(cache_dir, &dir, err);
    if (rc < 0) return rc;
    const size_t bytes = strlen(dir) + 1;
    if (bytes > room)
        rc = cuvee__fail(err, CUVEE_E_LIMIT, "path of %zu bytes does not fit %zu", bytes, room);
    else
        memcpy(ret_path, dir, bytes);
    cuvee__free(dir);
    return rc;
}

int cuvee_cache_visit(const char *cache_dir,
                      int (*visit)(void *user, const cuvee_cache_entry *entry), void *user,
                      cuvee_error *err)
{
    if (!visit) return cuvee__fail(err, CUVEE_E_ARGUMENT, "visit is NULL");
    char *dir = NULL;
    int rc = cuvee__cache_dir(cache_dir, &dir, err);
    if (rc == CUVEE_OK) rc = cuvee__cache_visit(dir, visit, user, err);
    cuvee__free(dir);
    return rc;
}

int cuvee_cache_clear(const char *cache_dir, uint64_t *ret_n, uint64_t *ret_bytes,
                      cuvee_error *err)
{
    char *dir = NULL;
    int rc = cuvee__cache_dir(cache_dir, &dir, err);
    if (rc == CUVEE_OK) rc = cuvee__cache_clear(dir, ret_n, ret_bytes, err);
    cuvee__free(dir);
    return rc;
}
