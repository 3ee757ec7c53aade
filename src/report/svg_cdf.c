/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "report/stats.h"
#include "report/style.h"
#include "report/svg.h"
#include "report/svg_plots.h"

enum { WIDTH = 880, HEIGHT = 420, LEFT = 60, RIGHT = 690, TOP = 28, BOTTOM = 380, MAX_LABEL = 22 };
enum { N_POINTS = 160, MAX_SAMPLES = 64 };

/* 0 of nothing, 1 of 90 %, 2 of 99 %. */
static double depth(double q)
{
    return -log10(1 - q);
}

static double quantile_of_depth(double d)
{
    return 1 - pow(10, -d);
}

/* Of so many, the last is beyond this share; further out nothing is known. */
static double deepest(size_t n)
{
    return depth(1 - 1.0 / (double)(n + 1));
}

static void put_rules(struct sink *out, const struct svg_scale *y, double most)
{
    static const struct {
        double q;
        const char *text;
    } rules[] = {{0, "0 %"},      {0.5, "50 %"},    {0.75, "75 %"},     {0.9, "90 %"},
                 {0.99, "99 %"}, {0.999, "99.9 %"}, {0.9999, "99.99 %"}, {0.99999, "99.999 %"}};
    for (size_t i = 0; i < sizeof rules / sizeof *rules && depth(rules[i].q) <= most; i++) {
        const double at = cuvee__svg_at(y, depth(rules[i].q));
        cuvee__svg_segment(out, i ? "rule" : "axis", LEFT, at, RIGHT, at);
        cuvee__svg_text(out, "soft", "end", LEFT - 6, at + 4, rules[i].text);
    }
    cuvee__svg_text(out, "soft", "start", 4, TOP - 12, "share of items that took at most so long");
}

static void put_curve(struct sink *out, const struct svg_scale *x, const struct svg_scale *y,
                      const struct svg_sample *s)
{
    char class[32], title[160];
    const double most = deepest(s->n);
    snprintf(class, sizeof class, "curve s%d dash%d", s->series % CUVEE__STYLE_COLOURS,
             s->series / CUVEE__STYLE_COLOURS % 4);
    cuvee__svg_path_begin(out, class);
    for (int i = 0; i <= N_POINTS; i++) {
        const double d = most * i / N_POINTS;
        const double value = cuvee__stats_quantile(s->sorted, s->n, quantile_of_depth(d));
        cuvee__svg_path_to(out, i == 0, cuvee__svg_at(x, value), cuvee__svg_at(y, d));
    }
    snprintf(title, sizeof title, "%.100s", s->label);
    cuvee__svg_path_end(out, title);
}

/* Between which values the quantile itself lies, by order statistics; where that can be said. */
static void put_intervals(struct sink *out, const struct svg_scale *x, const struct svg_scale *y,
                          const struct svg_sample *s)
{
    static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        struct stats_interval range;
        if (!cuvee__stats_quantile_interval(s->sorted, s->n, quantiles[i], 0.95, &range)) continue;
        const double at = cuvee__svg_at(y, depth(quantiles[i]));
        const double low = cuvee__svg_at(x, range.low), high = cuvee__svg_at(x, range.high);
        cuvee__svg_segment(out, "whisker", low, at, high, at);
        cuvee__svg_segment(out, "whisker", low, at - 3, low, at + 3);
        cuvee__svg_segment(out, "whisker", high, at - 3, high, at + 3);
    }
}

/* At the right, the fastest median first; each curve has its shape at its median and at its end. */
static void put_labels(struct sink *out, const struct svg_scale *x, const struct svg_scale *y,
                       const struct svg_sample *samples, size_t n)
{
    size_t order[MAX_SAMPLES];
    for (size_t i = 0; i < n; i++) {
        const struct svg_sample *s = &samples[i];
        const double median = cuvee__stats_median(s->sorted, s->n);
        size_t k = i;
        for (; k; k--) {
            const struct svg_sample *other = &samples[order[k - 1]];
            if (cuvee__stats_median(other->sorted, other->n) <= median) break;
            order[k] = order[k - 1];
        }
        order[k] = i;
        cuvee__svg_marker(out, s->series, SVG_MARKER_FULL, cuvee__svg_at(x, median),
                          cuvee__svg_at(y, depth(0.5)), s->label);
        cuvee__svg_marker(out, s->series, SVG_MARKER_FULL,
                          cuvee__svg_at(x, s->sorted[s->n - 1]),
                          cuvee__svg_at(y, deepest(s->n)), s->label);
    }
    const double step = fmin(20, (double)(BOTTOM - TOP) / (double)n);
    for (size_t i = 0; i < n; i++) {
        const struct svg_sample *s = &samples[order[i]];
        const double at = TOP + ((double)i + 0.5) * step;
        cuvee__svg_marker(out, s->series, SVG_MARKER_FULL, RIGHT + 18, at, NULL);
        cuvee__svg_label(out, NULL, "start", RIGHT + 30, at + 4, s->label, MAX_LABEL);
    }
}

void cuvee__svg_cdf(struct sink *out, const struct svg_heading *h, const struct svg_sample *samples,
                    size_t n, const char *unit)
{
    double least = INFINITY, most = 0, deep = 1;
    if (n > MAX_SAMPLES) n = MAX_SAMPLES;
    for (size_t i = 0; i < n; i++) {
        least = fmin(least, samples[i].sorted[0]);
        most = fmax(most, samples[i].sorted[samples[i].n - 1]);
        deep = fmax(deep, deepest(samples[i].n));
    }
    const struct svg_scale x = cuvee__svg_log_if(10, least / 1.1, most * 1.1, LEFT, RIGHT, 8);
    const struct svg_scale y = {
        .low = 0, .high = deep, .px_low = BOTTOM, .px_high = TOP, .step = 1};
    cuvee__svg_begin(out, h->title, h->description, WIDTH, HEIGHT, h->is_alone);
    cuvee__svg_axis_x(out, &x, TOP, BOTTOM, unit);
    put_rules(out, &y, deep);
    for (size_t i = 0; i < n; i++) put_curve(out, &x, &y, &samples[i]);
    for (size_t i = 0; i < n; i++) put_intervals(out, &x, &y, &samples[i]);
    put_labels(out, &x, &y, samples, n);
    sink_put_str(out, "</svg>\n");
}
