/* SPDX-License-Identifier: Apache-2.0
 *
 * A result of `cuvee measure -o`, read again; what is found in it, and by which names. */
#ifndef CUVEE_CLI_MEASURE_RESULT_H
#define CUVEE_CLI_MEASURE_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"
#include "measure/naive.h"

/* Read a file and see that it is a result (measure/1). *ret: release with json_decref().
 * Returns CUVEE_OK; as base/json.h and os/file.h; CUVEE_E_FORMAT for JSON that is no result. */
int cli__measure_result_read(const char *path, json_t **ret, cuvee_error *err);

/* A number of 0 or more that is there, or false. */
bool cli__measure_result_number(const json_t *result, const char *path, double *ret);
/* The command as a shell would read it, NUL-terminated. Returns as cuvee__buffer_append(). */
int cli__measure_result_command(const json_t *result, struct buffer *out);

enum measure_unit { MEASURE_SECONDS, MEASURE_BYTES, MEASURE_MIB_SECONDS, MEASURE_COUNT };

/* Both bounds of the peak, in bytes; an upper one below the lower, which nobody but a person can
 * have written, is as if it were the same. False when one is not known. */
bool cli__measure_result_peak(const json_t *result, double *ret_low, double *ret_high);

/* The figures that are compared, listed and exported. */
struct measure_figure {
    const char *name, *path;
    enum measure_unit unit;
    const char *metric, *label; /* of OpenMetrics; figures of one metric follow each other */
    const char *help;
};

extern const struct measure_figure cli__measure_figures[];
extern const size_t cli__measure_n_figures;

/* As people read it: the factor from the result's unit, the unit's name, decimals. */
struct measure_scale {
    double factor;
    const char *name;
    int decimals;
};
struct measure_scale cli__measure_scale(enum measure_unit unit);

/* "100.0 to 105.0", or one number when both are written alike; in units of the caller's. Returns
 * text. */
const char *cli__measure_range(double low, double high, char *text, size_t room);

/* A claim as a share of the peak, both in the same unit: "8 %"; "8 to 12 %" of its two bounds.
 * Empty when there is no peak. */
const char *cli__measure_share(double claim, double low, double high, char *text, size_t room);

/* What other methods are, without what they say of anything. */
void cli__measure_naive_methods(struct naive_figure ret[CUVEE__NAIVE_FIGURES]);
/* Where a result has what one of them says. Returns text. */
const char *cli__measure_naive_path(const struct naive_figure *f, char *text, size_t room);
/* What it says, in bytes. False when that is not known. */
bool cli__measure_result_claim(const json_t *result, const struct naive_figure *f, double *ret);

#endif
