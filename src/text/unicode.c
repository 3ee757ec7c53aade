/* SPDX-License-Identifier: Apache-2.0 */
#include "text/unicode.h"

/* Hangul syllables, Unicode standard section 3.12. */
enum {
    HANGUL_FIRST = 0xAC00,
    HANGUL_LAST = 0xD7A3,
    LEAD_FIRST = 0x1100,
    VOWEL_FIRST = 0x1161,
    TAIL_BEFORE_FIRST = 0x11A7,
    N_TAILS = 28, /* "no tail" counts */
    N_VOWELS_TAILS = 21 * 28
};

static size_t decompose_hangul(uint32_t c, uint32_t *out)
{
    const uint32_t i = c - HANGUL_FIRST;
    out[0] = LEAD_FIRST + i / N_VOWELS_TAILS;
    out[1] = VOWEL_FIRST + i % N_VOWELS_TAILS / N_TAILS;
    if (i % N_TAILS == 0) return 2;
    out[2] = TAIL_BEFORE_FIRST + i % N_TAILS;
    return 3;
}

size_t cuvee__unicode_decompose(uint32_t c, uint32_t out[CUVEE__UNICODE_MAX_DECOMPOSITION])
{
    if (c >= HANGUL_FIRST && c <= HANGUL_LAST) return decompose_hangul(c, out);
    if (unicode_record(c)->flags & UNICODE_NFD) {
        size_t lo = 0, hi = cuvee__unicode_n_decompositions;
        while (hi - lo > 1) {
            const size_t mid = lo + (hi - lo) / 2;
            if (cuvee__unicode_decompositions[mid].c <= c)
                lo = mid;
            else
                hi = mid;
        }
        const struct unicode_decomposition *d = &cuvee__unicode_decompositions[lo];
        for (size_t i = 0; i < d->n; i++) out[i] = cuvee__unicode_pool[d->first + i];
        return d->n;
    }
    out[0] = c;
    return 1;
}
