/* SPDX-License-Identifier: Apache-2.0
 *
 * What the processor can do and what the operating system lets it do, and how many cores this
 * process may use. */
#ifndef CUVEE_OS_CPU_H
#define CUVEE_OS_CPU_H

#include <stddef.h>
#include <stdint.h>

/* Kernel tiers as feature sets; a tier counts only when CPUID has all of it and XGETBV says that
 * the kernel saves the registers. */
#define CUVEE__ISA_AVX2 1u   /* AVX2 + FMA + F16C */
#define CUVEE__ISA_AVX512 2u /* the above + AVX-512 F, BW, DQ, VL */
#define CUVEE__ISA_AVX512_VNNI 4u /* the above + AVX-512 VNNI */
#define CUVEE__ISA_AVX512_BF16 8u /* the above + AVX-512 BF16 */
#define CUVEE__ISA_AMX 16u /* the above + AMX TILE, BF16, INT8, and leave to use them */

/* CUVEE__ISA_* bits of this machine. Threads: any. Where there is AMX, the system is asked for
 * leave to use it in this process: from then on signal stacks need about 11 KB, as
 * sysconf(_SC_MINSIGSTKSZ) says anyway. Where a thread has a smaller one, or a sandbox forbids to
 * ask, the system says no, and there is no AMX. */
unsigned cuvee__cpu_isa(void);

/* Model name from CPUID, NUL-terminated; empty when unknown, as on arm64. room is at least 1. */
void cuvee__cpu_name(char *ret_name, size_t room);

/* Cores in this process's affinity mask; at least 1. */
uint32_t cuvee__cpu_allowed_cores(void);

/* Keep the calling thread on the i-th core of its affinity mask. Does nothing when there is none or
 * the system does not let us. */
void cuvee__cpu_pin_thread(uint32_t i);

/* Physical memory, bytes. */
uint64_t cuvee__memory_bytes(void);

/* Workers to start: min(allowed cores, quota rounded up), at least 1. */
uint32_t cuvee__cpu_default_workers(void);

#endif
