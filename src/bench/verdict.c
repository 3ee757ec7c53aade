/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/verdict.h"

#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "report/resample.h"

#define CONFIDENCE 0.95
#define MAX_P      (1 - CONFIDENCE)

/* Everything is done on logarithms: a ratio and its inverse are equally far from 1. */
static double log_ratio(double arm, double reference, bool is_less_better)
{
    return is_less_better ? log(reference / arm) : log(arm / reference);
}

static bool counts(double metric)
{
    return metric > 0 && isfinite(metric);
}

/* NAN: neither of the two entries ran. */
static double reference_of(const struct verdict_block *block)
{
    const bool has_reference = counts(block->reference), has_twin = counts(block->twin);
    if (has_reference && has_twin) return sqrt(block->reference) * sqrt(block->twin);
    return has_reference ? block->reference : has_twin ? block->twin : NAN;
}

static size_t arm_pairs(const struct verdict_block *blocks, size_t n, bool is_less_better,
                        double *ret)
{
    size_t n_pairs = 0;
    for (size_t i = 0; i < n; i++) {
        const double reference = reference_of(&blocks[i]);
        if (counts(blocks[i].arm) && !isnan(reference))
            ret[n_pairs++] = log_ratio(blocks[i].arm, reference, is_less_better);
    }
    return n_pairs;
}

static size_t twin_pairs(const struct verdict_block *blocks, size_t n, bool is_less_better,
                         double *ret)
{
    size_t n_pairs = 0;
    for (size_t i = 0; i < n; i++)
        if (counts(blocks[i].reference) && counts(blocks[i].twin))
            ret[n_pairs++] = log_ratio(blocks[i].twin, blocks[i].reference, is_less_better);
    return n_pairs;
}

/* Of logarithms, in logarithms; n at least 1. */
static struct verdict_ratio centre(const double *sorted, size_t n)
{
    struct verdict_ratio r = {n, cuvee__stats_median(sorted, n), {0, 0, 0}, false};
    r.is_range = n < VERDICT_MIN_INTERVAL ||
                 !cuvee__stats_quantile_interval(sorted, n, 0.5, CONFIDENCE, &r.interval);
    if (r.is_range)
        r.interval = (struct stats_interval){sorted[0], sorted[n - 1], 1 - ldexp(2, -(int)n)};
    return r;
}

/* How far the A/A interval reaches from 1 on either side, in logarithms. An arm is compared with
 * the mean of the reference's two entries, and each of these is half of their ratio away from it.
 * Which of them came to be the twin is chance, so it is known where the median of the halves would
 * lie if others had. Unless the ratios leave out 1: then the reference differs from itself, and it
 * is all of their median that is no difference. logs: reordered. */
static double limit_of(double *logs, const struct verdict_ratio *r)
{
    const double low = r->interval.low, high = r->interval.high;
    if (r->is_range) return fmax(fabs(low), fabs(high));
    for (size_t i = 0; i < r->n; i++) logs[i] = fabs(logs[i]);
    cuvee__stats_sort(logs, r->n);
    const double limit = cuvee__stats_flipped_median(logs, r->n, CONFIDENCE);
    return low > 0 || high < 0 ? limit : limit / 2;
}

/* How far from 1 the reference is from itself, in logarithms. */
struct noise {
    double limit;    /* of the A/A interval */
    double farthest; /* of all A/A pairs */
};

static enum verdict_word word_of(const struct verdict *v, double least_effect,
                                 const struct noise *noise)
{
    const double low = v->ratio.interval.low, high = v->ratio.interval.high;
    const double margin = fmax(least_effect, noise->limit);
    double far = noise->limit;
    if (!v->ratio.is_range && -margin <= low && high <= margin) return VERDICT_INDISTINGUISHABLE;
    if (v->floor.n < VERDICT_MIN_RANGE || v->ratio.n < VERDICT_MIN_RANGE)
        return VERDICT_INCONCLUSIVE;
    /* No interval: all pairs must also be farther from 1 than from one another. */
    if (v->ratio.is_range) far = fmax(fmax(noise->farthest, high - low), least_effect);
    return low > far ? VERDICT_BETTER : high < -far ? VERDICT_WORSE : VERDICT_INCONCLUSIVE;
}

static struct stats_interval exp_of(struct stats_interval x)
{
    return (struct stats_interval){exp(x.low), exp(x.high), x.coverage};
}

static void to_ratios(struct verdict_ratio *r)
{
    r->median = exp(r->median);
    r->interval = exp_of(r->interval);
}

/* ret: room for n. What needs the logarithms in their order as well as sorted. */
static int tests_of(const double *logs, const double *sorted, size_t n,
                    const struct verdict_options *options, struct verdict *ret, cuvee_error *err)
{
    int rc;
    double *ranks = cuvee__alloc_array(n, sizeof *ranks);
    if (!ranks) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a verdict");
    if ((rc = cuvee__stats_signed_ranks(logs, n, ranks, err)) < 0) goto done;
    ret->p = cuvee__resample_sign_flip(ranks, n, options->n_resamples, options->seed);
    if ((rc = cuvee__stats_hodges_lehmann(logs, n, &ret->hodges_lehmann, err)) < 0) goto done;
    ret->hodges_lehmann = exp(ret->hodges_lehmann);
    if (!ret->ratio.is_range && options->use_bootstrap) {
        const struct resample_options resample = {options->n_resamples, CONFIDENCE, options->seed};
        if ((rc = cuvee__resample_median_bca(sorted, n, &resample, &ret->bootstrap, &ret->is_bca,
                                             err)) < 0)
            goto done;
        ret->bootstrap = exp_of(ret->bootstrap);
        ret->has_bootstrap = true;
    }
done:
    cuvee__free(ranks);
    return rc;
}

int cuvee__verdict(const struct verdict_block *blocks, size_t n,
                   const struct verdict_options *options, struct verdict *ret, cuvee_error *err)
{
    const bool is_less_better = options->less_is_better;
    const double least_effect = log1p(options->least_effect);
    int rc = CUVEE_OK;
    struct verdict v = {.margin = 1, .limit = 1, .p = NAN, .p_holm = NAN, .hodges_lehmann = NAN};
    double *logs = cuvee__alloc_array(2 * n + 1, sizeof *logs), *sorted = logs + n;
    if (!logs) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a verdict");

    struct noise noise = {0, 0};
    const size_t n_twins = twin_pairs(blocks, n, is_less_better, sorted);
    if (n_twins > 0) {
        cuvee__stats_sort(sorted, n_twins);
        v.floor = centre(sorted, n_twins);
        noise.farthest = fmax(fabs(sorted[0]), fabs(sorted[n_twins - 1]));
        noise.limit = limit_of(sorted, &v.floor);
    }
    const size_t n_pairs = arm_pairs(blocks, n, is_less_better, logs);
    if (n_pairs > 0) {
        for (size_t i = 0; i < n_pairs; i++) sorted[i] = logs[i];
        cuvee__stats_sort(sorted, n_pairs);
        v.ratio = centre(sorted, n_pairs);
        v.word = word_of(&v, least_effect, &noise);
        v.margin = exp(fmax(least_effect, noise.limit));
        if ((rc = tests_of(logs, sorted, n_pairs, options, &v, err)) < 0) goto done;
        to_ratios(&v.ratio);
    }
    if (n_twins > 0) to_ratios(&v.floor);
    v.limit = exp(noise.limit);
    *ret = v;
done:
    cuvee__free(logs);
    return rc;
}

int cuvee__verdict_correct(struct verdict *verdicts, size_t n, cuvee_error *err)
{
    size_t n_asked = 0;
    double *p = cuvee__alloc_array(n + 1, sizeof *p);
    if (!p) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for verdicts");
    for (size_t i = 0; i < n; i++)
        if (verdicts[i].ratio.n >= VERDICT_MIN_HOLM) p[n_asked++] = verdicts[i].p;
    const int rc = cuvee__stats_holm(p, n_asked, p, err);
    for (size_t i = 0, k = 0; rc == CUVEE_OK && i < n; i++) {
        struct verdict *v = &verdicts[i];
        if (v->ratio.n < VERDICT_MIN_HOLM) continue;
        v->p_holm = p[k++];
        const bool is_claim = v->word == VERDICT_BETTER || v->word == VERDICT_WORSE;
        if (is_claim && v->p_holm > MAX_P) v->word = VERDICT_INCONCLUSIVE;
    }
    cuvee__free(p);
    return rc;
}

const char *cuvee__verdict_text(enum verdict_word word)
{
    switch (word) {
    case VERDICT_NONE:
        break;
    case VERDICT_BETTER:
        return "better";
    case VERDICT_WORSE:
        return "worse";
    case VERDICT_INDISTINGUISHABLE:
        return "indistinguishable";
    case VERDICT_INCONCLUSIVE:
        return "inconclusive";
    }
    return NULL;
}

static json_t *ratio_to_json(const struct verdict_ratio *r)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:b}", "n", (json_int_t)r->n, "median", r->median,
                     "low", r->interval.low, "high", r->interval.high, "coverage",
                     r->interval.coverage, "range", r->is_range);
}

json_t *cuvee__verdict_to_json(const struct verdict *v)
{
    if (v->ratio.n == 0) return json_null();
    const double bootstrap_low = v->has_bootstrap ? v->bootstrap.low : NAN;
    const double bootstrap_high = v->has_bootstrap ? v->bootstrap.high : NAN;
    json_t *ratio = ratio_to_json(&v->ratio);
    json_t *more = json_pack(
        "{s:f, s:o, s:o, s:o, s:o, s:o, s:o}", "margin", v->margin, "bootstrap_low",
        cuvee__json_real(bootstrap_low), "bootstrap_high", cuvee__json_real(bootstrap_high),
        "bootstrap", v->has_bootstrap ? json_string(v->is_bca ? "BCa" : "percentile") : json_null(),
        "hodges_lehmann", cuvee__json_real(v->hodges_lehmann), "p", cuvee__json_real(v->p),
        "p_holm", cuvee__json_real(v->p_holm));
    if (!ratio || !more || json_object_update(ratio, more) < 0) {
        json_decref(ratio);
        ratio = NULL;
    }
    json_decref(more);
    return ratio;
}

json_t *cuvee__verdict_floor_to_json(const struct verdict *v)
{
    if (v->floor.n < 2) return json_null();
    json_t *floor = ratio_to_json(&v->floor);
    if (!floor || json_object_set_new(floor, "limit", json_real(v->limit)) == 0) return floor;
    json_decref(floor);
    return NULL;
}
