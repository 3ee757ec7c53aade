/* SPDX-License-Identifier: Apache-2.0
 *
 * Text under construction whose first failure sticks: a page is put together without a check per
 * piece, and `rc` is looked at once, when it is complete. */
#ifndef CUVEE_REPORT_MARKUP_H
#define CUVEE_REPORT_MARKUP_H

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* Start with {0}; release with cuvee__buffer_deinit(&m->bytes). */
struct markup {
    struct buffer bytes; /* cap_bytes is its owner's */
    int rc;              /* CUVEE_OK, CUVEE_E_NOMEM or CUVEE_E_LIMIT */
};

/* As it stands: markup, not data. */
void cuvee__markup_raw(struct markup *m, const char *text);
void cuvee__markup_printf(struct markup *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Data, in XML or HTML, between tags or within a quoted attribute. Invalid UTF-8 and characters
 * that XML does not have become U+FFFD. */
void cuvee__markup_text(struct markup *m, const char *text);

/* Data, in a cell of a Markdown table: what means something there is escaped, line ends are
 * blanks. */
void cuvee__markup_markdown(struct markup *m, const char *text);

/* A coordinate: at most two decimals, no zeros at their end, no "-0". */
void cuvee__markup_number(struct markup *m, double x);

#endif
