/* SPDX-License-Identifier: Apache-2.0
 *
 * Encodes records from stdin to stdout for the oracle scripts, in binary so that any bytes pass.
 * Numbers are 32-bit in host order. in   len_a, len_b (-1 = no pair), max_length, truncation, bytes
 * of a, bytes of b out  n (or a negative code), notes (1 truncated, 2 replaced), n ids, n type ids
 * Usage: tokenizer_driver DIRECTORY VOCAB_SIZE */
#include <stdio.h>
#include <stdlib.h>

#include "text/tokenizer.h"

/* More tokens than any record of the scripts asks for. */
#define MAX_TOKENS 65536

static int32_t ids[MAX_TOKENS], type_ids[MAX_TOKENS];

static char *read_bytes(int32_t n)
{
    char *bytes = malloc(n > 0 ? (size_t)n : 1);
    if (!bytes || (n > 0 && fread(bytes, 1, (size_t)n, stdin) != (size_t)n)) exit(3);
    return bytes;
}

static void run(struct encoder *e)
{
    int32_t head[4];
    while (fread(head, sizeof head, 1, stdin) == 1) {
        if (head[2] < 0 || head[2] > MAX_TOKENS) exit(3);
        char *a = read_bytes(head[0]), *b = head[1] < 0 ? NULL : read_bytes(head[1]);
        const cuvee_text text = {a, (size_t)head[0], b, b ? (size_t)head[1] : 0};
        struct encoding got = {0};
        const int rc =
            cuvee__encode(e, &text, (size_t)head[2], (unsigned)head[3], ids, type_ids, &got);
        const int32_t out[2] = {rc < 0 ? rc : (int32_t)got.n, got.truncated | got.replaced << 1};
        fwrite(out, sizeof out, 1, stdout);
        fwrite(ids, sizeof *ids, got.n, stdout);
        fwrite(type_ids, sizeof *type_ids, got.n, stdout);
        free(a);
        free(b);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: tokenizer_driver DIRECTORY VOCAB_SIZE\n");
        return 2;
    }
    cuvee_error err;
    struct tokenizer *t = NULL;
    struct encoder *e = NULL;
    if (cuvee__tokenizer_open(argv[1], strtoul(argv[2], NULL, 10), &t, &err) < 0 ||
        cuvee__encoder_create(t, &e, &err) < 0) {
        fprintf(stderr, "tokenizer_driver: %s\n", err.msg);
        return 4;
    }
    run(e);
    cuvee__encoder_free(e);
    cuvee__tokenizer_close(t);
    return ferror(stdin) || fflush(stdout) ? 5 : 0;
}
