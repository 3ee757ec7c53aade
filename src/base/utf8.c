/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "cuvee/cuvee.h"

uint32_t cuvee__utf8_decode(const char *p, size_t len, size_t *ret_len)
{
    const unsigned char *s = (const unsigned char *)p;
    *ret_len = 1;
    if (s[0] < 0x80) return s[0];
    /* Table 3-7 of the Unicode standard: the second byte's range rules out overlong forms,
     * surrogates and values past U+10FFFF. */
    unsigned lo = 0x80, hi = 0xBF;
    size_t need;
    uint32_t c;
    if (s[0] >= 0xC2 && s[0] <= 0xDF) {
        need = 1;
        c = s[0] & 0x1Fu;
    } else if (s[0] >= 0xE0 && s[0] <= 0xEF) {
        need = 2;
        c = s[0] & 0x0Fu;
        if (s[0] == 0xE0) lo = 0xA0;
        if (s[0] == 0xED) hi = 0x9F;
    } else if (s[0] >= 0xF0 && s[0] <= 0xF4) {
        need = 3;
        c = s[0] & 0x07u;
        if (s[0] == 0xF0) lo = 0x90;
        if (s[0] == 0xF4) hi = 0x8F;
    } else {
        return CUVEE__INVALID_UTF8;
    }
    for (size_t i = 1; i <= need; i++) {
        if (i >= len || s[i] < lo || s[i] > hi) {
            *ret_len = i;
            return CUVEE__INVALID_UTF8;
        }
        c = c << 6 | (s[i] & 0x3Fu);
        lo = 0x80;
        hi = 0xBF;
    }
    *ret_len = need + 1;
    return c;
}

size_t cuvee__utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t cuvee__utf8_valid_prefix(const char *p, size_t len)
{
    size_t i = 0, n;
    while (i < len) {
        if (!((unsigned char)p[i] & 0x80)) {
            i++;
            continue;
        }
        if (cuvee__utf8_decode(p + i, len - i, &n) == CUVEE__INVALID_UTF8) return i;
        i += n;
    }
    return len;
}

int cuvee__utf8_append_valid(struct buffer *out, const char *p, size_t len, uint64_t *n_replaced)
{
    while (len) {
        const size_t good = cuvee__utf8_valid_prefix(p, len);
        int rc = cuvee__buffer_append(out, p, good);
        if (rc < 0) return rc;
        p += good;
        len -= good;
        if (!len) break;
        size_t bad;
        cuvee__utf8_decode(p, len, &bad);
        rc = cuvee__buffer_append(out, "\xEF\xBF\xBD", 3);
        if (rc < 0) return rc;
        ++*n_replaced;
        p += bad;
        len -= bad;
    }
    return CUVEE_OK;
}
