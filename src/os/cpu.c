/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sched_getaffinity, CPU_ALLOC */
#include "os/cpu.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#endif

#include "base/checked.h"
#include "os/cgroup.h"

#if defined(__x86_64__)

/* XCR0: which register files the OS saves (Intel SDM vol. 1, 13.3). */
static uint64_t read_xcr0(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

/* Registers of 8 KB are for those processes only that have asked (Linux 5.16). */
static bool may_use_tiles(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; /* ARCH_REQ_XCOMP_PERM of <asm/prctl.h> */
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

unsigned cuvee__cpu_isa(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    const unsigned fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    if ((c & (fma | osxsave | avx | f16c)) != (fma | osxsave | avx | f16c)) return 0;
    const uint64_t saved = read_xcr0();
    if ((saved & 0x6) != 0x6) return 0; /* xmm, ymm */
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    if (!(b & 1u << 5)) return 0; /* AVX2 */
    unsigned isa = CUVEE__ISA_AVX2;
    const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* F, DQ, BW, VL */
    if ((b & avx512) != avx512 || (saved & 0xE6) != 0xE6) return isa;
    isa |= CUVEE__ISA_AVX512;
    if (!(c & 1u << 11)) return isa; /* AVX-512 VNNI */
    isa |= CUVEE__ISA_AVX512_VNNI;
    const unsigned features = d;
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & 1u << 5)) return isa;
    isa |= CUVEE__ISA_AVX512_BF16;
    const unsigned amx = 1u << 22 | 1u << 24 | 1u << 25; /* BF16, TILE, INT8 */
    const uint64_t tiles = 3u << 17;                     /* their shapes, their data */
    if ((features & amx) == amx && (saved & tiles) == tiles && may_use_tiles())
        isa |= CUVEE__ISA_AMX;
    return isa;
}

void cuvee__cpu_name(char *ret_name, size_t room)
{
    unsigned brand[12] = {0}, max = __get_cpuid_max(0x80000000u, NULL);
    ret_name[0] = '\0';
    if (max < 0x80000004u) return;
    for (unsigned i = 0; i < 3; i++)
        __get_cpuid(0x80000002u + i, &brand[4 * i], &brand[4 * i + 1], &brand[4 * i + 2],
                    &brand[4 * i + 3]);
    char text[sizeof brand + 1];
    memcpy(text, brand, sizeof brand);
    text[sizeof brand] = '\0';
    const char *start = text + strspn(text, " ");
    size_t n = strlen(start);
    while (n && start[n - 1] == ' ') n--;
    snprintf(ret_name, room, "%.*s", (int)n, start);
}

#else

unsigned cuvee__cpu_isa(void)
{
    return 0;
}

void cuvee__cpu_name(char *ret_name, size_t room)
{
    (void)room;
    ret_name[0] = '\0';
}

#endif

/* The calling thread's affinity mask, to be given to CPU_FREE(); NULL when it cannot be had. */
static cpu_set_t *read_affinity(size_t *ret_bytes)
{
    /* The kernel refuses a set smaller than its own (EINVAL), so grow until it fits. */
    for (int n_cpus = 1024; n_cpus <= 1 << 20; n_cpus *= 4) {
        cpu_set_t *set = CPU_ALLOC(n_cpus);
        if (!set) break;
        *ret_bytes = CPU_ALLOC_SIZE(n_cpus);
        if (sched_getaffinity(0, *ret_bytes, set) == 0) return set;
        CPU_FREE(set);
        if (errno != EINVAL) break;
    }
    return NULL;
}

uint32_t cuvee__cpu_allowed_cores(void)
{
    size_t bytes;
    cpu_set_t *set = read_affinity(&bytes);
    const long n = set ? CPU_COUNT_S(bytes, set) : sysconf(_SC_NPROCESSORS_ONLN);
    CPU_FREE(set);
    return n > 0 ? (uint32_t)n : 1;
}

void cuvee__cpu_pin_thread(uint32_t i)
{
    size_t bytes, cpu = 0;
    cpu_set_t *set = read_affinity(&bytes);
    if (!set) return;
    for (; cpu < 8 * bytes; cpu++)
        if (CPU_ISSET_S(cpu, bytes, set) && i-- == 0) break;
    if (cpu < 8 * bytes) {
        CPU_ZERO_S(bytes, set);
        CPU_SET_S(cpu, bytes, set);
        sched_setaffinity(0, bytes, set);
    }
    CPU_FREE(set);
}

uint64_t cuvee__memory_bytes(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}

uint32_t cuvee__cpu_default_workers(void)
{
    const uint32_t cores = cuvee__cpu_allowed_cores();
    const double quota = cuvee__cgroup_cpu_quota(&cuvee__cgroup_own);
    if (quota <= 0 || quota >= cores) return cores;
    return (uint32_t)cuvee__max(1, (size_t)ceil(quota));
}
