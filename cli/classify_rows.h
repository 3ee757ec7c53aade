/* SPDX-License-Identifier: Apache-2.0
 *
 * From a classified slot to rows of the output: top-k, threshold, errors, counts. */
#ifndef CUVEE_CLI_CLASSIFY_ROWS_H
#define CUVEE_CLI_CLASSIFY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "classify_pipeline.h"
#include "labels_map.h"
#include "run_stats.h"
#include "table/writer.h"

struct row_sink {
    struct row_writer *writer; /* these are set by the caller */
    struct label_names *labels;
    const cuvee_model *model;
    size_t top_k;     /* 0 = no scores */
    double threshold; /* NaN = no labels */
    uint32_t max_length;
    struct run_stats *stats;

    struct label_score *scores; /* (room_labels) scratch */
    uint32_t *above;            /* (room_labels) scratch */
    size_t room_labels;         /* of these and the stats' counts */
    bool told_traceback;
    struct span *fields;        /* (room_fields) scratch */
    size_t room_fields;
};

/* Start with the caller's part filled and the rest zero. */
int cli__row_sink_open(struct row_sink *s, cuvee_error *err);
void cli__row_sink_close(struct row_sink *s);

/* Write the rows of a slot. CUVEE_E_CANCELLED at the first row that the pool dropped: rows before
 * it are written. */
int cli__row_sink_slot(struct row_sink *s, const struct slot *slot, cuvee_error *err);

/* Say how many errors were not told one by one. */
void cli__row_sink_tell_rest(const struct row_sink *s);

#endif
