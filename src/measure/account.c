/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/account.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "measure/account_parts.h"
#include "measure/record.h"

enum { SAMPLE_US = 1000000 };

/* ---- ticks ---- */

/* A tick or an anchor is complete: to the series, and to whoever listens. */
static void close_frame(struct account *a, struct series_frame *f)
{
    a->no_memory |= cuvee__series_add(&a->series, f) < 0;
    if (a->on_frame) a->on_frame(a->on_arg, f);
    *f = (struct series_frame){.parts = f->parts, .room = f->room};
}

static void add_part(struct account *a, struct series_frame *f, const struct account_process *p,
                     const struct series_part *seen)
{
    struct series_part *part = cuvee__series_frame_add(f);
    if (!part) {
        a->no_memory = true;
        return;
    }
    *part = *seen;
    part->serial = p->serial;
    part->pid = p->pid;
    part->cpu_us = p->cpu_us;
    part->minor_faults = p->minor_faults;
    memcpy(part->comm, p->comm, sizeof part->comm);
}

/* From the time before to t stood what was there then; now it is no more than this. */
static void stand(struct account *a, uint64_t t, uint64_t most)
{
    if (t > a->stands_us)
        a->stood_mib_s += (double)a->stands / 1024.0 * (double)(t - a->stands_us) / 1e6;
    a->stands_us = cuvee__max(t, a->stands_us);
    a->stands = cuvee__min(a->stable_footprint, most);
}

/* All lines S of a tick have come: how large may the tree have been since the one before? */
static void close_tick(struct account *a)
{
    cuvee__bounds_settle_claims(a);
    if (!a->tick_us && !a->tick_bound && !a->tick_charge) return;
    a->closed_us = a->tick_us;
    a->closed_growth = a->tick_bound;
    a->naive_sum_rss = cuvee__max(a->naive_sum_rss, a->tick_rss);
    uint64_t bound = a->before_rss + a->tick_bound + a->rest;
    if (a->has_rise) bound = cuvee__min(bound, a->rise);
    if (a->tick_charge) bound = cuvee__min(bound, a->tick_charge);
    cuvee__bounds_keep(a, bound);
    if (a->tick_us) {
        a->before_rss = a->tick_rss_most;
        if (a->has_peak) stand(a, a->tick_us, a->tick_rss_most + a->rest);
        a->tick.t_us = a->tick_us;
        a->tick.rss = a->tick_rss;
        a->tick.has_upper = true;
        a->tick.upper = bound;
        close_frame(a, &a->tick);
    }
    a->tick_us = a->tick_rss = a->tick_rss_most = a->tick_bound = a->tick_charge = 0;
}

/* What a process has now goes into the bounds. Returns by how much the tree may have grown. */
static uint64_t grew(struct account *a, const struct account_process *p, const struct usage *now)
{
    const struct account_process *parent = p->has_sample ? NULL : cuvee__account_find(a, p->ppid);
    const uint64_t grown = cuvee__bounds_growth(a, p, parent, now);
    a->rise += grown;
    a->tick_bound += grown;
    a->faults += now->new_faults;
    return grown;
}

static void sampled(struct account *a, const char *line)
{
    uint64_t t, rss, cpu, minor, major, threads, shared, faults_waited = 0;
    int pid;
    if (sscanf(line,
               "S %" SCNu64 " %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64,
               &t, &pid, &rss, &cpu, &minor, &major, &threads, &shared, &faults_waited) < 8)
        return;
    struct account_process *p = cuvee__account_find(a, pid);
    if (!p) return;
    if (a->tick_us && t != a->tick_us) close_tick(a);
    a->tick_us = a->seen_us = t;
    a->has_samples = true;
    const uint64_t faults = minor + major;
    if (!p->has_sample && p->was_here_first) { /* what was before us is none of it */
        p->faults = p->anchor_faults = faults;
        p->base_cpu_us = cpu;
        p->shared = shared;
        p->rss = rss;
        p->threads = threads;
        p->waited_faults = faults_waited;
        p->has_sample = true;
        a->before_rss += rss + lag_of(a, threads);
    }
    const struct usage now = {rss, shared, over(faults, p->faults), threads};
    const uint64_t grown = grew(a, p, &now), rss_at_most = rss + lag_of(a, threads);
    a->released += cuvee__bounds_shrinkage(a, p, &now);
    a->tick_rss += rss;
    /* RSS of a tick comes from counters that lag behind; that of an anchor was counted. */
    p->rss_most = p->is_anchored ? cuvee__max(rss, cuvee__min(p->rss_most + grown, rss_at_most))
                                 : rss_at_most;
    a->tick_rss_most += p->rss_most;
    a->claimed += over(faults_waited, p->waited_faults);
    p->waited_faults = faults_waited;
    p->has_sample = true;
    p->shared = shared;
    p->rss = rss;
    p->faults = faults;
    p->threads = threads;
    p->cpu_us = cpu;
    p->minor_faults = minor;
    p->peak_rss = cuvee__max(p->peak_rss, rss);
    if (!p->was_here_first) a->n_threads_seen += over(threads, cuvee__max(p->max_threads, 1));
    p->max_threads = cuvee__max(p->max_threads, threads);
    a->max_threads = cuvee__max(a->max_threads, threads);
    add_part(a, &a->tick, p, &(struct series_part){.rss = rss});
    if (pid != a->leader) return;
    a->has_leader_samples = true;
    a->tick.parent_rss = rss;
    a->naive_parent_rss = cuvee__max(a->naive_parent_rss, rss);
    if (t >= a->sampled_us) {
        a->sampled_us = t + SAMPLE_US;
        a->naive_sampled = cuvee__max(a->naive_sampled, rss);
    }
}

/* Traced: its last figures. It may never have been sampled. */
static void last_of(struct account *a, const char *line)
{
    uint64_t t, high_water, cpu, wait, minor, major;
    int pid;
    if (sscanf(line, "D %" SCNu64 " %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &t, &pid, &high_water, &cpu, &wait, &minor, &major) != 7)
        return;
    struct account_process *p = cuvee__account_find(a, pid);
    close_tick(a); /* this is of the next one */
    a->traced_cpu_us += cpu;
    if (!p) return;
    const struct usage now = {cuvee__max(high_water, p->rss), p->shared,
                              over(minor + major, p->faults), p->threads};
    a->released += grew(a, p, &now); /* the rest when it is gone */
    p->faults = minor + major;
    p->cpu_us = cuvee__max(p->cpu_us, cpu);
    p->wait_us = cuvee__max(p->wait_us, wait);
    p->high_water = cuvee__max(p->high_water, high_water);
    p->peak_rss = cuvee__max(p->peak_rss, high_water);
    a->has_wait = true;
}

static void waited(struct account *a, const char *line)
{
    uint64_t t, wait;
    int pid;
    if (sscanf(line, "J %" SCNu64 " %d %" SCNu64, &t, &pid, &wait) != 3) return;
    struct account_process *p = cuvee__account_find(a, pid);
    if (!p) return;
    p->wait_us = cuvee__max(p->wait_us, wait);
    a->has_wait = true;
}

static void ran(struct account *a, const char *line)
{
    uint64_t t, cpu;
    if (sscanf(line, "R %" SCNu64 " %" SCNu64, &t, &cpu) != 2) return;
    a->tick.has_cpu = true;
    a->tick.cpu_us = cpu;
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
    a->busy_us = over(busy, a->first_busy);
    a->steal_us = over(steal, a->first_steal);
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
    close_tick(a);
    /* The meter looks once more when it has read all: what came after one was read is not in F. */
    a->pass_growth = a->closed_us > n.t_us ? a->closed_growth : 0;
    if (a->n_anchors == CUVEE__ACCOUNT_ANCHORS) thin_anchors(a);
    struct account_anchor *items =
        cuvee__account_grow(a->anchors, a->n_anchors, &a->room_anchors, sizeof n);
    if (!items) return CUVEE_E_NOMEM;
    a->anchors = items;
    items[a->n_anchors++] = n;
    a->n_anchors_taken++;
    a->anchor_lines = n.n_processes;
    a->anchor.n = 0;
    return CUVEE_OK;
}

static void close_anchor(struct account *a, const struct account_anchor *n)
{
    a->anchor.is_anchor = true;
    a->anchor.is_stable = n->is_stable;
    a->anchor.t_us = n->t_us;
    a->anchor.rss = n->sum_rss;
    a->anchor.footprint = n->footprint;
    close_frame(a, &a->anchor);
    for (size_t i = a->n_marks; i > 0 && !a->marks[i - 1].footprint; i--)
        if (n->is_stable) a->marks[i - 1].footprint = n->footprint;
    if (!n->is_stable) {
        a->open_excess += a->excess;
        return;
    }
    const uint64_t at_most = n->footprint + a->pass_growth;
    cuvee__bounds_settle(a, at_most, a->excess + a->open_excess);
    a->open_excess = 0;
    /* The area below the line through the stable anchors. */
    if (a->has_peak)
        a->integral_mib_s += (double)(n->footprint + a->stable_footprint) / 2048.0 *
                             (double)(n->t_us - a->stable_us) / 1e6;
    a->stable_us = n->t_us;
    a->stable_footprint = a->stands = n->footprint;
    a->stands_us = n->t_us;
    a->stood_mib_s = 0;
    a->rise = at_most;
    a->has_rise = true;
    a->rest_kernel = n->parts.kernel;
    a->rest_swap = n->parts.swap;
    a->rest = a->rest_kernel + a->rest_swap;
    a->mapped = n->parts.file + n->parts.shmem;
    a->private_peak = cuvee__max(a->private_peak, n->private_);
    a->upper = cuvee__max(a->upper, at_most);
    cuvee__bounds_keep(a, at_most);
    if (a->has_peak && n->footprint <= a->lower) return;
    a->has_peak = true;
    a->lower = n->footprint;
    a->peak_at_us = n->t_us;
    a->at_peak = n->parts;
}

static void anchored(struct account *a, const char *line)
{
    uint64_t pss, anon, file, shmem, swap, tables, threads, private_, rss, high_water;
    int pid;
    if (!a->anchor_lines) return;
    if (sscanf(line,
               "P %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &pid, &pss, &anon, &file, &shmem, &swap, &tables, &threads, &private_, &rss,
               &high_water) != 11)
        return;
    struct account_anchor *n = &a->anchors[a->n_anchors - 1];
    const uint64_t kernel = tables + threads * CUVEE__KERNEL_STACK_KB;
    n->footprint += pss + swap + kernel;
    n->sum_rss += rss;
    n->private_ += private_;
    n->parts.anon += anon;
    n->parts.file += file;
    n->parts.shmem += shmem;
    n->parts.swap += swap;
    n->parts.kernel += kernel;
    const struct series_part seen = {.rss = rss, .pss = pss, .footprint = pss + swap + kernel};
    struct account_process *p = cuvee__account_find(a, pid);
    if (p) {
        const uint64_t known = cuvee__max(p->peak_rss, p->high_water);
        const uint64_t faulted = over(p->faults, p->anchor_faults) * (a->page_bytes / 1024);
        if (p->high_water || !p->was_here_first) a->excess += over(high_water, known + faulted);
        p->anchor_faults = p->faults;
        p->rss_most = cuvee__max(rss, p->rss);
        p->is_anchored = true;
        p->high_water = cuvee__max(p->high_water, high_water);
        add_part(a, &a->anchor, p, &seen);
    }
    if (pid == a->leader) {
        if (high_water) a->naive_parent_hwm = high_water; /* one that ends has none left to say */
        a->has_leader_anchor = true;
    }
    if (--a->anchor_lines == 0) close_anchor(a, n);
}

/* ---- the rest ---- */

static int marked(struct account *a, const char *line)
{
    struct account_mark mark = {0};
    if (sscanf(line, "M %" SCNu64 " %63[^\n]", &mark.t_us, mark.text) != 2) return CUVEE_OK;
    close_tick(a);
    const bool is_heap = strncmp(mark.text, "heap=", 5) == 0;
    if (is_heap) {
        a->has_heap = true;
        a->heap_bytes = cuvee__max(a->heap_bytes, strtoull(mark.text + 5, NULL, 10));
    }
    if (a->n_marks >= CUVEE__ACCOUNT_MARKS / (is_heap ? 2u : 1u)) {
        a->n_marks_left_out++;
        return CUVEE_OK;
    }
    struct account_mark *items =
        cuvee__account_grow(a->marks, a->n_marks, &a->room_marks, sizeof mark);
    if (!items) return CUVEE_E_NOMEM;
    a->marks = items;
    items[a->n_marks++] = mark;
    if (a->on_mark) a->on_mark(a->on_arg, &mark);
    return CUVEE_OK;
}

static void ended(struct account *a, const char *line)
{
    uint64_t t, max_rss, user, system, switches, involuntary, faults;
    int pid = a->leader, status, at = 0;
    const bool is_leader = line[0] == 'X';
    const int got = is_leader ? sscanf(line, "X %" SCNu64 " %d %n", &t, &status, &at)
                              : sscanf(line, "W %" SCNu64 " %d %d %n", &t, &pid, &status, &at);
    if (got != (is_leader ? 2 : 3) || !at) return;
    const int figures =
        sscanf(line + at, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &max_rss, &user, &system, &switches, &involuntary, &faults);
    if (figures < 3) return;
    a->user_us += user;
    a->system_us += system;
    a->naive_max_rss = cuvee__max(a->naive_max_rss, max_rss);
    if (figures == 6) {
        struct account_process *p = cuvee__account_find(a, pid);
        a->has_switches = true;
        a->switches += switches;
        a->involuntary += involuntary;
        a->claimed += over(faults, p ? p->faults + p->waited_faults : 0);
        if (p) p->faults = p->waited_faults = 0; /* waited for by us: in nobody's account later */
    }
    if (!is_leader) return;
    a->status = status;
    a->has_status = true;
    a->wall_leader_us = t;
}

/* Now and then, and at the end where that is allowed: the last word counts. */
static void transferred(struct account *a, const char *line)
{
    int pid;
    uint64_t bytes_read, written;
    if (sscanf(line, "O %d %" SCNu64 " %" SCNu64, &pid, &bytes_read, &written) != 3) return;
    struct account_process *p = cuvee__account_find(a, pid);
    a->has_io = true;
    a->read_bytes += over(bytes_read, p ? p->read_bytes : 0);
    a->written_bytes += over(written, p ? p->written_bytes : 0);
    if (!p) return;
    p->read_bytes = bytes_read;
    p->written_bytes = written;
}

static void source(struct account *a, const char *line)
{
    const struct {
        const char *name;
        struct account_source *source;
    } all[] = {{"group", &a->group}, {"charge", &a->charge}, {"events", &a->events},
               {"trace", &a->trace}, {"limit", &a->limit},   {"perf", &a->perf}};
    char name[16];
    int is_used, at = 0;
    if (sscanf(line, "U %15s %d %n", name, &is_used, &at) != 2 || !at) return;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].name, name) != 0) continue;
        all[i].source->is_known = true;
        all[i].source->is_used = is_used != 0;
        snprintf(all[i].source->note, sizeof all[i].source->note, "%s", line + at);
    }
}

static void counted(struct account *a, const char *line)
{
    a->has_counts = sscanf(line, "N %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &a->n_counted,
                           &a->n_execs, &a->n_exits, &a->n_overruns) == 4;
}

static void given(struct account *a, const char *line)
{
    a->has_pids = sscanf(line, "F %" SCNu64 " %" SCNu64, &a->n_pids, &a->n_pids_foreign) == 2;
}

static void threads_traced(struct account *a, const char *line)
{
    uint64_t cpu, wait;
    if (sscanf(line, "T %" SCNu64 " %" SCNu64, &cpu, &wait) != 2) return;
    a->traced_cpu_us += cpu;
    a->wait_us += wait;
}

static void pressed(struct account *a, const char *line)
{
    char scope[16];
    a->has_pressure = sscanf(line, "I %15s %" SCNu64 " %" SCNu64 " %" SCNu64, scope,
                             &a->pressure_us[0], &a->pressure_us[1], &a->pressure_us[2]) == 4;
    a->pressure_is_of_tree = a->has_pressure && strcmp(scope, "tree") == 0;
}

static void last(struct account *a, const char *line)
{
    int64_t cpu;
    if (sscanf(line,
               "Z %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64,
               &a->wall_tree_us, &a->self_cpu_us, &a->self_rss, &a->ticks, &a->late,
               &a->worst_late_us, &a->n_torn, &a->n_unserved, &a->n_lost, &cpu) != 10)
        return;
    a->is_complete = true;
    a->has_tree_cpu = cpu >= 0;
    if (a->has_tree_cpu) a->tree_cpu_us = (uint64_t)cpu;
}

static int read_line(struct account *a, const char *line)
{
    static void (*const readers[128])(struct account *, const char *) = {
        ['C'] = cuvee__account_renamed,
        ['D'] = last_of,
        ['F'] = given,
        ['G'] = cuvee__account_gone,
        ['H'] = cuvee__bounds_charge,
        ['I'] = pressed,
        ['J'] = waited,
        ['N'] = counted,
        ['O'] = transferred,
        ['P'] = anchored,
        ['R'] = ran,
        ['S'] = sampled,
        ['T'] = threads_traced,
        ['U'] = source,
        ['W'] = ended,
        ['X'] = ended,
        ['Y'] = machine,
        ['Z'] = last,
    };
    int is_attached;
    switch (line[0]) {
    case 'V':
        sscanf(line, "V %u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &a->version,
               &a->page_bytes, &a->launcher_floor, &a->interval_us, &a->lag, &a->thread_lag);
        return CUVEE_OK;
    case 'K':
        sscanf(line, "K %31s", a->cpu_source);
        return CUVEE_OK;
    case 'L':
        a->is_attached = sscanf(line, "L %d %d", &a->leader, &is_attached) == 2 && is_attached;
        a->has_rise = !a->is_attached; /* from nothing */
        return CUVEE_OK;
    case 'B':
        return cuvee__account_born(a, line);
    case 'A':
        return anchor(a, line);
    case 'M':
        return marked(a, line);
    case 'Q':
        a->was_timeout |= strstr(line, "timeout") != NULL;
        a->was_interrupted |= strstr(line, "interrupted") != NULL;
        return CUVEE_OK;
    default: {
        const unsigned char letter = (unsigned char)line[0];
        if (letter < 128 && readers[letter]) readers[letter](a, line);
        return CUVEE_OK;
    }
    }
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
        if (read_line(a, a->line) < 0 || a->no_memory)
            return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for records");
    }
    return CUVEE_OK;
}

int cuvee__account_end(struct account *a, cuvee_error *err)
{
    close_tick(a);
    cuvee__bounds_settle(a, UINT64_MAX, a->open_excess);
    if (a->version != CUVEE__RECORD_VERSION)
        return cuvee__fail(err, CUVEE_E_FORMAT, "no records of a meter");
    if (a->no_memory || cuvee__account_conclude(a) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for records");
    return CUVEE_OK;
}

void cuvee__account_deinit(struct account *a)
{
    cuvee__free(a->anchors);
    cuvee__free(a->processes);
    cuvee__free(a->live);
    cuvee__free(a->marks);
    cuvee__series_deinit(&a->series);
    cuvee__series_frame_deinit(&a->tick);
    cuvee__series_frame_deinit(&a->anchor);
    *a = (struct account){0};
}
