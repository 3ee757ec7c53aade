/* SPDX-License-Identifier: Apache-2.0 */
#include "report/svg_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/style.h"
#include "report/svg.h"
#include "report/ticks.h"

/* ---- words ---- */

size_t cuvee__svg_shorten(const char *label, size_t max_characters, char to[CUVEE__SVG_SHORT])
{
    size_t n_characters = 0, n = 0;
    for (; label[n] && n + 4 < CUVEE__SVG_SHORT; n++) {
        if (((unsigned char)label[n] & 0xC0) != 0x80 && n_characters++ == max_characters) break;
        to[n] = label[n];
    }
    if (label[n]) {
        /* Not in the midst of a character. */
        while (n && ((unsigned char)label[n] & 0xC0) == 0x80) n--;
        memcpy(to + n, "...", 3);
        n += 3;
        n_characters += 2;
    }
    to[n] = '\0';
    return n_characters;
}

double cuvee__svg_width(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return (double)n * CUVEE__SVG_LETTER_PX;
}

static void put_attribute(struct sink *out, const char *name, double x)
{
    cuvee__markup_printf(out, " %s=\"", name);
    cuvee__markup_number(out, x);
    sink_put_str(out, "\"");
}

static void put_end(struct sink *out, const char *tag, const char *title)
{
    if (!title) {
        sink_put_str(out, "/>\n");
        return;
    }
    sink_put_str(out, "><title>");
    cuvee__markup_text(out, title);
    cuvee__markup_printf(out, "</title></%s>\n", tag);
}

void cuvee__svg_label(struct sink *out, const char *class, const char *anchor, double x, double y,
                      const char *text, size_t max_characters)
{
    char shortened[CUVEE__SVG_SHORT];
    cuvee__svg_shorten(text, max_characters, shortened);
    if (strcmp(shortened, text) == 0) {
        cuvee__svg_text(out, class, anchor, x, y, text);
        return;
    }
    sink_put_str(out, "<g><title>");
    cuvee__markup_text(out, text);
    sink_put_str(out, "</title>");
    cuvee__svg_text(out, class, anchor, x, y, shortened);
    sink_put_str(out, "</g>\n");
}

/* ---- scales ---- */

struct svg_scale cuvee__svg_linear(double low, double high, double px_low, double px_high,
                                   int max_ticks)
{
    const double span = high > low && isfinite(high - low) ? high - low : 1;
    return (struct svg_scale){.low = low,
                              .high = low + span,
                              .px_low = px_low,
                              .px_high = px_high,
                              .step = cuvee__tick_step(span, max_ticks)};
}

struct svg_scale cuvee__svg_log_if(double span, double low, double high, double px_low,
                                   double px_high, int max_ticks)
{
    if (!(low > 0) || !isfinite(high) || high < low * span)
        return cuvee__svg_linear(0, high, px_low, px_high, max_ticks);
    return (struct svg_scale){
        .low = low, .high = high, .px_low = px_low, .px_high = px_high, .is_log = true};
}

double cuvee__svg_at(const struct svg_scale *s, double x)
{
    double share = (x - s->low) / (s->high - s->low);
    if (s->is_log) share = log(x / s->low) / log(s->high / s->low);
    if (!isfinite(share)) share = 0;
    return s->px_low + share * (s->px_high - s->px_low);
}

/* Powers of ten, with 2 and 5 between them where there are few. */
static size_t log_ticks(const struct svg_scale *s, double ret[CUVEE__SVG_TICKS])
{
    static const double parts[] = {1, 2, 5};
    const double decades = log10(s->high / s->low);
    const int n_parts = decades < 4 ? 3 : 1;
    size_t n = 0;
    const int first = (int)floor(log10(s->low)), last = (int)ceil(log10(s->high));
    for (int power = first; power <= last; power++)
        for (int i = 0; i < n_parts; i++) {
            const double x = parts[i] * pow(10, power);
            if (x < s->low * (1 - 1e-9) || x > s->high * (1 + 1e-9) || n == CUVEE__SVG_TICKS)
                continue;
            ret[n++] = x;
        }
    return n;
}

size_t cuvee__svg_ticks(const struct svg_scale *s, double ret[CUVEE__SVG_TICKS])
{
    if (s->is_log) return log_ticks(s, ret);
    size_t n = 0;
    const double first = ceil(s->low / s->step - 1e-9);
    for (double i = first; i * s->step <= s->high * (1 + 1e-9) && n < CUVEE__SVG_TICKS; i++)
        ret[n++] = i * s->step + 0.0; /* no -0 */
    return n;
}

static void tick_text(const struct svg_scale *s, double x, char *text, size_t room)
{
    if (s->is_log)
        snprintf(text, room, "%.10g", x);
    else
        snprintf(text, room, "%.*f", cuvee__tick_decimals(s->step), x);
}

void cuvee__svg_axis_x(struct sink *out, const struct svg_scale *x, double top, double bottom,
                       const char *unit)
{
    double ticks[CUVEE__SVG_TICKS], end = -INFINITY;
    const size_t n = cuvee__svg_ticks(x, ticks);
    for (size_t i = 0; i < n; i++) {
        char text[400];
        const double at = cuvee__svg_at(x, ticks[i]);
        cuvee__svg_segment(out, i || x->is_log ? "rule" : "axis", at, top, at, bottom);
        tick_text(x, ticks[i], text, sizeof text);
        const double half = cuvee__svg_width(text) / 2;
        if (at - half < end + 4) continue; /* its number would meet the one before */
        end = at + half;
        cuvee__svg_text(out, "soft", "middle", at, bottom + 16, text);
    }
    cuvee__svg_segment(out, "axis", x->px_low, bottom, x->px_high, bottom);
    cuvee__svg_text(out, "soft", "start", x->px_high + 18, bottom + 16, unit);
}

void cuvee__svg_axis_y(struct sink *out, const struct svg_scale *y, double left, double right,
                       const char *unit)
{
    double ticks[CUVEE__SVG_TICKS], last = INFINITY;
    const size_t n = cuvee__svg_ticks(y, ticks);
    for (size_t i = 0; i < n; i++) {
        char text[400];
        const double at = cuvee__svg_at(y, ticks[i]);
        cuvee__svg_segment(out, i || y->is_log ? "rule" : "axis", left, at, right, at);
        if (at > last - CUVEE__SVG_LINE_PX + 1) continue;
        last = at;
        tick_text(y, ticks[i], text, sizeof text);
        cuvee__svg_text(out, "soft", "end", left - 6, at + 4, text);
    }
    cuvee__svg_text(out, "soft", "start", left, y->px_high - 8, unit);
}

/* ---- shapes ---- */

void cuvee__svg_segment(struct sink *out, const char *class, double x1, double y1, double x2,
                        double y2)
{
    cuvee__markup_printf(out, "<line class=\"%s\"", class);
    put_attribute(out, "x1", x1);
    put_attribute(out, "y1", y1);
    put_attribute(out, "x2", x2);
    put_attribute(out, "y2", y2);
    sink_put_str(out, "/>\n");
}

void cuvee__svg_rectangle(struct sink *out, const char *class, double x, double y, double width,
                          double height, const char *title)
{
    cuvee__markup_printf(out, "<rect class=\"%s\"", class);
    put_attribute(out, "x", x);
    put_attribute(out, "y", y);
    put_attribute(out, "width", width > 0 ? width : 0);
    put_attribute(out, "height", height > 0 ? height : 0);
    put_end(out, "rect", title);
}

void cuvee__svg_kind(struct sink *out, const char *class, int kind, double x, double y,
                     double width, double height, const char *title)
{
    char with_number[32];
    snprintf(with_number, sizeof with_number, "%.24s%d", class, kind % 10);
    cuvee__svg_rectangle(out, with_number, x, y, width, height, title);
    if (kind % 2) cuvee__svg_rectangle(out, "hatched", x, y, width, height, NULL);
}

void cuvee__svg_marker(struct sink *out, int series, enum svg_marker kind, double x, double y,
                       const char *title)
{
    /* Around 0,0; of about equal areas. */
    static const char *const shapes[] = {
        "m-4.5,0a4.5,4.5 0 1 0 9,0a4.5,4.5 0 1 0 -9,0z",
        "m-4,-4h8v8h-8z",
        "m0,-5.5l5,9h-10z",
        "m0,-5.8l5.8,5.8l-5.8,5.8l-5.8,-5.8z",
        "m0,5.5l5,-9h-10z",
        "m-1.7,-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
        "m-5,-2.5h10v5h-10z"};
    enum { N_SHAPES = sizeof shapes / sizeof *shapes };
    cuvee__markup_printf(out, "<path class=\"%s%d\" d=\"M",
                         kind == SVG_MARKER_HOLLOW ? "hollow s" : "marker c",
                         series % CUVEE__STYLE_COLOURS);
    cuvee__markup_number(out, x);
    sink_put_str(out, ",");
    cuvee__markup_number(out, y);
    cuvee__markup_printf(out, "%s\"", shapes[series % N_SHAPES]);
    put_end(out, "path", title);
}

void cuvee__svg_path_begin(struct sink *out, const char *class)
{
    cuvee__markup_printf(out, "<path class=\"%s\" d=\"", class);
}

void cuvee__svg_path_to(struct sink *out, bool is_first, double x, double y)
{
    sink_put_str(out, is_first ? "M" : "L");
    cuvee__markup_number(out, x);
    sink_put_str(out, ",");
    cuvee__markup_number(out, y);
}

void cuvee__svg_path_end(struct sink *out, const char *title)
{
    sink_put_str(out, "\"");
    put_end(out, "path", title);
}

/* ---- labels ---- */

void cuvee__svg_box_put(struct svg_boxes *b, double left, double top, double right, double bottom)
{
    if (b->n == CUVEE__SVG_BOXES) return;
    b->at[b->n].left = left;
    b->at[b->n].top = top;
    b->at[b->n].right = right;
    b->at[b->n++].bottom = bottom;
}

bool cuvee__svg_box_take(struct svg_boxes *b, double left, double top, double right, double bottom)
{
    if (b->n == CUVEE__SVG_BOXES) return false;
    for (size_t i = 0; i < b->n; i++)
        if (left < b->at[i].right && b->at[i].left < right && top < b->at[i].bottom &&
            b->at[i].top < bottom)
            return false;
    cuvee__svg_box_put(b, left, top, right, bottom);
    return true;
}

/* Down until nobody meets the one above, then up from the bottom for those that fell out. */
void cuvee__svg_spread_labels(double *wanted, size_t n, double top, double bottom)
{
    for (size_t i = 0; i < n; i++) {
        const double least = i ? wanted[i - 1] + CUVEE__SVG_LINE_PX : top;
        if (!(wanted[i] >= least)) wanted[i] = least;
    }
    for (size_t i = n; i > 0; i--) {
        const double most = i < n ? wanted[i] - CUVEE__SVG_LINE_PX : bottom;
        if (wanted[i - 1] > most) wanted[i - 1] = most;
    }
}
