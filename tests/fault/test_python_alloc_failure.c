/* SPDX-License-Identifier: Apache-2.0
 *
 * Allocation failure at every site of a script model, in one host (HOST). Whatever fails, a row has
 * all that the script gave for it, or a status and a reason: what the script says of itself, its
 * further keys and the text of its exceptions are never lost in silence.
 *
 * Where there is a Python in this process only our own allocations fail (and jansson's, which are
 * made for us): it would end the process when it got none, and is not what is tested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cuvee/cuvee.h"
#include "failing_malloc.h"
#include "python/interpreter.h"
#include "sweep.h"

enum { MAX_TEXTS = 4 };

static struct interpreter python;
static cuvee_model *model; /* opened without failures, for scenarios that start there */
static cuvee_pool *pool;

/* ---- what a row must be ---- */

struct row {
    int32_t status;
    char label[32];
    double score;
    size_t n_all;
    double last_of_all;
    char extra[512], message[4096];
};

static void copy_string(char *to, size_t room, const char *from)
{
    assert_true((size_t)snprintf(to, room, "%s", from ? from : "") < room);
}

static struct row row_of(const cuvee_model *m, const cuvee_result *result, size_t i)
{
    struct row r = {.status = cuvee_result_status(result)[i],
                    .score = cuvee_result_exact_scores(result)[i]};
    const cuvee_label_score *all = cuvee_result_label_scores(result, i, &r.n_all);
    if (r.n_all) r.last_of_all = all[r.n_all - 1].score;
    if (r.status == CUVEE_OK) {
        const int32_t label = cuvee_result_labels(result)[i];
        const char *name = label >= 0 ? cuvee_model_label(m, (uint32_t)label) : NULL;
        assert_non_null(name);
        copy_string(r.label, sizeof r.label, name);
    }
    copy_string(r.extra, sizeof r.extra, cuvee_result_extra(result, i));
    copy_string(r.message, sizeof r.message, cuvee_result_message(result, i));
    return r;
}

static bool is_same(const struct row *a, const struct row *b)
{
    return a->status == b->status && a->n_all == b->n_all && a->last_of_all == b->last_of_all &&
           strcmp(a->label, b->label) == 0 && strcmp(a->extra, b->extra) == 0 &&
           strcmp(a->message, b->message) == 0 && (a->status != CUVEE_OK || a->score == b->score);
}

/* The same texts, and what their rows were when no allocation failed. */
static struct batch {
    const char *texts[MAX_TEXTS];
    size_t n;
    bool has_rows;
    struct row rows[MAX_TEXTS];
} mixed = {{"plain", "further", "all", "bad"}, 4, false, {{0}}},
  raising = {{"raise", "plain"}, 2, false, {{0}}}, deadly = {{"die"}, 1, false, {{0}}};

static void check_row(const struct row *want, const struct row *got, const char *text)
{
    if (is_same(want, got)) return;
    /* The exception is told, but its text found no room. */
    if (got->status == want->status && got->status != CUVEE_OK &&
        strstr(got->message, "out of memory"))
        return;
    if (got->status == CUVEE_E_NOMEM && !*got->label && !*got->extra && !got->n_all) return;
    fail_msg("%s: status %d, label '%s', %zu scores, extra '%.40s', message '%.80s'", text,
             (int)got->status, got->label, got->n_all, got->extra, got->message);
}

static int classify(cuvee_model *m, cuvee_pool *p, struct batch *b, cuvee_error *err)
{
    cuvee_text texts[MAX_TEXTS];
    cuvee_result *result = NULL;
    for (size_t i = 0; i < b->n; i++)
        texts[i] = (cuvee_text){b->texts[i], strlen(b->texts[i]), NULL, 0};
    const int rc = cuvee_classify(p, texts, b->n, NULL, &result, err);
    if (rc < 0) return rc;
    assert_int_equal(cuvee_result_count(result), b->n);
    for (size_t i = 0; i < b->n; i++) {
        const struct row row = row_of(m, result, i);
        if (b->has_rows)
            check_row(&b->rows[i], &row, b->texts[i]);
        else
            b->rows[i] = row;
    }
    b->has_rows = true;
    cuvee_result_free(result);
    return CUVEE_OK;
}

/* ---- scenarios ---- */

static int open_script(cuvee_model **ret_model, cuvee_error *err)
{
    static const char *const args[] = {"--one", "two"};
    const cuvee_model_options options = {.struct_size = sizeof options,
                                         .python_host = HOST,
                                         .python = python.executable,
                                         .script_args = args,
                                         .n_script_args = 2};
    return cuvee_model_open(SCRIPTS "/everything.py", &options, ret_model, err);
}

static int open_and_describe(cuvee_error *err)
{
    cuvee_model *m = NULL;
    const int rc = open_script(&m, err);
    if (rc < 0) return rc;
    cuvee_model_info info = {.struct_size = sizeof info};
    assert_int_equal(cuvee_model_describe(m, &info, NULL), CUVEE_OK);
    assert_non_null(info.script_info);
    assert_string_equal(info.script_info, "{\"model\": \"everything\"}");
    assert_int_equal(info.n_labels, 2);
    assert_string_equal(cuvee_model_label(m, 1), "second");
    cuvee_model_close(m);
    return CUVEE_OK;
}

/* Errors of a script that does not load say why, or that there was no memory for it. */
static int open_broken(cuvee_error *err)
{
    const cuvee_model_options options = {
        .struct_size = sizeof options, .python_host = HOST, .python = python.executable};
    cuvee_model *m = NULL;
    int rc = cuvee_model_open(SCRIPTS "/import_error.py", &options, &m, err);
    if (rc == CUVEE_E_SCRIPT) {
        if (!strstr(err->msg, "a_package_that_nobody_has")) fail_msg("'%s'", err->msg);
        return CUVEE_OK;
    }
    assert_int_not_equal(rc, CUVEE_OK);
    return rc;
}

static int create_pool(cuvee_error *err)
{
    cuvee_pool *p = NULL;
    const int rc = cuvee_pool_create(model, NULL, &p, err);
    if (rc == CUVEE_OK) cuvee_pool_free(p);
    return rc;
}

static int classify_mixed(cuvee_error *err)
{
    return classify(model, pool, &mixed, err);
}

static int classify_raising(cuvee_error *err)
{
    return classify(model, pool, &raising, err);
}

static int classify_deadly(cuvee_error *err)
{
    return classify(model, pool, &deadly, err);
}

/* With all that a first call makes room for. */
static int whole_path(struct batch *batch, cuvee_error *err)
{
    cuvee_model *m = NULL;
    cuvee_pool *p = NULL;
    int rc = open_script(&m, err);
    if (rc == CUVEE_OK) rc = cuvee_pool_create(m, NULL, &p, err);
    if (rc == CUVEE_OK) rc = classify(m, p, batch, err);
    cuvee_pool_free(p);
    cuvee_model_close(m);
    return rc;
}

static int whole_path_mixed(cuvee_error *err)
{
    return whole_path(&mixed, err);
}

static int whole_path_raising(cuvee_error *err)
{
    return whole_path(&raising, err);
}

/* ---- tests ---- */

/* The first of all opens starts Python, once for the whole process: so each in one of its own. When
 * it failed for want of memory the next one must not. */
static void test_first_open(void **state)
{
    (void)state;
    uint64_t n = 0;
    for (bool hit = true; hit;) {
        cuvee_error err = {0};
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            fault_arm(n + 1, false);
            int rc = open_and_describe(&err);
            hit = fault_disarm();
            const bool is_well = is_out_of_memory(rc, &err) && (hit || rc == CUVEE_OK);
            if (!is_well) fprintf(stderr, "allocation %d: %d, '%s'\n", (int)n + 1, rc, err.msg);
            rc = open_and_describe(&err);
            if (rc < 0) fprintf(stderr, "after allocation %d: %s\n", (int)n + 1, err.msg);
            _exit(!is_well || rc < 0 ? 2 : hit);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        hit = WEXITSTATUS(status) == 1;
        n += sweep_step;
    }
    print_message("first open: %llu allocations\n", (unsigned long long)(n - sweep_step));
    assert_true(n > sweep_step);
}

static void test_from_files(void **state)
{
    (void)state;
    sweep("open and describe", open_and_describe);
    sweep("open what does not load", open_broken);
    sweep("open, classify, close", whole_path_mixed);
    sweep("open, an exception, close", whole_path_raising);
    for (size_t i = 0; i < mixed.n; i++)
        assert_int_equal(mixed.rows[i].status, i == 3 ? CUVEE_E_SCRIPT : CUVEE_OK);
    assert_int_equal(mixed.rows[2].n_all, 40);
}

static void test_from_open_model(void **state)
{
    (void)state;
    cuvee_error err = {0};
    if (open_script(&model, &err) < 0) fail_msg("%s", err.msg);
    sweep("create a pool", create_pool);
    if (cuvee_pool_create(model, NULL, &pool, &err) < 0) fail_msg("%s", err.msg);
    sweep("classify", classify_mixed);
    sweep("classify, an exception", classify_raising);
    assert_non_null(strstr(raising.rows[1].message, "no wine today\nTraceback"));
    if (HOST == CUVEE_PYTHON_PROCESS) {
        sweep("classify, a death", classify_deadly);
        assert_non_null(strstr(deadly.rows[0].message, "exit status 3"));
    }
    cuvee_pool_free(pool);
    cuvee_model_close(model);
}

static void decline(const char *why)
{
    printf("skipped: %s\n", why);
    exit(77);
}

/* In a process of its own: it starts Python. */
static void skip_where_it_cannot_run(void)
{
    const pid_t pid = fork();
    if (pid == 0) {
        cuvee_error err = {0};
        const int rc = open_and_describe(&err);
        if (rc == CUVEE_E_UNSUPPORTED) printf("%s\n", err.msg);
        fflush(stdout);
        _exit(rc == CUVEE_E_UNSUPPORTED ? 77 : 0);
    }
    int status = 0;
    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 77)
        decline("this host cannot run here");
}

/* [STEP] */
int main(int argc, char **argv)
{
    cuvee_error err = {0};
    if (argc > 1) sweep_step = strtoull(argv[1], NULL, 10);
    if (cuvee__interpreter_find(getenv("CUVEE_TEST_PYTHON"), &python, &err) < 0) decline(err.msg);
    skip_where_it_cannot_run();
    if (HOST != CUVEE_PYTHON_PROCESS || IS_SANITIZED) fault_only_from((void (*)(void))main);
    /* MetaCall's stand-in uses it, too. */
    if (HOST == CUVEE_PYTHON_EMBED) fault_only_from((void (*)(void))json_delete);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_open),
        cmocka_unit_test(test_from_files),
        cmocka_unit_test(test_from_open_model),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    cuvee__interpreter_deinit(&python);
    return rc;
}
