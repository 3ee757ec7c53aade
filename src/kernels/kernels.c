/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tier runs: the best that this build has, CPU and OS support, and CUVEE_ISA allows.
 *
 * Tiers are ordered and each one's features include those of the tier before, so "usable" is always
 * a prefix of the list. */
#include "kernels/kernels.h"

#include <string.h>

#include "base/env.h"
#include "base/error.h"
#include "kernels/tiers.h"
#include "os/cpu.h"

struct tier {
    const char *name;
    unsigned isa;         /* bits that a machine must have */
    const char *features; /* the same for people */
};

static const struct tier tiers[] = {
    {"ref", 0, "nothing"},
    {"avx2", CUVEE__ISA_AVX2, "AVX2, FMA and F16C"},
    {"avx512", CUVEE__ISA_AVX2 | CUVEE__ISA_AVX512, "AVX-512 F, BW, DQ and VL"},
    {"avx512vnni", CUVEE__ISA_AVX2 | CUVEE__ISA_AVX512 | CUVEE__ISA_AVX512_VNNI, "AVX-512 VNNI"},
    {"avx512bf16",
     CUVEE__ISA_AVX2 | CUVEE__ISA_AVX512 | CUVEE__ISA_AVX512_VNNI | CUVEE__ISA_AVX512_BF16,
     "AVX-512 BF16"},
    {"amx",
     CUVEE__ISA_AVX2 | CUVEE__ISA_AVX512 | CUVEE__ISA_AVX512_VNNI | CUVEE__ISA_AVX512_BF16 |
         CUVEE__ISA_AMX,
     "AMX with BF16 and INT8"},
};

enum {
    N_TIERS = sizeof tiers / sizeof tiers[0],
#if defined(__x86_64__)
    N_BUILT = N_TIERS
#else
    N_BUILT = 1
#endif
};

/* lists[n - 1]: the first n names. */
static const char *const lists[N_TIERS][N_TIERS + 1] = {
    {"ref"},
    {"ref", "avx2"},
    {"ref", "avx2", "avx512"},
    {"ref", "avx2", "avx512", "avx512vnni"},
    {"ref", "avx2", "avx512", "avx512vnni", "avx512bf16"},
    {"ref", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx"},
};

static size_t n_usable(void)
{
    const unsigned isa = cuvee__cpu_isa();
    size_t n = 1;
    while (n < N_BUILT && (isa & tiers[n].isa) == tiers[n].isa) n++;
    return n;
}

const char *const *cuvee__kernels_built(void)
{
    return lists[N_BUILT - 1];
}

const char *const *cuvee__kernels_usable(void)
{
    return lists[n_usable() - 1];
}

void cuvee__kernels_init(struct kernels *k, unsigned isa)
{
    cuvee__kernels_init_ref(k); /* every slot can be called from here on */
#if defined(__x86_64__)
    if (isa & CUVEE__ISA_AVX2) cuvee__kernels_init_avx2(k);
    if (isa & CUVEE__ISA_AVX512) cuvee__kernels_init_avx512(k);
    if (isa & CUVEE__ISA_AVX512_VNNI) cuvee__kernels_init_avx512vnni(k);
    if (isa & CUVEE__ISA_AVX512_BF16) cuvee__kernels_init_avx512bf16(k);
    if (isa & CUVEE__ISA_AMX) cuvee__kernels_init_amx(k);
#else
    (void)isa;
#endif
}

int cuvee__kernels_choose(struct kernels *k, const char *cap, cuvee_error *err)
{
    const size_t usable = n_usable();
    size_t chosen = usable - 1;
    const char *asked_by = "kernel tier";
    if (!cap) {
        cap = cuvee__env_isa();
        asked_by = "CUVEE_ISA";
    }
    if (cap) {
        for (chosen = 0; chosen < N_TIERS && strcmp(cap, tiers[chosen].name) != 0;) chosen++;
        if (chosen == N_TIERS)
            return cuvee__fail(err, CUVEE_E_ARGUMENT,
                               "%s '%s' is unknown; there are ref, avx2, avx512, avx512vnni, "
                               "avx512bf16, amx",
                               asked_by, cap);
        if (chosen >= N_BUILT)
            return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                               "%s '%s' is for another kind of processor; this build has ref only",
                               asked_by, cap);
        if (chosen >= usable)
            return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                               "%s '%s' needs %s, which this CPU or operating system lacks; the "
                               "best usable tier is %s",
                               asked_by, cap, tiers[chosen].features, tiers[usable - 1].name);
    }
    cuvee__kernels_init(k, tiers[chosen].isa);
    return CUVEE_OK;
}
