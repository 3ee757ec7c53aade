/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_REPORT_STYLE_H
#define CUVEE_REPORT_STYLE_H

enum { CUVEE__STYLE_COLOURS = 8 };

/* Rules for plots (classes of svg.h), light and dark as the reader's system is. */
extern const char cuvee__style_plots[];
/* What they refer to: once in a page, or in a picture that is alone. */
extern const char cuvee__style_patterns[];
/* Rules for the page around them. */
extern const char cuvee__style_page[];

#endif
