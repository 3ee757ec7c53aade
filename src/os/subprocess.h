/* SPDX-License-Identifier: Apache-2.0
 *
 * Run a program and keep what it says. */
#ifndef CUVEE_OS_SUBPROCESS_H
#define CUVEE_OS_SUBPROCESS_H

#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* Run argv[0] (looked up on PATH when it has no slash) with nothing to read, and append what it
 * writes to standard output to out, whose cap_bytes is the limit. Its standard error is ours.
 *   timeout_ms  then it is killed.
 *   ret_status  its exit status; 128 + n when signal n ended it.
 * Returns CUVEE_OK (whatever its status), CUVEE_E_IO (does not start), CUVEE_E_TIMEOUT,
 * CUVEE_E_LIMIT, CUVEE_E_NOMEM. Threads: any. */
int cuvee__subprocess_capture(const char *const *argv, uint32_t timeout_ms, struct buffer *out,
                              int *ret_status, cuvee_error *err);

/* Run argv[0] with nothing to read until it ends, however long that takes. What it writes, errors
 * too, goes to the file output_path, which is made anew.
 *   variables   as cuvee__environment_with(), in the place of ours
 *   stop        when a signal comes and *stop is set, it gets a SIGTERM; NULL: never
 *   ret_status  as above
 * Returns CUVEE_OK (whatever its status), CUVEE_E_IO (does not start; the file), CUVEE_E_NOMEM.
 * Threads: any. */
int cuvee__subprocess_run(const char *const *argv, const char *const *variables,
                          const char *output_path, const volatile int *stop, int *ret_status,
                          cuvee_error *err);

#endif
