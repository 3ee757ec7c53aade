/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checked.h"
#include "console.h"

#define PLAIN_LINE_NS UINT64_C(30000000000)
#define MAX_BAR_CELLS 32
#define WORDS_COLUMNS 58 /* room that the words beside the bar may take */

const char *cli__print_seconds(char *out, size_t room, double seconds)
{
    const uint64_t s = (uint64_t)(seconds + 0.5);
    if (seconds < 60)
        snprintf(out, room, seconds < 10 ? "%.2f s" : "%.1f s", seconds);
    else if (s < 3600)
        snprintf(out, room, "%u:%02u min", (unsigned)(s / 60), (unsigned)(s % 60));
    else
        snprintf(out, room, "%" PRIu64 ":%02u:%02u h", s / 3600, (unsigned)(s / 60 % 60),
                 (unsigned)(s % 60));
    return out;
}

const char *cli__print_count(char *out, uint64_t n)
{
    char digits[24];
    const int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    char *to = out;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0 && len > 4) *to++ = ' ';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

/* Share of the work that is done, 0 to 1; negative when nobody knows. */
static double share_done(const struct progress *p, uint64_t n_rows)
{
    double share = -1;
    if (p->total_bytes)
        share = (double)stats_get(&p->stats->n_input_bytes) / (double)p->total_bytes;
    /* The nearer end counts: a limit may come before the end of the files. */
    if (p->max_rows != UINT64_MAX && p->max_rows) {
        const double of_limit = (double)n_rows / (double)p->max_rows;
        if (of_limit > share) share = of_limit;
    }
    return share > 1 ? 1 : share;
}

static void append_bar(struct buffer *line, double share, size_t n_cells)
{
    const char *full = cli__console_is_utf8() ? "━" : "=";
    const char *rest = cli__console_is_utf8() ? "─" : "-";
    const size_t n_full = (size_t)(share * (double)n_cells + 0.5);
    cuvee__buffer_append_str(line, cli__console_style(STYLE_BAR));
    for (size_t i = 0; i < n_full; i++) cuvee__buffer_append_str(line, full);
    cuvee__buffer_append_str(line, cli__console_style(STYLE_PLAIN));
    cuvee__buffer_append_str(line, cli__console_style(STYLE_DIM));
    for (size_t i = n_full; i < n_cells; i++) cuvee__buffer_append_str(line, rest);
    cuvee__buffer_append_str(line, cli__console_style(STYLE_PLAIN));
}

/* "62 %  620 rows  104 rows/s  3 errors  4 s left" */
static void append_words(struct buffer *line, const struct progress *p, double share,
                         double seconds)
{
    const uint64_t n_rows = stats_get(&p->stats->n_rows);
    const uint64_t n_errors = stats_get(&p->stats->n_error_rows);
    char text[32];
    if (share >= 0) cuvee__buffer_printf(line, "%3.0f %%  ", 100 * share);
    cuvee__buffer_printf(line, "%s rows", cli__print_count(text, n_rows));
    if (seconds > 0 && n_rows)
        cuvee__buffer_printf(line, "  %s rows/s",
                             cli__print_count(text, (uint64_t)((double)n_rows / seconds + 0.5)));
    if (n_errors)
        cuvee__buffer_printf(line, "  %s error%s", cli__print_count(text, n_errors),
                             n_errors == 1 ? "" : "s");
    /* The first moments say nothing about the rest. */
    if (share > 0.01 && share < 1 && seconds > 0.5) {
        const double left = seconds * (1 - share) / share;
        if (left < 59.5)
            cuvee__buffer_printf(line, "  %.0f s left", left);
        else
            cuvee__buffer_printf(line, "  %s left", cli__print_seconds(text, sizeof text, left));
    }
}

void cli__progress_show(struct progress *p, uint64_t now_ns)
{
    const uint64_t n_rows = stats_get(&p->stats->n_rows);
    const double share = share_done(p, n_rows);
    const double seconds = (double)(now_ns - p->start_ns) / 1e9;
    struct buffer line = {0};
    if (p->use_bar) {
        const size_t columns = (size_t)cli__console_columns();
        if (share >= 0 && columns > WORDS_COLUMNS + 8) {
            append_bar(&line, share, cuvee__min(MAX_BAR_CELLS, columns - WORDS_COLUMNS));
            cuvee__buffer_append_char(&line, ' ');
        }
        append_words(&line, p, share, seconds);
        cuvee__buffer_append_char(&line, '\0');
        cli__console_bar(line.ptr ? line.ptr : "");
    } else if (now_ns - p->last_line_ns >= PLAIN_LINE_NS) {
        p->last_line_ns = now_ns;
        append_words(&line, p, share, seconds);
        cli__console_say("cuvee classify: %.*s", (int)line.len, line.ptr ? line.ptr : "");
    }
    cuvee__buffer_deinit(&line);
}
