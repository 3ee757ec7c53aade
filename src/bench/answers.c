/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/answers.h"

#include <math.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "os/file.h"

/* A million answers with a key or two more. */
#define MAX_ANSWERS_BYTES ((size_t)1 << 30)

/* What of an answer is a number. */
struct numbers {
    double score, ms, batch, worker;
};

static int grow(struct answers *a, cuvee_error *err)
{
    double **const columns[] = {&a->scores, &a->ms, &a->batch, &a->worker};
    const size_t room = a->room ? 2 * a->room : 1024;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        double *grown = cuvee__realloc_array(*columns[i], room, sizeof *grown);
        if (!grown) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for answers");
        *columns[i] = grown;
    }
    a->room = room;
    return CUVEE_OK;
}

static int add(struct answers *a, const char *label, const struct numbers *x, cuvee_error *err)
{
    int rc = a->n < a->room ? CUVEE_OK : grow(a, err);
    if (rc == CUVEE_OK) rc = cuvee__labels_add(&a->labels, span_of(label), err);
    if (rc < 0) return rc;
    a->scores[a->n] = x->score;
    a->ms[a->n] = x->ms;
    a->batch[a->n] = x->batch;
    a->worker[a->n] = x->worker;
    a->n++;
    return CUVEE_OK;
}

static int add_line(struct answers *a, struct span line, cuvee_error *err)
{
    json_t *answer = NULL;
    struct numbers x = {NAN, NAN, NAN, NAN};
    double index;
    int rc = cuvee__json_parse(line, "its line", &answer, err);
    if (rc < 0) return rc;
    const char *label = cuvee__json_text_at(answer, "label");
    const char *error = cuvee__json_text_at(answer, "error");
    cuvee__json_number_at(answer, "ms", &x.ms);
    cuvee__json_number_at(answer, "batch", &x.batch);
    cuvee__json_number_at(answer, "worker", &x.worker);
    if (*error)
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "an error, no answer: %s", error);
    else if (!*label)
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "there is no 'label'");
    else if (!cuvee__json_number_at(answer, "score", &x.score))
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "there is no 'score'");
    else if (cuvee__json_number_at(answer, "index", &index) && index != (double)a->n)
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "it is of item %.0f, not %zu: not in order", index,
                         a->n);
    if (rc == CUVEE_OK) rc = add(a, label, &x, err);
    json_decref(answer);
    return rc;
}

static int add_lines(struct answers *a, struct span text, size_t n_items, bool may_have_more,
                     cuvee_error *err)
{
    while (text.len && !(may_have_more && a->n == n_items)) {
        const char *end = memchr(text.ptr, '\n', text.len);
        const struct span line = {text.ptr, end ? (size_t)(end - text.ptr) : text.len};
        if (a->n == n_items)
            return cuvee__fail(err, CUVEE_E_FORMAT, "more than %zu answers", n_items);
        const int rc = add_line(a, line, err);
        if (rc < 0) {
            cuvee__error_prefix(err, "answer %zu", a->n);
            return rc;
        }
        const size_t taken = line.len + (end != NULL);
        text.ptr += taken;
        text.len -= taken;
    }
    if (a->n == n_items) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_FORMAT, "%zu answers for %zu items", a->n, n_items);
}

static int read_file(const char *path, size_t n_items, bool may_have_more, struct answers *ret,
                     cuvee_error *err)
{
    struct buffer text = {.cap_bytes = MAX_ANSWERS_BYTES};
    struct answers a = {0};
    int rc = cuvee__file_read(path, &text, err);
    if (rc == CUVEE_OK) rc = add_lines(&a, buffer_span(&text), n_items, may_have_more, err);
    cuvee__buffer_deinit(&text);
    if (rc < 0)
        cuvee__answers_deinit(&a);
    else
        *ret = a;
    return rc;
}

int cuvee__answers_read(const char *path, size_t n_items, struct answers *ret, cuvee_error *err)
{
    return read_file(path, n_items, false, ret, err);
}

int cuvee__answers_read_first(const char *path, size_t n_items, struct answers *ret,
                              cuvee_error *err)
{
    return read_file(path, n_items, true, ret, err);
}

void cuvee__answers_deinit(struct answers *a)
{
    cuvee__labels_deinit(&a->labels);
    cuvee__free(a->scores);
    cuvee__free(a->ms);
    cuvee__free(a->batch);
    cuvee__free(a->worker);
    *a = (struct answers){0};
}

struct answers_difference cuvee__answers_compare(const struct answers *a, const struct answers *b)
{
    struct answers_difference d = {.n = a->n < b->n ? a->n : b->n};
    for (size_t i = 0; i < d.n; i++) {
        if (strcmp(label_of(&a->labels, i), label_of(&b->labels, i)) != 0) {
            if (d.n_labels++ == 0) d.first = i;
            continue;
        }
        const double distance = fabs(a->scores[i] - b->scores[i]);
        if (distance > d.score) {
            d.score = distance;
            if (d.n_labels == 0) d.first = i;
        }
    }
    return d;
}

double cuvee__answers_accuracy(const struct answers *a, const struct label_list *gold)
{
    const size_t n = a->n < gold->n ? a->n : gold->n;
    size_t n_right = 0;
    for (size_t i = 0; i < n; i++)
        n_right += strcmp(label_of(&a->labels, i), label_of(gold, i)) == 0;
    return n ? (double)n_right / (double)n : 0;
}
