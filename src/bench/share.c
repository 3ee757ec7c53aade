/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/share.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/error.h"
#include "bench/report_files.h"
#include "os/file.h"
#include "table/writer.h"

/* Of a series, the largest. */
#define MAX_FILE_BYTES ((size_t)1 << 30)

/* $HOME, and the same without symbolic links; what is "" is none. */
struct homes {
    struct span as_named, resolved;
    char *owned;
};

/* A path from the root on, without a slash at its end; the root itself is nobody's home. */
static struct span home_of(const char *path)
{
    size_t n = path && *path == '/' ? strlen(path) : 0;
    while (n && path[n - 1] == '/') n--;
    return (struct span){path, n};
}

static void homes_find(struct homes *h)
{
    const char *home = cuvee__env_home();
    h->owned = home ? cuvee__path_resolve(home) : NULL;
    h->as_named = home_of(home);
    h->resolved = home_of(h->owned);
}

static void homes_deinit(struct homes *h)
{
    cuvee__free(h->owned);
}

/* May it go on the name of a directory? A dot may end a sentence. */
static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || (c & 0x80);
}

static bool begins_with(struct span text, struct span home)
{
    return home.len && text.len >= home.len && memcmp(text.ptr, home.ptr, home.len) == 0 &&
           (text.len == home.len || !is_of_name(text.ptr[home.len]));
}

/* Bytes of the home directory that text begins with; 0: it does not. */
static size_t match(const struct homes *h, struct span text)
{
    return begins_with(text, h->resolved)   ? h->resolved.len
           : begins_with(text, h->as_named) ? h->as_named.len
                                            : 0;
}

/* What stands before it does not matter: some options have no blank before their path. */
static int hide(const struct homes *h, struct span text, struct buffer *out)
{
    int rc = CUVEE_OK;
    while (rc == CUVEE_OK && text.len) {
        const char *slash = memchr(text.ptr, '/', text.len);
        const size_t plain = slash ? (size_t)(slash - text.ptr) : text.len;
        if (plain) rc = cuvee__buffer_append(out, text.ptr, plain);
        text = (struct span){text.ptr + plain, text.len - plain};
        if (rc < 0 || !text.len) break;
        const size_t n = match(h, text);
        rc = cuvee__buffer_append_char(out, n ? '~' : '/');
        text = (struct span){text.ptr + (n ? n : 1), text.len - (n ? n : 1)};
    }
    return rc;
}

int cuvee__share_text(struct span text, struct buffer *out)
{
    struct homes h;
    homes_find(&h);
    const int rc = hide(&h, text, out);
    homes_deinit(&h);
    return rc;
}

/* ---- a document ---- */

static json_t *copy(const struct homes *h, const json_t *value);

static json_t *copy_text(const struct homes *h, const json_t *text)
{
    struct buffer out = {0};
    const struct span span = {json_string_value(text), json_string_length(text)};
    json_t *made =
        hide(h, span, &out) == CUVEE_OK ? json_stringn(out.ptr ? out.ptr : "", out.len) : NULL;
    cuvee__buffer_deinit(&out);
    return made;
}

static json_t *copy_list(const struct homes *h, const json_t *list)
{
    json_t *made = json_array();
    for (size_t i = 0; made && i < json_array_size(list); i++)
        if (json_array_append_new(made, copy(h, json_array_get(list, i))) < 0) {
            json_decref(made);
            made = NULL;
        }
    return made;
}

/* Of a name too: paths may be keys. */
static json_t *copy_object(const struct homes *h, const json_t *object)
{
    const char *name;
    json_t *value, *made = json_object();
    json_object_foreach((json_t *)(uintptr_t)object, name, value) /* takes no const */
    {
        struct buffer key = {0};
        int rc = made ? hide(h, span_of(name), &key) : CUVEE_E_NOMEM;
        if (rc == CUVEE_OK) rc = cuvee__buffer_append_char(&key, '\0');
        if (rc == CUVEE_OK) rc = json_object_set_new(made, key.ptr, copy(h, value));
        cuvee__buffer_deinit(&key);
        if (rc == CUVEE_OK) continue;
        json_decref(made);
        return NULL;
    }
    return made;
}

/* NULL when out of memory. */
static json_t *copy(const struct homes *h, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return copy_text(h, value);
    case JSON_ARRAY:
        return copy_list(h, value);
    case JSON_OBJECT:
        return copy_object(h, value);
    default:
        return json_deep_copy(value);
    }
}

int cuvee__share_json(const json_t *json, json_t **ret, cuvee_error *err)
{
    struct homes h;
    homes_find(&h);
    json_t *made = copy(&h, json);
    homes_deinit(&h);
    if (!made) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for results");
    *ret = made;
    return CUVEE_OK;
}

/* ---- files ---- */

static int share_file(const struct homes *h, const char *path, cuvee_error *err)
{
    struct buffer text = {.cap_bytes = MAX_FILE_BYTES}, shared = {0};
    int rc = cuvee__file_read(path, &text, err);
    if (rc == CUVEE_OK && (rc = hide(h, buffer_span(&text), &shared)) < 0)
        rc = cuvee__fail(err, rc, "%s: out of memory", path);
    if (rc == CUVEE_OK && shared.len != text.len)
        rc = cuvee__output_write_whole(path, buffer_span(&shared), err);
    cuvee__buffer_deinit(&text);
    cuvee__buffer_deinit(&shared);
    return rc;
}

int cuvee__share_files(const json_t *results, const char *dir, cuvee_error *err)
{
    struct homes h;
    const json_t *run;
    const char *key;
    json_t *name;
    size_t i;
    int rc = CUVEE_OK;
    homes_find(&h);
    json_array_foreach(json_object_get(results, "runs"), i, run)
    {
        json_object_foreach(json_object_get(run, "files"), key, name)
        {
            char path[CUVEE__REPORT_PATH_ROOM];
            if (rc == CUVEE_OK && cuvee__report_file_path(dir, run, key, path))
                rc = share_file(&h, path, err);
        }
    }
    homes_deinit(&h);
    return rc;
}
