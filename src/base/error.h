/* SPDX-License-Identifier: Apache-2.0
 *
 * Filling a caller's cuvee_error. Every failing function ends in one of these, so that the message
 * is written where most is known, and the code travels up unchanged. */
#ifndef CUVEE_BASE_ERROR_H
#define CUVEE_BASE_ERROR_H

#include <stdint.h>

#include "cuvee/cuvee.h"

#if defined(__GNUC__)
#define CUVEE__PRINTF(fmt_idx, first) __attribute__((format(printf, fmt_idx, first)))
#else
#define CUVEE__PRINTF(fmt_idx, first)
#endif

/* Fill err (NULL is fine) and return code. Control characters in the message become '?', and a
 * message that is too long is cut at a character border, so it stays one line of valid UTF-8 if its
 * parts were. */
int cuvee__fail(cuvee_error *err, int code, const char *fmt, ...) CUVEE__PRINTF(3, 4);

/* As cuvee__fail with CUVEE_E_IO (CUVEE_E_NOMEM for ENOMEM); appends ": " and the text of
 * os_errno. */
int cuvee__fail_os(cuvee_error *err, int os_errno, const char *fmt, ...) CUVEE__PRINTF(3, 4);

/* As cuvee__fail, and records the byte offset that the message speaks of. */
int cuvee__fail_at(cuvee_error *err, int code, int64_t offset, const char *fmt, ...)
    CUVEE__PRINTF(4, 5);

/* Put "prefix: " before the message that err holds: adds the file's name to a parser's error. */
void cuvee__error_prefix(cuvee_error *err, const char *fmt, ...) CUVEE__PRINTF(2, 3);

#endif
