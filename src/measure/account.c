/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/account.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "measure/record.h"

enum { FIRST_ITEMS = 64, SAMPLE_US = 1000000 };

/* Room for one more item. */
static void *grow(void *items, size_t n, size_t *room, size_t item_bytes)
{
    if (n < *room) return items;
    const size_t wanted = cuvee__max(FIRST_ITEMS, 2 * *room);
    void *grown = cuvee__realloc_array(items, wanted, item_bytes);
    if (grown) *room = wanted;
    return grown;
}

static int compare(const void *x, const void *y)
{
    const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

/* ---- processes ---- */

static struct account_process *find(struct account *a, int pid)
{
    for (size_t i = a->n_processes; i > 0; i--)
        if (a->processes[i - 1].pid == pid && a->processes[i - 1].is_here)
            return &a->processes[i - 1];
    return NULL;
}

/* Of the processes that are gone the smaller half is left out. Their sums stay. */
static int forget_processes(struct account *a)
{
    uint64_t *peaks = cuvee__alloc_array(a->n_processes, sizeof *peaks);
    size_t n_gone = 0, kept = 0;
    if (!peaks) return CUVEE_E_NOMEM;
    for (size_t i = 0; i < a->n_processes; i++)
        if (!a->processes[i].is_here) peaks[n_gone++] = a->processes[i].peak_rss;
    qsort(peaks, n_gone, sizeof *peaks, compare);
    for (size_t i = 0; i < a->n_processes; i++) {
        const struct account_process *p = &a->processes[i];
        if (p->is_here || p->peak_rss > peaks[n_gone / 2])
            a->processes[kept++] = *p;
        else
            a->naive_sum_of_peaks += p->peak_rss;
    }
    a->n_processes = kept;
    cuvee__free(peaks);
    return CUVEE_OK;
}

static int born(struct account *a, const char *line)
{
    struct account_process p = {.is_here = true};
    if (sscanf(line, "B %" SCNu64 " %d %" SCNu64 " %d %15s", &p.born_us, &p.pid, &p.start, &p.ppid,
               p.comm) != 5)
        return CUVEE_OK;
    if (a->n_processes >= CUVEE__ACCOUNT_PROCESSES && forget_processes(a) < 0) return CUVEE_E_NOMEM;
    p.serial = a->n_born++;
    struct account_process *items =
        grow(a->processes, a->n_processes, &a->room_processes, sizeof p);
    if (!items) return CUVEE_E_NOMEM;
    a->processes = items;
    items[a->n_processes++] = p;
    size_t n_live = 0, i = a->n_processes;
    while (i > 0) n_live += items[--i].is_here;
    a->max_live = cuvee__max(a->max_live, n_live);
    return CUVEE_OK;
}

static void renamed(struct account *a, const char *line)
{
    uint64_t t;
    int pid;
    char comm[16];
    if (sscanf(line, "C %" SCNu64 " %d %15s", &t, &pid, comm) != 3) return;
    struct account_process *p = find(a, pid);
    if (!p) return;
    memcpy(p->comm, comm, sizeof comm);
    p->n_execs++;
}

static void gone(struct account *a, const char *line)
{
    uint64_t t;
    int pid;
    if (sscanf(line, "G %" SCNu64 " %d", &t, &pid) != 2) return;
    struct account_process *p = find(a, pid);
    if (!p) return;
    p->is_here = false;
    p->gone_us = t;
    a->exited_cpu_us += p->cpu_us;
}

/* ---- ticks ---- */

/* A tick or an anchor is complete: to the series, and to whoever listens. */
static int close_frame(struct account *a, struct series_frame *f)
{
    const int rc = cuvee__series_add(&a->series, f);
    if (a->on_frame) a->on_frame(a->on_arg, f);
    *f = (struct series_frame){.parts = f->parts, .room = f->room};
    return rc;
}

static int add_part(struct series_frame *f, const struct account_process *p,
                    const struct series_part *seen)
{
    struct series_part *part = cuvee__series_frame_add(f);
    if (!part) return CUVEE_E_NOMEM;
    *part = *seen;
    part->serial = p->serial;
    part->pid = p->pid;
    part->cpu_us = p->cpu_us;
    part->minor_faults = p->minor_faults;
    memcpy(part->comm, p->comm, sizeof part->comm);
    return CUVEE_OK;
}

/* All lines S of a tick have come: how large may the tree have been since the one before? */
static int close_tick(struct account *a)
{
    if (!a->tick_us) return CUVEE_OK;
    a->naive_sum_rss = cuvee__max(a->naive_sum_rss, a->tick_rss);
    a->tick.t_us = a->tick_us;
    a->tick.rss = a->tick_rss;
    if (a->has_rise) {
        const uint64_t within_tick = a->tick_rss + a->tick_faults * (a->page_bytes / 1024);
        a->tick.has_upper = true;
        a->tick.upper = cuvee__min(a->rise, within_tick);
        a->upper = cuvee__max(a->upper, a->tick.upper);
    }
    a->tick_us = a->tick_rss = a->tick_faults = 0;
    return close_frame(a, &a->tick);
}

/* By how much a process may have made the tree larger since its last sample. One that is new has
 * its parent's pages, if it was forked, and those were there already; its own are what it faulted
 * in, and what it has of files more than its parent. */
static uint64_t growth(struct account *a, const struct account_process *p, uint64_t rss,
                       uint64_t shared, uint64_t new_faults)
{
    const uint64_t faulted = new_faults * (a->page_bytes / 1024);
    if (p->has_sample) return rss - cuvee__min(rss, p->rss) + faulted;
    const struct account_process *parent = find(a, p->ppid);
    const uint64_t inherited = parent ? parent->shared : 0;
    return cuvee__min(rss, faulted + shared - cuvee__min(shared, inherited));
}

static int sampled(struct account *a, const char *line)
{
    uint64_t t, rss, cpu, minor, major, threads, shared;
    int pid;
    if (sscanf(line,
               "S %" SCNu64 " %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64,
               &t, &pid, &rss, &cpu, &minor, &major, &threads, &shared) != 8)
        return CUVEE_OK;
    struct account_process *p = find(a, pid);
    if (!p) return CUVEE_OK;
    int rc = t != a->tick_us ? close_tick(a) : CUVEE_OK;
    a->tick_us = t;
    const uint64_t faults = minor + major;
    const uint64_t new_faults = faults - cuvee__min(faults, p->faults);
    a->rise += growth(a, p, rss, shared, new_faults);
    a->minor_faults += new_faults;
    a->tick_rss += rss;
    a->tick_faults += new_faults;
    p->has_sample = true;
    p->shared = shared;
    p->rss = rss;
    p->faults = faults;
    p->cpu_us = cpu;
    p->minor_faults = minor;
    p->peak_rss = cuvee__max(p->peak_rss, rss);
    p->max_threads = cuvee__max(p->max_threads, threads);
    a->max_threads = cuvee__max(a->max_threads, threads);
    if (rc == CUVEE_OK) rc = add_part(&a->tick, p, &(struct series_part){.rss = rss});
    if (pid != a->leader) return rc;
    a->tick.parent_rss = rss;
    a->naive_parent_rss = cuvee__max(a->naive_parent_rss, rss);
    if (t >= a->sampled_us) {
        a->sampled_us = t + SAMPLE_US;
        a->naive_sampled = cuvee__max(a->naive_sampled, rss);
    }
    return rc;
}

static void machine(struct account *a, const char *line)
{
    uint64_t t, busy, steal;
    if (sscanf(line, "Y %" SCNu64 " %" SCNu64 " %" SCNu64, &t, &busy, &steal) != 3) return;
    if (!a->has_machine_cpu) {
        a->first_busy = busy;
        a->first_steal = steal;
    }
    a->has_machine_cpu = true;
    a->busy_us = busy - cuvee__min(busy, a->first_busy);
    a->steal_us = steal - cuvee__min(steal, a->first_steal);
}

/* ---- anchors ---- */

/* Of each four anchors the lowest and the highest stay. */
static void thin_anchors(struct account *a)
{
    size_t kept = 0;
    for (size_t i = 0; i + 4 <= a->n_anchors; i += 4) {
        size_t low = i, high = i;
        for (size_t k = i; k < i + 4; k++) {
            const struct account_anchor *x = &a->anchors[k];
            if (!x->is_stable) continue;
            if (!a->anchors[low].is_stable || x->footprint < a->anchors[low].footprint) low = k;
            if (!a->anchors[high].is_stable || x->footprint >= a->anchors[high].footprint) high = k;
        }
        a->anchors[kept++] = a->anchors[cuvee__min(low, high)];
        if (low != high) a->anchors[kept++] = a->anchors[cuvee__max(low, high)];
    }
    a->n_anchors = kept;
}

static int anchor(struct account *a, const char *line)
{
    struct account_anchor n = {0};
    int is_stable;
    if (sscanf(line, "A %" SCNu64 " %zu %d", &n.t_us, &n.n_processes, &is_stable) != 3)
        return CUVEE_OK;
    n.is_stable = is_stable != 0;
    const int rc = close_tick(a);
    if (a->n_anchors == CUVEE__ACCOUNT_ANCHORS) thin_anchors(a);
    struct account_anchor *items = grow(a->anchors, a->n_anchors, &a->room_anchors, sizeof n);
    if (!items) return CUVEE_E_NOMEM;
    a->anchors = items;
    items[a->n_anchors++] = n;
    a->n_anchors_taken++;
    a->anchor_lines = n.n_processes;
    a->anchor.n = 0;
    return rc;
}

static int close_anchor(struct account *a, const struct account_anchor *n)
{
    a->anchor.is_anchor = true;
    a->anchor.is_stable = n->is_stable;
    a->anchor.t_us = n->t_us;
    a->anchor.rss = n->sum_rss;
    a->anchor.footprint = n->footprint;
    const int rc = close_frame(a, &a->anchor);
    for (size_t i = a->n_marks; i > 0 && !a->marks[i - 1].footprint; i--)
        if (n->is_stable) a->marks[i - 1].footprint = n->footprint;
    if (!n->is_stable) return rc;
    /* The area below the line through the stable anchors. */
    if (a->has_rise)
        a->integral_mib_s += (double)(n->footprint + a->stable_footprint) / 2048.0 *
                             (double)(n->t_us - a->stable_us) / 1e6;
    a->stable_us = n->t_us;
    a->stable_footprint = n->footprint;
    a->rise = n->footprint;
    a->has_rise = true;
    a->private_peak = cuvee__max(a->private_peak, n->private_);
    a->upper = cuvee__max(a->upper, n->footprint);
    if (a->has_peak && n->footprint <= a->lower) return rc;
    a->has_peak = true;
    a->lower = n->footprint;
    a->peak_at_us = n->t_us;
    a->at_peak = n->parts;
    return rc;
}

static int anchored(struct account *a, const char *line)
{
    uint64_t pss, anon, file, shmem, swap, tables, threads, private_, rss, high_water;
    int pid;
    if (!a->anchor_lines) return CUVEE_OK;
    if (sscanf(line,
               "P %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &pid, &pss, &anon, &file, &shmem, &swap, &tables, &threads, &private_, &rss,
               &high_water) != 11)
        return CUVEE_OK;
    struct account_anchor *n = &a->anchors[a->n_anchors - 1];
    const uint64_t kernel = tables + threads * CUVEE__KERNEL_STACK_KB;
    n->footprint += pss + swap + kernel;
    n->private_ += private_;
    n->sum_rss += rss;
    n->parts.anon += anon;
    n->parts.file += file;
    n->parts.shmem += shmem;
    n->parts.swap += swap;
    n->parts.kernel += kernel;
    const struct series_part seen = {.rss = rss, .pss = pss, .footprint = pss + swap + kernel};
    struct account_process *p = find(a, pid);
    if (p && add_part(&a->anchor, p, &seen) < 0) return CUVEE_E_NOMEM;
    if (p) p->high_water = cuvee__max(p->high_water, high_water);
    if (pid == a->leader) a->naive_parent_hwm = high_water;
    return --a->anchor_lines ? CUVEE_OK : close_anchor(a, n);
}

/* ---- the rest ---- */

static int marked(struct account *a, const char *line)
{
    struct account_mark mark = {0};
    if (sscanf(line, "M %" SCNu64 " %63[^\n]", &mark.t_us, mark.text) != 2) return CUVEE_OK;
    if (close_tick(a) < 0) return CUVEE_E_NOMEM;
    const bool is_heap = strncmp(mark.text, "heap=", 5) == 0;
    if (is_heap) {
        a->has_heap = true;
        a->heap_bytes = cuvee__max(a->heap_bytes, strtoull(mark.text + 5, NULL, 10));
    }
    if (a->n_marks >= CUVEE__ACCOUNT_MARKS / (is_heap ? 2u : 1u)) {
        a->n_marks_left_out++;
        return CUVEE_OK;
    }
    struct account_mark *items = grow(a->marks, a->n_marks, &a->room_marks, sizeof mark);
    if (!items) return CUVEE_E_NOMEM;
    a->marks = items;
    items[a->n_marks++] = mark;
    if (a->on_mark) a->on_mark(a->on_arg, &mark);
    return CUVEE_OK;
}

static void ended(struct account *a, const char *line)
{
    uint64_t t, max_rss, user, system;
    int pid = a->leader, status;
    const bool is_leader = line[0] == 'X';
    const int got = is_leader
                        ? 1 + sscanf(line, "X %" SCNu64 " %d %" SCNu64 " %" SCNu64 " %" SCNu64, &t,
                                     &status, &max_rss, &user, &system)
                        : sscanf(line, "W %" SCNu64 " %d %d %" SCNu64 " %" SCNu64 " %" SCNu64, &t,
                                 &pid, &status, &max_rss, &user, &system);
    if (got != 6) return;
    a->user_us += user;
    a->system_us += system;
    a->naive_max_rss = cuvee__max(a->naive_max_rss, max_rss);
    if (!is_leader) return;
    a->status = status;
    a->has_status = true;
    a->wall_leader_us = t;
}

static void last(struct account *a, const char *line)
{
    int64_t perf;
    if (sscanf(line,
               "Z %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64,
               &a->wall_tree_us, &a->self_cpu_us, &a->self_rss, &a->ticks, &a->late,
               &a->worst_late_us, &a->n_torn, &a->n_unserved, &a->n_lost, &perf) != 10)
        return;
    a->is_complete = true;
    a->has_perf = perf >= 0;
    if (a->has_perf) a->perf_us = (uint64_t)perf;
}

static int read_line(struct account *a, const char *line)
{
    switch (line[0]) {
    case 'V':
        sscanf(line, "V %u %" SCNu64 " %" SCNu64 " %" SCNu64, &a->version, &a->page_bytes,
               &a->launcher_floor, &a->interval_us);
        return CUVEE_OK;
    case 'L':
        sscanf(line, "L %d", &a->leader);
        return CUVEE_OK;
    case 'B':
        return born(a, line);
    case 'C':
        renamed(a, line);
        return CUVEE_OK;
    case 'G':
        gone(a, line);
        return CUVEE_OK;
    case 'S':
        return sampled(a, line);
    case 'Y':
        machine(a, line);
        return CUVEE_OK;
    case 'A':
        return anchor(a, line);
    case 'P':
        return anchored(a, line);
    case 'M':
        return marked(a, line);
    case 'X':
    case 'W':
        ended(a, line);
        return CUVEE_OK;
    case 'Q':
        a->was_timeout |= strstr(line, "timeout") != NULL;
        a->was_interrupted |= strstr(line, "interrupted") != NULL;
        return CUVEE_OK;
    case 'Z':
        last(a, line);
        return CUVEE_OK;
    default:
        return CUVEE_OK;
    }
}

/* ---- conclusions ---- */

/* The median over the time of the curve through the stable anchors, sampled a thousand times. */
static int conclude_curve(struct account *a)
{
    enum { SAMPLES = 1000 };
    const struct account_anchor *before = NULL;
    uint64_t *values = cuvee__alloc_array(SAMPLES, sizeof *values), first = 0, end = 0;
    size_t n = 0;
    if (!values) return CUVEE_E_NOMEM;
    for (size_t i = 0; i < a->n_anchors; i++) {
        const struct account_anchor *x = &a->anchors[i];
        if (!x->is_stable) continue;
        if (!before) first = x->t_us;
        end = x->t_us;
        before = x;
    }
    before = NULL;
    for (size_t i = 0; i < a->n_anchors && end > first; i++) {
        const struct account_anchor *x = &a->anchors[i];
        if (!x->is_stable) continue;
        while (before && n < SAMPLES && first + (end - first) * n / SAMPLES < x->t_us)
            values[n++] = before->footprint;
        before = x;
    }
    qsort(values, n, sizeof *values, compare);
    a->steady_median = n ? values[n / 2] : a->lower;
    cuvee__free(values);
    return CUVEE_OK;
}

static void conclude_cpu(struct account *a)
{
    uint64_t sampled_us = a->exited_cpu_us;
    for (size_t i = 0; i < a->n_processes; i++) {
        a->naive_sum_of_peaks += a->processes[i].peak_rss;
        if (a->processes[i].is_here) sampled_us += a->processes[i].cpu_us;
    }
    a->has_cpu = a->has_perf || a->has_status;
    a->cpu_is_exact = a->has_perf;
    /* Children that nobody waited for are in neither of the two; the larger one misses less. */
    a->cpu_us = a->has_perf ? a->perf_us : cuvee__max(a->user_us + a->system_us, sampled_us);
}

int cuvee__account_feed(struct account *a, struct span bytes, cuvee_error *err)
{
    for (size_t i = 0; i < bytes.len; i++) {
        const char c = bytes.ptr[i];
        if (c != '\n') { /* no line of the meter's is longer than the room */
            if (a->n_line < sizeof a->line - 1) a->line[a->n_line++] = c;
            continue;
        }
        a->line[a->n_line] = '\0';
        a->n_line = 0;
        if (read_line(a, a->line) < 0)
            return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for records");
    }
    return CUVEE_OK;
}

int cuvee__account_end(struct account *a, cuvee_error *err)
{
    const int rc = close_tick(a);
    if (a->version != CUVEE__RECORD_VERSION)
        return cuvee__fail(err, CUVEE_E_FORMAT, "no records of a meter");
    if (rc < 0 || conclude_curve(a) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for records");
    conclude_cpu(a);
    return CUVEE_OK;
}

void cuvee__account_deinit(struct account *a)
{
    cuvee__free(a->anchors);
    cuvee__free(a->processes);
    cuvee__free(a->marks);
    cuvee__series_deinit(&a->series);
    cuvee__series_frame_deinit(&a->tick);
    cuvee__series_frame_deinit(&a->anchor);
    *a = (struct account){0};
}
