/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
#include "os/bell.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

int cuvee__bell_open(struct bell *b, cuvee_error *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) return cuvee__fail_os(err, errno, "pipe");
    *b = (struct bell){.to = fds[1], .from = fds[0]};
    if (fcntl(b->to, F_SETFL, O_NONBLOCK) == 0) return CUVEE_OK;
    const int e = errno;
    cuvee__bell_close(b);
    return cuvee__fail_os(err, e, "pipe");
}

void cuvee__bell_close(struct bell *b)
{
    close(b->to);
    close(b->from);
}

void cuvee__bell_ring(const struct bell *b, uint64_t number)
{
    ssize_t n;
    do n = write(b->to, &number, sizeof number); /* whole or not at all: less than PIPE_BUF */
    while (n < 0 && errno == EINTR);
}
