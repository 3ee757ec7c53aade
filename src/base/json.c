/* SPDX-License-Identifier: Apache-2.0
 *
 * A recursive-descent parser (RFC 8259) that builds jansson's values. jansson's own parser is not
 * used, for one reason: its lexer (2.14) does not look whether its buffer could grow, so that in
 * want of memory a character of a string is lost in silence, or its closing quote, and then it
 * reads past its buffer. Here every allocation is checked. tests/fuzz compares the two on whatever
 * comes.
 *
 * Strings are decoded into one growing buffer that is used as a stack: the keys of the objects that
 * are open lie below what is being read. */
#include "base/json.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

struct parser {
    const char *start, *at, *end;
    size_t depth;
    bool ints_as_reals;
    struct buffer text;
    int rc; /* of the first failure */
    const char *name;
    cuvee_error *err;
};

/* ---- failures; both return NULL, which travels up to the top ---- */

static json_t *fail(struct parser *p, const char *at, const char *what)
{
    size_t line = 1;
    for (const char *c = p->start; c < at; c++) line += *c == '\n';
    const size_t off = (size_t)(at - p->start);
    char in_line[32] = ""; /* the first one goes without saying: many documents have no other */
    if (line > 1) snprintf(in_line, sizeof in_line, " (line %zu)", line);
    p->rc = cuvee__fail_at(p->err, CUVEE_E_FORMAT, (int64_t)off, "%s: not JSON at byte %zu%s: %s",
                           p->name, off, in_line, what);
    return NULL;
}

static json_t *fail_no_memory(struct parser *p)
{
    p->rc = cuvee__fail(p->err, CUVEE_E_NOMEM, "%s: out of memory", p->name);
    return NULL;
}

/* ---- characters ---- */

static void skip_blanks(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

static bool next_is(const struct parser *p, char c)
{
    return p->at < p->end && *p->at == c;
}

static bool take(struct parser *p, char c)
{
    if (!next_is(p, c)) return false;
    p->at++;
    return true;
}

static bool is_digit(const struct parser *p)
{
    return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

/* ---- strings ---- */

/* The four digits after \u; UINT32_MAX when they are not hexadecimal. */
static uint32_t take_hex4(struct parser *p)
{
    if (p->end - p->at < 4) return UINT32_MAX;
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        const char c = p->at[i], lower = (char)(c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);
        const char *digit = c ? strchr(digits, lower) : NULL;
        if (!digit) return UINT32_MAX;
        value = value << 4 | (uint32_t)(digit - digits);
    }
    p->at += 4;
    return value;
}

/* After a backslash. Returns the character, or UINT32_MAX. */
static uint32_t take_escape(struct parser *p)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p->at == p->end) return UINT32_MAX;
    const char c = *p->at++;
    if (c != 'u') {
        const char *found = c ? strchr(from, c) : NULL;
        return found ? (uint32_t)(unsigned char)to[found - from] : UINT32_MAX;
    }
    const uint32_t high = take_hex4(p);
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || !take(p, '\\') || !take(p, 'u')) return UINT32_MAX; /* alone */
    const uint32_t low = take_hex4(p);
    if (low < 0xDC00 || low > 0xDFFF) return UINT32_MAX;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/* Append the string that starts at the quote, and a NUL that counts as its last byte. */
static bool read_string(struct parser *p)
{
    const char *start = p->at++;
    for (;;) {
        const char *run = p->at;
        while (p->at < p->end && *p->at != '"' && *p->at != '\\' && (unsigned char)*p->at >= 0x20)
            p->at++;
        const size_t n = (size_t)(p->at - run), n_valid = cuvee__utf8_valid_prefix(run, n);
        if (n_valid < n) return fail(p, run + n_valid, "invalid UTF-8"), false;
        if (cuvee__buffer_append(&p->text, run, n) < 0) return fail_no_memory(p), false;
        if (p->at == p->end) return fail(p, start, "string without end"), false;
        const char *special = p->at++;
        if (*special == '"') break;
        if (*special != '\\') return fail(p, special, "control character in a string"), false;
        const uint32_t c = take_escape(p);
        if (c == UINT32_MAX) return fail(p, special, "invalid escape"), false;
        char bytes[4];
        if (cuvee__buffer_append(&p->text, bytes, cuvee__utf8_encode(c, bytes)) < 0)
            return fail_no_memory(p), false;
    }
    if (cuvee__buffer_append_char(&p->text, '\0') < 0) return fail_no_memory(p), false;
    return true;
}

static json_t *parse_string(struct parser *p)
{
    const size_t mark = p->text.len;
    if (!read_string(p)) return NULL;
    json_t *json = json_stringn_nocheck(p->text.ptr + mark, p->text.len - mark - 1);
    p->text.len = mark;
    return json ? json : fail_no_memory(p);
}

/* ---- numbers ---- */

/* Steps over the number; false when it has no digit where one must be. */
static bool scan_number(struct parser *p, bool *ret_is_integer)
{
    take(p, '-');
    if (!is_digit(p)) return false;
    if (!take(p, '0'))
        while (is_digit(p)) p->at++;
    else if (is_digit(p))
        return false;
    *ret_is_integer = true;
    if (take(p, '.')) {
        *ret_is_integer = false;
        if (!is_digit(p)) return false;
        while (is_digit(p)) p->at++;
    }
    if (take(p, 'e') || take(p, 'E')) {
        *ret_is_integer = false;
        if (!take(p, '+')) take(p, '-');
        if (!is_digit(p)) return false;
        while (is_digit(p)) p->at++;
    }
    return true;
}

/* strtod() wants the decimal point of the locale, which is the host program's. */
static double real_of(char *digits)
{
    char *point = strchr(digits, '.');
    if (point) *point = *localeconv()->decimal_point;
    return strtod(digits, NULL);
}

static json_t *parse_number(struct parser *p)
{
    const char *start = p->at;
    const size_t mark = p->text.len;
    bool is_integer;
    if (!scan_number(p, &is_integer)) return fail(p, p->at, "invalid number");
    if (cuvee__buffer_append(&p->text, start, (size_t)(p->at - start)) < 0 ||
        cuvee__buffer_append_char(&p->text, '\0') < 0)
        return fail_no_memory(p);
    p->text.len = mark;
    char *digits = p->text.ptr + mark;
    json_t *json;
    if (is_integer && !p->ints_as_reals) {
        errno = 0;
        const long long value = strtoll(digits, NULL, 10);
        if (errno == ERANGE) return fail(p, start, "integer too big");
        json = json_integer(value);
    } else {
        const double value = real_of(digits);
        if (!isfinite(value)) return fail(p, start, "number too big");
        json = json_real(value);
    }
    return json ? json : fail_no_memory(p);
}

/* ---- arrays, objects, values ---- */

static json_t *parse_value(struct parser *p);

static json_t *parse_array(struct parser *p)
{
    json_t *array = json_array();
    if (!array) return fail_no_memory(p);
    p->at++;
    skip_blanks(p);
    if (take(p, ']')) return array;
    do {
        json_t *value = parse_value(p);
        if (!value) goto fail;
        if (json_array_append_new(array, value) < 0) {
            fail_no_memory(p);
            goto fail;
        }
        skip_blanks(p);
    } while (take(p, ','));
    if (take(p, ']')) return array;
    fail(p, p->at, "',' or ']' expected");
fail:
    json_decref(array);
    return NULL;
}

static bool parse_member(struct parser *p, json_t *object)
{
    const size_t mark = p->text.len;
    skip_blanks(p);
    const char *start = p->at;
    if (!next_is(p, '"')) return fail(p, start, "key expected"), false;
    if (!read_string(p)) return false;
    if (strlen(p->text.ptr + mark) != p->text.len - mark - 1)
        return fail(p, start, "NUL in a key"), false;
    if (json_object_get(object, p->text.ptr + mark))
        return fail(p, start, "duplicate object key"), false;
    skip_blanks(p);
    if (!take(p, ':')) return fail(p, p->at, "':' expected"), false;
    json_t *value = parse_value(p);
    if (!value) return false;
    if (json_object_set_new_nocheck(object, p->text.ptr + mark, value) < 0)
        return fail_no_memory(p), false;
    p->text.len = mark;
    return true;
}

static json_t *parse_object(struct parser *p)
{
    json_t *object = json_object();
    if (!object) return fail_no_memory(p);
    p->at++;
    skip_blanks(p);
    if (take(p, '}')) return object;
    do {
        if (!parse_member(p, object)) goto fail;
        skip_blanks(p);
    } while (take(p, ','));
    if (take(p, '}')) return object;
    fail(p, p->at, "',' or '}' expected");
fail:
    json_decref(object);
    return NULL;
}

static bool take_word(struct parser *p, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0) return false;
    p->at += n;
    return true;
}

static json_t *parse_value(struct parser *p)
{
    skip_blanks(p);
    if (p->at == p->end) return fail(p, p->at, "value expected at the end");
    if (p->depth == CUVEE__MAX_JSON_DEPTH) return fail(p, p->at, "nesting depth over the limit");
    json_t *json;
    p->depth++;
    switch (*p->at) {
    case '{': json = parse_object(p); break;
    case '[': json = parse_array(p); break;
    case '"': json = parse_string(p); break;
    case 't': json = take_word(p, "true") ? json_true() : fail(p, p->at, "value expected"); break;
    case 'f': json = take_word(p, "false") ? json_false() : fail(p, p->at, "value expected"); break;
    case 'n': json = take_word(p, "null") ? json_null() : fail(p, p->at, "value expected"); break;
    default:
        json = *p->at == '-' || is_digit(p) ? parse_number(p) : fail(p, p->at, "value expected");
    }
    p->depth--;
    return json;
}

static int parse(struct span text, const char *name, bool ints_as_reals, json_t **ret_json,
                 cuvee_error *err)
{
    const char *start = text.ptr ? text.ptr : "";
    struct parser p = {.start = start,
                       .at = start,
                       .end = start + text.len,
                       .name = name,
                       .err = err,
                       .ints_as_reals = ints_as_reals};
    json_t *json = parse_value(&p);
    if (json) {
        skip_blanks(&p);
        if (p.at < p.end) {
            fail(&p, p.at, "text after the value");
            json_decref(json);
        }
    }
    cuvee__buffer_deinit(&p.text);
    if (p.rc == CUVEE_OK) *ret_json = json;
    return p.rc;
}

int cuvee__json_parse(struct span text, const char *name, json_t **ret_json, cuvee_error *err)
{
    return parse(text, name, false, ret_json, err);
}

int cuvee__json_parse_as_reals(struct span text, const char *name, json_t **ret_json,
                               cuvee_error *err)
{
    return parse(text, name, true, ret_json, err);
}

json_t *cuvee__json_string(const char *bytes)
{
    struct buffer text = {0};
    uint64_t n_replaced = 0;
    json_t *string = NULL;
    if (cuvee__utf8_append_valid(&text, bytes, strlen(bytes), &n_replaced) == CUVEE_OK)
        string = json_stringn(text.len ? text.ptr : "", text.len);
    cuvee__buffer_deinit(&text);
    return string;
}

json_t *cuvee__json_real(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}
