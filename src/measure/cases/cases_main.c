/* SPDX-License-Identifier: Apache-2.0
 *
 * cuvee-measure-cases NAME: small trees of processes whose true cost is known, and which naive
 * methods get wrong. `cuvee measure self-test` measures them and says what is true of each (its
 * table is in cli/measure_traps.c: the sizes here are the truth there); `doctor` needs only one
 * that is there long enough to be looked at. A tree holds its memory until it has been seen: the
 * meter looks when a mark comes. What a naive method says inside of the tree is a mark
 * "claim=BYTES". Exit status 3: the machine has not the memory or processes for it. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, wait4 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/mark.h"

extern char **environ;

enum { NO_ROOM = 3, SETTLE_MS = 50, LOOK_MS = 250 };

static const size_t mib = (size_t)1 << 20;

static void rest_ms(long ms)
{
    nanosleep(&(const struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Still before, and long enough after it for a second look, should the first be torn. */
static void show(const char *mark)
{
    rest_ms(SETTLE_MS);
    cuvee__mark(mark);
    rest_ms(LOOK_MS);
}

static unsigned char *hold(size_t n_mib)
{
    unsigned char *p =
        mmap(NULL, n_mib * mib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) exit(NO_ROOM);
    for (size_t i = 0; i < n_mib * mib; i += 4096) p[i] = 1;
    return p;
}

static pid_t fork_or_end(void)
{
    const pid_t pid = fork();
    if (pid < 0) exit(NO_ROOM);
    return pid;
}

/* Children that hold so much each, all of them there when the mark comes. */
static void show_children(int n, size_t n_mib, const char *mark)
{
    int ready[2], gate[2];
    char byte = 0;
    if (pipe(ready) < 0 || pipe(gate) < 0) exit(NO_ROOM);
    for (int i = 0; i < n; i++)
        if (fork_or_end() == 0) {
            close(gate[1]);
            close(ready[0]);
            if (n_mib) hold(n_mib);
            if (write(ready[1], &byte, 1) != 1) _exit(NO_ROOM);
            _exit(read(gate[0], &byte, 1) == 0 ? 0 : NO_ROOM);
        }
    close(ready[1]);
    close(gate[0]);
    for (int i = 0; i < n; i++)
        if (read(ready[0], &byte, 1) != 1) exit(NO_ROOM);
    show(mark);
    close(gate[1]);
    while (wait(NULL) > 0) {
    }
}

/* ---- the cases ---- */

/* A small program over a large child, that reports its own heap. */
static void heap(void)
{
    hold(32);
    show_children(1, 200, "heap=33554432");
}

/* Five processes that share what one of them had. */
static void shared(void)
{
    hold(100);
    show_children(4, 0, "shared");
}

/* ru_maxrss of a small program begins with the size of what started it. */
static void floor_of(void)
{
    char self[] = "/proc/self/exe", small[] = "small", text[64];
    char *const argv[] = {self, small, NULL};
    struct rusage usage;
    pid_t pid;
    int status;
    hold(100);
    if (posix_spawn(&pid, self, NULL, NULL, argv, environ)) exit(NO_ROOM);
    if (wait4(pid, &status, 0, &usage) != pid || status) exit(NO_ROOM);
    snprintf(text, sizeof text, "claim=%ld", usage.ru_maxrss * 1024);
    cuvee__mark(text);
}

static void small(void)
{
    show("small");
}

/* Its parents are gone when it grows. */
static void orphan(void)
{
    if (fork_or_end()) {
        rest_ms(300); /* to be seen at all, also on a busy machine */
        return;
    }
    if (fork_or_end()) _exit(0);
    setsid();
    hold(100);
    rest_ms(400);
    show("orphan");
}

/* There for an instant, between two looks of whoever looks once a second. */
static void spike(void)
{
    show("before");
    munmap(hold(100), 100 * mib);
    show("after");
}

/* Nobody waits for the child of a parent that ignores SIGCHLD. */
static void unwaited(void)
{
    struct timespec t;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGCHLD, &ignore, NULL);
    if (fork_or_end() == 0) {
        do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        while (!t.tv_sec && t.tv_nsec < 400 * 1000000L);
        _exit(0);
    }
    while (wait(NULL) > 0) {
    }
}

/* For doctor: nothing but there. */
static void look_here(void)
{
    cuvee__mark("here");
    rest_ms(25);
}

static void look_longer(void)
{
    show("here");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } all[] = {{"heap", heap},         {"shared", shared},  {"floor", floor_of},
               {"small", small},       {"orphan", orphan},  {"spike", spike},
               {"unwaited", unwaited}, {"look", look_here}, {"look-longer", look_longer}};
    cuvee__mark_open();
    for (size_t i = 0; argc == 2 && i < sizeof all / sizeof *all; i++) {
        if (strcmp(argv[1], all[i].name) != 0) continue;
        all[i].run();
        return 0;
    }
    fputs("cuvee-measure-cases: for 'cuvee measure self-test'\n", stderr);
    return 2;
}
