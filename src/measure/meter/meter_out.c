/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "measure/meter/meter.h"

enum { MAX_LINE = 512 };

static char buffer[64 * 1024];
static size_t n_buffered;

void meter_flush(struct meter *m)
{
    for (size_t done = 0; done < n_buffered && m->out >= 0;) {
        const ssize_t n = write(m->out, buffer + done, n_buffered - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) { /* nobody listens any more; the command goes on */
            close(m->out);
            m->out = -1;
            break;
        }
        done += (size_t)n;
    }
    n_buffered = 0;
}

void meter_say(struct meter *m, const char *fmt, ...)
{
    va_list args;
    if (n_buffered + MAX_LINE > sizeof buffer) meter_flush(m);
    va_start(args, fmt);
    const int n = vsnprintf(buffer + n_buffered, MAX_LINE, fmt, args);
    va_end(args);
    if (n <= 0) return;
    n_buffered += n < MAX_LINE ? (size_t)n : MAX_LINE - 1;
    if (n >= MAX_LINE) buffer[n_buffered - 1] = '\n'; /* a long path: its end is missing */
}
