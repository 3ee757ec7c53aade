/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/needs.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_at.h"
#include "bench/command.h"
#include "os/dynamic_library.h"
#include "os/program.h"
#include "os/subprocess.h"

enum { PYTHON_MS = 20000 };

/* Found without being imported, which takes seconds for some. */
static const char find_modules[] =
    "import importlib.util as u, sys\n"
    "print(*[m for m in sys.argv[1:] if u.find_spec(m) is None], sep=', ')\n";

/* Append to the reason; NUL-terminated whatever the room. */
static void say(char *reason, size_t room, const char *what, const char *name)
{
    const size_t n = strlen(reason);
    snprintf(reason + n, room - n, "%s%s%s", n ? "; " : "", what, name);
}

static int look_for_modules(const struct word_list *modules, const char *python, char *reason,
                            size_t room, cuvee_error *err)
{
    struct word_list argv = {0};
    struct buffer missing = {.cap_bytes = 4096};
    cuvee_error why = {0};
    int status = 0, rc = cuvee__words_add(&argv, python, err);
    if (rc == CUVEE_OK) rc = cuvee__words_add(&argv, "-c", err);
    if (rc == CUVEE_OK) rc = cuvee__words_add(&argv, find_modules, err);
    for (size_t i = 0; rc == CUVEE_OK && i < modules->n; i++)
        rc = cuvee__words_add(&argv, modules->words[i], err);
    if (rc == CUVEE_OK) {
        const int asked = cuvee__subprocess_capture((const char *const *)argv.words, PYTHON_MS,
                                                    &missing, &status, &why);
        while (missing.len && missing.ptr[missing.len - 1] == '\n') missing.len--;
        if (asked < 0)
            say(reason, room, "no Python: ", why.msg);
        else if (status != 0)
            say(reason, room, "this Python does not answer: ", python);
        else if (missing.len && cuvee__buffer_append_char(&missing, '\0') == CUVEE_OK)
            say(reason, room, CUVEE__NEEDS_SETUP ": ", missing.ptr);
    }
    cuvee__buffer_deinit(&missing);
    cuvee__words_deinit(&argv);
    return rc;
}

static bool has_library(const char *name)
{
    void *library;
    return cuvee__dynamic_library_open(name, &library, NULL) == CUVEE_OK;
}

bool cuvee__arm_has_scenario(const json_t *arm, const char *scenario)
{
    const json_t *list = json_object_get(arm, "scenarios");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), scenario) == 0) return true;
    return list == NULL;
}

int cuvee__needs_missing(const json_t *arm, const char *python, const char *scenario,
                         char *ret_reason, size_t room, cuvee_error *err)
{
    const json_t *needs = json_object_get(arm, "needs");
    struct word_list modules = {0};
    int rc = CUVEE_OK;
    *ret_reason = '\0';
    if (!cuvee__arm_has_scenario(arm, scenario))
        say(ret_reason, room, "it has no scenario ", scenario);
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(needs); i++) {
        const char *need = json_string_value(json_array_get(needs, i));
        const char *name = strchr(need, ':');
        const size_t n = name ? (size_t)(name - need) : 0;
        if (name) name++;
        if (n == 6 && strncmp(need, "python", n) == 0)
            rc = cuvee__words_add(&modules, name, err);
        else if (n == 7 && strncmp(need, "program", n) == 0) {
            if (!cuvee__program_exists(name)) say(ret_reason, room, "there is no program ", name);
        } else if (n == 7 && strncmp(need, "library", n) == 0) {
            if (!has_library(name)) say(ret_reason, room, "there is no library ", name);
        } else
            rc = cuvee__fail(err, CUVEE_E_FORMAT,
                             "arm '%s': it needs '%s', which is no python:, program: or library:",
                             cuvee__json_text_at(arm, "name"), need);
    }
    if (rc == CUVEE_OK && modules.n) rc = look_for_modules(&modules, python, ret_reason, room, err);
    cuvee__words_deinit(&modules);
    return rc;
}
