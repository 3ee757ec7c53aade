/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether what is measured again and again stays as it is: a change within a run (warm-up), a trend
 * from run to run. By ranks, so a wild value counts by its rank only. */
#ifndef CUVEE_REPORT_STEADY_H
#define CUVEE_REPORT_STEADY_H

#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"

/* ---- one change (Pettitt 1979) ---- */

struct steady_change {
    size_t at;    /* the first value after it; 0: n is below 2 or all are the same */
    double p;     /* that so large a change is chance: 2 exp(-6 K^2 / (n^3 + n^2)), at most 1 */
    double shift; /* median after it by the median before it */
};

/* Where the values of x, in the order in which they came, change most from one level to another.
 * x above 0. Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__steady_change(const double *x, size_t n, struct steady_change *ret, cuvee_error *err);

/* ---- when it has settled ---- */

/* Fewest values that are asked; what p must be above; changes below it are none that matter. */
enum { STEADY_MIN = 10 };
#define STEADY_P     0.05
#define STEADY_SHIFT 0.05

enum steady_word { STEADY_TOO_FEW, STEADY_SETTLED, STEADY_NEVER };

struct steady_state {
    enum steady_word word;
    size_t after;                /* values before it was steady: warm-up; of STEADY_NEVER n */
    struct steady_change change; /* the last that was looked at */
};

/* While the values change, what is before the change is warm-up; never steady when less than half
 * of them would be left. Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__steady_state(const double *x, size_t n, struct steady_state *ret, cuvee_error *err);

/* ---- a trend (Kendall 1938) ---- */

struct steady_trend {
    double tau; /* of x and y, 1: always rising, -1: always falling; ties as in tau-b */
    double p;   /* both sides; exact up to STEADY_EXACT without ties, else normal */
};
enum { STEADY_EXACT = 60 };

/* x: all different. n at least 2. */
struct steady_trend cuvee__steady_trend(const double *x, const double *y, size_t n);

#endif
