/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_REPORT_TICKS_H
#define CUVEE_REPORT_TICKS_H

/* The distance between marks of an axis from 0 to max: 1, 2 or 5 times a power of ten, the smallest
 * that gives at most max_ticks marks besides 0. max that is not above 0 counts as 1. */
double cuvee__tick_step(double max, int max_ticks);

/* Decimals that tell multiples of step apart. */
int cuvee__tick_decimals(double step);

#endif
