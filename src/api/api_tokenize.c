/* SPDX-License-Identifier: Apache-2.0 */
#include "api/args.h"
#include "base/alloc.h"
#include "base/error.h"
#include "cuvee/cuvee.h"
#include "model/model.h"

static const struct struct_sizes options_sizes =
    STRUCT_SIZES(cuvee_tokenize_options, truncation);

/* The struct and its arrays in one block; the pointers first, so that each part is aligned. */
static cuvee_tokens *tokens_create(size_t max_length)
{
    const size_t item_bytes = sizeof(char *) + 2 * sizeof(int32_t);
    cuvee_tokens *t = cuvee__calloc(1, sizeof *t + max_length * item_bytes);
    if (!t) return NULL;
    t->strings = (const char **)(t + 1);
    t->ids = (int32_t *)(t->strings + max_length);
    t->type_ids = t->ids + max_length;
    return t;
}

int cuvee_tokenize(const cuvee_model *model, const cuvee_text *text,
                   const cuvee_tokenize_options *options, cuvee_tokens **ret_tokens,
                   cuvee_error *err)
{
    if (!model) return cuvee__fail(err, CUVEE_E_ARGUMENT, "model is NULL");
    if (!text) return cuvee__fail(err, CUVEE_E_ARGUMENT, "text is NULL");
    if (!ret_tokens) return cuvee__fail(err, CUVEE_E_ARGUMENT, "ret_tokens is NULL");
    if (cuvee__model_external(model))
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "a script has no tokenizer of ours");
    cuvee_tokenize_options o;
    int rc = cuvee__options_read(&options_sizes, options, &o, err);
    if (rc == CUVEE_OK)
        rc = cuvee__enum_check("truncation", o.truncation, CUVEE_TRUNCATE_ERROR, err);
    if (rc == CUVEE_OK)
        rc = cuvee__texts_check(model, text, 1, o.max_length, &o.max_length, err);
    if (rc < 0) return rc;

    const struct tokenizer *tokenizer = cuvee__model_tokenizer(model);
    struct encoder *encoder = NULL;
    cuvee_tokens *tokens = tokens_create(o.max_length);
    if (!tokens)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for %u tokens",
                           (unsigned)o.max_length);
    rc = cuvee__encoder_create(tokenizer, &encoder, err);
    if (rc < 0) goto done;

    struct encoding enc;
    rc = cuvee__encode(encoder, text, o.max_length, o.truncation, tokens->ids, tokens->type_ids,
                       &enc);
    if (rc == CUVEE_E_TOO_LONG)
        cuvee__fail(err, rc, "the text has more than %u tokens", (unsigned)o.max_length);
    else if (rc < 0)
        cuvee__fail(err, rc, "cannot tokenize: %s", cuvee_code_name(rc));
    if (rc < 0) goto done;
    tokens->n = enc.n;
    tokens->truncated = enc.truncated;
    tokens->replaced = enc.replaced;
    for (size_t i = 0; i < enc.n; i++)
        tokens->strings[i] = cuvee__tokenizer_string(tokenizer, tokens->ids[i]);
    *ret_tokens = tokens;
    tokens = NULL;
done:
    cuvee__encoder_free(encoder);
    cuvee__free(tokens);
    return rc;
}

void cuvee_tokens_free(cuvee_tokens *tokens)
{
    cuvee__free(tokens);
}
