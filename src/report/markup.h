/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes into markup: data that is escaped, numbers. Markup itself goes in by sink_put_str(). */
#ifndef CUVEE_REPORT_MARKUP_H
#define CUVEE_REPORT_MARKUP_H

#include "base/sink.h"

void cuvee__markup_printf(struct sink *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Data, in XML or HTML, between tags or within a quoted attribute. Invalid UTF-8 and characters
 * that XML does not have become U+FFFD. */
void cuvee__markup_text(struct sink *m, const char *text);

/* Data, in a cell of a Markdown table: what means something there is escaped, line ends are
 * blanks. */
void cuvee__markup_markdown(struct sink *m, const char *text);

/* A coordinate: at most two decimals, no zeros at their end, no "-0". */
void cuvee__markup_number(struct sink *m, double x);

#endif
