/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "console.h"
#include "measure/naive.h"
#include "measure_result.h"

enum { BAR_COLUMNS = 24, CURVE_COLUMNS = 48, SHARE_COLUMNS = 7 };

static double mib(uint64_t kb)
{
    return (double)kb / 1024.0;
}

static void append_bar(struct buffer *out, double share)
{
    const int n = share <= 0 ? 0 : (int)(share * BAR_COLUMNS + 0.5);
    cuvee__buffer_append_str(out, cli__console_style(STYLE_BAR));
    for (int i = 0; i < n && i < 2 * BAR_COLUMNS; i++)
        cuvee__buffer_append_str(out, cli__console_is_utf8() ? "━" : "#");
    cuvee__buffer_append_str(out, cli__console_style(STYLE_PLAIN));
}

static void append_part(struct buffer *out, const char *name, uint64_t kb, uint64_t whole)
{
    if (!kb) return;
    cuvee__buffer_printf(out, "    %-10s %9.1f  ", name, mib(kb));
    append_bar(out, (double)kb / (double)cuvee__max(whole, 1));
    cuvee__buffer_append_char(out, '\n');
}

/* The footprint over time, as steps of eight heights. */
static void append_curve(struct buffer *out, const struct account *a)
{
    static const char *const steps[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    uint64_t columns[CURVE_COLUMNS] = {0}, last = 0;
    if (!cli__console_is_utf8() || a->n_anchors < 3 || !a->wall_tree_us) return;
    for (size_t i = 0; i < a->n_anchors; i++) {
        const struct account_anchor *x = &a->anchors[i];
        const size_t at =
            cuvee__min(CURVE_COLUMNS - 1, (size_t)(x->t_us * CURVE_COLUMNS / a->wall_tree_us));
        if (x->is_stable) columns[at] = cuvee__max(columns[at], x->footprint);
    }
    cuvee__buffer_append_str(out, "  over time  ");
    for (int i = 0; i < CURVE_COLUMNS; i++) {
        if (columns[i]) last = columns[i]; /* it stays until the next anchor */
        const uint64_t height = a->lower ? last * 7 / a->lower : 0;
        cuvee__buffer_append_str(out, last ? steps[cuvee__min(height, 7)] : " ");
    }
    cuvee__buffer_append_char(out, '\n');
}

static void append_memory(struct buffer *out, const struct account *a)
{
    char range[96], least[96];
    if (!a->has_peak) {
        cuvee__buffer_append_str(out, "  footprint  not known: the command was too short to be "
                                      "looked at, or never still\n");
        return;
    }
    cuvee__buffer_printf(out, "  footprint  %s%.1f MiB at the peak%s",
                         cli__console_style(STYLE_BOLD), mib(a->lower),
                         cli__console_style(STYLE_PLAIN));
    const bool differs =
        strcmp(cli__measure_range(mib(a->lower), mib(a->upper), range, sizeof range),
               cli__measure_range(mib(a->lower), mib(a->lower), least, sizeof least)) != 0;
    if (!account_is_tight(a) && differs) cuvee__buffer_printf(out, ", at most %.1f", mib(a->upper));
    cuvee__buffer_printf(out, "; %.1f most of the time\n", mib(a->steady_median));
    const struct account_parts *p = &a->at_peak;
    append_part(out, "anonymous", p->anon, a->lower);
    append_part(out, "files", p->file, a->lower);
    append_part(out, "shared", p->shmem, a->lower);
    append_part(out, "swapped", p->swap, a->lower);
    append_part(out, "kernel", p->kernel, a->lower);
    append_curve(out, a);
}

/* Between words, as wide as the terminal; a word that is wider stays whole. */
static void append_wrapped(struct buffer *out, const char *text, size_t indent)
{
    const size_t columns = (size_t)cli__console_columns();
    size_t at = columns; /* none was written */
    for (const char *word = text; *word;) {
        const size_t n = strcspn(word, " ");
        if (at + 1 + n > columns) {
            if (word != text) cuvee__buffer_append_char(out, '\n');
            cuvee__buffer_printf(out, "%*s", (int)indent, "");
            at = indent;
        } else {
            cuvee__buffer_append_char(out, ' ');
            at++;
        }
        cuvee__buffer_append(out, word, n);
        at += n;
        word += n;
        word += strspn(word, " ");
    }
    cuvee__buffer_append_char(out, '\n');
}

static void append_naive(struct buffer *out, const struct account *a, bool explain)
{
    struct naive_figure figures[CUVEE__NAIVE_FIGURES];
    cuvee__naive_figures(a, figures);
    if (!a->has_peak) return;
    cuvee__buffer_append_str(out, "  others would have said (MiB, and of the true peak)\n");
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++) {
        const struct naive_figure *f = &figures[i];
        if (!f->is_known) continue;
        /* Of a truth that is not known well, the share is not either. */
        char share[64];
        cli__measure_share((double)f->bytes / 1024.0, (double)a->lower,
                           (double)(account_is_tight(a) ? a->lower : a->upper), share,
                           sizeof share);
        cuvee__buffer_printf(out, "    %-41s %9.1f  %*s\n", f->method, (double)f->bytes / 1048576.0,
                             SHARE_COLUMNS, share);
        if (explain) append_wrapped(out, f->reason, 6);
    }
}

static void append_processes(struct buffer *out, const struct account *a)
{
    const uint64_t n = cuvee__account_processes(a);
    cuvee__buffer_printf(out, "  processes  %" PRIu64, n);
    if (n > a->n_born)
        cuvee__buffer_printf(out, ", %" PRIu64 " of them too short to be looked at", n - a->n_born);
    if (a->max_live)
        cuvee__buffer_printf(out, "; %zu at a time, %zu thread%s in the largest", a->max_live,
                             a->max_threads, a->max_threads == 1 ? "" : "s");
    cuvee__buffer_append_char(out, '\n');
}

void cli__measure_summary(const struct account *a, bool explain)
{
    struct buffer out = {0};
    /* The terminal has written ^C. */
    if (a->was_interrupted && cli__console_is_terminal()) cuvee__buffer_append_char(&out, '\n');
    cuvee__buffer_printf(&out, "  time       %.2f s", (double)a->wall_leader_us / 1e6);
    if (a->wall_tree_us > a->wall_leader_us + 50000)
        cuvee__buffer_printf(&out, ", %.2f s until its last process was gone",
                             (double)a->wall_tree_us / 1e6);
    cuvee__buffer_printf(&out, "; CPU %.2f s%s\n", (double)a->cpu_us / 1e6,
                         a->cpu_is_exact ? "" : " at least");
    append_processes(&out, a);
    append_memory(&out, a);
    append_naive(&out, a, explain);
    if (a->n_lost)
        cuvee__buffer_printf(&out, "  %" PRIu64 " processes were too many to follow\n", a->n_lost);
    cli__console_write(buffer_span(&out));
    cuvee__buffer_deinit(&out);
}
