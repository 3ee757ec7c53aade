/* SPDX-License-Identifier: Apache-2.0
 *
 * struct span: borrowed bytes. struct buffer: bytes that grow, up to a cap that the owner names. */
#ifndef CUVEE_BASE_BYTES_H
#define CUVEE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *ptr; /* not NUL-terminated; NULL only when len is 0 */
    size_t len;
};

static inline struct span span_of(const char *s)
{
    return (struct span){s, strlen(s)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
    return span_equal(a, span_of(s));
}

/* Start with {0}; set cap_bytes before the first append. All appends return CUVEE_OK,
 * CUVEE_E_NOMEM, or CUVEE_E_LIMIT when cap_bytes would be passed; the contents then stay as they
 * were. */
struct buffer {
    char *ptr;
    size_t len;
    size_t room;      /* bytes allocated */
    size_t cap_bytes; /* limit for len; 0 = none */
};

int cuvee__buffer_append(struct buffer *b, const void *bytes, size_t n);
int cuvee__buffer_append_char(struct buffer *b, char c);
int cuvee__buffer_append_str(struct buffer *b, const char *s);
int cuvee__buffer_printf(struct buffer *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Make room for n more bytes at ptr + len; does not change len. */
int cuvee__buffer_reserve(struct buffer *b, size_t n);
/* Release the memory; the buffer may be used again. */
void cuvee__buffer_deinit(struct buffer *b);

static inline struct span buffer_span(const struct buffer *b)
{
    return (struct span){b->ptr, b->len};
}

/* Little-endian loads from unaligned bytes. */
static inline uint16_t cuvee__load_le16(const void *p)
{
    const unsigned char *c = p;
    return (uint16_t)(c[0] | c[1] << 8);
}

static inline uint32_t cuvee__load_le32(const void *p)
{
    const unsigned char *c = p;
    return (uint32_t)c[0] | (uint32_t)c[1] << 8 | (uint32_t)c[2] << 16 | (uint32_t)c[3] << 24;
}

static inline uint64_t cuvee__load_le64(const void *p)
{
    return cuvee__load_le32(p) | (uint64_t)cuvee__load_le32((const char *)p + 4) << 32;
}

#endif
