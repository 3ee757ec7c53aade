/* SPDX-License-Identifier: Apache-2.0 */
#include "base/checked.h"
#include "report/svg.h"

enum { WIDTH = 880, ROW = 24, LABELS = 270, VALUES = 130, TOP = 6 };

static void put_rectangle(struct sink *out, const char *class, double x, double y, double width)
{
    cuvee__markup_printf(out, "<rect class=\"%s\" height=\"%d\" x=\"", class, ROW - 8);
    cuvee__markup_number(out, x);
    sink_put_str(out, "\" y=\"");
    cuvee__markup_number(out, y);
    sink_put_str(out, "\" width=\"");
    cuvee__markup_number(out, width);
    sink_put_str(out, "\"/>\n");
}

void cuvee__svg_bars(struct sink *out, const char *title, const char *description,
                     const struct svg_bar *bars, size_t n, bool is_alone)
{
    double max = 0;
    for (size_t i = 0; i < n; i++) max = bars[i].high > max ? bars[i].high : max;
    const double scale = max > 0 ? (WIDTH - LABELS - VALUES) / max : 0;
    cuvee__svg_begin(out, title, description, WIDTH, (double)(2 * TOP + n * ROW), is_alone);
    for (size_t i = 0; i < n; i++) {
        const struct svg_bar *b = &bars[i];
        const double y = (double)(TOP + i * ROW);
        cuvee__svg_text(out, NULL, "end", LABELS - 8, y + 12, b->label);
        put_rectangle(out, b->is_claim ? "claim" : "true", LABELS, y, b->low * scale);
        if (b->high > b->low)
            put_rectangle(out, "band", LABELS + b->low * scale, y, (b->high - b->low) * scale);
        cuvee__svg_text(out, NULL, "start", LABELS + b->high * scale + 8, y + 12, b->value);
    }
    sink_put_str(out, "</svg>\n");
}
