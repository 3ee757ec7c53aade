/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/series_json.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/json.h"
#include "measure/json_values.h"

/* A curve: times and values. */
struct points {
    json_t *t_s, *bytes;
};

static json_t *points_open(struct points *p)
{
    json_t *o = json_object();
    *p = (struct points){json_array(), json_array()};
    json_object_set_new(o, "t_s", p->t_s);
    json_object_set_new(o, "bytes", p->bytes);
    return o;
}

static void points_add(const struct points *p, uint64_t t_us, uint64_t kb)
{
    json_array_append_new(p->t_s, cuvee__json_seconds(t_us));
    json_array_append_new(p->bytes, cuvee__json_bytes(kb));
}

/* Nothing of it is above most. */
static json_t *curve(const struct series *s, enum series_curve which, uint64_t most)
{
    struct points p;
    json_t *o = points_open(&p);
    for (size_t i = 0; s->stretches && i < CUVEE__SERIES_STRETCHES; i++) {
        const struct series_extremes *e = &s->stretches[i].curves[which];
        if (!e->is_known) continue;
        const bool is_rising = e->low_us < e->high_us;
        const uint64_t low = cuvee__min(e->low, most), high = cuvee__min(e->high, most);
        points_add(&p, is_rising ? e->low_us : e->high_us, is_rising ? low : high);
        if (e->low_us != e->high_us)
            points_add(&p, is_rising ? e->high_us : e->low_us, is_rising ? high : low);
    }
    return o;
}

/* The k-th anchor of a stretch in the order of time, or NULL. */
static const struct series_stack *anchor_of(const struct series_stretch *x, int k)
{
    const bool low_is_first = x->low.is_known && x->low.t_us < x->high.t_us;
    const struct series_stack *s = (k == 0) == low_is_first ? &x->low : &x->high;
    return s->is_known ? s : NULL;
}

/* Calls visit for each anchor that was kept, in the order of time. */
static void each_anchor(const struct series *s, void (*visit)(void *, const struct series_stack *),
                        void *arg)
{
    for (size_t i = 0; s->stretches && i < CUVEE__SERIES_STRETCHES; i++)
        for (int k = 0; k < 2; k++) {
            const struct series_stack *stack = anchor_of(&s->stretches[i], k);
            if (stack) visit(arg, stack);
        }
}

/* ---- which processes are shown ---- */

struct shown {
    const struct account_process *process;
    uint64_t most;
    json_t *bytes;
};

struct stacks {
    const struct account *a;
    uint64_t *most; /* (n_processes) of each, in any anchor */
    struct shown shown[CUVEE__SERIES_SHOWN];
    size_t n_shown;
    struct points footprint;
    json_t *others;
};

static int by_serial(const void *key, const void *item)
{
    const uint32_t a = *(const uint32_t *)key, b = ((const struct account_process *)item)->serial;
    return (a > b) - (a < b);
}

static const struct account_process *find_serial(const struct account *a, uint32_t serial)
{
    if (!a->n_processes) return NULL;
    return bsearch(&serial, a->processes, a->n_processes, sizeof *a->processes, by_serial);
}

static void note_most(void *arg, const struct series_stack *stack)
{
    struct stacks *x = arg;
    for (size_t i = 0; i < stack->n; i++) {
        const struct account_process *p = find_serial(x->a, stack->shares[i].serial);
        if (!p) continue;
        uint64_t *most = &x->most[p - x->a->processes];
        *most = cuvee__max(*most, stack->shares[i].footprint);
    }
}

static int larger_first(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    return (x->most < y->most) - (x->most > y->most);
}

static int older_first(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    return (x->process->serial > y->process->serial) - (x->process->serial < y->process->serial);
}

/* The largest ones, in the order of their birth. */
static int choose(struct stacks *x)
{
    const size_t n = x->a->n_processes;
    struct shown *all = cuvee__calloc(n + 1, sizeof *all);
    if (!all) return -1;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct shown){.process = &x->a->processes[i], .most = x->most[i]};
    qsort(all, n, sizeof *all, larger_first);
    while (x->n_shown < cuvee__min(n, CUVEE__SERIES_SHOWN) && all[x->n_shown].most) {
        x->shown[x->n_shown] = all[x->n_shown];
        x->n_shown++;
    }
    cuvee__free(all);
    qsort(x->shown, x->n_shown, sizeof *x->shown, older_first);
    return 0;
}

static void add_anchor(void *arg, const struct series_stack *stack)
{
    struct stacks *x = arg;
    uint64_t rest = stack->footprint;
    points_add(&x->footprint, stack->t_us, stack->footprint);
    for (size_t i = 0; i < x->n_shown; i++) {
        const struct series_share *share = NULL;
        for (size_t k = 0; k < stack->n && !share; k++)
            if (stack->shares[k].serial == x->shown[i].process->serial) share = &stack->shares[k];
        json_array_append_new(x->shown[i].bytes,
                              share ? cuvee__json_bytes(share->footprint) : json_null());
        if (share) rest -= cuvee__min(rest, share->footprint);
    }
    json_array_append_new(x->others, cuvee__json_bytes(rest));
}

json_t *cuvee__series_to_json(const struct account *a)
{
    struct stacks x = {.a = a, .most = cuvee__calloc(a->n_processes + 1, sizeof *x.most)};
    if (!x.most) return NULL;
    each_anchor(&a->series, note_most, &x);
    const int rc = choose(&x);
    cuvee__free(x.most);
    if (rc < 0) return NULL;
    json_t *o = json_object(), *list = json_array();
    json_object_set_new(o, "stretch_s", cuvee__json_seconds(a->series.width_us));
    json_object_set_new(o, "sum_rss", curve(&a->series, SERIES_SUM_RSS, UINT64_MAX));
    json_object_set_new(o, "parent_rss", curve(&a->series, SERIES_PARENT_RSS, UINT64_MAX));
    /* A tick's bound may have fallen later, at the next anchor. */
    json_object_set_new(o, "upper", curve(&a->series, SERIES_UPPER, a->upper));
    if (a->has_charge && a->charge.is_used)
        json_object_set_new(o, "charged", curve(&a->series, SERIES_CHARGED, UINT64_MAX));
    else
        json_object_set_new(o, "charged", json_null()); /* memory.charged has the reason */
    json_object_set_new(o, "footprint", points_open(&x.footprint));
    json_object_set_new(o, "processes", list);
    for (size_t i = 0; i < x.n_shown; i++) {
        json_t *process = json_object();
        x.shown[i].bytes = json_array();
        json_object_set_new(process, "pid", json_integer(x.shown[i].process->pid));
        json_object_set_new(process, "comm", cuvee__json_string(x.shown[i].process->comm));
        const struct account_process *const shown = x.shown[i].process;
        json_object_set_new(process, "exit_s",
                            shown->gone_us ? cuvee__json_seconds(shown->gone_us) : json_null());
        json_object_set_new(process, "bytes", x.shown[i].bytes);
        json_array_append_new(list, process);
    }
    x.others = json_array();
    json_object_set_new(o, "others", x.others);
    each_anchor(&a->series, add_anchor, &x);
    return o;
}
