/* SPDX-License-Identifier: Apache-2.0
 *
 * What the post-processor puts around the tokens of a text or a pair: a list of parts, each a
 * special token or the place of one of the texts, with a token type. */
#ifndef CUVEE_TEXT_TOKEN_TEMPLATE_H
#define CUVEE_TEXT_TOKEN_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"

#define CUVEE__MAX_TEMPLATE_PARTS 64
#define CUVEE__MAX_TYPE_ID        255

enum { TEMPLATE_TEXT_A = -1, TEMPLATE_TEXT_B = -2 };

struct template_part {
    int32_t id; /* of a special token, or TEMPLATE_TEXT_A, TEMPLATE_TEXT_B */
    int32_t type_id;
};

struct token_template {
    size_t n;
    struct template_part parts[CUVEE__MAX_TEMPLATE_PARTS];
    size_t n_special;
};

int cuvee__template_add(struct token_template *t, int32_t id, int32_t type_id, cuvee_error *err);
/* A single template needs text A once, a pair A and B once each; both a special token, so that no
 * encoding is empty. `name` is for messages. */
int cuvee__template_check(const struct token_template *t, bool is_pair, const char *name,
                          cuvee_error *err);

/* The ids that are kept of one text. */
struct kept_ids {
    const int32_t *ids;
    size_t n;
};

/* Write the encoding; room for n_special + the kept ids. Returns its length. */
size_t cuvee__template_apply(const struct token_template *t, const struct kept_ids texts[2],
                             int32_t *ids, int32_t *type_ids);

#endif
