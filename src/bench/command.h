/* SPDX-License-Identifier: Apache-2.0
 *
 * What a run's command and environment become: the plan's templates with their values. */
#ifndef CUVEE_BENCH_COMMAND_H
#define CUVEE_BENCH_COMMAND_H

#include <stddef.h>

#include "bench/run.h"

enum { CUVEE__COMMAND_MAX = 256 }; /* arguments or variables */

/* Start with {0}. */
struct word_list {
    char *words[CUVEE__COMMAND_MAX + 1]; /* NULL-terminated; each owned */
    size_t n;
};

/* Append a copy. Returns CUVEE_OK, CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__words_add(struct word_list *list, const char *word, cuvee_error *err);
void cuvee__words_deinit(struct word_list *list);

/* The command that is measured, and "NAME=value" of its environment.
 * Returns CUVEE_OK, CUVEE_E_FORMAT, CUVEE_E_LIMIT, CUVEE_E_NOMEM. */
int cuvee__command_build(const struct bench_setup *setup, const struct run_request *request,
                         struct word_list *command, struct word_list *environment,
                         cuvee_error *err);

/* See that the commands of all arms can be built, before anything runs. Returns as above. */
int cuvee__command_check_all(const struct bench_setup *setup, cuvee_error *err);

#endif
