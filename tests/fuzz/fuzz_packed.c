/* SPDX-License-Identifier: Apache-2.0
 *
 * Hostile packed files. An input is a list of edits to a good file that is packed when the target
 * starts, so the corpus outlives changes of the layout. An edit is 8 bytes:
 *
 *     what, where, offset (2), value (4)        little-endian
 *
 * what: 0 - 3 put 1, 2, 4, 8 bytes of the value, 4 cut the file there, 5 copy 64 bytes of the place
 * `value` over it, 6 copy another table entry over it. where: 0 the header, 1 the table, else a
 * section. The first byte of the input chooses the model (bit 0), its precision (bits 2 and up,
 * modulo 3) and whether the checksum is left alone (bit 1): else it is made good again, so that
 * what lies behind it is reached. A model that opens must also classify. */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "cuvee/cuvee.h"
#include "fuzz.h"
#include "tiny_model.h"
#include "weights/packed_file.h"

#define EDIT_BYTES 8

enum { N_SHAPES = 2, N_PRECISIONS = 3, N_GOOD = N_SHAPES * N_PRECISIONS };

static char path[64];
static struct {
    unsigned char *bytes;
    size_t len;
} good[N_GOOD]; /* at precision x N_SHAPES + shape */

static void remove_file(void)
{
    unlink(path);
    for (size_t i = 0; i < N_GOOD; i++) free(good[i].bytes);
}

static void read_good(size_t i)
{
    FILE *f = fopen(path, "rb");
    HOLDS(f && fseek(f, 0, SEEK_END) == 0);
    good[i].len = (size_t)ftell(f);
    good[i].bytes = malloc(good[i].len);
    rewind(f);
    HOLDS(good[i].bytes && fread(good[i].bytes, 1, good[i].len, f) == good[i].len);
    fclose(f);
}

static void make_good(void)
{
    static const struct tiny_model shapes[N_SHAPES] = {
        {.family = "distilbert"}, {.family = "bert", .dtype = "F16", .hidden_size = 32,
                                   .n_heads = 1, .n_labels = 4}};
    static const uint32_t precisions[N_PRECISIONS] = {CUVEE_PRECISION_F32, CUVEE_PRECISION_BF16,
                                                      CUVEE_PRECISION_INT8};
    for (size_t i = 0; i < N_GOOD; i++) {
        const cuvee_pack_options options = {.struct_size = sizeof options,
                                            .precision = precisions[i / N_SHAPES]};
        char dir[] = "/tmp/cuvee-fuzz-packed-XXXXXX";
        HOLDS(mkdtemp(dir));
        snprintf(path, sizeof path, "%s.cuvee", dir);
        HOLDS(tiny_model_write(dir, &shapes[i % N_SHAPES]) == 0);
        HOLDS(cuvee_model_pack(dir, path, &options, NULL) == CUVEE_OK);
        tiny_model_remove(dir);
        read_good(i);
        if (i + 1 < N_GOOD) unlink(path);
    }
    atexit(remove_file);
}

/* The part of the good file that `where` means. */
static unsigned char *region(unsigned char *bytes, unsigned where, size_t *ret_len)
{
    struct packed_header h;
    memcpy(&h, bytes, sizeof h);
    *ret_len = sizeof h;
    if (where == 0) return bytes;
    unsigned char *table = bytes + h.table_offset;
    *ret_len = h.n_sections * sizeof(struct packed_section);
    if (where == 1) return table;
    struct packed_section s;
    memcpy(&s, table + (where - 2) % h.n_sections * sizeof s, sizeof s);
    *ret_len = (size_t)s.bytes;
    return bytes + s.offset;
}

/* `original` is not edited: places stay where they were. */
static void edit(unsigned char *bytes, size_t *len, unsigned char *original,
                 const unsigned char *e)
{
    size_t room;
    const size_t at = (size_t)(region(original, e[1], &room) - original);
    if (room == 0) return;
    const size_t from = cuvee__load_le16(e + 2) % room, left = room - from;
    const uint64_t value = (uint64_t)(int64_t)(int32_t)cuvee__load_le32(e + 4);
    unsigned char *to = bytes + at + from;
    switch (e[0] % 7) {
    case 4:
        *len = cuvee__min(*len, at + from);
        break;
    case 5: {
        const size_t n = cuvee__min(left, 64);
        memmove(to, bytes + value % (at + from + 1), n);
        break;
    }
    case 6: {
        unsigned char *table = region(original, 1, &room);
        const size_t n = room / sizeof(struct packed_section);
        memcpy(bytes + (table - original) + from % n * 64, table + value % n * 64, 64);
        break;
    }
    default:
        memcpy(to, &value, cuvee__min(left, (size_t)1 << e[0] % 7));
    }
}

static void fix_checksum(unsigned char *bytes, size_t len)
{
    struct packed_header h;
    if (len < sizeof h) return;
    memcpy(&h, bytes, sizeof h);
    if (h.table_offset > len || h.n_sections > (len - h.table_offset) / 64) return;
    cuvee__packed_table_sha256(&h, (const void *)(bytes + h.table_offset), h.table_sha256);
    memcpy(bytes, &h, sizeof h);
}

static void classify(cuvee_model *model)
{
    static const char wine[] = "Ripe [MASK] red wine, \xF0\x9F\x8D\xB7 caf\xC3\xA9 unlovely";
    const cuvee_text text = {wine, sizeof wine - 1, wine, sizeof wine - 1};
    const cuvee_pool_options options = {.struct_size = sizeof options, .n_workers = 1};
    cuvee_model_info info = CUVEE_OPTIONS(cuvee_model_info);
    cuvee_pool *pool = NULL;
    cuvee_result *result = NULL;
    cuvee_tokens *tokens = NULL;
    HOLDS(cuvee_model_describe(model, &info, NULL) == CUVEE_OK);
    for (size_t i = 0; i < info.n_labels; i++) HOLDS(strlen(cuvee_model_label(model, i)) < 65536);
    if (cuvee_tokenize(model, &text, NULL, &tokens, NULL) == CUVEE_OK) {
        for (size_t i = 0; i < tokens->n; i++) HOLDS(tokens->ids[i] >= 0);
        cuvee_tokens_free(tokens);
    }
    const int rc = cuvee_pool_create(model, &options, &pool, NULL);
    if (rc == CUVEE_OK && cuvee_classify(pool, &text, 1, NULL, &result, NULL) == CUVEE_OK) {
        HOLDS(cuvee_result_labels(result)[0] < (int32_t)info.n_labels);
        cuvee_result_free(result);
    }
    cuvee_pool_free(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    if (!good[0].bytes) make_good();
    if (input_len == 0) return 0;
    const unsigned which = (input[0] >> 2) % N_PRECISIONS * N_SHAPES + (input[0] & 1);
    size_t len = good[which].len;
    unsigned char *bytes = malloc(len);
    if (!bytes) return 0;
    memcpy(bytes, good[which].bytes, len);
    for (size_t i = 1; i + EDIT_BYTES <= input_len; i += EDIT_BYTES)
        edit(bytes, &len, good[which].bytes, input + i);
    if (!(input[0] & 2)) fix_checksum(bytes, len);
    unlink(path); /* some file systems write a file that is made anew in place at once */
    FILE *f = fopen(path, "wb");
    HOLDS(f && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
    free(bytes);

    cuvee_model *model = NULL;
    cuvee_error err = {.msg = ""};
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const int rc = cuvee_model_open(path, NULL, &model, &err);
    HOLDS(rc == CUVEE_OK || input_len > EDIT_BYTES); /* a good file opens */
    if (rc == CUVEE_OK) {
        classify(model);
        cuvee_model_close(model);
    } else {
        HOLDS(err.code == rc && strstr(err.msg, path));
        HOLDS(rc == CUVEE_E_FORMAT || rc == CUVEE_E_UNSUPPORTED || rc == CUVEE_E_LIMIT);
    }
    HOLDS(cuvee__alloc_count() - cuvee__free_count() == live);
    return 0;
}
