/* SPDX-License-Identifier: Apache-2.0
 *
 * See tiny_model.h. Weights come from a xorshift generator, so a seed always gives the same bytes.
 * A tensor is declared once, by put_tensor(): that adds its header entry and its data to the
 * current shard. */
#define _POSIX_C_SOURCE 200809L
#include "tiny_model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- vocabulary ---- */

static const char *const special[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
static const char *const words[] = {"wine",  "red",    "white", "ripe", "lovely", "dull",
                                    "fruit", "with",   "and",   "the",  "of",     "##ing",
                                    "##ed",  "##ness", "long",  "sour"};
static const char punctuation[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define N_SPECIAL COUNT(special)
#define N_WORDS COUNT(words)
#define N_PUNCTUATION (sizeof punctuation - 1)
#define N_ALNUM 36 /* a-z, 0-9; each once as a start and once as a continuation */

size_t tiny_model_vocab_size(void)
{
    return N_SPECIAL + N_WORDS + N_PUNCTUATION + 2 * N_ALNUM;
}

static void vocab_entry(size_t id, char out[16])
{
    if (id < N_SPECIAL) {
        snprintf(out, 16, "%s", special[id]);
    } else if ((id -= N_SPECIAL) < N_WORDS) {
        snprintf(out, 16, "%s", words[id]);
    } else if ((id -= N_WORDS) < N_PUNCTUATION) {
        snprintf(out, 16, "%c", punctuation[id]);
    } else {
        id -= N_PUNCTUATION;
        const char c = "abcdefghijklmnopqrstuvwxyz0123456789"[id % N_ALNUM];
        snprintf(out, 16, "%s%c", id < N_ALNUM ? "" : "##", c);
    }
}

/* ---- files ---- */

static FILE *create(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f) fprintf(stderr, "tiny_model: %s: %s\n", path, strerror(errno));
    return f;
}

static int finish(FILE *f)
{
    const int failed = ferror(f);
    return fclose(f) == 0 && !failed ? 0 : -1;
}

static int write_vocab(const char *dir)
{
    FILE *f = create(dir, "vocab.txt");
    if (!f) return -1;
    for (size_t id = 0; id < tiny_model_vocab_size(); id++) {
        char entry[16];
        vocab_entry(id, entry);
        fprintf(f, "%s\n", entry);
    }
    return finish(f);
}

static int write_tokenizer_config(const char *dir, const struct tiny_model *m)
{
    FILE *f = create(dir, "tokenizer_config.json");
    if (!f) return -1;
    fprintf(f,
            "{\"do_lower_case\": true, \"unk_token\": \"[UNK]\", \"sep_token\": \"[SEP]\", "
            "\"pad_token\": \"[PAD]\", \"cls_token\": \"[CLS]\", \"mask_token\": \"[MASK]\", "
            "\"model_max_length\": %zu, \"tokenizer_class\": \"%s\"}\n",
            m->max_positions, m->family[0] == 'b' ? "BertTokenizer" : "DistilBertTokenizer");
    return finish(f);
}

static int write_tokenizer_json(const char *dir)
{
    FILE *f = create(dir, "tokenizer.json");
    if (!f) return -1;
    fputs("{\"version\": \"1.0\", \"truncation\": null, \"padding\": null,\n\"added_tokens\": [",
          f);
    for (size_t id = 0; id < N_SPECIAL; id++)
        fprintf(f,
                "%s\n{\"id\": %zu, \"content\": \"%s\", \"single_word\": false, \"lstrip\": false, "
                "\"rstrip\": false, \"normalized\": false, \"special\": true}",
                id ? "," : "", id, special[id]);
    fputs("],\n\"normalizer\": {\"type\": \"BertNormalizer\", \"clean_text\": true, "
          "\"handle_chinese_chars\": true, \"strip_accents\": null, \"lowercase\": true},\n"
          "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"},\n"
          "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": ["
          "{\"SpecialToken\": {\"id\": \"[CLS]\", \"type_id\": 0}}, "
          "{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, "
          "{\"SpecialToken\": {\"id\": \"[SEP]\", \"type_id\": 0}}],\n\"pair\": ["
          "{\"SpecialToken\": {\"id\": \"[CLS]\", \"type_id\": 0}}, "
          "{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, "
          "{\"SpecialToken\": {\"id\": \"[SEP]\", \"type_id\": 0}}, "
          "{\"Sequence\": {\"id\": \"B\", \"type_id\": 1}}, "
          "{\"SpecialToken\": {\"id\": \"[SEP]\", \"type_id\": 1}}],\n\"special_tokens\": {"
          "\"[CLS]\": {\"id\": \"[CLS]\", \"ids\": [2], \"tokens\": [\"[CLS]\"]}, "
          "\"[SEP]\": {\"id\": \"[SEP]\", \"ids\": [3], \"tokens\": [\"[SEP]\"]}}},\n"
          "\"decoder\": {\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": true},\n"
          "\"model\": {\"type\": \"WordPiece\", \"unk_token\": \"[UNK]\", "
          "\"continuing_subword_prefix\": \"##\", \"max_input_chars_per_word\": 100, \"vocab\": {",
          f);
    for (size_t id = 0; id < tiny_model_vocab_size(); id++) {
        char entry[16];
        vocab_entry(id, entry);
        const char *escape = *entry == '"' || *entry == '\\' ? "\\" : "";
        fprintf(f, "%s\"%s%s\": %zu", id ? ", " : "", escape, entry, id);
    }
    fputs("}}}\n", f);
    return finish(f);
}

static int write_config(const char *dir, const struct tiny_model *m)
{
    const bool bert = m->family[0] == 'b';
    FILE *f = create(dir, "config.json");
    if (!f) return -1;
    fprintf(f, "{\"architectures\": [\"%sForSequenceClassification\"], \"model_type\": \"%s\",\n",
            bert ? "Bert" : "DistilBert", m->family);
    if (bert)
        fprintf(f,
                "\"hidden_size\": %zu, \"num_hidden_layers\": %zu, \"num_attention_heads\": %zu,\n"
                "\"intermediate_size\": %zu, \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-12, "
                "\"type_vocab_size\": 2,\n",
                m->hidden_size, m->n_layers, m->n_heads, m->intermediate_size);
    else
        fprintf(f,
                "\"dim\": %zu, \"n_layers\": %zu, \"n_heads\": %zu, \"hidden_dim\": %zu, "
                "\"activation\": \"gelu\", \"sinusoidal_pos_embds\": false,\n",
                m->hidden_size, m->n_layers, m->n_heads, m->intermediate_size);
    if (m->problem_type) fprintf(f, "\"problem_type\": \"%s\",\n", m->problem_type);
    fputs("\"id2label\": {", f);
    for (size_t i = 0; i < m->n_labels; i++) {
        static const char *const names[] = {"RED", "WHITE", "ROSE"};
        char name[32];
        snprintf(name, sizeof name, "LABEL_%zu", i);
        fprintf(f, "%s\"%zu\": \"%s\"", i ? ", " : "", i, i < COUNT(names) ? names[i] : name);
    }
    fprintf(f, "},\n\"max_position_embeddings\": %zu, \"vocab_size\": %zu, \"pad_token_id\": 0}\n",
            m->max_positions, tiny_model_vocab_size());
    return finish(f);
}

/* ---- weights ---- */

struct shard {
    FILE *header, *data; /* memory streams over the two below */
    char *header_bytes, *data_bytes;
    size_t header_len, data_len;
    size_t n_tensors;
};

struct weights {
    const struct tiny_model *m;
    struct shard *shards;
    size_t n_shards, n_tensors;
    uint64_t rng;
    FILE *index; /* NULL without shards */
};

/* Uniform in -1 .. 1. */
static float random_float(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (float)((double)(*state >> 11) / 4503599627370496.0 - 1.0);
}

/* Both narrowings cut bits off: the file only has to be well formed, not close to some f32. */
static void put_number(FILE *f, const char *dtype, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    size_t n_bytes = 2;
    if (strcmp(dtype, "F32") == 0) {
        n_bytes = 4;
    } else if (strcmp(dtype, "BF16") == 0) {
        bits >>= 16;
    } else {
        const uint32_t exponent = bits >> 23 & 0xFF, sign = bits >> 16 & 0x8000;
        bits = exponent < 113 || exponent > 142
                   ? sign
                   : sign | (exponent - 112) << 10 | (bits >> 13 & 0x3FF);
    }
    for (size_t i = 0; i < n_bytes; i++) fputc((int)(bits >> 8 * i & 0xFF), f);
}

static void shard_file_name(const struct weights *w, size_t i, char out[64])
{
    if (!w->index)
        snprintf(out, 64, "model.safetensors");
    else
        snprintf(out, 64, "model-%05zu-of-%05zu.safetensors", i + 1, w->n_shards);
}

/* cols 0 = a vector of `rows`. Numbers are center + spread * uniform. */
static void put_tensor(struct weights *w, size_t rows, size_t cols, float center, float spread,
                       const char *fmt, ...)
{
    char name[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    const size_t to = w->n_tensors % w->n_shards; /* in turn, so that layers lie across shards */
    struct shard *s = &w->shards[to];
    const size_t n = rows * (cols ? cols : 1);
    const long start = ftell(s->data);
    for (size_t i = 0; i < n; i++)
        put_number(s->data, w->m->dtype, center + spread * random_float(&w->rng));
    fprintf(s->header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%zu", s->n_tensors ? "," : "{", name,
            w->m->dtype, rows);
    if (cols) fprintf(s->header, ",%zu", cols);
    fprintf(s->header, "],\"data_offsets\":[%ld,%ld]}", start, ftell(s->data));
    if (w->index) {
        char file[64];
        shard_file_name(w, to, file);
        fprintf(w->index, "%s\n\"%s\": \"%s\"", w->n_tensors ? "," : "", name, file);
    }
    s->n_tensors++;
    w->n_tensors++;
}

static void put_linear(struct weights *w, size_t out, size_t in, const char *prefix,
                       const char *name)
{
    put_tensor(w, out, in, 0.0f, 0.3f, "%s%s.weight", prefix, name);
    put_tensor(w, out, 0, 0.0f, 0.1f, "%s%s.bias", prefix, name);
}

static void put_norm(struct weights *w, const char *prefix, const char *name)
{
    put_tensor(w, w->m->hidden_size, 0, 1.0f, 0.1f, "%s%s.weight", prefix, name);
    put_tensor(w, w->m->hidden_size, 0, 0.0f, 0.1f, "%s%s.bias", prefix, name);
}

/* Names of one family, in the order of the computation. */
struct names {
    const char *embeddings;
    const char *query, *key, *value, *attention_out, *attention_norm, *up, *down, *out_norm;
    const char *pooler;
};

static const struct names distilbert = {
    "distilbert.embeddings.",
    "attention.q_lin",        "attention.k_lin",
    "attention.v_lin",        "attention.out_lin",
    "sa_layer_norm",          "ffn.lin1",
    "ffn.lin2",               "output_layer_norm",
    "pre_classifier",
};

static const struct names bert = {
    "bert.embeddings.",
    "attention.self.query", "attention.self.key",
    "attention.self.value", "attention.output.dense",
    "attention.output.LayerNorm", "intermediate.dense",
    "output.dense",         "output.LayerNorm",
    "bert.pooler.dense",
};

static void put_all(struct weights *w)
{
    const struct tiny_model *m = w->m;
    const bool is_bert = m->family[0] == 'b';
    const struct names *n = is_bert ? &bert : &distilbert;
    const size_t d = m->hidden_size, f = m->intermediate_size;
    put_tensor(w, tiny_model_vocab_size(), d, 0.0f, 1.0f, "%sword_embeddings.weight",
               n->embeddings);
    put_tensor(w, m->max_positions, d, 0.0f, 0.5f, "%sposition_embeddings.weight", n->embeddings);
    if (is_bert) put_tensor(w, 2, d, 0.0f, 0.5f, "%stoken_type_embeddings.weight", n->embeddings);
    put_norm(w, n->embeddings, "LayerNorm");
    for (size_t i = 0; i < m->n_layers; i++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix,
                 is_bert ? "bert.encoder.layer.%zu." : "distilbert.transformer.layer.%zu.", i);
        put_linear(w, d, d, prefix, n->query);
        put_linear(w, d, d, prefix, n->key);
        put_linear(w, d, d, prefix, n->value);
        put_linear(w, d, d, prefix, n->attention_out);
        put_norm(w, prefix, n->attention_norm);
        put_linear(w, f, d, prefix, n->up);
        put_linear(w, d, f, prefix, n->down);
        put_norm(w, prefix, n->out_norm);
    }
    put_linear(w, d, d, "", n->pooler);
    put_linear(w, m->n_labels, d, "", "classifier");
}

static int write_shard(const char *dir, const struct weights *w, size_t i)
{
    struct shard *s = &w->shards[i];
    if (!s->n_tensors) fputc('{', s->header);
    fputc('}', s->header);
    while (ftell(s->header) % 8) fputc(' ', s->header); /* as the reference writer pads */
    if (fflush(s->header) || fflush(s->data)) return -1;
    char name[64];
    shard_file_name(w, i, name);
    FILE *f = create(dir, name);
    if (!f) return -1;
    for (size_t k = 0; k < 8; k++) fputc((int)((uint64_t)s->header_len >> 8 * k & 0xFF), f);
    fwrite(s->header_bytes, 1, s->header_len, f);
    if (s->data_len) fwrite(s->data_bytes, 1, s->data_len, f);
    return finish(f);
}

static int write_weights(const char *dir, const struct tiny_model *m)
{
    struct weights w = {.m = m, .n_shards = m->n_shards ? m->n_shards : 1, .rng = m->seed};
    int rc = -1;
    w.shards = calloc(w.n_shards, sizeof *w.shards);
    if (!w.shards) return -1;
    for (size_t i = 0; i < w.n_shards; i++) {
        struct shard *s = &w.shards[i];
        s->header = open_memstream(&s->header_bytes, &s->header_len);
        s->data = open_memstream(&s->data_bytes, &s->data_len);
        if (!s->header || !s->data) goto done;
    }
    if (m->n_shards) {
        w.index = create(dir, "model.safetensors.index.json");
        if (!w.index) goto done;
        fputs("{\"metadata\": {\"total_size\": 0}, \"weight_map\": {", w.index);
    }
    put_all(&w);
    rc = 0;
    for (size_t i = 0; i < w.n_shards; i++)
        if (write_shard(dir, &w, i) < 0) rc = -1;
    if (w.index) {
        fputs("}}\n", w.index);
        if (finish(w.index) < 0) rc = -1;
    }
done:
    for (size_t i = 0; i < w.n_shards; i++) {
        if (w.shards[i].header) fclose(w.shards[i].header);
        if (w.shards[i].data) fclose(w.shards[i].data);
        free(w.shards[i].header_bytes);
        free(w.shards[i].data_bytes);
    }
    free(w.shards);
    return rc;
}

/* ---- the directory ---- */

static struct tiny_model with_defaults(const struct tiny_model *shape)
{
    struct tiny_model m = shape ? *shape : (struct tiny_model){0};
    if (!m.family) m.family = "distilbert";
    if (!m.dtype) m.dtype = "F32";
    if (!m.n_layers) m.n_layers = 1;
    if (!m.hidden_size) m.hidden_size = 12;
    if (!m.n_heads) m.n_heads = 3;
    if (!m.intermediate_size) m.intermediate_size = 20;
    if (!m.max_positions) m.max_positions = 32;
    if (!m.n_labels) m.n_labels = 2;
    if (!m.seed) m.seed = 1;
    return m;
}

int tiny_model_write(const char *dir, const struct tiny_model *shape)
{
    const struct tiny_model m = with_defaults(shape);
    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "tiny_model: %s: %s\n", dir, strerror(errno));
        return -1;
    }
    if (write_vocab(dir) < 0 || write_tokenizer_config(dir, &m) < 0 || write_config(dir, &m) < 0 ||
        (!m.no_tokenizer_json && write_tokenizer_json(dir) < 0))
        return -1;
    return write_weights(dir, &m);
}

void tiny_model_remove(const char *dir)
{
    static const char *const names[] = {"config.json",           "tokenizer.json",
                                        "tokenizer_config.json", "vocab.txt",
                                        "model.safetensors",     "model.safetensors.index.json"};
    char path[4096];
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    for (size_t n = 1; n <= 9; n++)
        for (size_t i = 1; i <= n; i++) {
            snprintf(path, sizeof path, "%s/model-%05zu-of-%05zu.safetensors", dir, i, n);
            unlink(path);
        }
    rmdir(dir);
}
