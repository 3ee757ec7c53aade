/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed files: the same bits as from the directory, what is shared and what is not, and files that
 * are not what they say. The cache is tested in test_cache.c, hostile files also in
 * tests/fuzz/fuzz_packed.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "model/model.h"
#include "model/model_parts.h"
#include "packed_test.h"
#include "tiny_model.h"
#include "weights/packed_file.h"

#define SHIPPED SOURCE_DIR "/models/sentiment-en"
#define GOLDEN  SOURCE_DIR "/tests/golden/models"

static char dir[] = "/tmp/cuvee-packed-XXXXXX"; /* of a tiny model */
static char file[64];                           /* packed from it, or from another */

static void pack(const char *from, unsigned precision)
{
    const cuvee_pack_options options = {.struct_size = sizeof options, .precision = precision};
    cuvee_error err = {0};
    if (cuvee_model_pack(from, file, &options, &err) < 0) fail_msg("%s", err.msg);
}

static cuvee_model *open_packed(unsigned precision)
{
    const cuvee_model_options options = {.struct_size = sizeof options, .precision = precision};
    cuvee_model *m = NULL;
    cuvee_error err = {0};
    if (cuvee_model_open(file, &options, &m, &err) < 0) fail_msg("%s", err.msg);
    return m;
}

/* ---- the same ---- */

static void same_as_directory(const char *from, unsigned precision)
{
    const cuvee_model_options in_memory = {
        .struct_size = sizeof in_memory, .precision = precision, .flags = CUVEE_MODEL_NO_CACHE};
    float logits[2][64];
    size_t n[2];
    cuvee_model *m[2] = {NULL, NULL};
    char hex[2][65];
    cuvee_error err = {0};
    pack(from, precision);
    m[0] = open_packed(CUVEE_PRECISION_DEFAULT);
    if (cuvee_model_open(from, &in_memory, &m[1], &err) < 0) fail_msg("%s: %s", from, err.msg);
    for (size_t i = 0; i < 2; i++) {
        n[i] = packed_test_logits(m[i], logits[i], 64);
        assert_int_equal(cuvee_model_sha256(m[i], hex[i], NULL), CUVEE_OK);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(logits[0], logits[1], n[0] * sizeof(float));
    assert_string_equal(hex[0], hex[1]);

    cuvee_model_info info[2] = {CUVEE_OPTIONS(cuvee_model_info), CUVEE_OPTIONS(cuvee_model_info)};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(cuvee_model_describe(m[i], &info[i], NULL), CUVEE_OK);
    assert_string_equal(info[0].packed_path, file);
    assert_null(info[1].packed_path);
    assert_int_equal(strlen(info[0].source_sha256), 64);
    assert_null(info[1].source_sha256);
    assert_null(info[0].cache_note);
    assert_string_equal(info[0].precision, info[1].precision);
    assert_string_equal(info[0].weights_dtype, info[1].weights_dtype);
    assert_string_equal(info[0].activation, info[1].activation);
    assert_int_equal(info[0].n_parameters, info[1].n_parameters);
    assert_int_equal(info[0].weights_file_bytes, info[1].weights_file_bytes);
    assert_int_equal(info[0].max_length, info[1].max_length);
    for (size_t i = 0; i < info[0].n_labels; i++)
        assert_string_equal(cuvee_model_label(m[0], i), cuvee_model_label(m[1], i));
    assert_int_equal(cuvee_model_verify(file, &err), CUVEE_OK);
    for (size_t i = 0; i < 2; i++) cuvee_model_close(m[i]);
}

static void packed_files_give_the_same_bits(void **state)
{
    (void)state;
    static const char *const models[] = {
        "distilbert-1layer", "distilbert-16heads", "distilbert-1label", "distilbert-sinusoidal",
        "distilbert-long",   "bert-7labels",       "bert-shards",       "bert-gelu-new",
        "bert-regression",   "bert-f64",           "bert-wide",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char from[512];
        snprintf(from, sizeof from, GOLDEN "/%s", models[i]);
        same_as_directory(from, CUVEE_PRECISION_F32);
        same_as_directory(from, CUVEE_PRECISION_BF16);
        same_as_directory(from, CUVEE_PRECISION_INT8);
    }
    same_as_directory(SHIPPED, CUVEE_PRECISION_F32);
}

static void packing_twice_gives_the_same_file(void **state)
{
    (void)state;
    size_t len[2];
    unsigned char *bytes[2];
    for (size_t i = 0; i < 2; i++) {
        pack(GOLDEN "/bert-shards", CUVEE_PRECISION_F32);
        bytes[i] = packed_test_read(file, &len[i]);
    }
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(bytes[0], bytes[1], len[0]);
    cuvee__free(bytes[0]);
    cuvee__free(bytes[1]);
}

/* Every id's string, and the ids of a text with all kinds of tokens. */
static void tokenizers_are_the_same(void **state)
{
    (void)state;
    static const char words[] = "Ripe  [MASK] wine[SEP], caf\xC3\xA9 \xE9\x85\x92 unbelievable!";
    const cuvee_text text = {words, sizeof words - 1, words, 20};
    cuvee_model *m[2];
    cuvee_tokens *tokens[2];
    pack(SHIPPED, CUVEE_PRECISION_F32);
    m[0] = open_packed(CUVEE_PRECISION_F32);
    assert_int_equal(cuvee__model_open(SHIPPED, &m[1], NULL), CUVEE_OK);
    for (int32_t id = -1; id < 30524; id++)
        assert_string_equal(cuvee__tokenizer_string(cuvee__model_tokenizer(m[0]), id),
                            cuvee__tokenizer_string(cuvee__model_tokenizer(m[1]), id));
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(cuvee_tokenize(m[i], &text, NULL, &tokens[i], NULL), CUVEE_OK);
    assert_int_equal(tokens[0]->n, tokens[1]->n);
    assert_memory_equal(tokens[0]->ids, tokens[1]->ids, tokens[0]->n * sizeof(int32_t));
    for (size_t i = 0; i < 2; i++) {
        cuvee_tokens_free(tokens[i]);
        cuvee_model_close(m[i]);
    }
}

/* ---- what is shared ---- */

static void weights_are_shared(void **state)
{
    (void)state;
    float logits[64];
    size_t rss, copied;
    pack(SHIPPED, CUVEE_PRECISION_F32);
    const uint64_t blocks = cuvee__alloc_count() - cuvee__free_count();
    cuvee_model *m = open_packed(CUVEE_PRECISION_F32);
    /* Layers, labels, paths, added tokens: a few blocks, whatever the size of the model. */
    assert_true(cuvee__alloc_count() - cuvee__free_count() < blocks + 20);
    packed_test_logits(m, logits, 64);
    /* A second process that has all of it mapped, too, makes the pages shared ones. */
    int ready[2], done[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    const pid_t child = fork();
    if (child == 0) {
        cuvee_model *own = NULL;
        if (cuvee_model_open(file, NULL, &own, NULL) < 0) _exit(1);
        packed_test_logits(own, logits, 64);
        close(done[1]);
        if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 0) _exit(2);
        _exit(0);
    }
    close(ready[1]); /* a child that dies ends the read below */
    close(done[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    const size_t unshared = packed_test_private_bytes(file, &rss, &copied);
    close(done[1]);
    close(ready[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(copied, 0);
    assert_true(rss > 40000000); /* the pass has touched it */
    /* Pages that only one of the two has looked at yet: they are page cache all the same. */
    assert_true(unshared < 2000000);
    cuvee_model_close(m);
}

/* ---- what is refused ---- */

static void refused(int code, const char *part)
{
    cuvee_model *m = NULL;
    cuvee_error err = {0};
    assert_int_equal(cuvee_model_open(file, NULL, &m, &err), code);
    assert_null(m);
    if (!strstr(err.msg, part) || !strstr(err.msg, file))
        fail_msg("'%s' should name the file and have '%s'", err.msg, part);
}

/* Change n bytes of the good file at an offset; with the checksum made good again, or not. */
static void refused_with(const unsigned char *good, size_t len, size_t offset, const void *bytes,
                         size_t n, bool fix, int code, const char *part)
{
    unsigned char *bad = cuvee__alloc_aligned(len);
    memcpy(bad, good, len);
    memcpy(bad + offset, bytes, n);
    if (fix) packed_test_fix_checksum(bad, len);
    packed_test_write(file, bad, len);
    refused(code, part);
    cuvee__free(bad);
}

#define HEADER_AT(field) offsetof(struct packed_header, field)

static void damaged_headers_are_refused(void **state)
{
    (void)state;
    size_t len;
    pack(dir, CUVEE_PRECISION_F32);
    unsigned char *good = packed_test_read(file, &len);
    const struct packed_header *h = (const void *)good;
    const uint32_t swapped = 0x04030201, layout = CUVEE__PACKED_LAYOUT + 1, nine = 9;
    const uint64_t far = h->file_bytes * 2;
    refused_with(good, len, 0, "x", 1, false, CUVEE_E_FORMAT, "no packed model");
    refused_with(good, len, HEADER_AT(byte_order), &swapped, 4, true, CUVEE_E_UNSUPPORTED,
                 "byte order");
    refused_with(good, len, HEADER_AT(layout), &layout, 4, true, CUVEE_E_UNSUPPORTED, "layout");
    refused_with(good, len, HEADER_AT(precision), &nine, 4, true, CUVEE_E_FORMAT, "precision");
    refused_with(good, len, HEADER_AT(file_bytes), &far, 8, true, CUVEE_E_FORMAT, "truncated");
    refused_with(good, len, HEADER_AT(table_offset), &far, 8, true, CUVEE_E_FORMAT, "do not fit");
    refused_with(good, len, HEADER_AT(n_sections), &nine, 4, true, CUVEE_E_FORMAT, "do not fit");
    refused_with(good, len, HEADER_AT(origin), "0", 1, false, CUVEE_E_FORMAT, "checksum");
    for (size_t cut = 0; cut < len; cut += cut < 1024 ? 7 : 977) {
        packed_test_write(file, good, cut);
        refused(CUVEE_E_FORMAT, cut < 8 ? "no packed model" : cut < 512 ? "header" : "truncated");
    }
    cuvee__free(good);
}

static void damaged_tables_are_refused(void **state)
{
    (void)state;
    size_t len;
    pack(dir, CUVEE_PRECISION_F32);
    unsigned char *good = packed_test_read(file, &len);
    const struct packed_header *h = (const void *)good;
    const size_t second = (size_t)h->table_offset + sizeof(struct packed_section);
    const uint64_t zero = 0, odd = 513, huge = UINT64_MAX;
    const uint32_t nine = 99;
    const size_t offset_at = second + offsetof(struct packed_section, offset);
    const size_t bytes_at = second + offsetof(struct packed_section, bytes);
    refused_with(good, len, offset_at, &zero, 8, true, CUVEE_E_FORMAT, "lies outside");
    refused_with(good, len, offset_at, &odd, 8, true, CUVEE_E_FORMAT, "lies outside");
    refused_with(good, len, offset_at, &huge, 8, true, CUVEE_E_FORMAT, "lies outside");
    refused_with(good, len, bytes_at, &huge, 8, true, CUVEE_E_FORMAT, "over another");
    refused_with(good, len, bytes_at, &zero, 8, true, CUVEE_E_FORMAT, "wrong type or size");
    refused_with(good, len, second, &nine, 4, true, CUVEE_E_FORMAT, "not what");
    refused_with(good, len, second + offsetof(struct packed_section, type), &nine, 4, true,
                 CUVEE_E_FORMAT, "wrong type");
    refused_with(good, len, bytes_at, &zero, 8, false, CUVEE_E_FORMAT, "checksum");
    cuvee__free(good);
}

static void verify_finds_a_changed_weight(void **state)
{
    (void)state;
    size_t len;
    cuvee_error err = {0};
    pack(dir, CUVEE_PRECISION_F32);
    unsigned char *bytes = packed_test_read(file, &len);
    const struct packed_header *h = (const void *)bytes;
    const struct packed_section *table = (const void *)(bytes + h->table_offset);
    bytes[table[1].offset + 3] ^= 1;
    packed_test_write(file, bytes, len);
    cuvee_model_close(open_packed(CUVEE_PRECISION_DEFAULT)); /* does not read the weights */
    assert_int_equal(cuvee_model_verify(file, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "damaged"));
    assert_int_equal(cuvee_model_verify(dir, &err), CUVEE_E_FORMAT);
    cuvee__free(bytes);
}

static void another_precision_is_refused(void **state)
{
    (void)state;
    const cuvee_model_options options = {
        .struct_size = sizeof options, .precision = CUVEE_PRECISION_BF16};
    cuvee_model *m = NULL;
    cuvee_error err = {0};
    pack(dir, CUVEE_PRECISION_F32);
    assert_int_equal(cuvee_model_open(file, &options, &m, &err), CUVEE_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "packed as f32, bf16 was asked for"));
}

static void packing_leaves_nothing_half(void **state)
{
    (void)state;
    cuvee_error err = {0};
    size_t len[2];
    pack(dir, CUVEE_PRECISION_F32);
    unsigned char *before = packed_test_read(file, &len[0]);
    assert_int_equal(cuvee_model_pack("/nonexistent", file, NULL, &err), CUVEE_E_IO);
    assert_int_equal(cuvee_model_pack(file, file, NULL, &err), CUVEE_E_UNSUPPORTED);
    assert_int_equal(cuvee_model_pack(dir, "/nonexistent/x.cuvee", NULL, &err), CUVEE_E_IO);
    assert_non_null(strstr(err.msg, "/nonexistent/x.cuvee"));
    assert_int_equal(cuvee_model_pack(NULL, file, NULL, &err), CUVEE_E_ARGUMENT);
    assert_int_equal(cuvee_model_pack(dir, "", NULL, &err), CUVEE_E_ARGUMENT);
    unsigned char *after = packed_test_read(file, &len[1]);
    assert_int_equal(len[0], len[1]);
    assert_memory_equal(before, after, len[0]);
    cuvee__free(before);
    cuvee__free(after);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(dir)) return -1;
    snprintf(file, sizeof file, "%s.cuvee", dir);
    return tiny_model_write(dir, &(struct tiny_model){.family = "bert", .n_layers = 2});
}

static int tear_down(void **state)
{
    (void)state;
    tiny_model_remove(dir);
    unlink(file);
    return cuvee__alloc_count() == cuvee__free_count() ? 0 : -1;
}

struct steps {
    size_t n, total;
};

static void count_step(void *user, size_t done, size_t total)
{
    struct steps *s = user;
    assert_int_equal(done, s->n++); /* 0, 1, .. */
    s->total = total;
}

static void packing_says_how_far_it_is(void **state)
{
    (void)state;
    struct steps packed = {0}, opened = {0}, mapped = {0};
    const cuvee_pack_options pack = {.struct_size = sizeof pack,
                                     .precision = CUVEE_PRECISION_INT8,
                                     .on_pack = count_step,
                                     .on_pack_user = &packed};
    cuvee_model_options open = {.struct_size = sizeof open,
                                .flags = CUVEE_MODEL_NO_CACHE,
                                .on_pack = count_step,
                                .on_pack_user = &opened};
    cuvee_model *m;
    assert_int_equal(cuvee_model_pack(dir, file, &pack, NULL), CUVEE_OK);
    assert_true(packed.total > 0);
    assert_int_equal(packed.n, packed.total + 1);
    assert_int_equal(cuvee_model_open(dir, &open, &m, NULL), CUVEE_OK);
    cuvee_model_close(m);
    assert_int_equal(opened.n, packed.n);
    open.on_pack_user = &mapped;
    assert_int_equal(cuvee_model_open(file, &open, &m, NULL), CUVEE_OK);
    cuvee_model_close(m);
    assert_int_equal(mapped.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_files_give_the_same_bits),
        cmocka_unit_test(packing_twice_gives_the_same_file),
        cmocka_unit_test(tokenizers_are_the_same),
        cmocka_unit_test(weights_are_shared),
        cmocka_unit_test(damaged_headers_are_refused),
        cmocka_unit_test(damaged_tables_are_refused),
        cmocka_unit_test(verify_finds_a_changed_weight),
        cmocka_unit_test(another_precision_is_refused),
        cmocka_unit_test(packing_leaves_nothing_half),
        cmocka_unit_test(packing_says_how_far_it_is),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
