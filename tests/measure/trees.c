/* SPDX-License-Identifier: Apache-2.0
 *
 * Trees whose true cost is known, because it is made up beforehand.
 *
 * trees random SEED FILE    1 to 64 processes with memory of their own, shared, copied on write and
 *                           of a mapped file (of 32 MiB), all at the same time for a while, then
 *                           perhaps a spike. Prints its true peak in KiB, without what processes
 *                           need to be there at all, the number of processes, and the spike in it.
 * trees spike               100 MiB for as long as touching takes, between two ticks
 * trees spike-child         the same in a process that lives no longer
 * trees forks N             N children that end at once, one after the other
 * trees marks N MIB         N marks, one after the other, over so much memory
 * trees cpu KIND MS         a child that uses MS of processor time and is waited, orphaned, ignored
 *                           (SIGCHLD) or killed
 * trees escapes             an orphan, a double fork, a session of its own, a fork by a thread, a
 *                           chain of execs: 8 processes with the first */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_POPULATE */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, MAX_PROCESSES = 64, FILE_MIB = 32, HOLD_MS = 300, HOLD_LOOKS = 30 };

/* Long enough to be looked at also on a machine that has much else to do. */
enum { ESCAPED_MS = 1000 };

static const size_t mib = (size_t)1 << 20;

static void rest_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0) {
    }
}

/* How often the meter, whose child this is, has waited for its next look; -1: cannot be read. */
static long looks_of(pid_t meter)
{
    char path[32], line[128];
    long n = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)meter);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0) n = strtol(line + 24, NULL, 10);
    if (f) fclose(f);
    return n;
}

/* As it is for a while; where the meter hardly gets a processor, until it has looked as often. */
static void stand(void)
{
    const pid_t meter = getppid();
    const long first = looks_of(meter);
    rest_ms(HOLD_MS);
    if (first < 0 || !getenv("MEASURE_FD")) return;
    for (long n; (n = looks_of(meter)) >= 0 && n < first + HOLD_LOOKS;) rest_ms(10);
}

static void touch(unsigned char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += PAGE) p[i]++;
}

static unsigned char *hold(size_t bytes, int flags)
{
    if (!bytes) return NULL;
    unsigned char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) exit(3);
    touch(p, bytes);
    return p;
}

/* ---- random trees ---- */

static uint64_t seed;

static size_t draw(size_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % below;
}

static void map_file(const char *path, size_t bytes)
{
    const int fd = open(path, O_RDONLY);
    volatile unsigned char sum = 0;
    const unsigned char *p = mmap(NULL, FILE_MIB * mib, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd < 0 || p == MAP_FAILED) exit(3);
    /* No faults bring what was not asked for. */
    madvise((void *)(uintptr_t)p, FILE_MIB * mib, MADV_RANDOM);
    for (size_t i = 0; i < bytes; i += PAGE) sum = (unsigned char)(sum + p[i]);
}

static int random_tree(const char *path)
{
    int ready[2], gate[2];
    const size_t n = 1 + draw(draw(4) ? 8 : MAX_PROCESSES);
    const size_t own = draw(40) * mib, shared = draw(40) * mib, file = draw(FILE_MIB) * mib;
    const size_t spike = draw(3) ? 0 : draw(60) * mib, copied = own ? draw(own / mib + 1) * mib : 0;
    const long pause_ms = (long)draw(40);
    size_t truth = own + shared + file + spike;
    if (pipe(ready) < 0 || pipe(gate) < 0) return 3;
    unsigned char *mine = hold(own, MAP_PRIVATE);
    hold(shared, MAP_SHARED);
    if (file) map_file(path, file);
    rest_ms(pause_ms);
    for (size_t i = 1; i < n; i++) {
        const size_t private_ = draw(200 / n) * mib, rewritten = i == 1 ? copied : 0;
        truth += private_ + rewritten;
        if (fork() == 0) {
            char byte = 0;
            close(gate[1]);
            hold(private_, MAP_PRIVATE);
            touch(mine, rewritten);
            if (write(ready[1], &byte, 1) != 1) _exit(3);
            _exit(read(gate[0], &byte, 1) == 0 ? 0 : 3);
        }
    }
    char byte;
    for (size_t i = 1; i < n; i++)
        if (read(ready[0], &byte, 1) != 1) return 3;
    stand();
    if (spike) munmap(hold(spike, MAP_PRIVATE), spike);
    close(gate[0]);
    close(gate[1]);
    while (wait(NULL) > 0) {
    }
    printf("%zu %zu %zu\n", truth / 1024, n, spike / 1024);
    return 0;
}

/* ---- processor time ---- */

static void spin_ms(long ms)
{
    struct timespec t;
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}

static int use_time(const char *kind, long ms)
{
    const bool is_orphan = strcmp(kind, "orphaned") == 0;
    if (strcmp(kind, "ignored") == 0)
        sigaction(SIGCHLD, &(const struct sigaction){.sa_handler = SIG_IGN}, NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        if (is_orphan && fork()) _exit(0);
        spin_ms(ms);
        if (strcmp(kind, "killed") == 0) raise(SIGKILL);
        _exit(0);
    }
    while (wait(NULL) > 0) {
    }
    return 0;
}

/* ---- escapes ---- */

static void *fork_here(void *arg)
{
    if (fork() == 0) {
        rest_ms(ESCAPED_MS);
        _exit(0);
    }
    return arg;
}

static int escape(char *self)
{
    pthread_t thread;
    if (fork() == 0) { /* an orphan, whose parent was one of us */
        if (fork() == 0) rest_ms(ESCAPED_MS);
        _exit(0);
    }
    if (fork() == 0) { /* a daemon */
        setsid();
        if (fork() == 0) {
            setsid();
            rest_ms(ESCAPED_MS);
        }
        _exit(0);
    }
    if (fork() == 0) { /* a chain of execs, that ends in a program of its own child */
        execl(self, self, "chain", "3", (char *)NULL);
        _exit(3);
    }
    if (pthread_create(&thread, NULL, fork_here, NULL)) return 3;
    pthread_join(thread, NULL);
    return 0; /* nobody is waited for */
}

static int chain(char *self, const char *left)
{
    const char next[] = {(char)(*left - 1), '\0'};
    if (*left > '0') execl(self, self, "chain", next, (char *)NULL);
    if (fork() == 0) _exit(0);
    rest_ms(ESCAPED_MS);
    return 0;
}

/* ---- marks ---- */

static int mark_often(long n, size_t bytes)
{
    const char *fd = getenv("MEASURE_FD");
    hold(bytes, MAP_PRIVATE);
    for (long i = 0; fd && i < n; i++) {
        if (write((int)strtol(fd, NULL, 10), "step\n", 5) != 5) return 3;
        if (i % 2 == 0) rest_ms(1);
    }
    return 0;
}

/* ---- the program ---- */

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (argc == 4 && strcmp(name, "random") == 0) {
        seed = strtoull(argv[2], NULL, 10) * 2654435761u + 1;
        return random_tree(argv[3]);
    }
    if (strcmp(name, "spike") == 0) {
        rest_ms(100);
        munmap(hold(100 * mib, MAP_PRIVATE), 100 * mib);
        rest_ms(100);
        return 0;
    }
    if (strcmp(name, "spike-child") == 0) {
        rest_ms(100);
        if (fork() == 0) {
            hold(100 * mib, MAP_PRIVATE);
            _exit(0);
        }
        wait(NULL);
        rest_ms(100);
        return 0;
    }
    if (argc == 3 && strcmp(name, "forks") == 0) {
        for (long i = strtol(argv[2], NULL, 10); i > 0; i--) {
            if (fork() == 0) _exit(0);
            wait(NULL);
        }
        return 0;
    }
    if (argc == 4 && strcmp(name, "marks") == 0)
        return mark_often(strtol(argv[2], NULL, 10), strtoul(argv[3], NULL, 10) * mib);
    if (argc == 4 && strcmp(name, "cpu") == 0) return use_time(argv[2], strtol(argv[3], NULL, 10));
    if (strcmp(name, "escapes") == 0) return escape(argv[0]);
    if (argc == 3 && strcmp(name, "chain") == 0) return chain(argv[0], argv[2]);
    return 2;
}
