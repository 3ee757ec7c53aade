/* SPDX-License-Identifier: Apache-2.0
 *
 * The embedded host: a script in the Python of this process.
 *
 * DESIGN
 *   A caller belongs to one thread, which keeps its Python thread state from call to call (making
 *   one costs 8 us) and holds the GIL during calls only. No Python object leaves that thread, and
 *   nobody else drops one.
 *   Most scripts return a list of dicts of a label and a float, so that shape is read here; every
 *   other one goes through contract.py, whose columns() has the last word on what is right.
 *   A deadline cannot stop C code, but Python code: deadline.c raises TimeoutError in it. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/mark.h"
#include "python/deadline.h"
#include "python/embedded.h"
#include "python/phases.h"

static const uint64_t close_ns = 5000000000;

/* A host's own lists are short; these are the same for all. */
struct embed_host {
    struct host base;
    const struct libpython *py;
    struct script_labels *labels;
    py_object *script; /* contract.py's Script */
    py_object *process_batch, *bring;
    py_object *key_label, *key_score;
    struct phases phases;
    struct deadline closing; /* of the script's close() */
};

struct embed_caller {
    struct embed_host *host;
    py_thread_state *state; /* while no call runs */
    int gil;
    long pid; /* of this process: a child that the script forks has another one */
    struct deadline deadline;
    /* The last label and its index: most rows repeat one of few. */
    char last_label[64];
    size_t last_len;
    uint32_t last_index;
    struct buffer message;
};

static void drop(const struct libpython *py, py_object *o)
{
    if (o) py->Py_DecRef(o);
}

/* ---- open ---- */

/* What open() gives to Python's main thread, and gets back. */
struct load_job {
    const struct host_setup *setup;
    struct script_facts *facts;
    struct embed_host *host;
    int rc;
    cuvee_error *err;
};

static py_object *string_of(const struct libpython *py, const char *s)
{
    return py->PyUnicode_DecodeUTF8(s, (py_ssize)strlen(s), "surrogateescape");
}

/* Script(path, args) */
static py_object *make_script(const struct libpython *py, const struct host_setup *setup)
{
    py_object *class = cuvee__embedded_contract("Script"), *script = NULL;
    py_object *path = string_of(py, setup->script);
    py_object *args = py->PyList_New((py_ssize)setup->n_args);
    bool ok = class && path && args;
    for (size_t i = 0; ok && i < setup->n_args; i++) {
        py_object *arg = string_of(py, setup->args[i]);
        ok = arg && py->PyList_SetItem(args, (py_ssize)i, arg) == 0;
    }
    if (ok)
        script = py->PyObject_CallFunctionObjArgs(class, path, args, (py_object *)NULL);
    drop(py, path);
    drop(py, args);
    return script;
}

static bool read_count(const struct libpython *py, py_object *script, const char *name, size_t *ret)
{
    py_object *value = py->PyObject_GetAttrString(script, name);
    const long n = value ? py->PyLong_AsLong(value) : -1;
    drop(py, value);
    if (n >= 0) *ret = (size_t)n;
    return n >= 0;
}

/* LABELS are the first of the table, in order. */
static int read_labels(const struct libpython *py, struct load_job *job, py_object *script)
{
    py_object *labels = py->PyObject_GetAttrString(script, "labels");
    const py_ssize n = labels && labels != py->none ? py->PyList_Size(labels) : 0;
    int rc = CUVEE_OK;
    for (py_ssize i = 0; i < n && rc == CUVEE_OK; i++) {
        py_ssize len = 0;
        uint32_t index;
        const char *name = py->PyUnicode_AsUTF8AndSize(py->PyList_GetItem(labels, i), &len);
        rc = !name ? CUVEE_E_NOMEM
                   : cuvee__script_labels_index(job->setup->labels,
                                                (struct span){name, (size_t)len}, &index);
    }
    job->facts->n_labels = n > 0 ? (size_t)n : 0;
    drop(py, labels);
    return rc;
}

static int read_info(const struct libpython *py, py_object *script, char **ret_info)
{
    py_object *method = py->PyObject_GetAttrString(script, "info");
    py_object *info = method ? py->PyObject_CallObject(method, NULL) : NULL;
    drop(py, method);
    if (!info) return CUVEE_E_SCRIPT;
    int rc = CUVEE_OK;
    if (info != py->none) {
        py_ssize len = 0;
        const char *text = py->PyUnicode_AsUTF8AndSize(info, &len);
        *ret_info = text ? cuvee__strndup(text, (size_t)len) : NULL;
        if (!*ret_info) rc = CUVEE_E_NOMEM;
    }
    drop(py, info);
    return rc;
}

static int read_facts(const struct libpython *py, struct load_job *job, py_object *script)
{
    struct script_facts *facts = job->facts;
    if (!read_count(py, script, "max_batch", &facts->max_batch) ||
        !read_count(py, script, "max_concurrency", &facts->max_concurrency))
        return CUVEE_E_SCRIPT;
    const int rc = read_info(py, script, &facts->info);
    return rc < 0 ? rc : read_labels(py, job, script);
}

static int load_script(struct load_job *job)
{
    struct embed_host *h = job->host;
    const struct libpython *py = h->py;
    h->script = make_script(py, job->setup);
    if (!h->script) return CUVEE_E_NOMEM; /* unless an exception is set */
    h->process_batch = py->PyObject_GetAttrString(h->script, "process_batch");
    h->bring = py->PyObject_GetAttrString(h->script, "bring");
    h->key_label = py->PyUnicode_InternFromString("label");
    h->key_score = py->PyUnicode_InternFromString("score");
    if (!h->process_batch || !h->bring || !h->key_label || !h->key_score) return CUVEE_E_SCRIPT;
    return read_facts(py, job, h->script);
}

/* The exception that is set, as an error. */
static int fail_with_exception(const char *what, cuvee_error *err)
{
    struct buffer message = {0};
    int rc = cuvee__embedded_take_error(ERROR_PLACE, &message);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_char(&message, '\0');
    rc = rc == CUVEE_OK ? cuvee__fail(err, CUVEE_E_SCRIPT, "%s: %s", what, message.ptr)
                        : cuvee__fail(err, CUVEE_E_NOMEM, "%s: %s", what, cuvee__lost_reason);
    cuvee__buffer_deinit(&message);
    return rc;
}

static void load_on_main(void *arg)
{
    struct load_job *job = arg;
    job->rc = load_script(job);
    if (job->host->py->PyErr_Occurred()) {
        job->rc = fail_with_exception(job->setup->script, job->err);
    } else if (job->rc < 0) {
        cuvee__fail(job->err, job->rc, "%s: %s", job->setup->script,
                    job->rc == CUVEE_E_LIMIT ? "too many LABELS" : "out of memory");
    }
}

static void drop_host(void *arg)
{
    struct embed_host *h = arg;
    const struct libpython *py = h->py;
    py_object *forget = h->script ? py->PyObject_GetAttrString(h->script, "forget") : NULL;
    drop(py, forget ? py->PyObject_CallObject(forget, NULL) : NULL);
    drop(py, forget);
    drop(py, h->process_batch);
    drop(py, h->bring);
    drop(py, h->key_label);
    drop(py, h->key_score);
    drop(py, h->script);
    py->PyErr_Clear();
    cuvee__embedded_call_contract("collect"); /* if not now, then Python does it some time */
}

static void free_host(struct embed_host *h)
{
    cuvee__phases_deinit(&h->phases);
    cuvee__free(h);
}

static int embed_open(const struct host_setup *setup, struct script_facts *ret_facts,
                      struct host **ret_host, cuvee_error *err)
{
    const char *why = cuvee__interpreter_no_embed(setup->python);
    if (why)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s cannot be embedded: %s",
                           setup->python->executable, why);
    int rc = cuvee__embedded_start(setup->python, err);
    if (rc < 0) return rc;
    cuvee__mark("runtime-ready");
    struct embed_host *h = cuvee__calloc(1, sizeof *h);
    if (!h) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a script");
    h->base.ops = &cuvee__host_embed;
    h->py = cuvee__embedded_api();
    h->labels = setup->labels;
    rc = cuvee__deadline_init(&h->closing, err);
    if (rc == CUVEE_OK) rc = cuvee__phases_init(&h->phases, err);
    if (rc < 0) {
        cuvee__free(h);
        return rc;
    }

    struct load_job job = {setup, ret_facts, h, CUVEE_OK, err};
    cuvee__embedded_run_on_main(load_on_main, &job);
    if (job.rc < 0) {
        cuvee__embedded_run_on_main(drop_host, h);
        cuvee__free(ret_facts->info);
        ret_facts->info = NULL;
        free_host(h);
        return job.rc;
    }
    cuvee__mark("script-imported");
    *ret_host = &h->base;
    return CUVEE_OK;
}

static void end_script(void *arg)
{
    struct embed_host *h = arg;
    const struct libpython *py = h->py;
    cuvee__deadline_set_thread(&h->closing);
    cuvee__deadline_begin(&h->closing, cuvee__clock_ns() + close_ns);
    py_object *method = py->PyObject_GetAttrString(h->script, "close");
    drop(py, method ? py->PyObject_CallObject(method, NULL) : NULL);
    drop(py, method);
    cuvee__deadline_end(&h->closing);
    py->PyErr_Clear(); /* nobody is left to hear of it */
}

static void embed_close(struct host *host)
{
    struct embed_host *h = (struct embed_host *)host;
    cuvee__embedded_run_on_main(end_script, h);
    cuvee__embedded_run_on_main(drop_host, h);
    free_host(h);
}

/* ---- callers ---- */

static int warm_up(void *caller, cuvee_error *err)
{
    struct embed_caller *c = caller;
    const struct libpython *py = c->host->py;
    int rc = CUVEE_OK;
    py->PyEval_RestoreThread(c->state);
    py_object *method = py->PyObject_GetAttrString(c->host->script, "warmup");
    py_object *none = method ? py->PyObject_CallObject(method, NULL) : NULL;
    drop(py, method);
    drop(py, none);
    cuvee__embedded_end_if_forked(c->pid);
    if (!none) rc = fail_with_exception("warmup()", err);
    c->state = py->PyEval_SaveThread();
    return rc;
}

static void embed_close_caller(void *caller)
{
    struct embed_caller *c = caller;
    const struct libpython *py = c->host->py;
    py->PyEval_RestoreThread(c->state);
    py->PyGILState_Release(c->gil);
    cuvee__buffer_deinit(&c->message);
    cuvee__free(c);
}

static int embed_open_caller(struct host *host, void **ret_caller, cuvee_error *err)
{
    struct embed_host *h = (struct embed_host *)host;
    struct embed_caller *c = cuvee__calloc(1, sizeof *c);
    if (!c) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a caller of Python");
    c->host = h;
    c->pid = cuvee__process_id();
    c->message.cap_bytes = 1 << 20;
    c->last_len = SIZE_MAX;
    int rc = cuvee__deadline_init(&c->deadline, err);
    if (rc < 0) {
        cuvee__free(c);
        return rc;
    }
    c->gil = h->py->PyGILState_Ensure();
    cuvee__deadline_set_thread(&c->deadline);
    c->deadline.owner = h;
    c->state = h->py->PyEval_SaveThread();
    rc = cuvee__phases_warm_up(&h->phases, warm_up, c, err);
    if (rc < 0)
        embed_close_caller(c);
    else
        *ret_caller = c;
    return rc;
}

/* ---- results ---- */

static bool has_type(const struct libpython *py, py_object *o, const py_object *type)
{
    py_object *its = py->PyObject_Type(o);
    py->Py_DecRef(its);
    return its == type;
}

static int label_index(struct embed_caller *c, struct span name, uint32_t *ret)
{
    if (name.len == c->last_len && memcmp(name.ptr, c->last_label, name.len) == 0) {
        *ret = c->last_index;
        return CUVEE_OK;
    }
    const int rc = cuvee__script_labels_index(c->host->labels, name, ret);
    if (rc == CUVEE_OK && name.len <= sizeof c->last_label) {
        memcpy(c->last_label, name.ptr, name.len);
        c->last_len = name.len;
        c->last_index = *ret;
    }
    return rc;
}

/* False, and no exception is set: there is no memory for it. */
static bool text_of(const struct libpython *py, py_object *str, struct span *ret)
{
    py_ssize len = 0;
    const char *text = py->PyUnicode_AsUTF8AndSize(str, &len);
    if (text)
        *ret = (struct span){text, (size_t)len};
    else
        py->PyErr_Clear();
    return text;
}

/* A str as a label's index. */
static int index_of(struct embed_caller *c, py_object *label, uint32_t *ret)
{
    struct span name;
    return text_of(c->host->py, label, &name) ? label_index(c, name, ret) : CUVEE_E_NOMEM;
}

static void fail_row(struct external_rows *rows, size_t i, int rc)
{
    if (rc == CUVEE_E_LIMIT)
        cuvee__external_rows_fail(rows, i, CUVEE_E_SCRIPT,
                                  span_of("the script has used more than 65535 labels"));
    else
        cuvee__external_rows_fail(rows, i, rc, span_of("out of memory"));
}

static void put_label(struct embed_caller *c, struct external_rows *rows, size_t i,
                      py_object *label)
{
    const int rc = index_of(c, label, &rows->labels[i]);
    if (rc < 0) fail_row(rows, i, rc);
}

/* {"label": str, "score": float} and nothing else, all well. False: contract.py shall look. */
static bool read_plain_row(struct embed_caller *c, py_object *result, struct external_rows *rows,
                           size_t i)
{
    const struct libpython *py = c->host->py;
    if (!has_type(py, result, py->dict_type) || py->PyDict_Size(result) != 2) return false;
    py_object *label = py->PyDict_GetItemWithError(result, c->host->key_label);
    py_object *score = py->PyDict_GetItemWithError(result, c->host->key_score);
    if (!label || !score || !has_type(py, label, py->str_type) ||
        !has_type(py, score, py->float_type))
        return false;
    rows->scores[i] = py->PyFloat_AsDouble(score);
    py_ssize len = 0;
    const char *name = py->PyUnicode_AsUTF8AndSize(label, &len);
    if (!isfinite(rows->scores[i]) || !name || len > 256 || memchr(name, 0, (size_t)len))
        return false;
    put_label(c, rows, i, label);
    return true;
}

static bool read_plain(struct embed_caller *c, py_object *results, struct external_rows *rows)
{
    const struct libpython *py = c->host->py;
    if (!has_type(py, results, py->list_type) || py->PyList_Size(results) != (py_ssize)rows->n)
        return false;
    for (size_t i = 0; i < rows->n; i++)
        if (!read_plain_row(c, py->PyList_GetItem(results, (py_ssize)i), rows, i)) {
            py->PyErr_Clear();
            return false;
        }
    return true;
}

/* Member i of a list that may be None as a whole; NULL for None. Borrowed. */
static py_object *optional(const struct libpython *py, py_object *list, size_t i)
{
    py_object *o = list == py->none ? py->none : py->PyList_GetItem(list, (py_ssize)i);
    return o == py->none ? NULL : o;
}

/* [(label, score), ...] */
static int put_all_scores(struct embed_caller *c, struct external_rows *rows, size_t i,
                          py_object *pairs)
{
    const struct libpython *py = c->host->py;
    for (py_ssize k = 0, n = py->PyList_Size(pairs); k < n; k++) {
        py_object *pair = py->PyList_GetItem(pairs, k);
        uint32_t label;
        int rc = index_of(c, py->PyTuple_GetItem(pair, 0), &label);
        if (rc == CUVEE_OK)
            rc = cuvee__external_rows_add_score(rows, i, label,
                                                py->PyFloat_AsDouble(py->PyTuple_GetItem(pair, 1)));
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

/* What columns() of contract.py gave. */
static void put_columns(struct embed_caller *c, py_object *columns, struct external_rows *rows)
{
    const struct libpython *py = c->host->py;
    py_object *part[5];
    for (int k = 0; k < 5; k++) part[k] = py->PyTuple_GetItem(columns, k);
    for (size_t i = 0; i < rows->n; i++) {
        py_object *error = optional(py, part[4], i), *extra = optional(py, part[2], i);
        py_object *all = optional(py, part[3], i);
        struct span text = span_of(cuvee__lost_reason);
        if (error) {
            text_of(py, error, &text);
            cuvee__external_rows_fail(rows, i, CUVEE_E_SCRIPT, text);
            continue;
        }
        int rc = index_of(c, py->PyList_GetItem(part[0], (py_ssize)i), &rows->labels[i]);
        rows->scores[i] = py->PyFloat_AsDouble(py->PyList_GetItem(part[1], (py_ssize)i));
        if (rc == CUVEE_OK && all) rc = put_all_scores(c, rows, i, all);
        if (rc == CUVEE_OK && extra && !text_of(py, extra, &text)) rc = CUVEE_E_NOMEM;
        if (rc < 0)
            fail_row(rows, i, rc);
        else if (extra)
            cuvee__external_rows_extra(rows, i, text);
    }
}

/* Any shape that contract.py knows. False: an exception is set. */
static bool read_columns(struct embed_caller *c, py_object *results, struct external_rows *rows)
{
    const struct libpython *py = c->host->py;
    const size_t n = rows->n;
    /* What was read of plain rows is read again. */
    if (cuvee__external_rows_begin(rows, n) < 0) return true; /* rows->n is 0: that says it */
    py_object *count = py->PyLong_FromSsize_t((py_ssize)n);
    py_object *columns =
        count ? py->PyObject_CallFunctionObjArgs(c->host->bring, results, count, (py_object *)NULL)
              : NULL;
    if (columns) put_columns(c, columns, rows);
    drop(py, columns);
    drop(py, count);
    return columns;
}

/* ---- call ---- */

static py_object *list_of(const struct libpython *py, const cuvee_text *texts, size_t n)
{
    py_object *list = py->PyList_New((py_ssize)n);
    for (size_t i = 0; list && i < n; i++) {
        const char *bytes = texts[i].ptr ? texts[i].ptr : "";
        py_object *text = py->PyUnicode_DecodeUTF8(bytes, (py_ssize)texts[i].len, "replace");
        if (!text || py->PyList_SetItem(list, (py_ssize)i, text) < 0) {
            py->Py_DecRef(list);
            list = NULL;
        }
    }
    return list;
}

/* False: an exception is set. */
static bool run(struct embed_caller *c, const cuvee_text *texts, size_t n,
                struct external_rows *rows)
{
    const struct libpython *py = c->host->py;
    py_object *list = list_of(py, texts, n);
    py_object *results =
        list ? py->PyObject_CallFunctionObjArgs(c->host->process_batch, list, (py_object *)NULL)
             : NULL;
    const bool ok = results && (read_plain(c, results, rows) || read_columns(c, results, rows));
    cuvee__embedded_end_if_forked(c->pid);
    drop(py, results);
    drop(py, list);
    return ok;
}

static void put_exception(struct embed_caller *c, struct external_rows *rows, int status)
{
    c->message.len = 0;
    const bool is_told = cuvee__embedded_take_error(ERROR_TRACEBACK, &c->message) == CUVEE_OK;
    cuvee__external_rows_fail_range(
        rows, 0, rows->n, status, is_told ? buffer_span(&c->message) : span_of(cuvee__lost_reason));
}

static void embed_call(void *caller, const cuvee_text *texts, size_t n, uint64_t timeout_ns,
                       struct external_rows *rows)
{
    struct embed_caller *c = caller;
    const struct libpython *py = c->host->py;
    if (cuvee__external_rows_begin(rows, n) < 0) return;
    py->PyEval_RestoreThread(c->state);
    cuvee__deadline_begin(&c->deadline, timeout_ns ? cuvee__clock_ns() + timeout_ns : 0);
    const bool ok = run(c, texts, n, rows);
    const bool was_late = cuvee__deadline_end(&c->deadline);
    /* A script that swallows the TimeoutError and gives rubbish was late all the same. */
    if (!ok)
        put_exception(c, rows,
                      c->deadline.was_interrupted ? CUVEE_E_CANCELLED
                      : was_late                  ? CUVEE_E_TIMEOUT
                                                  : CUVEE_E_SCRIPT);
    py->PyErr_Clear();
    c->state = py->PyEval_SaveThread();
    cuvee__phases_answered(&c->host->phases);
}

static void embed_interrupt(struct host *host)
{
    cuvee__deadline_interrupt(host);
}

const struct host_ops cuvee__host_embed = {
    .name = "embed",
    .open = embed_open,
    .close = embed_close,
    .open_caller = embed_open_caller,
    .call = embed_call,
    .close_caller = embed_close_caller,
    .interrupt = embed_interrupt,
};
