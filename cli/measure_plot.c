/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_plot.h"

#include <stdio.h>

#include "measure_result.h"
#include "report/svg.h"
#include "report/svg_memory.h"

int cli__measure_plot_memory(const json_t *result, struct sink *out, bool is_alone,
                             cuvee_error *err)
{
    return cuvee__svg_memory(out, result, "Memory over time", is_alone, err);
}

void cli__measure_plot_claims(const json_t *result, struct sink *out, bool is_alone)
{
    enum { N = CUVEE__NAIVE_FIGURES + 1 };
    struct naive_figure naive[CUVEE__NAIVE_FIGURES];
    struct svg_bar bars[N];
    char values[N][48];
    double low, high;
    size_t n = 0;
    cli__measure_naive_methods(naive);
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++) {
        double claim;
        if (!cli__measure_result_claim(result, &naive[i], &claim)) continue;
        snprintf(values[n], sizeof values[n], "%.1f MiB", claim / 1048576);
        bars[n] = (struct svg_bar){naive[i].method, values[n], claim, claim, true};
        n++;
    }
    if (cli__measure_result_peak(result, &low, &high)) {
        char range[96];
        snprintf(values[n], sizeof values[n], "%.40s MiB",
                 cli__measure_range(low / 1048576, high / 1048576, range, sizeof range));
        bars[n] = (struct svg_bar){"true peak of the tree", values[n], low, high, false};
        n++;
    }
    cuvee__svg_bars(out, "What other methods say of the peak", NULL, bars, n, is_alone);
}
