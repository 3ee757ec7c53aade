/* SPDX-License-Identifier: Apache-2.0 */
#include "measure_diff.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "os/file.h"

/* A day-long run of many processes stays far below. */
#define MAX_RESULT_BYTES ((size_t)256 << 20)

struct figure {
    const char *name, *path; /* members from the top, by dots */
    double unit;
    const char *unit_name;
};

static const struct figure figures[] = {
    {"time of command", "time.wall_leader_s", 1, "s"},
    {"time of tree", "time.wall_tree_s", 1, "s"},
    {"CPU", "time.cpu_s", 1, "s"},
    {"peak, lower bound", "memory.footprint.peak.lower", 1048576, "MiB"},
    {"peak, upper bound", "memory.footprint.peak.upper", 1048576, "MiB"},
    {"most of the time", "memory.footprint.steady_median", 1048576, "MiB"},
    {"memory x time", "memory.footprint.integral_MiB_s", 1, "MiB s"},
    {"private to the tree", "memory.private_peak", 1048576, "MiB"},
    {"processes", "membership.processes", 1, ""},
    {"page faults", "io.minflt_majflt", 1, ""},
};

static int read_result(const char *path, json_t **ret, cuvee_error *err)
{
    struct buffer text = {.cap_bytes = MAX_RESULT_BYTES};
    int rc = cuvee__file_read(path, &text, err);
    if (rc == CUVEE_OK) rc = cuvee__json_parse(buffer_span(&text), path, ret, err);
    cuvee__buffer_deinit(&text);
    if (rc < 0) return rc;
    const char *schema = json_string_value(json_object_get(*ret, "schema"));
    if (schema && strcmp(schema, "measure/1") == 0) return CUVEE_OK;
    json_decref(*ret);
    *ret = NULL;
    return cuvee__fail(err, CUVEE_E_FORMAT, "%s: not a result of 'cuvee measure -o' (measure/1)",
                       path);
}

/* The number at the path, or NULL. */
static const json_t *find(const json_t *o, const char *path)
{
    while (o && path) {
        char key[32];
        const size_t n = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        o = json_object_get(o, key);
        path = path[n] ? path + n + 1 : NULL;
    }
    return json_is_number(o) ? o : NULL;
}

static void print_value(const json_t *value, double unit)
{
    if (value)
        printf(" %14.*f", json_is_integer(value) && unit == 1 ? 0 : 2,
               json_number_value(value) / unit);
    else
        printf(" %14s", "-");
}

/* Two true peaks may be equal when their brackets overlap. */
static void print_overlap(const json_t *a, const json_t *b)
{
    static const char lower[] = "memory.footprint.peak.lower",
                      upper[] = "memory.footprint.peak.upper";
    const json_t *a_lower = find(a, lower), *a_upper = find(a, upper);
    const json_t *b_lower = find(b, lower), *b_upper = find(b, upper);
    if (!a_lower || !a_upper || !b_lower || !b_upper) return;
    if (json_number_value(a_lower) <= json_number_value(b_upper) &&
        json_number_value(b_lower) <= json_number_value(a_upper))
        printf("the bounds of the peaks overlap: they may be the same\n");
}

static void print_figure(const struct figure *f, const json_t *a, const json_t *b)
{
    const json_t *x = find(a, f->path), *y = find(b, f->path);
    printf("%-19s", f->name);
    print_value(x, f->unit);
    print_value(y, f->unit);
    if (x && y && json_number_value(x) > 0)
        printf(" %+7.1f %%", 100 * (json_number_value(y) / json_number_value(x) - 1));
    else
        printf(" %9s", "-");
    printf("%s%s\n", *f->unit_name ? "  " : "", f->unit_name);
}

int cli__measure_diff(const char *path_a, const char *path_b, cuvee_error *err)
{
    json_t *a = NULL, *b = NULL;
    int rc = read_result(path_a, &a, err);
    if (rc == CUVEE_OK) rc = read_result(path_b, &b, err);
    if (rc == CUVEE_OK) {
        printf("%-19s %14s %14s %9s\n", "", "A", "B", "change");
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
            print_figure(&figures[i], a, b);
        print_overlap(a, b);
    }
    json_decref(a);
    json_decref(b);
    return rc;
}
