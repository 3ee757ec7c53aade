/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/answers.h"

static char path[] = "answers-XXXXXX";

static int read_text(const char *text, size_t n, struct answers *ret, cuvee_error *err)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return cuvee__answers_read(path, n, ret, err);
}

#define P "{\"label\":\"POSITIVE\",\"score\":0.9}\n"
#define N "{\"label\":\"NEGATIVE\",\"score\":0.8}\n"

static void test_good(void **state)
{
    struct answers a;
    (void)state;
    assert_int_equal(
        read_text("{\"index\":0,\"label\":\"x\",\"score\":1,\"ms\":2.5}\n" N, 2, &a, NULL),
        CUVEE_OK);
    assert_int_equal(a.n, 2);
    assert_string_equal(label_of(&a.labels, 0), "x");
    assert_true(a.ms[0] == 2.5 && isnan(a.ms[1]) && a.scores[1] == 0.8);
    cuvee__answers_deinit(&a);
    assert_int_equal(cuvee__answers_read_first(path, 1, &a, NULL), CUVEE_OK);
    assert_int_equal(a.n, 1);
    cuvee__answers_deinit(&a);
}

/* Rubbish, and where the message must say it is. */
static void test_bad(void **state)
{
    static const struct {
        const char *text, *word;
    } cases[] = {{"", "0 answers for 2"},
                 {P, "1 answers for 2"},
                 {P N P, "more than 2"},
                 {P "rubbish\n", "answer 1"},
                 {P "{\"label\":\"x\"}\n", "score"},
                 {P "{\"score\":1}\n", "label"},
                 {P "{\"label\":\"x\",\"score\":\"1\"}\n", "score"},
                 {P "{\"error\":\"no\"}\n", "an error"},
                 {P "{\"index\":0,\"label\":\"x\",\"score\":1}\n", "not in order"},
                 {P "[]\n", "label"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answers a;
        cuvee_error err = {0};
        assert_int_equal(read_text(cases[i].text, 2, &a, &err), CUVEE_E_FORMAT);
        if (!strstr(err.msg, cases[i].word)) fail_msg("case %zu: %s", i, err.msg);
    }
    struct answers a;
    unlink(path);
    assert_int_equal(cuvee__answers_read(path, 1, &a, NULL), CUVEE_E_IO);
}

/* The same labels in other places: the counts agree, the answers do not. */
static void test_permuted_answers_differ(void **state)
{
    struct answers a, b;
    (void)state;
    assert_int_equal(read_text(P N P N, 4, &a, NULL), CUVEE_OK);
    assert_int_equal(read_text(P P N N, 4, &b, NULL), CUVEE_OK);
    const struct answers_difference d = cuvee__answers_compare(&a, &b);
    assert_int_equal(d.n_labels, 2);
    assert_int_equal(d.first, 1);
    cuvee__answers_deinit(&b);
    assert_int_equal(read_text("{\"label\":\"POSITIVE\",\"score\":0.9004}\n" N P N, 4, &b, NULL),
                     CUVEE_OK);
    const struct answers_difference near = cuvee__answers_compare(&a, &b);
    assert_int_equal(near.n_labels, 0);
    assert_true(fabs(near.score - 0.0004) < 1e-9);
    assert_true(cuvee__answers_accuracy(&a, &b.labels) == 1);
    cuvee__answers_deinit(&a);
    cuvee__answers_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_permuted_answers_differ),
    };
    const int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return rc;
}
