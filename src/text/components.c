/* SPDX-License-Identifier: Apache-2.0
 *
 * Normaliser, pre-tokenizer and post-processor of tokenizer.json. A type that is not known here is
 * refused by its name: a near miss would give ids that look right. */
#include "base/error.h"
#include "text/json_fields.h"
#include "text/pipeline.h"
#include "text/shown.h"

/* ------------------------------------------------------------------------------------------ */
/* Normaliser                                                                                 */

bool cuvee__normalizer_add_bert(struct normalizer *n, bool clean, bool cjk, bool strip_accents,
                                bool lowercase)
{
    return (!clean || cuvee__normalizer_add(n, NORMALIZE_CLEAN)) &&
           (!cjk || cuvee__normalizer_add(n, NORMALIZE_CJK)) &&
           (!strip_accents || (cuvee__normalizer_add(n, NORMALIZE_NFD) &&
                               cuvee__normalizer_add(n, NORMALIZE_STRIP_MN))) &&
           (!lowercase || cuvee__normalizer_add(n, NORMALIZE_LOWER));
}

static int too_many_steps(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_LIMIT, "normalizer: more than %d steps",
                       CUVEE__MAX_NORMALIZER_STEPS);
}

static int add_bert(struct normalizer *n, const json_t *value, cuvee_error *err)
{
    bool clean, cjk, lowercase;
    int rc = cuvee__field_bool(value, "normalizer", "clean_text", &clean, err);
    if (rc == CUVEE_OK)
        rc = cuvee__field_bool(value, "normalizer", "handle_chinese_chars", &cjk, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool(value, "normalizer", "lowercase", &lowercase, err);
    if (rc < 0) return rc;
    bool strip_accents = lowercase; /* what null means */
    rc = cuvee__field_bool_or(value, "normalizer", "strip_accents", &strip_accents, err);
    if (rc < 0) return rc;
    return cuvee__normalizer_add_bert(n, clean, cjk, strip_accents, lowercase)
               ? CUVEE_OK
               : too_many_steps(err);
}

static int add_normalizer(struct normalizer *n, const json_t *value, cuvee_error *err);

static int add_sequence(struct normalizer *n, const json_t *value, cuvee_error *err)
{
    json_t *list;
    int rc = cuvee__field_array(value, "normalizer", "normalizers", &list, err);
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(list); i++)
        rc = add_normalizer(n, json_array_get(list, i), err);
    return rc;
}

static int add_normalizer(struct normalizer *n, const json_t *value, cuvee_error *err)
{
    static const struct {
        const char *type;
        enum normalizer_step step;
    } simple[] = {{"NFD", NORMALIZE_NFD},
                  {"Lowercase", NORMALIZE_LOWER},
                  {"StripAccents", NORMALIZE_STRIP_MARKS}};
    struct span type;
    const int rc = cuvee__field_string(value, "normalizer", "type", &type, err);
    if (rc < 0) return rc;
    if (span_is(type, "BertNormalizer")) return add_bert(n, value, err);
    if (span_is(type, "Sequence")) return add_sequence(n, value, err);
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if (span_is(type, simple[i].type))
            return cuvee__normalizer_add(n, simple[i].step) ? CUVEE_OK : too_many_steps(err);
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "normalizer of type '%.*s' is not supported",
                       SHOWN(type));
}

int cuvee__component_normalizer(struct normalizer *n, const json_t *value, cuvee_error *err)
{
    int rc = CUVEE_OK;
    if (value && !json_is_null(value)) rc = add_normalizer(n, value, err);
    if (rc == CUVEE_OK) cuvee__normalizer_finish(n);
    return rc;
}

/* ------------------------------------------------------------------------------------------ */
/* Pre-tokenizer                                                                              */

int cuvee__component_pretokenizer(struct pretokenizer *p, const json_t *value, cuvee_error *err)
{
    static const struct {
        const char *type;
        enum pretokenizer_kind kind;
    } known[] = {{"BertPreTokenizer", PRETOKENIZE_BERT},
                 {"Whitespace", PRETOKENIZE_WORDS},
                 {"WhitespaceSplit", PRETOKENIZE_WHITE_SPACE}};
    if (!value || json_is_null(value))
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "no pre_tokenizer: not supported");
    struct span type;
    const int rc = cuvee__field_string(value, "pre_tokenizer", "type", &type, err);
    if (rc < 0) return rc;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!span_is(type, known[i].type)) continue;
        cuvee__pretokenizer_init(p, known[i].kind);
        return CUVEE_OK;
    }
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "pre_tokenizer of type '%.*s' is not supported",
                       SHOWN(type));
}

/* ------------------------------------------------------------------------------------------ */
/* Post-processor                                                                             */

int cuvee__template_set_bert(struct token_template *single, struct token_template *pair,
                             int32_t cls, int32_t sep, cuvee_error *err)
{
    const struct template_part parts[] = {
        {cls, 0}, {TEMPLATE_TEXT_A, 0}, {sep, 0}, {TEMPLATE_TEXT_B, 1}, {sep, 1}};
    int rc = CUVEE_OK;
    for (size_t i = 0; rc == CUVEE_OK && i < 3; i++)
        rc = cuvee__template_add(single, parts[i].id, parts[i].type_id, err);
    for (size_t i = 0; rc == CUVEE_OK && i < 5; i++)
        rc = cuvee__template_add(pair, parts[i].id, parts[i].type_id, err);
    return rc;
}

static int check_id(const json_t *id, size_t vocab_size, const char *token, cuvee_error *err)
{
    if (!json_is_integer(id)) return cuvee__field_wrong(id, "post_processor", token, "an id", err);
    if (json_integer_value(id) < 0 || (uint64_t)json_integer_value(id) >= vocab_size)
        return cuvee__fail(
            err, CUVEE_E_FORMAT,
            "post_processor: token '%.*s' has id %lld, the model has rows for 0 to %zu",
            SHOWN(span_of(token)), (long long)json_integer_value(id), vocab_size - 1);
    return CUVEE_OK;
}

/* ["[SEP]", 102] */
static int bert_token(const json_t *value, const char *key, size_t vocab_size, int32_t *ret_id,
                      cuvee_error *err)
{
    const json_t *pair = json_object_get(value, key), *text = json_array_get(pair, 0);
    if (json_array_size(pair) != 2 || !json_is_string(text))
        return cuvee__field_wrong(pair, "post_processor", key, "a list of token and id", err);
    const json_t *id = json_array_get(pair, 1);
    const int rc = check_id(id, vocab_size, json_string_value(text), err);
    if (rc == CUVEE_OK) *ret_id = (int32_t)json_integer_value(id);
    return rc;
}

static int bert_processing(struct tokenizer *t, const json_t *value, size_t vocab_size,
                           cuvee_error *err)
{
    int32_t cls, sep;
    int rc = bert_token(value, "cls", vocab_size, &cls, err);
    if (rc == CUVEE_OK) rc = bert_token(value, "sep", vocab_size, &sep, err);
    return rc < 0 ? rc : cuvee__template_set_bert(&t->single, &t->pair, cls, sep, err);
}

/* A special token of a template may stand for several ids. */
static int add_special(struct token_template *t, const json_t *specials, const char *token,
                       int32_t type_id, size_t vocab_size, cuvee_error *err)
{
    const json_t *entry = json_object_get(specials, token);
    if (!entry)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "post_processor.special_tokens lacks '%.*s', which a template uses",
                           SHOWN(span_of(token)));
    json_t *ids;
    int rc = cuvee__field_array(entry, "post_processor.special_tokens", "ids", &ids, err);
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        rc = check_id(id, vocab_size, token, err);
        if (rc == CUVEE_OK)
            rc = cuvee__template_add(t, (int32_t)json_integer_value(id), type_id, err);
    }
    return rc;
}

/* {"SpecialToken": {"id": "[CLS]", "type_id": 0}} or {"Sequence": {"id": "A", "type_id": 0}} */
static int add_part(struct token_template *t, const json_t *piece, const json_t *specials,
                    size_t vocab_size, cuvee_error *err)
{
    static const char where[] = "post_processor template";
    const bool is_special = json_object_get(piece, "SpecialToken");
    json_t *part;
    struct span id;
    int64_t type_id;
    int rc =
        cuvee__field_object(piece, where, is_special ? "SpecialToken" : "Sequence", &part, err);
    if (rc == CUVEE_OK) rc = cuvee__field_string(part, where, "id", &id, err);
    if (rc == CUVEE_OK)
        rc = cuvee__field_integer(part, where, "type_id", 0, CUVEE__MAX_TYPE_ID, &type_id, err);
    if (rc < 0) return rc;
    if (is_special) return add_special(t, specials, id.ptr, (int32_t)type_id, vocab_size, err);
    if (!span_is(id, "A") && !span_is(id, "B"))
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s: sequence '%.*s', need A or B", where,
                           SHOWN(id));
    return cuvee__template_add(t, span_is(id, "A") ? TEMPLATE_TEXT_A : TEMPLATE_TEXT_B,
                               (int32_t)type_id, err);
}

static int add_template(struct token_template *t, const json_t *value, const char *key,
                        size_t vocab_size, cuvee_error *err)
{
    json_t *pieces, *specials;
    int rc = cuvee__field_array(value, "post_processor", key, &pieces, err);
    if (rc == CUVEE_OK)
        rc = cuvee__field_object(value, "post_processor", "special_tokens", &specials, err);
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(pieces); i++)
        rc = add_part(t, json_array_get(pieces, i), specials, vocab_size, err);
    return rc;
}

int cuvee__component_post_processor(struct tokenizer *t, const json_t *value, size_t vocab_size,
                                    cuvee_error *err)
{
    if (!value || json_is_null(value))
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "no post_processor: an empty text would have no tokens");
    struct span type;
    int rc = cuvee__field_string(value, "post_processor", "type", &type, err);
    if (rc < 0) return rc;
    if (span_is(type, "BertProcessing")) {
        rc = bert_processing(t, value, vocab_size, err);
    } else if (span_is(type, "TemplateProcessing")) {
        rc = add_template(&t->single, value, "single", vocab_size, err);
        if (rc == CUVEE_OK) rc = add_template(&t->pair, value, "pair", vocab_size, err);
    } else {
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "post_processor of type '%.*s' is not supported", SHOWN(type));
    }
    if (rc == CUVEE_OK) rc = cuvee__template_check(&t->single, false, "single", err);
    return rc < 0 ? rc : cuvee__template_check(&t->pair, true, "pair", err);
}
