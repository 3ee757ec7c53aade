/* SPDX-License-Identifier: Apache-2.0 */
#include "cuvee/cuvee.h"
#include "pool/job.h"

size_t cuvee_result_count(const cuvee_result *result)
{
    return result ? result->n_texts : 0;
}

size_t cuvee_result_n_labels(const cuvee_result *result)
{
    return result ? result->n_labels : 0;
}

const int32_t *cuvee_result_status(const cuvee_result *result)
{
    return result ? result->status : NULL;
}

const int32_t *cuvee_result_labels(const cuvee_result *result)
{
    return result ? result->labels : NULL;
}

const float *cuvee_result_scores(const cuvee_result *result)
{
    return result ? result->scores : NULL;
}

const float *cuvee_result_all_scores(const cuvee_result *result)
{
    return result ? result->all_scores : NULL;
}

const uint32_t *cuvee_result_tokens(const cuvee_result *result)
{
    return result ? result->tokens : NULL;
}

const uint32_t *cuvee_result_notes(const cuvee_result *result)
{
    return result ? result->notes : NULL;
}

const double *cuvee_result_exact_scores(const cuvee_result *result)
{
    return result && result->script ? result->script->scores : NULL;
}

const cuvee_label_score *cuvee_result_label_scores(const cuvee_result *result, size_t i,
                                                   size_t *ret_n)
{
    const bool is_there = result && result->script && i < result->n_texts;
    if (ret_n) *ret_n = is_there ? result->script->rows[i].n_all : 0;
    return is_there ? result->script->rows[i].all : NULL;
}

const char *cuvee_result_extra(const cuvee_result *result, size_t i)
{
    return result && result->script && i < result->n_texts ? result->script->rows[i].extra : NULL;
}

const char *cuvee_result_message(const cuvee_result *result, size_t i)
{
    return result && result->script && i < result->n_texts ? result->script->rows[i].message : NULL;
}

void cuvee_result_free(cuvee_result *result)
{
    cuvee__result_free(result);
}
