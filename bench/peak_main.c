/* SPDX-License-Identifier: Apache-2.0
 *
 * peak [--threads N] [--ms N]: print the f32 multiply-add peak of this machine in GFLOP/s, with
 * the widest vectors that the library would use here. For benchmarks in other languages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuvee/cuvee.h"
#include "peak.h"

int main(int argc, char **argv)
{
    cuvee_machine_info machine = CUVEE_OPTIONS(cuvee_machine_info);
    cuvee_error err;
    if (cuvee_machine_describe(NULL, &machine, &err) != CUVEE_OK) {
        fprintf(stderr, "peak: %s\n", err.msg);
        return 1;
    }
    unsigned long n_threads = machine.default_workers, ms = 500;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--threads") == 0) n_threads = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--ms") == 0) ms = strtoul(argv[i + 1], NULL, 10);
    }
    const double gflops = bench_peak_f32(machine.tier, (unsigned)n_threads, (double)ms / 1000);
    printf("%.2f %s\n", gflops, machine.tier);
    return 0;
}
