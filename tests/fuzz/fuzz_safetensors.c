/* SPDX-License-Identifier: Apache-2.0
 *
 * A safetensors file. Each input is parsed as it is, and once more with the length field set to
 * where the header seems to end: a mutated header has seldom the length that its first bytes
 * claim. */
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "weights/safetensors.h"

/* Divides where the parser multiplies, so that a product that wrapped is seen. */
static void check_elements(const struct tensor *t)
{
    size_t rest = t->n_elements;
    bool is_empty = false;
    for (size_t i = 0; i < t->n_dims; i++) {
        is_empty |= t->dims[i] == 0;
        if (t->dims[i] == 0) continue;
        HOLDS(rest % t->dims[i] == 0);
        rest /= t->dims[i];
    }
    HOLDS(rest == (is_empty ? 0 : 1));
}

static void check(struct span file)
{
    struct safetensors s;
    cuvee_error err = {.msg = ""};
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const int rc = cuvee__safetensors_parse(file, "f", &s, &err);
    if (rc < 0) {
        HOLDS(rc == CUVEE_E_FORMAT || rc == CUVEE_E_LIMIT);
        HOLDS(err.code == rc && strncmp(err.msg, "f: ", 3) == 0);
        HOLDS(err.offset >= -1 && err.offset <= (int64_t)file.len);
    } else {
        size_t total = 8 + (size_t)cuvee__load_le64(file.ptr);
        for (size_t i = 0; i < s.n_tensors; i++) {
            const struct tensor *t = &s.tensors[i];
            HOLDS(i == 0 || strcmp(s.tensors[i - 1].name, t->name) < 0);
            HOLDS(cuvee__safetensors_find(&s, t->name) == t);
            HOLDS(t->n_dims <= CUVEE__MAX_DIMS);
            check_elements(t);
            HOLDS(t->offset <= file.len && t->n_bytes <= file.len - t->offset);
            HOLDS((const char *)t->data == file.ptr + t->offset);
            total += t->n_bytes;
        }
        HOLDS(total == file.len);
        cuvee__safetensors_deinit(&s);
    }
    HOLDS(cuvee__alloc_count() - cuvee__free_count() == live);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    check((struct span){(const char *)bytes, len});
    size_t end = len;
    while (end > 8 && bytes[end - 1] != '}') end--;
    if (end <= 8) return 0;
    char *fixed = malloc(len);
    if (!fixed) return 0;
    memcpy(fixed, bytes, len);
    for (size_t i = 0; i < 8; i++) fixed[i] = (char)((end - 8) >> 8 * i);
    check((struct span){fixed, len});
    free(fixed);
    return 0;
}
