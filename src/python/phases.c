/* SPDX-License-Identifier: Apache-2.0 */
#include "python/phases.h"

#include "os/mark.h"

int cuvee__phases_init(struct phases *p, cuvee_error *err)
{
    *p = (struct phases){.is_warm = false};
    return cuvee__mutex_init(&p->warming, err);
}

void cuvee__phases_deinit(struct phases *p)
{
    cuvee__mutex_deinit(&p->warming);
}

int cuvee__phases_warm_up(struct phases *p, int (*warm_up)(void *caller, cuvee_error *err),
                          void *caller, cuvee_error *err)
{
    int rc = CUVEE_OK;
    cuvee__mutex_lock(&p->warming);
    if (!p->is_warm) {
        rc = warm_up(caller, err);
        p->is_warm = rc == CUVEE_OK;
        if (p->is_warm) cuvee__mark("model-loaded");
    }
    cuvee__mutex_unlock(&p->warming);
    return rc;
}

void cuvee__phases_answered(struct phases *p)
{
    if (!atomic_exchange(&p->has_answered, true)) cuvee__mark("first-result");
}
