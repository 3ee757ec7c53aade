/* SPDX-License-Identifier: Apache-2.0
 *
 * Which host: the one that was asked for, else embed, where one copy of the model serves all
 * callers of this process, else process. MetaCall runs only what asks for it. */
#include "python/script.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/sha256.h"
#include "os/cpu.h"
#include "os/file.h"
#include "python/host.h"

enum { DEFAULT_MAX_BATCH = 32, MAX_SCRIPT_BYTES = 64 << 20 };

struct script {
    struct external_model base;
    char *path;
    char **args; /* (n_args), copies */
    size_t n_args;
    struct interpreter python;
    struct script_labels labels;
    struct script_facts facts;
    struct host *host;
    char sha256[65]; /* of the script's own text */
};

static const struct external_ops script_ops;

/* ---- open ---- */

static int copy_strings(struct script *s, const char *path, const cuvee_model_options *o,
                        cuvee_error *err)
{
    bool ok = (s->path = cuvee__strndup(path, strlen(path))) != NULL;
    s->args = cuvee__calloc(o->n_script_args + 1, sizeof *s->args);
    ok = ok && s->args;
    while (ok && s->n_args < o->n_script_args) {
        const char *arg = o->script_args[s->n_args];
        ok = (s->args[s->n_args] = cuvee__strndup(arg, strlen(arg))) != NULL;
        s->n_args += ok;
    }
    return ok ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
}

/* Also tells early, and without Python, that there is no such file. */
static int hash_script(struct script *s, cuvee_error *err)
{
    struct buffer text = {.cap_bytes = MAX_SCRIPT_BYTES};
    const int rc = cuvee__file_read(s->path, &text, err);
    if (rc == CUVEE_OK) {
        struct sha256 hash;
        cuvee__sha256_init(&hash);
        cuvee__sha256_update(&hash, text.ptr, text.len);
        cuvee__sha256_final_hex(&hash, s->sha256);
    }
    cuvee__buffer_deinit(&text);
    return rc;
}

static size_t threads_each(size_t n_callers)
{
    return cuvee__max(1, cuvee__cpu_default_workers() / cuvee__max(1, n_callers));
}

static const struct host_ops *auto_host(const struct interpreter *python, const char **ret_why)
{
    const char *no_embed = cuvee__interpreter_no_embed(python);
    *ret_why = no_embed ? no_embed : "one copy of the model serves all callers";
    return no_embed ? &cuvee__host_process : &cuvee__host_embed;
}

const char *cuvee__script_auto_host(const struct interpreter *python, const char **ret_why)
{
    return auto_host(python, ret_why)->name;
}

static int open_host(struct script *s, const cuvee_model_options *o, cuvee_error *err)
{
    const struct host_setup setup = {
        .script = s->path,
        .args = (const char *const *)s->args,
        .n_args = s->n_args,
        .python = &s->python,
        .labels = &s->labels,
        .threads_each = threads_each(o->concurrency),
        .recycle_calls = o->recycle_calls,
        .recycle_bytes = o->recycle_bytes,
    };
    const struct host_ops *hosts[] = {
        [CUVEE_PYTHON_EMBED] = &cuvee__host_embed,
        [CUVEE_PYTHON_PROCESS] = &cuvee__host_process,
        [CUVEE_PYTHON_METACALL] = &cuvee__host_metacall,
    };
    if (o->python_host != CUVEE_PYTHON_AUTO)
        return hosts[o->python_host]->open(&setup, &s->facts, &s->host, err);
    const char *why;
    if (auto_host(&s->python, &why) == &cuvee__host_embed) {
        const int rc = cuvee__host_embed.open(&setup, &s->facts, &s->host, err);
        if (rc != CUVEE_E_UNSUPPORTED) return rc;
    }
    return cuvee__host_process.open(&setup, &s->facts, &s->host, err);
}

static void script_close(struct external_model *m)
{
    struct script *s = (struct script *)m;
    if (s->host) s->host->ops->close(s->host);
    cuvee__script_labels_deinit(&s->labels);
    cuvee__interpreter_deinit(&s->python);
    cuvee__free(s->facts.info);
    for (size_t i = 0; s->args && i < s->n_args; i++) cuvee__free(s->args[i]);
    cuvee__free(s->args);
    cuvee__free(s->path);
    cuvee__free(s);
}

int cuvee__script_open(const char *path, const cuvee_model_options *options,
                       struct external_model **ret_model, cuvee_error *err)
{
    struct script *s = cuvee__calloc(1, sizeof *s);
    if (!s) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
    s->base.ops = &script_ops;
    int rc = copy_strings(s, path, options, err);
    if (rc == CUVEE_OK) rc = hash_script(s, err);
    if (rc == CUVEE_OK) rc = cuvee__script_labels_init(&s->labels, err);
    if (rc == CUVEE_OK) rc = cuvee__interpreter_find(options->python, &s->python, err);
    if (rc == CUVEE_OK) rc = open_host(s, options, err);
    if (rc < 0) {
        script_close(&s->base);
        return rc;
    }
    const struct script_facts *f = &s->facts;
    s->base.max_batch = options->max_batch ? options->max_batch
                        : f->max_batch     ? f->max_batch
                                           : DEFAULT_MAX_BATCH;
    s->base.max_callers =
        options->concurrency ? options->concurrency : cuvee__max(1, f->max_concurrency);
    const size_t limit = s->host->ops->max_callers;
    if (limit) s->base.max_callers = cuvee__min(s->base.max_callers, limit);
    *ret_model = &s->base;
    return CUVEE_OK;
}

/* ---- the interface ---- */

static size_t script_n_labels(const struct external_model *m)
{
    const struct script *s = (const struct script *)m;
    return atomic_load_explicit(&s->labels.n, memory_order_acquire);
}

static const char *script_label(const struct external_model *m, size_t i)
{
    return cuvee__script_labels_name(&((const struct script *)m)->labels, (uint32_t)i);
}

static void script_describe(const struct external_model *m, cuvee_model_info *info)
{
    const struct script *s = (const struct script *)m;
    info->path = s->path;
    info->script_host = s->host->ops->name;
    info->script_info = s->facts.info;
    info->python = s->python.executable;
    info->python_version = s->python.version;
    info->source_sha256 = s->sha256;
    info->max_batch = (uint32_t)m->max_batch;
    info->max_concurrency = (uint32_t)m->max_callers;
}

static int script_open_caller(struct external_model *m, void **ret_caller, cuvee_error *err)
{
    struct host *host = ((struct script *)m)->host;
    return host->ops->open_caller(host, ret_caller, err);
}

static void script_call(struct external_model *m, void *caller, const cuvee_text *texts, size_t n,
                        uint64_t timeout_ns, struct external_rows *rows)
{
    ((struct script *)m)->host->ops->call(caller, texts, n, timeout_ns, rows);
}

static void script_close_caller(struct external_model *m, void *caller)
{
    ((struct script *)m)->host->ops->close_caller(caller);
}

static void script_interrupt(struct external_model *m)
{
    struct host *host = ((struct script *)m)->host;
    host->ops->interrupt(host);
}

static const struct external_ops script_ops = {
    .close = script_close,
    .n_labels = script_n_labels,
    .label = script_label,
    .describe = script_describe,
    .open_caller = script_open_caller,
    .call = script_call,
    .close_caller = script_close_caller,
    .interrupt = script_interrupt,
};
