/* SPDX-License-Identifier: Apache-2.0 */
#include "quantity.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* unit: which of `units` follows, or NULL. */
static bool parse(const char **text, const char *units, double *ret, const char **ret_unit)
{
    char *end;
    *ret = strtod(*text, &end);
    if (end == *text || !(*ret >= 0)) return false;
    *ret_unit = *end ? strchr(units, *end) : NULL;
    *text = *ret_unit ? end + 1 : end;
    return true;
}

bool cli__quantity_bytes(const char **text, double *ret)
{
    static const char units[] = "KMGT";
    const char *unit;
    if (!parse(text, units, ret, &unit)) return false;
    for (const char *u = units; unit && u <= unit; u++) *ret *= 1024;
    return true;
}

bool cli__quantity_seconds(const char **text, double *ret)
{
    static const char units[] = "smhd";
    static const double seconds[] = {1, 60, 3600, 86400};
    const char *unit;
    if (!parse(text, units, ret, &unit)) return false;
    if (unit) *ret *= seconds[unit - units];
    return true;
}
