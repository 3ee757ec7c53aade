/* SPDX-License-Identifier: Apache-2.0
 *
 * The only door to the heap. Sizes are checked for overflow here, so callers multiply nothing by
 * hand. All return NULL when out of memory; tests make them fail in turn (tests/fault). */
#ifndef CUVEE_BASE_ALLOC_H
#define CUVEE_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

void *cuvee__malloc(size_t bytes);
void *cuvee__calloc(size_t n, size_t item_bytes);
/* n items of item_bytes, not cleared. */
void *cuvee__alloc_array(size_t n, size_t item_bytes);
/* As realloc, but the old block stays valid on failure. */
void *cuvee__realloc_array(void *old, size_t n, size_t item_bytes);
/* 64-byte aligned (a cache line, a zmm register), bytes rounded up to that; release with
 * cuvee__free. */
void *cuvee__alloc_aligned(size_t bytes);
void cuvee__free(void *ptr);
/* NUL-terminated copy of n bytes. */
char *cuvee__strndup(const char *s, size_t n);

/* Calls that gave memory so far, and calls of cuvee__free with a pointer: equal when nothing
 * leaks. */
uint64_t cuvee__alloc_count(void);
uint64_t cuvee__free_count(void);

#endif
