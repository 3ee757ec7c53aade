/* SPDX-License-Identifier: Apache-2.0 */
#include "packed_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "model/model.h"
#include "os/file.h"
#include "weights/packed_file.h"

#define MAX_TOKENS 512

size_t packed_test_logits(const cuvee_model *m, float *logits, size_t room)
{
    static const cuvee_text texts[] = {
        {.ptr = "Ripe red wine, long & lovely", .len = 28},
        {.ptr = "dull", .len = 4, .pair_ptr = "sour white wine \xC3\xA9", .pair_len = 18},
        {.ptr = ""},
        {.ptr = "the red and the white and the rose and the red and the white and the rose and "
                "the red of the white [MASK] and the rose and the rest",
         .len = 131},
    };
    const size_t n_labels = cuvee__model_n_labels(m), n_texts = sizeof texts / sizeof *texts;
    const size_t max_length =
        cuvee__model_max_length(m) < MAX_TOKENS ? cuvee__model_max_length(m) : MAX_TOKENS;
    struct kernels kernels;
    struct encoder *encoder;
    struct workspace *workspace;
    assert_true(n_texts * n_labels <= room);
    assert_int_equal(cuvee__kernels_choose(&kernels, NULL, NULL), CUVEE_OK);
    assert_int_equal(cuvee__encoder_create(cuvee__model_tokenizer(m), &encoder, NULL), CUVEE_OK);
    assert_int_equal(cuvee__workspace_create(m, max_length, 1, &workspace, NULL), CUVEE_OK);
    for (size_t i = 0; i < n_texts; i++) {
        int32_t ids[MAX_TOKENS], type_ids[MAX_TOKENS];
        struct encoding e;
        assert_int_equal(cuvee__encode(encoder, &texts[i], max_length, CUVEE_TRUNCATE_RIGHT, ids,
                                       type_ids, &e),
                         CUVEE_OK);
        const uint32_t starts[2] = {0, (uint32_t)e.n};
        const struct ragged_batch batch = {1, e.n, ids, type_ids, starts};
        cuvee__forward(m, &kernels, workspace, &batch, logits + i * n_labels);
    }
    cuvee__workspace_free(workspace);
    cuvee__encoder_free(encoder);
    return n_texts * n_labels;
}

unsigned char *packed_test_read(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    const long len = ftell(f);
    rewind(f);
    unsigned char *bytes = cuvee__alloc_aligned((size_t)len);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)len, f), (size_t)len);
    fclose(f);
    *ret_len = (size_t)len;
    return bytes;
}

void packed_test_write(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

void packed_test_fix_checksum(unsigned char *bytes, size_t len)
{
    struct packed_header *h = (void *)bytes;
    if (len < sizeof *h || h->table_offset > len || h->table_offset % 8 ||
        (len - h->table_offset) / sizeof(struct packed_section) < h->n_sections)
        return;
    const void *table = bytes + h->table_offset;
    cuvee__packed_table_sha256(h, table, h->table_sha256);
}

void packed_test_remove_directory(const char *dir)
{
    char path[600];
    DIR *d = opendir(dir);
    for (const struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        unlink(path);
    }
    if (d) closedir(d);
    rmdir(dir);
}

size_t packed_test_private_bytes(const char *path, size_t *ret_rss, size_t *ret_copied)
{
    char line[1024];
    size_t total = 0, kb;
    int counts = 0;
    FILE *f = fopen("/proc/self/smaps", "r");
    assert_non_null(f);
    *ret_rss = *ret_copied = 0;
    while (fgets(line, sizeof line, f)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) counts = strstr(line, path) != NULL;
        if (!counts) continue;
        if (sscanf(line, "Private_Clean: %zu kB", &kb) == 1) total += kb * 1024;
        if (sscanf(line, "Private_Dirty: %zu kB", &kb) == 1) *ret_copied += kb * 1024;
        if (sscanf(line, "Anonymous: %zu kB", &kb) == 1) *ret_copied += kb * 1024;
        if (sscanf(line, "Rss: %zu kB", &kb) == 1) *ret_rss += kb * 1024;
    }
    fclose(f);
    return total;
}
