/* SPDX-License-Identifier: Apache-2.0 */
#include "python/labels.h"

#include "base/alloc.h"
#include "base/error.h"

enum { FIRST_SLOTS = 64 };

int cuvee__script_labels_init(struct script_labels *l, cuvee_error *err)
{
    *l = (struct script_labels){.n_slots = FIRST_SLOTS};
    const int rc = cuvee__mutex_init(&l->mu, err);
    if (rc < 0) return rc;
    l->slots = cuvee__calloc(FIRST_SLOTS, sizeof *l->slots);
    if (l->slots) return CUVEE_OK;
    cuvee__mutex_deinit(&l->mu);
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for labels");
}

void cuvee__script_labels_deinit(struct script_labels *l)
{
    if (!l->slots) return;
    for (uint32_t i = 0, n = atomic_load(&l->n); i < n; i++) {
        char *name = (char *)(uintptr_t)cuvee__script_labels_name(l, i);
        cuvee__free(name);
    }
    for (size_t c = 0; c < LABEL_CHUNKS; c++) cuvee__free(l->chunks[c]);
    cuvee__free(l->slots);
    cuvee__mutex_deinit(&l->mu);
}

static unsigned chunk_of(uint32_t i)
{
    return 31u - (unsigned)__builtin_clz(i + 1);
}

const char *cuvee__script_labels_name(const struct script_labels *l, uint32_t i)
{
    const unsigned c = chunk_of(i);
    return l->chunks[c][i + 1 - (1u << c)];
}

/* FNV-1a. The names are a script's own: nobody floods the table but its author. */
static uint32_t hash_of(struct span name)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < name.len; i++) h = (h ^ (unsigned char)name.ptr[i]) * 16777619u;
    return h;
}

/* The slot of a name, or the free one where it belongs. */
static uint32_t *find(const struct script_labels *l, struct span name)
{
    size_t at = hash_of(name) & (l->n_slots - 1);
    for (; l->slots[at]; at = (at + 1) & (l->n_slots - 1))
        if (span_is(name, cuvee__script_labels_name(l, l->slots[at] - 1))) break;
    return &l->slots[at];
}

/* At most half of the slots are taken. */
static int rehash(struct script_labels *l, uint32_t n)
{
    if (2 * (size_t)(n + 1) <= l->n_slots) return CUVEE_OK;
    struct script_labels larger = *l;
    larger.n_slots = 2 * l->n_slots;
    larger.slots = cuvee__calloc(larger.n_slots, sizeof *larger.slots);
    if (!larger.slots) return CUVEE_E_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        *find(&larger, span_of(cuvee__script_labels_name(l, i))) = i + 1;
    cuvee__free(l->slots);
    l->slots = larger.slots;
    l->n_slots = larger.n_slots;
    return CUVEE_OK;
}

static int add(struct script_labels *l, struct span name, uint32_t *ret_index)
{
    const uint32_t i = atomic_load_explicit(&l->n, memory_order_relaxed);
    const unsigned c = chunk_of(i);
    if (i >= CUVEE__MAX_SCRIPT_LABELS) return CUVEE_E_LIMIT;
    if (rehash(l, i) < 0) return CUVEE_E_NOMEM;
    if (!l->chunks[c]) l->chunks[c] = cuvee__calloc((size_t)1 << c, sizeof(char *));
    if (!l->chunks[c]) return CUVEE_E_NOMEM;
    char *copy = cuvee__strndup(name.ptr, name.len);
    if (!copy) return CUVEE_E_NOMEM;
    l->chunks[c][i + 1 - (1u << c)] = copy;
    *find(l, name) = i + 1;
    /* Whoever reads this n sees the name. */
    atomic_store_explicit(&l->n, i + 1, memory_order_release);
    *ret_index = i;
    return CUVEE_OK;
}

int cuvee__script_labels_index(struct script_labels *l, struct span name, uint32_t *ret_index)
{
    int rc = CUVEE_OK;
    cuvee__mutex_lock(&l->mu);
    const uint32_t slot = *find(l, name);
    if (slot)
        *ret_index = slot - 1;
    else
        rc = add(l, name, ret_index);
    cuvee__mutex_unlock(&l->mu);
    return rc;
}
