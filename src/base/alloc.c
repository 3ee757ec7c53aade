/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

static _Atomic uint64_t n_allocs, n_frees; /* relaxed: read by tests when all is quiet */

static void *counted(void *ptr)
{
    if (ptr) atomic_fetch_add_explicit(&n_allocs, 1, memory_order_relaxed);
    return ptr;
}

void *cuvee__malloc(size_t bytes)
{
    return counted(malloc(bytes ? bytes : 1));
}

void *cuvee__calloc(size_t n, size_t item_bytes)
{
    return counted(calloc(n ? n : 1, item_bytes ? item_bytes : 1));
}

void *cuvee__alloc_array(size_t n, size_t item_bytes)
{
    size_t bytes;
    return cuvee__mul(n, item_bytes, &bytes) ? cuvee__malloc(bytes) : NULL;
}

void *cuvee__realloc_array(void *old, size_t n, size_t item_bytes)
{
    size_t bytes;
    if (!cuvee__mul(n, item_bytes, &bytes)) return NULL;
    void *ptr = realloc(old, bytes ? bytes : 1);
    return old ? ptr : counted(ptr);
}

void *cuvee__alloc_aligned(size_t bytes)
{
    size_t rounded;
    if (!cuvee__add(bytes ? bytes : 1, 63, &rounded)) return NULL;
    return counted(aligned_alloc(64, rounded & ~(size_t)63));
}

void cuvee__free(void *ptr)
{
    if (ptr) atomic_fetch_add_explicit(&n_frees, 1, memory_order_relaxed);
    free(ptr);
}

char *cuvee__strndup(const char *s, size_t n)
{
    size_t bytes;
    char *copy = cuvee__add(n, 1, &bytes) ? cuvee__malloc(bytes) : NULL;
    if (!copy) return NULL;
    if (n) memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

uint64_t cuvee__alloc_count(void)
{
    return atomic_load_explicit(&n_allocs, memory_order_relaxed);
}

uint64_t cuvee__free_count(void)
{
    return atomic_load_explicit(&n_frees, memory_order_relaxed);
}
