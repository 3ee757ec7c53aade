/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "report/svg.h"
#include "report/svg_plots.h"

enum { WIDTH = 880, LEFT = 206, RIGHT = 700, TOP = 34, BAR = 13, CLAIM = 11, GAP = 13 };
enum { MAX_LABEL = 28 };

static double height_of(const struct svg_group *g)
{
    double height = BAR + GAP;
    for (int i = 0; i < CUVEE__SVG_CLAIMS; i++) height += isfinite(g->claims[i]) ? CLAIM : 0;
    return height;
}

static void put_group(struct sink *out, const struct svg_scale *x, const struct svg_group *g,
                      const char *const names[CUVEE__SVG_CLAIMS], double y)
{
    const double low = cuvee__svg_at(x, g->low), high = cuvee__svg_at(x, g->high);
    cuvee__svg_label(out, NULL, "end", LEFT - 10, y + BAR - 2, g->label, MAX_LABEL);
    cuvee__svg_rectangle(out, "true", LEFT, y, low - LEFT, BAR - 1, g->value);
    if (high > low) cuvee__svg_rectangle(out, "band", low, y, high - low, BAR - 1, g->value);
    cuvee__svg_text(out, "strong", "start", high + 8, y + BAR - 2, g->value);
    y += BAR;
    for (int i = 0; i < CUVEE__SVG_CLAIMS; i++) {
        if (!isfinite(g->claims[i])) continue;
        const double end = cuvee__svg_at(x, g->claims[i]);
        cuvee__svg_kind(out, "claim n", i, LEFT, y, fmax(end - LEFT, 1), CLAIM - 1, names[i]);
        cuvee__svg_text(out, "small", "start", end + 8, y + CLAIM - 1, g->texts[i]);
        y += CLAIM;
    }
}

static bool is_claimed(const struct svg_group *groups, size_t n, int claim)
{
    for (size_t i = 0; i < n; i++)
        if (isfinite(groups[i].claims[claim])) return true;
    return false;
}

static void put_legend(struct sink *out, const char *const names[CUVEE__SVG_CLAIMS],
                       const struct svg_group *groups, size_t n)
{
    double at = LEFT;
    for (int i = -1; i < CUVEE__SVG_CLAIMS; i++) {
        if (i >= 0 && !is_claimed(groups, n, i)) continue;
        const char *name = i < 0 ? "true" : names[i];
        if (i < 0)
            cuvee__svg_rectangle(out, "true", at, 8, 14, 12, NULL);
        else
            cuvee__svg_kind(out, "claim n", i, at, 8, 14, 12, NULL);
        cuvee__svg_text(out, NULL, "start", at + 20, 18, name);
        at += 20 + cuvee__svg_width(name) + 16;
    }
}

void cuvee__svg_groups(struct sink *out, const struct svg_heading *h,
                       const char *const names[CUVEE__SVG_CLAIMS], const struct svg_group *groups,
                       size_t n)
{
    double most = 0, height = TOP;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, groups[i].high);
        height += height_of(&groups[i]);
        for (int k = 0; k < CUVEE__SVG_CLAIMS; k++)
            if (isfinite(groups[i].claims[k])) most = fmax(most, groups[i].claims[k]);
    }
    const struct svg_scale x = cuvee__svg_linear(0, most, LEFT, RIGHT, 8);
    cuvee__svg_begin(out, h->title, h->description, WIDTH, height, h->is_alone);
    put_legend(out, names, groups, n);
    cuvee__svg_segment(out, "axis", LEFT, TOP - 4, LEFT, height - GAP);
    double y = TOP;
    for (size_t i = 0; i < n; i++) {
        put_group(out, &x, &groups[i], names, y);
        y += height_of(&groups[i]);
    }
    sink_put_str(out, "</svg>\n");
}
