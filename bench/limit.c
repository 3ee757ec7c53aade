/* SPDX-License-Identifier: Apache-2.0 */
#include "limit.h"

struct work bench_work(const cuvee_model_info *info, double n_texts, double n_tokens)
{
    const double d = info->hidden_size, f = info->intermediate_size, heads = info->n_heads;
    const double whole_layers = info->n_layers - 1.0;
    const double linear = 8 * d * d + 4 * d * f; /* of one row in one layer */
    const double tail = linear + 4 * heads * d * n_tokens;
    const double attention = n_tokens * 4 * d * n_tokens;
    return (struct work){
        .linear = 1e-9 * n_texts * whole_layers * n_tokens * linear,
        .beside = 1e-9 * n_texts * (whole_layers * attention + tail),
    };
}

double bench_limit_ns(struct work w, double peak_linear, double peak_beside)
{
    if (!(peak_linear > 0) || !(peak_beside > 0)) return 0.0;
    return 1e9 * (w.linear / peak_linear + w.beside / peak_beside);
}

double bench_weight_bytes(const cuvee_model_info *info, double bytes_per_weight)
{
    const double d = info->hidden_size, f = info->intermediate_size;
    return info->n_layers * (4 * d * d + 2 * d * f) * bytes_per_weight;
}
