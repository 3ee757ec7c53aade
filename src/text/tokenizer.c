/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a tokenizer from the files of a model directory, and questions about it. */
#include "text/tokenizer.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "os/file.h"
#include "text/json_fields.h"
#include "text/pipeline.h"

/* Above this, model_max_length is one of the values that stand for "no limit" (1e30, 1e20). */
#define NO_LIMIT 1e9

/* The files of a directory that may count; NULL and empty where one is absent. */
struct model_files {
    struct buffer vocab;
    json_t *tokenizer_json, *config, *special_map, *added;
};

static char *path_in(const char *dir, const char *name)
{
    struct buffer path = {0};
    if (cuvee__buffer_printf(&path, "%s/%s", dir, name) < 0) cuvee__buffer_deinit(&path);
    return path.ptr;
}

/* Read a file of the directory; one that does not exist leaves *out empty with a NULL pointer. */
static int read_optional(const char *path, struct buffer *out, cuvee_error *err)
{
    out->cap_bytes = CUVEE__MAX_TOKENIZER_FILE;
    return cuvee__file_exists(path) ? cuvee__file_read(path, out, err) : CUVEE_OK;
}

static int read_json(const char *dir, const char *name,
                     int (*parse)(struct span, const char *, json_t **, cuvee_error *),
                     json_t **ret, cuvee_error *err)
{
    struct buffer text = {0};
    char *path = path_in(dir, name);
    if (!path) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", name);
    int rc = read_optional(path, &text, err);
    if (rc == CUVEE_OK && text.ptr) rc = parse(buffer_span(&text), path, ret, err);
    cuvee__buffer_deinit(&text);
    cuvee__free(path);
    return rc;
}

static int read_vocab(const char *dir, struct buffer *out, cuvee_error *err)
{
    char *path = path_in(dir, "vocab.txt");
    if (!path) return cuvee__fail(err, CUVEE_E_NOMEM, "vocab.txt: out of memory");
    int rc = read_optional(path, out, err);
    if (rc == CUVEE_OK && !out->ptr)
        rc = cuvee__fail(err, CUVEE_E_FORMAT, "%s: neither tokenizer.json nor vocab.txt", dir);
    cuvee__free(path);
    return rc;
}

static int read_files(const char *dir, struct model_files *f, cuvee_error *err)
{
    int rc = read_json(dir, "tokenizer.json", cuvee__json_parse, &f->tokenizer_json, err);
    if (rc == CUVEE_OK)
        rc = read_json(dir, "tokenizer_config.json", cuvee__json_parse_as_reals, &f->config, err);
    if (rc < 0 || f->tokenizer_json) return rc;
    rc = read_vocab(dir, &f->vocab, err);
    if (rc == CUVEE_OK)
        rc = read_json(dir, "special_tokens_map.json", cuvee__json_parse, &f->special_map, err);
    if (rc == CUVEE_OK) rc = read_json(dir, "added_tokens.json", cuvee__json_parse, &f->added, err);
    return rc;
}

static void free_files(struct model_files *f)
{
    cuvee__buffer_deinit(&f->vocab);
    json_decref(f->tokenizer_json);
    json_decref(f->config);
    json_decref(f->special_map);
    json_decref(f->added);
}

static int read_max_length(const json_t *config, size_t *ret, cuvee_error *err)
{
    static const char key[] = "model_max_length", file[] = "tokenizer_config.json:";
    if (config && !json_is_object(config))
        return cuvee__field_wrong(config, file, "document", "an object", err);
    const json_t *value = json_object_get(config, key);
    if (!value || json_is_null(value)) return CUVEE_OK;
    if (!json_is_real(value)) return cuvee__field_wrong(value, file, key, "a number", err);
    const double length = json_real_value(value);
    if (length > NO_LIMIT) return CUVEE_OK;
    if (length < 1 || length != floor(length))
        return cuvee__fail(err, CUVEE_E_FORMAT, "%s %s is %g", file, key, length);
    *ret = (size_t)length;
    return CUVEE_OK;
}

/* As Transformers 5.24: a class that is not in the list inherits BERT's input names. */
static bool class_shows_type_ids(const char *name)
{
    static const char *const without[] = {"DistilBertTokenizer", "DistilBertTokenizerFast",
                                          "PreTrainedTokenizerFast", "TokenizersBackend"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        if (strcmp(name, without[i]) == 0) return false;
    return true;
}

static int read_shows_type_ids(const json_t *config, bool *ret, cuvee_error *err)
{
    static const char names_key[] = "model_input_names", class_key[] = "tokenizer_class";
    static const char file[] = "tokenizer_config.json:";
    if (cuvee__field_present(config, names_key)) {
        json_t *names;
        const int rc = cuvee__field_array(config, file, names_key, &names, err);
        if (rc < 0) return rc;
        *ret = false;
        for (size_t i = 0; i < json_array_size(names); i++) {
            const char *name = json_string_value(json_array_get(names, i));
            if (!name)
                return cuvee__field_wrong(json_array_get(names, i), file, names_key,
                                          "a list of strings", err);
            *ret = *ret || strcmp(name, "token_type_ids") == 0;
        }
    } else if (cuvee__field_present(config, class_key)) {
        struct span name;
        const int rc = cuvee__field_string(config, file, class_key, &name, err);
        if (rc < 0) return rc;
        *ret = class_shows_type_ids(name.ptr);
    }
    return CUVEE_OK;
}

static int fill(struct tokenizer *t, const char *dir, struct model_files *f, size_t vocab_size,
                cuvee_error *err)
{
    int rc = read_max_length(f->config, &t->max_length, err);
    if (rc == CUVEE_OK) rc = read_shows_type_ids(f->config, &t->shows_type_ids, err);
    if (rc == CUVEE_OK && f->tokenizer_json) {
        rc = cuvee__pipeline_from_json(t, f->tokenizer_json, vocab_size, err);
        if (rc < 0) cuvee__error_prefix(err, "tokenizer.json");
    } else if (rc == CUVEE_OK) {
        rc = cuvee__pipeline_from_vocab(t, buffer_span(&f->vocab), f->config, f->special_map,
                                        f->added, vocab_size, err);
    }
    if (rc < 0) cuvee__error_prefix(err, "%s", dir);
    return rc;
}

static int create(size_t vocab_size, struct tokenizer **ret, cuvee_error *err)
{
    if (vocab_size == 0)
        return cuvee__fail(err, CUVEE_E_ARGUMENT, "tokenizer for a model without rows");
    *ret = cuvee__calloc(1, sizeof **ret);
    if (!*ret) return cuvee__fail(err, CUVEE_E_NOMEM, "tokenizer: out of memory");
    (*ret)->shows_type_ids = true;
    return CUVEE_OK;
}

int cuvee__tokenizer_open(const char *dir, size_t vocab_size, struct tokenizer **ret_tokenizer,
                          cuvee_error *err)
{
    struct model_files files = {0};
    struct tokenizer *t = NULL;
    int rc = create(vocab_size, &t, err);
    if (rc == CUVEE_OK) rc = read_files(dir, &files, err);
    if (rc == CUVEE_OK) rc = fill(t, dir, &files, vocab_size, err);
    free_files(&files);
    if (rc < 0) {
        cuvee__tokenizer_close(t);
        return rc;
    }
    *ret_tokenizer = t;
    return CUVEE_OK;
}

int cuvee__tokenizer_open_json(struct span text, const char *name, size_t vocab_size,
                               struct tokenizer **ret_tokenizer, cuvee_error *err)
{
    struct tokenizer *t = NULL;
    json_t *root = NULL;
    int rc = create(vocab_size, &t, err);
    if (rc == CUVEE_OK) rc = cuvee__json_parse(text, name, &root, err);
    if (rc == CUVEE_OK) {
        rc = cuvee__pipeline_from_json(t, root, vocab_size, err);
        if (rc < 0) cuvee__error_prefix(err, "%s", name);
    }
    json_decref(root);
    if (rc < 0) {
        cuvee__tokenizer_close(t);
        return rc;
    }
    *ret_tokenizer = t;
    return CUVEE_OK;
}

void cuvee__tokenizer_close(struct tokenizer *t)
{
    if (!t) return;
    cuvee__added_tokens_deinit(&t->added);
    cuvee__wordpiece_deinit(&t->wordpiece);
    cuvee__free(t);
}

const char *cuvee__tokenizer_kind(const struct tokenizer *t)
{
    (void)t;
    return "wordpiece";
}

bool cuvee__tokenizer_lowercases(const struct tokenizer *t)
{
    return cuvee__normalizer_lowercases(&t->normalizer);
}

size_t cuvee__tokenizer_max_length(const struct tokenizer *t)
{
    return t->max_length;
}

bool cuvee__tokenizer_shows_type_ids(const struct tokenizer *t)
{
    return t->shows_type_ids;
}

size_t cuvee__tokenizer_n_special(const struct tokenizer *t, bool pair)
{
    return pair ? t->pair.n_special : t->single.n_special;
}

const char *cuvee__tokenizer_string(const struct tokenizer *t, int32_t id)
{
    return cuvee__vocabulary_string(&t->wordpiece.vocabulary, id);
}
