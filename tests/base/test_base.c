/* SPDX-License-Identifier: Apache-2.0
 *
 * base/: errors, buffers, UTF-8, strict JSON, SHA-256. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/utf8.h"

static void error_is_one_line_of_utf8(void **state)
{
    (void)state;
    cuvee_error err;
    assert_int_equal(cuvee__fail(&err, CUVEE_E_FORMAT, "a\nb\x7f%s", "c"), CUVEE_E_FORMAT);
    assert_string_equal(err.msg, "a?b?c");
    assert_int_equal(err.offset, -1);

    /* One byte, then two-byte characters: the cut falls inside one. */
    char odd[sizeof err.msg * 2] = "x";
    for (size_t i = 1; i + 2 < sizeof odd; i += 2) memcpy(odd + i, "\xC3\xA9", 3);
    for (int pad = 0; pad < 2; pad++) {
        cuvee__fail(&err, CUVEE_E_FORMAT, "%s", odd + pad);
        assert_int_equal(cuvee__utf8_valid_prefix(err.msg, strlen(err.msg)), strlen(err.msg));
        assert_true(strlen(err.msg) >= sizeof err.msg - 3);
    }

    cuvee__fail_os(&err, ENOENT, "dir/%s", "file");
    assert_int_equal(err.code, CUVEE_E_IO);
    assert_int_equal(err.os_errno, ENOENT);
    assert_string_equal(err.msg, "dir/file: No such file or directory");
    cuvee__error_prefix(&err, "open");
    assert_string_equal(err.msg, "open: dir/file: No such file or directory");
    assert_int_equal(cuvee__fail(NULL, CUVEE_E_BUSY, "ignored"), CUVEE_E_BUSY);
}

static void checked_arithmetic(void **state)
{
    (void)state;
    size_t n;
    assert_true(cuvee__add(SIZE_MAX - 1, 1, &n));
    assert_false(cuvee__add(SIZE_MAX, 1, &n));
    assert_true(cuvee__mul(SIZE_MAX / 3, 3, &n));
    assert_false(cuvee__mul(SIZE_MAX / 2, 3, &n));
    assert_true(cuvee__mul(SIZE_MAX, 0, &n));
    assert_null(cuvee__alloc_array(SIZE_MAX / 2, 4));
}

static void buffer_keeps_its_cap(void **state)
{
    (void)state;
    struct buffer b = {.cap_bytes = 100};
    char chunk[60] = {0};
    assert_int_equal(cuvee__buffer_append(&b, chunk, 60), CUVEE_OK);
    assert_int_equal(cuvee__buffer_append(&b, chunk, 41), CUVEE_E_LIMIT);
    assert_int_equal(b.len, 60);
    assert_int_equal(cuvee__buffer_append(&b, chunk, 40), CUVEE_OK);
    assert_int_equal(b.len, 100);
    cuvee__buffer_deinit(&b);
    b.cap_bytes = 0;
    assert_int_equal(cuvee__buffer_printf(&b, "%d-%s", 42, "x"), CUVEE_OK);
    assert_true(span_is(buffer_span(&b), "42-x"));
    cuvee__buffer_deinit(&b);
}

static void utf8_round_trip_of_every_scalar(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (c >= 0xD800 && c < 0xE000) continue;
        char bytes[4];
        size_t n = cuvee__utf8_encode(c, bytes), used;
        assert_int_equal(cuvee__utf8_decode(bytes, n, &used), c);
        assert_int_equal(used, n);
        if (n > 1) { /* every proper prefix is one invalid part */
            assert_int_equal(cuvee__utf8_decode(bytes, n - 1, &used), CUVEE__INVALID_UTF8);
            assert_int_equal(used, n - 1);
        }
    }
}

static void utf8_replaces_maximal_parts(void **state)
{
    (void)state;
    /* Examples of the Unicode standard, tables 3-8 to 3-11, and truncated tails. */
    static const struct {
        const char *in;
        const char *out;
        uint64_t n_replaced;
    } cases[] = {
        {"plain", "plain", 0},
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF"
         "\xBF\xBD"
         "A",
         8},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF"
         "\xBF\xBD"
         "A",
         8},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
         "A\xEF\xBF\xBD\xEF\xBF\xBD"
         "B",
         7},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
         "A",
         4},
        {"end\xE2\x82", "end\xEF\xBF\xBD", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer b = {0};
        uint64_t n = 0;
        assert_int_equal(cuvee__utf8_append_valid(&b, cases[i].in, strlen(cases[i].in), &n),
                         CUVEE_OK);
        assert_true(span_is(buffer_span(&b), cases[i].out));
        assert_int_equal(n, cases[i].n_replaced);
        cuvee__buffer_deinit(&b);
    }
}

static int parse(const char *text, size_t len, cuvee_error *err)
{
    json_t *json = NULL;
    const int rc = cuvee__json_parse((struct span){text, len}, "t.json", &json, err);
    json_decref(json);
    return rc;
}

static void json_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "{\"a\":1,\"a\":2}", "[NaN]",   "[\"\\ud800\"]", "[01]",
        "{\"a\":1,}", "[\"\x01\"]",        "[1] [2]", "[\"\xff\"]"};
    cuvee_error err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i], strlen(bad[i]), &err), CUVEE_E_FORMAT);
        assert_non_null(strstr(err.msg, "t.json: "));
    }
    assert_int_equal(parse("{\"a\":[1,2.5,\"x\",null]}", 22, &err), CUVEE_OK);

    assert_int_equal(parse("{\n\"a\": tru}", 12, &err), CUVEE_E_FORMAT);
    assert_int_equal(err.offset, 7);
    json_t *json = NULL;
    assert_int_equal(cuvee__json_parse(span_of(" [\"a\\u0000\\ud83c\\udf77\\n\", -0, 1e2]\n"),
                                       "t.json", &json, &err),
                     CUVEE_OK);
    assert_int_equal(json_string_length(json_array_get(json, 0)), 7);
    assert_memory_equal(json_string_value(json_array_get(json, 0)), "a\0\xF0\x9F\x8D\xB7\n", 7);
    assert_true(json_is_integer(json_array_get(json, 1)) && json_is_real(json_array_get(json, 2)));
    json_decref(json);
    assert_int_equal(
        cuvee__json_parse_as_reals(span_of("1000000000000000019884624838656"), "t", &json, &err),
        CUVEE_OK);
    assert_true(json_real_value(json) == 1e30);
    json_decref(json);
    assert_int_equal(parse("9223372036854775808", 19, &err), CUVEE_E_FORMAT);

    char nested[2 * CUVEE__MAX_JSON_DEPTH + 2];
    for (size_t depth = CUVEE__MAX_JSON_DEPTH; depth <= CUVEE__MAX_JSON_DEPTH + 1; depth++) {
        memset(nested, '[', depth);
        memset(nested + depth, ']', depth);
        assert_int_equal(parse(nested, 2 * depth, &err),
                         depth > CUVEE__MAX_JSON_DEPTH ? CUVEE_E_FORMAT : CUVEE_OK);
    }

    const size_t n = 1 << 20;
    char *deep = cuvee__malloc(n);
    memset(deep, '[', n);
    assert_int_equal(parse(deep, n, &err), CUVEE_E_FORMAT);
    cuvee__free(deep);
}

static void sha256_vectors(void **state)
{
    (void)state;
    /* FIPS 180-4 example values, and a million 'a' fed in uneven pieces. */
    struct sha256 h;
    char hex[65];
    cuvee__sha256_init(&h);
    cuvee__sha256_update(&h, "abc", 3);
    cuvee__sha256_final_hex(&h, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cuvee__sha256_init(&h);
    cuvee__sha256_final_hex(&h, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    char a[997];
    memset(a, 'a', sizeof a);
    cuvee__sha256_init(&h);
    for (size_t left = 1000000, step = 1; left; step = step % sizeof a + 1) {
        const size_t n = cuvee__min(left, step);
        cuvee__sha256_update(&h, a, n);
        left -= n;
    }
    cuvee__sha256_final_hex(&h, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_is_one_line_of_utf8),
        cmocka_unit_test(checked_arithmetic),
        cmocka_unit_test(buffer_keeps_its_cap),
        cmocka_unit_test(utf8_round_trip_of_every_scalar),
        cmocka_unit_test(utf8_replaces_maximal_parts),
        cmocka_unit_test(json_is_strict),
        cmocka_unit_test(sha256_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
