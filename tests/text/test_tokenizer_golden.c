/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids against tests/golden/tokenizer, which golden.py wrote with the reference: the strings that
 * break naive implementations, pairs, truncations on both sides, and the 1000 reviews by hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "os/file.h"
#include "text_test.h"

#define GOLDEN SOURCE_DIR "/tests/golden/tokenizer"

static struct {
    const char *name, *dir;
    size_t vocab_size;
    struct subject subject;
} models[] = {{"uncased", SHIPPED_MODEL, SHIPPED_ROWS, {0}},
              {"cased", GOLDEN "/cased", 200, {0}},
              {"added", GOLDEN "/added", 200, {0}}};

enum { N_MODELS = sizeof models / sizeof *models };

static int open_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MODELS; i++)
        subject_open(&models[i].subject, models[i].dir, models[i].vocab_size);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MODELS; i++) subject_close(&models[i].subject);
    return 0;
}

static struct subject *subject_of(const json_t *line)
{
    const char *name = json_string_value(json_object_get(line, "model"));
    for (size_t i = 0; i < N_MODELS; i++)
        if (strcmp(models[i].name, name) == 0) return &models[i].subject;
    fail_msg("no model %s", name);
    return NULL;
}

static struct span span_in(const json_t *line, const char *key)
{
    const json_t *value = json_object_get(line, key);
    return (struct span){json_string_value(value), json_string_length(value)};
}

/* The value of member `key` at i; a list that is absent is all zero. */
static int64_t number_at(const json_t *line, const char *key, size_t i)
{
    const json_t *list = json_object_get(line, key);
    return list ? json_integer_value(json_array_get(list, i)) : 0;
}

static void check_case(const json_t *line, size_t line_number)
{
    struct subject *s = subject_of(line);
    const json_t *limit = json_object_get(line, "max_length");
    const size_t max_length = limit ? (size_t)json_integer_value(limit) : MAX_TOKENS;
    const bool left = json_object_get(line, "truncation");
    const struct span pair = span_in(line, "pair");
    assert_int_equal(subject_encode(s, span_in(line, "text"), pair.ptr ? &pair : NULL, max_length,
                                    left ? CUVEE_TRUNCATE_LEFT : CUVEE_TRUNCATE_RIGHT),
                     CUVEE_OK);
    bool same = s->got.n == json_array_size(json_object_get(line, "ids")) &&
                s->got.truncated == json_is_true(json_object_get(line, "truncated")) &&
                !s->got.replaced;
    for (size_t i = 0; same && i < s->got.n; i++)
        same = s->ids[i] == number_at(line, "ids", i) &&
               s->type_ids[i] == number_at(line, "type_ids", i);
    if (!same) fail_msg("cases.jsonl line %zu differs", line_number);

    /* Refusing is the third way: it agrees on whether the text fits. */
    const int refused = subject_encode(s, span_in(line, "text"), pair.ptr ? &pair : NULL,
                                       max_length, CUVEE_TRUNCATE_ERROR);
    assert_int_equal(refused, json_object_get(line, "truncated") ? CUVEE_E_TOO_LONG : CUVEE_OK);
}

static void read_golden(const char *name, struct buffer *out)
{
    cuvee_error err = {.msg = ""};
    char path[512];
    snprintf(path, sizeof path, "%s/%s", GOLDEN, name);
    if (cuvee__file_read(path, out, &err) < 0) fail_msg("%s", err.msg);
}

/* Take one line off the front. */
static bool next_line(struct span *text, struct span *line)
{
    if (!text->len) return false;
    const char *end = memchr(text->ptr, '\n', text->len);
    assert_non_null(end);
    *line = (struct span){text->ptr, (size_t)(end - text->ptr)};
    *text = (struct span){end + 1, text->len - line->len - 1};
    return true;
}

static void cases(void **state)
{
    (void)state;
    struct buffer file = {0};
    read_golden("cases.jsonl", &file);
    struct span rest = buffer_span(&file), line;
    size_t n = 0;
    while (next_line(&rest, &line)) {
        json_t *json = NULL;
        assert_int_equal(cuvee__json_parse(line, "cases.jsonl", &json, NULL), CUVEE_OK);
        check_case(json, ++n);
        json_decref(json);
    }
    assert_true(n > 400);
    cuvee__buffer_deinit(&file);
}

/* The next field of a CSV file; quotes doubled inside quotes are undone. Steps over the comma or
 * newline and tells whether it was a comma. */
static bool csv_field(const char **p, char *out, size_t room, size_t *ret_n)
{
    size_t n = 0;
    const bool quoted = **p == '"';
    if (quoted) ++*p;
    for (;; ++*p) {
        if (quoted ? **p == '"' && (*p)[1] != '"' : **p == ',' || **p == '\n' || **p == '\r') break;
        if (quoted && **p == '"') ++*p;
        assert_true(n < room);
        out[n++] = **p;
    }
    if (quoted) ++*p;
    if (**p == '\r') ++*p;
    *ret_n = n;
    return *(*p)++ == ',';
}

static size_t csv_column(const char **p, size_t column, char *out, size_t room)
{
    char other[8192];
    size_t n = 0, ignored;
    for (size_t i = 0;; i++)
        if (!(i == column ? csv_field(p, out, room, &n)
                          : csv_field(p, other, sizeof other, &ignored)))
            return n;
}

static uint64_t fnv1a(const int32_t *ids, size_t n)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < 32; k += 8)
            h = (h ^ ((uint32_t)ids[i] >> k & 0xFF)) * UINT64_C(0x100000001B3);
    return h;
}

static void reviews(void **state)
{
    (void)state;
    enum { DESCRIPTION = 2 };
    struct buffer golden = {0}, csv = {0};
    read_golden("reviews.jsonl", &golden);
    assert_int_equal(cuvee__file_read(SOURCE_DIR "/examples/wine-reviews.csv", &csv, NULL),
                     CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&csv, '\0'), CUVEE_OK);
    struct subject *s = &models[0].subject;
    struct span rest = buffer_span(&golden), line;
    const char *at = csv.ptr;
    char text[8192];
    assert_int_equal(csv_column(&at, DESCRIPTION, text, sizeof text), strlen("description"));
    size_t n = 0;
    for (; next_line(&rest, &line); n++) {
        const size_t len = csv_column(&at, DESCRIPTION, text, sizeof text);
        assert_int_equal(
            subject_encode(s, (struct span){text, len}, NULL, MAX_TOKENS, CUVEE_TRUNCATE_ERROR),
            CUVEE_OK);
        char got[64];
        snprintf(got, sizeof got, "[%zu, \"%016" PRIx64 "\"]", s->got.n, fnv1a(s->ids, s->got.n));
        if (line.len != strlen(got) || memcmp(line.ptr, got, line.len) != 0)
            fail_msg("review %zu: %s", n, got);
    }
    assert_int_equal(n, 1000);
    assert_int_equal(*at, '\0');
    cuvee__buffer_deinit(&golden);
    cuvee__buffer_deinit(&csv);
}

/* models/sentiment-en has both files, so the shipped vocab.txt must give the same ids. */
static void vocab_txt_gives_the_same(void **state)
{
    (void)state;
    struct buffer vocab = {0}, config = {0}, map = {0}, golden = {0};
    assert_int_equal(cuvee__file_read(SHIPPED_MODEL "/vocab.txt", &vocab, NULL), CUVEE_OK);
    assert_int_equal(cuvee__file_read(SHIPPED_MODEL "/tokenizer_config.json", &config, NULL),
                     CUVEE_OK);
    assert_int_equal(cuvee__file_read(SHIPPED_MODEL "/special_tokens_map.json", &map, NULL),
                     CUVEE_OK);
    const char *dir = make_directory();
    put_bytes("vocab.txt", vocab.ptr, vocab.len);
    put_bytes("tokenizer_config.json", config.ptr, config.len);
    put_bytes("special_tokens_map.json", map.ptr, map.len);
    struct subject json = models[0].subject;
    subject_open(&models[0].subject, dir, SHIPPED_ROWS);
    cases(state);
    reviews(state);
    assert_int_equal(cuvee__tokenizer_max_length(models[0].subject.tokenizer), 512);
    subject_close(&models[0].subject);
    models[0].subject = json;
    remove_directory();
    cuvee__buffer_deinit(&vocab);
    cuvee__buffer_deinit(&config);
    cuvee__buffer_deinit(&map);
    cuvee__buffer_deinit(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(reviews),
                                       cmocka_unit_test(vocab_txt_gives_the_same)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
