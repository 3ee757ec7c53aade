/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report_files.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_at.h"
#include "os/file.h"

#define MAX_FILE_BYTES ((size_t)256 << 20)

/* Below dir: not absolute, and no part is "..". */
static bool is_inside(const char *name)
{
    if (!*name || *name == '/') return false;
    for (const char *at = name; *at; at += strspn(at, "/")) {
        const size_t n = strcspn(at, "/");
        if (n == 2 && at[0] == '.' && at[1] == '.') return false;
        at += n;
    }
    return true;
}

static bool path_inside(const char *dir, const char *name, char path[CUVEE__REPORT_PATH_ROOM])
{
    if (!dir || !name || !is_inside(name)) return false;
    const int n = snprintf(path, CUVEE__REPORT_PATH_ROOM, "%s/%s", dir, name);
    return n > 0 && n < CUVEE__REPORT_PATH_ROOM && cuvee__file_exists(path);
}

static int read_inside(const char *dir, const char *name, struct buffer *ret)
{
    char path[CUVEE__REPORT_PATH_ROOM];
    if (!path_inside(dir, name, path)) return CUVEE_E_IO;
    ret->cap_bytes = MAX_FILE_BYTES;
    const int rc = cuvee__file_read(path, ret, NULL);
    if (rc == CUVEE_OK) return CUVEE_OK;
    cuvee__buffer_deinit(ret);
    return rc == CUVEE_E_NOMEM ? rc : CUVEE_E_IO;
}

static const char *file_of(const json_t *run, const char *key)
{
    return json_string_value(json_object_get(json_object_get(run, "files"), key));
}

bool cuvee__report_file_path(const char *dir, const json_t *run, const char *key,
                             char path[CUVEE__REPORT_PATH_ROOM])
{
    return path_inside(dir, file_of(run, key), path);
}

int cuvee__report_read_file(const char *dir, const json_t *run, const char *key, struct buffer *ret)
{
    return read_inside(dir, file_of(run, key), ret);
}

/* ---- the run that is shown ---- */

const json_t *cuvee__report_typical(const json_t *results, const char *arm)
{
    const json_t *arms = cuvee__json_at(results, "summary.arms"), *entry, *run;
    const json_t *id = NULL;
    size_t i;
    json_array_foreach(arms, i, entry)
    {
        if (cuvee__json_text_is(entry, "arm", arm)) id = json_object_get(entry, "typical");
    }
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        if (json_is_integer(id) && json_equal(json_object_get(run, "id"), id)) return run;
    }
    return NULL;
}

static const json_t *first_success(const json_t *results, const char *arm)
{
    const json_t *run;
    size_t i;
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        if (cuvee__json_text_is(run, "arm", arm) && cuvee__json_text_is(run, "status", "ok"))
            return run;
    }
    return NULL;
}

/* The arm's name has been checked where it becomes a path. */
static const json_t *find_answers(const json_t *results, const char *dir, const char *arm,
                                  char name[CUVEE__REPORT_PATH_ROOM])
{
    char path[CUVEE__REPORT_PATH_ROOM];
    const json_t *run = cuvee__report_typical(results, arm);
    const char *own = file_of(run, "answers");
    int n = own ? snprintf(name, CUVEE__REPORT_PATH_ROOM, "%s", own) : -1;
    if (n > 0 && n < CUVEE__REPORT_PATH_ROOM && path_inside(dir, name, path)) return run;
    n = snprintf(name, CUVEE__REPORT_PATH_ROOM, "answers/%s.jsonl", arm);
    return n > 0 && n < CUVEE__REPORT_PATH_ROOM && path_inside(dir, name, path)
               ? first_success(results, arm)
               : NULL;
}

const json_t *cuvee__report_answered(const json_t *results, const char *dir, const char *arm)
{
    char name[CUVEE__REPORT_PATH_ROOM];
    return find_answers(results, dir, arm, name);
}

int cuvee__report_read_answers(const json_t *results, const char *dir, const char *arm,
                               struct buffer *ret)
{
    char name[CUVEE__REPORT_PATH_ROOM];
    return find_answers(results, dir, arm, name) ? read_inside(dir, name, ret) : CUVEE_E_IO;
}

int cuvee__report_read_json(const char *dir, const json_t *run, const char *key, json_t **ret)
{
    struct buffer text = {0};
    *ret = NULL;
    int rc = cuvee__report_read_file(dir, run, key, &text);
    if (rc == CUVEE_OK) rc = cuvee__json_parse(buffer_span(&text), key, ret, NULL);
    cuvee__buffer_deinit(&text);
    return rc == CUVEE_E_NOMEM ? rc : CUVEE_OK;
}

int cuvee__report_each_answer(struct span text, int (*f)(void *user, const json_t *answer),
                              void *user)
{
    while (text.len) {
        const char *end = memchr(text.ptr, '\n', text.len);
        const size_t n = end ? (size_t)(end - text.ptr) : text.len;
        json_t *answer = NULL;
        int rc = n ? cuvee__json_parse((struct span){text.ptr, n}, "answers", &answer, NULL)
                   : CUVEE_E_FORMAT;
        if (rc == CUVEE_OK) {
            rc = f(user, answer);
            json_decref(answer);
            if (rc < 0) return rc;
        } else if (rc == CUVEE_E_NOMEM) {
            return rc;
        }
        text.ptr += n + (end != NULL);
        text.len -= n + (end != NULL);
    }
    return CUVEE_OK;
}
