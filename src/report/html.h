/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTML page that needs nothing else: no script, no reference to anything outside, light or dark
 * as the reader's system is. All text is data and escaped; what is markup goes in by
 * sink_put_str(). */
#ifndef CUVEE_REPORT_HTML_H
#define CUVEE_REPORT_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "report/markup.h"

/* Up to the first heading, which is the title; what follows is body. */
void cuvee__html_open(struct sink *m, const char *title);
void cuvee__html_close(struct sink *m, const char *footer);

void cuvee__html_heading(struct sink *m, const char *text);
void cuvee__html_paragraph(struct sink *m, const char *text);
/* A phrase in typewriter letters, as a paragraph. */
void cuvee__html_code(struct sink *m, const char *text);

/* Large figures beside each other: open, figures, close. */
void cuvee__html_figures_open(struct sink *m);
void cuvee__html_figure(struct sink *m, const char *name, const char *value);
void cuvee__html_figures_close(struct sink *m);

/* A name of a column that begins with '>' is one of numbers: the column stands at the right. */
struct html_table {
    const char *const *columns; /* (n_columns) */
    size_t n_columns, at;       /* at: the next cell's column */
};
void cuvee__html_table_open(struct sink *m, struct html_table *t, const char *const *columns,
                            size_t n_columns);
void cuvee__html_cell(struct sink *m, struct html_table *t, const char *text);
/* A cell with a square of a series' colour before the text; without, when series is negative. */
void cuvee__html_cell_with_colour(struct sink *m, struct html_table *t, int series,
                                  const char *text);
/* A cell whose text is struck through: a claim that is not true. */
void cuvee__html_cell_struck(struct sink *m, struct html_table *t, const char *text);
/* A cell of which the caller puts the inside. */
void cuvee__html_cell_open(struct sink *m, struct html_table *t);
void cuvee__html_cell_close(struct sink *m, struct html_table *t);
void cuvee__html_table_close(struct sink *m, struct html_table *t);

#endif
