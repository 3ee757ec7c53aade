/* SPDX-License-Identifier: Apache-2.0
 *
 * DESIGN
 *   A thread of its own (owner.h) starts Python and stays Python's main thread until the process
 *   ends; it loads scripts. Nobody holds the GIL while idle. Python is never finalised
 *   (libpython.h), so this state is the process's: it is made once and never taken down. */
#include "python/embedded.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/file.h"
#include "os/program.h"
#include "python/owner.h"

static struct {
    struct owner owner; /* Python's main thread */
    char *executable;   /* of the Python that runs, once it does */
    struct libpython api;
    py_object *contract; /* its dict */
} the = {.owner = CUVEE__OWNER};

const struct libpython *cuvee__embedded_api(void)
{
    return &the.api;
}

py_object *cuvee__embedded_contract(const char *name)
{
    return the.api.PyDict_GetItemString(the.contract, name);
}

bool cuvee__embedded_call_contract(const char *name)
{
    const struct libpython *py = &the.api;
    py_object *function = cuvee__embedded_contract(name);
    py_object *result = function ? py->PyObject_CallObject(function, NULL) : NULL;
    py->PyErr_Clear();
    if (result) py->Py_DecRef(result);
    return result;
}

/* contract.py; and where Python is ours, part_streams(). */
static int load_contract(cuvee_error *err)
{
    const struct libpython *py = &the.api;
    const int Py_file_input = 257;
    py_object *builtins = py->PyImport_ImportModule("builtins");
    py_object *code = py->Py_CompileString(cuvee__python_contract, "<cuvee>", Py_file_input);
    the.contract = py->PyDict_New();
    int rc = CUVEE_E_IO;
    if (builtins && code && the.contract &&
        py->PyDict_SetItemString(the.contract, "__builtins__", builtins) == 0) {
        py_object *none = py->PyEval_EvalCode(code, the.contract, the.contract);
        if (none && (!py->is_ours || cuvee__embedded_call_contract("part_streams"))) rc = CUVEE_OK;
        if (none) py->Py_DecRef(none);
    }
    if (rc < 0) cuvee__fail(err, rc, "Python cannot run the script contract");
    py->PyErr_Clear();
    if (code) py->Py_DecRef(code);
    if (builtins) py->Py_DecRef(builtins);
    return rc;
}

struct starting {
    const struct interpreter *python;
    char *executable; /* a copy, taken when it is this Python that starts */
};

static int start_python(void *arg, cuvee_error *err)
{
    const struct starting *s = arg;
    the.executable = s->executable;
    int rc = cuvee__libpython_start(s->python, &the.api, err);
    if (rc < 0) return rc;
    const int gil = the.api.PyGILState_Ensure();
    rc = load_contract(err);
    the.api.PyGILState_Release(gil);
    return rc;
}

int cuvee__embedded_start(const struct interpreter *python, cuvee_error *err)
{
    struct starting s = {python, cuvee__strndup(python->executable, strlen(python->executable))};
    if (!s.executable) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for Python");
    const int rc = cuvee__owner_start(&the.owner, start_python, &s, err);
    if (the.executable != s.executable) cuvee__free(s.executable);
    if (rc == CUVEE_OK && !the.api.is_ours) return cuvee__libpython_is(&the.api, python, err);
    if (rc == CUVEE_OK && strcmp(the.executable, python->executable) != 0)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "this process runs %s already; another Python needs the process host",
                           the.executable);
    return rc;
}

struct main_job {
    void (*function)(void *arg);
    void *arg;
};

static void run_with_gil(void *arg)
{
    const struct main_job *job = arg;
    const int gil = the.api.PyGILState_Ensure();
    const long pid = cuvee__process_id();
    job->function(job->arg);
    cuvee__embedded_end_if_forked(pid);
    the.api.PyGILState_Release(gil);
}

void cuvee__embedded_run_on_main(void (*function)(void *arg), void *arg)
{
    struct main_job job = {function, arg};
    cuvee__owner_run(&the.owner, &(struct owner_job){.run = run_with_gil, .arg = &job});
}

/* ---- errors ---- */

/* Append a prefix and member i of a tuple of strings, if it is not empty. */
static int append_member(struct buffer *out, const char *prefix, py_object *tuple, py_ssize i,
                         const char *suffix)
{
    const struct libpython *py = &the.api;
    py_ssize len = 0;
    py_object *member = py->PyTuple_GetItem(tuple, i);
    const char *text = member ? py->PyUnicode_AsUTF8AndSize(member, &len) : NULL;
    if (!text) return CUVEE_E_NOMEM;
    if (len == 0) return CUVEE_OK;
    int rc = cuvee__buffer_append_str(out, prefix);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append(out, text, (size_t)len);
    return rc < 0 ? rc : cuvee__buffer_append_str(out, suffix);
}

/* What describe() of contract.py gave. */
static int append_told(struct buffer *out, enum error_detail detail, py_object *told)
{
    const int rc = append_member(out, "", told, 0, "");
    if (rc < 0) return rc;
    return detail == ERROR_PLACE ? append_member(out, " (", told, 1, ")")
                                 : append_member(out, "\n", told, 2, "");
}

int cuvee__embedded_take_error(enum error_detail detail, struct buffer *out)
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
    int rc = told ? append_told(out, detail, told) : CUVEE_OK;
    if (rc == CUVEE_OK && !told)
        rc = cuvee__buffer_append_str(out, "an exception, and Python has no memory to describe it");
    if (rc == CUVEE_OK && out->len == before)
        rc = cuvee__buffer_append_str(out, "an exception that cannot be described");
    if (rc < 0) out->len = before;
    py->PyErr_Clear();
    if (told) py->Py_DecRef(told);
    if (type) py->Py_DecRef(type);
    if (value) py->Py_DecRef(value);
    if (traceback) py->Py_DecRef(traceback);
    return rc;
}

/* ---- forks ---- */

void cuvee__embedded_end_if_forked(long pid)
{
    const struct libpython *py = &the.api;
    if (cuvee__process_id() == pid) return;
    py_object *type = NULL, *value = NULL, *traceback = NULL;
    py->PyErr_Fetch(&type, &value, &traceback);
    py->PyErr_NormalizeException(&type, &value, &traceback);
    if (value && traceback) py->PyException_SetTraceback(value, traceback);
    py_object *end = cuvee__embedded_contract("end_forked");
    if (end) py->PyObject_CallFunctionObjArgs(end, value ? value : py->none, (py_object *)NULL);
    cuvee__process_end(1); /* no memory for a proper end */
}
