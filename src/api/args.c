/* SPDX-License-Identifier: Apache-2.0 */
#include "api/args.h"

#include <string.h>

#include "base/checked.h"
#include "base/error.h"

static int size_check(const struct struct_sizes *sizes, const void *ptr, size_t *ret_bytes,
                      cuvee_error *err)
{
    size_t bytes;
    memcpy(&bytes, ptr, sizeof bytes);
    if (bytes < sizes->first)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "%s.struct_size is %zu: set it to sizeof(%s), at least %zu", sizes->name,
                           bytes, sizes->name, sizes->first);
    if (bytes > sizes->last)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "%s.struct_size is %zu, but library %s knows %zu bytes of it: "
                           "not set, or compiled against a newer header",
                           sizes->name, bytes, cuvee_version(), sizes->last);
    *ret_bytes = bytes;
    return CUVEE_OK;
}

int cuvee__options_read(const struct struct_sizes *sizes, const void *options, void *ret,
                        cuvee_error *err)
{
    size_t bytes = 0;
    if (options) {
        const int rc = size_check(sizes, options, &bytes, err);
        if (rc < 0) return rc;
    }
    memset(ret, 0, sizes->last);
    if (bytes) memcpy(ret, options, bytes);
    return CUVEE_OK;
}

int cuvee__info_check(const struct struct_sizes *sizes, const void *info, cuvee_error *err)
{
    size_t bytes;
    if (!info) return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s is NULL", sizes->name);
    return size_check(sizes, info, &bytes, err);
}

void cuvee__info_write(const struct struct_sizes *sizes, void *info, const void *filled)
{
    size_t bytes;
    memcpy(&bytes, info, sizeof bytes);
    bytes = cuvee__min(bytes, sizes->last);
    memcpy((char *)info + sizeof bytes, (const char *)filled + sizeof bytes, bytes - sizeof bytes);
}

int cuvee__enum_check(const char *name, uint32_t value, uint32_t max, cuvee_error *err)
{
    if (value <= max) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_ARGUMENT, "%s is %u, but must be 0 .. %u", name,
                       (unsigned)value, (unsigned)max);
}

static int text_check(const cuvee_text *text, size_t i, cuvee_error *err)
{
    if (!text->ptr && text->len)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "texts[%zu].ptr is NULL, but len is %zu", i,
                           text->len);
    if (!text->pair_ptr && text->pair_len)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "texts[%zu].pair_ptr is NULL, but pair_len is %zu", i, text->pair_len);
    return CUVEE_OK;
}

int cuvee__texts_check(const cuvee_model *model, const cuvee_text *texts, size_t n,
                       uint32_t max_length, uint32_t *ret_max_length, cuvee_error *err)
{
    if (!texts && n) return cuvee__fail(err, CUVEE_E_ARGUMENT, "texts is NULL, but n is %zu", n);
    bool has_pair = false;
    for (size_t i = 0; i < n; i++) {
        const int rc = text_check(&texts[i], i, err);
        if (rc < 0) return rc;
        has_pair = has_pair || texts[i].pair_ptr;
    }
    if (cuvee__model_external(model)) { /* counts no tokens; each text costs the same */
        *ret_max_length = 1;
        return CUVEE_OK;
    }
    const size_t limit = cuvee__model_max_length(model);
    if (max_length > limit)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "max_length is %u, but the model takes %zu tokens",
                           (unsigned)max_length, limit);
    if (max_length == 0) max_length = (uint32_t)limit;
    const size_t n_special = cuvee__tokenizer_n_special(cuvee__model_tokenizer(model), has_pair);
    if (max_length <= n_special)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "max_length is %u, but %s has %zu special tokens and needs one more",
                           (unsigned)max_length, has_pair ? "a pair" : "a text", n_special);
    *ret_max_length = max_length;
    return CUVEE_OK;
}
