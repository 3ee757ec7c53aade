/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of `cuvee bench drive` share: an arm of an experiment (docs/formats.md, "What an
 * arm does") for everything that libcuvee runs.
 *
 *     bench_drive         options; opens the model; one process
 *     bench_drive_items   texts and schedule in, answers out
 *     bench_drive_pace    the three scenarios over a pool
 *     bench_drive_parts   --processes: the same program several times, each with its part */
#ifndef CUVEE_CLI_BENCH_DRIVE_H
#define CUVEE_CLI_BENCH_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "model_path.h"
#include "options.h"
#include "table/reader.h"

enum drive_scenario { DRIVE_OFFLINE, DRIVE_SINGLE, DRIVE_SERVER };

struct drive_options {
    struct model_request model;
    const char *input, *column, *answers, *schedule;
    int64_t items; /* 0 = all */
    int scenario;  /* enum drive_scenario */
    int64_t batch; /* texts of one submission */
    int64_t workers, processes;
    int64_t part; /* of a process among `processes`, from 1; 0 = the program as it was called */
};

struct drive_answer {
    int32_t label; /* -1: none yet, or none at all */
    double score;
    double ms;      /* from when it was handed over, or was to be, to its result */
    uint64_t batch; /* its submission */
};

/* The items of one process: of all items those with index part, part + processes, ... */
struct drive_items {
    struct row_block block; /* owns the bytes */
    size_t n;
    cuvee_text *texts;            /* (n) */
    uint64_t *indexes;            /* (n) of the line of the input */
    uint64_t *arrivals;           /* (n) ns after the start; NULL without a schedule */
    struct drive_answer *answers; /* (n) */
};

/* Read what the options say. All return CUVEE_OK or CUVEE_E_*, the file named. */
int cli__drive_items_open(const struct drive_options *o, struct drive_items *items,
                          cuvee_error *err);
void cli__drive_items_close(struct drive_items *items); /* {0} is fine */
/* Write the answers to path; all items must have one. */
int cli__drive_answers_write(const char *path, const struct drive_options *o,
                             const struct drive_items *items, const cuvee_model *model,
                             cuvee_error *err);

/* Put all items through the pool and wait.
 *   start_ns       of the clock: arrivals count from here
 *   first, user    first(user) is called once, when there is a first result, on any thread
 * Returns CUVEE_OK, or the first failure of a call or an item. */
int cli__drive_pace(cuvee_pool *pool, const struct drive_options *o, struct drive_items *items,
                    uint64_t start_ns, void (*first)(void *user), void *user, cuvee_error *err);

/* The end of the parent that a part speaks to, as one byte each. */
enum drive_word { DRIVE_LOADED = 'l', DRIVE_FIRST = 'f' };

/* Run the parts as processes of their own, and join their answers. Returns an exit code. */
int cli__drive_parts(const struct drive_options *o, int argc, char **argv);
/* In a part: end when the parent does. */
void cli__drive_part_open(void);
void cli__drive_part_say(enum drive_word word);
/* Wait for the parent's word to begin. False: it is gone. */
bool cli__drive_part_start(uint64_t *ret_start_ns);

#endif
