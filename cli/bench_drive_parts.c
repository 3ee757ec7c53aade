/* SPDX-License-Identifier: Apache-2.0
 *
 * --processes: as many processes of this program, each a stranger to the others, which share the
 * weights only because they map the same file. Item i belongs to part i mod N. All begin when the
 * last one has loaded; their answers are joined line by line. */
#define _GNU_SOURCE /* O_ASYNC, F_SETOWN */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "bench_drive.h"
#include "console.h"
#include "exit_code.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/mark.h"
#include "os/pipe_write.h"
#include "table/writer.h"

enum { MAX_ANSWER_BYTES = 1 << 30 };

/* ---- in a part ---- */

enum { FROM_PARENT = CUVEE__CHILD_FD, TO_PARENT, LIFE };

void cli__drive_part_open(void)
{
    /* SIGIO, which ends a program, when the other end of this pipe is closed. */
    fcntl(LIFE, F_SETOWN, getpid());
    fcntl(LIFE, F_SETFL, fcntl(LIFE, F_GETFL) | O_ASYNC);
}

void cli__drive_part_say(enum drive_word word)
{
    const char byte = (char)word;
    cuvee__pipe_write(TO_PARENT, &byte, 1);
}

bool cli__drive_part_start(uint64_t *ret_start_ns)
{
    ssize_t n;
    do n = read(FROM_PARENT, ret_start_ns, sizeof *ret_start_ns);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof *ret_start_ns;
}

/* ---- in the parent ---- */

struct part {
    struct child child;
    char *answers;    /* its file */
    struct span rest; /* of what it wrote, while answers are joined */
    struct buffer text;
    bool is_loaded, is_closed;
};

struct parts {
    const struct drive_options *options;
    struct part *parts; /* (n) */
    struct pollfd *fds; /* (n) */
    size_t n;
};

static int start_part(struct parts *all, size_t i, const char *program, int argc, char **argv,
                      cuvee_error *err)
{
    static const char *const no_variables[] = {NULL};
    struct part *p = &all->parts[i];
    struct buffer path = {0};
    char number[24];
    enum { OURS = 7 };
    const char **words = cuvee__alloc_array((size_t)argc + OURS, sizeof *words);
    int rc = cuvee__buffer_printf(&path, "%s.part-%zu", all->options->answers, i + 1);
    if (!words || rc) {
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a process");
        goto done;
    }
    p->answers = path.ptr;
    path = (struct buffer){0};
    snprintf(number, sizeof number, "%zu", i + 1);
    size_t n = 0;
    words[n++] = program;
    words[n++] = "bench";
    words[n++] = "drive";
    for (int a = 1; a < argc; a++) words[n++] = argv[a];
    words[n++] = "--part";
    words[n++] = number;
    words[n++] = "--answers"; /* the last one counts */
    words[n++] = p->answers;
    words[n] = NULL;
    const struct child_setup setup = {.argv = words, .variables = no_variables};
    rc = cuvee__child_start(&p->child, &setup, err);
done:
    cuvee__buffer_deinit(&path);
    cuvee__free(words);
    return rc;
}

static int start_parts(struct parts *all, int argc, char **argv, cuvee_error *err)
{
    all->n = (size_t)all->options->processes;
    all->parts = cuvee__calloc(all->n, sizeof *all->parts);
    all->fds = cuvee__calloc(all->n, sizeof *all->fds);
    char *program = cuvee__path_resolve("/proc/self/exe");
    int rc = CUVEE_OK;
    if (!all->parts || !all->fds || !program)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for %zu processes", all->n);
    for (size_t i = 0; !rc && i < all->n; i++) {
        rc = start_part(all, i, program, argc, argv, err);
        all->fds[i] = (struct pollfd){.fd = rc ? -1 : all->parts[i].child.from, .events = POLLIN};
    }
    cuvee__free(program);
    return rc;
}

/* A word of a part, or its end. Returns false when it ended. */
static bool hear(struct parts *all, size_t i, char *ret_word)
{
    const ssize_t n = read(all->fds[i].fd, ret_word, 1);
    if (n == 1) return true;
    if (n < 0 && errno == EINTR) return *ret_word = 0, true;
    all->parts[i].is_closed = true;
    all->fds[i].fd = -1; /* poll() passes it over */
    return false;
}

static void begin(struct parts *all)
{
    cuvee__mark("model-loaded");
    const uint64_t now = cuvee__clock_ns();
    for (size_t i = 0; i < all->n; i++) cuvee__child_send(&all->parts[i].child, &now, sizeof now);
}

/* Until all of them have gone. A part that goes before it has begun ends all. */
static int follow(struct parts *all, cuvee_error *err)
{
    size_t n_loaded = 0, n_closed = 0;
    bool has_first = false;
    while (n_closed < all->n) {
        if (poll(all->fds, (nfds_t)all->n, -1) < 0 && errno != EINTR)
            return cuvee__fail_os(err, errno, "poll");
        for (size_t i = 0; i < all->n; i++) {
            char word = 0;
            if (all->fds[i].fd < 0 || !all->fds[i].revents) continue;
            if (!hear(all, i, &word)) {
                n_closed++;
                if (!all->parts[i].is_loaded)
                    return cuvee__fail(err, CUVEE_E_IO, "process %zu ended before it began", i + 1);
            }
            if (word == DRIVE_LOADED && !all->parts[i].is_loaded) {
                all->parts[i].is_loaded = true;
                if (++n_loaded == all->n) begin(all);
            }
            if (word == DRIVE_FIRST && !has_first) {
                has_first = true;
                cuvee__mark("first-result");
            }
        }
    }
    return CUVEE_OK;
}

/* Wait for all, whatever became of the work. */
static int end_parts(struct parts *all, bool at_once, cuvee_error *err)
{
    int rc = CUVEE_OK;
    for (size_t i = 0; all->parts && i < all->n; i++) {
        int status = 0;
        struct part *p = &all->parts[i];
        if (!p->child.pid) continue;
        cuvee__child_end(&p->child, at_once ? 0 : UINT64_MAX, &status);
        if (status && !rc)
            rc = cuvee__fail(err, CUVEE_E_IO, "process %zu ended with exit status %d", i + 1,
                             status);
    }
    return rc;
}

/* ---- their answers ---- */

static int open_answers(struct parts *all, cuvee_error *err)
{
    int rc = CUVEE_OK;
    for (size_t i = 0; !rc && i < all->n; i++) {
        struct part *p = &all->parts[i];
        p->text.cap_bytes = MAX_ANSWER_BYTES;
        rc = cuvee__file_read(p->answers, &p->text, err);
        p->rest = buffer_span(&p->text);
    }
    return rc;
}

/* A line of each part in turn, until one has no more: then none of those behind it has. */
static int join_answers(struct parts *all, cuvee_error *err)
{
    struct output_file *output = NULL;
    int rc = open_answers(all, err);
    if (!rc) rc = cuvee__output_open(all->options->answers, &output, err);
    for (size_t i = 0; !rc; i = (i + 1) % all->n) {
        struct span *rest = &all->parts[i].rest;
        const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
        if (!end) break;
        const size_t n = (size_t)(end - rest->ptr) + 1;
        rc = cuvee__output_write(output, rest->ptr, n, err);
        rest->ptr += n;
        rest->len -= n;
    }
    if (!rc) rc = cuvee__output_commit(output, err);
    cuvee__output_close(output, false);
    return rc;
}

static void parts_deinit(struct parts *all)
{
    for (size_t i = 0; all->parts && i < all->n; i++) {
        struct part *p = &all->parts[i];
        if (p->answers) cuvee__file_remove(p->answers);
        cuvee__free(p->answers);
        cuvee__buffer_deinit(&p->text);
    }
    cuvee__free(all->parts);
    cuvee__free(all->fds);
}

int cli__drive_parts(const struct drive_options *o, int argc, char **argv)
{
    struct parts all = {.options = o};
    cuvee_error err = {0};
    int exit_code = EXIT_OK, rc = start_parts(&all, argc, argv, &err);
    if (!rc) rc = follow(&all, &err);
    const bool is_broken = rc != CUVEE_OK;
    const int end_rc = end_parts(&all, is_broken, is_broken ? NULL : &err);
    if (rc || end_rc)
        exit_code = EXIT_MODEL;
    else if (join_answers(&all, &err))
        exit_code = EXIT_OUTPUT;
    if (exit_code) cli__console_say("cuvee bench drive: %s", err.msg);
    parts_deinit(&all);
    return exit_code;
}
