/* SPDX-License-Identifier: Apache-2.0
 *
 * Added tokens: strings that are cut out of the text before the model sees it. Those with
 * normalized = false are sought in the text as it came, the others in each normalised piece of what
 * is left. At one place the longest wins; matches do not overlap. */
#ifndef CUVEE_TEXT_ADDED_TOKENS_H
#define CUVEE_TEXT_ADDED_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cuvee/cuvee.h"
#include "text/normalizer.h"
#include "text/vocabulary.h"

/* Bound the time to open a file, and the work at one place of a text. */
#define CUVEE__MAX_ADDED_TOKENS      10000
#define CUVEE__MAX_ADDED_TOKEN_BYTES 4096

struct added_token {
    struct span content; /* borrowed until cuvee__added_tokens_finish() */
    int32_t id;
    bool single_word; /* only where no \w touches it */
    bool lstrip;      /* takes the white space before it along */
    bool rstrip;      /* and after it */
    bool normalized;  /* matches normalised text, in its own normal form */
};

struct added_pattern {
    struct span bytes; /* in the text of added_tokens */
    size_t token;      /* index */
};

struct added_set {
    struct added_pattern *patterns; /* sorted by their bytes */
    size_t n;
    bool starts[256]; /* bytes that a pattern starts with */
};

struct added_tokens {
    struct added_token *tokens;
    size_t n, room;
    size_t n_new;       /* of them, not in the vocabulary: their ids follow on its size */
    struct buffer text; /* of the patterns */
    struct added_set raw, normalized;
};

/* Append a token and set its id as the reference does, whatever the file says: that of the
 * vocabulary, of an earlier added token with the same content (which it replaces), or the next
 * after all words. Empty contents are ignored there and here. */
int cuvee__added_tokens_add(struct added_tokens *a, struct vocabulary *v, struct added_token *token,
                            cuvee_error *err);
/* Set up tokens that come from a packed file: contents are patterns already, in their normal form,
 * and stay where they are. Checks them; ids must be below n_ids. Instead of add and finish.
 *   tokens  (n) are copied. */
int cuvee__added_tokens_restore(struct added_tokens *a, const struct added_token *tokens, size_t n,
                                size_t n_ids, cuvee_error *err);
/* Build the sets; two tokens with the same pattern are an error. */
int cuvee__added_tokens_finish(struct added_tokens *a, const struct normalizer *n,
                               cuvee_error *err);
void cuvee__added_tokens_deinit(struct added_tokens *a);

/* A walk over one text. */
struct added_scan {
    const struct added_tokens *added;
    const struct added_set *set;
    struct span text;
    size_t at;          /* where the search goes on */
    size_t gap_from;    /* what has not been given out begins here */
    size_t space_until; /* white space that a token took reaches so far */
    bool is_done;
};

struct added_scan cuvee__added_scan(const struct added_tokens *a, const struct added_set *set,
                                    struct span text);
/* Gives the text up to the next token (may be empty) and the token's id, at last the rest and -1;
 * then returns false. */
bool cuvee__added_next(struct added_scan *s, struct span *ret_gap, int32_t *ret_id);

#endif
