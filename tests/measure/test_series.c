/* SPDX-License-Identifier: Apache-2.0
 *
 * What an account keeps of long runs: records of a day by a clock that is made up. Peaks stay,
 * memory and documents have a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/account.h"
#include "measure/host.h"
#include "measure/result_json.h"
#include "measure/series_stream.h"

static void say(struct account *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct account *a, const char *fmt, ...)
{
    char line[512];
    cuvee_error err;
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    assert_in_range(n, 1, sizeof line - 1);
    assert_int_equal(cuvee__account_feed(a, span_of(line), &err), CUVEE_OK);
}

static void end_at(struct account *a, uint64_t t)
{
    cuvee_error err;
    say(a, "X 1000 0 5000 100000 20000\nZ %" PRIu64 " 9000 1500 200 1 10000 2 0 0 0 -1\n", t);
    assert_int_equal(cuvee__account_end(a, &err), CUVEE_OK);
}

static void end(struct account *a)
{
    end_at(a, UINT64_C(86400000000));
}

/* n_ticks over `us`, 16 processes; every tenth has an anchor. In one tick RSS is ten times as
 * large, in another the footprint is. */
enum { PROCESSES = 16, SPIKE_TICK = 3777, SPIKE_ANCHOR = 7770 };

static void run(struct account *a, uint64_t n_ticks, uint64_t us)
{
    say(a, "V 1 4096 900 10000 744 0\nK none\nL 100\n");
    for (int p = 0; p < PROCESSES; p++) say(a, "B 0 %d 1 9 worker%d\n", 100 + p, p);
    for (uint64_t tick = 1; tick <= n_ticks; tick++) {
        const uint64_t t = tick * (us / n_ticks);
        const uint64_t rss = 10000 + tick % 7, scale = tick == SPIKE_TICK ? 10 : 1;
        for (int p = 0; p < PROCESSES; p++)
            say(a, "S %" PRIu64 " %d %" PRIu64 " %" PRIu64 " 100 0 1 50\n", t, 100 + p, rss * scale,
                tick * 1000);
        if (tick % 10) continue;
        const uint64_t pss = tick == SPIKE_ANCHOR ? 7000 : 700 + tick % 3;
        say(a, "A %" PRIu64 " 16 1 time 50\n", t + 1);
        for (int p = 0; p < PROCESSES; p++)
            say(a, "P %d %" PRIu64 " 1 1 1 0 8 1 1 9000 9000\n", 100 + p, pss + (uint64_t)p);
    }
    end(a);
}

static double largest(const json_t *list)
{
    size_t i;
    json_t *x;
    double most = 0;
    json_array_foreach(list, i, x) if (json_number_value(x) > most) most = json_number_value(x);
    return most;
}

static void assert_ascends(const json_t *list)
{
    for (size_t i = 1; i < json_array_size(list); i++)
        assert_true(json_real_value(json_array_get(list, i - 1)) <
                    json_real_value(json_array_get(list, i)));
}

static void test_a_day_stays_small(void **state)
{
    (void)state;
    static const char *const argv[] = {"job", NULL};
    struct account a = {0};
    run(&a, 10000, 86400000000);
    assert_int_equal(a.n_anchors_taken, 1000);
    json_t *o = cuvee__result_to_json(&a, argv, false), *series = json_object_get(o, "series");
    char *text = json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    assert_non_null(text);
    assert_in_range(strlen(text), 1000, 400000);

    static const char *const curves[] = {"sum_rss", "parent_rss", "upper", "footprint"};
    for (int i = 0; i < 4; i++) {
        const json_t *curve = json_object_get(series, curves[i]);
        const json_t *t_s = json_object_get(curve, "t_s");
        assert_in_range(json_array_size(t_s), 200, 2 * CUVEE__SERIES_STRETCHES);
        assert_int_equal(json_array_size(json_object_get(curve, "bytes")), json_array_size(t_s));
        assert_ascends(t_s);
        assert_true(json_real_value(json_array_get(t_s, json_array_size(t_s) - 1)) > 86000);
    }
    /* Both spikes are there. */
    assert_int_equal(largest(json_object_get(json_object_get(series, "sum_rss"), "bytes")),
                     (10000 + SPIKE_TICK % 7) * 10 * PROCESSES * 1024);
    const json_t *footprint = json_object_get(json_object_get(series, "footprint"), "bytes");
    assert_int_equal(largest(footprint), a.lower * 1024);
    assert_true(a.lower > 16 * 7000);

    /* The parts of each anchor are its whole. */
    const json_t *list = json_object_get(series, "processes");
    assert_int_equal(json_array_size(list), PROCESSES);
    for (size_t i = 0; i < json_array_size(footprint); i++) {
        json_int_t sum = json_integer_value(json_array_get(json_object_get(series, "others"), i));
        for (size_t p = 0; p < PROCESSES; p++)
            sum += json_integer_value(
                json_array_get(json_object_get(json_array_get(list, p), "bytes"), i));
        assert_int_equal(sum, json_integer_value(json_array_get(footprint, i)));
    }
    free(text);
    json_decref(o);
    cuvee__account_deinit(&a);
}

/* A hundred thousand processes that live for a tick, each with an anchor of its own. */
static void test_many_processes(void **state)
{
    (void)state;
    static const char *const argv[] = {"job", NULL};
    enum { N = 100000, LARGE = 54321 };
    struct account a = {0};
    uint64_t sum_of_peaks = 1000;
    say(&a, "V 1 4096 900 10000 744 0\nK none\nL 1\nB 0 1 1 9 parent\n");
    for (uint64_t i = 2; i < N + 2; i++) {
        const uint64_t t = i * 10000, rss = i == LARGE ? 50000 : 100 + i % 100;
        sum_of_peaks += rss;
        say(&a, "B %" PRIu64 " %" PRIu64 " 1 1 child\nS %" PRIu64 " 1 1000 10 9 0 1 1\n", t, i, t);
        say(&a, "S %" PRIu64 " %" PRIu64 " %" PRIu64 " 10 9 0 1 1\n", t, i, rss);
        say(&a, "A %" PRIu64 " 2 1 born 1\nP 1 1000 0 0 0 0 0 0 0 1000 1000\n", t);
        say(&a, "P %" PRIu64 " %" PRIu64 " 0 0 0 0 0 0 0 1 1\nG %" PRIu64 " %" PRIu64 "\n", i, rss,
            t + 1, i);
    }
    end_at(&a, (N + 1) * 10000);
    assert_true(a.n_processes <= CUVEE__ACCOUNT_PROCESSES);
    assert_true(a.n_anchors <= CUVEE__ACCOUNT_ANCHORS);
    assert_int_equal(a.n_born, N + 1);
    assert_int_equal(a.n_anchors_taken, N);
    assert_int_equal(a.naive_sum_of_peaks, sum_of_peaks);
    assert_int_equal(a.lower, 51000);
    assert_int_equal(a.cpu_us, 1000010); /* of all, as sampled */
    assert_in_range(a.steady_median, 1100, 1199);
    /* 1149.5 kB on average for 1000 s, and the large one: no anchor was left out. */
    assert_true(a.integral_mib_s > 1122.9 && a.integral_mib_s < 1123.2);

    json_t *o = cuvee__result_to_json(&a, argv, false), *list = json_object_get(o, "processes");
    assert_int_equal(json_array_size(list), 1024);
    assert_int_equal(json_integer_value(json_object_get(o, "processes_left_out")), N + 1 - 1024);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(o, "membership"), "processes")), N + 1);
    bool has_large = false;
    size_t i;
    json_t *p;
    json_array_foreach(list, i, p) has_large |=
        json_integer_value(json_object_get(p, "pid")) == LARGE;
    assert_true(has_large);
    const json_t *shown = json_object_get(json_object_get(o, "series"), "processes");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(shown, 0), "pid")), 1);
    has_large = false;
    json_array_foreach(shown, i, p) has_large |=
        json_integer_value(json_object_get(p, "pid")) == LARGE;
    assert_true(has_large);
    json_decref(o);
    cuvee__account_deinit(&a);
}

static void test_many_marks(void **state)
{
    (void)state;
    struct account a = {0};
    say(&a, "V 1 4096 900 10000 744 0\nL 1\n");
    for (int i = 0; i < 5000; i++) say(&a, "M %d heap=%d\n", i, i);
    for (int i = 0; i < 100; i++) say(&a, "M %d phase %d\n", 5000 + i, i);
    end(&a);
    assert_int_equal(a.n_marks, CUVEE__ACCOUNT_MARKS / 2 + 100);
    assert_int_equal(a.n_marks_left_out, 5000 - CUVEE__ACCOUNT_MARKS / 2);
    assert_int_equal(a.heap_bytes, 4999);
    cuvee__account_deinit(&a);
}

/* ---- the stream ---- */

struct sink {
    struct buffer text;
    int n_lines, fail_after; /* lines; 0: never */
};

static int take(void *arg, const char *bytes, size_t n)
{
    struct sink *s = arg;
    for (size_t i = 0; i < n; i++) s->n_lines += bytes[i] == '\n';
    assert_int_equal(bytes[n - 1], '\n'); /* whole lines */
    assert_int_equal(cuvee__buffer_append(&s->text, bytes, n), CUVEE_OK);
    return s->fail_after && s->n_lines >= s->fail_after;
}

static void on_frame(void *arg, const struct series_frame *f)
{
    cuvee__series_stream_frame(arg, f);
}

static void on_mark(void *arg, const struct account_mark *m)
{
    cuvee__series_stream_mark(arg, m->t_us, m->text);
}

static void listen_to(struct account *a, struct series_stream *s)
{
    a->on_frame = on_frame;
    a->on_mark = on_mark;
    a->on_arg = s;
}

/* Calls check for each line as JSON, in order of time. */
static int each_line(struct sink *s, int (*check)(const json_t *))
{
    int n = 0;
    double last = -1;
    cuvee__buffer_append_char(&s->text, '\0');
    for (char *line = s->text.ptr, *next; *line; line = next + 1) {
        next = strchr(line, '\n');
        *next = '\0';
        json_t *o = json_loads(line, 0, NULL);
        if (!o) fail_msg("not JSON: %s", line);
        const json_t *t = json_object_get(o, "t");
        if (t) {
            assert_true(json_real_value(t) >= last);
            last = json_real_value(t);
        }
        n += check(o);
        json_decref(o);
    }
    return n;
}

static int is_rss_spike(const json_t *o)
{
    const json_t *part = json_array_get(json_object_get(o, "p"), 5);
    return json_is_null(json_array_get(part, 2)) &&
           json_integer_value(json_array_get(part, 1)) == (10000 + SPIKE_TICK % 7) * 10 * 1024;
}

static int is_footprint_spike(const json_t *o)
{
    const json_t *part = json_array_get(json_object_get(o, "p"), 5);
    return json_is_true(json_object_get(o, "stable")) &&
           json_integer_value(json_array_get(part, 2)) == 7005 * 1024;
}

static int is_head(const json_t *o)
{
    const char *schema = json_string_value(json_object_get(o, "schema"));
    return schema && strcmp(schema, "measure-series/1") == 0;
}

static int is_frame(const json_t *o)
{
    const json_t *parts = json_object_get(o, "p");
    if (is_head(o) || !parts) return 0;
    size_t i;
    json_t *p;
    json_array_foreach(parts, i, p)
    {
        assert_int_equal(json_array_size(p), 6);
        assert_true(json_is_integer(json_array_get(p, 0)));
        assert_true(json_is_string(json_array_get(p, 5)));
    }
    return 1;
}

/* In the beginning nothing is left out: 1000 ticks, 100 anchors. */
static void test_stream_of_ten_seconds(void **state)
{
    (void)state;
    struct sink sink = {0};
    struct series_stream stream = {.write = take, .arg = &sink};
    struct account a = {0};
    listen_to(&a, &stream);
    run(&a, 1000, 10000000);
    cuvee__series_stream_end(&stream);
    cuvee__series_stream_deinit(&stream);
    assert_int_equal(sink.n_lines, 1101);
    assert_int_equal(each_line(&sink, is_frame), 1100);
    cuvee__buffer_deinit(&sink.text);
    cuvee__account_deinit(&a);
}

static void test_stream_of_a_minute_and_of_a_day(void **state)
{
    (void)state;
    static const struct {
        uint64_t n_ticks, us;
        int most; /* lines: they grow with the logarithm of the ticks */
    } runs[] = {{10000, 100000000, 6500}, {10000, 86400000000, 6500}, {40000, 86400000000, 12000}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct sink sink = {0};
        struct series_stream stream = {.write = take, .arg = &sink};
        struct account a = {0};
        listen_to(&a, &stream);
        run(&a, runs[i].n_ticks, runs[i].us);
        cuvee__series_stream_end(&stream);
        cuvee__series_stream_deinit(&stream);
        assert_in_range(sink.n_lines, 4000, runs[i].most);
        struct sink again = {0}; /* each_line cuts the text */
        cuvee__buffer_append(&again.text, sink.text.ptr, sink.text.len);
        assert_int_equal(each_line(&sink, is_rss_spike), 1);
        assert_int_equal(each_line(&again, is_footprint_spike), 1);
        cuvee__buffer_deinit(&sink.text);
        cuvee__buffer_deinit(&again.text);
        cuvee__account_deinit(&a);
    }
}

/* Names are any bytes; marks are lines; a torn anchor says so. */
static void test_stream_of_odd_names(void **state)
{
    (void)state;
    static const char *const argv[] = {"job\xFF", "\xC3", NULL};
    struct sink sink = {0};
    struct series_stream stream = {.write = take, .arg = &sink};
    struct account a = {0};
    listen_to(&a, &stream);
    say(&a, "V 1 4096 900 10000 744 0\nL 7\nB 0 7 1 9 \"\\\xFF\x01{}\nS 10 7 100 5000 9 0 1 1\n");
    say(&a, "M 15 \"quoted\" \xFE\nA 20 1 0 mark 5\nP 7 50 1 1 1 0 8 1 1 100 100\n");
    end(&a);
    cuvee__series_stream_end(&stream);
    cuvee__series_stream_deinit(&stream);
    assert_int_equal(sink.n_lines, 4);
    assert_non_null(strstr(sink.text.ptr, "\"\\\"\\\\\xEF\xBF\xBD\\u0001{}\""));
    assert_non_null(strstr(sink.text.ptr, "\"mark\":\"\\\"quoted\\\" \xEF\xBF\xBD\""));
    assert_non_null(strstr(sink.text.ptr, "\"stable\":false"));
    assert_int_equal(each_line(&sink, is_frame), 2);
    cuvee__buffer_deinit(&sink.text);

    /* They are no reason to have no result. */
    json_t *o = cuvee__result_to_json(&a, argv, false);
    char *text = json_dumps(o, 0);
    assert_non_null(text);
    assert_non_null(strstr(text, "job\xEF\xBF\xBD"));
    free(text);
    json_decref(o);
    cuvee__account_deinit(&a);
}

/* What the tree's own group is charged stands in the line of its tick; where there is none, no key
 * is, and no zero. */
static void test_stream_of_charges(void **state)
{
    (void)state;
    static const char *const argv[] = {"job", NULL};
    for (int has_group = 0; has_group < 2; has_group++) {
        struct sink sink = {0};
        struct series_stream stream = {.write = take, .arg = &sink};
        struct account a = {0};
        listen_to(&a, &stream);
        say(&a, "V 1 4096 900 10000 744 0\nU charge %d of a group\nL 7\nB 0 7 1 9 job\n",
            has_group);
        say(&a, "S 10 7 100 5000 9 0 1 1\n");
        if (has_group) say(&a, "H 12 600 700 0 0 0\nR 10 1500000\n");
        say(&a, "S 20 7 100 5000 9 0 1 1\n");
        if (has_group) say(&a, "H 22 500 0 0 0 0\n");
        end(&a);
        cuvee__series_stream_end(&stream);
        cuvee__series_stream_deinit(&stream);
        cuvee__buffer_append_char(&sink.text, '\0');
        assert_int_equal(sink.n_lines, 3);
        assert_int_equal(strstr(sink.text.ptr, "\"charged\":614400,\"charged_peak\":716800,"
                                               "\"cpu_s\":1.500000,\"p\":") != NULL,
                         has_group);
        assert_int_equal(strstr(sink.text.ptr, "\"charged\":512000,\"p\":") != NULL, has_group);
        json_t *o = cuvee__result_to_json(&a, argv, false);
        const json_t *charged = json_object_get(json_object_get(o, "series"), "charged");
        assert_int_equal(json_is_null(charged), !has_group);
        if (has_group)
            assert_int_equal(
                json_integer_value(json_array_get(json_object_get(charged, "bytes"), 0)), 614400);
        json_decref(o);
        cuvee__buffer_deinit(&sink.text);
        cuvee__account_deinit(&a);
    }
}

static void test_stream_stops_when_it_cannot_write(void **state)
{
    (void)state;
    struct sink sink = {.fail_after = 5};
    struct series_stream stream = {.write = take, .arg = &sink};
    struct account a = {0};
    listen_to(&a, &stream);
    run(&a, 100, 1000000);
    cuvee__series_stream_end(&stream);
    assert_true(stream.has_failed);
    cuvee__series_stream_deinit(&stream);
    assert_int_equal(sink.n_lines, 5);
    cuvee__buffer_deinit(&sink.text);
    cuvee__account_deinit(&a);
}

/* ---- host ---- */

/* Everything taken away: null and a reason, for each key. */
static void test_host_that_is_silent(void **state)
{
    (void)state;
    json_t *why = json_object(), *host = cuvee__host_to_json("/nowhere", why), *value;
    const char *key;
    json_object_foreach(host, key, value)
    {
        char path[64];
        if (strcmp(key, "page") == 0) continue;
        assert_true(json_is_null(value));
        snprintf(path, sizeof path, "host.%s", key);
        assert_true(json_string_length(json_object_get(why, path)) > 0);
    }
    assert_int_equal(json_object_size(host), 8);
    json_decref(host);
    json_decref(why);
}

static void test_host_here(void **state)
{
    (void)state;
    json_t *why = json_object(), *host = cuvee__host_to_json("", why);
    assert_true(json_string_length(json_object_get(host, "kernel")) > 0);
    assert_true(json_array_size(json_object_get(host, "cpus_allowed")) > 0);
    assert_true(json_integer_value(json_object_get(host, "page")) >= 4096);
    json_decref(host);
    json_decref(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_stays_small),
        cmocka_unit_test(test_many_processes),
        cmocka_unit_test(test_many_marks),
        cmocka_unit_test(test_stream_of_ten_seconds),
        cmocka_unit_test(test_stream_of_a_minute_and_of_a_day),
        cmocka_unit_test(test_stream_of_odd_names),
        cmocka_unit_test(test_stream_of_charges),
        cmocka_unit_test(test_stream_stops_when_it_cannot_write),
        cmocka_unit_test(test_host_that_is_silent),
        cmocka_unit_test(test_host_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
