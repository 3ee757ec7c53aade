/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_limit.h"

#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "quantity.h"

bool cli__measure_limit_parse_memory(const char *text, uint64_t *ret)
{
    double bytes = 0;
    *ret = 0;
    if (!text) return true;
    if (!cli__quantity_bytes(&text, &bytes) || *text || !(bytes >= 1 && bytes < 1e18)) return false;
    *ret = (uint64_t)bytes;
    return true;
}

bool cli__measure_limit_parse(const char *text, struct measure_limit *ret)
{
    static const char *const names[] = {"", "footprint>", "wall>", "cpu>"};
    *ret = (struct measure_limit){LIMIT_NONE, 0};
    if (!text) return true;
    for (int k = LIMIT_FOOTPRINT; k <= LIMIT_CPU; k++) {
        const size_t n = strlen(names[k]);
        if (strncmp(text, names[k], n) != 0) continue;
        char *end;
        ret->kind = k;
        text += n;
        if (k == LIMIT_FOOTPRINT) return cli__quantity_bytes(&text, &ret->most) && *text == '\0';
        ret->most = strtod(text, &end);
        return end != text && ret->most >= 0 && *end == '\0';
    }
    return false;
}

static bool is_passed(const struct measure_limit *limit, const struct account *a)
{
    switch (limit->kind) {
    case LIMIT_FOOTPRINT:
        return a->has_peak && (double)a->upper * 1024 > limit->most;
    case LIMIT_WALL:
        return (double)a->wall_leader_us / 1e6 > limit->most;
    case LIMIT_CPU:
        return (double)a->cpu_us / 1e6 > limit->most;
    default:
        return false;
    }
}

int cli__measure_limit_check(const struct measure_limit *limit, const struct account *a)
{
    if (limit->kind == LIMIT_FOOTPRINT && !a->has_peak)
        cli__console_say("cuvee measure: the footprint is not known, so --fail-if was not checked");
    if (limit->kind == LIMIT_CPU && !a->has_cpu)
        cli__console_say("cuvee measure: the CPU time is not known, so --fail-if was not checked");
    if (!is_passed(limit, a)) return 0;
    cli__console_say("cuvee measure: the limit of --fail-if was passed");
    return 1;
}
