/* SPDX-License-Identifier: Apache-2.0
 *
 * Each allocation on the way from a file to a file fails once: the code is CUVEE_E_NOMEM, nothing
 * leaks, no row is lost (the call that failed can be made again), and no output appears that is not
 * whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fault/failing_malloc.h"
#include "table/writer.h"
#include "table_test.h"

static const char *const labels[] = {"a", "b"};

struct fault_case {
    const char *name, *input;
    size_t len;
    struct reader_options read;
    enum table_format write;
};

#define BYTES(s) s, sizeof(s) - 1

static const struct fault_case cases[] = {
    {"a.csv",
     BYTES("text,n\na,1\n\"b\nc\",2\n\"x\"y,3\nd,4\n\"open,5\n"),
     {.keep_columns = true},
     TABLE_CSV},
    {"a.csv",
     BYTES("text,index\na,1\n"),
     {.keep_columns = true, .no_header = true, .column = "0"},
     TABLE_JSON},
    {"a.jsonl",
     BYTES("{\"text\":\"a\",\"n\":{\"m\":[1]}}\n{}\n[\n{\"text\":\"b\"}\n"),
     {.keep_columns = true, .pair_column = "n"},
     TABLE_JSONL},
    {"a.txt",
     BYTES("\xFF\xFE"
           "a\0\n\0b\0\n\0"),
     {0},
     TABLE_JSONL},
};

static int write_block(struct row_writer *w, const struct row_block *b, cuvee_error *err)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        const struct row *r = &b->rows[i];
        struct span fields[8];
        struct out_row out = {.index = i,
                              .text = block_span(b, r->text),
                              .has_text = r->has_text,
                              .error = block_span(b, r->error),
                              .fields = fields,
                              .n_fields = r->n_fields,
                              .fields_are_json = false};
        for (size_t k = 0; k < r->n_fields; k++) {
            fields[k] = block_span(b, b->fields[r->first_field + k]);
            out.fields_are_json = fields[k].len && fields[k].ptr[0] == '{';
        }
        const int rc = cuvee__row_writer_row(w, &out, err);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

static int write_output(const struct fault_case *c, const struct reader *r,
                        const struct row_block *b, cuvee_error *err)
{
    struct span columns[8];
    struct writer_options options = {.format = c->write,
                                     .with_text = true,
                                     .with_scores = true,
                                     .keep_columns = true,
                                     .labels = labels,
                                     .n_labels = 2,
                                     .columns = columns,
                                     .n_columns = cuvee__reader_n_columns(r)};
    for (size_t i = 0; i < options.n_columns; i++) columns[i] = cuvee__reader_column(r, i);
    struct output_file *o = NULL;
    struct row_writer *w = NULL;
    int rc = cuvee__output_open("out", &o, err);
    if (rc == CUVEE_OK) rc = cuvee__row_writer_create(o, &options, &w, err);
    if (rc == CUVEE_OK) rc = write_block(w, b, err);
    if (rc == CUVEE_OK) rc = cuvee__row_writer_end(w, NULL, err);
    if (rc == CUVEE_OK) rc = cuvee__output_commit(o, err);
    cuvee__row_writer_free(w);
    cuvee__output_close(o, false);
    return rc;
}

/* Read all, calling again what failed; then write once. The code of the first failure. */
static int pass(const struct fault_case *c, struct row_block *block)
{
    struct reader *r = NULL;
    cuvee_error err = {0};
    int first = cuvee__reader_open(c->name, &c->read, &r, &err);
    if (first < 0) return first;
    for (bool end = false; !end;) {
        const int rc = cuvee__reader_fill(r, block, 100, SIZE_MAX, NULL, &end, &err);
        if (rc < 0 && first < 0) break; /* one failure is all that was armed */
        if (rc < 0) first = rc;
    }
    const int rc = write_output(c, r, block, &err);
    cuvee__reader_close(r);
    return first < 0 ? first : rc;
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fault_case *c = &cases[i];
        struct row_block block = {0};
        write_file(c->name, c->input, c->len);
        unlink("out");
        assert_int_equal(pass(c, &block), CUVEE_OK); /* also warms up what libc keeps */
        char *whole = read_file("out");
        struct buffer expected = {0}, got = {0};
        describe_rows(&expected, &block);
        cuvee__row_block_deinit(&block);

        bool has_failed = true;
        size_t n = 1, n_reported = 0;
        for (; has_failed; n++) {
            unlink("out");
            const int64_t live = fault_live_blocks();
            fault_arm(n, false);
            const int rc = pass(c, &block);
            has_failed = fault_disarm();
            assert_true(rc == CUVEE_OK || (has_failed && rc == CUVEE_E_NOMEM));
            n_reported += rc < 0;
            if (access("out", F_OK) == 0) {
                char *text = read_file("out");
                assert_string_equal(text, whole);
                cuvee__free(text);
            } else {
                assert_int_equal(rc, CUVEE_E_NOMEM);
            }
            if (block.n_rows) {
                got.len = 0;
                describe_rows(&got, &block);
                assert_true(span_equal(buffer_span(&got), buffer_span(&expected)));
                cuvee__buffer_deinit(&got);
            }
            cuvee__row_block_deinit(&block);
            assert_int_equal(fault_live_blocks(), live);
            assert_false(access("out.partial", F_OK) == 0);
        }
        assert_true(n_reported > 10);
        cuvee__buffer_deinit(&expected);
        cuvee__free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_fails_once)};
    return cmocka_run_group_tests(tests, table_test_enter, table_test_leave);
}
