/* SPDX-License-Identifier: Apache-2.0 */
#include "report/ticks.h"

#include <math.h>

double cuvee__tick_step(double max, int max_ticks)
{
    if (!(max > 0) || !isfinite(max)) max = 1;
    const double least = max / max_ticks;
    const double power = pow(10, floor(log10(least)));
    /* A step that is `least` but for rounding is good enough. */
    for (const double *m = (const double[]){1, 2, 5}, *end = m + 3; m < end; m++)
        if (*m * power >= least * (1 - 1e-9)) return *m * power;
    return 10 * power;
}

int cuvee__tick_decimals(double step)
{
    const double digits = -floor(log10(step) + 1e-9);
    return digits > 0 ? (int)digits : 0;
}
