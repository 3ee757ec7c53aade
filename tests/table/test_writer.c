/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows out, byte for byte: the three formats, error rows, kept columns and their clashes. What is
 * JSON is parsed again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "table/writer.h"
#include "table_test.h"

#define SPAN(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }

static const char *const labels[] = {"NEGATIVE", "POSITIVE", "so, so"};
static const struct label_score scores[] = {{1, 0.75f}, {2, 0.125f}, {0, 1e-30f}};
static const uint32_t above[] = {1, 2};

static const struct out_row good_row = {.index = 7,
                                        .source = "dir/a.csv",
                                        .text = SPAN("fine, \"ripe\"\n"),
                                        .has_text = true,
                                        .pair = SPAN("p"),
                                        .has_pair = true,
                                        .label = 1,
                                        .score = 0.75f,
                                        .scores = scores,
                                        .n_scores = 3,
                                        .above = above,
                                        .n_above = 2};

static const struct out_row error_row = {
    .index = 8, .source = "b\xFF", .error = SPAN("line 9: no \"text\""), .label = -1};

struct write_case {
    struct writer_options options;
    const struct out_row *rows[3];
    const char *output;
};

/* What the writer makes of rows; release with cuvee__free. "E message" instead when it refuses. */
static char *write_rows(const struct writer_options *given, const struct out_row *const *rows,
                        const json_t *metadata)
{
    struct writer_options options = *given;
    struct output_file *o;
    struct row_writer *w = NULL;
    cuvee_error err;
    options.labels = labels;
    options.n_labels = 3;
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    assert_int_equal(cuvee__output_open("out", &o, &err), CUVEE_OK);
    int rc = cuvee__row_writer_create(o, &options, &w, &err);
    for (size_t i = 0; rc == CUVEE_OK && i < 3 && rows[i]; i++)
        rc = cuvee__row_writer_row(w, rows[i], &err);
    if (rc == CUVEE_OK) rc = cuvee__row_writer_end(w, metadata, &err);
    if (rc == CUVEE_OK) rc = cuvee__output_commit(o, &err);
    cuvee__row_writer_free(w);
    cuvee__output_close(o, false);
    assert_int_equal(cuvee__alloc_count() - cuvee__free_count(), live);
    if (rc == CUVEE_OK) return read_file("out");
    struct buffer message = {0};
    cuvee__buffer_printf(&message, "E %s: %s", cuvee_code_name(rc), err.msg);
    cuvee__buffer_append_char(&message, '\0');
    return message.ptr;
}

static void check_json(const char *text, size_t n)
{
    json_error_t detail;
    json_t *json = json_loadb(
        text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &detail);
    if (!json) print_error("%s: %.*s\n", detail.text, (int)n, text);
    assert_non_null(json);
    json_decref(json);
}

static void check_cases(const struct write_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct write_case *c = &cases[i];
        char *output = write_rows(&c->options, c->rows, NULL);
        assert_string_equal(output, c->output);
        if (c->options.format == TABLE_JSON) check_json(output, strlen(output));
        if (c->options.format == TABLE_JSONL && output[0] == '{')
            for (const char *p = output; *p; p = strchr(p, '\n') + 1)
                check_json(p, (size_t)(strchr(p, '\n') - p));
        cuvee__free(output);
    }
}

#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

static void formats(void **state)
{
    (void)state;
    struct out_row cut = good_row;
    cut.truncated = true;
    struct out_row top = good_row;
    top.n_scores = 1;
    const struct write_case cases[] = {
        {{.format = TABLE_JSONL, .with_text = true},
         {&good_row, &error_row},
         "{\"index\":7,\"text\":\"fine, \\\"ripe\\\"\\n\",\"label\":\"POSITIVE\",\"score\":0.75}\n"
         "{\"index\":8,\"text\":null,\"error\":\"line 9: no \\\"text\\\"\"}\n"},
        {{.format = TABLE_JSONL,
          .with_text = true,
          .with_pair = true,
          .with_source = true,
          .with_scores = true,
          .with_labels = true},
         {&cut, &error_row},
         "{\"index\":7,\"source\":\"dir/a.csv\",\"text\":\"fine, "
         "\\\"ripe\\\"\\n\",\"text_pair\":\"p\","
         "\"label\":\"POSITIVE\",\"score\":0.75,\"labels\":[\"POSITIVE\",\"so, so\"],"
         "\"scores\":[{\"label\":\"POSITIVE\",\"score\":0.75},{\"label\":\"so, "
         "so\",\"score\":0.125},"
         "{\"label\":\"NEGATIVE\",\"score\":1e-30}],\"truncated\":true}\n"
         "{\"index\":8,\"source\":\"b\xEF\xBF\xBD\",\"text\":null,\"text_pair\":null,"
         "\"error\":\"line 9: no \\\"text\\\"\"}\n"},
        {{.format = TABLE_JSONL},
         {&good_row},
         "{\"index\":7,\"label\":\"POSITIVE\",\"score\":0.75}\n"},
        {{.format = TABLE_JSONL}, {NULL}, ""},
        {{.format = TABLE_JSON},
         {&good_row, &error_row},
         "{\"results\":[\n{\"index\":7,\"label\":\"POSITIVE\",\"score\":0.75},\n"
         "{\"index\":8,\"error\":\"line 9: no \\\"text\\\"\"}\n],\"metadata\":{}}\n"},
        {{.format = TABLE_JSON}, {NULL}, "{\"results\":[],\"metadata\":{}}\n"},
        {{.format = TABLE_CSV, .with_text = true},
         {&good_row, &error_row},
         "index,text,label,score,error\n7,\"fine, \"\"ripe\"\"\n\",POSITIVE,0.75,\n"
         "8,,,,\"line 9: no \"\"text\"\"\"\n"},
        {{.format = TABLE_CSV,
          .with_text = true,
          .with_pair = true,
          .with_source = true,
          .with_scores = true,
          .with_labels = true},
         {&cut, &error_row, &top},
         "index,source,text,text_pair,label,score,labels,score_NEGATIVE,score_POSITIVE,\"score_so, "
         "so\",error\n"
         "7,dir/a.csv,\"fine, \"\"ripe\"\"\n\",p,POSITIVE,0.75,\"POSITIVE|so, "
         "so\",1e-30,0.75,0.125,\n"
         "8,b\xEF\xBF\xBD,,,,,,,,,\"line 9: no \"\"text\"\"\"\n"
         "7,dir/a.csv,\"fine, \"\"ripe\"\"\n\",p,POSITIVE,0.75,\"POSITIVE|so, so\",,0.75,,\n"},
        {{.format = TABLE_CSV}, {NULL}, "index,label,score,error\n"},
    };
    CHECK(cases);
}

static void strings(void **state)
{
    (void)state;
    static const struct {
        struct span text;
        const char *json, *csv;
    } cases[] = {
        {SPAN(""), "\"\"", ""},
        {SPAN("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\"", "\"\"\"\\/\b\f\n\r\t\""},
        {SPAN("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\"", "\x01\x1f\x7f"},
        {SPAN("\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80"), "\"\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80\"",
         "\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80"},
        {SPAN("a\xFF\xE2\x82\"\xED\xA0\x80"),
         "\"a\xEF\xBF\xBD\xEF\xBF\xBD\\\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"",
         "\"a\xFF\xE2\x82\"\"\xED\xA0\x80\""},
        {SPAN(" a "), "\" a \"", " a "},
        {SPAN("\r"), "\"\\r\"", "\"\r\""},
        {SPAN("="), "\"=\"", "="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[256];
        struct out_row row = {.text = cases[i].text, .has_text = true, .score = 1};
        const struct out_row *const rows[3] = {&row};
        char *output = write_rows(
            &(struct writer_options){.format = TABLE_JSONL, .with_text = true}, rows, NULL);
        snprintf(expected, sizeof expected,
                 "{\"index\":0,\"text\":%s,\"label\":\"NEGATIVE\",\"score\":1}\n", cases[i].json);
        assert_string_equal(output, expected);
        check_json(output, strlen(output));
        cuvee__free(output);
        output = write_rows(&(struct writer_options){.format = TABLE_CSV, .with_text = true}, rows,
                            NULL);
        snprintf(expected, sizeof expected, "index,text,label,score,error\n0,%s,NEGATIVE,1,\n",
                 cases[i].csv);
        assert_string_equal(output, expected);
        cuvee__free(output);
    }
    struct out_row row = {.text = SPAN("x\0y"), .has_text = true};
    const struct out_row *const rows[3] = {&row};
    char *output =
        write_rows(&(struct writer_options){.format = TABLE_JSONL, .with_text = true}, rows, NULL);
    assert_string_equal(
        output, "{\"index\":0,\"text\":\"x\\u0000y\",\"label\":\"NEGATIVE\",\"score\":0}\n");
    cuvee__free(output);
}

static void csv_columns_are_kept(void **state)
{
    (void)state;
    static const struct span columns[] = {
        SPAN("text"), SPAN("id"),      SPAN("in_text"), SPAN("error"),  SPAN("id"),
        SPAN("id_2"), SPAN("a \"b\""), SPAN("id"),      SPAN("scores"), SPAN("truncated")};
    static const struct span cells[] = {SPAN("c0"), SPAN("c,1"), SPAN("")};
    struct out_row good = good_row, bad = error_row;
    good.fields = bad.fields = cells;
    good.n_fields = bad.n_fields = 3; /* a short row */
    const struct write_case cases[] = {
        {{.format = TABLE_JSONL,
          .with_text = true,
          .keep_columns = true,
          .columns = columns,
          .n_columns = 10},
         {&good, &bad},
         "{\"in_in_text\":\"c0\",\"id\":\"c,1\",\"in_text\":\"\",\"in_error\":null,\"id_3\":null,"
         "\"id_2\":null,"
         "\"a \\\"b\\\"\":null,\"id_4\":null,\"scores\":null,\"in_truncated\":null,"
         "\"index\":7,\"text\":\"fine, \\\"ripe\\\"\\n\",\"label\":\"POSITIVE\",\"score\":0.75}\n"
         "{\"in_in_text\":\"c0\",\"id\":\"c,1\",\"in_text\":\"\",\"in_error\":null,\"id_3\":null,"
         "\"id_2\":null,"
         "\"a \\\"b\\\"\":null,\"id_4\":null,\"scores\":null,\"in_truncated\":null,"
         "\"index\":8,\"text\":null,\"error\":\"line 9: no \\\"text\\\"\"}\n"},
        {{.format = TABLE_CSV, .keep_columns = true, .columns = columns, .n_columns = 10},
         {&good, &bad},
         "text,id,in_text,in_error,id_3,id_2,\"a "
         "\"\"b\"\"\",id_4,scores,truncated,index,label,score,error\n"
         "c0,\"c,1\",,,,,,,,,7,POSITIVE,0.75,\nc0,\"c,1\",,,,,,,,,8,,,\"line 9: no "
         "\"\"text\"\"\"\n"},
        /* Not asked for: not there. */
        {{.format = TABLE_CSV, .columns = columns, .n_columns = 10},
         {&good},
         "index,label,score,error\n7,POSITIVE,0.75,\n"},
    };
    CHECK(cases);
}

static void json_members_are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *object, *members;
    } cases[] = {
        {"{}", ""},
        {"{ }", ""},
        {"{\"n\":1.0e+02}", "\"n\":1.0e+02,"},
        {" { \"n\" : -0 , \"m\":\t[ 1, {\"a\":\"}]\\\"\"} ] } ",
         "\"n\" : -0,\"m\":\t[ 1, {\"a\":\"}]\\\"\"} ],"},
        {"{\"id\":12345678901234567890,\"\\u0079d\":\"\\u00e9\"}",
         "\"id\":12345678901234567890,\"\\u0079d\":\"\\u00e9\","},
        {"{\"text\":\"x\"}", "\"in_text\":\"x\","},
        {"{\"te\\u0078t\":\"x\"}", "\"in_te\\u0078t\":\"x\","},
        {"{\"\\u0074ex\\u0074\":null}", "\"in_\\u0074ex\\u0074\":null,"},
        {"{\"text\":1,\"in_text\":2}", "\"in_in_text\":1,\"in_text\":2,"},
        {"{\"in_in_text\":1,\"text\":2,\"\\u0069n_text\":3}",
         "\"in_in_text\":1,\"in_in_in_text\":2,\"\\u0069n_text\":3,"},
        {"{\"index\":1,\"label\":2,\"score\":3,\"error\":4,\"truncated\":5,\"scores\":6}",
         "\"in_index\":1,\"in_label\":2,\"in_score\":3,\"in_error\":4,\"in_truncated\":5,"
         "\"scores\":6,"},
        {"{\"tex\":1,\"textt\":2,\"TEXT\":3,\"\":4,\"text\\u0100\":5,\"te\\\\xt\":6}",
         "\"tex\":1,\"textt\":2,\"TEXT\":3,\"\":4,\"text\\u0100\":5,\"te\\\\xt\":6,"},
        {"{\"a\":{\"text\":1}}", "\"a\":{\"text\":1},"},
        {"{\"text\":1,\"in_in_text\":2,\"in_error\":3,\"error\":4}",
         "\"in_text\":1,\"in_in_text\":2,\"in_error\":3,\"in_in_error\":4,"},
    };
    const struct writer_options options = {
        .format = TABLE_JSONL, .with_text = true, .keep_columns = true};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[512];
        const struct span field = span_of(cases[i].object);
        struct out_row row = {
            .has_text = true, .score = 1, .fields = &field, .n_fields = 1, .fields_are_json = true};
        const struct out_row *const rows[3] = {&row};
        char *output = write_rows(&options, rows, NULL);
        snprintf(expected, sizeof expected,
                 "{%s\"index\":0,\"text\":\"\",\"label\":\"NEGATIVE\",\"score\":1}\n",
                 cases[i].members);
        assert_string_equal(output, expected);
        check_json(output, strlen(output));
        cuvee__free(output);
    }
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    static const char *const raws[] = {
        "",         "[1]",      "{",           "{\"a\"",     "{\"a\":",
        "{\"a\":1", "{\"a\":}", "{\"a\":1]",   "{a:1}",      "{\"a\":\"1}",
        "{\"a\\",   "1",        "{\"a\":1,,}", "{\"a\":[1}", "{\"a\":\"\\"};
    const struct writer_options options = {.format = TABLE_JSONL, .keep_columns = true};
    for (size_t i = 0; i < sizeof raws / sizeof raws[0]; i++) {
        const size_t n = strlen(raws[i]);
        char *exact = cuvee__malloc(n); /* so that a sanitizer sees a step too far */
        if (n) memcpy(exact, raws[i], n);
        const struct span field = {exact, n};
        struct out_row row = {.fields = &field, .n_fields = 1, .fields_are_json = true};
        const struct out_row *const rows[3] = {&row};
        char *output = write_rows(&options, rows, NULL);
        assert_string_equal(output, "E bad format: row 0: the kept columns are no JSON object");
        cuvee__free(output);
        cuvee__free(exact);
    }
}

static void refusals(void **state)
{
    (void)state;
    const struct span object = SPAN("{}");
    struct out_row json = {.fields = &object, .n_fields = 1, .fields_are_json = true};
    struct out_row label = good_row, score = good_row, over = good_row;
    const struct label_score bad_score = {3, 1};
    const uint32_t bad_above = 3;
    label.label = 3;
    score.scores = &bad_score;
    score.n_scores = 1;
    over.above = &bad_above;
    over.n_above = 1;
    const struct write_case cases[] = {
        {{.format = TABLE_CSV, .keep_columns = true},
         {&json},
         "E unsupported: keys of JSON Lines cannot become CSV columns: they are not known before "
         "the end; use "
         "--format jsonl or leave out --keep-columns"},
        {{.format = TABLE_JSONL}, {&label}, "E bad argument: row 7 has a label without a name"},
        {{.format = TABLE_JSONL}, {&score}, "E bad argument: row 7 has a label without a name"},
        {{.format = TABLE_CSV}, {&over}, "E bad argument: row 7 has a label without a name"},
    };
    CHECK(cases);
}

static void non_finite_scores_stay_json(void **state)
{
    (void)state;
    struct out_row row = {.score = NAN};
    const struct write_case cases[] = {
        {{.format = TABLE_JSONL}, {&row}, "{\"index\":0,\"label\":\"NEGATIVE\",\"score\":null}\n"},
        {{.format = TABLE_CSV}, {&row}, "index,label,score,error\n0,NEGATIVE,,\n"},
    };
    CHECK(cases);
}

static void metadata_follows(void **state)
{
    (void)state;
    json_t *metadata =
        json_pack("{s:i,s:{s:f},s:s}", "total_records", 1, "t", "ms", 10.825, "model", "a \"b\"");
    const struct out_row *const rows[3] = {&good_row}, *const none[3] = {NULL};
    char *output = write_rows(&(struct writer_options){.format = TABLE_JSON}, rows, metadata);
    assert_string_equal(
        output,
        "{\"results\":[\n{\"index\":7,\"label\":\"POSITIVE\",\"score\":0.75}\n],"
        "\"metadata\":{\"total_records\":1,\"t\":{\"ms\":10.825},\"model\":\"a \\\"b\\\"\"}}\n");
    check_json(output, strlen(output));
    cuvee__free(output);
    output = write_rows(&(struct writer_options){.format = TABLE_JSON}, none, metadata);
    check_json(output, strlen(output));
    cuvee__free(output);
    output = write_rows(&(struct writer_options){.format = TABLE_JSONL}, none, metadata);
    assert_string_equal(output, "");
    cuvee__free(output);
    json_decref(metadata);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(strings),
        cmocka_unit_test(csv_columns_are_kept),
        cmocka_unit_test(json_members_are_kept),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(refusals),
        cmocka_unit_test(non_finite_scores_stay_json),
        cmocka_unit_test(metadata_follows),
    };
    return cmocka_run_group_tests(tests, table_test_enter, table_test_leave);
}
