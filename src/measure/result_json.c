/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/result_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/json.h"
#include "measure/host.h"
#include "measure/json_values.h"
#include "measure/naive.h"
#include "measure/series_json.h"

enum { MAX_PROCESSES = 1024 }; /* in a result: the largest */

/* Reasons that several figures have in common. */
static const char none[] = "no stable anchor: the command was too short or never still, or a "
                           "process does not let its memory be read";
static const char no_samples[] = "nothing was sampled";
static const char not_waited[] = "of a tree that is not ours to wait for";

static json_t *command(const char *const *argv, bool redact)
{
    json_t *list = json_array();
    for (size_t i = 0; argv[i]; i++)
        json_array_append_new(list, cuvee__json_string(redact && i ? "***" : argv[i]));
    return list;
}

static json_t *exit_of(const struct account *a, json_t *why)
{
    json_t *o = json_object();
    const bool by_signal = a->has_status && WIFSIGNALED(a->status);
    cuvee__json_set_or_null(o, why, "code", a->has_status && !by_signal,
                            cuvee__json_count((uint64_t)WEXITSTATUS(a->status)),
                            by_signal        ? "ended by a signal"
                            : a->is_attached ? not_waited
                                             : "the command's end was not seen");
    cuvee__json_set_or_null(o, why, "signal", by_signal,
                            cuvee__json_count((uint64_t)WTERMSIG(a->status)),
                            "not ended by a signal");
    json_object_set_new(o, "interrupted", json_boolean(a->was_interrupted));
    json_object_set_new(o, "timeout", json_boolean(a->was_timeout));
    return o;
}

static json_t *membership(const struct account *a, json_t *why)
{
    json_t *o = json_object();
    bool is_complete;
    const char *source = cuvee__account_membership(a, &is_complete);
    const char *no_counts = a->events.note[0]  ? a->events.note
                            : a->trace.note[0] ? a->trace.note
                                               : "no source counts processes";
    const bool has = a->has_counts;
    json_object_set_new(o, "source", json_string(source));
    json_object_set_new(o, "complete", json_boolean(is_complete));
    json_object_set_new(o, "processes", cuvee__json_count(cuvee__account_processes(a)));
    json_object_set_new(o, "looked_at", cuvee__json_count(a->n_born));
    cuvee__json_set_or_null(o, why, "counted", has, cuvee__json_count(a->n_counted), no_counts);
    cuvee__json_set_or_null(o, why, "execs", has, cuvee__json_count(a->n_execs), no_counts);
    cuvee__json_set_or_null(o, why, "exits", has, cuvee__json_count(a->n_exits), no_counts);
    cuvee__json_set_or_null(o, why, "overruns", has, cuvee__json_count(a->n_overruns), no_counts);
    uint64_t missed;
    const bool knows_missed = cuvee__account_missed(a, &missed);
    cuvee__json_set_or_null(o, why, "missed_at_most", knows_missed, cuvee__json_count(missed),
                            a->is_complete ? "/proc/loadavg does not say which pid was given last"
                                           : "the meter's last word is missing");
    json_object_set_new(o, "max_live", cuvee__json_count(a->max_live));
    cuvee__json_set_or_null(o, why, "threads_max", a->has_samples,
                            cuvee__json_count(a->max_threads), no_samples);
    json_object_set_new(o, "lost", cuvee__json_count(a->n_lost));
    return o;
}

static json_t *times(const struct account *a, json_t *why)
{
    json_t *o = json_object();
    cuvee__json_set_or_null(o, why, "wall_leader_s", a->has_status,
                            cuvee__json_seconds(a->wall_leader_us),
                            "the command's end was not seen");
    cuvee__json_set_or_null(o, why, "wall_tree_s", a->is_complete,
                            cuvee__json_seconds(a->wall_tree_us),
                            "the meter's last word is missing");
    cuvee__json_set_or_null(o, why, "cpu_s", a->has_cpu, cuvee__json_seconds(a->cpu_us),
                            "no source");
    json_object_set_new(o, "cpu_source", json_string(a->cpu_source));
    json_object_set_new(o, "cpu_quality", json_string(a->cpu_is_exact ? "exact" : "lower bound"));
    cuvee__json_set_or_null(o, why, "user_s", a->has_status, cuvee__json_seconds(a->user_us),
                            not_waited);
    cuvee__json_set_or_null(o, why, "sys_s", a->has_status, cuvee__json_seconds(a->system_us),
                            not_waited);
    return o;
}

static json_t *parts(const struct account *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "anon", cuvee__json_bytes(a->at_peak.anon));
    json_object_set_new(o, "file", cuvee__json_bytes(a->at_peak.file));
    json_object_set_new(o, "shmem", cuvee__json_bytes(a->at_peak.shmem));
    json_object_set_new(o, "swap", cuvee__json_bytes(a->at_peak.swap));
    json_object_set_new(o, "kernel", cuvee__json_bytes(a->at_peak.kernel));
    return o;
}

static json_t *footprint(const struct account *a, json_t *why)
{
    json_t *o = json_object(), *peak = json_object();
    cuvee__json_set_or_null(peak, why, "value", a->has_peak, cuvee__json_bytes(a->lower), none);
    cuvee__json_set_or_null(peak, why, "lower", a->has_peak, cuvee__json_bytes(a->lower), none);
    cuvee__json_set_or_null(peak, why, "upper", a->has_peak, cuvee__json_bytes(a->upper), none);
    json_object_set_new(peak, "tight", json_boolean(account_is_tight(a)));
    cuvee__json_set_or_null(peak, why, "at_s", a->has_peak, cuvee__json_seconds(a->peak_at_us),
                            none);
    json_object_set_new(o, "peak", peak);
    cuvee__json_set_or_null(o, why, "steady_median", a->has_peak,
                            cuvee__json_bytes(a->steady_median), none);
    cuvee__json_set_or_null(o, why, "integral_MiB_s", a->has_peak, json_real(a->integral_mib_s),
                            none);
    cuvee__json_set_or_null(o, why, "parts_at_peak", a->has_peak, parts(a), none);
    return o;
}

static json_t *naive(const struct account *a, json_t *why)
{
    struct naive_figure figures[CUVEE__NAIVE_FIGURES];
    json_t *o = json_object();
    cuvee__naive_figures(a, figures);
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++)
        cuvee__json_set_or_null(o, why, figures[i].key, figures[i].is_known,
                                cuvee__json_count(figures[i].bytes),
                                i == 0 ? "the program wrote no mark heap=BYTES" : no_samples);
    return o;
}

static json_t *charged(const struct account *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "peak", cuvee__json_bytes(a->charged_peak));
    json_object_set_new(o, "source", json_string_nocheck(a->charge.note));
    return o;
}

static json_t *memory(const struct account *a, json_t *why)
{
    json_t *o = json_object(), *anchors = json_object();
    json_object_set_new(o, "unit", json_string("byte"));
    json_object_set_new(o, "footprint", footprint(a, why));
    cuvee__json_set_or_null(o, why, "private_peak", a->has_peak, cuvee__json_bytes(a->private_peak),
                            none);
    cuvee__json_set_or_null(o, why, "charged", a->has_charge && a->charge.is_used, charged(a),
                            a->charge.note[0] ? a->charge.note
                                              : "no control group of the tree's own");
    json_object_set_new(anchors, "n", cuvee__json_count(a->n_anchors_taken));
    json_object_set_new(anchors, "torn", cuvee__json_count(a->n_torn));
    json_object_set_new(anchors, "unserved", cuvee__json_count(a->n_unserved));
    json_object_set_new(o, "anchors", anchors);
    json_object_set_new(o, "naive", naive(a, why));
    return o;
}

static json_t *contention(const struct account *a, json_t *why)
{
    json_t *o = json_object();
    const uint64_t ours = a->cpu_us + a->self_cpu_us;
    cuvee__json_set_or_null(o, why, "steal_s", a->has_machine_cpu, cuvee__json_seconds(a->steal_us),
                            "too short to look, or /proc/stat could not be read");
    cuvee__json_set_or_null(o, why, "foreign_cpu_s", a->has_machine_cpu,
                            cuvee__json_seconds(a->busy_us - cuvee__min(a->busy_us, ours)),
                            "too short to look, or /proc/stat could not be read");
    static const char *const pressures[] = {"psi_cpu_some_s", "psi_memory_some_s", "psi_io_some_s"};
    cuvee__json_set_or_null(o, why, "runq_wait_s", a->has_wait, cuvee__json_seconds(a->wait_us),
                            "no schedstat, or too short to look");
    cuvee__json_set_or_null(o, why, "context_switches", a->has_switches,
                            cuvee__json_count(a->switches), not_waited);
    cuvee__json_set_or_null(o, why, "involuntary_switches", a->has_switches,
                            cuvee__json_count(a->involuntary), not_waited);
    for (int i = 0; i < 3; i++)
        cuvee__json_set_or_null(o, why, pressures[i], a->has_pressure,
                                cuvee__json_seconds(a->pressure_us[i]),
                                "the kernel does not keep pressure figures");
    cuvee__json_set_or_null(o, why, "psi_scope", a->has_pressure,
                            json_string(a->pressure_is_of_tree ? "tree" : "machine"),
                            "the kernel does not keep pressure figures");
    return o;
}

static json_t *transfers(const struct account *a, json_t *why)
{
    static const char *const unread = "/proc/PID/io could not be read";
    json_t *o = json_object();
    cuvee__json_set_or_null(o, why, "minflt_majflt", a->has_samples, cuvee__json_count(a->faults),
                            no_samples);
    cuvee__json_set_or_null(o, why, "read_bytes", a->has_io, cuvee__json_count(a->read_bytes),
                            unread);
    cuvee__json_set_or_null(o, why, "write_bytes", a->has_io, cuvee__json_count(a->written_bytes),
                            unread);
    return o;
}

static int compare(const void *x, const void *y)
{
    const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a < b) - (a > b);
}

/* The peak of the smallest process that is listed, and how many of that size are. */
static int find_smallest(const struct account *a, uint64_t *ret_peak, size_t *ret_n)
{
    *ret_peak = 0;
    *ret_n = a->n_processes;
    if (a->n_processes <= MAX_PROCESSES) return 0;
    uint64_t *peaks = cuvee__alloc_array(a->n_processes, sizeof *peaks);
    if (!peaks) return -1;
    for (size_t i = 0; i < a->n_processes; i++) peaks[i] = a->processes[i].peak_rss;
    qsort(peaks, a->n_processes, sizeof *peaks, compare);
    *ret_peak = peaks[MAX_PROCESSES - 1];
    size_t n_larger = 0;
    while (peaks[n_larger] > *ret_peak) n_larger++;
    *ret_n = MAX_PROCESSES - n_larger;
    cuvee__free(peaks);
    return 0;
}

/* Reasons of all processes have one place. */
static void set_seen(json_t *o, json_t *why, const char *key, bool is_known, json_t *value)
{
    char path[64];
    json_object_set_new(o, key, is_known ? value : json_null());
    if (is_known) return;
    json_decref(value);
    snprintf(path, sizeof path, "processes.%s", key);
    json_object_set_new(why, path, json_string("it had ended before it was looked at"));
}

static json_t *process(const struct account_process *p, json_t *why)
{
    const bool is_traced = p->cpu_us || p->peak_rss;
    json_t *o = json_object();
    json_object_set_new(o, "pid", json_integer(p->pid));
    json_object_set_new(o, "ppid", json_integer(p->ppid));
    json_object_set_new(o, "comm", cuvee__json_string(p->comm));
    json_object_set_new(o, "born_s", cuvee__json_seconds(p->born_us));
    json_object_set_new(o, "exit_s", p->gone_us ? cuvee__json_seconds(p->gone_us) : json_null());
    set_seen(o, why, "rss_peak", p->has_sample || is_traced, cuvee__json_bytes(p->peak_rss));
    set_seen(o, why, "cpu_s", p->has_sample || is_traced, cuvee__json_seconds(p->cpu_us));
    set_seen(o, why, "threads_max", p->has_sample, cuvee__json_count(p->max_threads));
    json_object_set_new(o, "execs", json_integer(p->n_execs));
    return o;
}

static json_t *processes(const struct account *a, json_t *why)
{
    uint64_t smallest;
    size_t n_of_that;
    json_t *list = json_array();
    if (find_smallest(a, &smallest, &n_of_that) < 0) return list;
    for (size_t i = 0; i < a->n_processes; i++) {
        const struct account_process *p = &a->processes[i];
        if (p->peak_rss < smallest) continue;
        if (p->peak_rss == smallest && n_of_that-- == 0) {
            n_of_that = 0;
            continue;
        }
        json_array_append_new(list, process(p, why));
    }
    return list;
}

static json_t *phases(const struct account *a, json_t *why)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n_marks; i++) {
        const struct account_mark *m = &a->marks[i];
        json_t *o = json_object();
        json_object_set_new(o, "name", cuvee__json_string(m->text));
        json_object_set_new(o, "t_s", cuvee__json_seconds(m->t_us));
        json_object_set_new(o, "footprint",
                            m->footprint ? cuvee__json_bytes(m->footprint) : json_null());
        if (!m->footprint) json_object_set_new(why, "phases.footprint", json_string(none));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *self(const struct account *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "cpu_s", cuvee__json_seconds(a->self_cpu_us));
    json_object_set_new(o, "rss", cuvee__json_bytes(a->self_rss));
    json_object_set_new(o, "ticks", cuvee__json_count(a->ticks));
    json_object_set_new(o, "late_ticks", cuvee__json_count(a->late));
    json_object_set_new(o, "worst_late_ms", json_real((double)a->worst_late_us / 1e3));
    return o;
}

json_t *cuvee__result_to_json(const struct account *a, const char *const *argv, bool redact)
{
    json_t *o = json_object(), *why = json_object(), *tool = json_object();
    json_object_set_new(tool, "version", json_string(cuvee_version()));
    json_object_set_new(tool, "launcher_floor", cuvee__json_bytes(a->launcher_floor));
    json_object_set_new(o, "schema", json_string("measure/1"));
    json_object_set_new(o, "tool", tool);
    json_object_set_new(o, "cmd", command(argv, redact));
    json_object_set_new(o, "attached", json_boolean(a->is_attached));
    json_object_set_new(o, "exit", exit_of(a, why));
    json_object_set_new(o, "host", cuvee__host_to_json("", why));
    json_object_set_new(o, "complete", json_boolean(a->is_complete));
    json_object_set_new(o, "membership", membership(a, why));
    json_object_set_new(o, "time", times(a, why));
    json_object_set_new(o, "memory", memory(a, why));
    json_object_set_new(o, "contention", contention(a, why));
    json_object_set_new(o, "io", transfers(a, why));
    json_object_set_new(o, "phases", phases(a, why));
    json_object_set_new(o, "phases_left_out", cuvee__json_count(a->n_marks_left_out));
    json_t *list = processes(a, why);
    json_object_set_new(o, "processes", list);
    json_object_set_new(o, "processes_left_out",
                        cuvee__json_count(a->n_born - json_array_size(list)));
    json_object_set_new(o, "series", cuvee__series_to_json(a));
    json_object_set_new(o, "self", self(a));
    json_object_set_new(o, "why", why);
    return o;
}
