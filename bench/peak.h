/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine's own peaks: independent multiply-adds on registers, no memory; and how fast memory
 * can be read. Benchmarks print their rate as a share of a peak, because absolute rates mean little
 * on a shared or throttling machine. Measure in short windows between those of the benchmark, not
 * once. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include <stdint.h>

/* Processor time of this thread, nanoseconds: goes on only while it runs. */
uint64_t bench_cpu_ns(void);

enum peak_kind {
    PEAK_F32,  /* fused multiply-add */
    PEAK_BF16, /* tdpbf16ps or vdpbf16ps; on a CPU without, f32: bf16 weights are then widened */
    PEAK_INT8  /* tdpbusd or vpdpbusd; without VNNI runs of vpmaddubsw, see peak.c */
};

/* G operations per second of processor time (a multiply-add counts 2; a thread that others
 * interrupt has the same peak) with the vector width of a kernel tier ("avx2", "avx512", ...) on
 * n_threads (1 to 256) at once, over about `seconds`; 0 for a tier without such a loop, or when
 * threads cannot start. With one thread it runs in the caller's. */
double bench_peak(enum peak_kind kind, const char *tier, unsigned n_threads, double seconds);
double bench_peak_f32(const char *tier, unsigned n_threads, double seconds);

/* What attention and the last layer are counted at, beside linear layers of this kind: f32; with
 * AMX bf16, which is 16 times as fast. */
enum peak_kind bench_peak_beside(enum peak_kind kind, const char *tier);

/* The instructions of that loop, for reports; "none" for a tier without. */
const char *bench_peak_method(enum peak_kind kind, const char *tier);

/* GB/s of n_threads that each read 64 MB of their own again and again; 0 without memory or threads.
 */
double bench_bandwidth(unsigned n_threads, double seconds);

#endif
