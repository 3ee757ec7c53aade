/* SPDX-License-Identifier: Apache-2.0
 *
 * python/labels: indexes in order of arrival, the limit, names that many threads add at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "python/labels.h"

static void test_order_and_limit(void **state)
{
    (void)state;
    struct script_labels l;
    char name[32];
    uint32_t index = 0;
    assert_int_equal(cuvee__script_labels_init(&l, NULL), CUVEE_OK);
    for (uint32_t i = 0; i < CUVEE__MAX_SCRIPT_LABELS; i++) {
        snprintf(name, sizeof name, "label %u", (unsigned)i);
        assert_int_equal(cuvee__script_labels_index(&l, span_of(name), &index), CUVEE_OK);
        assert_int_equal(index, i);
    }
    assert_int_equal(cuvee__script_labels_index(&l, span_of("one more"), &index), CUVEE_E_LIMIT);
    assert_int_equal(cuvee__script_labels_index(&l, span_of("label 77"), &index), CUVEE_OK);
    assert_int_equal(index, 77);
    assert_string_equal(cuvee__script_labels_name(&l, 65534), "label 65534");
    cuvee__script_labels_deinit(&l);
}

enum { THREADS = 4, NAMES = 2000 };

static void *add_names(void *arg)
{
    struct script_labels *l = arg;
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        uint32_t index;
        snprintf(name, sizeof name, "%d", i);
        if (cuvee__script_labels_index(l, span_of(name), &index) < 0) return arg;
        /* Names are read while others are added. */
        if (strcmp(cuvee__script_labels_name(l, index), name) != 0) return arg;
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct script_labels l;
    pthread_t threads[THREADS];
    assert_int_equal(cuvee__script_labels_init(&l, NULL), CUVEE_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_names, &l), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&l.n), NAMES);
    cuvee__script_labels_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_and_limit),
                                       cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
