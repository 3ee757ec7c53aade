/* SPDX-License-Identifier: Apache-2.0
 *
 * How throughput grows with workers, by the Universal Scalability Law (Gunther 1993):
 *
 *     y(x) = lambda x / (1 + sigma (x - 1) + kappa x (x - 1))
 *
 * lambda is what one worker does alone; sigma, the share of the work that only one may do at a
 * time; kappa, what each must wait for each other: where it is above 0, more workers do less in the
 * end. */
#ifndef CUVEE_REPORT_USL_H
#define CUVEE_REPORT_USL_H

#include <stdbool.h>
#include <stddef.h>

/* Points for a fit of three figures; how far, of what was measured, the curve may miss a point. */
enum { USL_MIN_POINTS = 4, USL_MAX_POINTS = 64 };
#define USL_MOST_MISS 0.10

struct usl_bounded {
    double value, low, high; /* 95 % */
};

struct usl_fit {
    double lambda;
    struct usl_bounded sigma, kappa; /* sigma from 0 to 1, kappa from 0 to 1 */
    double miss;                     /* the most that the curve misses a point, as a share of it */
    double peak;                     /* workers at the most throughput; INFINITY: kappa is 0 */
};

enum usl_outcome { USL_FITS, USL_TOO_FEW, USL_NO_LAW };

/* Least squares of relative residuals, with all three figures within what they can be. Bounds are
 * those of the profile: where the sum of squares, the other figures chosen anew, is no larger than
 * F(1, n - 3) lets it be.
 *   x, y  n points, above 0; several may have the same x
 * USL_TOO_FEW: fewer than USL_MIN_POINTS different x, more than USL_MAX_POINTS points, or a point
 * not above 0; *ret is untouched. USL_NO_LAW: the curve misses a point by more than USL_MOST_MISS;
 * *ret is the best that there is. Numerics: relative 1e-6 of SciPy's. */
enum usl_outcome cuvee__usl_fit(const double *x, const double *y, size_t n, struct usl_fit *ret);

double cuvee__usl_at(const struct usl_fit *fit, double x);

/* The p-quantile of Student's t, p from 0.5 on, with whole degrees of freedom, at least 1. */
double cuvee__t_quantile(double p, size_t df);

#endif
