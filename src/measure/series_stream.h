/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree over time, as JSON lines that are written while the command runs, so that a crash of
 * whoever measures keeps what was seen. Its format is in docs/formats.md.
 *
 * Of each thousandth of the time so far, the lowest and the highest tick and anchor are lines. So
 * at ticks of 10 ms all of the first ten seconds are there, a day is about 40,000 lines, and no
 * peak is lost. */
#ifndef CUVEE_MEASURE_SERIES_STREAM_H
#define CUVEE_MEASURE_SERIES_STREAM_H

#include "base/bytes.h"
#include "measure/series.h"

struct series_line {
    bool is_known;
    uint64_t t_us, value;
    struct buffer text;
};

enum { SERIES_LINES = 4 }; /* lowest and highest tick, lowest and highest anchor */

/* Start with {.write = .., .arg = ..}. */
struct series_stream {
    /* Takes whole lines. Not 0: no more is written. */
    int (*write)(void *arg, const char *bytes, size_t n);
    void *arg;

    bool has_begun, has_failed;
    uint64_t end_us; /* of the stretch at hand */
    struct series_line lines[SERIES_LINES];
};

/* In the order of time. What is kept back goes out with _end(). */
void cuvee__series_stream_frame(struct series_stream *s, const struct series_frame *f);
void cuvee__series_stream_mark(struct series_stream *s, uint64_t t_us, const char *text);
void cuvee__series_stream_end(struct series_stream *s);
/* Release memory. */
void cuvee__series_stream_deinit(struct series_stream *s);

#endif
