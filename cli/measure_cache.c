/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* mincore */
#include "measure_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

int cli__measure_cache_parse(const char *text, struct measure_cache *ret, cuvee_error *err)
{
    static const char warm[] = "warm:", cold[] = "cold:";
    *ret = (struct measure_cache){.mode = CACHE_KEEP};
    if (!text || strcmp(text, "keep") == 0) return CUVEE_OK;
    if (strncmp(text, warm, sizeof warm - 1) == 0)
        ret->mode = CACHE_WARM;
    else if (strncmp(text, cold, sizeof cold - 1) == 0)
        ret->mode = CACHE_COLD;
    ret->file = text + sizeof warm - 1; /* both are as long */
    if (ret->mode == CACHE_KEEP || !*ret->file)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "'%s': keep, warm:FILE or cold:FILE", text);
    return CUVEE_OK;
}

static int read_whole(int fd)
{
    static char bytes[1 << 16];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) != 0)
        if (n < 0 && errno != EINTR) return errno;
    return 0;
}

/* A page at a time would need a byte of memory for each: large files are looked at in pieces. */
static int find_share(int fd, size_t n_bytes, double *ret)
{
    enum { PIECE = 1 << 26 };
    static unsigned char pages[PIECE / 4096];
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t n_pages = 0, n_cached = 0;
    for (size_t at = 0; at < n_bytes; at += PIECE) {
        const size_t n = n_bytes - at < PIECE ? n_bytes - at : PIECE;
        void *map = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, (off_t)at);
        if (map == MAP_FAILED) return errno;
        const int e = mincore(map, n, pages) < 0 ? errno : 0;
        munmap(map, n);
        if (e) return e;
        const size_t here = (n + page - 1) / page;
        for (size_t i = 0; i < here; i++) n_cached += pages[i] & 1;
        n_pages += here;
    }
    *ret = n_pages ? (double)n_cached / (double)n_pages : 1;
    return 0;
}

int cli__measure_cache_prepare(struct measure_cache *c, cuvee_error *err)
{
    struct stat st;
    if (!c->file) return CUVEE_OK;
    const int fd = open(c->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return cuvee__fail_os(err, errno, "%s", c->file);
    int e = fstat(fd, &st) < 0 ? errno : S_ISREG(st.st_mode) ? 0 : EINVAL;
    if (!e && c->mode == CACHE_WARM) e = read_whole(fd);
    if (!e && c->mode == CACHE_COLD) {
        fdatasync(fd); /* what is not written cannot be dropped */
        e = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    }
    if (!e) e = find_share(fd, (size_t)st.st_size, &c->cached_share);
    close(fd);
    return e ? cuvee__fail_os(err, e, "%s", c->file) : CUVEE_OK;
}
