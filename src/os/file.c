/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* madvise, realpath */
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"

bool cuvee__file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool cuvee__path_is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool cuvee__path_is_script(const char *path)
{
    const size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".py") == 0 && !cuvee__path_is_directory(path);
}

bool cuvee__directory_find(const char *dir, const char *suffix, char *ret_name, size_t room)
{
    const size_t n_suffix = strlen(suffix);
    bool found = false;
    DIR *d = opendir(dir);
    if (!d) return false;
    for (const struct dirent *e; (e = readdir(d));) {
        const size_t n = strlen(e->d_name);
        if (n < n_suffix || n >= room || strcmp(e->d_name + n - n_suffix, suffix) != 0) continue;
        if (found && strcmp(e->d_name, ret_name) >= 0) continue;
        memcpy(ret_name, e->d_name, n + 1);
        found = true;
    }
    closedir(d);
    return found;
}

char *cuvee__path_resolve(const char *path)
{
    char real[PATH_MAX];
    return realpath(path, real) ? cuvee__strndup(real, strlen(real)) : NULL;
}

void cuvee__file_touch(const char *path)
{
    utimensat(AT_FDCWD, path, NULL, 0);
}

bool cuvee__file_remove(const char *path)
{
    return unlink(path) == 0;
}

long cuvee__process_id(void)
{
    return (long)getpid();
}

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a FIFO";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

/* Open for reading; refuses what is not a regular file. *ret_fd is the caller's to close. */
static int open_regular(const char *path, int *ret_fd, size_t *ret_len, cuvee_error *err)
{
    /* O_NONBLOCK: opening a FIFO without a writer must not hang; it has no effect on regular
     * files. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return cuvee__fail_os(err, errno, "%s", path);
    struct stat st;
    int rc = CUVEE_OK;
    if (fstat(fd, &st) < 0)
        rc = cuvee__fail_os(err, errno, "%s", path);
    else if (!S_ISREG(st.st_mode))
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "%s: is %s, need a regular file", path,
                         kind_of(st.st_mode));
    if (rc < 0) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    *ret_len = (size_t)st.st_size;
    return CUVEE_OK;
}

int cuvee__file_read(const char *path, struct buffer *out, cuvee_error *err)
{
    int fd;
    size_t len;
    int rc = open_regular(path, &fd, &len, err);
    if (rc < 0) return rc;
    if (out->cap_bytes && len >= out->cap_bytes) {
        close(fd);
        return cuvee__fail(err, CUVEE_E_LIMIT, "%s: %zu bytes, limit is %zu", path, len,
                           out->cap_bytes);
    }
    for (;;) {
        /* One byte more than the size said: a read of 0 then proves the end, also of a file that
         * grew. */
        if (out->len == out->room || !out->ptr) {
            rc = cuvee__buffer_reserve(out, out->ptr ? 4096 : len + 1);
            if (rc < 0) {
                cuvee__fail(err, rc, "%s: %s", path, cuvee_code_name(rc));
                break;
            }
        }
        const ssize_t n = read(fd, out->ptr + out->len, out->room - out->len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            rc = cuvee__fail_os(err, errno, "%s", path);
            break;
        }
        if (n == 0) break;
        out->len += (size_t)n;
    }
    close(fd);
    return rc;
}

int cuvee__file_map_open(struct file_map *map, const char *path, cuvee_error *err)
{
    int fd;
    size_t len;
    int rc = open_regular(path, &fd, &len, err);
    if (rc < 0) return rc;
    if (len) {
        void *ptr = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
        if (ptr == MAP_FAILED)
            rc = cuvee__fail_os(err, errno, "%s: cannot map %zu bytes", path, len);
        else
            *map = (struct file_map){ptr, len};
    } else {
        *map = (struct file_map){NULL, 0};
    }
    close(fd); /* the mapping stays valid, also when the file is replaced by rename */
    return rc;
}

void cuvee__file_map_close(struct file_map *map)
{
    if (map->ptr) munmap((void *)(uintptr_t)map->ptr, map->len);
    *map = (struct file_map){NULL, 0};
}

static void advise(const struct file_map *map, size_t off, size_t len, int advice)
{
    if (!map->ptr || off >= map->len) return;
    if (len > map->len - off) len = map->len - off;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t start = off / page * page;
    /* A hint: failure is harmless. */
    madvise((void *)((uintptr_t)map->ptr + start), len + (off - start), advice);
}

void cuvee__file_map_prefetch(const struct file_map *map, size_t off, size_t len)
{
    advise(map, off, len, MADV_WILLNEED);
}

void cuvee__file_map_release(const struct file_map *map, size_t off, size_t len)
{
    advise(map, off, len, MADV_DONTNEED);
}

void cuvee__file_map_large_pages(const struct file_map *map, size_t off, size_t len)
{
    advise(map, off, len, MADV_HUGEPAGE);
}

void cuvee__file_map_small_pages(const struct file_map *map, size_t off, size_t len)
{
    advise(map, off, len, MADV_NOHUGEPAGE);
}
