/* SPDX-License-Identifier: Apache-2.0
 *
 * A staged output is TARGET.partial until commit, in the directory of TARGET, so the rename is
 * atomic. The file is locked while it is written: a second process that would write the same target
 * is refused at its start, not after hours of work. Where a file system has no locks the last
 * rename wins, each output whole.
 *
 * The first failure sticks: every later call returns it, so a caller that looks only at the end
 * cannot take a cut file for a whole one. */
#include "table/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

#define BUFFER_BYTES ((size_t)64 * 1024)
#define MAX_LINKS    40 /* as the kernel's own limit */

struct output_file {
    char *name;    /* for messages */
    char *target;  /* staged: what rename() replaces, symlinks followed; else NULL */
    char *partial; /* staged: where the bytes go */
    int fd;
    bool owns_fd, is_committed;
    cuvee_error failure; /* code < 0: the first failure */
    size_t n_buffered;
    char buffered[BUFFER_BYTES];
};

/* ---- where ---- */

/* The path that link (a symlink at path) stands for. */
static char *follow_link(const char *path, const char *link)
{
    struct buffer joined = {0};
    const char *slash = strrchr(path, '/');
    int rc = CUVEE_OK;
    if (link[0] != '/' && slash)
        rc = cuvee__buffer_append(&joined, path, (size_t)(slash - path) + 1);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append(&joined, link, strlen(link) + 1);
    if (rc < 0) cuvee__buffer_deinit(&joined);
    return joined.ptr;
}

/* Follow symlinks by hand: realpath() gives up at one that points to a file not made yet. */
static int find_target(const char *path, char **ret_target, cuvee_error *err)
{
    char *at = cuvee__strndup(path, strlen(path));
    for (int i = 0; at && i < MAX_LINKS; i++) {
        char link[4096];
        const ssize_t n = readlink(at, link, sizeof link - 1);
        if (n < 0) { /* no symlink, or nothing: opening it says what is wrong */
            *ret_target = at;
            return CUVEE_OK;
        }
        link[n] = '\0';
        char *next = follow_link(at, link);
        cuvee__free(at);
        at = next;
    }
    const bool is_loop = at != NULL;
    cuvee__free(at);
    return is_loop ? cuvee__fail_os(err, ELOOP, "%s", path)
                   : cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
}

static bool is_same_file(const struct stat *a, const char *path)
{
    struct stat b;
    return lstat(path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* ---- open ---- */

static int open_direct(struct output_file *o, const char *path, cuvee_error *err)
{
    o->fd = open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
    if (o->fd < 0) return cuvee__fail_os(err, errno, "%s", path);
    o->owns_fd = true;
    return CUVEE_OK;
}

/* Open and lock the staging file. The holder of the lock may rename the file between our open and
 * our lock; then we hold what is its target now and must not touch it. */
static int open_locked(struct output_file *o, mode_t mode, cuvee_error *err)
{
    for (;;) {
        struct stat ours;
        o->fd = open(o->partial, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
        if (o->fd < 0) return cuvee__fail_os(err, errno, "%s", o->partial);
        o->owns_fd = true;
        if (flock(o->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
            close(o->fd);
            o->owns_fd = false;
            return cuvee__fail_os(err, EBUSY, "%s is being written by another process", o->partial);
        }
        if (fstat(o->fd, &ours) < 0) return cuvee__fail_os(err, errno, "%s", o->partial);
        if (!S_ISREG(ours.st_mode)) {
            close(o->fd);
            o->owns_fd = false;
            return cuvee__fail_os(err, EEXIST, "%s is in the way", o->partial);
        }
        if (is_same_file(&ours, o->partial)) return CUVEE_OK;
        close(o->fd);
        o->owns_fd = false;
    }
}

/* existing: what is at the target now, or NULL. */
static int open_staged(struct output_file *o, const struct stat *existing, cuvee_error *err)
{
    struct buffer partial = {0};
    if (cuvee__buffer_append_str(&partial, o->target) < 0 ||
        cuvee__buffer_append(&partial, ".partial", sizeof ".partial") < 0) {
        cuvee__buffer_deinit(&partial);
        return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", o->name);
    }
    o->partial = partial.ptr;
    /* rename() needs no right to the file it replaces; a file made read-only means to stay. */
    if (existing && faccessat(AT_FDCWD, o->target, W_OK, AT_EACCESS) < 0)
        return cuvee__fail_os(err, errno, "%s", o->name);
    const int rc = open_locked(o, existing ? existing->st_mode & 0777 : 0666, err);
    if (rc < 0) return rc;
    if (ftruncate(o->fd, 0) < 0) return cuvee__fail_os(err, errno, "%s", o->partial);
    if (existing && fchmod(o->fd, existing->st_mode & 07777) < 0)
        return cuvee__fail_os(err, errno, "%s", o->partial);
    return CUVEE_OK;
}

static int open_path(struct output_file *o, const char *path, cuvee_error *err)
{
    struct stat st;
    const bool exists = stat(path, &st) == 0; /* of what a symlink points to */
    if (!exists && (errno != ENOENT || !*path)) return cuvee__fail_os(err, errno, "%s", path);
    if (exists && S_ISDIR(st.st_mode)) return cuvee__fail_os(err, EISDIR, "%s", path);
    if (exists && !S_ISREG(st.st_mode)) return open_direct(o, path, err);
    const int rc = find_target(path, &o->target, err);
    if (rc < 0) return rc;
    /* Links in /proc may lead to files that have no path: what they read as names something else,
     * or nothing. */
    if (exists && !is_same_file(&st, o->target)) return open_direct(o, path, err);
    return open_staged(o, exists ? &st : NULL, err);
}

int cuvee__output_open(const char *path, struct output_file **ret_output, cuvee_error *err)
{
    const bool is_stdout = !path || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
    const char *name = is_stdout ? "standard output" : path;
    struct output_file *o = cuvee__calloc(1, sizeof *o);
    if (!o) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", name);
    o->fd = STDOUT_FILENO;
    o->name = cuvee__strndup(name, strlen(name));
    int rc = o->name ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", name);
    if (rc == CUVEE_OK && !is_stdout) rc = open_path(o, path, err);
    if (rc < 0) {
        cuvee__output_close(o, false);
        return rc;
    }
    *ret_output = o;
    return CUVEE_OK;
}

int cuvee__output_detach(struct output_file *o, cuvee_error *err)
{
    if (o->fd != STDOUT_FILENO) return CUVEE_OK;
    const int fd = fcntl(o->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd < 0) return cuvee__fail_os(err, errno, "%s", o->name);
    o->fd = fd;
    o->owns_fd = true;
    return CUVEE_OK;
}

const char *cuvee__output_name(const struct output_file *o)
{
    return o->name;
}

const char *cuvee__output_place(const struct output_file *o)
{
    return o->partial ? o->partial : o->name;
}

const char *cuvee__output_leftover(const struct output_file *o)
{
    return o->partial;
}

/* ---- write ---- */

/* Record a failed system call, and give it to the caller. */
static int fail_output(struct output_file *o, int os_errno, const char *what, cuvee_error *err)
{
    cuvee__fail_os(&o->failure, os_errno, "%s: %s", o->name, what);
    if (err) *err = o->failure;
    return o->failure.code;
}

static int write_all(struct output_file *o, const char *bytes, size_t n, cuvee_error *err)
{
    while (n) {
        const ssize_t done = write(o->fd, bytes, n);
        if (done >= 0) {
            bytes += done;
            n -= (size_t)done;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) { /* inherited that way */
            struct pollfd wait = {.fd = o->fd, .events = POLLOUT};
            if (poll(&wait, 1, -1) < 0 && errno != EINTR)
                return fail_output(o, errno, "cannot write", err);
        } else if (errno != EINTR) {
            return fail_output(o, errno, "cannot write", err);
        }
    }
    return CUVEE_OK;
}

struct json_dump {
    struct output_file *output;
    cuvee_error *err;
    int rc;
};

static int dump_piece(const char *bytes, size_t n, void *arg)
{
    struct json_dump *dump = arg;
    dump->rc = cuvee__output_write(dump->output, bytes, n, dump->err);
    return dump->rc < 0 ? -1 : 0;
}

int cuvee__output_write_json(struct output_file *o, const json_t *json, size_t flags,
                             cuvee_error *err)
{
    struct json_dump dump = {.output = o, .err = err};
    if (json_dump_callback(json, dump_piece, &dump, flags) == 0) return CUVEE_OK;
    return dump.rc < 0 ? dump.rc : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for JSON");
}

int cuvee__output_flush(struct output_file *o, cuvee_error *err)
{
    if (o->failure.code < 0) {
        if (err) *err = o->failure;
        return o->failure.code;
    }
    const size_t n = o->n_buffered;
    o->n_buffered = 0;
    return write_all(o, o->buffered, n, err);
}

int cuvee__output_write(struct output_file *o, const void *bytes, size_t n, cuvee_error *err)
{
    if (n > BUFFER_BYTES - o->n_buffered || o->failure.code < 0) {
        const int rc = cuvee__output_flush(o, err);
        if (rc < 0) return rc;
    }
    if (n > BUFFER_BYTES) return write_all(o, bytes, n, err);
    if (n) memcpy(o->buffered + o->n_buffered, bytes, n);
    o->n_buffered += n;
    return CUVEE_OK;
}

/* ---- the end ---- */

/* Network file systems report a failed write when a descriptor is closed. Ours is closed; of
 * standard output a duplicate is, which makes them tell just as well. */
static int close_output(struct output_file *o)
{
    const int fd = o->owns_fd ? o->fd : dup(o->fd);
    o->owns_fd = false;
    return fd < 0 || (close(fd) < 0 && errno != EINTR) ? -1 : 0;
}

int cuvee__output_commit(struct output_file *o, cuvee_error *err)
{
    const int rc = cuvee__output_flush(o, err);
    if (rc < 0) return rc;
    if (!o->partial) {
        if (close_output(o) < 0) return fail_output(o, errno, "cannot close", err);
        o->is_committed = true;
        return CUVEE_OK;
    }
    /* A file system without fsync() says EINVAL. */
    if (fsync(o->fd) < 0 && errno != EINVAL) return fail_output(o, errno, "cannot write", err);
    /* Renamed before it is closed: the lock goes with the descriptor, and without it another
     * process may truncate the staging file. What close() could still say, fsync() has said. */
    if (rename(o->partial, o->target) < 0) return fail_output(o, errno, "cannot rename to", err);
    o->is_committed = true;
    if (close_output(o) < 0) return fail_output(o, errno, "cannot close", err);
    return CUVEE_OK;
}

void cuvee__output_close(struct output_file *o, bool keep_partial)
{
    if (!o) return;
    const bool is_staged = o->partial != NULL;
    /* Opening may have failed before the staging file was ours: then owns_fd is false. */
    if (!o->is_committed && (!is_staged || keep_partial)) cuvee__output_flush(o, NULL);
    if (!o->is_committed && is_staged && o->owns_fd && !keep_partial) unlink(o->partial);
    if (o->owns_fd) close(o->fd);
    cuvee__free(o->name);
    cuvee__free(o->target);
    cuvee__free(o->partial);
    cuvee__free(o);
}

int cuvee__output_write_whole(const char *path, struct span text, cuvee_error *err)
{
    struct output_file *file = NULL;
    int rc = cuvee__output_open(path, &file, err);
    if (rc == CUVEE_OK) rc = cuvee__output_write(file, text.ptr, text.len, err);
    if (rc == CUVEE_OK) rc = cuvee__output_commit(file, err);
    cuvee__output_close(file, false);
    return rc;
}
