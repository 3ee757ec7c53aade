/* SPDX-License-Identifier: Apache-2.0
 *
 * Take a safetensors file apart, change it, write it back: for tests of what models are called and
 * of what can be wrong with them. Failures end the test. */
#ifndef CUVEE_TESTS_MODEL_EDIT_CHECKPOINT_H
#define CUVEE_TESTS_MODEL_EDIT_CHECKPOINT_H

#include <stddef.h>

struct edit_tensor {
    char name[128];
    char dtype[8];
    size_t n_dims, dims[4];
    unsigned char *data;
    size_t n_bytes;
};

struct edit {
    struct edit_tensor *tensors;
    size_t n;
};

void edit_read(struct edit *e, const char *path);
void edit_write(const struct edit *e, const char *path);
void edit_free(struct edit *e);

struct edit_tensor *edit_find(struct edit *e, const char *name);
/* In every name: the first `old` becomes `now`. Returns how many names changed. */
size_t edit_rename(struct edit *e, const char *old, const char *now);
void edit_drop(struct edit *e, const char *name);
/* Add a tensor of zeros; dims[1] 0: one dimension. */
void edit_add(struct edit *e, const char *name, const char *dtype, size_t rows, size_t columns);
/* Change the rows, keeping what was there and filling with zeros. */
void edit_set_rows(struct edit_tensor *t, size_t rows);
/* Element i of an F32 tensor. */
void edit_set_f32(struct edit_tensor *t, size_t i, float value);

#endif
