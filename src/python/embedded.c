/* SPDX-License-Identifier: Apache-2.0
 *
 * DESIGN
 *   A thread of its own starts Python and stays Python's main thread until the process ends; it
 *   loads scripts. Nobody holds the GIL while idle. Python is never finalised (libpython.h), so
 *   this state is the process's: it is made once, under a lock, and never taken down. */
#include "python/embedded.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/thread.h"

static struct {
    pthread_mutex_t start; /* one thread starts Python, others wait for it */
    struct mutex mu;       /* guards what follows */
    struct cond changed;
    bool has_sync; /* mu and changed are made */
    enum { NOT_STARTED, STARTING, STARTED, FAILED } state;
    cuvee_error failure;
    const struct interpreter *python; /* while starting */
    char *executable;

    /* One job for the main thread at a time. */
    void (*job)(void *arg);
    void *job_arg;
    bool job_is_done;

    struct libpython api;
    py_object *contract; /* its dict */
} the = {.start = PTHREAD_MUTEX_INITIALIZER};

const struct libpython *cuvee__embedded_api(void)
{
    return &the.api;
}

py_object *cuvee__embedded_contract(const char *name)
{
    return the.api.PyDict_GetItemString(the.contract, name);
}

/* contract.py; and print() must not land in the data on our standard output. */
static int load_contract(cuvee_error *err)
{
    const struct libpython *py = &the.api;
    const int Py_file_input = 257;
    py_object *sys = py->PyImport_ImportModule("sys");
    py_object *their_stderr = sys ? py->PyObject_GetAttrString(sys, "stderr") : NULL;
    if (their_stderr) py->PyObject_SetAttrString(sys, "stdout", their_stderr);
    py_object *builtins = py->PyImport_ImportModule("builtins");
    py_object *code = py->Py_CompileString(cuvee__python_contract, "<cuvee>", Py_file_input);
    the.contract = py->PyDict_New();
    int rc = CUVEE_E_IO;
    if (builtins && code && the.contract &&
        py->PyDict_SetItemString(the.contract, "__builtins__", builtins) == 0) {
        py_object *none = py->PyEval_EvalCode(code, the.contract, the.contract);
        if (none) {
            py->Py_DecRef(none);
            rc = CUVEE_OK;
        }
    }
    if (rc < 0) cuvee__fail(err, rc, "Python cannot run the script contract");
    py->PyErr_Clear();
    if (code) py->Py_DecRef(code);
    if (builtins) py->Py_DecRef(builtins);
    if (their_stderr) py->Py_DecRef(their_stderr);
    if (sys) py->Py_DecRef(sys);
    return rc;
}

static int start_python(cuvee_error *err)
{
    int rc = cuvee__libpython_start(the.python, &the.api, err);
    if (rc < 0) return rc;
    const int gil = the.api.PyGILState_Ensure();
    rc = load_contract(err);
    the.api.PyGILState_Release(gil);
    return rc;
}

/* Never ends. */
static void *main_thread(void *arg)
{
    (void)arg;
    cuvee_error err = {0};
    const int rc = start_python(&err);
    cuvee__mutex_lock(&the.mu);
    the.failure = err;
    the.state = rc == CUVEE_OK ? STARTED : FAILED;
    cuvee__cond_broadcast(&the.changed);
    for (;;) {
        while (!the.job) cuvee__cond_wait(&the.changed, &the.mu);
        void (*job)(void *) = the.job;
        cuvee__mutex_unlock(&the.mu);
        const int gil = the.api.PyGILState_Ensure();
        job(the.job_arg);
        the.api.PyGILState_Release(gil);
        cuvee__mutex_lock(&the.mu);
        the.job = NULL;
        the.job_is_done = true;
        cuvee__cond_broadcast(&the.changed);
    }
    return NULL;
}

void cuvee__embedded_run_on_main(void (*function)(void *arg), void *arg)
{
    pthread_mutex_lock(&the.start); /* one job at a time */
    cuvee__mutex_lock(&the.mu);
    the.job_arg = arg;
    the.job_is_done = false;
    the.job = function;
    cuvee__cond_broadcast(&the.changed);
    while (!the.job_is_done) cuvee__cond_wait(&the.changed, &the.mu);
    cuvee__mutex_unlock(&the.mu);
    pthread_mutex_unlock(&the.start);
}

static int make_sync(cuvee_error *err)
{
    if (the.has_sync) return CUVEE_OK;
    int rc = cuvee__mutex_init(&the.mu, err);
    if (rc < 0) return rc;
    rc = cuvee__cond_init(&the.changed, err);
    if (rc < 0) cuvee__mutex_deinit(&the.mu);
    the.has_sync = rc == CUVEE_OK;
    return rc;
}

static int start_locked(const struct interpreter *python, cuvee_error *err)
{
    struct thread thread;
    int rc = make_sync(err);
    if (rc < 0) return rc;
    the.executable = cuvee__strndup(python->executable, strlen(python->executable));
    if (!the.executable) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for Python");
    the.python = python;
    the.state = STARTING;
    rc = cuvee__thread_start(&thread, "cuvee-python", main_thread, NULL, err);
    if (rc < 0) {
        the.state = NOT_STARTED;
        cuvee__free(the.executable);
        return rc;
    }
    pthread_detach(thread.handle);
    cuvee__mutex_lock(&the.mu);
    while (the.state == STARTING) cuvee__cond_wait(&the.changed, &the.mu);
    cuvee__mutex_unlock(&the.mu);
    return CUVEE_OK;
}

int cuvee__embedded_start(const struct interpreter *python, cuvee_error *err)
{
    int rc = CUVEE_OK;
    pthread_mutex_lock(&the.start);
    if (the.state == NOT_STARTED) rc = start_locked(python, err);
    if (rc == CUVEE_OK && the.state == FAILED) {
        if (err) *err = the.failure;
        rc = the.failure.code;
    } else if (rc == CUVEE_OK && strcmp(the.executable, python->executable) != 0) {
        rc = cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                         "this process runs %s already; another Python needs the process host",
                         the.executable);
    }
    pthread_mutex_unlock(&the.start);
    return rc;
}

/* ---- errors ---- */

/* Append a prefix and member i of a tuple of strings, if it is not empty. */
static void append_member(struct buffer *out, const char *prefix, py_object *tuple, py_ssize i,
                          const char *suffix)
{
    const struct libpython *py = &the.api;
    py_ssize len = 0;
    py_object *member = py->PyTuple_GetItem(tuple, i);
    const char *text = member ? py->PyUnicode_AsUTF8AndSize(member, &len) : NULL;
    if (!text || len <= 0) return;
    cuvee__buffer_append_str(out, prefix);
    cuvee__buffer_append(out, text, (size_t)len);
    cuvee__buffer_append_str(out, suffix);
}

void cuvee__embedded_take_error(enum error_detail detail, struct buffer *out)
{
    const struct libpython *py = &the.api;
    py_object *type = NULL, *value = NULL, *traceback = NULL;
    py->PyErr_Fetch(&type, &value, &traceback);
    py->PyErr_NormalizeException(&type, &value, &traceback);
    if (value && traceback) py->PyException_SetTraceback(value, traceback);
    py_object *describe = cuvee__embedded_contract("describe");
    py_object *told = value && describe
                          ? py->PyObject_CallFunctionObjArgs(describe, value, (py_object *)NULL)
                          : NULL;
    const size_t before = out->len;
    if (told) {
        append_member(out, "", told, 0, "");
        if (detail == ERROR_PLACE)
            append_member(out, " (", told, 1, ")");
        else
            append_member(out, "\n", told, 2, "");
        py->Py_DecRef(told);
    }
    if (out->len == before) cuvee__buffer_append_str(out, "an exception that cannot be described");
    py->PyErr_Clear();
    if (type) py->Py_DecRef(type);
    if (value) py->Py_DecRef(value);
    if (traceback) py->Py_DecRef(traceback);
}
