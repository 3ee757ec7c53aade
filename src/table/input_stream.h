/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes of a file, pipe, FIFO or standard input as a window of UTF-8 that slides forward, read line
 * by line.
 *
 *     read() -> [text_decoder, when an encoding or a UTF-16 mark says so] -> window -> lines
 *
 * The window holds everything from the start of the record at hand, so a reader can look at a
 * record again after it failed; what is consumed is overwritten. A line that is not complete is no
 * state: when input pauses, the reader forgets what it began and starts the record anew at the next
 * call.
 *
 * Bytes that the encoding cannot decode become 0xFF, which no UTF-8 has: the readers of the formats
 * then treat them like any invalid byte (replace and count, or an error row) and know the row they
 * belong to. */
#ifndef CUVEE_TABLE_INPUT_STREAM_H
#define CUVEE_TABLE_INPUT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

struct text_decoder;

/* What cuvee__input_line found; below zero: CUVEE_E_*. */
enum input_status {
    INPUT_LINE,    /* a line, with its end unless the input ends without one */
    INPUT_END,     /* no byte left */
    INPUT_PAUSED,  /* may_pause, and nothing to read at this moment */
    INPUT_TOO_LONG /* record and line together pass TABLE_MAX_RECORD_BYTES */
};

struct input_stream {
    int fd;
    bool owns_fd, is_regular;
    bool at_end;  /* read() said so, and the decoder is flushed */
    bool started; /* byte-order marks were looked at */
    uint64_t bytes_read, bytes_total;

    char *window; /* bytes begin .. end of it are not consumed */
    size_t begin, end, room;
    struct text_decoder *decoder; /* NULL: the input is UTF-8 already */
    bool is_utf8_by_order;        /* the caller said UTF-8: a UTF-16 mark is no mark */

    /* Set by the caller before each call that may read. */
    bool may_pause;           /* do not wait for input */
    const volatile int *stop; /* waits end with CUVEE_E_CANCELLED when it is set; NULL = never */
};

/* "-", and "/dev/stdin" too: opening that one fails for a socket, and forgets where a file was
 * left. */
bool cuvee__input_is_stdin(const char *path);

/* Descriptor 0 becomes empty, for other code in this process that might read from it; those who
 * read standard input here, before and after, read on. Not while another thread reads.
 * Returns CUVEE_OK, CUVEE_E_IO. */
int cuvee__input_detach_stdin(cuvee_error *err);

/* No message of these names the file: the reader puts that in front. encoding: an iconv name, NULL
 * = UTF-8 or what a UTF-16 byte-order mark says. Does not read. Release with cuvee__input_deinit,
 * also after a failure. */
int cuvee__input_init(struct input_stream *in, const char *path, const char *encoding,
                      cuvee_error *err);
void cuvee__input_deinit(struct input_stream *in);

/* The line that starts off bytes after the window's begin. cr_ends: a lone CR ends a line as LF and
 * CRLF do. *ret_line borrows from the window until the next call. Returns enum input_status or
 * CUVEE_E_*. */
int cuvee__input_line(struct input_stream *in, size_t off, bool cr_ends, struct span *ret_line,
                      cuvee_error *err);

/* Consume n bytes of the window. */
void cuvee__input_consume(struct input_stream *in, size_t n);

/* Consume the line at the window's begin without keeping it: for one that is INPUT_TOO_LONG.
 * Returns INPUT_LINE, or CUVEE_E_*; pauses are waited out, since half a line cannot be given
 * back. */
int cuvee__input_skip_line(struct input_stream *in, bool cr_ends, cuvee_error *err);

/* Wait until at least one byte that is no blank or line end is in the window, or the input ends, or
 * 64 KiB are there. *ret_byte: that byte, or -1. Consumes nothing. Returns CUVEE_OK or
 * CUVEE_E_*. */
int cuvee__input_peek(struct input_stream *in, int *ret_byte, cuvee_error *err);

#endif
