/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of CPython's C API that the embedded host uses, looked up in a libpython at run time: no
 * header of Python is read, so one binary serves 3.9 and all later ones. Everything here is in the
 * stable ABI of 3.9 or exported by all versions; objects are opaque.
 *
 * The embedded interpreter is one per process and is never finalised: numpy and torch cannot be
 * started twice. */
#ifndef CUVEE_PYTHON_LIBPYTHON_H
#define CUVEE_PYTHON_LIBPYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

#include "cuvee/cuvee.h"
#include "python/interpreter.h"

typedef struct py_object py_object;
typedef struct py_thread_state py_thread_state;
typedef struct py_init_config py_init_config;

/* X(result, name, arguments): what every version has. "ssize" is Py_ssize_t. */
typedef ptrdiff_t py_ssize;
#define CUVEE__LIBPYTHON_FUNCTIONS(X)                                                              \
    X(void, Py_IncRef, (py_object *))                                                              \
    X(void, Py_DecRef, (py_object *))                                                              \
    X(py_thread_state *, PyEval_SaveThread, (void))                                                \
    X(void, PyEval_RestoreThread, (py_thread_state *))                                             \
    X(int, PyGILState_Ensure, (void))                                                              \
    X(void, PyGILState_Release, (int))                                                             \
    X(int, PyThreadState_SetAsyncExc, (unsigned long, py_object *))                                \
    X(py_object *, Py_CompileString, (const char *, const char *, int))                            \
    X(py_object *, PyEval_EvalCode, (py_object *, py_object *, py_object *))                       \
    X(py_object *, PyImport_ImportModule, (const char *))                                          \
    X(py_object *, PyObject_GetAttrString, (py_object *, const char *))                            \
    X(py_object *, PyObject_CallObject, (py_object *, py_object *))                                \
    X(py_object *, PyObject_CallFunctionObjArgs, (py_object *, ...))                               \
    X(py_object *, PyObject_Type, (py_object *))                                                   \
    X(py_object *, PyDict_New, (void))                                                             \
    X(py_ssize, PyDict_Size, (py_object *))                                                        \
    X(py_object *, PyDict_GetItemWithError, (py_object *, py_object *))                            \
    X(py_object *, PyDict_GetItemString, (py_object *, const char *))                              \
    X(int, PyDict_SetItemString, (py_object *, const char *, py_object *))                         \
    X(py_object *, PyList_New, (py_ssize))                                                         \
    X(py_ssize, PyList_Size, (py_object *))                                                        \
    X(py_object *, PyList_GetItem, (py_object *, py_ssize))                                        \
    X(int, PyList_SetItem, (py_object *, py_ssize, py_object *))                                   \
    X(py_object *, PyTuple_GetItem, (py_object *, py_ssize))                                       \
    X(py_ssize, PyTuple_Size, (py_object *))                                                       \
    X(py_object *, PyUnicode_DecodeUTF8, (const char *, py_ssize, const char *))                   \
    X(const char *, PyUnicode_AsUTF8AndSize, (py_object *, py_ssize *))                            \
    X(py_object *, PyUnicode_InternFromString, (const char *))                                     \
    X(py_object *, PyLong_FromSsize_t, (py_ssize))                                                 \
    X(long, PyLong_AsLong, (py_object *))                                                          \
    X(double, PyFloat_AsDouble, (py_object *))                                                     \
    X(py_object *, PyErr_Occurred, (void))                                                         \
    X(void, PyErr_Clear, (void))                                                                   \
    X(void, PyErr_Fetch, (py_object **, py_object **, py_object **))                               \
    X(void, PyErr_NormalizeException, (py_object **, py_object **, py_object **))                  \
    X(int, PyException_SetTraceback, (py_object *, py_object *))

/* What starts Python: 3.14 and later, and before. One of the two sets is there. */
#define CUVEE__LIBPYTHON_STARTERS(X)                                                               \
    X(py_init_config *, PyInitConfig_Create, (void))                                               \
    X(void, PyInitConfig_Free, (py_init_config *))                                                 \
    X(int, PyInitConfig_SetStr, (py_init_config *, const char *, const char *))                    \
    X(int, PyInitConfig_SetInt, (py_init_config *, const char *, long long))                       \
    X(int, PyInitConfig_GetError, (py_init_config *, const char **))                               \
    X(int, Py_InitializeFromInitConfig, (py_init_config *))                                        \
    X(wchar_t *, Py_DecodeLocale, (const char *, size_t *))                                        \
    X(void, Py_SetProgramName, (const wchar_t *))                                                  \
    X(void, Py_InitializeEx, (int))

struct libpython {
#define DECLARE(result, name, arguments) result(*name) arguments;
    CUVEE__LIBPYTHON_FUNCTIONS(DECLARE)
    CUVEE__LIBPYTHON_STARTERS(DECLARE)
#undef DECLARE
    /* Types and None, by identity. */
    py_object *dict_type, *list_type, *tuple_type, *str_type, *float_type, *none;
    py_object *timeout_error; /* builtins.TimeoutError */
    bool is_ours;             /* started here, not by the program that this process runs */
};

/* Load the interpreter's library, or take the Python that this process already runs, and start it
 * on the calling thread, which is Python's main thread from then on and must not end. On return no
 * thread holds the GIL.
 * Returns CUVEE_OK, CUVEE_E_UNSUPPORTED, CUVEE_E_IO. Threads: once in a process. */
int cuvee__libpython_start(const struct interpreter *python, struct libpython *ret,
                           cuvee_error *err);

/* Is the Python that runs in this process the one that was chosen? Without the GIL.
 * Returns CUVEE_OK, CUVEE_E_UNSUPPORTED. */
int cuvee__libpython_is(const struct libpython *py, const struct interpreter *python,
                        cuvee_error *err);

/* Python runs in this process, whoever started it. */
bool cuvee__libpython_is_running(void);

#endif
