/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/command.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json_at.h"
#include "base/random.h"
#include "bench/plan.h"

enum { PADDING_BYTES = 4096, PATH_ROOM = 4400 };

int cuvee__words_add(struct word_list *list, const char *word, cuvee_error *err)
{
    if (list->n == CUVEE__COMMAND_MAX)
        return cuvee__fail(err, CUVEE_E_LIMIT, "a command of more than %d words",
                           CUVEE__COMMAND_MAX);
    char *copy = cuvee__strndup(word, strlen(word));
    if (!copy) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a command");
    list->words[list->n++] = copy;
    return CUVEE_OK;
}

void cuvee__words_deinit(struct word_list *list)
{
    for (size_t i = 0; i < list->n; i++) cuvee__free(list->words[i]);
    *list = (struct word_list){0};
}

/* What the numbers among the values look like. */
struct numbers {
    char items[24], workers[24], threads[24], batch[24], cores[24];
};

static void print_setting(char *text, size_t room, const json_t *arm, const char *name,
                          bool is_swept, long swept)
{
    const json_t *own = json_object_get(json_object_get(arm, "settings"), name);
    snprintf(text, room, "%" PRId64, is_swept ? (int64_t)swept : (int64_t)json_integer_value(own));
}

static void print_numbers(const struct bench_setup *setup, const struct run_request *request,
                          struct numbers *n)
{
    const bool is_swept = request->workers > 0;
    print_setting(n->workers, sizeof n->workers, request->arm, "workers", is_swept,
                  request->workers);
    print_setting(n->threads, sizeof n->threads, request->arm, "threads", is_swept,
                  request->threads);
    print_setting(n->batch, sizeof n->batch, request->arm, "batch", false, 0);
    snprintf(n->items, sizeof n->items, "%zu", cuvee__arm_items(setup, request->arm));
    snprintf(n->cores, sizeof n->cores, "%zu", setup->n_cores);
}

static int add_expanded(struct word_list *list, const char *prefix, const char *template,
                        const struct plan_value *values, size_t n, cuvee_error *err)
{
    struct buffer word = {0};
    int rc = cuvee__buffer_append_str(&word, prefix);
    if (rc == CUVEE_OK) rc = cuvee__plan_expand(template, values, n, &word, err);
    if (rc == CUVEE_OK) rc = cuvee__buffer_append_char(&word, '\0');
    if (rc == CUVEE_OK) rc = cuvee__words_add(list, word.ptr, err);
    cuvee__buffer_deinit(&word);
    return rc;
}

/* Where things lie on the stack depends on the length of the environment, and speed on that
 * (Mytkowicz et al. 2009): each run has another length. */
static int add_padding(const struct bench_setup *setup, const struct run_request *request,
                       struct word_list *environment, cuvee_error *err)
{
    static const char name[] = "CUVEE_BENCH_PADDING=";
    char word[sizeof name + PADDING_BYTES];
    double seed = 0;
    cuvee__json_number_at(setup->plan, "seed", &seed);
    uint64_t state = (uint64_t)seed * 1000003 + request->id;
    const size_t n = (size_t)random_below(&state, PADDING_BYTES);
    memcpy(word, name, sizeof name - 1);
    memset(word + sizeof name - 1, 'x', n);
    word[sizeof name - 1 + n] = '\0';
    return cuvee__words_add(environment, word, err);
}

static int add_environment(const json_t *arm, struct word_list *environment,
                           const struct plan_value *values, size_t n, cuvee_error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(arm, "environment"), name, value)
    {
        char prefix[256];
        if ((size_t)snprintf(prefix, sizeof prefix, "%s=", name) >= sizeof prefix)
            return cuvee__fail(err, CUVEE_E_LIMIT, "a variable's name is too long: %.40s...", name);
        const int rc = add_expanded(environment, prefix, json_string_value(value), values, n, err);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

int cuvee__command_build(const struct bench_setup *setup, const struct run_request *request,
                         struct word_list *command, struct word_list *environment, cuvee_error *err)
{
    char answers[PATH_ROOM], scratch[PATH_ROOM];
    struct numbers numbers;
    print_numbers(setup, request, &numbers);
    snprintf(scratch, sizeof scratch, "%s/scratch", setup->dir);
    snprintf(answers, sizeof answers, "%s/scratch/answers.jsonl", setup->dir);
    const char *input = cuvee__json_text_at(setup->plan, "input.path");
    const char *column = cuvee__json_text_at(setup->plan, "input.column");
    const struct plan_value values[] = {
        {"cuvee", setup->cuvee},
        {"library", setup->library},
        {"python", setup->python},
        {"arms", setup->arms},
        {"model", setup->model},
        {"input", input},
        {"column", column},
        {"answers", answers},
        {"scenario",
         request->scenario ? request->scenario : cuvee__json_text_at(setup->plan, "scenario")},
        /* A word, since options refuse the empty one; no arm looks for it but in scenario server.
         */
        {"schedule", request->schedule ? request->schedule : "none"},
        {"items", numbers.items},
        {"workers", numbers.workers},
        {"threads", numbers.threads},
        {"batch", numbers.batch},
        {"precision", cuvee__json_text_at(request->arm, "settings.precision")},
        {"cores", numbers.cores},
        {"scratch", scratch},
    };
    const size_t n_values = sizeof values / sizeof *values;
    const json_t *words = json_object_get(request->arm, "command");
    int rc = CUVEE_OK;
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(words); i++)
        rc = add_expanded(command, "", json_string_value(json_array_get(words, i)), values,
                          n_values, err);
    if (rc == CUVEE_OK) rc = add_environment(request->arm, environment, values, n_values, err);
    if (rc == CUVEE_OK) rc = add_padding(setup, request, environment, err);
    if (rc < 0) cuvee__error_prefix(err, "arm '%s'", request->name);
    return rc;
}

int cuvee__command_check_all(const struct bench_setup *setup, cuvee_error *err)
{
    const json_t *arms = json_object_get(setup->plan, "arms");
    int rc = CUVEE_OK;
    for (size_t i = 0; rc == CUVEE_OK && i < json_array_size(arms); i++) {
        const json_t *arm = json_array_get(arms, i);
        const struct run_request request = {.arm = arm, .name = cuvee__json_text_at(arm, "name")};
        struct word_list command = {0}, environment = {0};
        rc = cuvee__command_build(setup, &request, &command, &environment, err);
        cuvee__words_deinit(&command);
        cuvee__words_deinit(&environment);
    }
    return rc;
}
