/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said about a run when it is over: the summary on stderr, the metadata of a JSON
 * document. */
#ifndef CUVEE_CLI_RUN_REPORT_H
#define CUVEE_CLI_RUN_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "labels_map.h"
#include "run_stats.h"

struct run_report {
    const struct run_stats *stats; /* label_counts merged */
    const struct label_names *labels;
    cuvee_model_info model;
    cuvee_pool_info pool; /* counters as they are at the end */
    uint32_t activation;  /* enum cuvee_activation, as asked */
    uint64_t load_ns;     /* opening the model, starting the workers */
    uint64_t work_ns;     /* from the first read to the last row */
    uint64_t peak_pss_bytes; /* 0 = unknown */
    const char *output;      /* where the results lie, for people */
    bool is_whole;           /* false: the run ended before its input did */
};

/* Rows per printed name: add the counts of labels that share one to the first of them, counts
 * (n). */
void cli__report_merge_counts(const struct label_names *labels, uint64_t *counts);
/* The `metadata` object; sha256_hex is of the weights. NULL when out of memory; release:
 * json_decref(). */
json_t *cli__report_metadata(const struct run_report *r, const char *sha256_hex);
/* The `process` object of --metrics. */
json_t *cli__report_process(const struct run_report *r);
/* Print the summary for people. */
void cli__report_summary(const struct run_report *r);

#endif
