/* SPDX-License-Identifier: Apache-2.0
 *
 * What api/ calls. Arguments are checked there: options are complete (no zero that stands for a
 * default), texts have pointers, max_length leaves room for the special tokens. */
#ifndef CUVEE_POOL_POOL_H
#define CUVEE_POOL_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

int cuvee__pool_create(cuvee_model *model, const cuvee_pool_options *options, cuvee_pool **ret_pool,
                       cuvee_error *err);
void cuvee__pool_free(cuvee_pool *pool);
void cuvee__pool_cancel(cuvee_pool *pool);
void cuvee__pool_describe(const cuvee_pool *pool, cuvee_pool_info *info);
const cuvee_model *cuvee__pool_model(const cuvee_pool *pool);

/* Returns CUVEE_OK, CUVEE_E_TIMEOUT, CUVEE_E_NOMEM, CUVEE_E_IO (no condition variable). */
int cuvee__pool_classify(cuvee_pool *pool, const cuvee_text *texts, size_t n,
                         const cuvee_classify_options *options, cuvee_result **ret_result,
                         cuvee_error *err);

/* Returns CUVEE_OK, CUVEE_E_BUSY, CUVEE_E_NOMEM. */
int cuvee__pool_submit(cuvee_pool *pool, const cuvee_text *texts, size_t n,
                       const cuvee_classify_options *options, cuvee_done *done, void *user,
                       cuvee_error *err);

#endif
