/* SPDX-License-Identifier: Apache-2.0
 *
 * Rounding weights to integers; quantize.h says what the integers mean.
 *
 * With G the mean of x x^T over the (rotated) inputs, rounding a row of weights w to v gives
 * its output an error of mean square (w - v) G (w - v)^T. G is decomposed as U D U^T, U upper
 * triangular with ones on the diagonal, D diagonal. Then that is the sum over k of
 * D_k ((w - v) U)_k^2, where the term of k holds (w - v)_k and, times U_jk, the errors of j < k. So
 * going through k upwards and rounding w_k + sum over j < k of (w - v)_j U_jk keeps each term as
 * small as one rounding. */
#include "model/quantize.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

enum {
    GRAM_ROWS = 64, /* rows that are multiplied at a time, in f32 */
    GRAM_TILE = 4,  /* columns of a tile of products */
    PIVOTS = 16,    /* steps of the decomposition that go over the matrix together */
    ROWS = 8        /* rows of weights that read the factor together */
};

/* G gets this share of its mean diagonal added to it: calibration texts are few, and directions
 * that they do not show are not free of error. Measured: 0.01 is worse than 0.1. */
static const double damping = 0.1;

/* ---- statistics ---- */

int cuvee__input_stats_init(struct input_stats *s, size_t k, cuvee_error *err)
{
    size_t n_gram;
    *s = (struct input_stats){.k = k};
    if (cuvee__mul(k, k, &n_gram)) {
        s->sum = cuvee__calloc(k, sizeof *s->sum);
        s->gram = cuvee__calloc(n_gram, sizeof *s->gram);
        s->waiting = cuvee__calloc(cuvee__round_up(k, GRAM_TILE) * GRAM_ROWS, sizeof *s->waiting);
    }
    if (s->sum && s->gram && s->waiting) return CUVEE_OK;
    cuvee__input_stats_deinit(s);
    return cuvee__fail(err, CUVEE_E_NOMEM, "no memory for the statistics of %zu inputs", k);
}

void cuvee__input_stats_deinit(struct input_stats *s)
{
    cuvee__free(s->sum);
    cuvee__free(s->gram);
    cuvee__free(s->waiting);
    *s = (struct input_stats){0};
}

/* Products of two tiles of columns, summed over the waiting rows. */
static void multiply_tiles(const float *a, const float *b, float out[GRAM_TILE][GRAM_TILE])
{
    float sums[GRAM_TILE][GRAM_TILE] = {{0}};
    for (size_t row = 0; row < GRAM_ROWS; row++, a += GRAM_TILE, b += GRAM_TILE)
        for (size_t i = 0; i < GRAM_TILE; i++)
            for (size_t j = 0; j < GRAM_TILE; j++) sums[i][j] += a[i] * b[j];
    memcpy(out, sums, sizeof sums);
}

void cuvee__input_stats_finish(struct input_stats *s)
{
    const size_t tile_floats = (size_t)GRAM_TILE * GRAM_ROWS;
    if (s->n_waiting == 0) return;
    for (size_t i0 = 0; i0 < s->k; i0 += GRAM_TILE)
        for (size_t j0 = 0; j0 <= i0; j0 += GRAM_TILE) {
            float sums[GRAM_TILE][GRAM_TILE];
            multiply_tiles(s->waiting + i0 / GRAM_TILE * tile_floats,
                           s->waiting + j0 / GRAM_TILE * tile_floats, sums);
            for (size_t i = i0; i < cuvee__min(i0 + GRAM_TILE, s->k); i++)
                for (size_t j = j0; j < cuvee__min(j0 + GRAM_TILE, s->k); j++)
                    s->gram[i * s->k + j] += sums[i - i0][j - j0];
        }
    memset(s->waiting, 0, cuvee__round_up(s->k, GRAM_TILE) * GRAM_ROWS * sizeof *s->waiting);
    s->n_waiting = 0;
}

void cuvee__input_stats_add(struct input_stats *s, size_t n_rows, const float *x, size_t ldx)
{
    for (size_t row = 0; row < n_rows; row++, x += ldx) {
        for (size_t k = 0; k < s->k; k++) {
            const size_t tile = k / GRAM_TILE;
            s->waiting[(tile * GRAM_ROWS + s->n_waiting) * GRAM_TILE + k % GRAM_TILE] = x[k];
            s->sum[k] += x[k];
        }
        s->n_rows++;
        if (++s->n_waiting == GRAM_ROWS) cuvee__input_stats_finish(s);
    }
}

/* ---- rotation ---- */

struct quantizer {
    size_t k;
    size_t rotation; /* a power of two that divides k */
    struct quantize_bounds bounds;
    float *input_scales; /* signs; NULL = ones, without rotation */
    double *mean;        /* of the rotated inputs; NULL = no statistics, as factor */
    /* (k,k): row i holds U_ji for j < i, and on the diagonal G_ii before the decomposition */
    double *factor;
};

/* Signs without a pattern: those of the inputs' order would meet the rows of the transform, one of
 * which is all ones and would gather the mean of a block. The finaliser of MurmurHash3. */
static float sign_of_input(size_t k)
{
    uint32_t h = (uint32_t)k + 1;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    return (h ^ h >> 16) & 1 ? -1.0f : 1.0f;
}

static int make_signs(struct quantizer *q, cuvee_error *err)
{
    q->input_scales = cuvee__alloc_array(q->k, sizeof *q->input_scales);
    if (!q->input_scales)
        return cuvee__fail(err, CUVEE_E_NOMEM, "no memory to quantise %zu inputs", q->k);
    for (size_t i = 0; i < q->k; i++) q->input_scales[i] = sign_of_input(i);
    return CUVEE_OK;
}

static void transform_block(double *x, size_t stride, size_t block)
{
    for (size_t h = 1; h < block; h *= 2)
        for (size_t i = 0; i < block; i++)
            if (!(i & h)) {
                const double a = x[i * stride], b = x[(i + h) * stride];
                x[i * stride] = a + b;
                x[(i + h) * stride] = a - b;
            }
}

/* x = R x, for k values `stride` apart. */
static void rotate(const struct quantizer *q, double *x, size_t stride)
{
    if (q->rotation == 1) return;
    for (size_t k = 0; k < q->k; k++) x[k * stride] *= q->input_scales[k];
    for (size_t k = 0; k < q->k; k += q->rotation)
        transform_block(x + k * stride, stride, q->rotation);
}

/* ---- the decomposition of G ---- */

/* y[0 .. n - 1] -= c x[0 .. n - 1] */
static void subtract(double *y, double c, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] -= c * x[i];
}

static void subtract_four(double *y, const double c[4], const double *const x[4], size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] - c[0] * x[0][i] - c[1] * x[1][i] - c[2] * x[2][i] - c[3] * x[3][i];
}

/* Lower triangle g of G = U D U^T in place: row m becomes U_jm for j < m, and D_m on the diagonal.
 * From the last row up, each makes the rows above it what is left of G without it. PIVOTS rows are
 * finished before they go over the rest of the matrix, which is larger than the caches. */
static void decompose(double *g, size_t k)
{
    for (size_t end = k, first; end > 0; end = first) {
        first = end > PIVOTS ? end - PIVOTS : 0;
        for (size_t m = end; m-- > first;) {
            double *const row = g + m * k;
            for (size_t j = 0; j < m; j++) row[j] /= row[m];
            for (size_t i = first; i < m; i++) subtract(g + i * k, row[i] * row[m], row, i + 1);
        }
        for (size_t i = 0; i < first; i++) {
            for (size_t m = end; m > first; m -= 4) { /* a full block: first > 0 */
                const double *const rows[4] = {g + (m - 1) * k, g + (m - 2) * k, g + (m - 3) * k,
                                               g + (m - 4) * k};
                const double c[4] = {rows[0][i] * rows[0][m - 1], rows[1][i] * rows[1][m - 2],
                                     rows[2][i] * rows[2][m - 3], rows[3][i] * rows[3][m - 4]};
                subtract_four(g + i * k, c, rows, i + 1);
            }
        }
    }
}

/* G of the rotated inputs, damped, from the sums of the plain ones. */
static int rotate_gram(const struct quantizer *q, double *g, uint64_t n_rows, cuvee_error *err)
{
    const size_t k = q->k;
    double trace = 0.0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j <= i; j++) g[i * k + j] = g[j * k + i] = g[i * k + j] / (double)n_rows;
    for (size_t i = 0; i < k; i++) rotate(q, g + i * k, 1);
    for (size_t j = 0; j < k; j++) rotate(q, g + j, k);
    for (size_t i = 0; i < k; i++) trace += g[i * k + i];
    if (!isfinite(trace))
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "inputs of a layer are not finite: the model cannot be calibrated");
    const double more = trace > 0.0 ? damping * trace / (double)k : 1.0;
    for (size_t i = 0; i < k; i++) g[i * k + i] += more;
    return CUVEE_OK;
}

static int calibrate(struct quantizer *q, struct input_stats *stats, cuvee_error *err)
{
    cuvee__input_stats_finish(stats);
    q->mean = cuvee__alloc_array(q->k, sizeof *q->mean);
    if (!q->mean) return cuvee__fail(err, CUVEE_E_NOMEM, "no memory to quantise %zu inputs", q->k);
    for (size_t k = 0; k < q->k; k++) q->mean[k] = stats->sum[k] / (double)stats->n_rows;
    rotate(q, q->mean, 1);
    const int rc = rotate_gram(q, stats->gram, stats->n_rows, err);
    if (rc) return rc;
    q->factor = stats->gram;
    stats->gram = NULL;
    decompose(q->factor, q->k);
    return CUVEE_OK;
}

int cuvee__quantizer_create(size_t k, const struct quantize_bounds *bounds,
                            struct input_stats *stats, struct quantizer **ret, cuvee_error *err)
{
    if (bounds->weight_max < 1 || bounds->weight_max > INT8_MAX || bounds->activation_max < 1 ||
        bounds->activation_max > UINT8_MAX)
        return cuvee__fail(err, CUVEE_E_ARGUMENT,
                           "inputs to %u and weights within %u do not fit 8 bits",
                           bounds->activation_max, bounds->weight_max);
    struct quantizer *q = cuvee__calloc(1, sizeof *q);
    int rc = CUVEE_OK;
    if (!q) return cuvee__fail(err, CUVEE_E_NOMEM, "no memory to quantise %zu inputs", k);
    q->k = k;
    q->bounds = *bounds;
    q->rotation = 1;
    while (q->rotation < bounds->rotation && k % (2 * q->rotation) == 0) q->rotation *= 2;
    if (q->rotation > 1) rc = make_signs(q, err);
    if (!rc && stats && stats->n_rows) rc = calibrate(q, stats, err);
    if (rc)
        cuvee__quantizer_free(q);
    else
        *ret = q;
    return rc;
}

void cuvee__quantizer_free(struct quantizer *q)
{
    if (!q) return;
    cuvee__free(q->input_scales);
    cuvee__free(q->mean);
    cuvee__free(q->factor);
    cuvee__free(q);
}

size_t cuvee__quantizer_rotation(const struct quantizer *q)
{
    return q->rotation;
}

const float *cuvee__quantizer_input_scales(const struct quantizer *q)
{
    return q->input_scales;
}

/* ---- rows ---- */

static double clamp_round(double x, double max)
{
    return fmax(-max, fmin(max, rint(x)));
}

/* What the weights of one row's run may still add up to, of each sign (0 plus, 1 minus) and in
 * each of the two 16-bit sums, which take pairs of k in turn. */
struct room {
    double left[2][2];
};

static double take_room(const struct quantizer *q, struct room *room, size_t i, double v)
{
    const double most = INT16_MAX / q->bounds.activation_max;
    if (q->bounds.run == 0) return v;
    if (i % (4 * q->bounds.run) == 0)
        *room = (struct room){{{most, most}, {most, most}}};
    double *const left = &room->left[i >> 1 & 1][v < 0.0];
    const double size = fmin(fabs(v), *left);
    *left -= size;
    return copysign(size, v);
}

/* Squared error of a row in steps of `scale`. */
static double rounding_error(const struct quantizer *q, const double *w, double scale)
{
    struct room room = {{{0}}};
    double sum = 0.0;
    for (size_t i = 0; i < q->k; i++) {
        const double nearest = clamp_round(w[i * ROWS] / scale, q->bounds.weight_max);
        const double e = w[i * ROWS] - scale * take_room(q, &room, i, nearest);
        sum += e * e;
    }
    return sum;
}

/* The step for a row. Finer steps than those that reach the largest weight cut it, and make all the
 * others better; coarser steps leave more room in the runs. */
static float best_scale(const struct quantizer *q, const double *w)
{
    static const double factors[] = {0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.1, 1.2,
                                     1.3, 1.4, 1.5, 1.65, 1.8, 2.0,  2.4, 3.0, 4.0};
    double largest = 0.0, least = INFINITY;
    float best = 1.0f; /* of a row of zeros */
    for (size_t i = 0; i < q->k; i++) largest = fmax(largest, fabs(w[i * ROWS]));
    if (largest < 1e-35) return best; /* such weights are as good as zeros */
    for (size_t f = 0; f < sizeof factors / sizeof *factors; f++) {
        const float scale = (float)(factors[f] * largest / q->bounds.weight_max);
        const double error = rounding_error(q, w, scale);
        if (error >= least) continue;
        least = error;
        best = scale;
    }
    return best;
}

/* Room of one call: ROWS rows of weights side by side, so that each number of the factor that is
 * read serves all of them. */
struct row_block {
    double *weights; /* (k, ROWS) */
    double *errors;  /* (k, ROWS) */
};

/* What the errors of inputs 0 .. i - 1 have to be made up for at i. */
static void carry_errors(const struct quantizer *q, const struct row_block *b, size_t i,
                         double sums[ROWS])
{
    const double *const u = q->factor + i * q->k;
    double s[ROWS] = {0};
    for (size_t j = 0; j < i; j++)
        for (size_t r = 0; r < ROWS; r++) s[r] += u[j] * b->errors[j * ROWS + r];
    memcpy(sums, s, sizeof s);
}

static void round_block(const struct quantizer *q, const struct row_block *b, size_t n,
                        const float *scales, int8_t *ret_weights)
{
    struct room rooms[ROWS] = {{{{0}}}};
    for (size_t i = 0; i < q->k; i++) {
        double carried[ROWS] = {0};
        if (q->factor) carry_errors(q, b, i, carried);
        for (size_t r = 0; r < n; r++) {
            const double w = b->weights[i * ROWS + r];
            const double nearest = clamp_round((w + carried[r]) / scales[r], q->bounds.weight_max);
            const double v = take_room(q, &rooms[r], i, nearest);
            b->errors[i * ROWS + r] = w - v * scales[r];
            ret_weights[r * q->k + i] = (int8_t)v;
        }
    }
}

/* Fill column r of the block with a row of W, rotated. */
static int load_row(const struct quantizer *q, const struct row_block *b, size_t r, size_t row,
                    const float *w, cuvee_error *err)
{
    for (size_t i = 0; i < q->k; i++) {
        if (!isfinite(w[i]))
            return cuvee__fail(err, CUVEE_E_FORMAT,
                               "weight [%zu, %zu] is not finite: it has no int8 form", row, i);
        b->weights[i * ROWS + r] = w[i] / (double)q->rotation;
    }
    rotate(q, b->weights + r, ROWS);
    return CUVEE_OK;
}

static float bias_shift(const struct quantizer *q, const struct row_block *b, size_t r)
{
    double sum = 0.0;
    if (!q->mean) return 0.0f;
    for (size_t i = 0; i < q->k; i++) sum += b->errors[i * ROWS + r] * q->mean[i];
    return (float)sum;
}

int cuvee__quantize_rows(const struct quantizer *q, size_t n, const float *w, size_t ldw,
                         int8_t *ret_weights, float *ret_scales, float *ret_bias_shift,
                         cuvee_error *err)
{
    const struct row_block b = {cuvee__calloc(q->k, ROWS * sizeof(double)),
                                cuvee__calloc(q->k, ROWS * sizeof(double))};
    int rc = CUVEE_OK;
    if (!b.weights || !b.errors)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "no memory to quantise %zu inputs", q->k);
    for (size_t first = 0; first < n && !rc; first += ROWS) {
        const size_t rows = cuvee__min(ROWS, n - first);
        for (size_t r = 0; r < rows && !rc; r++) {
            rc = load_row(q, &b, r, first + r, w + (first + r) * ldw, err);
            if (!rc) ret_scales[first + r] = best_scale(q, b.weights + r);
        }
        if (rc) break;
        round_block(q, &b, rows, ret_scales + first, ret_weights + first * q->k);
        for (size_t r = 0; r < rows; r++) ret_bias_shift[first + r] = bias_shift(q, &b, r);
    }
    cuvee__free(b.weights);
    cuvee__free(b.errors);
    return rc;
}
