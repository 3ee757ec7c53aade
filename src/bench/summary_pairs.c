/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/summary_pairs.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "bench/experiment.h"
#include "bench/verdict.h"

/* Arms of one experiment, compared. */
struct comparison {
    const json_t *results;
    json_t *arms; /* of the summary */
    const char *reference, *metric;
    struct verdict_block *blocks; /* (n_blocks) of the arm at hand */
    size_t n_blocks;
    struct verdict *verdicts; /* (number of arms) */
    struct verdict_options options;
};

static int no_memory(cuvee_error *err)
{
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a summary");
}

/* What an arm's run that counts has as the metric in a block, or NaN. */
static double metric_of(const struct comparison *c, const char *arm, size_t block)
{
    const json_t *runs = json_object_get(c->results, "runs");
    const char *path = strcmp(c->metric, "footprint") == 0 ? "footprint.upper" : c->metric;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);
        double x;
        if (strcmp(cuvee__json_text_at(run, "arm"), arm) == 0 &&
            json_is_true(json_object_get(run, "counts")) &&
            json_integer_value(json_object_get(run, "block")) == (json_int_t)block)
            return cuvee__json_number_at(run, path, &x) ? x : (double)NAN;
    }
    return NAN;
}

static const char *name_of(const struct comparison *c, size_t i)
{
    return cuvee__json_text_at(json_array_get(c->arms, i), "arm");
}

static bool is_reference(const struct comparison *c, size_t i)
{
    return strcmp(name_of(c, i), c->reference) == 0;
}

static int judge(struct comparison *c, size_t i, cuvee_error *err)
{
    char twin[96];
    snprintf(twin, sizeof twin, "%.64s%s", c->reference, CUVEE__TWIN_SUFFIX);
    for (size_t block = 0; block < c->n_blocks; block++)
        c->blocks[block] = (struct verdict_block){
            .reference = metric_of(c, c->reference, block),
            .twin = metric_of(c, twin, block),
            .arm = is_reference(c, i) ? (double)NAN : metric_of(c, name_of(c, i), block)};
    return cuvee__verdict(c->blocks, c->n_blocks, &c->options, &c->verdicts[i], err);
}

static int write_arm(const struct comparison *c, size_t i)
{
    json_t *arm = json_array_get(c->arms, i);
    const char *word = is_reference(c, i) ? "reference" : cuvee__verdict_text(c->verdicts[i].word);
    json_t *ratio = is_reference(c, i) ? json_null() : cuvee__verdict_to_json(&c->verdicts[i]);
    return json_object_set_new(arm, "ratio", ratio) |
           json_object_set_new(arm, "verdict", word ? json_string(word) : json_null());
}

static int compare_all(struct comparison *c, json_t *summary, cuvee_error *err)
{
    const size_t n = json_array_size(c->arms);
    int rc = CUVEE_OK, failed = 0;
    for (size_t i = 0; rc == CUVEE_OK && i < n; i++) rc = judge(c, i, err);
    if (rc == CUVEE_OK) rc = cuvee__verdict_correct(c->verdicts, n, err);
    if (rc < 0) return rc;
    for (size_t i = 0; i < n; i++) failed |= write_arm(c, i);
    /* The floor is the same in all of them. */
    if (n)
        failed |=
            json_object_set_new(summary, "floor", cuvee__verdict_floor_to_json(&c->verdicts[0]));
    return failed ? no_memory(err) : CUVEE_OK;
}

int cuvee__summary_compare(const json_t *results, json_t *summary, cuvee_error *err)
{
    struct comparison c = {
        .results = results,
        .arms = json_object_get(summary, "arms"),
        .reference = cuvee__json_text_at(summary, "reference"),
        .metric = cuvee__json_text_at(summary, "metric"),
        .n_blocks = (size_t)json_integer_value(json_object_get(summary, "blocks")),
        .options = {.use_bootstrap = true, .n_resamples = 10000},
    };
    const json_int_t seed = json_integer_value(cuvee__json_at(results, "plan.seed"));
    c.options.seed = (uint64_t)seed;
    c.options.less_is_better = strcmp(c.metric, "items_per_s") != 0;
    cuvee__json_number_at(results, "plan.minimum_effect", &c.options.least_effect);
    c.blocks = cuvee__alloc_array(c.n_blocks + 1, sizeof *c.blocks);
    c.verdicts = cuvee__calloc(json_array_size(c.arms) + 1, sizeof *c.verdicts);
    const int rc = c.blocks && c.verdicts ? compare_all(&c, summary, err) : no_memory(err);
    cuvee__free(c.blocks);
    cuvee__free(c.verdicts);
    return rc;
}
