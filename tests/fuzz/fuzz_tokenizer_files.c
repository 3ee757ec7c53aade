/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokenizer files and texts. The first byte says what the rest is: '{' a tokenizer.json (with that
 * byte), 'V' a vocab.txt, anything else a text for fixed tokenizers, with the options in the first
 * two bytes. */
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "text/pipeline.h"

#define ROWS       64
#define MAX_LENGTH 80

/* Two small tokenizers: BERT's with tokens of all kinds, and one that keeps everything. */
#define TOKEN(id, content, single, left, right, normalized)                                        \
    "{\"id\":" #id ",\"content\":\"" content "\",\"single_word\":" #single ",\"lstrip\":" #left    \
    ",\"rstrip\":" #right ",\"normalized\":" #normalized ",\"special\":false}"
#define REST(added, normalizer, pre_tokenizer)                                                     \
    "{\"version\":\"1.0\",\"added_tokens\":[" added "],\"normalizer\":" normalizer                 \
    ",\"pre_tokenizer\":{\"type\":\"" pre_tokenizer                                                \
    "\"},\"post_processor\":{\"type\":\"BertProcessing\","                                         \
    "\"sep\":[\"s\",2],\"cls\":[\"c\",1]},\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"u\","  \
    "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":20,\"vocab\":{\"u\":0,"     \
    "\"c\":1,"                                                                                     \
    "\"s\":2,\"a\":3,\"##a\":4,\"aa\":5,\"##aaa\":6,\"b\":7,\"##b\":8,\".\":9,\"e\":10,\"i\":11,"  \
    "\"##i\":12}}}"

static const char *const fixed[] = {
    REST(TOKEN(2, "s", false, false, false, false) "," TOKEN(
             13, "Foo Bar", true, false, false,
             true) "," TOKEN(14, "<e>", false, true, true, false) "," TOKEN(15, " x", false, true,
                                                                            false, true),
         "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"
         "\"strip_accents\":null,\"lowercase\":true}",
         "BertPreTokenizer"),
    REST("",
         "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFD\"},{\"type\":\"Lowercase\"}]}",
         "Whitespace"),
    REST(TOKEN(2, "s", false, false, true, false), "null", "WhitespaceSplit")};

static int32_t ids[3][MAX_LENGTH], type_ids[3][MAX_LENGTH];

static int encode(struct encoder *e, const cuvee_text *text, size_t max_length, unsigned truncation,
                  struct encoding *got)
{
    const int rc =
        cuvee__encode(e, text, max_length, truncation, ids[truncation], type_ids[truncation], got);
    HOLDS(rc == CUVEE_OK || (rc == CUVEE_E_TOO_LONG && truncation == CUVEE_TRUNCATE_ERROR));
    if (rc < 0) return rc;
    HOLDS(got->n <= max_length && (!got->truncated || got->n == max_length));
    for (size_t i = 0; i < got->n; i++)
        HOLDS(ids[truncation][i] >= 0 && ids[truncation][i] < ROWS && type_ids[truncation][i] >= 0);
    return rc;
}

/* The three ways to treat a text that is too long agree with each other. */
static void check_text(const struct tokenizer *t, struct encoder *e, const cuvee_text *text,
                       size_t room)
{
    const size_t n_special = cuvee__tokenizer_n_special(t, text->pair_ptr != NULL);
    if (n_special > MAX_LENGTH) return;
    const size_t max_length = n_special + room % (MAX_LENGTH - n_special + 1);
    struct encoding right, left, whole;
    encode(e, text, max_length, CUVEE_TRUNCATE_RIGHT, &right);
    encode(e, text, max_length, CUVEE_TRUNCATE_LEFT, &left);
    const int rc = encode(e, text, max_length, CUVEE_TRUNCATE_ERROR, &whole);
    HOLDS(right.n == left.n && right.truncated == left.truncated &&
          right.replaced == left.replaced);
    HOLDS((rc == CUVEE_OK) == !right.truncated);
    if (rc < 0) return;
    HOLDS(whole.n == right.n && memcmp(ids[0], ids[1], right.n * sizeof **ids) == 0 &&
          memcmp(ids[0], ids[2], right.n * sizeof **ids) == 0);
}

static void check_texts(const struct tokenizer *t)
{
    static const char text[] = "[CLS] a\xCC\x81"
                               "ab Foo  BAR <e> \xE4\xB8\xAD\xFF. aaaaaaaaaaaaaaaaaaaaaaaaa";
    struct encoder *e = NULL;
    HOLDS(cuvee__encoder_create(t, &e, NULL) == CUVEE_OK);
    for (size_t n = 0; n < sizeof text; n += 9)
        check_text(t, e, &(cuvee_text){text, n, n % 2 ? text + n : NULL, sizeof text - n}, n);
    for (int32_t id = -1; id <= ROWS; id++) HOLDS(cuvee__tokenizer_string(t, id));
    cuvee__encoder_free(e);
}

static void try_json(struct span text)
{
    struct tokenizer *t = NULL;
    cuvee_error err = {.msg = ""};
    if (cuvee__tokenizer_open_json(text, "f", ROWS, &t, &err) < 0) {
        HOLDS(!t && err.code < 0 && err.msg[0] && !strchr(err.msg, '\n'));
        return;
    }
    check_texts(t);
    cuvee__tokenizer_close(t);
}

static void try_vocab(struct span text)
{
    cuvee_error err = {.msg = ""};
    struct tokenizer *t = cuvee__calloc(1, sizeof *t);
    HOLDS(t);
    if (cuvee__pipeline_from_vocab(t, text, NULL, NULL, NULL, ROWS, &err) == CUVEE_OK)
        check_texts(t);
    else
        HOLDS(err.code < 0 && err.msg[0] && !strchr(err.msg, '\n'));
    cuvee__tokenizer_close(t);
}

static void try_text(const char *bytes, size_t len)
{
    struct tokenizer *t = NULL;
    struct encoder *e = NULL;
    const struct span json = span_of(fixed[(unsigned char)bytes[0] % 3]);
    HOLDS(cuvee__tokenizer_open_json(json, "f", ROWS, &t, NULL) == CUVEE_OK);
    HOLDS(cuvee__encoder_create(t, &e, NULL) == CUVEE_OK);
    const size_t room = len > 1 ? (unsigned char)bytes[1] : 0, skip = len > 1 ? 2 : 1;
    const char *text = bytes + skip;
    const size_t n = len - skip, half = n / 2;
    check_text(t, e, &(cuvee_text){text, n, NULL, 0}, room);
    check_text(t, e, &(cuvee_text){text, half, text + half, n - half}, room);
    cuvee__encoder_free(e);
    cuvee__tokenizer_close(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const char *text = (const char *)bytes;
    if (len && bytes[0] == '{')
        try_json((struct span){text, len});
    else if (len && bytes[0] == 'V')
        try_vocab((struct span){text + 1, len - 1});
    else if (len)
        try_text(text, len);
    HOLDS(cuvee__alloc_count() - cuvee__free_count() == live);
    return 0;
}
