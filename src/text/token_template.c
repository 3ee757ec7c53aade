/* SPDX-License-Identifier: Apache-2.0 */
#include "text/token_template.h"

#include "base/error.h"

int cuvee__template_add(struct token_template *t, int32_t id, int32_t type_id, cuvee_error *err)
{
    if (t->n == CUVEE__MAX_TEMPLATE_PARTS)
        return cuvee__fail(err, CUVEE_E_LIMIT, "post_processor: more than %d parts in a template",
                           CUVEE__MAX_TEMPLATE_PARTS);
    t->parts[t->n++] = (struct template_part){id, type_id};
    t->n_special += id >= 0;
    return CUVEE_OK;
}

int cuvee__template_check(const struct token_template *t, bool is_pair, const char *name,
                          cuvee_error *err)
{
    size_t n_a = 0, n_b = 0;
    for (size_t i = 0; i < t->n; i++) {
        n_a += t->parts[i].id == TEMPLATE_TEXT_A;
        n_b += t->parts[i].id == TEMPLATE_TEXT_B;
    }
    if (n_a != 1 || n_b != (is_pair ? 1 : 0))
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "post_processor.%s has text A %zu times and text B %zu times, need %s",
                           name, n_a, n_b, is_pair ? "each once" : "A once");
    if (t->n_special == 0)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "post_processor.%s adds no special token: an empty text would have none",
                           name);
    return CUVEE_OK;
}

size_t cuvee__template_apply(const struct token_template *t, const struct kept_ids texts[2],
                             int32_t *ids, int32_t *type_ids)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct template_part *part = &t->parts[i];
        const struct kept_ids special = {&part->id, 1};
        const struct kept_ids *from = part->id == TEMPLATE_TEXT_A   ? &texts[0]
                                      : part->id == TEMPLATE_TEXT_B ? &texts[1]
                                                                    : &special;
        for (size_t k = 0; k < from->n; k++, n++) {
            ids[n] = from->ids[k];
            type_ids[n] = part->type_id;
        }
    }
    return n;
}
