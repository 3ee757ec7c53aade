/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the pipeline by themselves: Unicode tables against figures that were found
 * independently of their generator, normaliser steps, pre-tokenizers, added tokens, templates, pair
 * truncation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "text/pipeline.h"
#include "text/truncation.h"
#include "text/unicode.h"
#include "text_test.h"

static bool is_scalar(uint32_t c)
{
    return c < 0xD800 || c > 0xDFFF;
}

static size_t count_flag(unsigned flag)
{
    size_t n = 0;
    for (uint32_t c = 0; c < 0x110000; c++) n += is_scalar(c) && unicode_record(c)->flags & flag;
    return n;
}

static void unicode_figures(void **state)
{
    (void)state;
    assert_int_equal(count_flag(UNICODE_DROP), 137681);
    assert_int_equal(count_flag(UNICODE_SPACE), 25);
    assert_int_equal(count_flag(UNICODE_PUNCT), 726);
    assert_int_equal(count_flag(UNICODE_CJK), 6592 + 20992 + 512 + 42720 + 4384 + 5520 + 544);
    size_t n_lower = 0, n_marks = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (!is_scalar(c)) continue;
        uint32_t out[CUVEE__UNICODE_MAX_DECOMPOSITION];
        const size_t n = cuvee__unicode_decompose(c, out);
        size_t n_kept = 0;
        for (size_t i = 0; i < n; i++) n_kept += !(unicode_record(out[i])->flags & UNICODE_MN);
        n_marks += n_kept == 0;
        n_lower += unicode_record(c)->lower_delta != 0;
    }
    assert_int_equal(n_lower, 1488);
    assert_int_equal(n_marks, 1567); /* Mn of Unicode 8, those that decompose included */
}

/* Normal form of text under the steps, compared with `want`. */
static void expect_normal(const char *steps, const char *text, const char *want)
{
    struct normalizer n = {0};
    for (; *steps; steps++) {
        static const char letters[] = "cjnsml"; /* in the order of enum normalizer_step */
        assert_true(
            cuvee__normalizer_add(&n, (enum normalizer_step)(strchr(letters, *steps) - letters)));
    }
    cuvee__normalizer_finish(&n);
    struct normalizer_scratch scratch = {0};
    struct buffer out = {0};
    assert_int_equal(cuvee__normalize(&n, span_of(text), &scratch, &out), CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&out, '\0'), CUVEE_OK);
    assert_string_equal(out.ptr, want);
    cuvee__buffer_deinit(&out);
    cuvee__normalizer_scratch_deinit(&scratch);
}

static void normalizer_steps(void **state)
{
    (void)state;
    expect_normal("", "A\t\xC3\x89", "A\t\xC3\x89");
    expect_normal("c",
                  "a\x01\t\xC2\xA0\xE2\x80\x8B"
                  "b\x0B",
                  "a  b");
    expect_normal("j",
                  "a\xE4\xB8\xAD"
                  "b",
                  "a \xE4\xB8\xAD b");
    expect_normal("l", "A\xC3\x89\xC4\xB0", "a\xC3\xA9i\xCC\x87");
    expect_normal("nsl", "\xC4\xB0\xC3\x89", "ie");
    expect_normal("m", "e\xCC\x81\xE0\xA4\xBE", "e"); /* Mc goes too, what is composed stays */
    expect_normal("m", "\xC3\xA9", "\xC3\xA9");
    /* q, dot above 230, dot below 220: put in order; also when the cleaner takes out what lies
     * between. */
    expect_normal("n", "q\xCC\x87\xCC\xA3", "q\xCC\xA3\xCC\x87");
    expect_normal("cn", "q\xCC\x87\xE2\x80\x8B\x01\xCC\xA3", "q\xCC\xA3\xCC\x87");
    expect_normal("n", "q\xCC\x87 \xCC\xA3", "q\xCC\x87 \xCC\xA3");
}

/* Long runs of marks are sorted by another method: same result, stable. */
static void long_runs_of_marks(void **state)
{
    (void)state;
    for (size_t n = 1; n < 40; n++) {
        static const char marks[] = "\xCC\x87\xCC\xA3\xCC\x81"; /* classes 230, 220, 230 */
        char text[256] = "q", want[256] = "q";
        size_t at = 1;
        for (size_t i = 0; i < n; i++) memcpy(text + 1 + 2 * i, marks + i % 3 * 2, 2);
        for (size_t i = 1; i < n; i += 3, at += 2) memcpy(want + at, marks + 2, 2);
        for (size_t i = 0; i < n; i++) {
            if (i % 3 == 1) continue;
            memcpy(want + at, marks + i % 3 * 2, 2); /* in the order of the text */
            at += 2;
        }
        expect_normal("n", text, want);
    }
}

static void expect_words(enum pretokenizer_kind kind, const char *text, const char *want)
{
    struct pretokenizer p;
    struct span rest = span_of(text), word;
    char got[256] = "";
    size_t n = 0;
    cuvee__pretokenizer_init(&p, kind);
    while (cuvee__pretokenizer_next(&p, &rest, &word)) {
        assert_true(n + word.len + 1 < sizeof got);
        memcpy(got + n, word.ptr, word.len);
        n += word.len;
        got[n++] = '|';
    }
    assert_string_equal(got, want);
}

static void pretokenizers(void **state)
{
    (void)state;
    expect_words(PRETOKENIZE_BERT,
                 "  ab, c--d\xE2\x80\xA8"
                 "e\xC2\xB1 ",
                 "ab|,|c|-|-|d|e\xC2\xB1|");
    expect_words(PRETOKENIZE_WORDS, "ab, c--d_1\xC2\xB1!e", "ab|,|c|--|d_1|\xC2\xB1!|e|");
    expect_words(PRETOKENIZE_WHITE_SPACE,
                 " ab, c--d\x0B"
                 "e\xE3\x80\x80",
                 "ab,|c--d|e|");
    expect_words(PRETOKENIZE_BERT, "", "");
    expect_words(PRETOKENIZE_BERT, " \t", "");
}

static void pair_truncation(void **state)
{
    (void)state;
    static const struct {
        size_t a, b, budget, keep_a, keep_b;
    } cases[] = {{10, 10, 5, 2, 3}, {12, 7, 5, 3, 2}, {7, 12, 5, 2, 3}, {3, 12, 6, 3, 3},
                 {2, 12, 6, 2, 4},  {12, 2, 6, 4, 2}, {0, 9, 4, 0, 4},  {9, 0, 4, 4, 0},
                 {5, 5, 0, 0, 0},   {1, 1, 1, 0, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t a, b;
        truncate_pair(cases[i].a, cases[i].b, cases[i].budget, cases[i].a > cases[i].b, &a, &b);
        assert_int_equal(a, cases[i].keep_a);
        assert_int_equal(b, cases[i].keep_b);
    }
}

static void white_space_tokens_with_rstrip(void **state)
{
    (void)state;
    /* What the reference does with tokens that begin inside white space already taken: they match
     * again. */
    struct subject s;
    subject_open_json(
        &s,
        small_json("[{\"id\": 10, \"content\": \"<\", \"single_word\": false, \"lstrip\": false, "
                   "\"rstrip\": true, \"normalized\": false, \"special\": false},"
                   "{\"id\": 11, \"content\": \" a\", \"single_word\": false, \"lstrip\": false, "
                   "\"rstrip\": false, \"normalized\": false, \"special\": false}]",
                   NULL, NULL, NULL, NULL),
        SMALL_ROWS + 2);
    expect_ids(&s, "<  a b", "2 10 11 6 3");
    expect_ids(&s, "<\xE3\x80\x80 b<", "2 10 6 10 3");
    subject_close(&s);
}

static void names_of_a_tokenizer(void **state)
{
    (void)state;
    struct subject s;
    subject_open(&s, SHIPPED_MODEL, SHIPPED_ROWS);
    assert_string_equal(cuvee__tokenizer_kind(s.tokenizer), "wordpiece");
    assert_true(cuvee__tokenizer_lowercases(s.tokenizer));
    assert_int_equal(cuvee__tokenizer_max_length(s.tokenizer), 512);
    assert_int_equal(cuvee__tokenizer_n_special(s.tokenizer, false), 2);
    assert_int_equal(cuvee__tokenizer_n_special(s.tokenizer, true), 3);
    assert_string_equal(cuvee__tokenizer_string(s.tokenizer, 7592), "hello");
    assert_string_equal(cuvee__tokenizer_string(s.tokenizer, 101), "[CLS]");
    assert_string_equal(cuvee__tokenizer_string(s.tokenizer, -1), "");
    assert_string_equal(cuvee__tokenizer_string(s.tokenizer, SHIPPED_ROWS), "");
    subject_close(&s);
}

static void every_allocation_is_freed(void **state)
{
    (void)state;
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    struct subject s;
    subject_open_json(&s, small_json(NULL, NULL, NULL, NULL, NULL), SMALL_ROWS);
    expect_ids(&s, "AB b. \xC3\xA9\xFF", "2 8 6 9 1 3");
    subject_close(&s);
    assert_int_equal(cuvee__alloc_count() - cuvee__free_count(), live);
    cuvee__tokenizer_close(NULL);
    cuvee__encoder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unicode_figures),      cmocka_unit_test(normalizer_steps),
        cmocka_unit_test(long_runs_of_marks),   cmocka_unit_test(pretokenizers),
        cmocka_unit_test(pair_truncation),      cmocka_unit_test(white_space_tokens_with_rstrip),
        cmocka_unit_test(names_of_a_tokenizer), cmocka_unit_test(every_allocation_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
