/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target without libFuzzer: first over every file of the corpus as it is, then over
 * mutants of them.
 *
 *     fuzz_X [--runs N] [--seconds S] [--seed N] FILE|DIRECTORY...
 *
 * A mutant depends on the seed, its number and the corpus only, so a run can be repeated anywhere;
 * --seconds cuts the series short on slow machines. The current input always lies in fuzz_X.input
 * of the working directory. It is removed at a good end, so after a crash, a hang or a kill it is
 * the culprit:
 *
 *     fuzz_X fuzz_X.input */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_INPUT ((size_t)1 << 16) /* of a mutant; corpus files may be longer, up to MAX_SEED */
#define MAX_SEED ((size_t)1 << 22)
#define MAX_CORPUS 4096

struct input {
    char *path;
    unsigned char *bytes;
    size_t len;
};

static struct input corpus[MAX_CORPUS];
static size_t n_corpus;

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "fuzz driver: %s: %s\n", what, detail);
    exit(2);
}

/* ---- corpus ---- */

static void add_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) die(path, "cannot be opened");
    if (n_corpus == MAX_CORPUS) die(path, "too many corpus files");
    struct input *in = &corpus[n_corpus++];
    in->path = strdup(path);
    in->bytes = malloc(MAX_SEED);
    if (!in->path || !in->bytes) die(path, "out of memory");
    in->len = fread(in->bytes, 1, MAX_SEED, f);
    if (ferror(f)) die(path, "cannot be read");
    fclose(f);
    unsigned char *exact = realloc(in->bytes, in->len ? in->len : 1);
    if (exact) in->bytes = exact;
}

static void add_path(const char *path)
{
    DIR *d = opendir(path);
    if (!d) {
        add_file(path);
        return;
    }
    for (const struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        char child[4096];
        snprintf(child, sizeof child, "%s/%s", path, e->d_name);
        add_file(child);
    }
    closedir(d);
}

/* readdir() has no order; the series of mutants needs one. */
static int compare_inputs(const void *a, const void *b)
{
    return strcmp(((const struct input *)a)->path, ((const struct input *)b)->path);
}

/* ---- mutants of any bytes ---- */

struct rng {
    uint64_t state;
};

/* xorshift64* (Marsaglia, Vigna). */
static uint64_t next(struct rng *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * 0x2545F4914F6CDD1DULL;
}

/* 0 .. n - 1, n >= 1. */
static size_t below(struct rng *r, size_t n)
{
    return (size_t)(next(r) >> 16) % n;
}

/* Different series for neighbouring run numbers: splitmix64's finisher. */
static struct rng rng_of(uint64_t seed, uint64_t run)
{
    uint64_t z = seed * 0x9E3779B97F4A7C15ULL + run + 1;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    z ^= z >> 31;
    return (struct rng){z ? z : 1};
}

struct mutant {
    unsigned char bytes[MAX_INPUT];
    size_t len;
};

/* Replace n bytes at `at` by the m bytes of `with`, which is not part of the mutant. */
static void replace(struct mutant *x, size_t at, size_t n, const void *with, size_t m)
{
    if (x->len - n + m > MAX_INPUT) return;
    memmove(x->bytes + at + m, x->bytes + at + n, x->len - at - n);
    memcpy(x->bytes + at, with, m);
    x->len = x->len - n + m;
}

static void flip_bit(struct mutant *x, struct rng *r)
{
    if (x->len) x->bytes[below(r, x->len)] ^= (unsigned char)(1u << below(r, 8));
}

static void set_byte(struct mutant *x, struct rng *r)
{
    static const unsigned char odd[] = {0, 1, 0x7F, 0x80, 0xFF, '"', '\\', '{', '}', '[', ']', ',',
                                        ':', '\n', '\r', ' ', '-', '0', '9', 0xC3, 0xED, 0xF4};
    if (x->len) x->bytes[below(r, x->len)] = odd[below(r, sizeof odd)];
}

static void truncate_tail(struct mutant *x, struct rng *r)
{
    if (x->len) x->len = below(r, x->len);
}

static void delete_range(struct mutant *x, struct rng *r)
{
    if (!x->len) return;
    const size_t at = below(r, x->len), most = x->len - at < 64 ? x->len - at : 64;
    replace(x, at, 1 + below(r, most), "", 0);
}

/* A piece of some corpus file goes in, or over what is there. */
static void splice(struct mutant *x, struct rng *r)
{
    const struct input *from = &corpus[below(r, n_corpus)];
    if (!from->len) return;
    const size_t start = below(r, from->len);
    const size_t most = from->len - start < 256 ? from->len - start : 256;
    const size_t m = 1 + below(r, most), at = below(r, x->len + 1);
    const size_t n = below(r, 2) ? 0 : (m < x->len - at ? m : x->len - at);
    replace(x, at, n, from->bytes + start, m);
}

static void repeat_range(struct mutant *x, struct rng *r)
{
    unsigned char piece[64];
    if (!x->len) return;
    const size_t at = below(r, x->len);
    const size_t m = 1 + below(r, x->len - at < sizeof piece ? x->len - at : sizeof piece);
    memcpy(piece, x->bytes + at, m);
    for (size_t times = 1 + below(r, 8); times; times--) replace(x, at, 0, piece, m);
}

/* A decimal number in the input becomes one at the edge of something. */
static void change_number(struct mutant *x, struct rng *r)
{
    static const char *const odd[] = {
        "0", "1", "-1", "-0", "0.5", "1e999", "255", "256", "65536", "2147483647", "2147483648",
        "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
        "18446744073709551616"};
    if (!x->len) return;
    size_t at = below(r, x->len), n = 0;
    while (at < x->len && (x->bytes[at] < '0' || x->bytes[at] > '9')) at++;
    while (at + n < x->len && x->bytes[at + n] >= '0' && x->bytes[at + n] <= '9') n++;
    if (!n) return;
    const char *with = odd[below(r, sizeof odd / sizeof odd[0])];
    replace(x, at, n, with, strlen(with));
}

/* ---- mutants of JSON that are mostly still JSON ---- */

/* Where the value (or member) that begins at `at` ends: at a comma or bracket that is not its
 * own. */
static size_t end_of_value(const struct mutant *x, size_t at)
{
    size_t depth = 0;
    bool in_string = false;
    for (; at < x->len; at++) {
        const unsigned char c = x->bytes[at];
        if (c == '"') {
            in_string = !in_string;
        } else if (in_string) {
            at += c == '\\';
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']' || c == ',') {
            if (depth == 0) return at;
            depth -= c != ',';
        }
    }
    return x->len;
}

/* Just behind a random `mark`; x->len when there is none up to the end. */
static size_t behind(const struct mutant *x, struct rng *r, unsigned char mark)
{
    size_t at = x->len ? below(r, x->len) : 0;
    while (at < x->len && x->bytes[at] != mark) at++;
    return at < x->len ? at + 1 : x->len;
}

static void change_value(struct mutant *x, struct rng *r)
{
    static const char *const odd[] = {"null", "true",       "false",  "[]", "{}",
                                      "\"\"", "\"x\"",      "[null]", "0",  "-1",
                                      "1",    "2147483648", "1e300",  "0.5"};
    static unsigned char other[4096];
    const size_t at = behind(x, r, ':'), end = end_of_value(x, at);
    const size_t from = behind(x, r, below(r, 2) ? ':' : ','), n = end_of_value(x, from) - from;
    if (below(r, 2) && n <= sizeof other) {
        memcpy(other, x->bytes + from, n);
        replace(x, at, end - at, other, n);
    } else {
        const char *with = odd[below(r, sizeof odd / sizeof odd[0])];
        replace(x, at, end - at, with, strlen(with));
    }
}

static void delete_element(struct mutant *x, struct rng *r)
{
    const size_t at = behind(x, r, ','), end = end_of_value(x, at);
    if (at < x->len) replace(x, at - 1, end - at + 1, "", 0);
}

static void make_mutant(struct mutant *x, uint64_t seed, uint64_t run)
{
    static void (*const changes[])(struct mutant *, struct rng *) = {
        change_value, delete_element, change_number, /* the first three keep JSON whole */
        flip_bit,     set_byte,       truncate_tail, delete_range, splice, splice, repeat_range};
    struct rng r = rng_of(seed, run);
    const struct input *base = &corpus[below(&r, n_corpus)];
    x->len = base->len < MAX_INPUT ? base->len : MAX_INPUT;
    memcpy(x->bytes, base->bytes, x->len);
    const size_t n_kinds = below(&r, 2) ? 3 : sizeof changes / sizeof changes[0];
    for (size_t n = 1 + below(&r, 4); n; n--) changes[below(&r, n_kinds)](x, &r);
}

/* ---- runs ---- */

static int record_fd;
static char record_path[4096];

static void run_one(const unsigned char *bytes, size_t len)
{
    if (record_fd >= 0 &&
        (ftruncate(record_fd, 0) < 0 || pwrite(record_fd, bytes, len, 0) != (ssize_t)len))
        die(record_path, "cannot be written");
    /* An exact copy, so that the address sanitizer sees the end of the input. */
    unsigned char *copy = malloc(len ? len : 1);
    if (!copy) die("run", "out of memory");
    if (len) memcpy(copy, bytes, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t number(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc) die(argv[*i], "needs a number");
    return strtoull(argv[++*i], NULL, 10);
}

int main(int argc, char **argv)
{
    uint64_t runs = 0, seconds = 0, seed = 1, run = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--runs") == 0)
            runs = number(argc, argv, &i);
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = number(argc, argv, &i);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = number(argc, argv, &i);
        else
            add_path(argv[i]);
    }
    if (!n_corpus) die("corpus", "no input files");
    qsort(corpus, n_corpus, sizeof corpus[0], compare_inputs);

    const char *name = strrchr(argv[0], '/');
    snprintf(record_path, sizeof record_path, "%s.input", name ? name + 1 : argv[0]);
    const bool replay = n_corpus == 1 && !runs && !seconds;
    record_fd = replay ? -1 : open(record_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (!replay && record_fd < 0) die(record_path, "cannot be created");

    const double start = seconds_now();
    for (size_t i = 0; i < n_corpus; i++) run_one(corpus[i].bytes, corpus[i].len);
    static struct mutant mutant;
    for (; (runs || seconds) && (!runs || run < runs); run++) {
        if (seconds && seconds_now() - start > (double)seconds) break;
        make_mutant(&mutant, seed, run);
        run_one(mutant.bytes, mutant.len);
    }
    printf("%zu files, %llu mutants of seed %llu, %.1f s\n", n_corpus, (unsigned long long)run,
           (unsigned long long)seed, seconds_now() - start);
    for (size_t i = 0; i < n_corpus; i++) {
        free(corpus[i].path);
        free(corpus[i].bytes);
    }
    if (record_fd >= 0) {
        close(record_fd);
        unlink(record_path);
    }
    return 0;
}
