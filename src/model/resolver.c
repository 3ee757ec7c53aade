/* SPDX-License-Identifier: Apache-2.0 */
#include "model/resolver.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

/* Prefix, module and suffix come from tables, the layer has at most three digits: far below. */
#define MAX_NAME 160

struct name {
    char text[MAX_NAME];
};

static bool is_layer_role(enum role role)
{
    return role >= ROLE_QUERY && role <= ROLE_FFN_NORM;
}

static bool starts_with(const char *s, const char *start)
{
    return strncmp(s, start, strlen(start)) == 0;
}

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + (n - m), end) == 0;
}

/* The whole name of a tensor of the body. */
static struct name body_name(const char *prefix, const char *layer_root, const char *module,
                             enum role role, size_t layer, const char *suffix)
{
    struct name name;
    if (is_layer_role(role))
        snprintf(name.text, sizeof name.text, "%s%slayer.%zu.%s%s", prefix, layer_root, layer,
                 module, suffix);
    else
        snprintf(name.text, sizeof name.text, "%s%s%s", prefix, module, suffix);
    return name;
}

static const char *suffix_of(enum part part, bool legacy)
{
    if (part == PART_WEIGHT) return legacy ? ".gamma" : ".weight";
    return legacy ? ".beta" : ".bias";
}

/* Under one suffix: where the file's prefixes say; a head also right below the outer wrapper. */
static const struct tensor *find_with_suffix(const struct resolver *r, enum role role, size_t layer,
                                             const char *suffix)
{
    const char *module = r->family->modules[role];
    const bool is_head = role >= ROLE_HEAD_DENSE;
    /* BERT's pooler belongs to the body and has its prefix written out. */
    if (is_head && starts_with(module, r->family->prefix)) module += strlen(r->family->prefix);
    struct name name = body_name(r->prefix, r->layer_root, module, role, layer, suffix);
    const struct tensor *t = cuvee__checkpoint_find(r->checkpoint, name.text);
    if (t || !is_head) return t;
    name = body_name(r->outer, "", module, role, layer, suffix);
    return cuvee__checkpoint_find(r->checkpoint, name.text);
}

static int missing(const struct resolver *r, enum role role, size_t layer, enum part part,
                   cuvee_error *err)
{
    const bool is_head = role >= ROLE_HEAD_DENSE;
    const struct name name =
        body_name(is_head ? r->outer : r->prefix, r->layer_root, r->family->modules[role], role,
                  layer, suffix_of(part, false));
    return cuvee__fail(err, CUVEE_E_FORMAT, "%s: tensor '%s' is missing", r->dir, name.text);
}

int cuvee__resolver_init(struct resolver *r, const struct family *family,
                         const struct checkpoint *checkpoint, const char *dir, cuvee_error *err)
{
    *r = (struct resolver){.family = family, .checkpoint = checkpoint, .dir = dir};
    r->used = cuvee__calloc(cuvee__checkpoint_count(checkpoint), sizeof *r->used);
    if (!r->used) return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", dir);

    static const char *const wrappers[] = {"", "module."};
    for (size_t i = 0; i < 4; i++) {
        const char *outer = wrappers[i / 2];
        snprintf(r->prefix, sizeof r->prefix, "%s%s", outer, i % 2 ? "" : family->prefix);
        const struct name name =
            body_name(r->prefix, "", family->modules[ROLE_WORD], ROLE_WORD, 0, ".weight");
        if (!cuvee__checkpoint_find(checkpoint, name.text)) continue;
        r->outer = outer;
        break;
    }
    r->layer_root = family->layer_roots[0];
    if (!r->outer) { /* nothing fits: complain about the usual name */
        r->outer = "";
        snprintf(r->prefix, sizeof r->prefix, "%s", family->prefix);
        return missing(r, ROLE_WORD, 0, PART_WEIGHT, err);
    }
    for (size_t i = 0; i < 2 && family->layer_roots[i]; i++) {
        const char *root = family->layer_roots[i];
        const struct name name =
            body_name(r->prefix, root, family->modules[ROLE_QUERY], ROLE_QUERY, 0, ".weight");
        if (!cuvee__checkpoint_find(checkpoint, name.text)) continue;
        r->layer_root = root;
        break;
    }
    return CUVEE_OK;
}

void cuvee__resolver_deinit(struct resolver *r)
{
    cuvee__free(r->used);
    *r = (struct resolver){0};
}

/* "(2,384)" */
static struct name shape_text(const size_t *dims, size_t n_dims)
{
    struct name s = {"("};
    size_t len = 1;
    for (size_t i = 0; i < n_dims; i++)
        len += (size_t)snprintf(s.text + len, sizeof s.text - len, i ? ",%zu" : "%zu", dims[i]);
    snprintf(s.text + len, sizeof s.text - len, ")");
    return s;
}

static int check_tensor(const struct resolver *r, const struct tensor *t,
                        struct expected_shape want, cuvee_error *err)
{
    const char *path = cuvee__checkpoint_file_path(r->checkpoint, t->file);
    const size_t n_dims = want.dims[1] ? 2 : 1;
    bool fits = t->n_dims == n_dims;
    if (fits) fits = want.more_rows_fine ? t->dims[0] >= want.dims[0] : t->dims[0] == want.dims[0];
    if (fits && n_dims == 2) fits = t->dims[1] == want.dims[1];
    if (!fits)
        return cuvee__fail(err, CUVEE_E_FORMAT,
                           "%s: tensor '%s' has shape %s, config.json expects %s%s", path, t->name,
                           shape_text(t->dims, t->n_dims).text, shape_text(want.dims, n_dims).text,
                           want.more_rows_fine ? " or more rows" : "");
    if (t->dtype == DTYPE_OTHER)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s: tensor '%s' has dtype %s; F32, F16, BF16 and F64 are supported",
                           path, t->name, t->dtype_name);
    return CUVEE_OK;
}

int cuvee__resolver_find(struct resolver *r, enum role role, size_t layer, enum part part,
                         struct expected_shape shape, const struct tensor **ret_tensor,
                         cuvee_error *err)
{
    const struct tensor *t = find_with_suffix(r, role, layer, suffix_of(part, false));
    if (!t) t = find_with_suffix(r, role, layer, suffix_of(part, true));
    if (!t) return missing(r, role, layer, part, err);
    const int rc = check_tensor(r, t, shape, err);
    if (rc < 0) return rc;
    r->used[r->n_used++] = t; /* roles have different names, so no tensor comes twice */
    *ret_tensor = t;
    return CUVEE_OK;
}

static bool is_used(const struct resolver *r, const struct tensor *t)
{
    for (size_t i = 0; i < r->n_used; i++)
        if (r->used[i] == t) return true;
    return false;
}

int cuvee__resolver_finish(const struct resolver *r, cuvee_error *err)
{
    /* Buffers that older versions saved; they hold 0, 1, 2, ... or zeros. */
    static const char *const buffers[] = {".position_ids", ".token_type_ids",
                                          ".num_batches_tracked"};
    const struct name embeddings = body_name(r->prefix, "", "embeddings.", ROLE_WORD, 0, "");
    const struct name layers = body_name(r->prefix, "", r->layer_root, ROLE_WORD, 0, "");
    for (size_t i = 0; i < cuvee__checkpoint_count(r->checkpoint); i++) {
        const struct tensor *t = cuvee__checkpoint_at(r->checkpoint, i);
        if (!starts_with(t->name, embeddings.text) && !starts_with(t->name, layers.text)) continue;
        bool is_buffer = false;
        for (size_t j = 0; j < sizeof buffers / sizeof *buffers; j++)
            is_buffer = is_buffer || ends_with(t->name, buffers[j]);
        if (is_buffer || is_used(r, t)) continue;
        return cuvee__fail(
            err, CUVEE_E_FORMAT,
            "%s: tensor '%s' has no place in the %s model that config.json describes",
            cuvee__checkpoint_file_path(r->checkpoint, t->file), t->name, r->family->model_type);
    }
    return CUVEE_OK;
}
