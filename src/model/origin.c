/* SPDX-License-Identifier: Apache-2.0 */
#include "model/origin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/sha256.h"
#include "os/directory.h"

/* Largest of the small files, as their readers have it. */
#define MAX_SMALL_FILE ((size_t)64 << 20)

/* The files beside the weights that something reads. */
static const char *const small_files[] = {
    "added_tokens.json",       "config.json", "model.safetensors.index.json",
    "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
};

#define N_SMALL_FILES (sizeof small_files / sizeof *small_files)

/* As a line of sha256sum, so that `sha256sum FILES | sha256sum` gives the same. */
static void add_line(struct sha256 *sum, const char *hex, const char *name)
{
    cuvee__sha256_update(sum, hex, 64);
    cuvee__sha256_update(sum, "  ", 2);
    cuvee__sha256_update(sum, name, strlen(name));
    cuvee__sha256_update(sum, "\n", 1);
}

static int add_small_file(struct sha256 *sum, const char *dir, const char *name, cuvee_error *err)
{
    struct buffer path = {0}, text = {.cap_bytes = MAX_SMALL_FILE};
    int rc = cuvee__buffer_printf(&path, "%s/%s", dir, name);
    if (rc < 0) rc = cuvee__fail(err, rc, "%s: out of memory", dir);
    if (rc == CUVEE_OK && cuvee__file_exists(path.ptr)) {
        rc = cuvee__file_read(path.ptr, &text, err);
        if (rc == CUVEE_OK) {
            struct sha256 one;
            char hex[65];
            cuvee__sha256_init(&one);
            cuvee__sha256_update(&one, text.ptr, text.len);
            cuvee__sha256_final_hex(&one, hex);
            add_line(sum, hex, name);
        }
    }
    cuvee__buffer_deinit(&text);
    cuvee__buffer_deinit(&path);
    return rc;
}

int cuvee__origin_hash(const char *dir, const struct checkpoint *checkpoint,
                       struct packed_origin *ret, cuvee_error *err)
{
    struct sha256 sum;
    char hex[65];
    int rc = cuvee__checkpoint_sha256(checkpoint, hex, err);
    if (rc < 0) return rc;
    memcpy(ret->weights, hex, 64);
    cuvee__sha256_init(&sum);
    for (size_t i = 0; i < N_SMALL_FILES && rc == CUVEE_OK; i++)
        rc = add_small_file(&sum, dir, small_files[i], err);
    if (rc < 0) return rc;
    /* All shards as one, the way `cat model*.safetensors | sha256sum` names it. */
    add_line(&sum, hex, "-");
    cuvee__sha256_final_hex(&sum, hex);
    memcpy(ret->source, hex, 64);
    return CUVEE_OK;
}

/* Which shards count is known when the index is read; so all of them do. */
static bool may_count(const char *name)
{
    static const char suffix[] = ".safetensors";
    const size_t n = strlen(name), n_suffix = sizeof suffix - 1;
    if (n >= n_suffix && strcmp(name + n - n_suffix, suffix) == 0) return true;
    for (size_t i = 0; i < N_SMALL_FILES; i++)
        if (strcmp(name, small_files[i]) == 0) return true;
    return false;
}

int cuvee__origin_key(const char *dir, unsigned precision, struct packed_origin *ret,
                      cuvee_error *err)
{
    struct directory_list list;
    const int rc = cuvee__directory_list(dir, &list, err);
    if (rc < 0) return rc;
    struct sha256 sum;
    char text[160], hex[65];
    cuvee__sha256_init(&sum);
    int n = snprintf(text, sizeof text, "layout %d precision %u\n", CUVEE__PACKED_LAYOUT,
                     precision);
    cuvee__sha256_update(&sum, text, (size_t)n);
    for (size_t i = 0; i < list.n; i++) {
        const struct directory_entry *e = &list.entries[i];
        if (!may_count(e->name)) continue;
        n = snprintf(text, sizeof text,
                     "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 ".%" PRId64 " ", e->device,
                     e->inode, e->bytes, e->changed_s, e->changed_ns);
        cuvee__sha256_update(&sum, text, (size_t)n);
        cuvee__sha256_update(&sum, e->name, strlen(e->name) + 1);
    }
    cuvee__directory_list_deinit(&list);
    cuvee__sha256_final_hex(&sum, hex);
    memcpy(ret->key, hex, 64);
    return CUVEE_OK;
}
