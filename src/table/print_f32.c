/* SPDX-License-Identifier: Apache-2.0
 *
 * Shortest decimal of an f32. printf rounds correctly, so of all decimals with p digits it gives
 * the one nearest to x; the smallest p whose decimal reads back as x is the answer. Only at a power
 * of two, where the gap below x is half the gap above, the nearest may fall out below while the
 * next one up reads back.
 *
 * Digits and exponent travel as integers ("123e-5"), so the decimal point of the locale plays no
 * part. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/writer.h"

/* x = digits * 10^exp10, x > 0. */
struct decimal {
    uint32_t digits;
    int exp10;
};

static struct decimal nearest_decimal(float x, int n_digits)
{
    char text[48]; /* d<point>ddde-dd; the point may have several bytes */
    snprintf(text, sizeof text, "%.*e", n_digits - 1, (double)x);
    const char *exponent = strchr(text, 'e');
    struct decimal d = {0, (int)strtol(exponent + 1, NULL, 10) - (n_digits - 1)};
    for (const char *p = text; p < exponent; p++)
        if (*p >= '0' && *p <= '9') d.digits = d.digits * 10 + (uint32_t)(*p - '0');
    return d;
}

static bool reads_back(struct decimal d, float x)
{
    char text[32];
    snprintf(text, sizeof text, "%lue%d", (unsigned long)d.digits, d.exp10);
    return strtof(text, NULL) == x;
}

static struct decimal shortest_decimal(float x)
{
    int exp2;
    const bool is_power_of_two = frexpf(x, &exp2) == 0.5f;
    /* Decimals of FLT_DIG digits survive the way through a normal f32, so no shorter one is missed
     * by starting there: it comes out with zeros at its end. */
    struct decimal d = {0, 0};
    for (int n = x >= FLT_MIN ? FLT_DIG : 1; n <= FLT_DECIMAL_DIG; n++) {
        d = nearest_decimal(x, n);
        if (reads_back(d, x)) break;
        const struct decimal above = {d.digits + 1, d.exp10};
        if (is_power_of_two && reads_back(above, x)) {
            d = above;
            break;
        }
    }
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exp10++;
    }
    return d;
}

size_t cuvee__print_f32(char out[32], float x)
{
    const char *sign = signbit(x) ? "-" : "";
    if (x == 0) return (size_t)snprintf(out, 32, "%s0", sign);
    const struct decimal d = shortest_decimal(fabsf(x));
    char digits[16];
    const int n = snprintf(digits, sizeof digits, "%lu", (unsigned long)d.digits);
    const int point = n + d.exp10; /* digits before the decimal point */
    if (d.exp10 >= 0 && point <= FLT_DECIMAL_DIG)
        return (size_t)snprintf(out, 32, "%s%s%.*s", sign, digits, d.exp10, "000000000");
    if (d.exp10 < 0 && point > 0)
        return (size_t)snprintf(out, 32, "%s%.*s.%s", sign, point, digits, digits + point);
    if (d.exp10 < 0 && point > -4)
        return (size_t)snprintf(out, 32, "%s0.%.*s%s", sign, -point, "000", digits);
    return (size_t)snprintf(out, 32, "%s%c%s%se%d", sign, digits[0], n > 1 ? "." : "", digits + 1,
                            point - 1);
}

size_t cuvee__print_f64(char out[32], double x)
{
    int n = 0;
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        n = snprintf(out, 32, "%.*g", digits, x);
        if (strtod(out, NULL) == x) break;
    }
    for (char *p = out; *p; p++)
        if (*p == ',') *p = '.'; /* a locale's decimal point */
    return (size_t)n;
}
