/* SPDX-License-Identifier: Apache-2.0
 *
 * Advice from results that are written by hand: what is recommended follows from figures that can
 * be checked without a program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/json_at.h"
#include "bench/advise_arms.h"
#include "bench/prose.h"

static const double mib = 1048576;

/* Times and rates of 1000 items. */
struct arm {
    const char *name, *precision;
    int workers, threads, labels_differ;
    double items_per_s, load_s, upper_mib, p99_ms;
};

static const struct arm arms[] = {
    {"python-single", "f32", 1, 2, 0, 40, 3, 1000, 30},
    {"python-single-again", "f32", 1, 2, 0, 40, 3, 1000, 30},
    {"python-tuned", "f32", 1, 2, 0, 53, 3, 1100, 35},
    {"python-multi", "f32", 8, 2, 0, 4.4, 20, 4800, 900},
    {"embed", "f32", 2, 2, 0, 54, 3, 1080, 25},
    {"go-metacall", "f32", 2, 2, 0, 50, 4, 1300, 60},
    {"native-f32", "f32", 2, 1, 0, 178, 0.1, 128, 10},
    {"native-int8", "int8", 2, 1, 9, 412, 0.1, 61, 4},
};
enum { N_ARMS = sizeof arms / sizeof *arms };

/* Every run within 1 % of the median. */
static json_t *figure(double x)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "median", x, "min", x * 0.99, "max", x * 1.01,
                     "low", x * 0.995, "high", x * 1.005);
}

static json_t *summary_of(const struct arm *a, const char *scenario)
{
    const double wall_s = 1000 / a->items_per_s;
    json_t *waits = strcmp(scenario, "offline") == 0
                        ? json_object()
                        : json_pack("{s:{s:f}}", scenario, "p99", a->p99_ms);
    return json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:f, s:f, s:o, s:i, s:{s:f}, s:o}", "arm",
                     a->name, "n", 6, "n_flagged", 0, "items_per_s", figure(a->items_per_s),
                     "wall_s", figure(wall_s), "work_s", figure(wall_s - a->load_s), "load_s",
                     figure(a->load_s), "items_per_core_hour", a->items_per_s * 3600 / 2,
                     "plan_bytes", a->upper_mib * mib, "steady_median",
                     figure(a->upper_mib * mib * 0.8), "labels_differ", a->labels_differ,
                     "latency_ms", "p99", a->p99_ms, "scenarios", waits);
}

static json_t *description_of(const struct arm *a)
{
    return json_pack("{s:s, s:s, s:{s:i, s:i, s:s}, s:[s,s], s:n, s:b}", "name", a->name, "title",
                     "an arm", "settings", "workers", a->workers, "threads", a->threads,
                     "precision", a->precision, "command", "run-arm", a->name, "skipped", "twin",
                     strcmp(a->name, "python-single-again") == 0);
}

static json_t *results(const char *scenario)
{
    json_t *summaries = json_array(), *descriptions = json_array();
    for (size_t i = 0; i < N_ARMS; i++) {
        json_array_append_new(summaries, summary_of(&arms[i], scenario));
        json_array_append_new(descriptions, description_of(&arms[i]));
    }
    json_array_append_new(descriptions, json_pack("{s:s, s:s}", "name", "openvino", "skipped",
                                                  "needs python:openvino"));
    return json_pack("{s:s, s:s, s:{s:s}, s:{s:i, s:s}, s:{s:s, s:s}, s:{s:s}, s:o, s:{s:o}}",
                     "schema", "bench/1", "state", "complete", "plan", "scenario", scenario,
                     "machine", "cores", 2, "id", "0123", "input", "path", "reviews.csv", "column",
                     "text", "model", "path", "models/sentiment", "arms", descriptions, "summary",
                     "arms", summaries);
}

static struct advise_limits no_limits(void)
{
    return (struct advise_limits){.memory_bytes = NAN,
                                  .latency_p99_ms = NAN,
                                  .rows = NAN,
                                  .finish_within_s = NAN,
                                  .items_per_s = NAN,
                                  .core_hour_price = NAN};
}

/* Each number of a sentence is at the path that it names. */
static void check_sentence(const json_t *advice, const json_t *sentence)
{
    size_t idx;
    const json_t *path;
    double x;
    assert_true(strlen(cuvee__json_text_at(sentence, "text")) > 5);
    assert_null(strstr(cuvee__json_text_at(sentence, "text"), "not known"));
    json_array_foreach(json_object_get(sentence, "from"), idx, path)
    {
        if (!cuvee__prose_value(advice, json_string_value(path), &x))
            fail_msg("nothing at '%s'", json_string_value(path));
    }
}

static json_t *advise(json_t *of, const struct advise_limits *limits)
{
    static const char *const lists[] = {"reasons", "changes", "others", "warnings"};
    cuvee_error err = {0};
    json_t *advice = NULL;
    if (cuvee__advise(of, limits, &advice, &err) < 0) fail_msg("%s", err.msg);
    json_decref(of);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        size_t idx;
        const json_t *sentence;
        assert_true(json_is_array(json_object_get(advice, lists[i])));
        json_array_foreach(json_object_get(advice, lists[i]), idx, sentence)
        {
            check_sentence(advice, sentence);
        }
    }
    check_sentence(advice, json_object_get(advice, "plain_python"));
    return advice;
}

static void assert_near(const json_t *advice, const char *path, double x)
{
    double found;
    if (!cuvee__json_number_at(advice, path, &found)) fail_msg("no number at %s", path);
    if (!(fabs(found - x) <= 1e-9 * fabs(x))) fail_msg("%s is %.12g, not %.12g", path, found, x);
}

static void assert_text(const json_t *advice, const char *path, const char *text)
{
    assert_string_equal(cuvee__json_text_at(advice, path), text);
}

/* The arm that these limits lead to; "": none. */
static void assert_arm(const struct advise_limits *limits, const char *arm)
{
    json_t *advice = advise(results("single"), limits);
    assert_text(advice, "recommended.arm", arm);
    assert_int_equal(json_is_true(json_object_get(advice, "fits")), *arm != '\0');
    json_decref(advice);
}

static bool has_line(const json_t *advice, const char *list, const char *words)
{
    size_t idx;
    const json_t *item;
    json_array_foreach(json_object_get(advice, list), idx, item)
    {
        if (strstr(cuvee__json_text_at(item, "text"), words)) return true;
    }
    return false;
}

static void test_without_limits(void **state)
{
    struct advise_limits limits = no_limits();
    json_t *advice = advise(results("offline"), &limits);
    (void)state;
    assert_text(advice, "recommended.arm", "native-int8");
    assert_text(advice, "recommended.precision", "int8");
    assert_text(advice, "recommended.from", "summary.arms.7");
    assert_text(advice, "runner_up.arm", "native-f32");
    assert_near(advice, "recommended.workers", 2);
    assert_near(advice, "recommended.figures.memory_bytes", 61 * mib * 1.1);
    assert_near(advice, "recommended.figures.items_per_s", 412 * 0.995);
    assert_near(advice, "recommended.figures.rate", 412 * 0.995 * 0.7);
    assert_near(advice, "recommended.operations.parts", 1);
    assert_true(json_is_null(json_object_get(advice, "nearest_miss")));
    assert_true(has_line(advice, "reasons", "Labels that differ from the reference's: 9;"));
    assert_true(json_is_false(cuvee__json_at(advice, "plain_python.right")));
    assert_int_equal(json_array_size(json_object_get(advice, "warnings")), 0);
    assert_true(has_line(advice, "others", "something that it needs is missing"));
    assert_int_equal(json_array_size(json_object_get(advice, "others")), 6);
    json_decref(advice);
}

/* A need that is met is met: then the one with the reference's own labels. */
static void test_rate(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.items_per_s = 100; /* native-f32 can be asked for 0.7 * 177.1 = 124 */
    assert_arm(&limits, "native-f32");
    limits.items_per_s = 123.9;
    assert_arm(&limits, "native-f32");
    limits.items_per_s = 124.1;
    assert_arm(&limits, "native-int8");
    limits.items_per_s = 290;
    assert_arm(&limits, "");
}

static void test_memory_and_latency(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.items_per_s = 20;
    limits.memory_bytes = 140 * mib; /* native-f32 needs 140.8 */
    assert_arm(&limits, "native-int8");
    limits.memory_bytes = 141 * mib;
    assert_arm(&limits, "native-f32");
    limits.latency_p99_ms = 9.9;
    assert_arm(&limits, "native-int8");
    limits.latency_p99_ms = 10;
    assert_arm(&limits, "native-f32");
    limits.latency_p99_ms = 3.9;
    assert_arm(&limits, "");
}

/* In a batch nobody waits, so a wait is not known, and what is not known does not fit. */
static void test_latency_of_a_batch(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.latency_p99_ms = 1000;
    json_t *advice = advise(results("offline"), &limits);
    assert_true(json_is_false(json_object_get(advice, "fits")));
    assert_true(json_is_null(json_object_get(advice, "nearest_miss")));
    assert_true(has_line(advice, "warnings", "--scenario offline,single,server"));
    json_decref(advice);
}

/* Rates that were tried, in the place of a rule. */
static void set_probes(json_t *of, size_t arm, const double (*rate_p99)[2], size_t n, double bound)
{
    json_t *summary = json_array_get(cuvee__json_at(of, "summary.arms"), arm), *list = json_array();
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        const bool met = rate_p99[i][1] <= bound;
        if (met) most = fmax(most, rate_p99[i][0]);
        json_array_append_new(list, json_pack("{s:f, s:f, s:b}", "rate", rate_p99[i][0], "p99_ms",
                                              rate_p99[i][1], "met", met));
    }
    json_object_set_new(summary, "probes", list);
    json_object_set_new(summary, "max_rate",
                        most > 0 ? json_pack("{s:f}", "rate", most) : json_null());
}

static json_t *served(void)
{
    static const double f32[][2] = {{80, 20}, {160, 300}, {113, 60}, {135, 90}};
    static const double int8[][2] = {{200, 15}, {400, 500}, {283, 95}};
    json_t *of = results("single");
    json_object_set_new(json_object_get(of, "plan"), "latency_bound_ms", json_real(100));
    set_probes(of, 6, f32, 4, 100);
    set_probes(of, 7, int8, 3, 100);
    return of;
}

static void test_rates_that_were_tried(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.items_per_s = 130; /* above 0.7 of the throughput, 124, and it was kept all the same */
    json_t *advice = advise(served(), &limits);
    assert_text(advice, "recommended.arm", "native-f32");
    assert_near(advice, "recommended.figures.rate", 135);
    assert_true(json_is_true(cuvee__json_at(advice, "recommended.figures.rate_is_measured")));
    assert_near(advice, "recommended.figures.latency_p99_ms", 90);
    assert_true(has_line(advice, "reasons", "no longer than 100 ms"));
    assert_text(advice, "changes.2.limit", "rate");
    assert_near(advice, "changes.2.value", 135);
    json_decref(advice);

    limits.latency_p99_ms = 80; /* then f32 keeps 113 */
    advice = advise(served(), &limits);
    assert_text(advice, "recommended.arm", "native-int8");
    assert_near(advice, "recommended.figures.rate", 200);
    assert_near(advice, "recommended.figures.latency_p99_ms", 15);
    assert_true(has_line(advice, "reasons", "no longer than 80.0 ms"));
    json_decref(advice);

    limits.items_per_s = 100; /* the p99 of the next rate above that was tried */
    advice = advise(served(), &limits);
    assert_text(advice, "recommended.arm", "native-f32");
    assert_near(advice, "recommended.figures.latency_p99_ms", 60);
    json_decref(advice);

    limits.items_per_s = NAN; /* one caller at a time */
    limits.latency_p99_ms = 5;
    advice = advise(served(), &limits);
    assert_text(advice, "recommended.arm", "native-int8");
    assert_near(advice, "recommended.figures.latency_p99_ms", 4);
    json_decref(advice);

    limits.items_per_s = 250;
    limits.latency_p99_ms = 50;
    advice = advise(served(), &limits);
    assert_true(json_is_false(json_object_get(advice, "fits")));
    assert_text(advice, "nearest_miss.arm", "native-int8");
    json_decref(advice);
}

/* One at a time nobody waits for another: that is said where a rate is asked for. */
static void test_rate_of_single_callers(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.items_per_s = 20;
    limits.latency_p99_ms = 20;
    json_t *advice = advise(results("single"), &limits);
    assert_true(json_is_true(json_object_get(advice, "fits")));
    assert_true(has_line(advice, "warnings", "--scenario offline,server"));
    json_decref(advice);
}

static void test_rows(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.rows = 1e6;
    limits.finish_within_s = 3 * 3600;
    json_t *advice = advise(results("offline"), &limits);
    assert_text(advice, "recommended.arm", "native-f32");
    /* Once loaded, and then the slower end of the time that 1000 items took. */
    assert_near(advice, "recommended.figures.finish_s", 0.1 + 1000 * (1000 / 178.0 - 0.1) * 1.005);
    json_decref(advice);
    limits.finish_within_s = 3600; /* 92 minutes are too long */
    assert_arm(&limits, "native-int8");
}

/* Who knows Python needs nothing else, as long as that is enough. */
static void test_plain_python(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.rows = 1e5;
    limits.finish_within_s = 3600;
    limits.team = ADVISE_PYTHON;
    json_t *advice = advise(results("offline"), &limits);
    assert_text(advice, "recommended.arm", "python-tuned");
    assert_text(advice, "runner_up.arm", "python-single");
    assert_true(json_is_true(cuvee__json_at(advice, "plain_python.right")));
    assert_string_equal(json_string_value(json_array_get(json_object_get(advice, "command"), 0)),
                        "run-arm");
    json_decref(advice);
    limits.finish_within_s = 1200; /* 31 minutes are too long */
    advice = advise(results("offline"), &limits);
    assert_text(advice, "recommended.arm", "native-f32");
    assert_non_null(strstr(cuvee__json_text_at(advice, "plain_python.text"), "not enough"));
    json_decref(advice);
    limits.team = ADVISE_C; /* to them Python is one more part */
    limits.finish_within_s = 3600;
    assert_arm(&limits, "native-f32");
}

/* An arm's command has words that stand for something: advice says what. */
static void test_command_of_an_arm(void **state)
{
    static const char *const words[] = {"{python}", "{arms}/x.py", "{model}", "{input}", "{items}",
                                        "{workers}x{threads}", "{nothing}", "{{"},
                             *const expected[] = {"/venv/bin/python", "/arms/x.py",
                                                  "models/sentiment", "reviews.csv", "100000",
                                                  "1x2",              "{nothing}",   "{"};
    struct advise_limits limits = no_limits();
    (void)state;
    limits.rows = 1e5;
    limits.finish_within_s = 3600;
    limits.team = ADVISE_PYTHON;
    limits.python = "/venv/bin/python";
    limits.arms = "/arms";
    json_t *given = results("offline"), *arm, *advice = NULL;
    size_t i;
    json_array_foreach(json_object_get(given, "arms"), i, arm)
    {
        json_t *command = json_array();
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            json_array_append_new(command, json_string(words[k]));
        if (cuvee__json_text_is(arm, "name", "python-tuned")) {
            json_object_set(arm, "command", command);
            json_object_update_new(json_object_get(arm, "settings"),
                                   json_pack("{s:i, s:i}", "workers", 1, "threads", 2));
        }
        json_decref(command);
    }
    assert_int_equal(cuvee__advise(given, &limits, &advice, NULL), CUVEE_OK);
    json_decref(given);
    assert_text(advice, "recommended.arm", "python-tuned");
    const json_t *found = json_object_get(advice, "command");
    assert_int_equal(json_array_size(found), sizeof expected / sizeof *expected);
    for (i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_string_equal(json_string_value(json_array_get(found, i)), expected[i]);
    json_decref(advice);
}

static void test_script(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.model = "somewhere/classify.py";
    json_t *advice = advise(results("offline"), &limits);
    assert_text(advice, "recommended.arm",
                "python-tuned"); /* embed is 2 % faster, with more parts */
    assert_true(json_is_true(cuvee__json_at(advice, "plain_python.right")));
    assert_true(has_line(advice, "others", "does not run a Python script"));
    assert_true(has_line(advice, "warnings", "another model"));
    assert_text(advice, "fastest.arm", "embed");
    assert_true(json_is_null(json_object_get(advice, "command"))); /* a program of the reader's */
    json_decref(advice);

    limits.items_per_s = 30; /* a loop has no queue before it */
    advice = advise(results("offline"), &limits);
    assert_text(advice, "recommended.arm", "embed");
    assert_true(has_line(advice, "warnings", "through libcuvee"));
    static const char *const command[] = {"cuvee",
                                          "classify",
                                          "reviews.csv",
                                          "--column",
                                          "text",
                                          "-m",
                                          "somewhere/classify.py",
                                          "--python-host",
                                          "embed",
                                          "--threads",
                                          "2",
                                          "-o",
                                          "labels.jsonl"};
    const json_t *found = json_object_get(advice, "command");
    assert_int_equal(json_array_size(found), sizeof command / sizeof *command);
    for (size_t i = 0; i < sizeof command / sizeof *command; i++)
        assert_string_equal(json_string_value(json_array_get(found, i)), command[i]);
    json_decref(advice);
}

static void test_nothing_fits(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.memory_bytes = 32 * mib;
    json_t *advice = advise(results("offline"), &limits);
    assert_true(json_is_false(json_object_get(advice, "fits")));
    assert_true(json_is_null(json_object_get(advice, "recommended")));
    assert_true(json_is_null(json_object_get(advice, "command")));
    assert_text(advice, "nearest_miss.arm", "native-int8");
    assert_near(advice, "nearest_miss.use.memory", 61 * 1.1 / 32);
    assert_true(has_line(advice, "reasons", "67.1 MiB, 2.10 times the 32.0 MiB"));
    json_decref(advice);
}

static void test_price(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.core_hour_price = 0.05;
    json_t *advice = advise(results("offline"), &limits);
    assert_text(advice, "recommended.arm", "native-int8");
    assert_near(advice, "recommended.figures.price_per_million", 0.05 * 1e6 / (412 * 1800.0));
    json_decref(advice);
}

/* native-f32 for 100 a second: memory first, since no limit of it is given, and at its own need the
 * other one takes over; then the rate. */
static void test_changes(void **state)
{
    struct advise_limits limits = no_limits();
    (void)state;
    limits.items_per_s = 100;
    json_t *advice = advise(results("single"), &limits);
    const json_t *changes = json_object_get(advice, "changes");
    assert_int_equal(json_array_size(changes), 3);
    assert_text(advice, "changes.0.limit", "memory");
    assert_near(advice, "changes.0.value", 128 * mib * 1.1);
    assert_text(advice, "changes.0.arm", "native-int8");
    assert_text(advice, "changes.0.text", "With less memory than 141 MiB: native-int8.");
    assert_text(advice, "changes.1.limit", "latency_p99");
    assert_near(advice, "changes.1.value", 10);
    assert_text(advice, "changes.2.limit", "rate");
    assert_near(advice, "changes.2.value", 178 * 0.995 * 0.7);
    assert_near(advice, "changes.2.distance", log(178 * 0.995 * 0.7 / 100));
    assert_true(json_is_false(cuvee__json_at(advice, "changes.2.below")));
    json_decref(advice);

    /* What is said of it is true: on the other side of each value the other arm is chosen. */
    limits.items_per_s = 178 * 0.995 * 0.7 * 1.001;
    assert_arm(&limits, "native-int8");
}

/* Fewer workers need less memory. */
static void test_sweep(void **state)
{
    struct advise_limits limits = no_limits();
    json_t *of = results("offline");
    (void)state;
    json_t *point = json_pack("{s:i, s:i, s:i, s:o, s:{s:f}}", "workers", 1, "threads", 1, "n", 3,
                              "items_per_s", figure(210), "upper", "max", 40 * mib);
    json_object_set_new(json_object_get(of, "summary"), "sweep", json_pack("[o]", point));
    json_object_set_new(json_object_get(of, "plan"), "sweep",
                        json_pack("{s:s}", "arm", "native-int8"));
    limits.memory_bytes = 50 * mib;
    json_t *advice = advise(of, &limits);
    assert_text(advice, "recommended.arm", "native-int8");
    assert_text(advice, "recommended.from", "summary.sweep.0");
    assert_near(advice, "recommended.workers", 1);
    assert_near(advice, "recommended.figures.labels_differ", 9);
    assert_true(has_line(advice, "warnings", "Runs that count: 3;"));
    json_decref(advice);
}

static void test_warnings(void **state)
{
    struct advise_limits limits = no_limits();
    json_t *of = results("offline");
    (void)state;
    limits.machine_id = "4567";
    limits.model = "elsewhere/sentiment"; /* the same name: taken for the same model */
    json_object_set_new(of, "state", json_string("interrupted"));
    json_object_set_new(json_array_get(cuvee__json_at(of, "summary.arms"), 7), "n_flagged",
                        json_integer(2));
    json_t *advice = advise(of, &limits);
    assert_true(has_line(advice, "warnings", "another machine"));
    assert_true(has_line(advice, "warnings", "did not come to its end"));
    assert_true(has_line(advice, "warnings", "not quiet"));
    assert_false(has_line(advice, "warnings", "another model"));
    json_decref(advice);
}

/* Nothing is guessed of an arm that comes with cuvee. */
static void test_arms_are_known(void **state)
{
    static const char *const plans[] = {SOURCE_DIR "/bench/plans/quick.json",
                                        SOURCE_DIR "/bench/plans/story.json"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        json_t *plan = json_load_file(plans[i], 0, NULL);
        const json_t *arm;
        size_t idx;
        assert_true(json_array_size(json_object_get(plan, "arms")) > 5);
        json_array_foreach(json_object_get(plan, "arms"), idx, arm)
        {
            const char *name = cuvee__json_text_at(arm, "name");
            if (!*cuvee__advise_traits(name)->name) fail_msg("nothing is known of '%s'", name);
        }
        json_decref(plan);
    }
    assert_string_equal(cuvee__advise_traits("native-8proc")->name, "native-8proc");
    assert_string_equal(cuvee__advise_traits("go-metacall")->name, "go-metacall");
    assert_string_equal(cuvee__advise_traits("process-per-request")->name, "process-per-request");
    assert_string_equal(cuvee__advise_traits("nativeness")->name, "");
}

static void test_bad_results(void **state)
{
    const struct advise_limits limits = no_limits();
    json_t *advice = NULL, *other = json_pack("{s:s}", "schema", "measure/1"),
           *empty = json_pack("{s:s, s:{s:[]}}", "schema", "bench/1", "summary", "arms");
    cuvee_error err = {0};
    (void)state;
    assert_int_equal(cuvee__advise(other, &limits, &advice, &err), CUVEE_E_FORMAT);
    assert_int_equal(cuvee__advise(empty, &limits, &advice, &err), CUVEE_E_FORMAT);
    assert_non_null(strstr(err.msg, "no arm"));
    assert_null(advice);
    json_decref(other);
    json_decref(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_limits),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_memory_and_latency),
        cmocka_unit_test(test_latency_of_a_batch),
        cmocka_unit_test(test_rates_that_were_tried),
        cmocka_unit_test(test_rate_of_single_callers),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_plain_python),
        cmocka_unit_test(test_command_of_an_arm),
        cmocka_unit_test(test_script),
        cmocka_unit_test(test_nothing_fits),
        cmocka_unit_test(test_price),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_arms_are_known),
        cmocka_unit_test(test_bad_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
