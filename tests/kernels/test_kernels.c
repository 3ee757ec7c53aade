/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs every kernel test on every tier. Built twice over: test_kernels takes the tiers that this
 * machine can run; test_kernels_<tier>_simde compiles that tier's own source files against an
 * emulation of its instructions, and defines TIER_INIT. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "kernels/kernel_test.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "kernels/tiers.h"
#include "os/cpu.h"

struct kernels tier, oracle;

/* ---- random data: the same every run ---- */

static uint64_t random_state = 1;

uint32_t random_bits(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 32);
}

size_t random_below(size_t n)
{
    return random_bits() % n;
}

float random_float(float size)
{
    return ((float)(random_bits() >> 8) * 0x1p-23f - 1.0f) * size;
}

void random_fill(float *x, size_t n, float size)
{
    for (size_t i = 0; i < n; i++) x[i] = random_float(size);
}

/* ---- buffers ---- */

enum { PATTERN = 0xA5 };

static struct edge {
    unsigned char *start, *end;
    size_t n_used;
} edges[N_EDGE_SLOTS];

static void open_edge(struct edge *e)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t n = (EDGE_FLOATS * sizeof(float) + 2 * page - 1) / page * page;
    e->start = mmap(NULL, n + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (e->start == MAP_FAILED) fail_msg("mmap of a test buffer failed");
    e->end = e->start + n;
    if (mprotect(e->end, page, PROT_NONE) != 0) fail_msg("mprotect of a test buffer failed");
}

void *edge_bytes(size_t slot, size_t n_bytes)
{
    struct edge *e = &edges[slot];
    if (!e->start) open_edge(e);
    if (n_bytes > EDGE_FLOATS * sizeof(float)) fail_msg("a test asks for too much");
    e->n_used = n_bytes;
    memset(e->end - n_bytes - 64, PATTERN, 64);
    return e->end - n_bytes;
}

float *edge_floats(size_t slot, size_t n)
{
    return edge_bytes(slot, n * sizeof(float));
}

void edge_check(size_t slot)
{
    const unsigned char *before = edges[slot].end - edges[slot].n_used - 64;
    for (size_t i = 0; i < 64; i++)
        if (before[i] != PATTERN) fail_msg("buffer %zu: written %zu bytes before it", slot, 64 - i);
}

float *aligned_floats(size_t n)
{
    float *x = cuvee__alloc_aligned(n * sizeof(float));
    assert_non_null(x);
    return x;
}

/* ---- comparisons ---- */

void check_near(double got, double want, double bound, const char *what, size_t index)
{
    if (isnan(want) ? isnan(got) : isinf(want) ? got == want : fabs(got - want) <= bound) return;
    fail_msg("%s [%zu]: got %.9g, want %.9g, bound %.3g, differs by %.3g", what, index, got, want,
             bound, fabs(got - want));
}

void check_same(const float *got, const float *want, size_t n, const char *what)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(got[i]) && isnan(want[i])) continue;
        if (memcmp(&got[i], &want[i], sizeof(float)) != 0)
            fail_msg("%s [%zu]: got %a, want %a", what, i, (double)got[i], (double)want[i]);
    }
}

/* ---- running ---- */

static int run_tier(const char *how)
{
    static struct CMUnitTest all[64];
    size_t n = 0;
    for (const struct CMUnitTest *t = row_tests; t->name; t++) all[n++] = *t;
    for (const struct CMUnitTest *t = matrix_tests; t->name; t++) all[n++] = *t;
    for (const struct CMUnitTest *t = type_tests; t->name; t++) all[n++] = *t;
    char group[64];
    snprintf(group, sizeof group, "%s, %s", tier.name, how);
    /* The macro wants an array's size; the function behind it takes the count. */
    return _cmocka_run_group_tests(group, all, n, NULL, NULL);
}

int main(void)
{
    cuvee__kernels_init(&oracle, 0);
#ifdef TIER_INIT
    tier = oracle; /* as cuvee__kernels_init() has it */
    TIER_INIT(&tier);
    return run_tier("emulated");
#else
    const unsigned avx512 = CUVEE__ISA_AVX2 | CUVEE__ISA_AVX512;
    const unsigned vnni = avx512 | CUVEE__ISA_AVX512_VNNI;
    const unsigned bf16 = vnni | CUVEE__ISA_AVX512_BF16;
    const unsigned isa[] = {0, CUVEE__ISA_AVX2, avx512, vnni, bf16, bf16 | CUVEE__ISA_AMX};
    int n_failed = 0;
    for (size_t i = 0; cuvee__kernels_usable()[i]; i++) {
        cuvee__kernels_init(&tier, isa[i]);
        assert_string_equal(tier.name, cuvee__kernels_usable()[i]);
        n_failed += run_tier("native");
    }
    return n_failed;
#endif
}
