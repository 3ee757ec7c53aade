/* SPDX-License-Identifier: Apache-2.0
 *
 * See failing_malloc.h. The real functions are whatever comes next in the order of linking: libc's,
 * or those of a sanitizer's runtime, which thus still sees every block. Finding them (dlsym) may
 * itself allocate; that is served from a small pool that is never given back. strdup, fopen,
 * opendir, pthread_create and the rest of libc allocate through malloc and calloc, so they fail
 * too. */
#define _GNU_SOURCE /* RTLD_NEXT, reallocarray */
#include "failing_malloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void (*free)(void *);
} real;

static _Atomic int64_t n_live;
static _Atomic uint64_t
    countdown; /* allocations until the failing one, which is 1; 0 = not armed */
static atomic_bool fail_later, has_failed, spare_others;
static _Atomic pthread_t armed_by;
static int report_fd = -1;

/* Code whose allocations fail; none: all. */
static struct code {
    uintptr_t start, end;
} only_from[4];
static size_t n_only_from;

/* ---- memory before the real functions are known ---- */

static _Alignas(64) unsigned char early_bytes[1 << 16];
static size_t early_used; /* one thread only at that time */

static void *early_alloc(size_t n)
{
    const size_t start = early_used;
    if (n > sizeof early_bytes - start - 64) _exit(99);
    early_used = (start + n + 63) & ~(size_t)63;
    return early_bytes + start; /* static: zeros */
}

static bool is_early(const void *p)
{
    const uintptr_t at = (uintptr_t)p, start = (uintptr_t)early_bytes;
    return at >= start && at < start + sizeof early_bytes;
}

/* Assigning through void ** is what POSIX says for dlsym. */
static bool find_real(void)
{
    static bool finding;
    if (real.free) return true;
    if (finding) return false;
    finding = true;
    *(void **)&real.malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real.calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real.realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&real.posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    *(void **)&real.memalign = dlsym(RTLD_NEXT, "memalign");
    *(void **)&real.free = dlsym(RTLD_NEXT, "free"); /* last: it says that all are there */
    finding = false;
    return true;
}

/* ---- the decision ---- */

static bool is_meant(const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;
    bool is = n_only_from == 0;
    for (size_t i = 0; i < n_only_from; i++)
        is = is || (at >= only_from[i].start && at < only_from[i].end);
    return is;
}

static bool fails(const void *caller)
{
    uint64_t left = atomic_load(&countdown);
    if (!left || !is_meant(caller)) return false;
    if (atomic_load(&spare_others) && !pthread_equal(pthread_self(), armed_by)) return false;
    do {
        if (!left) return false;
        if (left == 1 && atomic_load(&fail_later))
            break; /* stays at 1: every later one fails as well */
    } while (!atomic_compare_exchange_weak(&countdown, &left, left - 1));
    if (left > 1) return false;
    if (!atomic_exchange(&has_failed, true) && report_fd >= 0 && write(report_fd, "x", 1) != 1)
        _exit(98);
    errno = ENOMEM;
    return true;
}

static void *counted(void *p)
{
    if (p) atomic_fetch_add(&n_live, 1);
    return p;
}

/* ---- the functions that are replaced ---- */

/* Where the function that is being replaced was called from. */
#define CALLER __builtin_return_address(0)

static void *allocate(size_t n, const void *caller)
{
    if (!find_real()) return early_alloc(n);
    return fails(caller) ? NULL : counted(real.malloc(n));
}

static void *reallocate(void *old, size_t n, const void *caller)
{
    if (!find_real() || is_early(old)) {
        void *p = allocate(n, caller);
        const size_t room =
            old ? (size_t)(early_bytes + sizeof early_bytes - (unsigned char *)old) : 0;
        if (p && old) memcpy(p, old, n < room ? n : room);
        return p;
    }
    if (fails(caller)) return NULL;
    void *p = real.realloc(old, n);
    if (!old) return counted(p);
    if (!n && !p) atomic_fetch_sub(&n_live, 1); /* realloc(p, 0) frees */
    return p;
}

void *malloc(size_t n)
{
    return allocate(n, CALLER);
}

void *calloc(size_t n, size_t item_bytes)
{
    if (!find_real()) return early_alloc(n * item_bytes);
    return fails(CALLER) ? NULL : counted(real.calloc(n, item_bytes));
}

void *realloc(void *old, size_t n)
{
    return reallocate(old, n, CALLER);
}

void *reallocarray(void *old, size_t n, size_t item_bytes)
{
    if (item_bytes && n > SIZE_MAX / item_bytes) {
        errno = ENOMEM;
        return NULL;
    }
    return reallocate(old, n * item_bytes, CALLER);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    find_real();
    return fails(CALLER) ? NULL : counted(real.aligned_alloc(alignment, n));
}

void *memalign(size_t alignment, size_t n)
{
    find_real();
    return fails(CALLER) ? NULL : counted(real.memalign(alignment, n));
}

int posix_memalign(void **ret, size_t alignment, size_t n)
{
    find_real();
    if (fails(CALLER)) return ENOMEM;
    const int rc = real.posix_memalign(ret, alignment, n);
    if (rc == 0) counted(*ret);
    return rc;
}

void free(void *p)
{
    if (!p || is_early(p) || !find_real()) return;
    atomic_fetch_sub(&n_live, 1);
    real.free(p);
}

/* ---- control ---- */

void fault_arm(uint64_t n, bool and_later)
{
    atomic_store(&has_failed, false);
    atomic_store(&fail_later, and_later);
    atomic_store(&armed_by, pthread_self());
    atomic_store(&countdown, n);
}

void fault_spare_other_threads(void)
{
    atomic_store(&spare_others, true);
}

struct search {
    uintptr_t address;
    struct code found;
};

static int search_object(struct dl_phdr_info *object, size_t size, void *arg)
{
    struct search *s = arg;
    (void)size;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        const uintptr_t start = object->dlpi_addr + part->p_vaddr;
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        if (s->address < start || s->address - start >= part->p_memsz) continue;
        s->found = (struct code){start, start + part->p_memsz};
        return 1;
    }
    return 0;
}

void fault_only_from(void (*function)(void))
{
    struct search s = {(uintptr_t)function, {0, 0}};
    if (n_only_from == sizeof only_from / sizeof only_from[0] ||
        dl_iterate_phdr(search_object, &s) == 0)
        _exit(97);
    only_from[n_only_from++] = s.found;
}

bool fault_spares_others(void)
{
    return n_only_from > 0;
}

bool fault_disarm(void)
{
    atomic_store(&countdown, 0);
    return atomic_load(&has_failed);
}

int64_t fault_live_blocks(void)
{
    return atomic_load(&n_live);
}

/* A preloaded library is initialised after those that it stands in front of, so this counts from
 * about the start of main(). */
__attribute__((constructor)) static void arm_from_environment(void)
{
    const char *at = getenv("FAULT_AT"), *after = getenv("FAULT_AFTER"), *fd = getenv("FAULT_FD");
    if (fd) report_fd = (int)strtol(fd, NULL, 10);
    if (at) fault_arm(strtoull(at, NULL, 10), after && *after == '1');
}
