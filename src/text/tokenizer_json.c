/* SPDX-License-Identifier: Apache-2.0
 *
 * tokenizer.json: model, added tokens, and the order in which the sections depend on each other.
 * The sections truncation and padding are presets that every caller overrides, and decoder is for
 * the way back: all three are ignored. */
#include "base/error.h"
#include "text/json_fields.h"
#include "text/pipeline.h"
#include "text/shown.h"

/* Files from before 2021 do not name the model's type; the reference then goes by the fields. */
static const char *model_type(const json_t *model)
{
    const json_t *type = json_object_get(model, "type");
    if (type) return json_is_string(type) ? json_string_value(type) : NULL;
    if (json_object_get(model, "merges")) return "BPE";
    if (json_object_get(model, "max_input_chars_per_word")) return "WordPiece";
    return json_is_array(json_object_get(model, "vocab")) ? "Unigram" : "WordLevel";
}

static int fill_vocabulary(struct vocabulary *v, json_t *words, size_t vocab_size, cuvee_error *err)
{
    int rc = cuvee__vocabulary_init(v, json_object_size(words), vocab_size, err);
    const char *word;
    json_t *id;
    json_object_foreach(words, word, id)
    {
        if (rc < 0) break;
        if (!json_is_integer(id)) return cuvee__field_wrong(id, "model.vocab", word, "an id", err);
        rc = cuvee__vocabulary_add(v, span_of(word), json_integer_value(id), err);
    }
    if (rc < 0) cuvee__error_prefix(err, "model.vocab");
    return rc;
}

int cuvee__component_model(struct wordpiece *w, const json_t *value, size_t vocab_size,
                           cuvee_error *err)
{
    const char *type = model_type(value);
    if (!type)
        return cuvee__field_wrong(json_object_get(value, "type"), "model", "type", "a string", err);
    if (strcmp(type, "WordPiece") != 0)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "model of type '%.*s' is not supported",
                           SHOWN(span_of(type)));
    struct span unk, prefix;
    int64_t max_chars;
    json_t *words;
    int rc = cuvee__field_string(value, "model", "unk_token", &unk, err);
    if (rc == CUVEE_OK)
        rc = cuvee__field_string(value, "model", "continuing_subword_prefix", &prefix, err);
    if (rc == CUVEE_OK)
        rc = cuvee__field_integer(value, "model", "max_input_chars_per_word", 1,
                                  CUVEE__MAX_WORD_CHARS, &max_chars, err);
    if (rc == CUVEE_OK) rc = cuvee__field_object(value, "model", "vocab", &words, err);
    if (rc < 0) return rc;
    if (json_object_size(words) == 0)
        return cuvee__fail(err, CUVEE_E_FORMAT, "model.vocab is empty");
    rc = fill_vocabulary(&w->vocabulary, words, vocab_size, err);
    return rc < 0 ? rc : cuvee__wordpiece_finish(w, prefix, unk, (size_t)max_chars, err);
}

static int add_token(struct tokenizer *t, const json_t *value, cuvee_error *err)
{
    static const char where[] = "added_tokens";
    struct added_token token = {.id = -1};
    int64_t id;
    bool special; /* only matters for decoding, but the reference wants it */
    int rc = cuvee__field_string(value, where, "content", &token.content, err);
    if (rc == CUVEE_OK) rc = cuvee__field_integer(value, where, "id", 0, INT32_MAX, &id, err);
    if (rc == CUVEE_OK)
        rc = cuvee__field_bool(value, where, "single_word", &token.single_word, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool(value, where, "lstrip", &token.lstrip, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool(value, where, "rstrip", &token.rstrip, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool(value, where, "normalized", &token.normalized, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool(value, where, "special", &special, err);
    if (rc == CUVEE_OK)
        rc = cuvee__added_tokens_add(&t->added, &t->wordpiece.vocabulary, &token, err);
    if (rc < 0) return rc;
    if (token.id >= 0 && token.id != id)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "added_tokens: '%.*s' says id %d, but its place in the vocabulary is %d",
                           SHOWN(token.content), (int)id, (int)token.id);
    return CUVEE_OK;
}

int cuvee__component_added_tokens(struct tokenizer *t, const json_t *list, cuvee_error *err)
{
    if (list && !json_is_array(list))
        return cuvee__field_wrong(list, "", "added_tokens", "a list", err);
    int rc = CUVEE_OK;
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(list); i++)
        rc = add_token(t, json_array_get(list, i), err);
    return rc < 0 ? rc : cuvee__added_tokens_finish(&t->added, &t->normalizer, err);
}

int cuvee__pipeline_from_json(struct tokenizer *t, const json_t *root, size_t vocab_size,
                              cuvee_error *err)
{
    json_t *model;
    const json_t *version = json_object_get(root, "version");
    if (!json_is_object(root)) return cuvee__field_wrong(root, "", "document", "an object", err);
    if (version && (!json_is_string(version) || strcmp(json_string_value(version), "1.0") != 0))
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "version is not \"1.0\"");
    int rc = cuvee__field_object(root, "", "model", &model, err);
    if (rc == CUVEE_OK) rc = cuvee__component_model(&t->wordpiece, model, vocab_size, err);
    if (rc == CUVEE_OK)
        rc = cuvee__component_normalizer(&t->normalizer, json_object_get(root, "normalizer"), err);
    if (rc == CUVEE_OK)
        rc = cuvee__component_pretokenizer(&t->pretokenizer, json_object_get(root, "pre_tokenizer"),
                                           err);
    if (rc == CUVEE_OK)
        rc = cuvee__component_post_processor(t, json_object_get(root, "post_processor"), vocab_size,
                                             err);
    if (rc == CUVEE_OK)
        rc = cuvee__component_added_tokens(t, json_object_get(root, "added_tokens"), err);
    return rc;
}
