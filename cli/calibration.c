/* SPDX-License-Identifier: Apache-2.0 */
#include "calibration.h"

#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "console.h"

#define BLOCK_BYTES ((size_t)64 << 10) /* read at a time */

/* ---- read ---- */

static int read_rows(struct calibration *c, struct reader *reader, size_t max_rows,
                     cuvee_error *err)
{
    bool end = false;
    while (!end && c->block.n_rows < max_rows) {
        const size_t max_bytes = c->block.bytes.len + BLOCK_BYTES;
        const int rc =
            cuvee__reader_fill(reader, &c->block, max_rows, max_bytes, NULL, &end, err);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

/* Once the block has stopped growing, and its bytes stay where they are. */
static int list_texts(struct calibration *c, const char *path, cuvee_error *err)
{
    const struct row_block *block = &c->block;
    c->texts = cuvee__alloc_array(block->n_rows, sizeof *c->texts);
    if (!c->texts && block->n_rows) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory");
    for (size_t i = 0; i < block->n_rows; i++) {
        if (block->rows[i].error.len) continue;
        const struct span text = block_span(block, block->rows[i].text);
        c->texts[c->n++] = (cuvee_text){.ptr = text.ptr, .len = text.len};
    }
    if (c->n) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_FORMAT, "%s: there is no text to calibrate with", path);
}

int cli__calibration_read(struct calibration *c, const char *path,
                          const struct reader_options *options, size_t max_rows, cuvee_error *err)
{
    struct reader *reader = NULL;
    int rc = cuvee__reader_open(path, options, &reader, err);
    if (rc == CUVEE_OK) rc = read_rows(c, reader, max_rows, err);
    if (rc == CUVEE_OK) rc = list_texts(c, path, err);
    cuvee__reader_close(reader);
    return rc;
}

void cli__calibration_deinit(struct calibration *c)
{
    cuvee__free(c->texts);
    cuvee__row_block_deinit(&c->block);
}

/* ---- compare ---- */

/* One model after the other, so that one at a time is in memory. */
static int classify(const struct calibration *c, const char *path,
                    const cuvee_model_options *options, cuvee_result **ret_result,
                    cuvee_error *err)
{
    cuvee_model *model = NULL;
    cuvee_pool *pool = NULL;
    int rc = cuvee_model_open(path, options, &model, err);
    if (rc == CUVEE_OK) rc = cuvee_pool_create(model, NULL, &pool, err);
    if (rc == CUVEE_OK) rc = cuvee_classify(pool, c->texts, c->n, NULL, ret_result, err);
    cuvee_pool_free(pool);
    cuvee_model_close(model);
    return rc;
}

static void tell_difference(const cuvee_result *f32, const cuvee_result *packed)
{
    const size_t n = cuvee_result_count(f32), n_labels = cuvee_result_n_labels(f32);
    const int32_t *label = cuvee_result_labels(f32), *other = cuvee_result_labels(packed);
    const float *a = cuvee_result_all_scores(f32), *b = cuvee_result_all_scores(packed);
    size_t n_seen = 0, n_flips = 0;
    double worst = 0, sum = 0, surest_flip = 0;
    for (size_t i = 0; i < n; i++) {
        if (label[i] < 0 || other[i] < 0) continue;
        n_seen++;
        if (label[i] != other[i]) {
            n_flips++;
            surest_flip = fmax(surest_flip, (double)cuvee_result_scores(f32)[i]);
        }
        for (size_t k = 0; k < n_labels; k++) {
            const size_t at = i * n_labels + k;
            const double difference = fabs((double)a[at] - (double)b[at]);
            worst = fmax(worst, difference);
            sum += difference;
        }
    }
    cli__console_say("%zu of %zu texts have another label than in f32; scores differ by %.2g on "
                     "average, %.2g at most",
                     n_flips, n_seen, n_seen ? sum / (double)(n_seen * n_labels) : 0.0, worst);
    if (n_flips)
        cli__console_say("the surest of those labels had a score of %.3f in f32", surest_flip);
}

int cli__calibration_compare(const struct calibration *c, const char *model, const char *packed,
                             cuvee_error *err)
{
    cuvee_result *f32 = NULL, *other = NULL;
    cuvee_model_options options = CUVEE_OPTIONS(cuvee_model_options);
    options.flags = CUVEE_MODEL_NO_CACHE; /* it would be kept, and perhaps never be used again */
    int rc = classify(c, model, &options, &f32, err);
    if (rc == CUVEE_OK) rc = classify(c, packed, NULL, &other, err);
    if (rc == CUVEE_OK) tell_difference(f32, other);
    cuvee_result_free(f32);
    cuvee_result_free(other);
    return rc;
}
