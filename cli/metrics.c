/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "json_text.h"

int cli__metrics_create(const char *path, uint64_t start_ns, struct metrics **ret_metrics,
                        cuvee_error *err)
{
    struct metrics *m = cuvee__calloc(1, sizeof *m);
    if (!m) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for metrics");
    int rc = cuvee__mutex_init(&m->mutex, err);
    if (rc < 0) {
        cuvee__free(m);
        return rc;
    }
    m->start_ns = start_ns;
    rc = cuvee__output_open(path, &m->output, err);
    if (rc == CUVEE_OK) {
        static const char head[] = "{\"batches\":[";
        rc = cuvee__output_write(m->output, head, sizeof head - 1, err);
    }
    if (rc < 0) {
        cli__metrics_free(m);
        return rc;
    }
    *ret_metrics = m;
    return CUVEE_OK;
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

void cli__metrics_on_batch(void *user, const cuvee_batch_record *r)
{
    struct metrics *m = user;
    char line[256];
    cuvee__mutex_lock(&m->mutex);
    const int n = snprintf(line, sizeof line,
                           "%s\n{\"batch\":%" PRIu64 ",\"worker\":%" PRIu32 ",\"items\":%" PRIu32
                           ",\"tokens\":%" PRIu32 ",\"ms\":%.3f,\"tokenize_ms\":%.3f,"
                           "\"forward_ms\":%.3f,\"start_ms\":%.3f}",
                           m->has_batch ? "," : "", r->batch, r->worker, r->n_texts, r->n_tokens,
                           ms(r->tokenize_ns + r->forward_ns), ms(r->tokenize_ns),
                           ms(r->forward_ns), ms(r->start_ns - m->start_ns));
    m->has_batch = true;
    if (m->rc == CUVEE_OK) m->rc = cuvee__output_write(m->output, line, (size_t)n, &m->err);
    if (r->worker < METRICS_MAX_WORKERS) {
        struct worker_totals *w = &m->workers[r->worker];
        w->n_batches++;
        w->n_texts += r->n_texts;
        w->n_tokens += r->n_tokens;
        w->tokenize_ns += r->tokenize_ns;
        w->forward_ns += r->forward_ns;
    }
    cuvee__mutex_unlock(&m->mutex);
}

static int print_tail(const struct metrics *m, uint32_t n_workers, const char *process,
                      struct buffer *to)
{
    int rc = cuvee__buffer_append_str(to, "\n],\n\"workers\":[");
    for (uint32_t i = 0; i < n_workers && i < METRICS_MAX_WORKERS && rc == CUVEE_OK; i++) {
        const struct worker_totals *w = &m->workers[i];
        rc = cuvee__buffer_printf(to,
                                  "%s\n{\"worker\":%" PRIu32 ",\"batches\":%" PRIu64
                                  ",\"items\":%" PRIu64 ",\"tokens\":%" PRIu64
                                  ",\"ms\":%.3f,\"tokenize_ms\":%.3f,\"forward_ms\":%.3f}",
                                  i ? "," : "", i, w->n_batches, w->n_texts, w->n_tokens,
                                  ms(w->tokenize_ns + w->forward_ns), ms(w->tokenize_ns),
                                  ms(w->forward_ns));
    }
    if (rc == CUVEE_OK) rc = cuvee__buffer_printf(to, "\n],\n\"process\":%s}\n", process);
    return rc;
}

const char *cli__metrics_leftover(const struct metrics *m)
{
    return cuvee__output_leftover(m->output);
}

int cli__metrics_detach(struct metrics *m, cuvee_error *err)
{
    return cuvee__output_detach(m->output, err);
}

int cli__metrics_end(struct metrics *m, uint32_t n_workers, const json_t *process, bool is_whole,
                     cuvee_error *err)
{
    struct buffer tail = {0};
    char *text = json_dumps(process, JSON_COMPACT | JSON_REAL_PRECISION(15));
    int rc = text ? print_tail(m, n_workers, text, &tail) : CUVEE_E_NOMEM;
    if (rc < 0)
        cuvee__fail(err, rc, "out of memory for metrics");
    else if ((rc = m->rc) < 0)
        *err = m->err;
    else
        rc = cuvee__output_write(m->output, tail.ptr, tail.len, err);
    if (rc == CUVEE_OK)
        rc = is_whole ? cuvee__output_commit(m->output, err) : cuvee__output_flush(m->output, err);
    cuvee__buffer_deinit(&tail);
    cli__json_text_free(text);
    return rc;
}

void cli__metrics_free(struct metrics *m)
{
    if (!m) return;
    cuvee__output_close(m->output, m->has_batch);
    cuvee__mutex_deinit(&m->mutex);
    cuvee__free(m);
}
