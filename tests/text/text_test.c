/* SPDX-License-Identifier: Apache-2.0 */
#include "text_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "text/pipeline.h"

static char directory[64];

void subject_open(struct subject *s, const char *dir, size_t vocab_size)
{
    cuvee_error err = {.msg = ""};
    *s = (struct subject){0};
    if (cuvee__tokenizer_open(dir, vocab_size, &s->tokenizer, &err) < 0) fail_msg("%s", err.msg);
    assert_int_equal(cuvee__encoder_create(s->tokenizer, &s->encoder, &err), CUVEE_OK);
}

void subject_open_json(struct subject *s, const char *json, size_t vocab_size)
{
    cuvee_error err = {.msg = ""};
    *s = (struct subject){0};
    if (cuvee__tokenizer_open_json(span_of(json), "test", vocab_size, &s->tokenizer, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(cuvee__encoder_create(s->tokenizer, &s->encoder, &err), CUVEE_OK);
}

void subject_close(struct subject *s)
{
    cuvee__encoder_free(s->encoder);
    cuvee__tokenizer_close(s->tokenizer);
}

int subject_encode(struct subject *s, struct span a, const struct span *b, size_t max_length,
                   unsigned truncation)
{
    assert_true(max_length <= MAX_TOKENS);
    const cuvee_text text = {a.ptr, a.len, b ? b->ptr : NULL, b ? b->len : 0};
    return cuvee__encode(s->encoder, &text, max_length, truncation, s->ids, s->type_ids, &s->got);
}

void expect_ids(struct subject *s, const char *text, const char *ids)
{
    char got[1024] = "";
    assert_int_equal(subject_encode(s, span_of(text), NULL, 64, CUVEE_TRUNCATE_ERROR), CUVEE_OK);
    for (size_t i = 0, at = 0; i < s->got.n; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%d", i ? " " : "", (int)s->ids[i]);
    assert_string_equal(got, ids);
}

const char *make_directory(void)
{
    snprintf(directory, sizeof directory, "/tmp/cuvee-text-XXXXXX");
    assert_non_null(mkdtemp(directory));
    return directory;
}

static const char *path_of(const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

void put_bytes(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

void put_file(const char *name, const char *text)
{
    if (text)
        put_bytes(name, text, strlen(text));
    else
        unlink(path_of(name));
}

void remove_directory(void)
{
    static const char *const names[] = {"tokenizer.json", "vocab.txt", "tokenizer_config.json",
                                        "special_tokens_map.json", "added_tokens.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(path_of(names[i]));
    assert_int_equal(rmdir(directory), 0);
}

const char *small_json(const char *added_tokens, const char *normalizer, const char *pre_tokenizer,
                       const char *post_processor, const char *model)
{
    static char json[8192];
    const int n = snprintf(
        json, sizeof json,
        "{\"version\": \"1.0\", \"truncation\": {\"max_length\": 3}, \"added_tokens\": %s, "
        "\"normalizer\": %s, \"pre_tokenizer\": %s, \"post_processor\": %s, \"model\": %s}",
        added_tokens ? added_tokens : "[]",
        normalizer
            ? normalizer
            : "{\"type\": \"BertNormalizer\", \"clean_text\": true, "
              "\"handle_chinese_chars\": true, \"strip_accents\": null, \"lowercase\": true}",
        pre_tokenizer ? pre_tokenizer : "{\"type\": \"BertPreTokenizer\"}",
        post_processor
            ? post_processor
            : "{\"type\": \"BertProcessing\", \"sep\": [\"[SEP]\", 3], \"cls\": [\"[CLS]\", 2]}",
        model
            ? model
            : "{\"type\": \"WordPiece\", \"unk_token\": \"[UNK]\", "
              "\"continuing_subword_prefix\": \"##\", \"max_input_chars_per_word\": 100, "
              "\"vocab\": {\"[PAD]\": 0, \"[UNK]\": 1, \"[CLS]\": 2, \"[SEP]\": 3, \"[MASK]\": 4, "
              "\"a\": 5, \"b\": 6, \"##b\": 7, \"ab\": 8, \".\": 9}}");
    assert_true(n > 0 && (size_t)n < sizeof json);
    return json;
}
