/* SPDX-License-Identifier: Apache-2.0
 *
 * fallacies NAME: trees of processes whose cost naive methods get wrong. Each holds its memory
 * until it has been seen: it writes a mark, which makes the meter look. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const size_t mib = (size_t)1 << 20;

static unsigned char *touch(unsigned char *p, size_t n_mib)
{
    for (size_t i = 0; i < n_mib * mib; i += 4096) p[i] = 1;
    return p;
}

static unsigned char *hold(size_t n_mib, int flags)
{
    unsigned char *p =
        mmap(NULL, n_mib * mib, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) exit(3);
    return touch(p, n_mib);
}

static void rest_ms(long ms)
{
    nanosleep(&(const struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* The meter takes an anchor at each mark; long enough to be stable. */
static void mark(const char *text)
{
    const char *fd = getenv("MEASURE_FD");
    rest_ms(50);
    if (fd && write((int)strtol(fd, NULL, 10), text, strlen(text)) < 0) exit(3);
    rest_ms(400);
}

/* Children that run body(i) and then wait for the end of the input of a pipe. */
static void with_children(int n, void (*body)(int i), const char *then)
{
    int gate[2];
    if (pipe(gate) < 0) exit(3);
    for (int i = 0; i < n; i++)
        if (fork() == 0) {
            char byte;
            close(gate[1]);
            body(i);
            _exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
        }
    close(gate[0]);
    rest_ms(200);
    mark(then);
    close(gate[1]);
    while (wait(NULL) > 0) {
    }
}

static unsigned char *shared_copy;

static void nothing(int i)
{
    (void)i;
}

static void hold_50(int i)
{
    (void)i;
    hold(50, MAP_PRIVATE);
}

static void rewrite(int i)
{
    (void)i;
    touch(shared_copy, 100);
}

/* A small process over a big child, that reports its own heap: the story's figure. */
static void heap(void)
{
    hold(90, MAP_PRIVATE);
    if (fork() == 0) {
        hold(400, MAP_PRIVATE);
        mark("child\n");
        _exit(0);
    }
    rest_ms(100);
    mark("heap=94371840\n");
    wait(NULL);
}

static void cow(void)
{
    shared_copy = hold(200, MAP_PRIVATE);
    with_children(4, nothing, "shared\n");
}

static void cow_broken(void)
{
    shared_copy = hold(100, MAP_PRIVATE);
    with_children(2, rewrite, "broken\n");
}

static void tree(void)
{
    hold(200, MAP_SHARED);
    with_children(4, hold_50, "tree\n");
}

static void orphan(void)
{
    if (fork() == 0) {
        if (fork() == 0) {
            setsid();
            hold(100, MAP_PRIVATE);
            mark("orphan\n");
            _exit(0);
        }
        _exit(0);
    }
    wait(NULL);
}

static void *fork_here(void *arg)
{
    (void)arg;
    if (fork() == 0) {
        hold(60, MAP_PRIVATE);
        mark("by a thread\n");
        _exit(0);
    }
    wait(NULL);
    return NULL;
}

static void by_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, fork_here, NULL)) exit(3);
    pthread_join(thread, NULL);
}

static void spin_ms(long ms)
{
    struct timespec t;
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}

/* Nobody waits for a child whose parent ignores SIGCHLD: rusage has lost it. */
static void not_waited(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGCHLD, &ignore, NULL);
    if (fork() == 0) {
        spin_ms(400);
        _exit(0);
    }
    while (wait(NULL) > 0) {
    }
}

static void spike(void)
{
    rest_ms(300);
    mark("before\n");
    unsigned char *p = hold(100, MAP_PRIVATE);
    munmap(p, 100 * mib);
    mark("after\n");
}

/* Peaks one after the other: their sum was never there. */
static void in_turn(void)
{
    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            hold(80, MAP_PRIVATE);
            mark("turn\n");
            _exit(0);
        }
        wait(NULL);
    }
}

/* Exec forgets the high-water mark. */
static void exec_forgets(char *self)
{
    hold(120, MAP_PRIVATE);
    mark("large\n");
    execl(self, self, "small", (char *)NULL);
}

static void many(void)
{
    with_children(200, nothing, "many\n");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } all[] = {{"heap", heap},
               {"cow", cow},
               {"cow-broken", cow_broken},
               {"tree", tree},
               {"orphan", orphan},
               {"by-thread", by_thread},
               {"spike", spike},
               {"not-waited", not_waited},
               {"in-turn", in_turn},
               {"many", many}};
    if (argc != 2) return 2;
    if (strcmp(argv[1], "exec") == 0) exec_forgets(argv[0]);
    if (strcmp(argv[1], "small") == 0) {
        mark("small\n");
        return 0;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(argv[1], all[i].name) == 0) {
            all[i].run();
            return 0;
        }
    return 2;
}
