/* SPDX-License-Identifier: Apache-2.0 */
#include "python/packed.h"

#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/json.h"

/* ---- texts ---- */

int cuvee__packed_size(const cuvee_text *texts, size_t n, size_t *ret_size)
{
    size_t size = (n + 1) * sizeof(uint64_t);
    for (size_t i = 0; i < n; i++)
        if (!cuvee__add(size, texts[i].len, &size)) return CUVEE_E_LIMIT;
    *ret_size = size;
    return CUVEE_OK;
}

void cuvee__packed_write(char *to, const cuvee_text *texts, size_t n)
{
    uint64_t at = (n + 1) * sizeof at;
    for (size_t i = 0; i < n; i++) {
        memcpy(to + i * sizeof at, &at, sizeof at);
        if (texts[i].len) memcpy(to + at, texts[i].ptr, texts[i].len);
        at += texts[i].len;
    }
    memcpy(to + n * sizeof at, &at, sizeof at);
}

/* ---- results ---- */

/* See answer() of packed.py. */
struct answer {
    struct span scores, indexes, names, rest;
    size_t n_names;
};

static bool cut(struct span *from, size_t n, struct span *ret)
{
    if (n > from->len) return false;
    *ret = (struct span){from->ptr, n};
    *from = (struct span){from->ptr + n, from->len - n};
    return true;
}

static bool cut_answer(struct span all, size_t n, struct answer *ret)
{
    uint64_t header[4];
    struct span head;
    if (!cut(&all, sizeof header, &head)) return false;
    memcpy(header, head.ptr, sizeof header);
    ret->n_names = (size_t)header[1];
    return header[0] == n && header[1] <= n && cut(&all, n * sizeof(double), &ret->scores) &&
           cut(&all, n * sizeof(uint32_t), &ret->indexes) && cut(&all, header[2], &ret->names) &&
           cut(&all, header[3], &ret->rest);
}

/* The names' indexes in our own table. *ret: (n_names) or a code below 0 in the return value. */
static int map_names(const struct answer *a, struct script_labels *labels, uint32_t *ret)
{
    struct span names = a->names, len, name;
    for (size_t i = 0; i < a->n_names; i++) {
        if (!cut(&names, 4, &len) || !cut(&names, cuvee__load_le32(len.ptr), &name))
            return CUVEE_E_IO;
        const int rc = cuvee__script_labels_index(labels, name, &ret[i]);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

static int put_all_scores(const json_t *pairs, struct script_labels *labels,
                          struct external_rows *rows, size_t i)
{
    size_t k;
    const json_t *pair;
    json_array_foreach(pairs, k, pair)
    {
        uint32_t label;
        const json_t *name = json_array_get(pair, 0);
        const struct span text = {json_string_value(name), json_string_length(name)};
        if (!text.ptr) return CUVEE_E_IO;
        int rc = cuvee__script_labels_index(labels, text, &label);
        if (rc == CUVEE_OK)
            rc = cuvee__external_rows_add_score(rows, i, label,
                                                json_number_value(json_array_get(pair, 1)));
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

/* [extras, every, errors], each null or one for each row, in which null stands for none. */
static int put_rest(struct span text, size_t n, struct script_labels *labels,
                    struct external_rows *rows, size_t first)
{
    json_t *rest = NULL;
    int rc = cuvee__json_parse(text, "results", &rest, NULL);
    for (size_t i = 0; i < n && rc == CUVEE_OK; i++) {
        const json_t *extra = json_array_get(json_array_get(rest, 0), i);
        const json_t *error = json_array_get(json_array_get(rest, 2), i);
        const char *said = json_string_value(extra);
        if (said) cuvee__external_rows_extra(rows, first + i, span_of(said));
        if (json_is_string(error))
            cuvee__external_rows_fail(rows, first + i, CUVEE_E_SCRIPT,
                                      span_of(json_string_value(error)));
        rc = put_all_scores(json_array_get(json_array_get(rest, 1), i), labels, rows, first + i);
    }
    json_decref(rest);
    return rc;
}

static int put_answer(const struct answer *a, size_t n, struct script_labels *labels,
                      uint32_t *names, struct external_rows *rows, size_t first)
{
    const int rc = map_names(a, labels, names);
    if (rc < 0) return rc;
    memcpy(rows->scores + first, a->scores.ptr, n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        const uint32_t index = cuvee__load_le32(a->indexes.ptr + i * sizeof index);
        if (index >= a->n_names) return CUVEE_E_IO;
        rows->labels[first + i] = names[index];
    }
    return a->rest.len ? put_rest(a->rest, n, labels, rows, first) : CUVEE_OK;
}

int cuvee__packed_read_answer(struct span text, size_t n, struct script_labels *labels,
                              struct external_rows *rows, size_t first)
{
    struct answer a;
    if (!cut_answer(text, n, &a)) return CUVEE_E_IO;
    uint32_t *names = cuvee__alloc_array(n, sizeof *names);
    int rc = names ? put_answer(&a, n, labels, names, rows, first) : CUVEE_E_NOMEM;
    cuvee__free(names);
    if (rc == CUVEE_E_LIMIT) {
        cuvee__external_rows_fail_range(rows, first, n, CUVEE_E_SCRIPT,
                                        span_of("the script has used more than 65535 labels"));
        rc = CUVEE_OK;
    }
    return rc == CUVEE_OK || rc == CUVEE_E_NOMEM ? rc : CUVEE_E_IO;
}

/* ---- what is JSON ---- */

static int append_exception(struct buffer *out, const json_t *said)
{
    const char *line = json_string_value(json_array_get(said, 0));
    const char *trace = json_string_value(json_array_get(said, 2));
    int rc = line ? cuvee__buffer_append_str(out, line) : CUVEE_OK;
    if (rc == CUVEE_OK && trace && *trace) rc = cuvee__buffer_append_char(out, '\n');
    return rc == CUVEE_OK && trace ? cuvee__buffer_append_str(out, trace) : rc;
}

void cuvee__packed_read_exception(struct span text, int status, struct external_rows *rows,
                                  size_t first, size_t n)
{
    json_t *said = NULL;
    struct buffer message = {0};
    int rc = cuvee__json_parse(text, "exception", &said, NULL);
    if (rc == CUVEE_OK) rc = append_exception(&message, said);
    cuvee__external_rows_fail_range(rows, first, n, status,
                                    rc == CUVEE_OK ? buffer_span(&message)
                                                   : span_of(cuvee__lost_reason));
    cuvee__buffer_deinit(&message);
    json_decref(said);
}

int cuvee__packed_read_failure(struct span text, const char *path, const char *what,
                               cuvee_error *err)
{
    json_t *said = NULL;
    int rc = cuvee__json_parse(text, "exception", &said, err);
    if (rc < 0) return rc;
    const char *line = json_string_value(json_array_get(said, 0));
    const char *where = json_string_value(json_array_get(said, 1));
    rc = cuvee__fail(err, CUVEE_E_SCRIPT, "%s: %s%s%s%s%s%s", path, what, *what ? ": " : "",
                     line ? line : "the script does not load", where && *where ? " (" : "",
                     where ? where : "", where && *where ? ")" : "");
    json_decref(said);
    return rc;
}

static int take_facts(const json_t *said, const struct host_setup *setup,
                      struct script_facts *facts, cuvee_error *err)
{
    size_t i;
    const json_t *label, *labels = json_object_get(said, "labels");
    facts->max_batch = (size_t)json_integer_value(json_object_get(said, "max_batch"));
    facts->max_concurrency = (size_t)json_integer_value(json_object_get(said, "max_concurrency"));
    facts->n_labels = json_array_size(labels);
    json_array_foreach(labels, i, label)
    {
        uint32_t index;
        const struct span name = {json_string_value(label), json_string_length(label)};
        const int rc = cuvee__script_labels_index(setup->labels, name, &index);
        if (rc < 0)
            return cuvee__fail(err, rc, "%s: %s", setup->script,
                               rc == CUVEE_E_LIMIT ? "too many LABELS" : "out of memory");
    }
    const char *info = json_string_value(json_object_get(said, "info"));
    if (!info) return CUVEE_OK;
    facts->info = cuvee__strndup(info, strlen(info));
    return facts->info ? CUVEE_OK
                       : cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", setup->script);
}

int cuvee__packed_read_facts(struct span text, const struct host_setup *setup,
                             struct script_facts *facts, cuvee_error *err)
{
    json_t *said = NULL;
    int rc = cuvee__json_parse(text, "what the script says of itself", &said, err);
    if (rc == CUVEE_OK) rc = take_facts(said, setup, facts, err);
    json_decref(said);
    return rc;
}
