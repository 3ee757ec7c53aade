/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_result.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_at.h"
#include "os/file.h"

/* Results have limits of their own (measure/account.h) and stay far below. */
#define MAX_RESULT_BYTES ((size_t)64 << 20)

const struct measure_figure cli__measure_figures[] = {
    {"time of command", "time.wall_leader_s", MEASURE_SECONDS, "cuvee_measure_wall_seconds",
     "scope=\"command\"", "Time from start to end"},
    {"time of tree", "time.wall_tree_s", MEASURE_SECONDS, "cuvee_measure_wall_seconds",
     "scope=\"tree\"", "Time from start to end"},
    {"CPU", "time.cpu_s", MEASURE_SECONDS, "cuvee_measure_cpu_seconds", "",
     "Processor time of all processes"},
    {"peak, lower bound", "memory.footprint.peak.lower", MEASURE_BYTES,
     "cuvee_measure_footprint_peak_bytes", "bound=\"lower\"",
     "Largest memory of the tree, each page counted once"},
    {"peak, upper bound", "memory.footprint.peak.upper", MEASURE_BYTES,
     "cuvee_measure_footprint_peak_bytes", "bound=\"upper\"",
     "Largest memory of the tree, each page counted once"},
    {"most of the time", "memory.footprint.steady_median", MEASURE_BYTES,
     "cuvee_measure_footprint_median_bytes", "", "Memory of the tree, median over time"},
    {"memory x time", "memory.footprint.integral_MiB_s", MEASURE_MIB_SECONDS,
     "cuvee_measure_footprint_integral_byte_seconds", "", "Memory of the tree by time"},
    {"private to the tree", "memory.private_peak", MEASURE_BYTES,
     "cuvee_measure_private_peak_bytes", "", "Pages that no two processes share, at most"},
    {"processes", "membership.processes", MEASURE_COUNT, "cuvee_measure_processes", "",
     "Processes that were seen"},
    {"page faults", "io.minflt_majflt", MEASURE_COUNT, "cuvee_measure_page_faults", "",
     "Page faults of both kinds"},
    {"others' CPU", "contention.foreign_cpu_s", MEASURE_SECONDS,
     "cuvee_measure_foreign_cpu_seconds", "", "Processor time that others used meanwhile"},
    {"stolen CPU", "contention.steal_s", MEASURE_SECONDS, "cuvee_measure_steal_seconds", "",
     "Processor time that the hypervisor gave to others"},
    {"meter's CPU", "self.cpu_s", MEASURE_SECONDS, "cuvee_measure_self_cpu_seconds", "",
     "Processor time of the meter itself"},
};
const size_t cli__measure_n_figures = sizeof cli__measure_figures / sizeof *cli__measure_figures;

struct measure_scale cli__measure_scale(enum measure_unit unit)
{
    static const struct measure_scale scales[] = {
        [MEASURE_SECONDS] = {1, "s", 2},
        [MEASURE_BYTES] = {1.0 / 1048576, "MiB", 2},
        [MEASURE_MIB_SECONDS] = {1, "MiB s", 2},
        [MEASURE_COUNT] = {1, "", 0},
    };
    return scales[unit];
}

const char *cli__measure_range(double low, double high, char *text, size_t room)
{
    char second[48];
    snprintf(text, room, "%.1f", low);
    snprintf(second, sizeof second, "%.1f", high);
    if (strcmp(text, second) != 0) snprintf(text, room, "%.1f to %s", low, second);
    return text;
}

const char *cli__measure_share(double claim, double low, double high, char *text, size_t room)
{
    char second[32];
    *text = '\0';
    if (!(low > 0)) return text;
    snprintf(text, room, "%.0f", 100 * claim / high);
    snprintf(second, sizeof second, "%.0f", 100 * claim / low);
    if (strcmp(text, second) == 0)
        snprintf(text, room, "%s %%", second);
    else
        snprintf(text, room, "%.0f to %s %%", 100 * claim / high, second);
    return text;
}

int cli__measure_result_read(const char *path, json_t **ret, cuvee_error *err)
{
    struct buffer text = {.cap_bytes = MAX_RESULT_BYTES};
    int rc = cuvee__file_read(path, &text, err);
    if (rc == CUVEE_OK) rc = cuvee__json_parse(buffer_span(&text), path, ret, err);
    cuvee__buffer_deinit(&text);
    if (rc < 0) return rc;
    if (strcmp(cuvee__json_text_at(*ret, "schema"), "measure/1") == 0) return CUVEE_OK;
    json_decref(*ret);
    *ret = NULL;
    return cuvee__fail(err, CUVEE_E_FORMAT, "%s: not a result of 'cuvee measure -o' (measure/1)",
                       path);
}

bool cli__measure_result_number(const json_t *result, const char *path, double *ret)
{
    const json_t *o = cuvee__json_at(result, path);
    const double x = json_number_value(o);
    /* Nothing of a process is as large as this limit; figures beyond it are no figures. */
    if (!json_is_number(o) || !(x >= 0) || x > 1e18) return false;
    *ret = x;
    return true;
}

bool cli__measure_result_peak(const json_t *result, double *ret_low, double *ret_high)
{
    double low, high;
    if (!cli__measure_result_number(result, "memory.footprint.peak.lower", &low) ||
        !cli__measure_result_number(result, "memory.footprint.peak.upper", &high))
        return false;
    *ret_low = low;
    *ret_high = high < low ? low : high;
    return true;
}

/* ---- other methods ---- */

void cli__measure_naive_methods(struct naive_figure ret[CUVEE__NAIVE_FIGURES])
{
    static const struct account none;
    cuvee__naive_figures(&none, ret);
}

const char *cli__measure_naive_path(const struct naive_figure *f, char *text, size_t room)
{
    snprintf(text, room, "memory.naive.%s", f->key);
    return text;
}

bool cli__measure_result_claim(const json_t *result, const struct naive_figure *f, double *ret)
{
    char path[64];
    return cli__measure_result_number(result, cli__measure_naive_path(f, path, sizeof path), ret);
}

/* ---- the command ---- */

/* One word, in quotes if a shell would see anything else in it. */
static int append_word(struct buffer *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=./:,@%^*";
    if (*word && word[strspn(word, plain)] == '\0') return cuvee__buffer_append_str(out, word);
    int rc = cuvee__buffer_append_char(out, '\'');
    for (; *word && rc == CUVEE_OK; word++)
        rc = *word == '\'' ? cuvee__buffer_append_str(out, "'\\''")
                           : cuvee__buffer_append_char(out, *word);
    return rc == CUVEE_OK ? cuvee__buffer_append_char(out, '\'') : rc;
}

int cli__measure_result_command(const json_t *result, struct buffer *out)
{
    const json_t *words = json_object_get(result, "cmd"), *word;
    size_t i;
    int rc = CUVEE_OK;
    json_array_foreach(words, i, word)
    {
        if (i && rc == CUVEE_OK) rc = cuvee__buffer_append_char(out, ' ');
        if (rc == CUVEE_OK && json_is_string(word)) rc = append_word(out, json_string_value(word));
    }
    return rc == CUVEE_OK ? cuvee__buffer_append_char(out, '\0') : rc;
}
