/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json_at.h"
#include "bench/plan.h"

#define ARM_A                                                                                      \
    "{\"name\":\"a\",\"title\":\"A\",\"command\":[\"x\"],"                                         \
    "\"settings\":{\"workers\":\"cores\",\"batch\":8}}"
#define ARM_B                                                                                      \
    "{\"name\":\"b\",\"title\":\"B\",\"command\":[\"{cuvee}\",\"{{\"],"                            \
    "\"settings\":{\"workers\":2,\"batch\":16}}"
#define PLAN(more, arms)                                                                           \
    "{\"schema\":\"bench-plan/1\",\"name\":\"n\",\"question\":\"q\",\"reference\":\"a\"," more     \
    "\"input\":{\"path\":\"p\",\"column\":\"c\"},\"arms\":[" arms "]}"

static int parse(const char *text, json_t **ret, cuvee_error *err)
{
    *ret = NULL;
    return cuvee__plan_parse(span_of(text), "plan.json", ret, err);
}

static void test_defaults(void **state)
{
    json_t *plan;
    (void)state;
    assert_int_equal(parse(PLAN("", ARM_A), &plan, NULL), CUVEE_OK);
    assert_string_equal(cuvee__json_text_at(plan, "scenario"), "offline");
    assert_string_equal(cuvee__json_text_at(plan, "metric"), "items_per_s");
    assert_int_equal(json_integer_value(json_object_get(plan, "blocks")), 12);
    json_decref(plan);
}

/* What must be refused, and a word that the message must have. */
static void test_bad_plans(void **state)
{
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"", "plan.json"},
        {"[]", "no object"},
        {"{}", "schema"},
        {PLAN("\"blocs\":3,", ARM_A), "blocs"},
        {PLAN("\"blocks\":0,", ARM_A), "blocks"},
        {PLAN("\"blocks\":\"3\",", ARM_A), "blocks"},
        {PLAN("\"scenario\":\"fast\",", ARM_A), "scenario"},
        {PLAN("\"metric\":\"beauty\",", ARM_A), "metric"},
        {PLAN("", ""), "0 arms"},
        {PLAN("", ARM_B), "there is no arm 'a'"},
        {PLAN("", ARM_A "," ARM_A), "two arms"},
        {PLAN("", "{\"name\":\"a/b\",\"title\":\"A\",\"command\":[\"x\"]}"), "a/b"},
        {PLAN("", "{\"name\":\"a\",\"title\":\"A\",\"command\":[]}"), "empty"},
        {PLAN("", "{\"name\":\"a\",\"title\":\"A\",\"command\":[1]}"), "list of texts"},
        {PLAN("", "{\"name\":\"a\",\"title\":\"A\",\"command\":[\"x\"],"
                  "\"settings\":{\"workers\":\"many\"}}"),
         "cores"},
        {PLAN("", "{\"name\":\"a\",\"title\":\"A\",\"command\":[\"x\"],"
                  "\"environment\":{\"X\":1}}"),
         "not a text"},
        {PLAN("\"sweep\":{\"arm\":\"a\",\"workers\":[],\"threads\":[1]},", ARM_A), "workers"},
        {PLAN("\"sweep\":{\"arm\":\"z\",\"workers\":[1],\"threads\":[1]},", ARM_A), "'z'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cuvee_error err = {0};
        json_t *plan;
        assert_int_not_equal(parse(cases[i].text, &plan, &err), CUVEE_OK);
        if (!strstr(err.msg, cases[i].word))
            fail_msg("case %zu: '%s' is not in '%s'", i, cases[i].word, err.msg);
    }
}

static void test_choosing_arms(void **state)
{
    cuvee_error err = {0};
    json_t *plan;
    (void)state;
    assert_int_equal(parse(PLAN("", ARM_A "," ARM_B), &plan, NULL), CUVEE_OK);
    assert_int_equal(cuvee__plan_select(plan, "b,c", &err), CUVEE_E_ARGUMENT);
    assert_non_null(strstr(err.msg, "there are a, b"));
    assert_int_equal(cuvee__plan_select(plan, "", &err), CUVEE_E_ARGUMENT);
    assert_int_equal(cuvee__plan_select(plan, "b,b", &err), CUVEE_E_ARGUMENT);
    json_decref(plan);
    assert_int_equal(parse(PLAN("", ARM_A "," ARM_B), &plan, NULL), CUVEE_OK);
    assert_int_equal(cuvee__plan_select(plan, "b", NULL), CUVEE_OK);
    assert_string_equal(cuvee__json_text_at(plan, "reference"), "b");
    json_decref(plan);
}

/* A race between settings that nobody declared is refused. */
static void test_settings(void **state)
{
    cuvee_error err = {0};
    json_t *plan;
    (void)state;
    assert_int_equal(parse(PLAN("", ARM_A "," ARM_B), &plan, NULL), CUVEE_OK);
    assert_int_equal(cuvee__plan_settle(plan, 2, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "'batch'"));
    json_decref(plan);
    assert_int_equal(parse(PLAN("\"vary\":[\"batch\"],", ARM_A "," ARM_B), &plan, NULL), CUVEE_OK);
    assert_int_equal(cuvee__plan_settle(plan, 2, NULL), CUVEE_OK);
    assert_int_equal(json_integer_value(cuvee__json_at(plan, "arms.0.settings.workers")), 2);
    json_decref(plan);
    assert_int_equal(parse(PLAN("\"vary\":[\"batch\"],", ARM_A "," ARM_B), &plan, NULL), CUVEE_OK);
    assert_int_equal(cuvee__plan_settle(plan, 3, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "'workers'"));
    json_decref(plan);
}

/* The order of keys and blanks between them are not the plan; a seed is. */
static void test_hash(void **state)
{
    char a[65], b[65];
    json_t *plan;
    (void)state;
    assert_int_equal(parse(PLAN("\"seed\":1,", ARM_A), &plan, NULL), CUVEE_OK);
    assert_int_equal(cuvee__plan_hash(plan, a, NULL), CUVEE_OK);
    json_decref(plan);
    assert_int_equal(parse("{ \"arms\":[" ARM_A "], \"seed\" : 1,"
                           "\"schema\":\"bench-plan/1\",\"name\":\"n\",\"question\":\"q\","
                           "\"reference\":\"a\",\"input\":{\"column\":\"c\",\"path\":\"p\"}}",
                           &plan, NULL),
                     CUVEE_OK);
    assert_int_equal(cuvee__plan_hash(plan, b, NULL), CUVEE_OK);
    assert_string_equal(a, b);
    json_object_set_new(json_object_get(plan, "input"), "path", json_string("/elsewhere/p"));
    assert_int_equal(cuvee__plan_hash(plan, b, NULL), CUVEE_OK);
    assert_string_equal(a, b);
    json_object_set_new(plan, "seed", json_integer(2));
    assert_int_equal(cuvee__plan_hash(plan, b, NULL), CUVEE_OK);
    assert_string_not_equal(a, b);
    json_decref(plan);
}

static void test_expand(void **state)
{
    static const struct plan_value values[] = {{"a", "1"}, {"ab", "2"}};
    static const struct {
        const char *template, *text; /* NULL: an error */
    } cases[] = {{"", ""},     {"x{a}y{ab}", "x1y2"}, {"{{a}", "{a}"}, {"{b}", NULL},
                 {"{a", NULL}, {"{", NULL},           {"}", "}"},      {"{}", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};
        const int rc = cuvee__plan_expand(cases[i].template, values, 2, &out, NULL);
        assert_int_equal(rc, cases[i].text ? CUVEE_OK : CUVEE_E_FORMAT);
        if (cases[i].text) assert_true(span_is(buffer_span(&out), cases[i].text));
        cuvee__buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),      cmocka_unit_test(test_bad_plans),
        cmocka_unit_test(test_choosing_arms), cmocka_unit_test(test_settings),
        cmocka_unit_test(test_hash),          cmocka_unit_test(test_expand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
