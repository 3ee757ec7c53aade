/* SPDX-License-Identifier: Apache-2.0
 *
 * Text under construction whose first failure sticks: a row or a page is put together without a
 * check per piece, and `rc` is looked at once, when it is complete. */
#ifndef CUVEE_BASE_SINK_H
#define CUVEE_BASE_SINK_H

#include "base/bytes.h"
#include "cuvee/cuvee.h"

/* Start with {0}; release with cuvee__buffer_deinit(&s->bytes). */
struct sink {
    struct buffer bytes; /* cap_bytes is its owner's */
    int rc;              /* CUVEE_OK, CUVEE_E_NOMEM or CUVEE_E_LIMIT */
};

static inline void sink_put(struct sink *s, const void *bytes, size_t n)
{
    if (s->rc == CUVEE_OK) s->rc = cuvee__buffer_append(&s->bytes, bytes, n);
}

static inline void sink_put_span(struct sink *s, struct span text)
{
    sink_put(s, text.ptr, text.len);
}

static inline void sink_put_str(struct sink *s, const char *text)
{
    sink_put(s, text, strlen(text));
}

static inline void sink_put_char(struct sink *s, char c)
{
    sink_put(s, &c, 1);
}

#endif
