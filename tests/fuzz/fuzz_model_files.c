/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole model directories of which one text file is wrong. The first byte of an input says which
 * (see `files`), the rest is its contents; all other files are as they should be. A model that
 * opens must also classify: what a file claims and what the weights are must have been compared
 * before. */
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cuvee/cuvee.h"
#include "fuzz.h"
#include "tiny_model.h"

static const struct {
    char letter;
    size_t dir;
    const char *name;
} files[] = {
    {'c', 0, "config.json"},    {'C', 1, "config.json"},
    {'t', 0, "tokenizer.json"}, {'k', 0, "tokenizer_config.json"},
    {'v', 1, "vocab.txt"},      {'s', 1, "special_tokens_map.json"},
    {'a', 1, "added_tokens.json"},
};

/* Made at the first input, removed at exit: [0] DistilBERT with tokenizer.json, [1] BERT with
 * vocab.txt. */
static char dirs[2][64];

static void remove_dirs(void)
{
    for (size_t i = 0; i < 2; i++) tiny_model_remove(dirs[i]);
}

static void make_dirs(void)
{
    const struct tiny_model shapes[2] = {{.family = "distilbert"},
                                         {.family = "bert", .no_tokenizer_json = true}};
    for (size_t i = 0; i < 2; i++) {
        snprintf(dirs[i], sizeof dirs[i], "%s", "/tmp/cuvee-fuzz-XXXXXX");
        HOLDS(mkdtemp(dirs[i]));
        HOLDS(tiny_model_write(dirs[i], &shapes[i]) == 0);
    }
    atexit(remove_dirs);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    HOLDS(f);
    HOLDS(fwrite(bytes, 1, len, f) == len);
    HOLDS(fclose(f) == 0);
}

static void classify(cuvee_model *model)
{
    static const char wine[] = "Ripe [MASK] red wine, \xF0\x9F\x8D\xB7 long";
    const cuvee_text text = {wine, sizeof wine - 1, wine, sizeof wine - 1};
    const cuvee_pool_options options = {.struct_size = sizeof options, .n_workers = 1};
    cuvee_pool *pool = NULL;
    cuvee_result *result = NULL;
    cuvee_error err = {.msg = ""};
    HOLDS(cuvee_pool_create(model, &options, &pool, &err) == CUVEE_OK);
    const int rc = cuvee_classify(pool, &text, 1, NULL, &result, &err);
    if (rc == CUVEE_OK) {
        const int32_t label = cuvee_result_labels(result)[0];
        HOLDS(label < (int32_t)cuvee_result_n_labels(result));
        HOLDS((label >= 0) == (cuvee_result_status(result)[0] == CUVEE_OK));
        cuvee_result_free(result);
    } else {
        HOLDS(err.msg[0]);
    }
    cuvee_pool_free(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (!dirs[0][0]) make_dirs();
    size_t i = 0;
    while (i < sizeof files / sizeof files[0] && (len == 0 || files[i].letter != (char)bytes[0]))
        i++;
    if (i == sizeof files / sizeof files[0]) return 0;

    char path[128], saved_path[160];
    snprintf(path, sizeof path, "%s/%s", dirs[files[i].dir], files[i].name);
    snprintf(saved_path, sizeof saved_path, "%s.saved", path);
    const int existed = rename(path, saved_path) == 0;
    write_file(path, bytes + 1, len - 1);

    cuvee_model *model = NULL;
    cuvee_error err = {.msg = ""};
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const int rc = cuvee_model_open(dirs[files[i].dir], NULL, &model, &err);
    if (rc == CUVEE_OK) {
        classify(model);
        cuvee_model_close(model);
    } else {
        HOLDS(err.code == rc && err.msg[0]);
        HOLDS(rc == CUVEE_E_FORMAT || rc == CUVEE_E_UNSUPPORTED || rc == CUVEE_E_LIMIT);
    }
    HOLDS(cuvee__alloc_count() - cuvee__free_count() == live);

    unlink(path);
    if (existed) HOLDS(rename(saved_path, path) == 0);
    return 0;
}
