/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/bytes.h"
#include "edit_checkpoint.h"

static unsigned char *read_all(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    const long len = ftell(f);
    assert_true(len > 8);
    rewind(f);
    unsigned char *bytes = malloc((size_t)len);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)len, f), len);
    fclose(f);
    *ret_len = (size_t)len;
    return bytes;
}

static void take_tensor(struct edit_tensor *t, const char *name, json_t *entry,
                        const unsigned char *data)
{
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const size_t begin = (size_t)json_integer_value(json_array_get(offsets, 0));
    const size_t end = (size_t)json_integer_value(json_array_get(offsets, 1));
    snprintf(t->name, sizeof t->name, "%s", name);
    snprintf(t->dtype, sizeof t->dtype, "%s", json_string_value(json_object_get(entry, "dtype")));
    t->n_dims = json_array_size(shape);
    for (size_t i = 0; i < t->n_dims; i++)
        t->dims[i] = (size_t)json_integer_value(json_array_get(shape, i));
    t->n_bytes = end - begin;
    t->data = malloc(t->n_bytes + 1);
    memcpy(t->data, data + begin, t->n_bytes);
}

void edit_read(struct edit *e, const char *path)
{
    size_t len;
    unsigned char *bytes = read_all(path, &len);
    const size_t n_header = (size_t)cuvee__load_le64(bytes);
    json_t *header = json_loadb((const char *)bytes + 8, n_header, 0, NULL);
    assert_non_null(header);
    *e = (struct edit){calloc(json_object_size(header), sizeof *e->tensors), 0};
    const char *name;
    json_t *entry;
    json_object_foreach(header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0) continue;
        take_tensor(&e->tensors[e->n++], name, entry, bytes + 8 + n_header);
    }
    json_decref(header);
    free(bytes);
}

void edit_write(const struct edit *e, const char *path)
{
    json_t *header = json_object();
    size_t offset = 0;
    for (size_t i = 0; i < e->n; i++) {
        const struct edit_tensor *t = &e->tensors[i];
        json_t *shape = json_array();
        for (size_t j = 0; j < t->n_dims; j++)
            json_array_append_new(shape, json_integer((json_int_t)t->dims[j]));
        json_object_set_new(header, t->name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", t->dtype, "shape", shape,
                                      "data_offsets", (json_int_t)offset,
                                      (json_int_t)(offset + t->n_bytes)));
        offset += t->n_bytes;
    }
    char *text = json_dumps(header, JSON_COMPACT);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    const uint64_t n = strlen(text);
    for (int i = 0; i < 8; i++) fputc((int)(n >> (8 * i) & 0xFF), f);
    fwrite(text, 1, n, f);
    for (size_t i = 0; i < e->n; i++) fwrite(e->tensors[i].data, 1, e->tensors[i].n_bytes, f);
    assert_int_equal(fclose(f), 0);
    free(text);
    json_decref(header);
}

void edit_free(struct edit *e)
{
    for (size_t i = 0; i < e->n; i++) free(e->tensors[i].data);
    free(e->tensors);
    *e = (struct edit){0};
}

struct edit_tensor *edit_find(struct edit *e, const char *name)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->tensors[i].name, name) == 0) return &e->tensors[i];
    fail_msg("no tensor %s", name);
    return NULL;
}

size_t edit_rename(struct edit *e, const char *old, const char *now)
{
    size_t n_changed = 0;
    for (size_t i = 0; i < e->n; i++) {
        char *name = e->tensors[i].name, changed[256];
        const char *at = strstr(name, old);
        if (!at) continue;
        const int len = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - name), name, now,
                                 at + strlen(old));
        assert_true(len > 0 && (size_t)len < sizeof e->tensors[i].name);
        memcpy(name, changed, (size_t)len + 1);
        n_changed++;
    }
    return n_changed;
}

void edit_drop(struct edit *e, const char *name)
{
    struct edit_tensor *t = edit_find(e, name);
    free(t->data);
    *t = e->tensors[--e->n];
}

void edit_add(struct edit *e, const char *name, const char *dtype, size_t rows, size_t columns)
{
    e->tensors = realloc(e->tensors, (e->n + 1) * sizeof *e->tensors);
    struct edit_tensor *t = &e->tensors[e->n++];
    *t = (struct edit_tensor){.n_dims = columns ? 2 : 1, .dims = {rows, columns}};
    snprintf(t->name, sizeof t->name, "%s", name);
    snprintf(t->dtype, sizeof t->dtype, "%s", dtype);
    const size_t width = strstr(dtype, "64") ? 8 : strstr(dtype, "32") ? 4 : 2;
    t->n_bytes = rows * (columns ? columns : 1) * width;
    t->data = calloc(t->n_bytes, 1);
}

void edit_set_rows(struct edit_tensor *t, size_t rows)
{
    const size_t n_bytes = t->n_bytes / t->dims[0] * rows;
    unsigned char *data = calloc(n_bytes + 1, 1);
    memcpy(data, t->data, n_bytes < t->n_bytes ? n_bytes : t->n_bytes);
    free(t->data);
    t->data = data;
    t->dims[0] = rows;
    t->n_bytes = n_bytes;
}

void edit_set_f32(struct edit_tensor *t, size_t i, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    assert_true(4 * i + 4 <= t->n_bytes);
    for (int b = 0; b < 4; b++) t->data[4 * i + (size_t)b] = (unsigned char)(bits >> (8 * b));
}
