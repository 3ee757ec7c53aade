/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 as the WHATWG encoding standard reads it: scalar values only (no surrogates, nothing above
 * U+10FFFF, no overlong forms); each maximal invalid part counts as one U+FFFD. */
#ifndef CUVEE_BASE_UTF8_H
#define CUVEE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define CUVEE__INVALID_UTF8 UINT32_MAX

/* Decode one character at p (len >= 1 bytes left). Returns the scalar value, or
 * CUVEE__INVALID_UTF8; *ret_len is what to step over: the character, or the maximal invalid part (1
 * to 3 bytes). */
uint32_t cuvee__utf8_decode(const char *p, size_t len, size_t *ret_len);

/* Encode a scalar value into out (room for 4); returns the length, 1 to 4. */
size_t cuvee__utf8_encode(uint32_t c, char out[4]);

/* Offset of the first invalid byte, or len when all is valid. */
size_t cuvee__utf8_valid_prefix(const char *p, size_t len);

/* Append p to out with each maximal invalid part replaced by U+FFFD; adds their number to
 * *n_replaced.
 * Returns as cuvee__buffer_append. */
int cuvee__utf8_append_valid(struct buffer *out, const char *p, size_t len, uint64_t *n_replaced);

#endif
