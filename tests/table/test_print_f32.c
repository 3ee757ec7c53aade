/* SPDX-License-Identifier: Apache-2.0
 *
 * Floats read back exactly, in the fewest digits, as JSON numbers, in any locale. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/writer.h"

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void known_spellings(void **state)
{
    (void)state;
    static const struct {
        float x;
        const char *text;
    } cases[] = {
        {0.0f, "0"},
        {-0.0f, "-0"},
        {1.0f, "1"},
        {-1.5f, "-1.5"},
        {0.1f, "0.1"},
        {0.5f, "0.5"},
        {0.99999994f, "0.99999994"},
        {1.0000001f, "1.0000001"},
        {0.9998f, "0.9998"},
        {123456.7f, "123456.7"},
        {100.0f, "100"},
        {16777216.0f, "16777216"},
        {123456790.0f, "123456790"},
        {1e9f, "1e9"},
        {2.5e10f, "2.5e10"},
        {0.001f, "0.001"},
        {0.00012345f, "0.00012345"},
        {0.0000123f, "1.23e-5"},
        {-1.25e-7f, "-1.25e-7"},
        {FLT_MAX, "3.4028235e38"},
        {FLT_MIN, "1.1754944e-38"},
        {1e-45f, "1e-45"}, /* the smallest denormal: one digit tells it from its neighbours */
        {3e-45f, "3e-45"},
        /* Powers of two whose nearest decimal of that length reads back as the float below. */
        {0x1p-96f, "1.2621775e-29"},
        {0x1p87f, "1.5474251e26"},
        {0x1p90f, "1.2379401e27"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        const size_t n = cuvee__print_f32(text, cases[i].x);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(n, strlen(text));
    }
}

static size_t count_digits(const char *text)
{
    char digits[32];
    size_t n = 0;
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (n || *text != '0')) digits[n++] = *text;
    while (n > 1 && digits[n - 1] == '0') n--;
    return n;
}

/* The grammar of RFC 8259. */
static bool is_json_number(const char *p)
{
    if (*p == '-') p++;
    if (*p == '0')
        p++;
    else if (*p >= '1' && *p <= '9')
        p += strspn(p, "0123456789");
    else
        return false;
    if (*p == '.') {
        const size_t n = strspn(++p, "0123456789");
        if (!n) return false;
        p += n;
    }
    if (*p == 'e') {
        p++;
        if (*p == '-') p++;
        const size_t n = strspn(p, "0123456789");
        if (!n) return false;
        p += n;
    }
    return *p == '\0';
}

static void check(uint32_t bits)
{
    char text[32], shorter[64];
    const float x = from_bits(bits);
    if (!isfinite(x)) return;
    const size_t n = cuvee__print_f32(text, x);
    if (n != strlen(text) || n > 15 || !is_json_number(text) || bits_of(strtof(text, NULL)) != bits)
        print_error("%08x printed as %s\n", (unsigned)bits, text);
    assert_int_equal(n, strlen(text));
    assert_true(n <= 15);
    assert_true(is_json_number(text));
    assert_int_equal(bits_of(strtof(text, NULL)), bits);
    const size_t n_digits = count_digits(text);
    if (n_digits < 2) return;
    snprintf(shorter, sizeof shorter, "%.*e", (int)n_digits - 2, (double)x);
    assert_true(strtof(shorter, NULL) != x);
}

static void round_trips(void **state)
{
    (void)state;
    for (uint32_t exponent = 0; exponent < 255; exponent++)
        for (uint32_t k = 0; k < 16; k++) { /* both ends and the middle of each binade */
            static const uint32_t ends[] = {0, 1, 2, 3, 0x3FFFFF, 0x400000, 0x7FFFFE, 0x7FFFFF};
            check(exponent << 23 | ends[k % 8] | (k / 8) << 31);
        }
    uint64_t seed = 1;
    for (int i = 0; i < 150000; i++) { /* any bits (the multiplier is Knuth's) */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        check((uint32_t)(seed >> 32));
    }
    for (int i = 0; i < 50000; i++) { /* scores: 0 .. 1, near both ends */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const float u = (float)(seed >> 40) * 0x1p-24f;
        check(bits_of(u));
        check(bits_of(1.0f - u * u * u));
    }
}

static void locale_plays_no_part(void **state)
{
    (void)state;
    static const char *const comma[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    bool is_set = false;
    for (size_t i = 0; i < 4 && !is_set; i++) is_set = setlocale(LC_NUMERIC, comma[i]) != NULL;
    char text[32];
    cuvee__print_f32(text, 0.12345678f);
    setlocale(LC_NUMERIC, "C");
    if (!is_set) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    assert_string_equal(text, "0.12345678");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_spellings),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(locale_plays_no_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
