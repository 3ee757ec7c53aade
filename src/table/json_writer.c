/* SPDX-License-Identifier: Apache-2.0
 *
 * The raw object was parsed once already, when it was read, so the scanner here only has to find
 * where its members begin and end. It stays inside its bytes for any input, and calls what it
 * cannot follow CUVEE_E_FORMAT. */
#include "table/json_writer.h"

#include <stdio.h>

#include "base/utf8.h"

/* ---- strings ---- */

static void put_escaped(struct sink *out, unsigned char c)
{
    static const char short_forms[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                       ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    char text[8] = {'\\', c < sizeof short_forms ? short_forms[c] : '\0'};
    if (!text[1]) snprintf(text, sizeof text, "\\u%04x", c);
    sink_put_str(out, text);
}

void cuvee__json_put_string(struct sink *out, struct span text)
{
    sink_put_char(out, '"');
    size_t n_valid = cuvee__utf8_valid_prefix(text.ptr, text.len);
    size_t plain = 0; /* bytes from here to i need no escape */
    for (size_t i = 0; i < text.len;) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (i < n_valid && c >= 0x20 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        sink_put(out, text.ptr + plain, i - plain);
        if (i < n_valid) {
            put_escaped(out, c);
            i++;
        } else {
            size_t n_bad;
            cuvee__utf8_decode(text.ptr + i, text.len - i, &n_bad);
            sink_put_str(out, "\xEF\xBF\xBD");
            i += n_bad;
            n_valid = i + cuvee__utf8_valid_prefix(text.ptr + i, text.len - i);
        }
        plain = i;
    }
    sink_put(out, text.ptr + plain, text.len - plain);
    sink_put_char(out, '"');
}

/* ---- members of a raw object ---- */

struct member {
    struct span key; /* the token, with its quotes */
    struct span raw; /* from the key to the end of the value */
};

/* Walks over an object. Start with {object.ptr, object.ptr + object.len}. */
struct scanner {
    const char *at, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct scanner *s)
{
    while (s->at < s->end && is_blank(*s->at)) s->at++;
}

static bool skip_string(struct scanner *s)
{
    if (s->at == s->end || *s->at != '"') return false;
    for (s->at++; s->at < s->end; s->at++) {
        if (*s->at == '"') {
            s->at++;
            return true;
        }
        if (*s->at == '\\' && ++s->at == s->end) return false;
    }
    return false;
}

/* Step over a value: up to the comma or brace that ends its member, outside strings and
 * brackets. */
static bool skip_value(struct scanner *s)
{
    const char *begin = s->at;
    size_t depth = 0;
    while (s->at < s->end) {
        const char c = *s->at;
        if (c == '"') {
            if (!skip_string(s)) return false;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        s->at++;
    }
    if (s->at == s->end) return false;
    while (s->at > begin && is_blank(s->at[-1])) s->at--;
    return s->at > begin;
}

enum scan { SCAN_MEMBER, SCAN_END, SCAN_BAD };

static enum scan next_member(struct scanner *s, struct member *ret)
{
    skip_blanks(s);
    if (s->at == s->end) return SCAN_BAD;
    if (*s->at == '}') return SCAN_END;
    if (*s->at != '{' && *s->at != ',') return SCAN_BAD;
    s->at++;
    skip_blanks(s);
    if (s->at < s->end && *s->at == '}') return SCAN_END;
    const char *begin = s->at;
    if (!skip_string(s)) return SCAN_BAD;
    ret->key = (struct span){begin, (size_t)(s->at - begin)};
    skip_blanks(s);
    if (s->at == s->end || *s->at != ':') return SCAN_BAD;
    s->at++;
    skip_blanks(s);
    if (!skip_value(s)) return SCAN_BAD;
    ret->raw = (struct span){begin, (size_t)(s->at - begin)};
    return SCAN_MEMBER;
}

/* ---- keys ---- */

/* "in_" n times, then name. */
struct candidate {
    size_t n_prefixes;
    struct span name;
};

static size_t candidate_len(struct candidate c)
{
    return 3 * c.n_prefixes + c.name.len;
}

static char candidate_at(struct candidate c, size_t i)
{
    return i < 3 * c.n_prefixes ? "in_"[i % 3] : c.name.ptr[i - 3 * c.n_prefixes];
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The byte that the escape at p stands for, or -1 when it is not one byte of ASCII. *ret_len: its
 * length. */
static int decode_escape(const char *p, size_t len, size_t *ret_len)
{
    static const char letters[] = "bfnrt\"\\/", bytes[] = "\b\f\n\r\t\"\\/";
    if (len >= 2 && p[1] != 'u') {
        const char *at = memchr(letters, p[1], sizeof letters - 1);
        *ret_len = 2;
        return at ? bytes[at - letters] : -1;
    }
    int c = 0;
    *ret_len = len < 6 ? len : 6;
    if (len < 6) return -1;
    for (size_t i = 2; i < 6; i++) {
        const int digit = hex_value(p[i]);
        if (digit < 0) return -1;
        c = c * 16 + digit;
    }
    return c < 0x80 ? c : -1;
}

/* Does the key, its escapes decoded, spell the candidate? Candidates are ASCII. */
static bool key_is(struct span key, struct candidate c)
{
    const size_t n = candidate_len(c);
    const char *p = key.ptr + 1, *end = key.ptr + key.len - 1;
    for (size_t i = 0; i < n; i++) {
        size_t step = 1;
        if (p == end) return false;
        const int byte = *p == '\\' ? decode_escape(p, (size_t)(end - p), &step) : *p;
        if (byte != candidate_at(c, i)) return false;
        p += step;
    }
    return p == end;
}

static size_t decoded_len(struct span key)
{
    size_t n = 0, step;
    for (size_t i = 1; i + 1 < key.len; i += step, n++) {
        step = 1;
        if (key.ptr[i] == '\\') decode_escape(key.ptr + i, key.len - 1 - i, &step);
    }
    return n;
}

/* Is the key `name` behind some number of "in_"? */
static bool has_prefixes(struct span key, struct span name, size_t *ret_n_prefixes)
{
    const size_t n = decoded_len(key);
    if (n < name.len || (n - name.len) % 3) return false;
    *ret_n_prefixes = (n - name.len) / 3;
    return key_is(key, (struct candidate){*ret_n_prefixes, name});
}

/* The least number of "in_" that makes of name a key which the object does not have. One pass over
 * the object, whatever it holds: from 64 on the next after the longest is taken instead. */
static size_t free_prefixes(struct span object, struct span name)
{
    struct scanner s = {object.ptr, object.ptr + object.len};
    struct member m;
    uint64_t used = 1; /* bit n: there is a key with n of them */
    size_t n, most = 0;
    while (next_member(&s, &m) == SCAN_MEMBER) {
        if (!has_prefixes(m.key, name, &n)) continue;
        if (n < 64) used |= (uint64_t)1 << n;
        if (n > most) most = n;
    }
    for (n = 1; n < 64; n++)
        if (!(used >> n & 1)) return n;
    return most + 1;
}

/* How many "in_" the key needs. */
static size_t count_prefixes(struct span object, struct span key, const struct span *taken,
                             size_t n_taken)
{
    for (size_t i = 0; i < n_taken; i++)
        if (key_is(key, (struct candidate){0, taken[i]})) return free_prefixes(object, taken[i]);
    return 0;
}

int cuvee__json_put_members(struct sink *out, struct span object, const struct span *taken,
                            size_t n_taken, size_t *ret_n)
{
    struct scanner s = {object.ptr, object.ptr + object.len};
    struct member m;
    enum scan found;
    size_t n = 0;
    while ((found = next_member(&s, &m)) == SCAN_MEMBER) {
        const size_t n_prefixes = count_prefixes(object, m.key, taken, n_taken);
        if (n++) sink_put_char(out, ',');
        sink_put_char(out, '"');
        for (size_t i = 0; i < n_prefixes; i++) sink_put_str(out, "in_");
        sink_put(out, m.raw.ptr + 1, m.raw.len - 1);
    }
    *ret_n = n;
    return found == SCAN_END ? CUVEE_OK : CUVEE_E_FORMAT;
}
