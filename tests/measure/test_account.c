/* SPDX-License-Identifier: Apache-2.0
 *
 * measure/account over records written by hand: footprint, bracket, torn anchors, spikes,
 * copy-on-write, what is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "measure/account.h"
#include "measure/naive.h"
#include "measure/result_json.h"

#define HEAD "V 1 4096 900 10000 744 0\nK none\nL 10\nB 0 10 1 9 parent\n"
#define TAIL "X 2000000 0 5000 100000 20000\nZ 2100000 9000 1500 200 1 10000 2 0 0 0 -1\n"

static void read_all(struct account *a, const char *text)
{
    cuvee_error err = {0};
    *a = (struct account){0};
    /* In pieces of every length: lines are put together. */
    for (size_t i = 0, n; text[i]; i += n) {
        n = 1 + i % 7;
        if (n > strlen(text + i)) n = strlen(text + i);
        assert_int_equal(cuvee__account_feed(a, (struct span){text + i, n}, &err), CUVEE_OK);
    }
    if (cuvee__account_end(a, &err) < 0) fail_msg("%s", err.msg);
}

static void test_shared_pages_once(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 1000 0 250 0 1 100\nB 15000 11 2 10 child\n"
                      "S 20000 10 1000 5000 250 0 1 100\nS 20000 11 900 0 10 0 1 100\n"
                      "A 21000 2 1 born 50\nP 10 500 400 100 0 0 8 1 50 1000 1000\n"
                      "P 11 450 380 70 0 0 8 2 40 900 900\n" TAIL);
    /* 500 + 450 + page tables 16 + stacks 3 x 16 */
    assert_int_equal(a.lower, 1014);
    assert_int_equal(a.at_peak.anon, 780);
    assert_int_equal(a.at_peak.file, 170);
    assert_int_equal(a.at_peak.kernel, 64);
    assert_int_equal(a.naive_sum_rss, 1900);
    assert_int_equal(a.naive_parent_rss, 1000);
    assert_int_equal(a.naive_max_rss, 5000);
    assert_int_equal(a.private_peak, 90);
    assert_int_equal(a.max_live, 2);
    assert_true(a.upper >= a.lower && a.upper <= 1400); /* as many faults as pages */
    assert_int_equal(a.wall_leader_us, 2000000);
    assert_int_equal(a.wall_tree_us, 2100000);
    assert_int_equal(a.cpu_us, 120000); /* rusage; ticks saw less */
    assert_false(a.cpu_is_exact);
    cuvee__account_deinit(&a);
}

static void test_torn_anchor_is_no_peak(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 1000 0 250 0 1 100\nA 11000 1 1 start 50\n"
                      "P 10 900 900 0 0 0 0 0 900 1000 1000\n"
                      "A 21000 1 0 grown 50\nP 10 99000 99000 0 0 0 0 0 900 1000 1000\n" TAIL);
    assert_int_equal(a.lower, 900);
    assert_int_equal(a.n_anchors, 2);
    cuvee__account_deinit(&a);
}

/* A process faults 100 pages in after it was read, before the meter looks again. */
static void test_growth_behind_an_anchor(void **state)
{
    (void)state;
    struct account a;
    read_all(&a,
             HEAD "S 10000 10 8000 0 2000 0 1 0\nS 11000 10 8000 0 2000 0 1 0\n"
                  "S 12000 10 8400 0 2100 0 1 0\nA 11500 1 1 start 50\n"
                  "P 10 8000 8000 0 0 0 0 0 8000 8000 8000\nS 20000 10 8400 0 2100 0 1 0\n" TAIL);
    assert_int_equal(a.lower, 8000);
    assert_true(a.upper >= 8400 && a.upper <= 8402); /* with its page tables */
    cuvee__account_deinit(&a);
}

/* Counters of RSS lag behind by up to 744 kB: what was faulted in is there although they do not say
 * so yet, and stays there. */
static void test_growth_that_rss_does_not_say_yet(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 7300 0 2000 0 1 0\nA 11000 1 1 start 50\n"
                      "P 10 8000 8000 0 0 0 0 0 8000 8000 8000\nS 12000 10 7300 0 2000 0 1 0\n"
                      "S 20000 10 7660 0 2100 0 1 0\nS 30000 10 8060 0 2200 0 1 0\n" TAIL);
    assert_true(a.upper >= 8800 && a.upper <= 8810);
    cuvee__account_deinit(&a);
    /* Where threads have shares of their own, more of them hide more. */
    read_all(&a, "V 1 4096 900 10000 0 260\nK none\nL 10 1\nB 0 10 1 9 parent\n"
                 "S 10000 10 7000 0 2000 0 8 0\nS 20000 10 7000 0 2000 0 8 0\n" TAIL);
    assert_int_equal(a.upper, 7000 + 8 * 260);
    cuvee__account_deinit(&a);
}

/* 100 MB come and go between two ticks: RSS is silent, faults are not. */
static void test_spike_is_inside_the_bracket(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 10000 0 2500 0 1 100\nA 11000 1 1 start 50\n"
                      "P 10 9000 9000 0 0 0 0 0 9000 10000 10000\n"
                      "S 20000 10 10000 0 28100 0 1 100\nA 31000 1 1 time 50\n"
                      "P 10 9000 9000 0 0 0 0 0 9000 10000 110000\n" TAIL);
    assert_int_equal(a.lower, 9000);
    assert_true(a.upper >= 9000 + 102400 && a.upper <= 10000 + 102400);
    assert_false(account_is_tight(&a));
    cuvee__account_deinit(&a);
}

/* A forked child rewrites what it shares: RSS does not move, faults count the copies. */
static void test_copy_on_write(void **state)
{
    (void)state;
    struct account a;
    read_all(&a,
             HEAD "S 10000 10 400000 0 100000 0 1 1000\nB 12000 11 2 10 child\n"
                  "S 20000 10 400000 0 100000 0 1 1000\nS 20000 11 400000 0 100 0 1 1000\n"
                  "A 21000 2 1 born 50\nP 10 200000 200000 0 0 0 0 0 0 400000 400000\n"
                  "P 11 200000 200000 0 0 0 0 0 0 400000 400000\n"
                  "S 30000 10 400000 0 100000 0 1 1000\nS 30000 11 400000 0 50100 0 1 1000\n" TAIL);
    assert_int_equal(a.lower, 400000);
    assert_true(a.upper >= 600000 && a.upper <= 601000);
    cuvee__account_deinit(&a);
}

/* The same rewriting where the tree has a group of its own: its charge says how much was copied,
 * and a file that was charged to others comes on top. */
static void test_charge_bounds(void **state)
{
    (void)state;
    struct account a;
    static const char at_rest[] =
        "U group 1 /a/b\nU charge 1 memory.peak\n"
        "S 10000 10 400000 0 100000 0 1 1000\nB 12000 11 2 10 child\n"
        "S 20000 10 400000 0 100000 0 1 1000\nS 20000 11 400000 0 100 0 1 1000\n"
        "H 20500 401000 401000 0 0 1000\nA 21000 2 1 born 50\n"
        "P 10 200500 200000 500 0 0 0 0 0 400000 400000\n"
        "P 11 200500 200000 500 0 0 0 0 0 400000 400000\n";
    static const char rewriting[] =
        "S 30000 10 400000 0 100000 0 1 1000\nS 30000 11 400000 0 50100 0 1 1000\n";
    char text[2000];
    snprintf(text, sizeof text, HEAD "%s%s%s" TAIL, at_rest, rewriting,
             "H 30500 401000 451000 0 0 1000\n");
    read_all(&a, text);
    assert_int_equal(a.lower, 401000);
    assert_int_equal(a.upper, 451000 + 1000); /* the charge and the file */
    assert_int_equal(a.charged_peak, 451000);
    cuvee__account_deinit(&a);
    /* Page cache that nobody maps is in the charge and not in the footprint. */
    snprintf(text, sizeof text, HEAD "%s%s%s" TAIL, at_rest,
             "S 21500 10 400000 0 100000 0 1 1000\nS 21500 11 400000 0 100 0 1 1000\n"
             "H 21600 481000 481000 0 80000 1000\n"
             "S 25500 10 400000 0 100000 0 1 1000\nS 25500 11 400000 0 100 0 1 1000\n"
             "H 25600 481000 481000 0 80000 1000\n",
             "S 30000 10 400000 0 100000 0 1 1000\nS 30000 11 400000 0 50100 0 1 1000\n"
             "H 30500 531000 531000 0 80000 1000\n");
    read_all(&a, text);
    assert_int_equal(a.upper, 531000 - 80000 + 1000);
    cuvee__account_deinit(&a);
    /* The meter was held up, and does not know. */
    snprintf(text, sizeof text, HEAD "%s%s%s" TAIL, at_rest, rewriting,
             "H 30500 401000 0 0 0 1000\n");
    read_all(&a, text);
    assert_true(a.upper >= 600000);
    assert_int_equal(a.charged_peak, 401000);
    cuvee__account_deinit(&a);
    /* Who has left the group is on another bill. */
    snprintf(text, sizeof text, HEAD "%s%s%s" TAIL, at_rest,
             "U charge 0 process 11 has moved itself out of the control group\n", rewriting);
    read_all(&a, text);
    assert_true(a.upper >= 600000);
    cuvee__account_deinit(&a);
}

/* A huge page comes by one fault; the high-water mark tells. */
static void test_huge_pages(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 10000 0 2500 0 1 100\nA 11000 1 1 start 50\n"
                      "P 10 9000 9000 0 0 0 0 0 9000 10000 10000\n"
                      "S 20000 10 10000 0 2550 0 1 100\nA 31000 1 1 time 50\n"
                      "P 10 9000 9000 0 0 0 0 0 9000 10000 112400\n" TAIL);
    assert_int_equal(a.lower, 9000);
    assert_true(a.upper >= 9000 + 102400 && a.upper <= 10200 + 102400);
    cuvee__account_deinit(&a);
}

/* An anchor in the middle of munmap(): the mapping is in no list any more, its pages are there. It
 * is torn, and the bound before it stays. */
static void test_giving_back(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 10000 0 2500 0 1 100\nA 11000 1 1 start 50\n"
                      "P 10 9000 9000 0 0 0 0 0 9000 10000 10000\n"
                      "S 20000 10 90000 0 28100 0 1 100\nA 21000 1 0 grown 50\n"
                      "P 10 9000 9000 0 0 0 0 0 9000 10000 112400\n"
                      "S 30000 10 40000 0 28100 0 1 100\nS 40000 10 10000 0 28100 0 1 100\n"
                      "A 41000 1 1 time 50\nP 10 9000 9000 0 0 0 0 0 9000 10000 112400\n" TAIL);
    assert_int_equal(a.lower, 9000);
    assert_true(a.upper >= 9000 + 102400 && a.upper <= 13000 + 102400);
    cuvee__account_deinit(&a);
}

/* One process ends while another grows: at no instant fewer pages than both had. */
static void test_change_of_guard(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "B 1000 11 2 10 child\nS 10000 10 50000 0 12500 0 1 0\n"
                      "S 10000 11 100000 0 25000 0 1 0\nA 11000 2 1 start 50\n"
                      "P 10 50000 50000 0 0 0 0 0 50000 50000 50000\n"
                      "P 11 100000 100000 0 0 0 0 0 100000 100000 100000\nG 19000 11\n"
                      "S 20000 10 90000 0 22500 0 1 0\n" TAIL);
    assert_int_equal(a.lower, 150000);
    assert_true(a.upper >= 190000 && a.upper <= 191000);
    assert_int_equal(a.max_live, 2);
    cuvee__account_deinit(&a);
}

/* A child came and went between two ticks: its faults are its parent's when it is waited for. Those
 * of a child that was seen are known already. */
static void test_unseen_child(void **state)
{
    (void)state;
    struct account a;
    static const char until_anchor[] = "S 10000 10 10000 0 2500 0 1 100 0\nA 11000 1 1 start 50\n"
                                       "P 10 9000 9000 0 0 0 0 0 9000 10000 10000\n";
    char text[1000];
    snprintf(text, sizeof text, HEAD "%s%s" TAIL, until_anchor,
             "S 20000 10 10000 0 2500 0 1 100 15000\n");
    read_all(&a, text);
    assert_true(a.upper >= 69000 && a.upper <= 70500);
    cuvee__account_deinit(&a);
    snprintf(text, sizeof text, HEAD "%s%s" TAIL, until_anchor,
             "B 12000 11 2 10 child\nS 20000 10 10000 0 2500 0 1 100 0\n"
             "S 20000 11 60000 0 15000 0 1 100 0\nG 25000 11\n"
             "S 30000 10 10000 0 2500 0 1 100 15000\n");
    read_all(&a, text);
    assert_true(a.upper >= 69000 && a.upper <= 70500);
    cuvee__account_deinit(&a);
}

/* The command's last breath: after its last tick nothing but its end is heard of. */
static void test_last_breath(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 10000 0 2500 0 1 100 0\nA 11000 1 1 start 50\n"
                      "P 10 9000 9000 0 0 0 0 0 9000 10000 10000\n"
                      "X 19000 0 71000 100 100 5 1 17500\nG 19100 10\n"
                      "Z 19200 9000 1500 200 1 10000 2 0 0 0 -1\n");
    assert_true(a.upper >= 69000 && a.upper <= 70500);
    cuvee__account_deinit(&a);
}

/* Traced: one that lived between two ticks is known, with its memory and time. */
static void test_traced(void **state)
{
    (void)state;
    struct account a;
    bool is_complete;
    read_all(&a, HEAD "U group 0 not asked for\nU trace 1 ptrace\n"
                      "S 10000 10 10000 0 2500 0 1 100\nA 11000 1 1 start 50\n"
                      "P 10 9000 9000 0 0 0 0 0 9000 10000 10000\n"
                      "B 12000 11 2 10 child\nD 13000 11 60000 7000 500 15000 0\nG 13100 11\n"
                      "S 20000 10 10000 0 2500 0 1 100\nN 2 2 2 0\nT 300 20\n" TAIL);
    assert_string_equal(cuvee__account_membership(&a, &is_complete), "ptrace");
    assert_true(is_complete);
    assert_true(a.upper >= 69000 && a.upper <= 70500);
    assert_int_equal(a.processes[1].peak_rss, 60000);
    assert_int_equal(a.processes[1].cpu_us, 7000);
    assert_int_equal(a.wait_us, 520);
    assert_int_equal(a.n_counted, 2);
    assert_int_equal(a.max_live, 2);
    cuvee__account_deinit(&a);
}

static void test_membership(void **state)
{
    (void)state;
    struct account a;
    bool is_complete;
    read_all(&a, HEAD "U perf 0 not allowed\n" TAIL);
    assert_string_equal(cuvee__account_membership(&a, &is_complete), "poll");
    assert_false(is_complete);
    assert_string_equal(a.perf.note, "not allowed");
    cuvee__account_deinit(&a);
    read_all(&a, HEAD "U group 0 Permission denied\nU events 1 proc connector\nN 9 9 9 0\n" TAIL);
    assert_string_equal(cuvee__account_membership(&a, &is_complete), "events");
    assert_true(is_complete);
    cuvee__account_deinit(&a);
    read_all(&a, HEAD "U events 1 proc connector\nN 9 9 9 1\n" TAIL); /* some were lost */
    cuvee__account_membership(&a, &is_complete);
    assert_false(is_complete);
    cuvee__account_deinit(&a);
    read_all(&a, HEAD "U group 1 /a\nU charge 0 no controller\n" TAIL);
    assert_string_equal(cuvee__account_membership(&a, &is_complete), "cgroup");
    assert_true(is_complete);
    assert_string_equal(a.charge.note, "no controller");
    cuvee__account_deinit(&a);
}

/* The leader's memory is gone before the leader is: that is no high-water mark of 0. */
static void test_end_of_the_leader(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 1000 0 250 0 1 100\nA 11000 1 1 start 50\n"
                      "P 10 900 900 0 0 0 0 1 900 1000 1000\n"
                      "A 21000 1 0 gone 50\nP 10 0 0 0 0 0 0 1 0 0 0\n" TAIL);
    assert_int_equal(a.naive_parent_hwm, 1000);
    cuvee__account_deinit(&a);
}

/* Pids that were given and are nobody's: that many may have been missed, and no fewer. */
static void test_missed(void **state)
{
    (void)state;
    static const char *const argv[] = {"job", NULL};
    struct account a;
    uint64_t missed;
    read_all(&a, HEAD TAIL);
    assert_false(cuvee__account_missed(&a, &missed));
    json_t *o = cuvee__result_to_json(&a, argv, false);
    assert_true(json_is_null(json_object_get(json_object_get(o, "membership"), "missed_at_most")));
    assert_non_null(json_object_get(json_object_get(o, "why"), "missed_at_most"));
    json_decref(o);
    cuvee__account_deinit(&a);
    /* 20 after the first: two children, of which one had three threads more, and 5 of others. */
    read_all(&a, HEAD "B 20 11 1 10 one\nB 30 12 1 10 two\nS 40 11 9 0 9 0 4 1\n"
                      "S 50 11 9 0 9 0 2 1\nF 20 5\n" TAIL);
    assert_true(cuvee__account_missed(&a, &missed));
    assert_int_equal(missed, 10);
    cuvee__account_deinit(&a);
    read_all(&a, HEAD "U events 1 proc connector\nF 20 5\nN 9 9 9 0\n" TAIL);
    assert_true(cuvee__account_missed(&a, &missed));
    assert_int_equal(missed, 0);
    cuvee__account_deinit(&a);
    read_all(&a, HEAD "U events 1 proc connector\nF 20 5\nN 9 9 9 1\n" TAIL); /* events were lost */
    assert_true(cuvee__account_missed(&a, &missed));
    assert_int_equal(missed, 15);
    cuvee__account_deinit(&a);
    /* More were seen than given, when the kernel uses a number again at once. */
    read_all(&a, HEAD "B 20 11 1 10 one\nF 0 5\n" TAIL);
    assert_true(cuvee__account_missed(&a, &missed));
    assert_int_equal(missed, 0);
    cuvee__account_deinit(&a);
    read_all(&a, "V 1 4096 900 10000 744 0\nK none\nL 10 1\nB 0 10 1 9 old\nS 5 10 9 0 9 0 7 1\n"
                 "B 20 11 1 10 new\nF 3 0\n" TAIL);
    assert_true(cuvee__account_missed(&a, &missed));
    assert_int_equal(missed, 2);
    cuvee__account_deinit(&a);
}

/* What was used before we came is not counted. */
static void test_attached(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, "V 1 4096 900 10000 744 0\nL 10 1\nK none\nB 0 10 1 9 server\n"
                 "S 10000 10 90000 5000000 40000 0 1 100\nA 11000 1 1 start 50\n"
                 "P 10 80000 80000 0 0 0 0 0 80000 90000 500000\n"
                 "S 20000 10 90000 5060000 40100 0 1 100\n"
                 "Z 30000 9000 1500 200 1 10000 2 0 0 0 -1\n");
    assert_true(a.is_attached);
    assert_int_equal(a.cpu_us, 60000);
    assert_string_equal(a.cpu_source, "samples");
    assert_int_equal(a.faults, 100);
    assert_int_equal(a.lower, 80000);
    assert_true(a.upper <= 91000); /* 500000 was before us */
    cuvee__account_deinit(&a);
}

static void test_marks_and_heap(void **state)
{
    (void)state;
    struct account a;
    struct naive_figure naive[CUVEE__NAIVE_FIGURES];
    read_all(&a, HEAD "M 5000 model loaded\nM 6000 heap=94000000\nA 11000 1 1 mark 50\n"
                      "P 10 900 900 0 0 0 0 0 900 1000 1000\n" TAIL);
    assert_int_equal(a.n_marks, 2);
    assert_string_equal(a.marks[0].text, "model loaded");
    assert_int_equal(a.marks[1].footprint, 900);
    cuvee__naive_figures(&a, naive);
    assert_true(naive[0].is_known);
    assert_int_equal(naive[0].bytes, 94000000);
    cuvee__account_deinit(&a);
}

/* Null and a reason, never 0. */
static void test_unknown_is_null(void **state)
{
    (void)state;
    struct account a;
    const char *const argv[] = {"job", "--password=x", NULL};
    read_all(&a, HEAD);
    assert_false(a.has_peak);
    assert_false(a.is_complete);
    json_t *o = cuvee__result_to_json(&a, argv, true), *value, *why = json_object_get(o, "why");
    json_t *peak =
        json_object_get(json_object_get(json_object_get(o, "memory"), "footprint"), "peak");
    assert_true(json_is_null(json_object_get(peak, "upper")));
    assert_true(json_is_null(json_object_get(json_object_get(o, "time"), "cpu_s")));
    assert_true(json_is_null(json_object_get(json_object_get(o, "exit"), "code")));
    const char *key;
    json_object_foreach(why, key, value) assert_true(json_string_length(value) > 0);
    assert_true(json_object_size(why) >= 8);
    assert_string_equal(json_string_value(json_array_get(json_object_get(o, "cmd"), 1)), "***");
    json_decref(o);
    cuvee__account_deinit(&a);
}

/* A tree that keeps still is not looked at again: what was read last holds to its end. */
static void test_still_to_the_end(void **state)
{
    (void)state;
    struct account a;
    read_all(&a, HEAD "S 10000 10 1000 0 250 0 1 100\nA 100000 1 1 start 50\n"
                      "P 10 1008 1008 0 0 0 0 1 1008 1024 1024\n" TAIL);
    assert_int_equal(a.lower, 1024);
    assert_true(a.integral_mib_s > 1.999 && a.integral_mib_s < 2.001);
    cuvee__account_deinit(&a);
    /* But no more than RSS, which is 2.5 MiB at 0.6 s: half a second of ten, and one and a half of
     * it. */
    read_all(&a, HEAD "S 10000 10 10240 0 2560 0 1 100\nA 100000 1 1 start 50\n"
                      "P 10 10224 10224 0 0 0 0 1 10224 10240 10240\n"
                      "S 600000 10 2560 0 2560 0 1 100\n" TAIL);
    assert_true(a.integral_mib_s > 5 + 1.5 * 2.5 - 0.001 && a.integral_mib_s < 5 + 1.5 * 3.25);
    cuvee__account_deinit(&a);
    read_all(&a, HEAD "A 100000 1 1 start 50\nP 10 496 496 0 0 0 0 1 496 512 512\n"
                      "A 200000 1 1 start 50\nP 10 1008 1008 0 0 0 0 1 1008 1024 1024\n" TAIL);
    assert_int_equal(a.steady_median, 1024);
    cuvee__account_deinit(&a);
}

static void test_rubbish(void **state)
{
    (void)state;
    cuvee_error err;
    struct account a = {0};
    static const char rubbish[] =
        "S 1 2\nP\nA\nA 1 99999999 1\nP 1 2 3\nG 1 5\nC 1 5 x\nB\nX\nZ\n\xff\n";
    assert_int_equal(cuvee__account_feed(&a, span_of(rubbish), &err), CUVEE_OK);
    assert_int_equal(cuvee__account_end(&a, &err), CUVEE_E_FORMAT);
    cuvee__account_deinit(&a);
    a = (struct account){0};
    for (int i = 0; i < 100; i++) /* a line longer than any */
        assert_int_equal(cuvee__account_feed(&a, span_of("M 1 aaaaaaaaaaaaaaaa"), &err), CUVEE_OK);
    assert_int_equal(cuvee__account_feed(&a, span_of("\n" HEAD TAIL), &err), CUVEE_OK);
    assert_int_equal(cuvee__account_end(&a, &err), CUVEE_OK);
    assert_true(a.is_complete);
    cuvee__account_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_pages_once),
        cmocka_unit_test(test_torn_anchor_is_no_peak),
        cmocka_unit_test(test_growth_behind_an_anchor),
        cmocka_unit_test(test_growth_that_rss_does_not_say_yet),
        cmocka_unit_test(test_spike_is_inside_the_bracket),
        cmocka_unit_test(test_copy_on_write),
        cmocka_unit_test(test_charge_bounds),
        cmocka_unit_test(test_huge_pages),
        cmocka_unit_test(test_giving_back),
        cmocka_unit_test(test_change_of_guard),
        cmocka_unit_test(test_unseen_child),
        cmocka_unit_test(test_last_breath),
        cmocka_unit_test(test_traced),
        cmocka_unit_test(test_membership),
        cmocka_unit_test(test_end_of_the_leader),
        cmocka_unit_test(test_missed),
        cmocka_unit_test(test_attached),
        cmocka_unit_test(test_marks_and_heap),
        cmocka_unit_test(test_unknown_is_null),
        cmocka_unit_test(test_still_to_the_end),
        cmocka_unit_test(test_rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
