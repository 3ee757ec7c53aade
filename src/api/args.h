/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of arguments that several calls share. Each returns CUVEE_OK or fails with
 * CUVEE_E_ARGUMENT and a message that names the argument. */
#ifndef CUVEE_API_ARGS_H
#define CUVEE_API_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "model/model.h"

/* A public struct that starts with struct_size, and the sizes that callers may have compiled. */
struct struct_sizes {
    const char *name;
    size_t first; /* up to the last field of the version that brought it; never changes */
    size_t last;  /* today's */
};

#define STRUCT_SIZES(type, last_first_field)                                                       \
    {                                                                                              \
        .name = #type,                                                                             \
        .first = offsetof(type, last_first_field) + sizeof(((type *)0)->last_first_field),         \
        .last = sizeof(type)                                                                       \
    }

/* Copy a caller's options into ret (last bytes), fields that it does not know as zero; NULL = all
 * zero. */
int cuvee__options_read(const struct struct_sizes *sizes, const void *options, void *ret,
                        cuvee_error *err);

/* Check a caller's info struct before it is filled. */
int cuvee__info_check(const struct struct_sizes *sizes, const void *info, cuvee_error *err);

/* Copy a filled info struct (last bytes) to the caller's, no more than it knows; keeps its
 * struct_size. */
void cuvee__info_write(const struct struct_sizes *sizes, void *info, const void *filled);

/* value must be 0 .. max. */
int cuvee__enum_check(const char *name, uint32_t value, uint32_t max, cuvee_error *err);

/* Missing pointers; room for special tokens.
 *   max_length      the caller's; 0 = the model's.
 *   ret_max_length  the number that holds; never 0. */
int cuvee__texts_check(const cuvee_model *model, const cuvee_text *texts, size_t n,
                       uint32_t max_length, uint32_t *ret_max_length, cuvee_error *err);

#endif
