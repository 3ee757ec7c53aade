/* SPDX-License-Identifier: Apache-2.0
 *
 * Edit distance with neighbours swapped (optimal string alignment): the four slips of a typing hand
 * cost one each. A name is near when a third of it, at least one letter, is all that is wrong, or
 * when three letters of its start were typed. */
#include "did_you_mean.h"

#include "base/checked.h"

#define MAX_NAME 32 /* longer ones are no option or subcommand of ours */

static size_t distance(struct span a, struct span b)
{
    size_t d[3][MAX_NAME + 1]; /* rows i - 2, i - 1, i; row i is d[i % 3] */
    for (size_t j = 0; j <= b.len; j++) d[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = d[i % 3];
        const size_t *above = d[(i + 2) % 3], *above2 = d[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            const bool same = a.ptr[i - 1] == b.ptr[j - 1];
            row[j] = cuvee__min(above[j - 1] + !same, cuvee__min(above[j], row[j - 1]) + 1);
            const bool swapped = i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
                                 a.ptr[i - 2] == b.ptr[j - 1];
            if (swapped) row[j] = cuvee__min(row[j], above2[j - 2] + 1);
        }
    }
    return d[a.len % 3][b.len];
}

const char *cli__did_you_mean(struct span typed, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t best_distance = SIZE_MAX;
    if (typed.len > MAX_NAME) return NULL;
    for (size_t i = 0; i < n; i++) {
        const struct span name = span_of(names[i]);
        if (name.len > MAX_NAME) continue;
        const bool is_start = typed.len >= 3 && typed.len < name.len &&
                              memcmp(typed.ptr, name.ptr, typed.len) == 0;
        const size_t d = is_start ? 1 : distance(typed, name);
        if (d >= best_distance || d > cuvee__max(1, name.len / 3)) continue;
        best = names[i];
        best_distance = d;
    }
    return best;
}
