/* SPDX-License-Identifier: Apache-2.0
 *
 * --metrics: a JSON file with one record per batch and per worker. Records of batches are written
 * as they come, so that a run of any length needs no memory for them. */
#ifndef CUVEE_CLI_METRICS_H
#define CUVEE_CLI_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "os/thread.h"
#include "table/writer.h"

#define METRICS_MAX_WORKERS 1024 /* limit of cuvee_pool_options.n_workers */

struct worker_totals {
    uint64_t n_batches, n_texts, n_tokens, tokenize_ns, forward_ns;
};

struct metrics {
    struct output_file *output;
    uint64_t start_ns; /* times in the file count from here */
    struct mutex mutex; /* guards the rest: workers report at the same time */
    bool has_batch;
    int rc; /* of the first write that failed; later ones are left out */
    cuvee_error err;
    struct worker_totals workers[METRICS_MAX_WORKERS];
};

/* Returns CUVEE_OK or CUVEE_E_*, the file named. Release with cli__metrics_free(). */
int cli__metrics_create(const char *path, uint64_t start_ns, struct metrics **ret_metrics,
                        cuvee_error *err);
/* As cuvee__output_leftover(). */
const char *cli__metrics_leftover(const struct metrics *m);
/* As cuvee__output_detach(). */
int cli__metrics_detach(struct metrics *m, cuvee_error *err);

/* cuvee_pool_options.on_batch; user is the struct metrics. */
void cli__metrics_on_batch(void *user, const cuvee_batch_record *record);
/* When no batch can come any more: the records of the workers, then `process` (an object, borrows).
 * The file gets its name when is_whole, else it stays FILE.partial. */
int cli__metrics_end(struct metrics *m, uint32_t n_workers, const json_t *process, bool is_whole,
                     cuvee_error *err);
void cli__metrics_free(struct metrics *m);

#endif
