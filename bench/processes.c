/* SPDX-License-Identifier: Apache-2.0
 *
 * A child announces itself with one line, "ready ARENA_BYTES MODEL_BYTES". Pipes of the parent are
 * closed on exec, or a child would hold the standard input of its sisters open. */
#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contest.h"
#include "os/clock.h"

enum { MAX_CHILDREN = 64 };

extern char **environ;

struct child {
    pid_t pid;
    int to, from; /* its standard input and output */
};

static bool make_pipe(int ends[2])
{
    if (pipe(ends) != 0) return false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return true;
}

/* argv is not written to, but execve's type does not say so. */
static char *const *exec_argv(const char *const *argv)
{
    union {
        const char *const *in;
        char *const *out;
    } u = {.in = argv};
    return u.out;
}

static bool start(struct child *c, const char *const *argv)
{
    int in[2], out[2];
    if (!make_pipe(in)) return false;
    if (!make_pipe(out)) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    const int failed = posix_spawn(&c->pid, argv[0], &actions, NULL, exec_argv(argv), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    c->to = in[1];
    c->from = out[0];
    if (failed) {
        fprintf(stderr, "speed: %s: %s\n", argv[0], strerror(failed));
        close(c->to);
        close(c->from);
    }
    return !failed;
}

/* Close the child's input, read its output to the end, wait for it. True when it exits with 0. */
static bool finish(struct child *c)
{
    char rest[4096];
    int status;
    close(c->to);
    while (read(c->from, rest, sizeof rest) > 0) continue;
    close(c->from);
    while (waitpid(c->pid, &status, 0) < 0)
        if (errno != EINTR) return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

uint64_t bench_first_byte_ns(const char *const *argv, const char *input)
{
    struct child c;
    const uint64_t begin = cuvee__clock_ns();
    if (!start(&c, argv)) return 0;
    /* A child that ended already is no reason to end with it (SIGPIPE). */
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    sigaction(SIGPIPE, &ignore, &before);
    bool good = write(c.to, input, strlen(input)) == (ssize_t)strlen(input);
    sigaction(SIGPIPE, &before, NULL);
    close(c.to);
    c.to = -1;
    char byte;
    if (read(c.from, &byte, 1) != 1) good = false;
    const uint64_t end = cuvee__clock_ns();
    if (!finish(&c)) good = false;
    return good ? end - begin : 0;
}

/* Wait for the child's line; false when it is not the one that was agreed. */
static bool await_ready(const struct child *c, struct footprint *f)
{
    char line[128];
    size_t n = 0;
    while (n + 1 < sizeof line) {
        if (read(c->from, line + n, 1) != 1) return false;
        if (line[n++] == '\n') break;
    }
    line[n] = '\0';
    return sscanf(line, "ready %" SCNu64 " %" SCNu64, &f->arena_bytes, &f->model_bytes) == 2;
}

static bool add_memory(const struct child *c, struct footprint *f)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)c->pid);
    FILE *in = fopen(path, "r");
    if (!in) return false;
    while (fgets(line, sizeof line, in)) {
        uint64_t kb;
        if (sscanf(line, "Rss: %" SCNu64, &kb) == 1) f->rss += kb << 10;
        if (sscanf(line, "Pss: %" SCNu64, &kb) == 1) f->pss += kb << 10;
        if (sscanf(line, "Private_Clean: %" SCNu64, &kb) == 1 ||
            sscanf(line, "Private_Dirty: %" SCNu64, &kb) == 1)
            f->private_bytes += kb << 10;
        if (sscanf(line, "Private_Dirty: %" SCNu64, &kb) == 1) f->private_dirty += kb << 10;
    }
    fclose(in);
    return true;
}

bool bench_footprint(const char *const *argv, unsigned n, struct footprint *ret)
{
    struct child children[MAX_CHILDREN];
    struct footprint f = {0};
    unsigned n_started = 0;
    bool good = n >= 1 && n <= MAX_CHILDREN;
    while (good && n_started < n) {
        good = start(&children[n_started], argv);
        if (good) n_started++;
    }
    for (unsigned i = 0; good && i < n_started; i++) good = await_ready(&children[i], &f);
    for (unsigned i = 0; good && i < n_started; i++) good = add_memory(&children[i], &f);
    for (unsigned i = 0; i < n_started; i++)
        if (!finish(&children[i])) good = false;
    if (good) *ret = f;
    return good;
}

int bench_serve_child(const char *model_dir, const char *precision)
{
    static const char sentence[] = "Ripe, long and lovely.";
    struct contest c = {.precision = bench_precision(precision)};
    const cuvee_text text = {.ptr = sentence, .len = sizeof sentence - 1};
    cuvee_result *result = NULL;
    cuvee_pool_info info = CUVEE_OPTIONS(cuvee_pool_info);
    cuvee_error err;
    char byte;
    int rc = c.precision ? bench_contest_open(&c, model_dir, NULL, NULL, &err) : CUVEE_E_ARGUMENT;
    if (rc == CUVEE_OK) rc = cuvee_classify(c.pool, &text, 1, NULL, &result, &err);
    if (rc == CUVEE_OK) rc = cuvee_pool_describe(c.pool, &info, &err);
    if (rc == CUVEE_OK) {
        printf("ready %" PRIu64 " %" PRIu64 "\n", info.arena_bytes * info.n_workers,
               bench_packed_bytes(c.model));
        fflush(stdout);
        while (read(STDIN_FILENO, &byte, 1) > 0) continue;
    }
    cuvee_result_free(result);
    bench_contest_close(&c);
    return rc == CUVEE_OK ? 0 : 1;
}
