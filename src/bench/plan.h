/* SPDX-License-Identifier: Apache-2.0
 *
 * The plan of an experiment (docs/formats.md, bench-plan/1): read, checked, filled in, hashed. It
 * is fixed before the first run and stands in the results, so that nobody chooses afterwards what
 * was asked. A plan is a JSON document; these functions say what may be in it. */
#ifndef CUVEE_BENCH_PLAN_H
#define CUVEE_BENCH_PLAN_H

#include <jansson.h>
#include <stddef.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"

enum { CUVEE__PLAN_MAX_ARMS = 64, CUVEE__PLAN_MAX_BLOCKS = 1000 };

/* Read a plan, check it as far as that needs no machine, and fill in what it leaves out.
 *   name      for messages
 *   ret_plan  release with json_decref()
 * Returns CUVEE_OK; as base/json.h; CUVEE_E_FORMAT with the arm and the key that is wrong. */
int cuvee__plan_parse(struct span text, const char *name, json_t **ret_plan, cuvee_error *err);

/* The scenario of that name, a word that stays; NULL: there is none. */
const char *cuvee__plan_scenario(struct span name);

/* Keep only these arms, names separated by commas. When the plan's reference is not among them, the
 * first of them is the reference.
 * Returns CUVEE_OK, CUVEE_E_ARGUMENT (a name that no arm has; the message lists them),
 * CUVEE_E_NOMEM. */
int cuvee__plan_select(json_t *plan, const char *names, cuvee_error *err);

/* The settings of arms that say "cores" become a number; then the arms are compared: they may
 * differ in what `vary` lists, and in nothing else (a race between different settings is none).
 * Returns CUVEE_OK, CUVEE_E_FORMAT, CUVEE_E_NOMEM. */
int cuvee__plan_settle(json_t *plan, size_t n_cores, cuvee_error *err);

/* SHA-256 of the plan's compact form with sorted keys. Of paths only the last part counts: what is
 * in those files has hashes of its own.
 * Returns CUVEE_OK, CUVEE_E_NOMEM. */
int cuvee__plan_hash(const json_t *plan, char ret_hex[65], cuvee_error *err);

/* Add to the plan of an experiment that goes on what fresh has besides: a sweep, more scenarios.
 * Returns CUVEE_OK, CUVEE_E_ARGUMENT (in something else they differ; the message says so),
 * CUVEE_E_NOMEM. */
int cuvee__plan_extend(json_t *old, const json_t *fresh, cuvee_error *err);

/* Items of a run in one of the scenarios of `also`. */
size_t cuvee__plan_also_items(const json_t *plan);

/* The arm of that name, borrowed; NULL: none. */
json_t *cuvee__plan_arm(const json_t *plan, const char *name);

/* Say that there is no such arm, and which there are. Returns CUVEE_E_ARGUMENT. */
int cuvee__plan_fail_arm(const json_t *plan, const char *name, cuvee_error *err);

/* What {name} stands for in a command. */
struct plan_value {
    const char *name, *value;
};

/* Append template with its {names} replaced, and {{ as a brace; values of n pairs.
 * Returns CUVEE_OK, CUVEE_E_FORMAT (a name that is not there), CUVEE_E_NOMEM. */
int cuvee__plan_expand(const char *template, const struct plan_value *values, size_t n,
                       struct buffer *out, cuvee_error *err);

#endif
