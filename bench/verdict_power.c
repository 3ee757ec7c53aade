/* SPDX-License-Identifier: Apache-2.0
 *
 * verdict_power [OPTION...] NOISE.json | --normal SD: how often the verdicts of an experiment are
 * wrong, and how often they find what is there. The noise is that of recorded runs of one and the
 * same command (bench/record-noise).
 *
 *   --metric KEY        of the runs: wall_s (if not given), cpu_s, footprint
 *   --simulations N     20000 if not given
 *   --spread N          3 if not given: a block draws its three runs from so many neighbours
 *   --normal SD         normal noise of that standard deviation, such as 0.01, in the place of a
 * file: how steady must a machine be?
 *   --as-recorded       count runs that something else disturbed. An experiment runs again, at most
 *                       twice, where others took more than 3 % of the processor time; so does this
 *
 * An experiment is simulated from stretches of STRETCH blocks of neighbours, so that drift and
 * bursts stay in it: of each `spread` runs in a row three, drawn without replacement, are the
 * reference, its twin and the arm. A spread of more than 3 stands for other arms in between. The
 * arm is the same program, or that slowed down. Seeds are fixed: the same file, the same table. */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_at.h"
#include "base/random.h"
#include "bench/verdict.h"
#include "verdict_rules.h"

enum { MAX_BLOCKS = 24, STRETCH = 4, ARMS = 15, MOST_REPEATS = 2, NORMAL_RUNS = 100000 };
enum { RULES_BLOCKS = 12 };

#define LEAST_EFFECT 0.03 /* what the default plan says */

struct options {
    const char *file, *metric;
    size_t n, spread;
    double normal_sd; /* 0: of a file */
    bool as_recorded;
};

/* All runs, and where each piece of neighbours starts; starts[n_pieces] is the end. */
struct noise {
    double *runs;
    size_t *starts, n_pieces;
};

static void fail(const char *what, const char *of)
{
    fprintf(stderr, "verdict_power: %s%s\n", of, what);
    exit(1);
}

static double number(const json_t *json, const char *path)
{
    double x;
    if (!cuvee__json_number_at(json, path, &x)) fail(": not in every run", path);
    return x;
}

/* The experiment's own rule (src/bench/quiet.h). */
static bool is_contaminated(const json_t *run, double n_cpus)
{
    const double others = number(run, "foreign_cpu_s") + number(run, "steal_s");
    return others > 0.03 * n_cpus * number(run, "wall_s");
}

static size_t read_piece(const json_t *piece, const struct options *options, double n_cpus,
                         double *ret)
{
    size_t n = 0, n_repeats = 0, idx;
    const json_t *run;
    json_array_foreach(piece, idx, run)
    {
        if (!options->as_recorded && n_repeats < MOST_REPEATS && is_contaminated(run, n_cpus)) {
            n_repeats++;
            continue;
        }
        n_repeats = 0;
        ret[n++] = number(run, options->metric);
    }
    return n;
}

static struct noise read_noise(const struct options *options)
{
    json_error_t error;
    json_t *document = json_load_file(options->file, 0, &error);
    if (!document) fail(error.text, "");
    const json_t *pieces = json_object_get(document, "pieces"), *piece;
    const double n_cpus = (double)json_array_size(cuvee__json_at(document, "host.cpus_allowed"));
    size_t n_runs = 0, idx;
    struct noise noise = {NULL, NULL, json_array_size(pieces)};
    json_array_foreach(pieces, idx, piece) n_runs += json_array_size(piece);
    noise.runs = cuvee__alloc_array(n_runs + 1, sizeof *noise.runs);
    noise.starts = cuvee__alloc_array(noise.n_pieces + 1, sizeof *noise.starts);
    if (!noise.runs || !noise.starts) fail("out of memory", "");
    /* A piece too short for a stretch, such as one that was interrupted, is left out. */
    noise.n_pieces = n_runs = 0;
    json_array_foreach(pieces, idx, piece)
    {
        const size_t n = read_piece(piece, options, n_cpus, noise.runs + n_runs);
        if (n < STRETCH * options->spread) continue;
        noise.starts[noise.n_pieces++] = n_runs;
        n_runs += n;
    }
    if (noise.n_pieces == 0) fail(": no piece is long enough", options->file);
    noise.starts[noise.n_pieces] = n_runs;
    json_decref(document);
    return noise;
}

static struct noise normal_noise(double sd)
{
    uint64_t seed = 1;
    struct noise noise = {cuvee__alloc_array(NORMAL_RUNS, sizeof *noise.runs),
                          cuvee__alloc_array(2, sizeof *noise.starts), 1};
    if (!noise.runs || !noise.starts) fail("out of memory", "");
    for (size_t i = 0; i < NORMAL_RUNS; i++) /* Box and Muller */
        noise.runs[i] = exp(sd * sqrt(-2 * log(random_real(&seed))) *
                            cos(6.283185307179586 * random_real(&seed)));
    noise.starts[0] = 0;
    noise.starts[1] = NORMAL_RUNS;
    return noise;
}

/* Of `spread` neighbours three in random order. */
static struct verdict_block draw_block(const double *neighbours, size_t spread, uint64_t *seed)
{
    size_t drawn[3];
    for (size_t i = 0; i < 3; i++) {
        bool is_new;
        do {
            drawn[i] = (size_t)random_below(seed, spread);
            is_new = true;
            for (size_t k = 0; k < i; k++) is_new = is_new && drawn[k] != drawn[i];
        } while (!is_new);
    }
    return (struct verdict_block){neighbours[drawn[0]], neighbours[drawn[1]], neighbours[drawn[2]]};
}

static void draw_experiment(const struct noise *noise, size_t spread, uint64_t *seed,
                            struct verdict_block *ret, size_t n)
{
    const size_t stretch = STRETCH * spread;
    for (size_t i = 0; i < n; i += STRETCH) {
        const size_t piece = (size_t)random_below(seed, noise->n_pieces);
        const size_t first = noise->starts[piece], end = noise->starts[piece + 1];
        const size_t at = first + (size_t)random_below(seed, end - first - stretch + 1);
        for (size_t k = 0; k < STRETCH && i + k < n; k++)
            ret[i + k] = draw_block(noise->runs + at + k * spread, spread, seed);
    }
}

static struct verdict verdict_of(const struct verdict_block *blocks, size_t n, double slower,
                                 double least_effect, size_t n_arms)
{
    const struct verdict_options options = {
        .less_is_better = true, .least_effect = least_effect, .n_resamples = 1000};
    struct verdict_block changed[MAX_BLOCKS];
    struct verdict v[ARMS];
    for (size_t i = 0; i < n; i++) {
        changed[i] = blocks[i];
        changed[i].arm *= 1 + slower;
    }
    if (cuvee__verdict(changed, n, &options, &v[0], NULL) < 0) fail("out of memory", "");
    /* Other arms with the same p are the worst case of the correction. */
    for (size_t i = 1; i < n_arms; i++) v[i] = v[0];
    if (cuvee__verdict_correct(v, n_arms, NULL) < 0) fail("out of memory", "");
    return v[0];
}

static bool is_claim(enum verdict_word word)
{
    return word == VERDICT_BETTER || word == VERDICT_WORSE;
}

struct counts {
    size_t n, n_false, n_false_margin, n_equal, n_found, n_found_of_many, n_opposite, n_held;
    size_t n_rule_false[VERDICT_RULES], n_rule_found[VERDICT_RULES];
};

static struct counts simulate(const struct noise *noise, size_t spread, size_t n_blocks,
                              double slower, size_t n)
{
    struct counts c = {.n = n};
    uint64_t seed = n_blocks;
    for (size_t i = 0; i < n; i++) {
        struct verdict_block blocks[MAX_BLOCKS];
        draw_experiment(noise, spread, &seed, blocks, n_blocks);
        const struct verdict strict = verdict_of(blocks, n_blocks, 0, 0, 1);
        const struct verdict same = verdict_of(blocks, n_blocks, 0, LEAST_EFFECT, 1);
        const struct verdict other = verdict_of(blocks, n_blocks, slower, LEAST_EFFECT, 1);
        const struct verdict many = verdict_of(blocks, n_blocks, slower, LEAST_EFFECT, ARMS);
        c.n_false += is_claim(strict.word);
        c.n_false_margin += is_claim(same.word);
        c.n_equal += same.word == VERDICT_INDISTINGUISHABLE;
        c.n_found += other.word == VERDICT_WORSE;
        c.n_found_of_many += many.word == VERDICT_WORSE;
        c.n_opposite += other.word == VERDICT_BETTER;
        for (int k = 0; n_blocks == RULES_BLOCKS && k < VERDICT_RULES; k++) {
            c.n_rule_false[k] += verdict_rules[k].claims(blocks, n_blocks, 0, &same);
            c.n_rule_found[k] += verdict_rules[k].claims(blocks, n_blocks, slower, &other);
        }
        c.n_held += strict.ratio.interval.low <= 1 && 1 <= strict.ratio.interval.high;
    }
    return c;
}

static void print_share(size_t k, size_t n)
{
    const struct stats_interval ci = cuvee__stats_share_interval(k, n, 0.95);
    printf("  %6.2f (%6.2f-%6.2f)", 100 * (double)k / (double)n, 100 * ci.low, 100 * ci.high);
}

static void print_counts(size_t n_blocks, double slower, const struct counts *c)
{
    printf("%6zu %7.1f %%", n_blocks, 100 * slower);
    print_share(c->n_false, c->n);
    print_share(c->n_false_margin, c->n);
    print_share(c->n_equal, c->n);
    print_share(c->n_found, c->n);
    print_share(c->n_found_of_many, c->n);
    printf("  %6.2f  %6.2f\n", 100 * (double)c->n_held / (double)c->n,
           100 * (double)c->n_opposite / (double)c->n);
    fflush(stdout);
}

static void print_rules(const struct counts *c)
{
    printf("\n%d blocks, 3 %% slower, where any effect counts:           A/A                     "
           "found\n",
           RULES_BLOCKS);
    for (int k = 0; k < VERDICT_RULES; k++) {
        printf("  %-48s", verdict_rules[k].name);
        print_share(c->n_rule_false[k], c->n);
        print_share(c->n_rule_found[k], c->n);
        putchar('\n');
    }
}

/* Robust figures of how far neighbours differ, for the reader of the table. */
static void print_noise(const struct noise *noise)
{
    const size_t n = noise->starts[noise->n_pieces];
    double *logs = cuvee__alloc_array(n, sizeof *logs), mad;
    size_t n_logs = 0;
    if (!logs) fail("out of memory", "");
    for (size_t p = 0; p < noise->n_pieces; p++)
        for (size_t i = noise->starts[p] + 1; i < noise->starts[p + 1]; i++)
            logs[n_logs++] = fabs(log(noise->runs[i] / noise->runs[i - 1]));
    cuvee__stats_sort(logs, n_logs);
    if (cuvee__stats_mad(logs, n_logs, &mad, NULL) < 0) fail("out of memory", "");
    printf(
        "%zu runs in %zu pieces; neighbours differ by %.2f %% (median), %.2f %% (90th percentile), "
        "%.1f %% (most)\n",
        n, noise->n_pieces, 100 * cuvee__stats_median(logs, n_logs),
        100 * cuvee__stats_quantile(logs, n_logs, 0.9), 100 * logs[n_logs - 1]);
    cuvee__free(logs);
}

static struct options read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"metric", required_argument, NULL, 'm'}, {"simulations", required_argument, NULL, 'n'},
        {"spread", required_argument, NULL, 's'}, {"normal", required_argument, NULL, 'g'},
        {"as-recorded", no_argument, NULL, 'r'},  {0}};
    struct options o = {NULL, "wall_s", 20000, 3, 0, false};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (c == 'm')
            o.metric = optarg;
        else if (c == 'n')
            o.n = strtoul(optarg, NULL, 10);
        else if (c == 's')
            o.spread = strtoul(optarg, NULL, 10);
        else if (c == 'g')
            o.normal_sd = strtod(optarg, NULL);
        else if (c == 'r')
            o.as_recorded = true;
        else
            exit(2);
    }
    if (optind + (o.normal_sd <= 0) != argc)
        fail("give one file of bench/record-noise, or --normal SD", "");
    if (o.n < 1 || o.spread < 3) fail("at least 1 simulation, a spread of at least 3", "");
    o.file = o.normal_sd > 0 ? "normal noise" : argv[optind];
    return o;
}

int main(int argc, char **argv)
{
    static const struct {
        size_t blocks;
        double slower;
    } cases[] = {{3, 0.03},  {4, 0.03},  {5, 0.03},  {6, 0.03},  {8, 0.03}, {10, 0.03},
                 {12, 0.03}, {16, 0.03}, {12, 0.01}, {12, 0.02}, {12, 0.05}};
    const struct options o = read_options(argc, argv);
    const struct noise noise = o.normal_sd > 0 ? normal_noise(o.normal_sd) : read_noise(&o);
    printf("%s, %s, %zu simulations, 3 of %zu neighbours a block, %s\n", o.file, o.metric, o.n,
           o.spread, o.as_recorded ? "as recorded" : "disturbed runs repeated");
    print_noise(&noise);
    printf(
        "Per cent, with the interval of 95 %%:\n"
        "  A/A       the same program called better or worse, where any effect counts\n"
        "  A/A 3 %%   the same, where 3 %% count\n"
        "  equal     the same program called indistinguishable, where 3 %% count\n"
        "  found     the slower one called worse, where 3 %% count; of %d: as one of so many arms\n"
        "  held      the interval of the ratio holds the truth\n"
        "  opposite  the slower one called better\n\n",
        ARMS);
    printf("blocks    slower  A/A                     A/A 3 %%                 equal               "
           "    "
           "found                   found of %d             held  opposite\n",
           ARMS);
    struct counts compared = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct counts c = simulate(&noise, o.spread, cases[i].blocks, cases[i].slower, o.n);
        print_counts(cases[i].blocks, cases[i].slower, &c);
        if (cases[i].blocks == RULES_BLOCKS && cases[i].slower == 0.03) compared = c;
    }
    print_rules(&compared);
    cuvee__free(noise.runs);
    cuvee__free(noise.starts);
    return 0;
}
