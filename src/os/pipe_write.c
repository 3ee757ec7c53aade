/* SPDX-License-Identifier: Apache-2.0 */
#include "os/pipe_write.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* SIGPIPE is blocked in this thread, and taken back if it came. */
bool cuvee__pipe_write(int fd, const void *bytes, size_t n)
{
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t sent;
    do sent = write(fd, bytes, n);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EPIPE && !sigismember(&pending, SIGPIPE)) {
        const struct timespec now = {0};
        while (sigtimedwait(&pipe_signal, NULL, &now) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sent == (ssize_t)n;
}
