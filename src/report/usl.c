/* SPDX-License-Identifier: Apache-2.0 */
#include "report/usl.h"

#include <math.h>

/* lambda follows from the other two; these are found one within the other, each by a grid, which
 * finds the right valley, and golden sections. A grid of squares: kappa is small where it is not
 * 0. */
enum { GRID = 48, SECTIONS = 80, BISECTIONS = 60 };

struct points {
    const double *x, *y;
    size_t n;
};

static double shape(double sigma, double kappa, double x)
{
    return x / (1 + sigma * (x - 1) + kappa * x * (x - 1));
}

/* The best lambda: least squares of 1 - lambda g / y. */
static double scale(const struct points *p, double sigma, double kappa)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < p->n; i++) {
        const double g = shape(sigma, kappa, p->x[i]) / p->y[i];
        sum += g;
        squares += g * g;
    }
    return sum / squares;
}

static double sum_of_squares(const struct points *p, double sigma, double kappa)
{
    const double lambda = scale(p, sigma, kappa);
    double sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        const double r = 1 - lambda * shape(sigma, kappa, p->x[i]) / p->y[i];
        sum += r * r;
    }
    return sum;
}

/* ---- least along one figure ---- */

/* What is looked at: a value of one figure, the other being given or chosen anew. */
typedef double cost(const struct points *p, double at, double other);

static double golden(const struct points *p, cost *f, double other, double low, double high)
{
    const double part = 0.6180339887498949;
    double a = high - part * (high - low), b = low + part * (high - low);
    double fa = f(p, a, other), fb = f(p, b, other);
    for (int i = 0; i < SECTIONS; i++) {
        if (fa <= fb) {
            high = b;
            b = a;
            fb = fa;
            fa = f(p, a = high - part * (high - low), other);
        } else {
            low = a;
            a = b;
            fa = fb;
            fb = f(p, b = low + part * (high - low), other);
        }
    }
    return (low + high) / 2;
}

static double grid_at(int i)
{
    const double t = (double)i / GRID;
    return t * t;
}

/* From 0 to 1, both included. */
static double least_at(const struct points *p, cost *f, double other)
{
    int best = 0;
    double least = INFINITY;
    for (int i = 0; i <= GRID; i++) {
        const double here = f(p, grid_at(i), other);
        if (here < least) {
            least = here;
            best = i;
        }
    }
    const double low = grid_at(best ? best - 1 : 0), high = grid_at(best < GRID ? best + 1 : GRID);
    const double at = golden(p, f, other, low, high);
    /* An end is never reached by sections. */
    const double end = best < GRID / 2 ? low : high;
    return (end <= 0 || end >= 1) && f(p, end, other) <= f(p, at, other) ? end : at;
}

static double of_kappa(const struct points *p, double kappa, double sigma)
{
    return sum_of_squares(p, sigma, kappa);
}

static double of_sigma(const struct points *p, double sigma, double kappa)
{
    return sum_of_squares(p, sigma, kappa);
}

/* The other figure chosen anew; the last argument is not used. */
static double profile_of_sigma(const struct points *p, double sigma, double none)
{
    (void)none;
    return sum_of_squares(p, sigma, least_at(p, of_kappa, sigma));
}

static double profile_of_kappa(const struct points *p, double kappa, double none)
{
    (void)none;
    return sum_of_squares(p, least_at(p, of_sigma, kappa), kappa);
}

/* ---- bounds ---- */

/* Student's distribution for whole degrees of freedom (Abramowitz and Stegun 26.7.3, 26.7.4). */
static double t_share(double t, size_t df)
{
    const double n = (double)df, theta = atan(t / sqrt(n)), c = cos(theta) * cos(theta);
    const bool is_odd = df % 2 == 1;
    double term = is_odd ? cos(theta) : 1, sum = df > 1 ? term : 0;
    for (size_t k = is_odd ? 3 : 2; k < df; k += 2)
        sum += term *= c * ((double)k - 1) / (double)k;
    const double between =
        is_odd ? 2 / acos(-1) * (theta + sin(theta) * sum) : sin(theta) * sum;
    return 0.5 + between / 2;
}

double cuvee__t_quantile(double p, size_t df)
{
    double low = 0, high = 1;
    while (t_share(high, df) < p && high < 1e12) high *= 2;
    for (int i = 0; i < 100; i++) {
        const double middle = (low + high) / 2;
        if (t_share(middle, df) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* Between `inside`, where f is small enough, and `end`: where it no longer is. */
static double edge(const struct points *p, cost *f, double inside, double end, double most)
{
    if (f(p, end, 0) <= most) return end;
    for (int i = 0; i < BISECTIONS; i++) {
        const double middle = (inside + end) / 2;
        if (f(p, middle, 0) <= most)
            inside = middle;
        else
            end = middle;
    }
    return inside;
}

static struct usl_bounded bounded(const struct points *p, cost *profile, double value, double most)
{
    return (struct usl_bounded){value, edge(p, profile, value, 0, most),
                                edge(p, profile, value, 1, most)};
}

/* ---- the fit ---- */

static bool is_enough(const struct points *p)
{
    size_t n_different = 0;
    if (p->n > USL_MAX_POINTS) return false;
    for (size_t i = 0; i < p->n; i++) {
        bool is_new = true;
        if (!(p->x[i] > 0 && p->y[i] > 0) || !isfinite(p->x[i]) || !isfinite(p->y[i]))
            return false;
        for (size_t k = 0; k < i; k++) is_new = is_new && fabs(p->x[k] - p->x[i]) > 0;
        n_different += is_new;
    }
    return n_different >= USL_MIN_POINTS;
}

double cuvee__usl_at(const struct usl_fit *fit, double x)
{
    return fit->lambda * shape(fit->sigma.value, fit->kappa.value, x);
}

enum usl_outcome cuvee__usl_fit(const double *x, const double *y, size_t n, struct usl_fit *ret)
{
    const struct points p = {x, y, n};
    if (!is_enough(&p)) return USL_TOO_FEW;
    const double sigma = least_at(&p, profile_of_sigma, 0);
    const double kappa = least_at(&p, of_kappa, sigma);
    const double least = sum_of_squares(&p, sigma, kappa), df = (double)n - 3;
    const double t = cuvee__t_quantile(0.975, n - 3);
    /* What rounding alone leaves of a sum must not end the bounds where they begin. */
    const double most = least * (1 + t * t / df) + 1e-24;
    struct usl_fit fit = {.lambda = scale(&p, sigma, kappa)};
    fit.sigma = bounded(&p, profile_of_sigma, sigma, most);
    fit.kappa = bounded(&p, profile_of_kappa, kappa, most);
    fit.peak = kappa > 0 ? sqrt((1 - sigma) / kappa) : INFINITY;
    for (size_t i = 0; i < n; i++)
        fit.miss = fmax(fit.miss, fabs(cuvee__usl_at(&fit, x[i]) / y[i] - 1));
    *ret = fit;
    return fit.miss <= USL_MOST_MISS ? USL_FITS : USL_NO_LAW;
}
