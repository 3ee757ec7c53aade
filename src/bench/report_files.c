/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report_files.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_at.h"
#include "os/file.h"

#define MAX_FILE_BYTES ((size_t)256 << 20)

enum { PATH_BYTES = 4200 };

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

static int read_inside(const char *dir, const char *name, struct buffer *ret)
{
    char path[PATH_BYTES];
    if (!dir || !name || !is_inside(name)) return CUVEE_E_IO;
    const int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof path || !cuvee__file_exists(path)) return CUVEE_E_IO;
    ret->cap_bytes = MAX_FILE_BYTES;
    const int rc = cuvee__file_read(path, ret, NULL);
    if (rc == CUVEE_OK) return CUVEE_OK;
    cuvee__buffer_deinit(ret);
    return rc == CUVEE_E_NOMEM ? rc : CUVEE_E_IO;
}

int cuvee__report_read_file(const char *dir, const json_t *run, const char *key,
                            struct buffer *ret)
{
    const json_t *files = json_object_get(run, "files");
    return read_inside(dir, json_string_value(json_object_get(files, key)), ret);
}

int cuvee__report_read_answers(const char *dir, const char *arm, struct buffer *ret)
{
    char name[PATH_BYTES];
    const int n = snprintf(name, sizeof name, "answers/%s.jsonl", arm);
    return n > 0 && (size_t)n < sizeof name ? read_inside(dir, name, ret) : CUVEE_E_IO;
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
