/* SPDX-License-Identifier: Apache-2.0
 *
 * What encoding promises beyond ids: truncation and its report, repair of invalid UTF-8, one result
 * at any place of a chunk border, scratch that is reused, and linear time on hostile texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "text_test.h"

static struct subject shipped;

static int open_shipped(void **state)
{
    (void)state;
    subject_open(&shipped, SHIPPED_MODEL, SHIPPED_ROWS);
    return 0;
}

static int close_shipped(void **state)
{
    (void)state;
    subject_close(&shipped);
    return 0;
}

static void invalid_utf8_is_replaced(void **state)
{
    (void)state;
    /* The cleaner drops U+FFFD, so the parts join; a cased tokenizer without cleaning shows it. */
    expect_ids(&shipped,
               "a\xFF"
               "b",
               "101 11113 102");
    assert_true(shipped.got.replaced);
    expect_ids(&shipped, "ab", "101 11113 102");
    assert_false(shipped.got.replaced);

    struct subject s;
    subject_open_json(
        &s,
        small_json(NULL, "null", "{\"type\": \"WhitespaceSplit\"}", NULL,
                   "{\"unk_token\": \"[UNK]\", \"continuing_subword_prefix\": \"##\", "
                   "\"max_input_chars_per_word\": 100, \"vocab\": {\"[UNK]\": 0, "
                   "\"[CLS]\": 1, \"[SEP]\": 2, \"a\": 3, \"##\xEF\xBF\xBD\": 4, "
                   "\"##b\": 5}}"),
        SMALL_ROWS);
    /* E2 82 is one maximal part, ED A0 80 (a surrogate) are three, F5 is one. */
    expect_ids(&s,
               "a\xE2\x82"
               "b a\xED\xA0\x80 a\xF5",
               "2 3 4 5 3 4 4 4 3 4 3");
    assert_true(s.got.replaced);
    const struct span pair = span_of("a\xC3");
    assert_int_equal(subject_encode(&s, span_of("a"), &pair, 16, CUVEE_TRUNCATE_RIGHT), CUVEE_OK);
    assert_true(s.got.replaced);
    assert_int_equal(s.got.n, 6);
    subject_close(&s);
}

static void nul_bytes_and_empty_texts(void **state)
{
    (void)state;
    const struct span with_nul = {"a\0b", 3}, none = {NULL, 0};
    assert_int_equal(subject_encode(&shipped, with_nul, NULL, 8, CUVEE_TRUNCATE_RIGHT), CUVEE_OK);
    assert_int_equal(shipped.got.n, 3);
    assert_int_equal(shipped.ids[1], 11113);
    assert_int_equal(subject_encode(&shipped, none, NULL, 8, CUVEE_TRUNCATE_LEFT), CUVEE_OK);
    assert_int_equal(shipped.got.n, 2);
    const struct span empty = {"", 0};
    assert_int_equal(subject_encode(&shipped, none, &empty, 8, CUVEE_TRUNCATE_ERROR), CUVEE_OK);
    assert_int_equal(shipped.got.n, 3);
    assert_int_equal(shipped.type_ids[2], 1);
}

static void a_limit_below_the_special_tokens(void **state)
{
    (void)state;
    const struct span b = span_of("b");
    assert_int_equal(subject_encode(&shipped, span_of("a"), NULL, 1, CUVEE_TRUNCATE_RIGHT),
                     CUVEE_E_ARGUMENT);
    assert_int_equal(subject_encode(&shipped, span_of("a"), &b, 2, CUVEE_TRUNCATE_RIGHT),
                     CUVEE_E_ARGUMENT);
    for (unsigned t = CUVEE_TRUNCATE_RIGHT; t <= CUVEE_TRUNCATE_LEFT; t++) {
        assert_int_equal(subject_encode(&shipped, span_of("a"), &b, 3, t), CUVEE_OK);
        assert_int_equal(shipped.got.n, 3);
        assert_true(shipped.got.truncated);
    }
}

/* Text of n bytes: `unit` again and again. Release with free(). */
static char *repeat(const char *unit, size_t n)
{
    char *text = malloc(n);
    assert_non_null(text);
    const size_t len = strlen(unit);
    for (size_t i = 0; i < n; i++) text[i] = unit[i % len];
    return text;
}

/* Truncated encodings are the ends of the whole one, wherever chunks may end. */
static void truncation_takes_the_ends(void **state)
{
    (void)state;
    static const char *const units[] = {"unbelievable wine, ", "\xE4\xB8\xAD\xE6\x96\x87", "a.b!",
                                        "x [SEP] ", "\xC3\xA9t\xC3\xA9 \xCC\x81"};
    static int32_t whole[MAX_TOKENS];
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        const size_t len = strlen(units[u]), n_bytes = 9000 / len * len;
        char *bytes = repeat(units[u], n_bytes);
        const struct span text = {bytes, n_bytes};
        assert_int_equal(subject_encode(&shipped, text, NULL, MAX_TOKENS, CUVEE_TRUNCATE_RIGHT),
                         CUVEE_OK);
        const bool complete = !shipped.got.truncated;
        const size_t n = shipped.got.n;
        memcpy(whole, shipped.ids, n * sizeof *whole);
        for (size_t limit = 3; limit < n; limit += limit / 3 + 1) {
            assert_int_equal(subject_encode(&shipped, text, NULL, limit, CUVEE_TRUNCATE_RIGHT),
                             CUVEE_OK);
            assert_int_equal(shipped.got.n, limit);
            assert_true(shipped.got.truncated);
            assert_memory_equal(shipped.ids, whole, (limit - 1) * sizeof *whole);
            assert_int_equal(shipped.ids[limit - 1], 102);
            assert_int_equal(subject_encode(&shipped, text, NULL, limit, CUVEE_TRUNCATE_ERROR),
                             CUVEE_E_TOO_LONG);
            if (!complete) continue;
            assert_int_equal(subject_encode(&shipped, text, NULL, limit, CUVEE_TRUNCATE_LEFT),
                             CUVEE_OK);
            assert_int_equal(shipped.got.n, limit);
            assert_int_equal(shipped.ids[0], 101);
            assert_memory_equal(shipped.ids + 1, whole + n - limit + 1,
                                (limit - 1) * sizeof *whole);
        }
        free(bytes);
    }
}

/* A text that moves byte by byte over the border of the first chunk keeps its ids. */
static void chunk_borders_change_nothing(void **state)
{
    (void)state;
    static const char *const tails[] = {"unbelievable",
                                        "\xE1\xBB\x87\xCC\x81\xCC\xA3x",
                                        "\x01\xCC\x81.\xCC\xA7",
                                        "\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97",
                                        "[SEP]x",
                                        "\xE2\x80\x8B\xCC\x81 a",
                                        "\xF0\x9D\x85\xA5\xCC\xA7\xE2\x80\x8B\xF0\x9D\x85\xAD"};
    for (size_t t = 0; t < sizeof tails / sizeof *tails; t++) {
        const size_t len = strlen(tails[t]);
        char tail[64], *text = repeat(" ", 4200 + len);
        tail[0] = 'z';
        memcpy(tail + 1, tails[t], len);
        assert_int_equal(subject_encode(&shipped, (struct span){tail, len + 1}, NULL, 64, 0),
                         CUVEE_OK);
        int32_t want[64];
        const size_t n = shipped.got.n;
        memcpy(want, shipped.ids, n * sizeof *want);
        for (size_t at = 4096 - 2 * len - 4; at < 4110; at++) {
            memset(text, ' ', 4200);
            memcpy(text + at, tail, len + 1);
            memset(text + at + len + 1, '\t', 20);
            assert_int_equal(subject_encode(&shipped, (struct span){text, 4200}, NULL, 64, 0),
                             CUVEE_OK);
            assert_int_equal(shipped.got.n, n);
            assert_memory_equal(shipped.ids, want, n * sizeof *want);
        }
        free(text);
    }
}

static void scratch_is_reused(void **state)
{
    (void)state;
    static const char text[] = "Caf\xC3\xA9 \xFF unbelievable";
    const struct span a = {text, sizeof text - 1}, b = span_of("\xC3\xA9\xFE");
    assert_int_equal(subject_encode(&shipped, a, &b, 64, CUVEE_TRUNCATE_LEFT), CUVEE_OK);
    const uint64_t before = cuvee__alloc_count();
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(subject_encode(&shipped, a, &b, 64, CUVEE_TRUNCATE_LEFT), CUVEE_OK);
    assert_int_equal(cuvee__alloc_count(), before);
}

/* Ten times the text must not take more than some thirty times the CPU time; quadratic work would
 * take a hundred times as much. */
static void hostile_texts_are_linear(void **state)
{
    (void)state;
    static const char *const units[] = {"a",
                                        "\xCC\xA3\xCC\x81\xF0\x9D\x85\xA5",
                                        "[SEP",
                                        "[",
                                        "\xE4\xB8\xAD",
                                        "\xE0\xB8\x81",
                                        " ",
                                        "\xFF",
                                        "zq",
                                        "!"};
    enum { SMALL = 100000, LARGE = 1000000, SETTLED = CLOCKS_PER_SEC / 1000 };
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        char *bytes = repeat(units[u], LARGE);
        clock_t best[2] = {0, 0};
        for (size_t k = 0; k < 6; k++) {
            const struct span text = {bytes, k % 2 ? LARGE : SMALL};
            const clock_t start = clock();
            assert_int_equal(subject_encode(&shipped, text, NULL, 512, CUVEE_TRUNCATE_LEFT),
                             CUVEE_OK);
            const clock_t used = clock() - start;
            if (k < 2 || used < best[k % 2]) best[k % 2] = used;
        }
        free(bytes);
        if (best[1] > 30 * (best[0] + SETTLED))
            fail_msg("unit %zu: %ld and %ld ticks", u, (long)best[0], (long)best[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invalid_utf8_is_replaced),
        cmocka_unit_test(nul_bytes_and_empty_texts),
        cmocka_unit_test(a_limit_below_the_special_tokens),
        cmocka_unit_test(truncation_takes_the_ends),
        cmocka_unit_test(chunk_borders_change_nothing),
        cmocka_unit_test(scratch_is_reused),
        cmocka_unit_test(hostile_texts_are_linear),
    };
    return cmocka_run_group_tests(tests, open_shipped, close_shipped);
}
