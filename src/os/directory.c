/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* flock */
#include "os/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

#define MAX_ENTRIES 100000

static int append(struct directory_list *l, size_t *room, const char *name, const struct stat *st)
{
    if (l->n == *room) {
        const size_t more = cuvee__max(16, 2 * *room);
        struct directory_entry *entries =
            cuvee__realloc_array(l->entries, more, sizeof *l->entries);
        if (!entries) return CUVEE_E_NOMEM;
        l->entries = entries;
        *room = more;
    }
    struct directory_entry *e = &l->entries[l->n++];
    *e = (struct directory_entry){
        .device = st->st_dev,
        .inode = st->st_ino,
        .bytes = (uint64_t)st->st_size,
        .changed_s = st->st_mtim.tv_sec,
        .changed_ns = st->st_mtim.tv_nsec,
    };
    memcpy(e->name, name, strlen(name) + 1);
    return CUVEE_OK;
}

static int compare_names(const void *a, const void *b)
{
    const struct directory_entry *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int list(DIR *d, struct directory_list *l)
{
    size_t room = 0;
    for (const struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (strlen(e->d_name) >= sizeof l->entries->name) continue;
        if (fstatat(dirfd(d), e->d_name, &st, 0) < 0 || !S_ISREG(st.st_mode)) continue;
        if (l->n == MAX_ENTRIES) return CUVEE_E_LIMIT;
        const int rc = append(l, &room, e->d_name, &st);
        if (rc < 0) return rc;
    }
    if (l->n) qsort(l->entries, l->n, sizeof *l->entries, compare_names);
    return CUVEE_OK;
}

int cuvee__directory_list(const char *dir, struct directory_list *ret, cuvee_error *err)
{
    struct directory_list l = {0};
    DIR *d = opendir(dir);
    if (!d) return cuvee__fail_os(err, errno, "%s", dir);
    const int rc = list(d, &l);
    closedir(d);
    if (rc == CUVEE_OK) {
        *ret = l;
        return CUVEE_OK;
    }
    cuvee__directory_list_deinit(&l);
    return cuvee__fail(err, rc, "%s: %s", dir,
                       rc == CUVEE_E_LIMIT ? "too many files" : "out of memory");
}

void cuvee__directory_list_deinit(struct directory_list *l)
{
    cuvee__free(l->entries);
    *l = (struct directory_list){0};
}

/* path is cut at each slash in turn, and put together again. */
static int make_each(char *path, cuvee_error *err)
{
    struct stat st;
    for (char *p = path + 1;; p++) {
        const char end = *p;
        if (end != '/' && end != '\0') continue;
        *p = '\0';
        const int reason = mkdir(path, 0700) < 0 ? errno : 0;
        if (reason && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
            return cuvee__fail_os(err, reason == EEXIST ? ENOTDIR : reason, "%s", path);
        *p = end;
        if (end == '\0') return CUVEE_OK;
    }
}

int cuvee__directory_make(const char *dir, cuvee_error *err)
{
    char *path = *dir ? cuvee__strndup(dir, strlen(dir)) : NULL;
    if (!path)
        return cuvee__fail(err, CUVEE_E_NOMEM, "%s", *dir ? "out of memory" : "directory: no name");
    const int rc = make_each(path, err);
    cuvee__free(path);
    return rc;
}

int cuvee__lock_acquire(const char *path, int *ret_lock, cuvee_error *err)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) return cuvee__fail_os(err, errno, "%s", path);
    while (flock(fd, LOCK_EX) < 0) {
        if (errno == EINTR) continue;
        const int rc = cuvee__fail_os(err, errno, "%s: cannot lock", path);
        close(fd);
        return rc;
    }
    *ret_lock = fd;
    return CUVEE_OK;
}

void cuvee__lock_release(int lock)
{
    flock(lock, LOCK_UN); /* a forked child may still have the descriptor */
    close(lock);
}
