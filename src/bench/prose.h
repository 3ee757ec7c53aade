/* SPDX-License-Identifier: Apache-2.0
 *
 * Sentences of which every number is that of a path in the results: it is found, formatted and
 * recorded in one call, so a figure that the results do not have cannot be in a sentence, and a
 * reader (and a test) can look up each one. Words that are written by us hold no number: one in
 * cuvee__prose_text() is an error.
 *
 * A path is one of base/json_at.h, or two with an operator and blanks between: "A / B" (the
 * quotient), "A - B". What is at a path is a number, or a list, which stands for its length. */
#ifndef CUVEE_BENCH_PROSE_H
#define CUVEE_BENCH_PROSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"
#include "cuvee/cuvee.h"

enum { CUVEE__PROSE_PATH = 256, CUVEE__PROSE_SHOWN = 48 };

enum prose_unit {
    PROSE_COUNT,       /* "12" */
    PROSE_SECONDS,     /* "38.1 s", "420 ms", "5.2 min" */
    PROSE_MILLIS,      /* the same of milliseconds */
    PROSE_BYTES,       /* "694 MiB", "4.8 GiB" */
    PROSE_PER_SECOND,  /* "26.3", three digits; what is counted stands in the words */
    PROSE_RATIO,       /* "5.81" */
    PROSE_PERCENT,     /* of a share: "4.7 %" */
    PROSE_PERCENT_OFF, /* how far from 1, either way: "4.7 %" of 0.953 and of 1.047 */
    PROSE_SCORE        /* "0.0004" */
};

/* As people read it. Returns text. */
const char *cuvee__prose_format(enum prose_unit unit, double x, char *text, size_t room);

/* What is at a path, or false: nothing, null, a division by zero. */
bool cuvee__prose_value(const json_t *results, const char *path, double *ret);

/* PROSE_HTML: words are escaped; a number is <data value="12.3456" title="PATH">12.3</data>. */
enum prose_form { PROSE_PLAIN, PROSE_HTML, PROSE_MARKDOWN };

/* Start with the first three; from and at may be NULL: nobody asks. A failure is out's. */
struct prose {
    const json_t *results;
    struct sink *out;
    enum prose_form form;
    json_t *from, *at; /* lists, of each number: its path; [where in out, how many bytes] */
};

/* Words. A digit that is not within a word, such as p99 or int8, makes out->rc CUVEE_E_ARGUMENT. */
void cuvee__prose_text(struct prose *p, const char *words);

/* The number at a path. False: there is none, and "not known" stands in its place. */
bool cuvee__prose_number(struct prose *p, enum prose_unit unit, const char *path, ...)
    __attribute__((format(printf, 3, 4)));

/* "A to B" of two paths, or one number where both are written alike. between: "between A and B". */
bool cuvee__prose_range(struct prose *p, enum prose_unit unit, bool between, const char *low,
                        const char *high);

/* The text at a path, such as the name of an arm; it may hold digits. False: there is none. */
bool cuvee__prose_name(struct prose *p, const char *path, ...)
    __attribute__((format(printf, 2, 3)));

/* A figure that somebody else published: it is in the report's table of claims, with its source. */
void cuvee__prose_published(struct prose *p, const char *figure);

/* All of that from one template, printed first: "{UNIT PATH}" is a number, with UNIT of count, s,
 * ms, bytes, per_s, ratio, percent, off, score; "{name PATH}" is a text. For example
 *     cuvee__prose_say(p, "{name summary.arms.%zu.arm} holds {bytes summary.arms.%zu.plan_bytes}.",
 *                      i, i);
 * False: something in it was not known. */
bool cuvee__prose_say(struct prose *p, const char *template, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- a sentence as a value: {"text", "from", "at"} ----
 *
 *     struct prose_sentence s;
 *     cuvee__prose_begin(&s, results, err);
 *     cuvee__prose_name(&s.prose, "summary.arms.%zu.arm", i);
 *     cuvee__prose_text(&s.prose, " is ");
 *     cuvee__prose_number(&s.prose, PROSE_RATIO, "summary.arms.%zu.ratio.median", i);
 *     cuvee__prose_text(&s.prose, " times as fast.");
 *     cuvee__prose_end(&s, &sentence, err); */

struct prose_sentence {
    struct prose prose;
    struct sink sink;
};
/* Begin an empty one. cuvee__prose_deinit() is for those that do not come to their end. */
int cuvee__prose_begin(struct prose_sentence *s, const json_t *results, cuvee_error *err);
/* *ret: release with json_decref(). Returns CUVEE_OK, CUVEE_E_ARGUMENT (a number among words),
 * CUVEE_E_NOMEM. s is released, whatever happens. */
int cuvee__prose_end(struct prose_sentence *s, json_t **ret, cuvee_error *err);
void cuvee__prose_deinit(struct prose_sentence *s);

/* The sentence at a path of the results, its numbers marked as if they had come one by one. False:
 * there is none. */
bool cuvee__prose_put_sentence(struct prose *p, const char *path);

#endif
