/* SPDX-License-Identifier: Apache-2.0
 *
 * Worker processes that map the same weights share them: together they take the file once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "python/host.h"

enum { WORKERS = 4, WEIGHTS = 64 << 20 };

static struct interpreter python;
static const char weights[] = "test_sharing.weights";

static int write_weights(void **state)
{
    (void)state;
    static char page[1 << 20];
    FILE *f = fopen(weights, "wb");
    if (!f) return -1;
    memset(page, 'w', sizeof page);
    for (size_t n = 0; n < WEIGHTS; n += sizeof page)
        if (fwrite(page, 1, sizeof page, f) != sizeof page) return -1;
    return fclose(f);
}

static int remove_weights(void **state)
{
    (void)state;
    return unlink(weights);
}

static void test_one_copy_of_the_weights(void **state)
{
    (void)state;
    const struct host_ops *ops = &cuvee__host_process;
    const char *const args[] = {weights};
    struct script_labels labels;
    assert_int_equal(cuvee__script_labels_init(&labels, NULL), CUVEE_OK);
    const struct host_setup setup = {.script = SCRIPTS "/maps_weights.py",
                                     .args = args,
                                     .n_args = 1,
                                     .python = &python,
                                     .labels = &labels};
    struct script_facts facts = {0};
    struct host *host = NULL;
    struct external_rows rows = {0};
    cuvee_error err = {0};
    void *callers[WORKERS];
    if (ops->open(&setup, &facts, &host, &err) < 0) fail_msg("%s", err.msg);
    for (int i = 0; i < WORKERS; i++)
        if (ops->open_caller(host, &callers[i], &err) < 0) fail_msg("%s", err.msg);
    double sum = 0;
    for (int i = 0; i < WORKERS; i++) {
        const cuvee_text text = {"a", 1, NULL, 0};
        ops->call(callers[i], &text, 1, 0, &rows);
        assert_int_equal(rows.status[0], CUVEE_OK);
        /* A worker alone would have the whole file. */
        assert_true(rows.scores[0] > (double)WEIGHTS / WORKERS * 0.9);
        sum += rows.scores[0];
    }
    /* The file once, and for each worker its Python. */
    assert_true(sum > WEIGHTS * 0.9);
    assert_true(sum < WEIGHTS + WORKERS * (20 << 20));
    for (int i = 0; i < WORKERS; i++) ops->close_caller(callers[i]);
    ops->close(host);
    cuvee__free(facts.info);
    cuvee__external_rows_deinit(&rows);
    cuvee__script_labels_deinit(&labels);
}

int main(void)
{
    cuvee_error err = {0};
    if (access("/proc/self/smaps_rollup", R_OK) != 0) {
        printf("skipped: this kernel does not tell the PSS\n");
        return 77;
    }
    if (cuvee__interpreter_find(getenv("CUVEE_TEST_PYTHON"), &python, &err) < 0) {
        printf("skipped: %s\n", err.msg);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_copy_of_the_weights, write_weights,
                                        remove_weights),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    cuvee__interpreter_deinit(&python);
    return rc;
}
