/* SPDX-License-Identifier: Apache-2.0 */
#include "python/libpython.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "os/dynamic_library.h"

/* Object and function pointers have one size here (POSIX asks for it), but C has no cast between
 * them. */
static void set_function(void *field, void *symbol)
{
    memcpy(field, &symbol, sizeof symbol);
}

static int find_functions(void *library, const char *name, struct libpython *py, cuvee_error *err)
{
#define FIND(result, function, arguments)                                                          \
    {                                                                                              \
        void *symbol = cuvee__dynamic_library_symbol(library, #function);                          \
        if (!symbol)                                                                               \
            return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s has no %s()", name, #function);       \
        set_function(&py->function, symbol);                                                       \
    }
    CUVEE__LIBPYTHON_FUNCTIONS(FIND)
#undef FIND
#define FIND(result, function, arguments)                                                          \
    set_function(&py->function, cuvee__dynamic_library_symbol(library, #function));
    CUVEE__LIBPYTHON_STARTERS(FIND)
#undef FIND
    py->dict_type = cuvee__dynamic_library_symbol(library, "PyDict_Type");
    py->list_type = cuvee__dynamic_library_symbol(library, "PyList_Type");
    py->tuple_type = cuvee__dynamic_library_symbol(library, "PyTuple_Type");
    py->str_type = cuvee__dynamic_library_symbol(library, "PyUnicode_Type");
    py->float_type = cuvee__dynamic_library_symbol(library, "PyFloat_Type");
    py->none = cuvee__dynamic_library_symbol(library, "_Py_NoneStruct");
    if (!py->dict_type || !py->list_type || !py->tuple_type || !py->str_type || !py->float_type ||
        !py->none)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s is no CPython", name);
    return CUVEE_OK;
}

/* 3.14 and later. The program's name decides what sys.prefix and sys.path become, so that of a
 * venv is enough for the venv. Signals stay the host program's. */
static int start_with_config(const struct libpython *py, const struct interpreter *python,
                             cuvee_error *err)
{
    py_init_config *config = py->PyInitConfig_Create();
    if (!config) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for Python");
    const bool ok = py->PyInitConfig_SetStr(config, "program_name", python->executable) == 0 &&
                    py->PyInitConfig_SetInt(config, "install_signal_handlers", 0) == 0 &&
                    py->Py_InitializeFromInitConfig(config) == 0;
    int rc = CUVEE_OK;
    if (!ok) {
        const char *why = NULL;
        py->PyInitConfig_GetError(config, &why);
        rc = cuvee__fail(err, CUVEE_E_IO, "Python does not start: %s", why ? why : "no reason");
    }
    py->PyInitConfig_Free(config);
    return rc;
}

static int start_before_3_14(const struct libpython *py, const struct interpreter *python,
                             cuvee_error *err)
{
    /* Kept by Python until the process ends. */
    wchar_t *name = py->Py_DecodeLocale(python->executable, NULL);
    if (!name) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for Python");
    py->Py_SetProgramName(name);
    py->Py_InitializeEx(0);
    return CUVEE_OK;
}

static int start(const struct libpython *py, const struct interpreter *python, cuvee_error *err)
{
    if (py->PyInitConfig_Create && py->PyInitConfig_Free && py->PyInitConfig_SetStr &&
        py->PyInitConfig_SetInt && py->PyInitConfig_GetError && py->Py_InitializeFromInitConfig)
        return start_with_config(py, python, err);
    if (py->Py_DecodeLocale && py->Py_SetProgramName && py->Py_InitializeEx)
        return start_before_3_14(py, python, err);
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s does not export what starts Python",
                       python->library);
}

/* A string of sys, which holds it; "" where it is none. */
static const char *sys_string(const struct libpython *py, const char *name)
{
    py_object *sys = py->PyImport_ImportModule("sys");
    py_object *value = sys ? py->PyObject_GetAttrString(sys, name) : NULL;
    const char *text = value ? py->PyUnicode_AsUTF8AndSize(value, NULL) : NULL;
    py->PyErr_Clear();
    if (value) py->Py_DecRef(value);
    if (sys) py->Py_DecRef(sys);
    return text ? text : "";
}

/* sys.prefix must be what the interpreter itself says, or packages come from somewhere else. */
static int check_prefix(const struct libpython *py, const struct interpreter *python,
                        cuvee_error *err)
{
    const char *found = sys_string(py, "prefix");
    if (strcmp(found, python->prefix) == 0) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                       "embedded, %s would use packages of %s instead of %s; "
                       "--python-host process does not have this trouble",
                       python->executable, *found ? found : "nowhere", python->prefix);
}

static int find_timeout_error(struct libpython *py, cuvee_error *err)
{
    py_object *builtins = py->PyImport_ImportModule("builtins");
    py->timeout_error = builtins ? py->PyObject_GetAttrString(builtins, "TimeoutError") : NULL;
    if (builtins) py->Py_DecRef(builtins);
    return py->timeout_error ? CUVEE_OK : cuvee__fail(err, CUVEE_E_IO, "Python has no builtins");
}

/* In a program that is Python itself, such as one that loads libcuvee by ctypes. */
static int join_running(struct libpython *py, cuvee_error *err)
{
    int rc = find_functions(NULL, "this program", py, err);
    if (rc < 0) return rc;
    const int gil = py->PyGILState_Ensure();
    if (strchr(sys_string(py, "abiflags"), 't'))
        rc = cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                         "this process runs a Python without the GIL, which scripts cannot join");
    if (rc == CUVEE_OK) rc = find_timeout_error(py, err);
    py->PyGILState_Release(gil);
    return rc;
}

int cuvee__libpython_is(const struct libpython *py, const struct interpreter *python,
                        cuvee_error *err)
{
    int rc = CUVEE_OK;
    const int gil = py->PyGILState_Ensure();
    const char *version = sys_string(py, "version"), *prefix = sys_string(py, "prefix");
    const size_t len = strcspn(version, " +");
    if (len != strlen(python->version) || strncmp(version, python->version, len) != 0 ||
        strcmp(prefix, python->prefix) != 0)
        rc = cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                         "this process runs Python %.*s of %s already; %s needs the process host",
                         (int)len, version, prefix, python->executable);
    py->PyGILState_Release(gil);
    return rc;
}

bool cuvee__libpython_is_running(void)
{
    int (*is_initialized)(void) = NULL;
    set_function(&is_initialized, cuvee__dynamic_library_symbol(NULL, "Py_IsInitialized"));
    return is_initialized && is_initialized();
}

int cuvee__libpython_start(const struct interpreter *python, struct libpython *ret,
                           cuvee_error *err)
{
    if (cuvee__libpython_is_running()) return join_running(ret, err);

    ret->is_ours = true;
    void *library = NULL;
    cuvee_error why = {0};
    int rc = cuvee__dynamic_library_open(python->library, &library, &why);
    if (rc < 0)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s cannot be embedded: %s",
                           python->executable, why.msg);
    rc = find_functions(library, python->library, ret, err);
    if (rc == CUVEE_OK) rc = start(ret, python, err);
    if (rc < 0) return rc;
    rc = check_prefix(ret, python, err);
    if (rc == CUVEE_OK) rc = find_timeout_error(ret, err);
    ret->PyEval_SaveThread();
    return rc;
}
