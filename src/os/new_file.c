/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mremap */
#include "os/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"

#define FIRST_ROOM ((size_t)1 << 20)

/* A large page of all common machines. */
#define CHUNK_BYTES ((size_t)2 << 20)

int cuvee__new_file_create(struct new_file *f, const char *path, bool is_private, cuvee_error *err)
{
    *f = (struct new_file)CUVEE__NO_NEW_FILE;
    f->path = cuvee__strndup(path, strlen(path));
    if (!f->path) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
    f->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, is_private ? 0600 : 0666);
    if (f->fd >= 0) return CUVEE_OK;
    const int rc = cuvee__fail_os(err, errno, "%s", path);
    cuvee__free(f->path);
    f->path = NULL;
    return rc;
}

/* Anonymous memory that moves by page tables when it grows, rather than a heap block that would be
 * copied, or a memfd, on which limits for files bear. */
static int grow(struct new_file *f, size_t room, cuvee_error *err)
{
    void *memory = f->memory ? mremap(f->memory, f->room, room, MREMAP_MAYMOVE)
                             : mmap(NULL, room, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for %zu bytes", room);
    f->memory = memory;
    f->room = room;
    return CUVEE_OK;
}

int cuvee__new_file_create_in_memory(struct new_file *f, cuvee_error *err)
{
    *f = (struct new_file)CUVEE__NO_NEW_FILE;
    return grow(f, FIRST_ROOM, err);
}

static int write_memory(struct new_file *f, uint64_t offset, const void *bytes, size_t n,
                        cuvee_error *err)
{
    if (offset > SIZE_MAX / 4 || n > SIZE_MAX / 4)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    const size_t end = (size_t)offset + n;
    if (end > f->room) {
        const int rc = grow(f, cuvee__round_up(end + end / 2, FIRST_ROOM), err);
        if (rc < 0) return rc;
    }
    memcpy(f->memory + offset, bytes, n);
    f->len = cuvee__max(f->len, end);
    return CUVEE_OK;
}

/* Past the process's limit the kernel would send SIGXFSZ, which kills. */
static bool is_past_limit(uint64_t end)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           end > limit.rlim_cur;
}

static int write_through(const struct new_file *f, uint64_t offset, const unsigned char *from,
                         size_t n, cuvee_error *err)
{
    while (n) {
        const ssize_t written = pwrite(f->fd, from, n, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return cuvee__fail_os(err, written ? errno : ENOSPC, "%s", f->path);
        from += written;
        offset += (uint64_t)written;
        n -= (size_t)written;
    }
    return CUVEE_OK;
}

static int flush_chunk(struct new_file *f, cuvee_error *err)
{
    const size_t from = f->chunk_from, n = f->chunk_end - from;
    f->chunk_from = f->chunk_end = 0;
    return n ? write_through(f, f->chunk_off + from, f->chunk + from, n, err) : CUVEE_OK;
}

int cuvee__new_file_write(struct new_file *f, uint64_t offset, const void *bytes, size_t n,
                          cuvee_error *err)
{
    if (n == 0) return CUVEE_OK;
    if (f->fd < 0) return write_memory(f, offset, bytes, n, err);
    if (is_past_limit(offset + n)) return cuvee__fail_os(err, EFBIG, "%s", f->path);
    if (!f->chunk) f->chunk = cuvee__malloc(CHUNK_BYTES);
    if (!f->chunk) return write_through(f, offset, bytes, n, err);
    for (const unsigned char *from = bytes; n;) {
        const bool follows = f->chunk_end && offset == f->chunk_off + f->chunk_end;
        if (!follows || f->chunk_end == CHUNK_BYTES) {
            const int rc = flush_chunk(f, err);
            if (rc < 0) return rc;
            f->chunk_from = f->chunk_end = (size_t)(offset % CHUNK_BYTES);
            f->chunk_off = offset - f->chunk_from;
        }
        const size_t part = cuvee__min(n, CHUNK_BYTES - f->chunk_end);
        memcpy(f->chunk + f->chunk_end, from, part);
        f->chunk_end += part;
        from += part;
        offset += part;
        n -= part;
    }
    return CUVEE_OK;
}

/* So that the new name survives a crash of the machine. Some file systems cannot: harmless. */
static void sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? cuvee__strndup(path, (size_t)(slash - path) + 1) : cuvee__strndup(".", 1);
    const int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    cuvee__free(dir);
}

int cuvee__new_file_publish(struct new_file *f, const char *path, cuvee_error *err)
{
    const int rc = flush_chunk(f, err);
    if (rc < 0) return rc;
    if (fsync(f->fd) < 0) return cuvee__fail_os(err, errno, "%s", f->path);
    if (rename(f->path, path) < 0) return cuvee__fail_os(err, errno, "%s", path);
    sync_directory(path);
    cuvee__free(f->path);
    f->path = NULL;
    return CUVEE_OK;
}

static int map_memory(struct new_file *f, struct file_map *ret_map, cuvee_error *err)
{
    /* Whole pages past the end go back; failure to shrink leaves them, unused. */
    const size_t room = cuvee__round_up(cuvee__max(f->len, 1), (size_t)sysconf(_SC_PAGESIZE));
    if (room < f->room && mremap(f->memory, f->room, room, 0) != MAP_FAILED) f->room = room;
    if (mprotect(f->memory, f->room, PROT_READ) < 0)
        return cuvee__fail_os(err, errno, "model in memory");
    *ret_map = (struct file_map){f->memory, f->len};
    f->memory = NULL;
    return CUVEE_OK;
}

int cuvee__new_file_map(struct new_file *f, struct file_map *ret_map, cuvee_error *err)
{
    if (f->fd < 0) return map_memory(f, ret_map, err);
    struct stat st;
    const int rc = flush_chunk(f, err);
    if (rc < 0) return rc;
    if (fstat(f->fd, &st) < 0) return cuvee__fail_os(err, errno, "new file");
    void *ptr = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f->fd, 0);
    if (ptr == MAP_FAILED) return cuvee__fail_os(err, errno, "new file: cannot map");
    *ret_map = (struct file_map){ptr, (size_t)st.st_size};
    return CUVEE_OK;
}

void cuvee__new_file_close(struct new_file *f)
{
    if (f->path) unlink(f->path);
    if (f->fd >= 0) close(f->fd);
    if (f->memory) munmap(f->memory, f->room);
    cuvee__free(f->path);
    cuvee__free(f->chunk);
    *f = (struct new_file)CUVEE__NO_NEW_FILE;
}
