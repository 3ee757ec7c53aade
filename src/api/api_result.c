/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
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

void cuvee_result_free(cuvee_result *result)
{
    cuvee__free(result);
}
