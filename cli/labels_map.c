/* SPDX-License-Identifier: Apache-2.0 */
#include "labels_map.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "os/file.h"

#define MAX_MAP_BYTES ((size_t)16 << 20)

static int load_map(const char *path, json_t **ret_map, cuvee_error *err)
{
    struct buffer text = {.cap_bytes = MAX_MAP_BYTES};
    int rc = cuvee__file_read(path, &text, err);
    if (rc == CUVEE_OK) rc = cuvee__json_parse(buffer_span(&text), path, ret_map, err);
    cuvee__buffer_deinit(&text);
    if (rc == CUVEE_OK && !json_is_object(*ret_map)) {
        json_decref(*ret_map);
        *ret_map = NULL;
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "%s: a labels map is a JSON object", path);
    }
    return rc;
}

static bool has_label(const cuvee_model *model, size_t n_labels, const char *name)
{
    for (size_t i = 0; i < n_labels; i++)
        if (strcmp(cuvee_model_label(model, i), name) == 0) return true;
    return false;
}

/* is_open_ended: labels may come later, so that a name nobody has yet is no mistake. */
static int check_map(json_t *map, const char *path, const cuvee_model *model, size_t n_labels,
                     bool is_open_ended, cuvee_error *err)
{
    const char *from;
    json_t *to;
    json_object_foreach(map, from, to) {
        if (!json_is_string(to))
            return cuvee__fail(err, CUVEE_E_FORMAT, "%s: the new name of '%s' is not a string",
                               path, from);
        if (strlen(json_string_value(to)) != json_string_length(to))
            return cuvee__fail(err, CUVEE_E_FORMAT, "%s: the new name of '%s' has a NUL in it",
                               path, from);
        if (!is_open_ended && !has_label(model, n_labels, from))
            return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s: the model has no label '%s'", path,
                               from);
    }
    return CUVEE_OK;
}

static size_t first_of_name(const struct label_names *l, size_t i)
{
    size_t first = 0;
    while (strcmp(l->names[first], l->names[i]) != 0) first++;
    return first;
}

int cli__label_names_grow(struct label_names *l, const cuvee_model *model, cuvee_error *err)
{
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    int rc = cuvee_model_describe(model, &info, err);
    if (rc < 0 || info.n_labels <= l->n) return rc;
    const char **names = cuvee__realloc_array(l->names, info.n_labels, sizeof *names);
    if (names) l->names = names;
    size_t *first = cuvee__realloc_array(l->first, info.n_labels, sizeof *first);
    if (first) l->first = first;
    if (!names || !first) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for labels");
    for (; l->n < info.n_labels; l->n++) {
        const char *own = cuvee_model_label(model, l->n);
        const char *mapped = json_string_value(json_object_get(l->map, own));
        l->names[l->n] = mapped ? mapped : own;
        l->first[l->n] = first_of_name(l, l->n);
    }
    return CUVEE_OK;
}

int cli__label_names_open(struct label_names *l, const cuvee_model *model, const char *map_path,
                          cuvee_error *err)
{
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    json_t *map = NULL;
    int rc = cuvee_model_describe(model, &info, err);
    if (rc == CUVEE_OK && map_path) rc = load_map(map_path, &map, err);
    l->map = map;
    if (rc == CUVEE_OK && map)
        rc = check_map(map, map_path, model, info.n_labels, info.script_host != NULL, err);
    return rc == CUVEE_OK ? cli__label_names_grow(l, model, err) : rc;
}

void cli__label_names_close(struct label_names *l)
{
    json_decref(l->map);
    cuvee__free(l->names);
    cuvee__free(l->first);
    *l = (struct label_names){0};
}
