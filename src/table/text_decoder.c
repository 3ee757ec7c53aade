/* SPDX-License-Identifier: Apache-2.0
 *
 * iconv keeps shift states; what it cannot keep is a character that is cut by the end of the bytes
 * at hand: those bytes stay at the front of `raw` until more arrive. */
#include "table/text_decoder.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/error.h"

#define RAW_BYTES   ((size_t)64 * 1024)
#define UNDECODABLE '\xFF'

struct text_decoder {
    iconv_t cd;
    size_t unit_bytes; /* 2 for UTF-16, 4 for UTF-32, else 1: to step over a bad one */
    bool is_flushed;   /* the end of a stateful encoding was written */
    size_t begin, end; /* of raw */
    char raw[RAW_BYTES];
};

bool cuvee__encoding_is_utf8(const char *encoding)
{
    return strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "UTF8") == 0;
}

/* Code unit of an encoding, found by writing an 'A' in it: names have too many spellings to
 * compare. The first 'A' may bring a byte-order mark along, the second does not. */
static size_t find_unit_bytes(const char *encoding)
{
    const iconv_t cd = iconv_open(encoding, "UTF-8");
    if (cd == (iconv_t)-1) return 1; /* can only be read; none of those is wider */
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        char letter[] = "A", out[16];
        char *from = letter, *to = out;
        size_t from_left = 1, to_left = sizeof out;
        n = iconv(cd, &from, &from_left, &to, &to_left) == (size_t)-1 ? 1 : sizeof out - to_left;
    }
    iconv_close(cd);
    return n == 2 || n == 4 ? n : 1;
}

int cuvee__decoder_create(const char *encoding, struct text_decoder **ret_decoder, cuvee_error *err)
{
    struct text_decoder *d = cuvee__calloc(1, sizeof *d);
    if (!d) return cuvee__fail(err, CUVEE_E_NOMEM, "encoding '%s': out of memory", encoding);
    d->cd = iconv_open("UTF-8", encoding);
    if (d->cd == (iconv_t)-1) {
        const int saved = errno;
        cuvee__free(d);
        if (saved == EINVAL)
            return cuvee__fail(err, CUVEE_E_ARGUMENT,
                               "encoding '%s' is unknown; `iconv -l` lists them", encoding);
        return cuvee__fail_os(err, saved, "encoding '%s'", encoding);
    }
    d->unit_bytes = find_unit_bytes(encoding);
    *ret_decoder = d;
    return CUVEE_OK;
}

void cuvee__decoder_free(struct text_decoder *d)
{
    if (!d) return;
    iconv_close(d->cd);
    cuvee__free(d);
}

char *cuvee__decoder_space(struct text_decoder *d, size_t *ret_room)
{
    if (d->begin > 0) { /* only the tail of a cut character is left: a few bytes */
        memmove(d->raw, d->raw + d->begin, d->end - d->begin);
        d->end -= d->begin;
        d->begin = 0;
    }
    *ret_room = RAW_BYTES - d->end;
    return d->raw + d->end;
}

void cuvee__decoder_added(struct text_decoder *d, size_t n)
{
    d->end += n;
}

/* A code unit that means nothing: step over it, say so in the output. */
static void replace_unit(struct text_decoder *d, char **to, size_t *to_left)
{
    const size_t left = d->end - d->begin;
    d->begin += left < d->unit_bytes ? left : d->unit_bytes;
    *(*to)++ = UNDECODABLE;
    --*to_left;
}

bool cuvee__decoder_run(struct text_decoder *d, bool at_end, char *out, size_t room,
                        size_t *ret_len)
{
    char *to = out;
    size_t to_left = room;
    bool is_done = false;
    while (!is_done && to_left > 0) {
        char *from = d->raw + d->begin;
        size_t from_left = d->end - d->begin;
        const size_t result = iconv(d->cd, &from, &from_left, &to, &to_left);
        d->begin = d->end - from_left;
        if (result != (size_t)-1) {
            is_done = true;
        } else if (errno == EILSEQ) {
            if (to_left > 0) replace_unit(d, &to, &to_left);
        } else if (errno == EINVAL) { /* a cut character: wait for the rest */
            if (!at_end)
                is_done = true;
            else if (to_left > 0)
                replace_unit(d, &to, &to_left);
        } else {
            break; /* E2BIG: out is full */
        }
    }
    if (is_done && at_end && !d->is_flushed) {
        is_done = iconv(d->cd, NULL, NULL, &to, &to_left) != (size_t)-1;
        d->is_flushed = is_done;
    }
    *ret_len = room - to_left;
    return is_done;
}
