/* SPDX-License-Identifier: Apache-2.0 */
#include "python/interpreter.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/error.h"
#include "base/json.h"
#include "os/file.h"
#include "os/subprocess.h"

enum {
    MAX_ANSWER = 65536,
    TIMEOUT_MS = 20000, /* a cold disk, a slow sitecustomize */
};

/* What stands before the answer: start-up files of the user's may print too. */
#define MARK "cuvee-interpreter:"

/* Where the shared library lies differs by builder: beside LIBDIR's, in Debian's multiarch folder,
 * in a framework. INSTSONAME is a static library's name where there is no shared one. */
static const char question[] =
    "import sys\n"
    "if sys.path[:1] == ['']: del sys.path[0]\n" /* -c: modules of the current folder */
    "import json, os, sysconfig\n"
    "v = sysconfig.get_config_var\n"
    "folders = [v('LIBDIR'), v('LIBPL'), os.path.join(sys.base_prefix, 'lib')]\n"
    "if v('LIBDIR') and v('MULTIARCH'): folders.append(os.path.join(v('LIBDIR'), v('MULTIARCH')))\n"
    "names = [n for n in (v('INSTSONAME'), v('LDLIBRARY')) if n and '.so' in n]\n"
    "found = [os.path.join(f, n) for f in folders if f for n in names]\n"
    "found = [f for f in found if os.path.exists(f)]\n"
    "print('\\n" MARK "' + json.dumps({\n"
    "    'implementation': sys.implementation.name, 'executable': sys.executable,\n"
    "    'prefix': sys.prefix, 'library': found[0] if found else '',\n"
    "    'version': '.'.join(map(str, sys.version_info[:3])),\n"
    "    'major': sys.version_info[0], 'minor': sys.version_info[1],\n"
    "    'free_threaded': bool(v('Py_GIL_DISABLED'))}))\n";

static char *copy_string(const json_t *answer, const char *key)
{
    const char *s = json_string_value(json_object_get(answer, key));
    return s ? cuvee__strndup(s, strlen(s)) : NULL;
}

static int read_answer(const json_t *answer, const char *name, struct interpreter *ret,
                       cuvee_error *err)
{
    ret->executable = copy_string(answer, "executable");
    ret->prefix = copy_string(answer, "prefix");
    ret->library = copy_string(answer, "library");
    ret->version = copy_string(answer, "version");
    if (!ret->executable || !ret->prefix || !ret->library || !ret->version)
        return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", name);
    if (!*ret->library) {
        cuvee__free(ret->library);
        ret->library = NULL;
    }
    ret->major = (int)json_integer_value(json_object_get(answer, "major"));
    ret->minor = (int)json_integer_value(json_object_get(answer, "minor"));
    ret->is_free_threaded = json_is_true(json_object_get(answer, "free_threaded"));

    const char *kind = json_string_value(json_object_get(answer, "implementation"));
    if (!kind || strcmp(kind, "cpython") != 0)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s is %s, not CPython", name,
                           kind ? kind : "no Python");
    if (ret->major != 3 || ret->minor < 8)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s is Python %s; scripts need 3.8 or later",
                           name, ret->version);
    return CUVEE_OK;
}

static int parse_answer(struct buffer *said, const char *name, struct interpreter *ret,
                        cuvee_error *err)
{
    if (cuvee__buffer_append_char(said, '\0') < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", name);
    const char *answer = NULL;
    for (const char *p = said->ptr; (p = strstr(p, "\n" MARK)); p += sizeof MARK)
        answer = p + sizeof MARK;
    if (!answer) return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s does not answer as Python", name);
    json_t *json = NULL;
    int rc = cuvee__json_parse((struct span){answer, strcspn(answer, "\n")}, name, &json, err);
    if (rc == CUVEE_OK) rc = read_answer(json, name, ret, err);
    json_decref(json);
    return rc;
}

static int ask(const char *program, struct interpreter *ret, cuvee_error *err)
{
    const char *const argv[] = {program, "-c", question, NULL};
    struct buffer said = {.cap_bytes = MAX_ANSWER};
    int status = 0;
    int rc = cuvee__subprocess_capture(argv, TIMEOUT_MS, &said, &status, err);
    if (rc == CUVEE_OK && status != 0)
        rc = cuvee__fail(err, CUVEE_E_IO, "%s does not start: exit status %d", program, status);
    if (rc == CUVEE_OK) rc = parse_answer(&said, program, ret, err);
    cuvee__buffer_deinit(&said);
    return rc;
}

int cuvee__interpreter_find(const char *wanted, struct interpreter *ret, cuvee_error *err)
{
    char venv[4096];
    const char *venv_dir = wanted, *program = wanted;
    *ret = (struct interpreter){0};
    if (!wanted) venv_dir = cuvee__env_virtual_env();
    if (venv_dir && (!wanted || cuvee__path_is_directory(wanted))) {
        const int n = snprintf(venv, sizeof venv, "%s/bin/python", venv_dir);
        if (n < 0 || (size_t)n >= sizeof venv)
            return cuvee__fail(err, CUVEE_E_ARGUMENT, "the path of the venv is too long");
        if (wanted || cuvee__file_exists(venv)) program = venv;
    }
    const int rc = ask(program ? program : "python3", ret, err);
    if (rc < 0) cuvee__interpreter_deinit(ret);
    return rc;
}

void cuvee__interpreter_deinit(struct interpreter *python)
{
    cuvee__free(python->executable);
    cuvee__free(python->prefix);
    cuvee__free(python->library);
    cuvee__free(python->version);
    *python = (struct interpreter){0};
}

const char *cuvee__interpreter_no_embed(const struct interpreter *python)
{
    if (python->is_free_threaded) return "a build without the GIL cannot be embedded";
    if (python->minor < 9) return "Python 3.9 or later can be embedded";
    if (!python->library)
        return "it has no shared library; on Debian and Ubuntu: apt install libpython3-dev, or a "
               "build with --enable-shared";
    return NULL;
}
