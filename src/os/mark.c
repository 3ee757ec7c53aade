/* SPDX-License-Identifier: Apache-2.0 */
#include "os/mark.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "os/pipe_write.h"

static struct {
    _Atomic int fd; /* -1: no marks */
    dev_t device;
    ino_t inode;
} pipe_of_marks = {.fd = -1};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool is_pipe(int fd, struct stat *ret)
{
    return fd > STDERR_FILENO && fstat(fd, ret) == 0 && S_ISFIFO(ret->st_mode);
}

static void look(void)
{
    char *end;
    struct stat st;
    const char *text = cuvee__env_measure_fd();
    if (!text) return;
    const long fd = strtol(text, &end, 10);
    if (*end || fd < 0 || fd > 1 << 20 || !is_pipe((int)fd, &st)) return;
    pipe_of_marks.fd = (int)fd;
    pipe_of_marks.device = st.st_dev;
    pipe_of_marks.inode = st.st_ino;
}

void cuvee__mark_open(void)
{
    pthread_once(&once, look);
}

void cuvee__mark(const char *name)
{
    char line[CUVEE__MARK_BYTES + 2];
    struct stat st;
    cuvee__mark_open();
    if (pipe_of_marks.fd < 0 || !is_pipe(pipe_of_marks.fd, &st) ||
        st.st_dev != pipe_of_marks.device || st.st_ino != pipe_of_marks.inode)
        return;
    const int n = snprintf(line, sizeof line, "%.*s\n", CUVEE__MARK_BYTES, name);
    if (!cuvee__pipe_write(pipe_of_marks.fd, line, (size_t)n)) pipe_of_marks.fd = -1;
}
