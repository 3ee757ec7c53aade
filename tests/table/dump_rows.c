/* SPDX-License-Identifier: Apache-2.0
 *
 *     dump_rows [--csv|--jsonl|--text] [--no-header] [--column NAME] [--encoding NAME] [--count]
 * FILE|-
 *
 * What the readers make of a file, for comparison with other readers: a JSON object a row, then the
 * error that ended it, if any. --count: only {"rows","errors","bytes","peak_kb"}, with VmHWM of
 * this process. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/json_writer.h"
#include "table/reader.h"

static void put_row(struct sink *out, const struct row_block *b, const struct row *r)
{
    char head[96];
    snprintf(head, sizeof head, "{\"line\":%" PRIu64 ",\"replaced\":%u,\"text\":", r->line,
             (unsigned)r->n_replaced);
    sink_put_str(out, head);
    if (r->has_text)
        cuvee__json_put_string(out, block_span(b, r->text));
    else
        sink_put_str(out, "null");
    sink_put_str(out, ",\"error\":");
    if (r->error.len)
        cuvee__json_put_string(out, block_span(b, r->error));
    else
        sink_put_str(out, "null");
    sink_put_str(out, ",\"fields\":[");
    for (size_t i = 0; i < r->n_fields; i++) {
        if (i) sink_put_char(out, ',');
        cuvee__json_put_string(out, block_span(b, b->fields[r->first_field + i]));
    }
    sink_put_str(out, "]}\n");
}

static long peak_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0) kb = strtol(line + 6, NULL, 10);
    if (f) fclose(f);
    return kb;
}

int main(int argc, char **argv)
{
    struct reader_options options = {.keep_columns = true};
    const char *path = NULL;
    bool only_count = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--csv") == 0)
            options.format = TABLE_CSV;
        else if (strcmp(argv[i], "--jsonl") == 0)
            options.format = TABLE_JSONL;
        else if (strcmp(argv[i], "--text") == 0)
            options.format = TABLE_TEXT;
        else if (strcmp(argv[i], "--no-header") == 0)
            options.no_header = true;
        else if (strcmp(argv[i], "--count") == 0)
            only_count = true;
        else if (strcmp(argv[i], "--column") == 0 && i + 1 < argc)
            options.column = argv[++i];
        else if (strcmp(argv[i], "--encoding") == 0 && i + 1 < argc)
            options.encoding = argv[++i];
        else
            path = argv[i];
    }
    if (!path) return 2;

    struct reader *r;
    struct row_block block = {0};
    struct sink out = {0};
    cuvee_error err;
    uint64_t n_rows = 0, n_errors = 0;
    int rc = cuvee__reader_open(path, &options, &r, &err);
    if (rc < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 3;
    }
    for (bool end = false; rc == CUVEE_OK && !end;) {
        cuvee__row_block_clear(&block);
        out.bytes.len = 0;
        rc = cuvee__reader_fill(r, &block, 256, 1 << 20, NULL, &end, &err);
        for (size_t i = 0; i < block.n_rows; i++) {
            n_errors += block.rows[i].error.len > 0;
            if (!only_count) put_row(&out, &block, &block.rows[i]);
        }
        n_rows += block.n_rows;
        fwrite(out.bytes.ptr, 1, out.bytes.len, stdout);
    }
    if (rc < 0) fprintf(stderr, "%s\n", err.msg);
    if (only_count)
        printf("{\"rows\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"bytes\":%" PRIu64
               ",\"peak_kb\":%ld}\n",
               n_rows, n_errors, cuvee__reader_bytes_read(r), peak_kb());
    cuvee__reader_close(r);
    cuvee__row_block_deinit(&block);
    cuvee__buffer_deinit(&out.bytes);
    return rc < 0 || out.rc < 0 ? 3 : 0;
}
