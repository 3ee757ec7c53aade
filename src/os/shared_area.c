/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memfd_create, mremap, seals */
#include "os/shared_area.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/error.h"

static int map(struct shared_area *area, size_t len, cuvee_error *err)
{
    void *ptr = area->ptr ? mremap(area->ptr, area->len, len, MREMAP_MAYMOVE)
                          : mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, area->fd, 0);
    if (ptr == MAP_FAILED) return cuvee__fail_os(err, errno, "shared memory of %zu bytes", len);
    area->ptr = ptr;
    area->len = len;
    return CUVEE_OK;
}

int cuvee__shared_area_create(struct shared_area *area, const char *name, size_t len,
                              cuvee_error *err)
{
    *area = (struct shared_area)CUVEE__NO_SHARED_AREA;
    area->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (area->fd < 0) return cuvee__fail_os(err, errno, "shared memory");
    int rc = cuvee__shared_area_grow(area, len, err);
    if (rc == CUVEE_OK && fcntl(area->fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
        rc = cuvee__fail_os(err, errno, "sealing shared memory");
    if (rc < 0) cuvee__shared_area_close(area);
    return rc;
}

int cuvee__shared_area_grow(struct shared_area *area, size_t len, cuvee_error *err)
{
    struct stat st;
    if (len <= area->len) return CUVEE_OK;
    if (fstat(area->fd, &st) < 0) return cuvee__fail_os(err, errno, "shared memory");
    if ((uint64_t)st.st_size < len && ftruncate(area->fd, (off_t)len) < 0)
        return cuvee__fail_os(err, errno, "shared memory of %zu bytes", len);
    return map(area, cuvee__max(len, (size_t)st.st_size), err);
}

int cuvee__shared_area_refresh(struct shared_area *area, size_t max_len, cuvee_error *err)
{
    struct stat st;
    if (fstat(area->fd, &st) < 0) return cuvee__fail_os(err, errno, "shared memory");
    if ((uint64_t)st.st_size > max_len)
        return cuvee__fail(err, CUVEE_E_LIMIT, "shared memory grew to more than %zu bytes",
                           max_len);
    return (size_t)st.st_size == area->len ? CUVEE_OK : map(area, (size_t)st.st_size, err);
}

void cuvee__shared_area_close(struct shared_area *area)
{
    if (area->ptr) munmap(area->ptr, area->len);
    if (area->fd >= 0) close(area->fd);
    *area = (struct shared_area)CUVEE__NO_SHARED_AREA;
}
