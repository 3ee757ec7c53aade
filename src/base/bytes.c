/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "cuvee/cuvee.h"

int cuvee__buffer_reserve(struct buffer *b, size_t n)
{
    size_t need;
    if (!cuvee__add(b->len, n, &need)) return CUVEE_E_LIMIT;
    if (b->cap_bytes && need > b->cap_bytes) return CUVEE_E_LIMIT;
    if (need <= b->room) return CUVEE_OK;
    size_t room = b->room ? b->room : 64;
    while (room < need) room = room > SIZE_MAX / 2 ? need : room * 2;
    char *ptr = cuvee__realloc_array(b->ptr, room, 1);
    if (!ptr) return CUVEE_E_NOMEM;
    b->ptr = ptr;
    b->room = room;
    return CUVEE_OK;
}

int cuvee__buffer_append(struct buffer *b, const void *bytes, size_t n)
{
    const int rc = cuvee__buffer_reserve(b, n);
    if (rc < 0) return rc;
    if (n) memcpy(b->ptr + b->len, bytes, n);
    b->len += n;
    return CUVEE_OK;
}

int cuvee__buffer_append_char(struct buffer *b, char c)
{
    return cuvee__buffer_append(b, &c, 1);
}

int cuvee__buffer_append_str(struct buffer *b, const char *s)
{
    return cuvee__buffer_append(b, s, strlen(s));
}

int cuvee__buffer_printf(struct buffer *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    /* vsnprintf needs a byte for its NUL; it is not counted in len. */
    int rc = n < 0 ? CUVEE_E_LIMIT : cuvee__buffer_reserve(b, (size_t)n + 1);
    if (rc == CUVEE_OK) {
        vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return rc;
}

void cuvee__buffer_deinit(struct buffer *b)
{
    cuvee__free(b->ptr);
    b->ptr = NULL;
    b->len = b->room = 0;
}
