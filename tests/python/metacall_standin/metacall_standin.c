/* SPDX-License-Identifier: Apache-2.0
 *
 * Stands in for libmetacall in tests: the functions of its C API that the MetaCall host uses, in
 * front of a real Python. Where MetaCall would misbehave this aborts: a call from a second thread,
 * a value used after its destruction, anything but bytes as an argument or a result, since
 * MetaCall would cut it, crash on it or leak it. Exceptions become throwables, as there. */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "python/interpreter.h"
#include "python/libpython.h"

#define EXPORT __attribute__((visibility("default")))

enum { ID_BUFFER = 8, ID_THROWABLE = 18 };

struct value {
    unsigned magic;
    int id;
    size_t size;
    char bytes[];
};

static const unsigned magic = 0x6d657461;
static struct libpython py;
static py_object *(*bytes_of)(const char *, py_ssize);
static int (*as_bytes)(py_object *, char **, py_ssize *);
static pthread_t only_thread;
static size_t n_live;

static void require(int ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "metacall stand-in: %s\n", what);
    abort();
}

static void require_thread(void)
{
    require(pthread_equal(only_thread, pthread_self()), "called from a second thread");
}

static struct value *checked(void *v)
{
    struct value *value = v;
    require_thread();
    require(value && value->magic == magic, "this is no value");
    return value;
}

/* ---- what only tests call ---- */

EXPORT size_t metacall_standin_live_values(void);
EXPORT size_t metacall_standin_live_values(void)
{
    return n_live;
}

/* ---- values ---- */

static struct value *new_value(int id, const void *bytes, size_t size)
{
    struct value *v = malloc(sizeof *v + size + 1);
    require(v != NULL, "out of memory");
    *v = (struct value){.magic = magic, .id = id, .size = size};
    memcpy(v->bytes, bytes, size);
    n_live++;
    return v;
}

EXPORT void *metacall_value_create_buffer(const void *bytes, size_t size);
EXPORT void *metacall_value_create_buffer(const void *bytes, size_t size)
{
    require_thread();
    return new_value(ID_BUFFER, bytes, size);
}

EXPORT int metacall_value_id(void *v);
EXPORT int metacall_value_id(void *v)
{
    return checked(v)->id;
}

EXPORT size_t metacall_value_size(void *v);
EXPORT size_t metacall_value_size(void *v)
{
    return checked(v)->size;
}

EXPORT void *metacall_value_to_buffer(void *v);
EXPORT void *metacall_value_to_buffer(void *v)
{
    require(checked(v)->id == ID_BUFFER, "to_buffer() of another type");
    return checked(v)->bytes;
}

EXPORT void metacall_value_destroy(void *v);
EXPORT void metacall_value_destroy(void *v)
{
    checked(v)->magic = 0;
    n_live--;
    free(v);
}

/* ---- Python ---- */

static void find(void *field, const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    require(symbol != NULL, name);
    memcpy(field, &symbol, sizeof symbol);
}

EXPORT void metacall_log_null(void);
EXPORT void metacall_log_null(void)
{
}

EXPORT int metacall_initialize(void);
EXPORT int metacall_initialize(void)
{
    struct interpreter python;
    cuvee_error err = {0};
    only_thread = pthread_self();
    int rc = cuvee__interpreter_find(getenv("CUVEE_TEST_PYTHON"), &python, &err);
    if (rc == CUVEE_OK && cuvee__interpreter_no_embed(&python)) rc = CUVEE_E_UNSUPPORTED;
    if (rc == CUVEE_OK) rc = cuvee__libpython_start(&python, &py, &err);
    if (rc < 0) {
        fprintf(stderr, "metacall stand-in: no Python that can be embedded: %s\n", err.msg);
        return 1;
    }
    find(&bytes_of, "PyBytes_FromStringAndSize");
    find(&as_bytes, "PyBytes_AsStringAndSize");
    return 0;
}

/* As there, size counts the NUL at the end. */
EXPORT int metacall_load_from_memory(const char *tag, const char *text, size_t size,
                                     void **ret_handle);
EXPORT int metacall_load_from_memory(const char *tag, const char *text, size_t size,
                                     void **ret_handle)
{
    require_thread();
    require(strcmp(tag, "py") == 0 && size > 0 && !text[size - 1], "bad text to load");
    const int gil = py.PyGILState_Ensure();
    py_object *space = py.PyDict_New();
    py_object *builtins = py.PyImport_ImportModule("builtins");
    py.PyDict_SetItemString(space, "__builtins__", builtins);
    py_object *code = py.Py_CompileString(text, "memory", 257);
    py_object *none = code ? py.PyEval_EvalCode(code, space, space) : NULL;
    py.PyErr_Clear();
    py.PyGILState_Release(gil);
    *ret_handle = space;
    return none ? 0 : 1;
}

EXPORT void *metacall_handle_function(void *handle, const char *name);
EXPORT void *metacall_handle_function(void *handle, const char *name)
{
    require_thread();
    const int gil = py.PyGILState_Ensure();
    py_object *function = py.PyDict_GetItemString(handle, name);
    py.PyGILState_Release(gil);
    return function;
}

static struct value *take_result(py_object *result)
{
    char *bytes = NULL;
    py_ssize size = 0;
    if (!result) {
        py.PyErr_Clear();
        return new_value(ID_THROWABLE, "", 0);
    }
    require(as_bytes(result, &bytes, &size) == 0, "the result is not bytes");
    struct value *v = new_value(ID_BUFFER, bytes, (size_t)size);
    py.Py_DecRef(result);
    return v;
}

EXPORT void *metacallfv_s(void *function, void *arguments[], size_t n);
EXPORT void *metacallfv_s(void *function, void *arguments[], size_t n)
{
    require(n == 1 && checked(arguments[0])->id == ID_BUFFER, "the argument is not one buffer");
    const struct value *v = arguments[0];
    const int gil = py.PyGILState_Ensure();
    py_object *bytes = bytes_of(v->bytes, (py_ssize)v->size);
    struct value *result =
        take_result(py.PyObject_CallFunctionObjArgs(function, bytes, (py_object *)NULL));
    py.Py_DecRef(bytes);
    py.PyGILState_Release(gil);
    return result;
}
