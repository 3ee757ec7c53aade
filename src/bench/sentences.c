/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sentences.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "bench/prose.h"

enum { MIN_BLOCKS = 6 }; /* for an interval of the median at 95 % */

static const json_t *arm_at(const json_t *results, size_t i)
{
    return json_array_get(cuvee__json_at(results, "summary.arms"), i);
}

static size_t n_arms(const json_t *results)
{
    return json_array_size(cuvee__json_at(results, "summary.arms"));
}

static bool is_reference(const json_t *results, size_t i)
{
    return strcmp(cuvee__json_text_at(arm_at(results, i), "arm"),
                  cuvee__json_text_at(results, "summary.reference")) == 0;
}

/* The arm of the reference; false: it did not run. */
static bool find_reference(const json_t *results, size_t *ret)
{
    for (size_t i = 0; i < n_arms(results); i++)
        if (is_reference(results, i)) {
            *ret = i;
            return json_integer_value(json_object_get(arm_at(results, i), "n")) > 0;
        }
    return false;
}

/* The arm with the best ratio to the reference. False: nothing was compared. */
static bool find_best(const json_t *results, size_t *ret)
{
    double best = 0;
    for (size_t i = 0; i < n_arms(results); i++) {
        double ratio;
        if (is_reference(results, i) ||
            !cuvee__json_number_at(arm_at(results, i), "ratio.median", &ratio) || ratio <= best)
            continue;
        best = ratio;
        *ret = i;
    }
    return best > 0;
}

static void put_interval(struct prose *p, size_t arm)
{
    double low, n = 0;
    cuvee__json_number_at(arm_at(p->results, arm), "ratio.n", &n);
    if (n < 2 || !cuvee__json_number_at(arm_at(p->results, arm), "ratio.low", &low)) return;
    cuvee__prose_text(p, " (from ");
    cuvee__prose_number(p, PROSE_RATIO, "summary.arms.%zu.ratio.low", arm);
    cuvee__prose_text(p, " to ");
    cuvee__prose_number(p, PROSE_RATIO, "summary.arms.%zu.ratio.high", arm);
    cuvee__prose_text(p, ")");
}

static void put_memory(struct prose *p, size_t arm, size_t reference)
{
    double own, theirs;
    if (!cuvee__json_number_at(arm_at(p->results, arm), "upper.median", &own) ||
        !cuvee__json_number_at(arm_at(p->results, reference), "upper.median", &theirs))
        return;
    cuvee__prose_text(p, ", with at most ");
    cuvee__prose_number(p, PROSE_BYTES, "summary.arms.%zu.upper.median", arm);
    cuvee__prose_text(p, " of memory in place of ");
    cuvee__prose_number(p, PROSE_BYTES, "summary.arms.%zu.upper.median", reference);
}

/* Speed that comes with other answers is not the same speed. */
static void put_labels(struct prose *p, size_t arm)
{
    double n = 0;
    cuvee__json_number_at(arm_at(p->results, arm), "labels_differ", &n);
    if (!(n > 0)) return;
    cuvee__prose_text(p, ", though ");
    cuvee__prose_number(p, PROSE_COUNT, "summary.arms.%zu.labels_differ", arm);
    cuvee__prose_text(p, n > 1 ? " of its labels are" : " of its labels is");
    cuvee__prose_text(p, n > 1 ? " others than the reference's" : " another than the reference's");
}

static const char *phrase_of(const char *metric)
{
    if (strcmp(metric, "cpu_s") == 0) return " times less processor time than ";
    if (strcmp(metric, "footprint") == 0) return " times less memory than ";
    return " times the speed of ";
}

static void put_verdict(struct prose *p)
{
    const json_t *results = p->results;
    size_t reference = 0, best = 0;
    if (!find_reference(results, &reference)) {
        cuvee__prose_text(p, "Nothing can be compared: the reference, ");
        cuvee__prose_name(p, "summary.reference");
        cuvee__prose_text(p, ", has no run that succeeded.");
        return;
    }
    if (!find_best(results, &best)) {
        cuvee__prose_text(p, "Nothing was compared: no other arm has a run that succeeded in the "
                             "same block as ");
        cuvee__prose_name(p, "summary.reference");
        cuvee__prose_text(p, ".");
        return;
    }
    cuvee__prose_name(p, "summary.arms.%zu.arm", best);
    cuvee__prose_text(p, " has ");
    cuvee__prose_number(p, PROSE_RATIO, "summary.arms.%zu.ratio.median", best);
    cuvee__prose_text(p, phrase_of(cuvee__json_text_at(results, "summary.metric")));
    cuvee__prose_name(p, "summary.reference");
    put_interval(p, best);
    put_memory(p, best, reference);
    cuvee__prose_text(p, "; that is ");
    const json_t *verdict = json_object_get(arm_at(results, best), "verdict");
    if (json_is_string(verdict))
        cuvee__prose_name(p, "summary.arms.%zu.verdict", best);
    else
        cuvee__prose_text(p, "not judged");
    put_labels(p, best);
    cuvee__prose_text(p, ".");
}

/* ---- what most speaks against it ---- */

/* The first arm of which the number at key is above zero. */
static bool find_with(const json_t *results, const char *key, size_t *ret)
{
    for (size_t i = 0; i < n_arms(results); i++) {
        double x;
        if (!cuvee__json_number_at(arm_at(results, i), key, &x) || x <= 0) continue;
        *ret = i;
        return true;
    }
    return false;
}

/* The first arm of which runs failed in blocks, so that they are missing; a failure while it warmed
 * up, or in a sweep, is in no figure that is told first. */
static bool find_lost(const json_t *results, size_t *ret)
{
    const json_t *entries = json_object_get(results, "arms");
    for (size_t i = 0; i < n_arms(results); i++) {
        double n_failed = 0, n = 0, wanted = 0;
        cuvee__json_number_at(results, "summary.blocks", &wanted);
        cuvee__json_number_at(arm_at(results, i), "n_failed", &n_failed);
        cuvee__json_number_at(arm_at(results, i), "n", &n);
        for (size_t k = 0; k < json_array_size(entries); k++) /* slow ones run less often */
            if (cuvee__json_text_is(json_array_get(entries, k), "name",
                                    cuvee__json_text_at(arm_at(results, i), "arm")))
                cuvee__json_number_at(json_array_get(entries, k), "blocks", &wanted);
        if (!(n_failed > 0) || n >= wanted) continue;
        *ret = i;
        return true;
    }
    return false;
}

static void put_failure(struct prose *p, size_t arm)
{
    cuvee__prose_name(p, "summary.arms.%zu.arm", arm);
    cuvee__prose_text(p, " has ");
    cuvee__prose_number(p, PROSE_COUNT, "summary.arms.%zu.n_failed", arm);
    double n = 0;
    cuvee__json_number_at(arm_at(p->results, arm), "n_failed", &n);
    cuvee__prose_text(p, n > 1 ? " runs that failed or answered wrongly; they are in no figure."
                               : " run that failed or answered wrongly; it is in no figure.");
}

static void put_disturbed(struct prose *p, size_t arm)
{
    cuvee__prose_text(p, "The machine was not quiet: of ");
    cuvee__prose_name(p, "summary.arms.%zu.arm", arm);
    cuvee__prose_text(p, ", ");
    cuvee__prose_number(p, PROSE_COUNT, "summary.arms.%zu.n_flagged", arm);
    cuvee__prose_text(p, " of ");
    cuvee__prose_number(p, PROSE_COUNT, "summary.arms.%zu.n", arm);
    cuvee__prose_text(p, " runs that count were disturbed, also when repeated.");
}

static void put_caveat(struct prose *p)
{
    const json_t *results = p->results;
    double blocks = 0, low, high;
    size_t arm;
    cuvee__json_number_at(results, "summary.blocks", &blocks);
    if (strcmp(cuvee__json_text_at(results, "state"), "interrupted") == 0) {
        cuvee__prose_text(p, "The experiment was interrupted: some runs are missing.");
    } else if (cuvee__json_text_is(results, "state", "out of time")) {
        cuvee__prose_text(p, "The time for the experiment was up: some runs are missing.");
    } else if (find_lost(results, &arm)) {
        put_failure(p, arm);
    } else if (blocks < MIN_BLOCKS) {
        cuvee__prose_text(p, "Each arm ran ");
        cuvee__prose_number(p, PROSE_COUNT, "summary.blocks");
        cuvee__prose_text(p, blocks == 1 ? " time" : " times");
        cuvee__prose_text(p, ": too few for intervals, so small differences mean nothing.");
    } else if (find_with(results, "n_flagged", &arm)) {
        put_disturbed(p, arm);
    } else if (find_with(results, "n_failed", &arm)) {
        put_failure(p, arm);
    } else if (cuvee__json_number_at(results, "summary.floor.low", &low) &&
               cuvee__json_number_at(results, "summary.floor.high", &high)) {
        cuvee__prose_text(p, "All this is one machine, one model and one table of texts; the same "
                             "program against itself gave from ");
        cuvee__prose_number(p, PROSE_RATIO, "summary.floor.low");
        cuvee__prose_text(p, " to ");
        cuvee__prose_number(p, PROSE_RATIO, "summary.floor.high");
        cuvee__prose_text(p, ", so what comes within ");
        cuvee__prose_number(p, PROSE_PERCENT_OFF, "summary.floor.limit");
        cuvee__prose_text(p, " of equal is no difference.");
    } else {
        cuvee__prose_text(p, "All this is one machine, one model and one table of texts.");
    }
}

static int add_sentence(json_t *sentences, const char *key, const json_t *results,
                        void (*put)(struct prose *p), cuvee_error *err)
{
    struct prose_sentence s;
    json_t *sentence = NULL;
    int rc = cuvee__prose_begin(&s, results, err);
    if (rc < 0) return rc;
    put(&s.prose);
    rc = cuvee__prose_end(&s, &sentence, err);
    if (rc == CUVEE_OK && json_object_set_new(sentences, key, sentence) < 0)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a sentence");
    return rc;
}

static void put_question(struct prose *p)
{
    cuvee__prose_name(p, "plan.question");
}

int cuvee__sentences_make(json_t *results, cuvee_error *err)
{
    json_t *sentences = json_object();
    int rc = sentences ? CUVEE_OK : cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for sentences");
    if (rc == CUVEE_OK) rc = add_sentence(sentences, "question", results, put_question, err);
    if (rc == CUVEE_OK) rc = add_sentence(sentences, "verdict", results, put_verdict, err);
    if (rc == CUVEE_OK) rc = add_sentence(sentences, "caveat", results, put_caveat, err);
    if (rc == CUVEE_OK && json_object_set(results, "sentences", sentences) < 0)
        rc = cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for sentences");
    json_decref(sentences);
    return rc;
}
