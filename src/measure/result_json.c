/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/result_json.h"

#include <sys/wait.h>

#include "base/checked.h"
#include "measure/naive.h"

static json_t *bytes(uint64_t kb)
{
    return json_integer((json_int_t)(kb * 1024));
}

static json_t *count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *seconds(uint64_t us)
{
    return json_real((double)us / 1e6);
}

/* The value, or null and its reason under "why". */
static void set_or_null(json_t *o, json_t *why, const char *key, bool is_known, json_t *value,
                        const char *reason)
{
    json_object_set_new(o, key, is_known ? value : json_null());
    if (is_known) return;
    json_decref(value);
    json_object_set_new(why, key, json_string(reason));
}

static json_t *command(const char *const *argv, bool redact)
{
    json_t *list = json_array();
    for (size_t i = 0; argv[i]; i++)
        json_array_append_new(list, json_string_nocheck(redact && i ? "***" : argv[i]));
    return list;
}

static json_t *exit_of(const struct account *a, json_t *why)
{
    json_t *o = json_object();
    const bool by_signal = a->has_status && WIFSIGNALED(a->status);
    set_or_null(o, why, "code", a->has_status && !by_signal,
                count((uint64_t)WEXITSTATUS(a->status)),
                by_signal        ? "ended by a signal"
                : a->is_attached ? "of a tree that is not ours to wait for"
                                 : "the command's end was not seen");
    set_or_null(o, why, "signal", by_signal, count((uint64_t)WTERMSIG(a->status)),
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
    /* Those that were too short to be looked at are in it when they are counted. */
    const uint64_t n = cuvee__max(a->n_processes, has ? a->n_counted : 0);
    json_object_set_new(o, "source", json_string(source));
    json_object_set_new(o, "complete", json_boolean(is_complete));
    json_object_set_new(o, "processes", count(n));
    json_object_set_new(o, "looked_at", count(a->n_processes));
    set_or_null(o, why, "counted", has, count(a->n_counted), no_counts);
    set_or_null(o, why, "execs", has, count(a->n_execs), no_counts);
    set_or_null(o, why, "exits", has, count(a->n_exits), no_counts);
    set_or_null(o, why, "overruns", has, count(a->n_overruns), no_counts);
    json_object_set_new(o, "max_live", count(a->max_live));
    json_object_set_new(o, "threads_max", count(a->max_threads));
    json_object_set_new(o, "lost", count(a->n_lost));
    return o;
}

static json_t *times(const struct account *a, json_t *why)
{
    json_t *o = json_object();
    set_or_null(o, why, "wall_leader_s", a->has_status, seconds(a->wall_leader_us),
                "the command's end was not seen");
    set_or_null(o, why, "wall_tree_s", a->is_complete, seconds(a->wall_tree_us),
                "the meter's last word is missing");
    set_or_null(o, why, "cpu_s", a->has_cpu, seconds(a->cpu_us), "no source");
    json_object_set_new(o, "cpu_source", json_string(a->cpu_source));
    json_object_set_new(o, "cpu_quality", json_string(a->cpu_is_exact ? "exact" : "lower bound"));
    json_object_set_new(o, "user_s", seconds(a->user_us));
    json_object_set_new(o, "sys_s", seconds(a->system_us));
    return o;
}

static json_t *parts(const struct account *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "anon", bytes(a->at_peak.anon));
    json_object_set_new(o, "file", bytes(a->at_peak.file));
    json_object_set_new(o, "shmem", bytes(a->at_peak.shmem));
    json_object_set_new(o, "swap", bytes(a->at_peak.swap));
    json_object_set_new(o, "kernel", bytes(a->at_peak.kernel));
    return o;
}

static json_t *footprint(const struct account *a, json_t *why)
{
    static const char *const none = "no stable anchor: the command was too short, or never still";
    json_t *o = json_object(), *peak = json_object();
    set_or_null(peak, why, "value", a->has_peak, bytes(a->lower), none);
    set_or_null(peak, why, "lower", a->has_peak, bytes(a->lower), none);
    set_or_null(peak, why, "upper", a->has_peak, bytes(a->upper), none);
    json_object_set_new(peak, "tight", json_boolean(account_is_tight(a)));
    set_or_null(peak, why, "at_s", a->has_peak, seconds(a->peak_at_us), none);
    json_object_set_new(o, "peak", peak);
    set_or_null(o, why, "steady_median", a->has_peak, bytes(a->steady_median), none);
    json_object_set_new(o, "integral_MiB_s", json_real(a->integral_mib_s));
    json_object_set_new(o, "parts_at_peak", parts(a));
    return o;
}

static json_t *naive(const struct account *a, json_t *why)
{
    struct naive_figure figures[CUVEE__NAIVE_FIGURES];
    json_t *o = json_object();
    cuvee__naive_figures(a, figures);
    for (int i = 0; i < CUVEE__NAIVE_FIGURES; i++)
        set_or_null(o, why, figures[i].key, figures[i].is_known, count(figures[i].bytes),
                    i == 0 ? "the program wrote no mark heap=BYTES" : "nothing was sampled");
    return o;
}

static json_t *charged(const struct account *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "peak", bytes(a->charged_peak));
    json_object_set_new(o, "source", json_string_nocheck(a->charge.note));
    return o;
}

static json_t *memory(const struct account *a, json_t *why)
{
    json_t *o = json_object(), *anchors = json_object();
    json_object_set_new(o, "unit", json_string("byte"));
    json_object_set_new(o, "footprint", footprint(a, why));
    set_or_null(o, why, "private_peak", a->has_peak, bytes(a->private_peak), "no stable anchor");
    set_or_null(o, why, "charged", a->has_charge && a->charge.is_used, charged(a),
                a->charge.note[0] ? a->charge.note : "no control group of the tree's own");
    json_object_set_new(anchors, "n", count(a->n_anchors));
    json_object_set_new(anchors, "torn", count(a->n_torn));
    json_object_set_new(anchors, "unserved", count(a->n_unserved));
    json_object_set_new(o, "anchors", anchors);
    json_object_set_new(o, "naive", naive(a, why));
    return o;
}

static json_t *contention(const struct account *a, json_t *why)
{
    json_t *o = json_object();
    const uint64_t ours = a->cpu_us + a->self_cpu_us;
    set_or_null(o, why, "steal_s", a->has_machine_cpu, seconds(a->steal_us), "too short to look");
    set_or_null(o, why, "foreign_cpu_s", a->has_machine_cpu,
                seconds(a->busy_us - cuvee__min(a->busy_us, ours)), "too short to look");
    static const char *const not_waited = "of a tree that is not ours to wait for";
    static const char *const pressures[] = {"psi_cpu_some_s", "psi_memory_some_s", "psi_io_some_s"};
    set_or_null(o, why, "runq_wait_s", a->has_wait, seconds(a->wait_us),
                "no schedstat, or too short to look");
    set_or_null(o, why, "context_switches", a->has_switches, count(a->switches), not_waited);
    set_or_null(o, why, "involuntary_switches", a->has_switches, count(a->involuntary), not_waited);
    for (int i = 0; i < 3; i++)
        set_or_null(o, why, pressures[i], a->has_pressure, seconds(a->pressure_us[i]),
                    "the kernel does not keep pressure figures");
    set_or_null(o, why, "psi_scope", a->has_pressure,
                json_string(a->pressure_is_of_tree ? "tree" : "machine"),
                "the kernel does not keep pressure figures");
    return o;
}

static json_t *transfers(const struct account *a, json_t *why)
{
    static const char *const none = "/proc/PID/io could not be read";
    json_t *o = json_object();
    json_object_set_new(o, "minflt_majflt", count(a->faults));
    set_or_null(o, why, "read_bytes", a->has_io, count(a->read_bytes), none);
    set_or_null(o, why, "write_bytes", a->has_io, count(a->written_bytes), none);
    return o;
}

static json_t *processes(const struct account *a, json_t *why)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n_processes; i++) {
        const struct account_process *p = &a->processes[i];
        json_t *o = json_object();
        json_object_set_new(o, "pid", json_integer(p->pid));
        json_object_set_new(o, "ppid", json_integer(p->ppid));
        json_object_set_new(o, "comm", json_string_nocheck(p->comm));
        json_object_set_new(o, "born_s", seconds(p->born_us));
        json_object_set_new(o, "exit_s", p->gone_us ? seconds(p->gone_us) : json_null());
        json_object_set_new(o, "rss_peak", bytes(p->peak_rss));
        json_object_set_new(o, "cpu_s", seconds(p->cpu_us));
        json_object_set_new(o, "threads_max", count(p->max_threads));
        json_object_set_new(o, "execs", json_integer(p->n_execs));
        json_array_append_new(list, o);
    }
    (void)why;
    return list;
}

static json_t *phases(const struct account *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n_marks; i++) {
        const struct account_mark *m = &a->marks[i];
        json_t *o = json_object();
        json_object_set_new(o, "name", json_string_nocheck(m->text));
        json_object_set_new(o, "t_s", seconds(m->t_us));
        json_object_set_new(o, "footprint", m->footprint ? bytes(m->footprint) : json_null());
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *self(const struct account *a)
{
    json_t *o = json_object();
    json_object_set_new(o, "cpu_s", seconds(a->self_cpu_us));
    json_object_set_new(o, "rss", bytes(a->self_rss));
    json_object_set_new(o, "ticks", count(a->ticks));
    json_object_set_new(o, "late_ticks", count(a->late));
    json_object_set_new(o, "worst_late_ms", json_real((double)a->worst_late_us / 1e3));
    return o;
}

json_t *cuvee__result_to_json(const struct account *a, const char *const *argv, bool redact)
{
    json_t *o = json_object(), *why = json_object(), *tool = json_object();
    json_object_set_new(tool, "version", json_string(cuvee_version()));
    json_object_set_new(tool, "launcher_floor", bytes(a->launcher_floor));
    json_object_set_new(o, "schema", json_string("measure/1"));
    json_object_set_new(o, "tool", tool);
    json_object_set_new(o, "cmd", command(argv, redact));
    json_object_set_new(o, "attached", json_boolean(a->is_attached));
    json_object_set_new(o, "exit", exit_of(a, why));
    json_object_set_new(o, "complete", json_boolean(a->is_complete));
    json_object_set_new(o, "membership", membership(a, why));
    json_object_set_new(o, "time", times(a, why));
    json_object_set_new(o, "memory", memory(a, why));
    json_object_set_new(o, "contention", contention(a, why));
    json_object_set_new(o, "io", transfers(a, why));
    json_object_set_new(o, "phases", phases(a));
    json_object_set_new(o, "processes", processes(a, why));
    json_object_set_new(o, "self", self(a));
    json_object_set_new(o, "why", why);
    return o;
}
