/* SPDX-License-Identifier: Apache-2.0
 *
 * A tokenizer as bytes: opened again it gives the same ids, and what a lookup relies on is refused
 * when it is not so. Offsets are those of struct fixed_part in tokenizer_image.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/alloc.h"
#include "text/tokenizer.h"

#define SHIPPED    SOURCE_DIR "/models/sentiment-en"
#define VOCAB_SIZE 30522

enum { /* offsets */
    PRETOKENIZER = 4,
    UNK_ID = 12,
    STEPS = 16,
    MAX_CHARS = 40,
    LONGEST = 56,
    N_SINGLE = 64,
    N_PAIR = 72,
    N_ADDED = 80,
    N_SLOTS = 88,
    N_IDS = 96,
    TEXT_BYTES = 104,
    FIXED_BYTES = 128
};

static struct buffer image;

static uint64_t count_at(size_t offset)
{
    return cuvee__load_le64(image.ptr + offset);
}

static size_t added_at(void)
{
    return FIXED_BYTES + 8 * (size_t)(count_at(N_SINGLE) + count_at(N_PAIR));
}

static size_t slots_at(void)
{
    return added_at() + 16 * (size_t)count_at(N_ADDED);
}

static size_t entries_at(void)
{
    return slots_at() + 8 * (size_t)count_at(N_SLOTS);
}

static size_t text_at(void)
{
    return entries_at() + 8 * (size_t)count_at(N_IDS);
}

static int open_image(const char *bytes, size_t len, size_t vocab_size, cuvee_error *err)
{
    struct tokenizer *t = NULL;
    const int rc = cuvee__tokenizer_image_open((struct span){bytes, len}, vocab_size, &t, err);
    cuvee__tokenizer_close(t);
    return rc;
}

static void refused(size_t offset, const void *bytes, size_t n, const char *part)
{
    cuvee_error err = {0};
    char *bad = cuvee__alloc_aligned(image.len);
    memcpy(bad, image.ptr, image.len);
    memcpy(bad + offset, bytes, n);
    assert_int_equal(open_image(bad, image.len, VOCAB_SIZE, &err), CUVEE_E_FORMAT);
    if (!strstr(err.msg, part)) fail_msg("'%s' should have '%s'", err.msg, part);
    cuvee__free(bad);
}

static void refused_u32(size_t offset, uint32_t value, const char *part)
{
    refused(offset, &value, sizeof value, part);
}

static void ids_are_the_same(void **state)
{
    (void)state;
    static const char words[] = "Ripe [MASK] unbelievable caf\xC3\xA9, \xE9\x85\x92!  [SEP]";
    const cuvee_text text = {words, sizeof words - 1, words, 9};
    struct tokenizer *t[2] = {NULL, NULL};
    int32_t ids[2][64], type_ids[2][64];
    struct encoding e[2];
    assert_int_equal(cuvee__tokenizer_open(SHIPPED, VOCAB_SIZE, &t[0], NULL), CUVEE_OK);
    assert_int_equal(cuvee__tokenizer_image_open(buffer_span(&image), VOCAB_SIZE, &t[1], NULL),
                     CUVEE_OK);
    assert_int_equal(cuvee__tokenizer_max_length(t[0]), cuvee__tokenizer_max_length(t[1]));
    assert_int_equal(cuvee__tokenizer_lowercases(t[0]), cuvee__tokenizer_lowercases(t[1]));
    assert_int_equal(cuvee__tokenizer_shows_type_ids(t[0]), cuvee__tokenizer_shows_type_ids(t[1]));
    for (size_t i = 0; i < 2; i++) {
        struct encoder *encoder;
        assert_int_equal(cuvee__encoder_create(t[i], &encoder, NULL), CUVEE_OK);
        assert_int_equal(cuvee__encode(encoder, &text, 64, CUVEE_TRUNCATE_RIGHT, ids[i],
                                       type_ids[i], &e[i]),
                         CUVEE_OK);
        cuvee__encoder_free(encoder);
    }
    assert_int_equal(e[0].n, e[1].n);
    assert_memory_equal(ids[0], ids[1], e[0].n * sizeof(int32_t));
    assert_memory_equal(type_ids[0], type_ids[1], e[0].n * sizeof(int32_t));
    /* Written from an image, it is the same image. */
    struct buffer again = {0};
    assert_int_equal(cuvee__tokenizer_image_write(t[1], &again, NULL), CUVEE_OK);
    assert_int_equal(again.len, image.len);
    assert_memory_equal(again.ptr, image.ptr, image.len);
    cuvee__buffer_deinit(&again);
    for (size_t i = 0; i < 2; i++) cuvee__tokenizer_close(t[i]);
}

static void wrong_numbers_are_refused(void **state)
{
    (void)state;
    const uint64_t zero = 0, huge = UINT64_MAX, odd_slots = count_at(N_SLOTS) - 1;
    refused_u32(PRETOKENIZER, 3, "pre-tokenizer");
    refused_u32(STEPS, 0x63636363, "normalizer");
    refused_u32(UNK_ID, VOCAB_SIZE, "vocabulary");
    refused_u32(UNK_ID, UINT32_MAX, "vocabulary");
    refused(MAX_CHARS, &zero, 8, "vocabulary");
    refused(MAX_CHARS, &huge, 8, "vocabulary");
    refused(LONGEST, &huge, 8, "vocabulary");
    for (size_t offset = N_SINGLE; offset < FIXED_BYTES; offset += 8)
        refused(offset, &huge, 8, "sizes do not add up");
    refused(N_SLOTS, &odd_slots, 8, "sizes do not add up");
    refused_u32(FIXED_BYTES, VOCAB_SIZE, "template");        /* id of the first part */
    refused_u32(FIXED_BYTES, (uint32_t)-3, "template");      /* neither text nor id */
    refused_u32(FIXED_BYTES + 4, 256, "template");           /* its type */
    refused_u32(added_at(), 5000, "added token");            /* longer than the text */
    refused_u32(added_at(), 0, "added token");
    refused_u32(added_at() + 4, VOCAB_SIZE, "added token");
    cuvee_error err;
    assert_int_equal(open_image(image.ptr, image.len, VOCAB_SIZE - 1, &err), CUVEE_E_FORMAT);
    for (size_t len = 0; len < image.len; len += len < 200 ? 1 : 50021)
        assert_int_equal(open_image(image.ptr, len, VOCAB_SIZE, &err), CUVEE_E_FORMAT);
}

/* A table without a free slot would keep a search going round for ever. */
static void a_full_hash_table_is_refused(void **state)
{
    (void)state;
    const size_t n = (size_t)count_at(N_SLOTS);
    int32_t *slots = cuvee__alloc_array(2 * n, sizeof *slots);
    for (size_t i = 0; i < n; i++) {
        slots[2 * i] = 1;
        slots[2 * i + 1] = 7;
    }
    refused(slots_at(), slots, 8 * n, "slots are taken");
    cuvee__free(slots);
    refused_u32(slots_at() + 4, VOCAB_SIZE, "slot 0 has id");
    refused_u32(slots_at() + 4, (uint32_t)-2, "slot 0 has id");
}

static void strings_outside_the_text_are_refused(void **state)
{
    (void)state;
    const size_t len = (size_t)count_at(TEXT_BYTES), entry = entries_at() + 8 * 1000;
    refused_u32(entry, (uint32_t)len, "id 1000");
    refused_u32(entry, UINT32_MAX, "id 1000");
    refused_u32(entry + 4, UINT32_MAX, "id 1000");
    refused_u32(entry + 4, 0, "id 1000"); /* does not end in NUL */
    refused(text_at(), "x", 1, "text");
    refused(text_at() + len - 1, "x", 1, "text");
    refused(text_at() + 1, "\xFF", 1, "text");
}

static int set_up(void **state)
{
    (void)state;
    struct tokenizer *t;
    if (cuvee__tokenizer_open(SHIPPED, VOCAB_SIZE, &t, NULL) < 0) return -1;
    const int rc = cuvee__tokenizer_image_write(t, &image, NULL);
    cuvee__tokenizer_close(t);
    return rc;
}

static int tear_down(void **state)
{
    (void)state;
    cuvee__buffer_deinit(&image);
    return cuvee__alloc_count() == cuvee__free_count() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_the_same),
        cmocka_unit_test(wrong_numbers_are_refused),
        cmocka_unit_test(a_full_hash_table_is_refused),
        cmocka_unit_test(strings_outside_the_text_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
