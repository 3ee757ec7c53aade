/* SPDX-License-Identifier: Apache-2.0 */
#include "api/args.h"
#include "base/error.h"
#include "cuvee/cuvee.h"
#include "model/model.h"
#include "os/file.h"
#include "python/script.h"

static const struct struct_sizes options_sizes = STRUCT_SIZES(cuvee_model_options, cache_max_bytes);
static const struct struct_sizes info_sizes = STRUCT_SIZES(cuvee_model_info, lowercase);

#define MAX_SCRIPT_BATCH 65536
#define MAX_CALLERS      1024

static int open_script(const char *path, const cuvee_model_options *o, cuvee_model **ret_model,
                       cuvee_error *err)
{
    struct external_model *script = NULL;
    if (o->precision != CUVEE_PRECISION_DEFAULT)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s: a precision is no option of a script", path);
    if (o->max_batch > MAX_SCRIPT_BATCH)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "max_batch is %u, but must be 0 .. %d",
                           (unsigned)o->max_batch, MAX_SCRIPT_BATCH);
    if (o->concurrency > MAX_CALLERS)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "concurrency is %u, but must be 0 .. %d",
                           (unsigned)o->concurrency, MAX_CALLERS);
    if (o->n_script_args && !o->script_args)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "script_args is NULL");
    const int rc = cuvee__script_open(path, o, &script, err);
    return rc < 0 ? rc : cuvee__model_wrap(script, ret_model, err);
}

int cuvee_model_open(const char *path, const cuvee_model_options *options, cuvee_model **ret_model,
                     cuvee_error *err)
{
    if (!path || !*path)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "path is %s", path ? "empty" : "NULL");
    if (!ret_model) return cuvee__fail(err, CUVEE_E_ARGUMENT, "ret_model is NULL");
    cuvee_model_options o;
    int rc = cuvee__options_read(&options_sizes, options, &o, err);
    if (rc == CUVEE_OK) rc = cuvee__enum_check("precision", o.precision, CUVEE_PRECISION_INT8, err);
    if (rc == CUVEE_OK) rc = cuvee__enum_check("flags", o.flags, CUVEE_MODEL_NO_CACHE, err);
    if (rc == CUVEE_OK)
        rc = cuvee__enum_check("python_host", o.python_host, CUVEE_PYTHON_METACALL, err);
    if (rc < 0) return rc;
    return cuvee__path_is_script(path) ? open_script(path, &o, ret_model, err)
                                       : cuvee__model_open_with(path, &o, ret_model, err);
}

void cuvee_model_close(cuvee_model *model)
{
    cuvee__model_release(model);
}

int cuvee_model_describe(const cuvee_model *model, cuvee_model_info *info, cuvee_error *err)
{
    if (!model) return cuvee__fail(err, CUVEE_E_ARGUMENT, "model is NULL");
    const int rc = cuvee__info_check(&info_sizes, info, err);
    if (rc < 0) return rc;
    cuvee_model_info filled = {.struct_size = sizeof filled};
    cuvee__model_describe(model, &filled);
    cuvee__info_write(&info_sizes, info, &filled);
    return CUVEE_OK;
}

int cuvee_model_sha256(const cuvee_model *model, char ret_hex[65], cuvee_error *err)
{
    if (!model) return cuvee__fail(err, CUVEE_E_ARGUMENT, "model is NULL");
    if (!ret_hex) return cuvee__fail(err, CUVEE_E_ARGUMENT, "ret_hex is NULL");
    return cuvee__model_sha256(model, ret_hex, err);
}

const char *cuvee_model_label(const cuvee_model *model, size_t i)
{
    return model && i < cuvee__model_n_labels(model) ? cuvee__model_label(model, i) : NULL;
}
