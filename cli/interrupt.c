/* SPDX-License-Identifier: Apache-2.0
 *
 * Design. Only the main thread takes signals (os/thread.h blocks them in others), and only handlers
 * and the main thread touch the flags, so they need no atomics.
 *
 * A signal that arrives just before the main thread enters read() would leave it waiting for input
 * that may never come. So a handler also starts an alarm that repeats every second: the next one
 * interrupts read(), and the flag is then seen. */
#include "interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "exit_code.h"

static volatile int stop;
static volatile sig_atomic_t seen, is_loading;
static const char *volatile leftovers[2];

static void on_user(int signo)
{
    (void)signo;
    if (is_loading) {
        for (int i = 0; i < 2; i++)
            if (leftovers[i]) unlink(leftovers[i]);
        _exit(EXIT_INTERRUPTED);
    }
    seen = 1;
    stop = 1;
    alarm(1);
}

static void on_wake(int signo)
{
    (void)signo;
    stop = 1;
    alarm(1);
}

void cli__interrupt_open(void)
{
    /* No SA_RESTART: read() must return. Reset after one: the second Ctrl-C kills. */
    struct sigaction user = {.sa_handler = on_user, .sa_flags = (int)SA_RESETHAND};
    struct sigaction wake = {.sa_handler = on_wake};
    struct sigaction before;
    stop = 0;
    seen = 0;
    sigaction(SIGALRM, &wake, NULL);
    sigaction(SIGUSR1, &wake, NULL);
    sigaction(SIGTERM, &user, NULL);
    /* Left alone where it is ignored: nohup, and background jobs of a shell without job control. */
    sigaction(SIGINT, NULL, &before);
    if (before.sa_handler != SIG_IGN) sigaction(SIGINT, &user, NULL);
}

void cli__interrupt_close(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    alarm(0);
    sigaction(SIGALRM, &ignore, NULL);
    sigaction(SIGUSR1, &ignore, NULL);
}

void cli__interrupt_load_begin(const char *first, const char *second)
{
    leftovers[0] = first;
    leftovers[1] = second;
    is_loading = 1;
}

void cli__interrupt_load_end(void)
{
    is_loading = 0;
}

const volatile int *cli__interrupt_stop(void)
{
    return &stop;
}

bool cli__interrupt_seen(void)
{
    return seen != 0;
}

void cli__interrupt_wake_reader(void)
{
    kill(getpid(), SIGUSR1);
}
