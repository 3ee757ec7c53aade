/* SPDX-License-Identifier: Apache-2.0
 *
 * Strings from files in error messages: cuvee__fail(..., "token '%.*s' ...", SHOWN(token)) shows
 * the first 60 bytes, cut at a character border. */
#ifndef CUVEE_TEXT_SHOWN_H
#define CUVEE_TEXT_SHOWN_H

#include "base/bytes.h"

static inline int shown_len(struct span s)
{
    if (s.len <= 60) return (int)s.len;
    size_t n = 60;
    while (n && ((unsigned char)s.ptr[n] & 0xC0) == 0x80) n--;
    return (int)n;
}

#define SHOWN(span) shown_len(span), (span).ptr

#endif
