/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine's own f32 peak: independent fused multiply-adds on registers, no memory. Benchmarks
 * print their rate as a share of it, because absolute rates mean little on a shared or throttling
 * machine. Measure it in short windows between those of the benchmark, not once. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

/* GFLOP/s (a multiply-add counts 2) with the vector width of a kernel tier ("avx2", "avx512") on
 * n_threads (1 to 256) at once, over about `seconds`; 0 for a tier without such a loop, or when
 * threads cannot start. */
double bench_peak_f32(const char *tier, unsigned n_threads, double seconds);

#endif
