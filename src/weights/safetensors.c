/* SPDX-License-Identifier: Apache-2.0
 *
 * See safetensors.h. The rules are those of the reference (huggingface/safetensors,
 * Metadata::validate): the tensors, sorted by offset, must cover the data exactly, each as long as
 * its shape and type say. So no byte of the file is unaccounted for, and none is read twice under
 * two names.
 *
 * Stricter than the reference: the header limit, at most CUVEE__MAX_DIMS dimensions, the length of
 * names. Unknown keys of an entry are ignored, as there. The data may lie at any alignment: readers
 * never cast. */
#include "weights/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/json.h"

#define LENGTH_BYTES 8

static const struct dtype_rule {
    const char *name;
    enum dtype dtype;
    unsigned n_bits;
} dtype_rules[] = {
    {"F32", DTYPE_F32, 32},       {"F16", DTYPE_F16, 16},         {"BF16", DTYPE_BF16, 16},
    {"F64", DTYPE_F64, 64},       {"BOOL", DTYPE_OTHER, 8},       {"U8", DTYPE_OTHER, 8},
    {"I8", DTYPE_OTHER, 8},       {"U16", DTYPE_OTHER, 16},       {"I16", DTYPE_OTHER, 16},
    {"U32", DTYPE_OTHER, 32},     {"I32", DTYPE_OTHER, 32},       {"U64", DTYPE_OTHER, 64},
    {"I64", DTYPE_OTHER, 64},     {"C64", DTYPE_OTHER, 64},       {"F8_E5M2", DTYPE_OTHER, 8},
    {"F8_E4M3", DTYPE_OTHER, 8},  {"F8_E8M0", DTYPE_OTHER, 8},    {"F8_E4M3FNUZ", DTYPE_OTHER, 8},
    {"F8_E5M2FNUZ", DTYPE_OTHER, 8}, {"F6_E2M3", DTYPE_OTHER, 6}, {"F6_E3M2", DTYPE_OTHER, 6},
    {"F4", DTYPE_OTHER, 4},
};

/* ---- one entry of the header; messages get the file and the tensor in front by the caller ---- */

static int read_dtype(const json_t *entry, struct tensor *t, unsigned *ret_bits, cuvee_error *err)
{
    const char *name = json_string_value(json_object_get(entry, "dtype"));
    if (!name) return cuvee__fail(err, CUVEE_E_FORMAT, "no dtype, or not a string");
    for (size_t i = 0; i < sizeof dtype_rules / sizeof dtype_rules[0]; i++) {
        if (strcmp(name, dtype_rules[i].name) != 0) continue;
        t->dtype = dtype_rules[i].dtype;
        t->dtype_name = dtype_rules[i].name;
        *ret_bits = dtype_rules[i].n_bits;
        return CUVEE_OK;
    }
    return cuvee__fail(err, CUVEE_E_FORMAT, "dtype '%s' is not one of safetensors", name);
}

/* A JSON integer >= 0. */
static bool read_size(const json_t *value, size_t *ret)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    const uint64_t n = (uint64_t)json_integer_value(value);
    if (n > SIZE_MAX) return false;
    *ret = (size_t)n;
    return true;
}

static int read_shape(const json_t *entry, struct tensor *t, cuvee_error *err)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape)) return cuvee__fail(err, CUVEE_E_FORMAT, "no shape, or not an array");
    t->n_dims = json_array_size(shape);
    if (t->n_dims > CUVEE__MAX_DIMS)
        return cuvee__fail(err, CUVEE_E_LIMIT, "%zu dimensions, limit is %d", t->n_dims,
                           CUVEE__MAX_DIMS);
    t->n_elements = 1;
    for (size_t i = 0; i < t->n_dims; i++) {
        if (!read_size(json_array_get(shape, i), &t->dims[i]))
            return cuvee__fail(err, CUVEE_E_FORMAT, "dimension %zu is not a whole number >= 0", i);
        if (!cuvee__mul(t->n_elements, t->dims[i], &t->n_elements))
            return cuvee__fail(err, CUVEE_E_FORMAT, "shape overflows at dimension %zu (%zu)", i,
                               t->dims[i]);
    }
    return CUVEE_OK;
}

/* The range within the data section. */
static int read_range(const json_t *entry, size_t data_len, size_t *ret_begin, size_t *ret_end,
                      cuvee_error *err)
{
    const json_t *range = json_object_get(entry, "data_offsets");
    size_t begin, end;
    if (json_array_size(range) != 2 || !read_size(json_array_get(range, 0), &begin) ||
        !read_size(json_array_get(range, 1), &end))
        return cuvee__fail(err, CUVEE_E_FORMAT, "data_offsets is not two whole numbers >= 0");
    if (begin > end)
        return cuvee__fail(err, CUVEE_E_FORMAT, "bytes %zu..%zu run backwards", begin, end);
    if (end > data_len)
        return cuvee__fail(
            err, CUVEE_E_FORMAT,
            "bytes %zu..%zu lie past the end of the data (%zu bytes): file truncated?", begin, end,
            data_len);
    *ret_begin = begin;
    *ret_end = end;
    return CUVEE_OK;
}

static int read_tensor(const json_t *entry, struct span file, size_t data_off, struct tensor *t,
                       cuvee_error *err)
{
    unsigned n_bits = 0;
    size_t begin = 0, end = 0, total_bits;
    int rc;
    if (!json_is_object(entry)) return cuvee__fail(err, CUVEE_E_FORMAT, "entry is not an object");
    if ((rc = read_dtype(entry, t, &n_bits, err)) < 0) return rc;
    if ((rc = read_shape(entry, t, err)) < 0) return rc;
    if ((rc = read_range(entry, file.len - data_off, &begin, &end, err)) < 0) return rc;
    if (!cuvee__mul(t->n_elements, n_bits, &total_bits))
        return cuvee__fail(err, CUVEE_E_FORMAT, "%zu elements of %s overflow", t->n_elements,
                           t->dtype_name);
    if (total_bits % 8)
        return cuvee__fail(err, CUVEE_E_FORMAT, "%zu elements of %s are no whole number of bytes",
                           t->n_elements, t->dtype_name);
    t->n_bytes = total_bits / 8;
    if (t->n_bytes != end - begin)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "bytes %zu..%zu are %zu, but %zu elements of %s need %zu", begin, end,
                           end - begin, t->n_elements, t->dtype_name, t->n_bytes);
    t->offset = data_off + begin;
    t->data = (const unsigned char *)file.ptr + t->offset;
    return CUVEE_OK;
}

static int check_metadata(json_t *metadata, cuvee_error *err)
{
    if (!json_is_object(metadata))
        return cuvee__fail(err, CUVEE_E_FORMAT, "__metadata__ is not an object");
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value))
            return cuvee__fail(err, CUVEE_E_FORMAT, "__metadata__ value of '%s' is not a string",
                               key);
    }
    return CUVEE_OK;
}

/* ---- the header as a whole ---- */

static int find_header(struct span file, struct span *ret_header, cuvee_error *err)
{
    static const char lfs[] = "version https://git-lfs";
    if (!file.len) return cuvee__fail(err, CUVEE_E_FORMAT, "empty file");
    if (file.len >= sizeof lfs - 1 && memcmp(file.ptr, lfs, sizeof lfs - 1) == 0)
        return cuvee__fail(
            err, CUVEE_E_FORMAT,
            "is a Git LFS pointer, not the file itself; fetch it with: git lfs pull");
    if (file.len < LENGTH_BYTES)
        return cuvee__fail(err, CUVEE_E_FORMAT, "file ends at byte %zu, inside the length field",
                           file.len);
    const uint64_t n = cuvee__load_le64(file.ptr);
    if (n > file.len - LENGTH_BYTES)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "header claims %" PRIu64
                           " bytes, file has %zu: truncated, or not safetensors",
                           n, file.len - LENGTH_BYTES);
    if (n > CUVEE__MAX_HEADER_BYTES)
        return cuvee__fail(err, CUVEE_E_LIMIT, "header claims %" PRIu64 " bytes, limit is %d", n,
                           CUVEE__MAX_HEADER_BYTES);
    *ret_header = (struct span){file.ptr + LENGTH_BYTES, (size_t)n};
    if (!n || *ret_header->ptr != '{')
        return cuvee__fail_at(err, CUVEE_E_FORMAT, LENGTH_BYTES, "header does not begin with '{'");
    return CUVEE_OK;
}

static int compare_offsets(const void *a, const void *b)
{
    const struct tensor *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    /* Empty ones come first. */
    if (x->n_bytes != y->n_bytes) return x->n_bytes < y->n_bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int compare_names(const void *a, const void *b)
{
    const struct tensor *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* The tensors, in order of offset, must follow each other from data_off to the end of the file. */
static int check_layout(const struct safetensors *s, size_t data_off, size_t file_len,
                        cuvee_error *err)
{
    size_t at = data_off;
    for (size_t i = 0; i < s->n_tensors; i++) {
        const struct tensor *t = &s->tensors[i];
        const size_t begin = t->offset - data_off, end = begin + t->n_bytes;
        if (t->offset < at)
            return cuvee__fail_at(
                err, CUVEE_E_FORMAT, (int64_t)t->offset,
                "tensor '%s': bytes %zu..%zu overlap tensor '%s', which ends at %zu", t->name,
                begin, end, s->tensors[i - 1].name, at - data_off);
        if (t->offset > at)
            return cuvee__fail_at(err, CUVEE_E_FORMAT, (int64_t)at,
                                  "tensor '%s': bytes %zu..%zu leave a hole before them, from %zu",
                                  t->name, begin, end, at - data_off);
        at += t->n_bytes;
    }
    if (at < file_len)
        return cuvee__fail_at(err, CUVEE_E_FORMAT, (int64_t)at,
                              "%zu bytes after the last tensor, from byte %zu of the file on",
                              file_len - at, at);
    return CUVEE_OK;
}

static int read_entries(json_t *header, struct span file, size_t data_off, struct safetensors *s,
                        cuvee_error *err)
{
    char *names = s->names;
    const char *key;
    json_t *entry;
    json_object_foreach(header, key, entry) {
        int rc;
        if (strcmp(key, "__metadata__") == 0) {
            if ((rc = check_metadata(entry, err)) < 0) return rc;
            continue;
        }
        const size_t n = strlen(key);
        if (n > CUVEE__MAX_TENSOR_NAME)
            return cuvee__fail(err, CUVEE_E_LIMIT,
                               "tensor %zu has a name of %zu bytes, limit is %d", s->n_tensors, n,
                               CUVEE__MAX_TENSOR_NAME);
        struct tensor *t = &s->tensors[s->n_tensors++];
        *t = (struct tensor){.name = memcpy(names, key, n + 1)};
        names += n + 1;
        if ((rc = read_tensor(entry, file, data_off, t, err)) < 0) {
            cuvee__error_prefix(err, "tensor '%s'", t->name);
            return rc;
        }
    }
    return CUVEE_OK;
}

static int parse(struct span file, struct safetensors *s, cuvee_error *err)
{
    struct span header;
    json_t *json = NULL;
    int rc = find_header(file, &header, err);
    if (rc < 0) return rc;
    rc = cuvee__json_parse(header, "header", &json, err);
    if (rc < 0) {
        if (err && err->offset >= 0) err->offset += LENGTH_BYTES;
        return rc;
    }
    const size_t data_off = LENGTH_BYTES + header.len;
    s->tensors = cuvee__alloc_array(json_object_size(json), sizeof *s->tensors);
    s->names = cuvee__malloc(header.len); /* room: in JSON a name has two quotes, here one NUL */
    rc = s->tensors && s->names ? read_entries(json, file, data_off, s, err)
                                : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    json_decref(json);
    if (rc < 0) return rc;
    qsort(s->tensors, s->n_tensors, sizeof *s->tensors, compare_offsets);
    rc = check_layout(s, data_off, file.len, err);
    qsort(s->tensors, s->n_tensors, sizeof *s->tensors, compare_names);
    return rc;
}

int cuvee__safetensors_parse(struct span file, const char *path, struct safetensors *ret,
                             cuvee_error *err)
{
    struct safetensors s = {0};
    const int rc = parse(file, &s, err);
    if (rc < 0) {
        cuvee__error_prefix(err, "%s", path);
        cuvee__safetensors_deinit(&s);
        return rc;
    }
    *ret = s;
    return CUVEE_OK;
}

void cuvee__safetensors_deinit(struct safetensors *s)
{
    cuvee__free(s->tensors);
    cuvee__free(s->names);
    *s = (struct safetensors){0};
}

struct tensor *cuvee__safetensors_find(const struct safetensors *s, const char *name)
{
    const struct tensor key = {.name = name};
    return s->n_tensors ? bsearch(&key, s->tensors, s->n_tensors, sizeof key, compare_names) : NULL;
}
