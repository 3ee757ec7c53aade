/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "table_test.h"

static char directory[] = "/tmp/cuvee-table-XXXXXX";

int table_test_enter(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

int table_test_leave(void **state)
{
    (void)state;
    DIR *d = opendir(directory);
    if (!d) return -1;
    for (const struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') remove(e->d_name);
    closedir(d);
    return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

char *read_file(const char *path)
{
    struct buffer all = {0};
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (int c; (c = fgetc(f)) != EOF;)
        assert_int_equal(cuvee__buffer_append_char(&all, (char)c), 0);
    fclose(f);
    assert_int_equal(cuvee__buffer_append_char(&all, '\0'), 0);
    return all.ptr;
}

static void put_escaped(struct buffer *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c == '\n')
            cuvee__buffer_append_str(out, "\\n");
        else if (c == '\r')
            cuvee__buffer_append_str(out, "\\r");
        else if (c == '\\')
            cuvee__buffer_append_str(out, "\\\\");
        else if ((unsigned char)c < 0x20)
            cuvee__buffer_printf(out, "\\%d", c);
        else
            cuvee__buffer_append_char(out, c);
    }
}

void describe_rows(struct buffer *out, const struct row_block *b)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        const struct row *r = &b->rows[i];
        cuvee__buffer_printf(out, "%" PRIu64 "%s", r->line, r->error.len ? "!" : ":");
        put_escaped(out, block_span(b, r->error));
        if (r->error.len && r->has_text) cuvee__buffer_append_char(out, ':');
        put_escaped(out, block_span(b, r->text));
        if (r->has_pair) cuvee__buffer_append_char(out, '|');
        put_escaped(out, block_span(b, r->pair));
        if (r->n_replaced) cuvee__buffer_printf(out, "~%u", r->n_replaced);
        for (size_t k = 0; k < r->n_fields; k++) {
            cuvee__buffer_append_char(out, '[');
            put_escaped(out, block_span(b, b->fields[r->first_field + k]));
            cuvee__buffer_append_char(out, ']');
        }
        cuvee__buffer_append_char(out, '\n');
    }
}

static void check_piece(const struct row_block *b, struct piece p)
{
    assert_true(p.off <= b->bytes.len && p.len <= b->bytes.len - p.off);
    assert_int_equal(cuvee__utf8_valid_prefix(block_span(b, p).ptr, p.len), p.len);
}

static void check_block(const struct row_block *b)
{
    for (size_t i = 0; i < b->n_rows; i++) {
        const struct row *r = &b->rows[i];
        check_piece(b, r->error);
        check_piece(b, r->text);
        check_piece(b, r->pair);
        assert_true(r->has_text || r->error.len);
        if (r->has_text) assert_non_null(block_span(b, r->text).ptr); /* empty, but there */
        assert_true(r->has_text || !r->text.len);
        assert_true(r->first_field + r->n_fields <= b->n_fields);
        for (size_t k = 0; k < r->n_fields; k++) check_piece(b, b->fields[r->first_field + k]);
    }
}

char *read_rows(const char *path, const struct reader_options *options, size_t max_rows)
{
    struct buffer out = {0};
    struct row_block block = {0};
    struct reader *r = NULL;
    cuvee_error err = {0};
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    int rc = cuvee__reader_open(path, options, &r, &err);
    for (bool end = false; rc == CUVEE_OK && !end;) {
        cuvee__row_block_clear(&block);
        rc = cuvee__reader_fill(r, &block, max_rows, SIZE_MAX, NULL, &end, &err);
        assert_true(block.n_rows <= max_rows);
        assert_true(rc < 0 || end || block.n_rows > 0);
        check_block(&block);
        describe_rows(&out, &block);
    }
    if (rc < 0) {
        assert_int_equal(err.code, rc);
        cuvee__buffer_printf(&out, "E %s: %s\n", cuvee_code_name(rc), err.msg);
    } else if (cuvee__reader_bytes_total(r)) {
        assert_int_equal(cuvee__reader_bytes_read(r), cuvee__reader_bytes_total(r));
    }
    cuvee__reader_close(r);
    cuvee__row_block_deinit(&block);
    assert_int_equal(cuvee__alloc_count() - cuvee__free_count() - live, out.ptr ? 1 : 0);
    assert_int_equal(cuvee__buffer_append_char(&out, '\0'), 0);
    return out.ptr;
}
