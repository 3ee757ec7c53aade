/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/series.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "cuvee/cuvee.h"

enum { FIRST_WIDTH_US = 1000, FIRST_PARTS = 16 };

struct series_part *cuvee__series_frame_add(struct series_frame *f)
{
    if (f->n == f->room) {
        const size_t room = cuvee__max(FIRST_PARTS, 2 * f->room);
        struct series_part *parts = cuvee__realloc_array(f->parts, room, sizeof *parts);
        if (!parts) return NULL;
        f->parts = parts;
        f->room = room;
    }
    struct series_part *part = &f->parts[f->n++];
    *part = (struct series_part){0};
    return part;
}

void cuvee__series_frame_deinit(struct series_frame *f)
{
    cuvee__free(f->parts);
    *f = (struct series_frame){0};
}

/* ---- extremes ---- */

static void note_value(struct series_extremes *e, uint64_t t_us, uint64_t value)
{
    if (!e->is_known || value < e->low) {
        e->low = value;
        e->low_us = t_us;
    }
    if (!e->is_known || value > e->high) {
        e->high = value;
        e->high_us = t_us;
    }
    e->is_known = true;
}

static void note_extremes(struct series_extremes *e, const struct series_extremes *more)
{
    if (!more->is_known) return;
    note_value(e, more->low_us, more->low);
    note_value(e, more->high_us, more->high);
}

static void drop_stack(struct series_stack *s)
{
    cuvee__free(s->shares);
    *s = (struct series_stack){0};
}

/* Takes the stack, into one of the two or to the heap. */
static void note_stack(struct series_stretch *x, struct series_stack *s)
{
    if (!s->is_known) return;
    struct series_stack *const low = &x->low, *const high = &x->high;
    struct series_stack *place = NULL;
    if (!high->is_known) {
        place = high;
    } else if (s->footprint > high->footprint) {
        if (low->is_known)
            drop_stack(high);
        else
            *low = *high;
        place = high;
    } else if (!low->is_known || s->footprint < low->footprint) {
        drop_stack(low);
        place = low;
    }
    if (place)
        *place = *s;
    else
        drop_stack(s);
    *s = (struct series_stack){0};
}

static int by_footprint(const void *x, const void *y)
{
    const struct series_share *a = x, *b = y;
    if (a->footprint != b->footprint) return a->footprint < b->footprint ? 1 : -1;
    return (a->serial > b->serial) - (a->serial < b->serial);
}

/* The largest shares of an anchor. */
static int make_stack(const struct series_frame *f, struct series_stack *ret)
{
    *ret = (struct series_stack){.is_known = true, .t_us = f->t_us, .footprint = f->footprint};
    if (!f->n) return CUVEE_OK;
    struct series_share *shares = cuvee__alloc_array(f->n, sizeof *shares);
    if (!shares) return CUVEE_E_NOMEM;
    for (size_t i = 0; i < f->n; i++)
        shares[i] = (struct series_share){f->parts[i].serial, f->parts[i].footprint};
    qsort(shares, f->n, sizeof *shares, by_footprint);
    ret->n = cuvee__min(f->n, CUVEE__SERIES_PARTS);
    struct series_share *kept = cuvee__realloc_array(shares, ret->n, sizeof *shares);
    ret->shares = kept ? kept : shares;
    return CUVEE_OK;
}

/* ---- stretches ---- */

/* Twice as long, half as many in use. */
static void widen(struct series *s)
{
    for (size_t i = 0; i < CUVEE__SERIES_STRETCHES / 2; i++) {
        struct series_stretch joined = s->stretches[2 * i];
        struct series_stretch *const second = &s->stretches[2 * i + 1];
        for (int c = 0; c < SERIES_CURVES; c++)
            note_extremes(&joined.curves[c], &second->curves[c]);
        note_stack(&joined, &second->low);
        note_stack(&joined, &second->high);
        s->stretches[2 * i] = *second = (struct series_stretch){0};
        s->stretches[i] = joined;
    }
    s->width_us *= 2;
}

int cuvee__series_add(struct series *s, const struct series_frame *f)
{
    if (!s->stretches) {
        s->stretches = cuvee__calloc(CUVEE__SERIES_STRETCHES, sizeof *s->stretches);
        if (!s->stretches) return CUVEE_E_NOMEM;
        s->width_us = FIRST_WIDTH_US;
    }
    while (f->t_us / s->width_us >= CUVEE__SERIES_STRETCHES) widen(s);
    struct series_stretch *x = &s->stretches[f->t_us / s->width_us];
    if (!f->is_anchor) {
        note_value(&x->curves[SERIES_SUM_RSS], f->t_us, f->rss);
        note_value(&x->curves[SERIES_PARENT_RSS], f->t_us, f->parent_rss);
        if (f->has_upper) note_value(&x->curves[SERIES_UPPER], f->t_us, f->upper);
        if (f->has_charge) note_value(&x->curves[SERIES_CHARGED], f->t_us, f->charged);
        return CUVEE_OK;
    }
    struct series_stack stack = {0};
    if (!f->is_stable) return CUVEE_OK;
    const int rc = make_stack(f, &stack);
    if (rc == CUVEE_OK) note_stack(x, &stack);
    return rc;
}

void cuvee__series_deinit(struct series *s)
{
    for (size_t i = 0; s->stretches && i < CUVEE__SERIES_STRETCHES; i++) {
        drop_stack(&s->stretches[i].low);
        drop_stack(&s->stretches[i].high);
    }
    cuvee__free(s->stretches);
    *s = (struct series){0};
}
