/* SPDX-License-Identifier: Apache-2.0
 *
 * fallacies NAME [ARGUMENT...]: trees of processes whose cost naive methods get wrong, and the
 * naive methods that `cuvee measure` itself does not show. Nothing waits for a while: processes
 * tell each other when they have their memory, and hold it until the meter has looked, which it
 * does at marks. Without a meter, what would be marked is printed, and the tree stays as it is
 * until it is ended.
 *
 *   launch MIB COMMAND...   prints ru_maxrss (KiB) and processor time (us) of a command that a
 *                           parent of this size has started
 *   arms MIB MIB            a child of each size, one after the other; prints what RUSAGE_CHILDREN
 *                           says (KiB) after each
 *   size MIB                a process of this size, alone
 *   private MIB             the same, and nobody but root may read its memory
 *   drop | resident FILE    pages of it in the page cache, after as many as possible have left it
 *   read | map FILE         all of it, by read() or mmap()
 *   work ROUNDS THREADS     so many times work of all threads, each waiting for the others by
 *                           spinning; all on one processor
 *   spin MS                 uses processor time */
#define _GNU_SOURCE /* MAP_ANONYMOUS, sched_setaffinity, wait4 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

/* All that was written to the meter has been read by it. */
static void wait_until_read(int fd)
{
    for (int waiting = 1; ioctl(fd, FIONREAD, &waiting) == 0 && waiting;) rest_ms(1);
}

/* The meter looks at each mark before it reads the next: when the last of three has been read, it
 * has looked twice. */
static void mark(const char *text)
{
    static const char again[] = "again\n";
    const char *number = getenv("MEASURE_FD");
    if (!number) {
        fputs(text, stdout);
        fflush(stdout);
        for (;;) pause();
    }
    const int fd = (int)strtol(number, NULL, 10);
    const char *const texts[] = {text, again, again};
    for (int i = 0; i < 3; i++) {
        if (write(fd, texts[i], strlen(texts[i])) < 0) exit(3);
        wait_until_read(fd);
    }
}

/* n bytes come through a pipe, or its other end is closed. */
static bool hear(int fd, int n)
{
    char byte;
    for (; n > 0; n--)
        if (read(fd, &byte, 1) != 1) return false;
    return true;
}

static void tell(int fd, int n)
{
    for (; n > 0; n--)
        if (write(fd, "", 1) != 1) exit(3);
}

static pid_t children[512];

/* All of n children run body(0), then the mark; body(1), and so on. */
static void with_children(int n, void (*body)(int step), int n_steps, void (*then)(int step))
{
    int gate[2], ready[2];
    if (pipe(gate) < 0 || pipe(ready) < 0) exit(3);
    for (int i = 0; i < n; i++)
        if ((children[i] = fork()) == 0) {
            close(gate[1]);
            for (int step = 0; step < n_steps; step++) {
                body(step);
                tell(ready[1], 1);
                if (!hear(gate[0], 1)) break;
            }
            _exit(0);
        }
    children[n] = 0;
    for (int step = 0; step < n_steps; step++) {
        if (!hear(ready[0], n)) exit(3);
        then(step);
        tell(gate[1], n);
    }
    close(gate[1]);
    while (wait(NULL) > 0) {
    }
}

static void mark_here(int step)
{
    (void)step;
    mark("here\n");
}

static unsigned char *shared_copy;

static void nothing(int step)
{
    (void)step;
}

static void hold_50(int step)
{
    (void)step;
    hold(50, MAP_PRIVATE);
}

static void hold_400(int step)
{
    (void)step;
    hold(400, MAP_PRIVATE);
}

static void rewrite(int step)
{
    if (step == 1) touch(shared_copy, 100);
}

/* A line of a file of /proc/PID that starts with a name, in KiB. */
static long kb_of(pid_t pid, const char *file, const char *name)
{
    char path[64], line[256];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "re");
    while (f && kb < 0 && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0) kb = strtol(line + strlen(name), NULL, 10);
    if (f) fclose(f);
    return kb;
}

/* ---- memory ---- */

static void mark_heap(int step)
{
    (void)step;
    mark("heap=94371840\n");
}

/* A small process over a big child, that reports its own heap: the story's figure. */
static void heap(void)
{
    hold(90, MAP_PRIVATE);
    with_children(1, hold_400, 1, mark_heap);
}

static void cow(void)
{
    shared_copy = hold(200, MAP_PRIVATE);
    with_children(4, nothing, 1, mark_here);
}

/* Prints the sum of RSS at both marks: it is the same. */
static void mark_broken(int step)
{
    long sum = kb_of(getpid(), "status", "VmRSS:");
    for (int i = 0; children[i]; i++) sum += kb_of(children[i], "status", "VmRSS:");
    printf("%ld\n", sum);
    mark(step == 0 ? "shared\n" : "broken\n");
}

static void cow_broken(void)
{
    shared_copy = hold(100, MAP_PRIVATE);
    with_children(2, rewrite, 2, mark_broken);
}

static void tree(void)
{
    hold(200, MAP_SHARED);
    with_children(4, hold_50, 1, mark_here);
}

static void spike(void)
{
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
    exit(3);
}

static long pss;

static void add_pss(int step)
{
    (void)step;
    pss += kb_of(children[0], "smaps_rollup", "Pss:");
    mark("here\n");
}

/* PSS of one process, then a fork, then PSS of the other: a sum of two instants. */
static void torn(void)
{
    hold(100, MAP_PRIVATE);
    pss = kb_of(getpid(), "smaps_rollup", "Pss:");
    with_children(1, nothing, 1, add_pss);
    printf("%ld\n", pss);
}

static void many(void)
{
    with_children(200, nothing, 1, mark_here);
}

static void five_hundred(void)
{
    with_children(500, nothing, 1, mark_here);
}

static void hold_30(int step)
{
    (void)step;
    prctl(PR_SET_NAME, ") R 1 (");
    hold(30, MAP_PRIVATE);
}

/* Its name looks like the fields behind a name. */
static void odd_name(void)
{
    with_children(1, hold_30, 1, mark_here);
}

/* ---- who belongs to the tree ---- */

/* Its mark comes when the first process is gone for everybody. */
static void orphan(void)
{
    const pid_t first = getpid();
    if (fork() == 0) {
        if (fork() == 0) {
            setsid();
            hold(100, MAP_PRIVATE);
            while (kill(first, 0) == 0) rest_ms(1);
            mark("orphan\n");
            _exit(0);
        }
        _exit(0);
    }
    wait(NULL);
    mark("command\n");
}

/* Prints how many children the main thread's list has. */
static void *fork_here(void *arg)
{
    char path[64], text[64];
    (void)arg;
    if (fork() == 0) {
        hold(60, MAP_PRIVATE);
        mark("by a thread\n");
        _exit(0);
    }
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "re");
    int n = 0;
    while (f && fscanf(f, "%63s", text) == 1) n++;
    printf("%d\n", f ? n : -1);
    if (f) fclose(f);
    wait(NULL);
    return NULL;
}

static void by_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, fork_here, NULL)) exit(3);
    pthread_join(thread, NULL);
}

static void short_lived(void)
{
    for (int i = 0; i < 200; i++) {
        if (fork() == 0) {
            rest_ms(1);
            _exit(0);
        }
        wait(NULL);
    }
}

/* ---- other methods ---- */

static int launch(size_t n_mib, char **command)
{
    struct rusage usage;
    int status;
    hold(n_mib, MAP_PRIVATE);
    const pid_t pid = fork();
    if (pid == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &usage) != pid || status) return 3;
    printf("%ld %lld\n", usage.ru_maxrss,
           (long long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
               usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return 0;
}

static void arm(size_t n_mib)
{
    struct rusage usage;
    if (fork() == 0) {
        hold(n_mib, MAP_PRIVATE);
        _exit(0);
    }
    wait(NULL);
    getrusage(RUSAGE_CHILDREN, &usage);
    printf("%ld\n", usage.ru_maxrss);
    fflush(stdout);
}

/* ---- the page cache ---- */

static size_t n_resident(int fd, size_t bytes)
{
    const size_t n_pages = (bytes + 4095) / 4096;
    unsigned char *is_here = calloc(n_pages, 1);
    void *p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    size_t n = 0;
    if (p == MAP_FAILED || !is_here || mincore(p, bytes, is_here) < 0) exit(3);
    for (size_t i = 0; i < n_pages; i++) n += is_here[i] & 1;
    free(is_here);
    munmap(p, bytes);
    return n;
}

static int with_file(const char *what, const char *path)
{
    static char block[65536];
    struct stat st;
    volatile unsigned char sum = 0;
    const int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) < 0) return 3;
    const size_t bytes = (size_t)st.st_size;
    if (strcmp(what, "read") == 0) {
        while (read(fd, block, sizeof block) > 0) {
        }
        mark("read\n");
    } else if (strcmp(what, "map") == 0) {
        const unsigned char *p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) return 3;
        for (size_t i = 0; i < bytes; i += 4096) sum = (unsigned char)(sum + p[i]);
        mark("mapped\n");
    } else {
        if (strcmp(what, "drop") == 0) {
            fsync(fd);
            posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        }
        printf("%zu\n", n_resident(fd, bytes));
    }
    close(fd);
    return 0;
}

/* ---- time ---- */

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

/* Workers are started with a pause before each, as if that were part of the work. */
static void staggered(void)
{
    for (int i = 0; i < 4; i++) {
        rest_ms(100);
        if (fork() == 0) {
            spin_ms(5);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
}

static atomic_int n_arrived;
static int n_threads, n_rounds;

static void *work(void *arg)
{
    (void)arg;
    for (int round = 1; round <= n_rounds; round++) {
        atomic_fetch_add(&n_arrived, 1);
        while (atomic_load(&n_arrived) < round * n_threads) {
        }
    }
    return NULL;
}

static int work_together(void)
{
    pthread_t threads[64];
    cpu_set_t allowed, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0) return 3;
    for (int i = CPU_SETSIZE; i-- > 0 && !CPU_COUNT(&one);)
        if (CPU_ISSET(i, &allowed)) CPU_SET(i, &one);
    if (n_threads < 1 || n_threads > 64 || sched_setaffinity(0, sizeof one, &one) < 0) return 3;
    for (int i = 0; i < n_threads; i++)
        if (pthread_create(&threads[i], NULL, work, NULL)) return 3;
    for (int i = 0; i < n_threads; i++) pthread_join(threads[i], NULL);
    return 0;
}

/* ---- the program ---- */

static int with_arguments(char **argv)
{
    const char *name = argv[1], *first = argv[2], *second = argv[3];
    if (strcmp(name, "launch") == 0 && second) return launch(strtoul(first, NULL, 10), argv + 3);
    if (strcmp(name, "arms") == 0 && second) {
        arm(strtoul(first, NULL, 10));
        arm(strtoul(second, NULL, 10));
        return 0;
    }
    if (strcmp(name, "work") == 0 && second) {
        n_rounds = (int)strtol(first, NULL, 10);
        n_threads = (int)strtol(second, NULL, 10);
        return work_together();
    }
    if (second) return 2;
    if (strcmp(name, "private") == 0) prctl(PR_SET_DUMPABLE, 0);
    if (strcmp(name, "size") == 0 || strcmp(name, "private") == 0) {
        hold(strtoul(first, NULL, 10), MAP_PRIVATE);
        mark("here\n");
        return 0;
    }
    if (strcmp(name, "spin") == 0) {
        spin_ms(strtol(first, NULL, 10));
        return 0;
    }
    for (const char *const *what = (const char *const[]){"drop", "resident", "read", "map", NULL};
         *what; what++)
        if (strcmp(name, *what) == 0) return with_file(name, first);
    return 2;
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
               {"short-lived", short_lived},
               {"spike", spike},
               {"not-waited", not_waited},
               {"staggered", staggered},
               {"torn", torn},
               {"in-turn", in_turn},
               {"odd-name", odd_name},
               {"five-hundred", five_hundred},
               {"many", many}};
    setvbuf(stdout, NULL, _IOLBF, 0); /* nothing is printed again by a child */
    if (argc > 2) return with_arguments(argv);
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
