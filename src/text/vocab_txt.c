/* SPDX-License-Identifier: Apache-2.0
 *
 * The pipeline of a directory without tokenizer.json: BERT's, with the words of vocab.txt and the
 * options of tokenizer_config.json. Special and added tokens come from added_tokens_decoder of the
 * configuration; where that is absent, from special_tokens_map.json and added_tokens.json. Follows
 * BertTokenizer of Transformers 5 (tokenization_utils_base.py, _from_pretrained). */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/json_fields.h"
#include "text/pipeline.h"
#include "text/shown.h"
#include "text/unicode.h"

/* With the colon, as messages want them: "tokenizer_config.json: do_lower_case: need ...". */
static const char config_name[] = "tokenizer_config.json:";
static const char map_name[] = "special_tokens_map.json:";

/* ------------------------------------------------------------------------------------------ */
/* vocab.txt                                                                                  */

static struct span trim_end(struct span line)
{
    while (line.len) {
        size_t at = line.len - 1, step;
        while (at && ((unsigned char)line.ptr[at] & 0xC0) == 0x80) at--;
        const uint32_t c = cuvee__utf8_decode(line.ptr + at, line.len - at, &step);
        if (!(unicode_record(c)->flags & UNICODE_SPACE)) break;
        line.len = at;
    }
    return line;
}

/* Id = number of the line from 0; of equal lines the last counts, and the others leave gaps. */
static int fill_vocabulary(struct vocabulary *v, struct span text, size_t vocab_size,
                           cuvee_error *err)
{
    const size_t valid = cuvee__utf8_valid_prefix(text.ptr ? text.ptr : "", text.len);
    if (valid < text.len)
        return cuvee__fail_at(err, CUVEE_E_FORMAT, (int64_t)valid, "not UTF-8 at byte %zu", valid);
    size_t n_lines = 0;
    for (size_t i = 0; i < text.len; i++) n_lines += text.ptr[i] == '\n';
    int rc = cuvee__vocabulary_init(v, n_lines + 1, vocab_size, err);
    int64_t id = 0;
    for (size_t at = 0; rc == CUVEE_OK && at < text.len; id++) {
        const char *end = memchr(text.ptr + at, '\n', text.len - at);
        const size_t len = end ? (size_t)(end - text.ptr) - at : text.len - at;
        rc = cuvee__vocabulary_replace(v, trim_end((struct span){text.ptr + at, len}), id, err);
        at += len + 1;
    }
    if (rc == CUVEE_OK && v->n_words == v->has_empty)
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "has no words");
    return rc;
}

/* ------------------------------------------------------------------------------------------ */
/* Special and added tokens                                                                   */

/* A token on its way into the list, with what decides its order there. */
struct source_token {
    struct added_token token;
    int64_t place; /* id that the file gives; -1 = none */
    bool normalized_given, special;
};

/* In the order in which the reference adds those that are not in the vocabulary. */
enum named_token {
    NAMED_BOS,
    NAMED_EOS,
    NAMED_UNK,
    NAMED_SEP,
    NAMED_PAD,
    NAMED_CLS,
    NAMED_MASK,
    N_NAMED
};

static const struct {
    const char *key, *preset;
    bool needed;
} named_tokens[N_NAMED] = {{"bos_token", NULL, false},     {"eos_token", NULL, false},
                           {"unk_token", "[UNK]", true},   {"sep_token", "[SEP]", true},
                           {"pad_token", "[PAD]", false},  {"cls_token", "[CLS]", true},
                           {"mask_token", "[MASK]", false}};

struct token_list {
    struct source_token *tokens;
    size_t n, room;
    struct source_token named[N_NAMED]; /* content.ptr NULL = none */
};

/* A token is written as a string or as an object with its flags. */
static int read_token(const json_t *value, const char *file, const char *key, bool special,
                      struct source_token *ret, cuvee_error *err)
{
    *ret = (struct source_token){.place = -1, .special = special};
    struct added_token *t = &ret->token;
    if (json_is_string(value)) {
        t->content = (struct span){json_string_value(value), json_string_length(value)};
        return CUVEE_OK;
    }
    if (!json_is_object(value)) return cuvee__field_wrong(value, file, key, "a token", err);
    int rc = cuvee__field_string(value, file, "content", &t->content, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool_or(value, file, "single_word", &t->single_word, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool_or(value, file, "lstrip", &t->lstrip, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool_or(value, file, "rstrip", &t->rstrip, err);
    if (rc == CUVEE_OK) rc = cuvee__field_bool_or(value, file, "normalized", &t->normalized, err);
    if (rc == CUVEE_OK && !special)
        rc = cuvee__field_bool_or(value, file, "special", &ret->special, err);
    ret->normalized_given = cuvee__field_present(value, "normalized");
    return rc;
}

static int append(struct token_list *l, const struct source_token *t, cuvee_error *err)
{
    if (l->n == l->room) {
        if (l->n > CUVEE__MAX_ADDED_TOKENS)
            return cuvee__fail(err, CUVEE_E_LIMIT, "more than %d added tokens",
                               CUVEE__MAX_ADDED_TOKENS);
        const size_t room = l->room ? 2 * l->room : 32;
        struct source_token *tokens = cuvee__realloc_array(l->tokens, room, sizeof *tokens);
        if (!tokens) return cuvee__fail(err, CUVEE_E_NOMEM, "added tokens: out of memory");
        l->tokens = tokens;
        l->room = room;
    }
    l->tokens[l->n++] = *t;
    return CUVEE_OK;
}

static int by_place(const void *x, const void *y)
{
    const int64_t a = ((const struct source_token *)x)->place;
    const int64_t b = ((const struct source_token *)y)->place;
    return (a > b) - (a < b);
}

/* added_tokens_decoder: {"100": {"content": "[UNK]", ...}, ...} */
static int read_decoder(struct token_list *l, json_t *decoder, cuvee_error *err)
{
    if (!json_is_object(decoder))
        return cuvee__field_wrong(decoder, config_name, "added_tokens_decoder", "an object", err);
    const char *key;
    json_t *value;
    int rc = CUVEE_OK;
    json_object_foreach(decoder, key, value)
    {
        struct source_token t;
        char *end;
        rc = read_token(value, config_name, "added_tokens_decoder", false, &t, err);
        if (rc < 0) return rc;
        const long place = strtol(key, &end, 10);
        if (end == key || *end || place < 0 || place > INT32_MAX)
            return cuvee__fail(err, CUVEE_E_FORMAT, "%s added_tokens_decoder: '%.*s' is no id",
                               config_name, SHOWN(span_of(key)));
        t.place = place;
        if ((rc = append(l, &t, err)) < 0) return rc;
    }
    return rc;
}

/* added_tokens.json: {"<new>": 30522, ...} */
static int read_added(struct token_list *l, json_t *added, cuvee_error *err)
{
    static const char file[] = "added_tokens.json:";
    if (!json_is_object(added))
        return cuvee__field_wrong(added, file, "document", "an object", err);
    const char *key;
    json_t *id;
    int rc = CUVEE_OK;
    json_object_foreach(added, key, id)
    {
        if (!json_is_integer(id)) return cuvee__field_wrong(id, file, key, "an id", err);
        const struct source_token t = {.token.content = span_of(key),
                                       .place = json_integer_value(id)};
        if ((rc = append(l, &t, err)) < 0) return rc;
    }
    return rc;
}

/* [UNK], [SEP] and so on: special_tokens_map.json, else tokenizer_config.json, else the preset. */
static int read_named(struct token_list *l, const json_t *config, const json_t *special_map,
                      cuvee_error *err)
{
    for (size_t i = 0; i < N_NAMED; i++) {
        const char *key = named_tokens[i].key;
        const char *file = config_name;
        const json_t *value = json_object_get(config, key);
        if (json_object_get(special_map, key)) {
            value = json_object_get(special_map, key);
            file = map_name;
        }
        struct source_token *t = &l->named[i];
        if (!value) {
            *t = (struct source_token){.place = -1, .special = true};
            if (named_tokens[i].preset) t->token.content = span_of(named_tokens[i].preset);
        } else if (!json_is_null(value) || named_tokens[i].needed) {
            const int rc = read_token(value, file, key, true, t, err);
            if (rc < 0) return rc;
        }
    }
    return CUVEE_OK;
}

/* A list of further special tokens. For none, Transformers 4 writes "extra_special_tokens": {}. */
static int read_extra(struct token_list *l, const json_t *o, const char *file, const char *key,
                      cuvee_error *err)
{
    const json_t *list = json_object_get(o, key);
    if (!list || json_is_null(list) || (json_is_object(list) && json_object_size(list) == 0))
        return CUVEE_OK;
    if (json_is_object(list))
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s %s with names is not supported", file,
                           key);
    if (!json_is_array(list)) return cuvee__field_wrong(list, file, key, "a list", err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct source_token t;
        int rc = read_token(json_array_get(list, i), file, key, true, &t, err);
        if (rc == CUVEE_OK) rc = append(l, &t, err);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

static bool has_content(const struct source_token *tokens, size_t n, struct span content)
{
    for (size_t i = 0; i < n; i++)
        if (span_equal(tokens[i].token.content, content)) return true;
    return false;
}

/* Further special tokens, without those that have a place already. What counts as special among the
 * latter is settled in between, as the reference does: additional_special_tokens of the map come
 * too late for it. */
static int gather_extra(struct token_list *l, const json_t *config, const json_t *map,
                        size_t n_placed, bool extra_is_special, cuvee_error *err)
{
    const size_t n_before = l->n;
    int rc = read_extra(l, config, config_name, "extra_special_tokens", err);
    if (rc == CUVEE_OK && l->n == n_before)
        rc = read_extra(l, config, config_name, "additional_special_tokens", err);
    if (rc == CUVEE_OK) rc = read_extra(l, map, map_name, "extra_special_tokens", err);
    if (rc < 0) return rc;

    for (size_t i = 0; i < n_placed; i++) {
        const struct span content = l->tokens[i].token.content;
        if (has_content(l->named, N_NAMED, content) ||
            (extra_is_special && has_content(l->tokens + n_before, l->n - n_before, content)))
            l->tokens[i].special = true;
    }
    if (l->n == n_before) rc = read_extra(l, map, map_name, "additional_special_tokens", err);

    size_t n = n_before;
    for (size_t i = n_before; i < l->n; i++)
        if (!has_content(l->tokens, n_placed, l->tokens[i].token.content))
            l->tokens[n++] = l->tokens[i];
    l->n = n;
    return rc;
}

/* Put the list in the order of the reference: tokens with a place by their place, named ones that
 * are not among them, further ones. */
static int gather_tokens(struct token_list *l, json_t *config, json_t *special_map, json_t *added,
                         cuvee_error *err)
{
    json_t *decoder = json_object_get(config, "added_tokens_decoder");
    const json_t *map = decoder ? NULL : special_map;
    if (map && !json_is_object(map))
        return cuvee__field_wrong(map, map_name, "document", "an object", err);
    int rc = read_named(l, config, map, err);
    if (rc == CUVEE_OK && decoder) rc = read_decoder(l, decoder, err);
    if (rc == CUVEE_OK && !decoder && added) rc = read_added(l, added, err);
    if (rc < 0) return rc;
    const size_t n_placed = l->n;
    if (n_placed) qsort(l->tokens, n_placed, sizeof *l->tokens, by_place);
    for (size_t i = 0; rc == CUVEE_OK && i < N_NAMED; i++) {
        const struct span content = l->named[i].token.content;
        if (content.ptr && !has_content(l->tokens, n_placed, content))
            rc = append(l, &l->named[i], err);
    }
    return rc < 0 ? rc : gather_extra(l, config, map, n_placed, !decoder, err);
}

static int add_tokens(struct tokenizer *t, const struct token_list *l, cuvee_error *err)
{
    for (size_t i = 0; i < l->n; i++) {
        struct added_token token = l->tokens[i].token;
        if (!l->tokens[i].normalized_given) token.normalized = !l->tokens[i].special;
        token.id = -1;
        const int rc = cuvee__added_tokens_add(&t->added, &t->wordpiece.vocabulary, &token, err);
        if (rc < 0) return rc;
        if (token.id >= 0 && l->tokens[i].place >= 0 && token.id != l->tokens[i].place)
            return cuvee__fail(
                err, CUVEE_E_FORMAT,
                "added token '%.*s' says id %lld, but its place in the vocabulary is %d",
                SHOWN(token.content), (long long)l->tokens[i].place, (int)token.id);
    }
    return cuvee__added_tokens_finish(&t->added, &t->normalizer, err);
}

/* Id of a named token: cuvee__added_tokens_add() has seen it. */
static int32_t id_of(const struct tokenizer *t, const struct source_token *named)
{
    for (size_t i = 0; i < t->added.n; i++)
        if (span_is(named->token.content,
                    cuvee__vocabulary_string(&t->wordpiece.vocabulary, t->added.tokens[i].id)))
            return t->added.tokens[i].id;
    return -1;
}

/* ------------------------------------------------------------------------------------------ */
/* The pipeline                                                                               */

static int read_normalizer(struct normalizer *n, const json_t *config, cuvee_error *err)
{
    bool lowercase = true, cjk = true;
    int rc = cuvee__field_bool_or(config, config_name, "do_lower_case", &lowercase, err);
    bool strip_accents = lowercase;
    if (rc == CUVEE_OK)
        rc = cuvee__field_bool_or(config, config_name, "tokenize_chinese_chars", &cjk, err);
    if (rc == CUVEE_OK)
        rc = cuvee__field_bool_or(config, config_name, "strip_accents", &strip_accents, err);
    if (rc < 0) return rc;
    cuvee__normalizer_add_bert(n, true, cjk, strip_accents, lowercase); /* five steps always fit */
    cuvee__normalizer_finish(n);
    return CUVEE_OK;
}

/* Other classes read a vocab.txt too, in other ways (PhoBERT, Japanese BERT). */
static int check_class(const json_t *config, cuvee_error *err)
{
    static const char *const known[] = {"Bert", "DistilBert", "Electra", "MobileBert", "ConvBert"};
    const json_t *value = json_object_get(config, "tokenizer_class");
    if (!value || json_is_null(value)) return CUVEE_OK;
    if (!json_is_string(value))
        return cuvee__field_wrong(value, config_name, "tokenizer_class", "a string", err);
    const struct span name = span_of(json_string_value(value));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t len = strlen(known[i]);
        if (name.len <= len || memcmp(name.ptr, known[i], len) != 0) continue;
        const char *rest = name.ptr + len;
        if (strcmp(rest, "Tokenizer") == 0 || strcmp(rest, "TokenizerFast") == 0) return CUVEE_OK;
    }
    return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                       "%s tokenizer_class '%.*s' without tokenizer.json is not supported",
                       config_name, SHOWN(name));
}

int cuvee__pipeline_from_vocab(struct tokenizer *t, struct span vocab, json_t *config,
                               json_t *special_map, json_t *added, size_t vocab_size,
                               cuvee_error *err)
{
    struct token_list list = {0};
    int rc = check_class(config, err);
    if (rc == CUVEE_OK) rc = gather_tokens(&list, config, special_map, added, err);
    if (rc < 0) goto done;
    struct wordpiece *w = &t->wordpiece;
    rc = fill_vocabulary(&w->vocabulary, vocab, vocab_size, err);
    if (rc == CUVEE_OK)
        rc = cuvee__wordpiece_finish(w, span_of("##"), list.named[NAMED_UNK].token.content, 100,
                                     err);
    if (rc < 0) {
        cuvee__error_prefix(err, "vocab.txt");
        goto done;
    }
    rc = read_normalizer(&t->normalizer, config, err);
    if (rc == CUVEE_OK) rc = add_tokens(t, &list, err);
    if (rc < 0) goto done;
    cuvee__pretokenizer_init(&t->pretokenizer, PRETOKENIZE_BERT);
    const int32_t cls = id_of(t, &list.named[NAMED_CLS]), sep = id_of(t, &list.named[NAMED_SEP]);
    if (cls < 0 || sep < 0)
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "%s cls_token or sep_token is empty", config_name);
    else
        rc = cuvee__template_set_bert(&t->single, &t->pair, cls, sep, err);
done:
    cuvee__free(list.tokens);
    return rc;
}
