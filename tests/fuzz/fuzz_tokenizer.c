/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a text or pair, through the shipped model's tokenizer. The first byte chooses the
 * truncation and the limit, a 0x1F byte in the rest parts the two texts of a pair. */
#include <string.h>

#include "fuzz.h"
#include "text/tokenizer.h"

#define VOCAB_SIZE 30522
#define CLS 101
#define SEP 102
#define ROOM 4096

static struct tokenizer *tokenizer;
static struct encoder *encoder;

static void close_tokenizer(void)
{
    cuvee__encoder_free(encoder);
    cuvee__tokenizer_close(tokenizer);
}

static void open_tokenizer(void)
{
    cuvee_error err = {.msg = ""};
    const int rc =
        cuvee__tokenizer_open(SOURCE_DIR "/models/sentiment-en", VOCAB_SIZE, &tokenizer, &err);
    if (rc < 0) fprintf(stderr, "%s\n", err.msg);
    HOLDS(rc == CUVEE_OK);
    HOLDS(cuvee__encoder_create(tokenizer, &encoder, &err) == CUVEE_OK);
    atexit(close_tokenizer);
}

static void check_tokens(const struct encoding *e, const int32_t *ids, const int32_t *type_ids,
                         size_t max_length, bool is_pair)
{
    const size_t n_special = cuvee__tokenizer_n_special(tokenizer, is_pair);
    size_t n_separators = 0;
    HOLDS(e->n >= n_special && e->n <= max_length);
    HOLDS(ids[0] == CLS && ids[e->n - 1] == SEP);
    for (size_t i = 0; i < e->n; i++) {
        HOLDS(ids[i] >= 0 && ids[i] < VOCAB_SIZE);
        HOLDS(*cuvee__tokenizer_string(tokenizer, ids[i]));
        HOLDS(type_ids[i] == 0 || (is_pair && type_ids[i] == 1));
        HOLDS(i == 0 || type_ids[i - 1] <= type_ids[i]);
        n_separators += ids[i] == SEP;
    }
    HOLDS(n_separators >= n_special - 1); /* a text may hold "[SEP]" itself */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static int32_t ids[ROOM], type_ids[ROOM], cut_ids[ROOM], cut_type_ids[ROOM];
    if (!tokenizer) open_tokenizer();
    if (len == 0 || len > ROOM / 4)
        return 0; /* a byte gives at most one token, U+FFFD three bytes */
    const unsigned truncation = bytes[0] % 3;
    const size_t max_length = 4 + bytes[0] / 3;
    const char *start = (const char *)bytes + 1, *end = (const char *)bytes + len;
    const char *parting = memchr(start, 0x1F, len - 1);
    const cuvee_text text = {
        .ptr = start,
        .len = (size_t)((parting ? parting : end) - start),
        .pair_ptr = parting ? parting + 1 : NULL,
        .pair_len = parting ? (size_t)(end - parting - 1) : 0,
    };

    struct encoding whole, cut;
    HOLDS(cuvee__encode(encoder, &text, ROOM, CUVEE_TRUNCATE_ERROR, ids, type_ids, &whole) ==
          CUVEE_OK);
    HOLDS(!whole.truncated);
    check_tokens(&whole, ids, type_ids, ROOM, parting != NULL);

    const int rc =
        cuvee__encode(encoder, &text, max_length, truncation, cut_ids, cut_type_ids, &cut);
    if (rc == CUVEE_E_TOO_LONG) {
        HOLDS(truncation == CUVEE_TRUNCATE_ERROR && whole.n > max_length);
        return 0;
    }
    HOLDS(rc == CUVEE_OK);
    HOLDS(cut.truncated == (whole.n > max_length) && cut.replaced == whole.replaced);
    HOLDS(cut.n == (whole.n < max_length ? whole.n : max_length));
    check_tokens(&cut, cut_ids, cut_type_ids, max_length, parting != NULL);
    if (!parting) { /* what is left is one run of the whole, between the same [CLS] and [SEP] */
        const size_t skip = truncation == CUVEE_TRUNCATE_LEFT ? whole.n - cut.n : 0;
        HOLDS(memcmp(cut_ids + 1, ids + 1 + skip, (cut.n - 2) * sizeof *ids) == 0);
    }
    return 0;
}
