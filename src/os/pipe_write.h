/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing to a pipe whose reader may be gone. */
#ifndef CUVEE_OS_PIPE_WRITE_H
#define CUVEE_OS_PIPE_WRITE_H

#include <stdbool.h>
#include <stddef.h>

/* Write n bytes, at most PIPE_BUF, in one write(). SIGPIPE does not reach the host program,
 * whatever it does with that signal. False: not written. */
bool cuvee__pipe_write(int fd, const void *bytes, size_t n);

#endif
