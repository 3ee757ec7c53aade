/* SPDX-License-Identifier: Apache-2.0
 *
 * The course of one `cuvee classify`:
 *
 *     open       inputs, output, model, pool: cheap checks first, so that a slip is told at once
 *     feed       read blocks and post them until the input, the limit or the user ends it
 *     finish     wait for the rows on their way
 *     conclude   commit the output or leave it as FILE.partial; summary; exit code
 *
 * An output is whole or it is not: only a run that has read all it should is committed under the
 * name that was asked for. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "classify.h"
#include "classify_pipeline.h"
#include "classify_rows.h"
#include "console.h"
#include "exit_code.h"
#include "inputs.h"
#include "interrupt.h"
#include "labels_map.h"
#include "metrics.h"
#include "model_path.h"
#include "monitor.h"
#include "os/clock.h"
#include "os/mark.h"
#include "run_report.h"
#include "script_setup.h"
#include "table/input_stream.h"
#include "table/writer.h"

struct run {
    const struct command *command;
    const struct classify_options *options;
    cuvee_classify_options classify;
    struct run_stats stats;
    struct monitor monitor;
    struct inputs inputs;
    struct output_file *output;
    struct metrics *metrics; /* NULL without --metrics */
    cuvee_model *model;
    cuvee_pool *pool;
    struct label_names labels;
    struct row_sink sink;
    struct pipeline *pipeline;
    struct run_report report;
    uint64_t start_ns, feed_ns;
    bool has_answered; /* the mark of the first result has been written */
    bool is_whole;     /* all input was read, all rows are written */
    bool quiet_end;    /* the reader of our output went away */
};

static int tell(const cuvee_error *err, int exit_code)
{
    cli__console_say("cuvee classify: %s", err->msg);
    return exit_code;
}

/* A wrong value of an option is a mistake in use, wherever it is found. */
static int usage_or(int rc, int exit_code)
{
    return rc == CUVEE_E_ARGUMENT ? EXIT_USAGE : exit_code;
}

static bool is_closed_pipe(int rc, const cuvee_error *err)
{
    return rc == CUVEE_E_IO && err->os_errno == EPIPE;
}

/* ---- open ---- */

static int open_inputs(struct run *run, cuvee_error *err)
{
    const struct classify_options *o = run->options;
    struct inputs *in = &run->inputs;
    in->paths = o->paths;
    in->n_paths = o->n_paths;
    in->options = (struct reader_options){.format = o->read_format,
                                          .column = o->column,
                                          .pair_column = o->pair_column,
                                          .encoding = o->encoding,
                                          .delimiter = o->delimiter,
                                          .no_header = o->no_header,
                                          .keep_columns = o->keep_columns,
                                          .stop = cli__interrupt_stop()};
    const int rc = cli__inputs_open(in, err);
    if (rc == CUVEE_E_CANCELLED) return EXIT_INTERRUPTED;
    if (rc < 0) return tell(err, usage_or(rc, EXIT_INPUT));
    if (o->keep_columns && o->write_format == TABLE_CSV &&
        cuvee__reader_format(in->reader) == TABLE_JSONL) {
        cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                    "%s: --keep-columns of JSON input needs --format json or jsonl", in->paths[0]);
        return tell(err, EXIT_INPUT);
    }
    return EXIT_OK;
}

/* FILE may be an input: it is replaced at the end. But FILE.partial is emptied when it is opened,
 * and an input at whose end standard output stands has no end. */
static int check_output(const struct run *run, const char *path, cuvee_error *err)
{
    const bool is_stdout = cli__is_stdout(path);
    struct buffer partial = {0};
    struct stat st;
    if (!is_stdout && cuvee__buffer_printf(&partial, "%s.partial", path) < 0)
        return cuvee__fail(err, CUVEE_E_NOMEM, "%s: out of memory", path);
    const char *place = is_stdout ? "standard output" : partial.ptr;
    const bool is_there = (is_stdout ? fstat(STDOUT_FILENO, &st) : stat(place, &st)) == 0;
    int rc = CUVEE_OK;
    if (is_there && cli__inputs_have(&run->inputs, &st))
        rc = cuvee__fail(err, CUVEE_E_IO,
                         "%s is also an input: it would be written while it is read", place);
    cuvee__buffer_deinit(&partial);
    return rc;
}

static int open_outputs(struct run *run, cuvee_error *err)
{
    const struct classify_options *o = run->options;
    int rc = check_output(run, o->output, err);
    if (rc == CUVEE_OK && o->metrics) rc = check_output(run, o->metrics, err);
    if (rc == CUVEE_OK) rc = cuvee__output_open(o->output, &run->output, err);
    if (rc == CUVEE_OK && o->metrics)
        rc = cli__metrics_create(o->metrics, run->start_ns, &run->metrics, err);
    if (rc == CUVEE_OK) return EXIT_OK;
    /* Opening a FIFO waits for its reader, and Ctrl-C ends that. */
    return cli__interrupt_seen() ? EXIT_INTERRUPTED : tell(err, EXIT_OUTPUT);
}

static int open_pool(struct run *run, cuvee_error *err)
{
    const struct classify_options *o = run->options;
    cuvee_pool_options pool = CUVEE_OPTIONS(cuvee_pool_options);
    pool.n_workers = (uint32_t)o->threads;
    pool.batch_tokens = (uint32_t)o->batch_tokens;
    if (run->metrics) {
        pool.on_batch = cli__metrics_on_batch;
        pool.on_batch_user = run->metrics;
    }
    int rc = cuvee_pool_create(run->model, &pool, &run->pool, err);
    /* Unsupported: CUVEE_ISA asks for what this CPU lacks. */
    if (rc < 0) return tell(err, rc == CUVEE_E_UNSUPPORTED ? EXIT_USAGE : usage_or(rc, EXIT_MODEL));

    run->classify = (cuvee_classify_options)CUVEE_OPTIONS(cuvee_classify_options);
    run->classify.max_length = (uint32_t)o->max_length;
    run->classify.truncation = (uint32_t)o->truncate;
    run->classify.activation = (uint32_t)o->activation;
    run->classify.deadline_ms = (int64_t)(o->deadline_s * 1000);
    /* No texts: only the options are looked at. */
    cuvee_result *nothing = NULL;
    rc = cuvee_classify(run->pool, NULL, 0, &run->classify, &nothing, err);
    cuvee_result_free(nothing);
    return rc < 0 ? tell(err, usage_or(rc, EXIT_MODEL)) : EXIT_OK;
}

/* Rows keep their way in, and results their way out: standard input is empty for all else, and what
 * else is written to standard output goes to standard error. */
static int prepare_script(struct run *run, cuvee_error *err)
{
    const struct model_request *request = &run->options->model;
    if (!cli__is_script(request)) return EXIT_OK;
    int rc = cuvee__output_detach(run->output, err);
    if (rc == CUVEE_OK && run->metrics) rc = cli__metrics_detach(run->metrics, err);
    if (rc < 0) return tell(err, EXIT_OUTPUT);
    rc = cuvee__input_detach_stdin(err);
    if (rc < 0) return tell(err, EXIT_INPUT);
    cli__script_prepare(request);
    return EXIT_OK;
}

/* The hosts of scripts write their own. */
static void mark_phase(const struct run *run, const char *name)
{
    if (!run->report.model.script_host) cuvee__mark(name);
}

static int open_model(struct run *run, cuvee_error *err)
{
    const uint64_t start_ns = cuvee__clock_ns();
    int exit_code = prepare_script(run, err);
    if (exit_code) return exit_code;
    struct model_request request = run->options->model;
    request.hides_progress = run->options->quiet;
    if (cli__is_script(&request))
        cli__interrupt_load_begin(cuvee__output_leftover(run->output),
                                  run->metrics ? cli__metrics_leftover(run->metrics) : NULL);
    exit_code = cli__model_open(&request, &run->model, err);
    if (exit_code) return tell(err, exit_code);
    exit_code = open_pool(run, err);
    cli__interrupt_load_end();
    if (exit_code) return exit_code;

    struct run_report *report = &run->report;
    report->load_ns = cuvee__clock_ns() - start_ns;
    report->stats = &run->stats;
    report->labels = &run->labels;
    report->activation = run->classify.activation;
    report->output = cuvee__output_name(run->output);
    report->model = (cuvee_model_info)CUVEE_OPTIONS(cuvee_model_info);
    report->pool = (cuvee_pool_info)CUVEE_OPTIONS(cuvee_pool_info);
    int rc = cuvee_model_describe(run->model, &report->model, err);
    if (rc == CUVEE_OK) rc = cuvee_pool_describe(run->pool, &report->pool, err);
    if (rc < 0) return tell(err, EXIT_MODEL);
    if (!run->options->quiet) cli__model_tell_note("classify", &report->model);
    mark_phase(run, "model-loaded");
    /* A bad map is a bad value of an option, whatever is bad about it. */
    rc = cli__label_names_open(&run->labels, run->model, run->options->labels_map, err);
    return rc < 0 ? tell(err, rc == CUVEE_E_NOMEM ? EXIT_MODEL : EXIT_USAGE) : EXIT_OK;
}

/* --labels-map may give two labels one name, but not two columns. */
static int check_score_columns(const struct run *run)
{
    const struct label_names *l = &run->labels;
    if (!run->options->top_k || run->options->write_format != TABLE_CSV) return EXIT_OK;
    for (size_t i = 0; i < l->n; i++)
        if (l->first[i] != i)
            return cli__usage_error(run->command,
                                    "two labels are called '%s': --top-k into CSV needs a column "
                                    "for each",
                                    l->names[i]);
    return EXIT_OK;
}

static int deliver(void *user, const struct slot *slot, cuvee_error *err)
{
    struct run *run = user;
    if (slot->result && !run->has_answered) {
        run->has_answered = true;
        mark_phase(run, "first-result");
    }
    return cli__row_sink_slot(&run->sink, slot, err);
}

static int flush(void *user, cuvee_error *err)
{
    struct run *run = user;
    return cuvee__output_flush(run->output, err);
}

static void wake_reader(void *user)
{
    (void)user;
    cli__interrupt_wake_reader();
}

static int open_rows(struct run *run, cuvee_error *err)
{
    const struct classify_options *o = run->options;
    const struct writer_options writer = {.format = o->write_format,
                                          .with_text = !o->no_text,
                                          .with_pair = o->pair_column && !o->no_text,
                                          .with_source = o->n_paths > 1,
                                          .with_scores = o->top_k > 0,
                                          .with_labels = !isnan(o->threshold),
                                          .keep_columns = o->keep_columns,
                                          .is_script = run->report.model.script_host != NULL,
                                          .labels = run->labels.names,
                                          .n_labels = run->labels.n,
                                          .columns = run->inputs.columns,
                                          .n_columns = run->inputs.n_columns};
    const int exit_code = check_score_columns(run);
    if (exit_code) return exit_code;
    if (cuvee__row_writer_create(run->output, &writer, &run->sink.writer, err) < 0)
        return tell(err, EXIT_OUTPUT);

    run->sink.labels = &run->labels;
    run->sink.model = run->model;
    run->sink.stats = &run->stats;
    run->sink.top_k = o->top_k > 0 ? (size_t)o->top_k : 0;
    run->sink.threshold = o->threshold;
    run->sink.max_length = o->max_length ? (uint32_t)o->max_length : run->report.model.max_length;
    const struct pipeline_hooks hooks = {deliver, flush, wake_reader, run};
    if (cli__row_sink_open(&run->sink, err) < 0 ||
        cli__pipeline_create(run->pool, &run->classify, &hooks, &run->pipeline, err) < 0)
        return tell(err, EXIT_MODEL);
    return EXIT_OK;
}

static void show_progress(struct run *run)
{
    const struct classify_options *o = run->options;
    if (o->quiet) return;
    const struct progress progress = {
        .stats = &run->stats,
        .total_bytes = run->inputs.total_bytes,
        .max_rows = o->limit == INT64_MAX ? UINT64_MAX : (uint64_t)o->limit,
        /* Rows that appear on the same terminal are progress enough, and would cut the bar. */
        .use_bar =
            cli__console_is_terminal() && !(cli__is_stdout(o->output) && isatty(STDOUT_FILENO)),
        .start_ns = run->feed_ns,
        .last_line_ns = run->feed_ns};
    cli__monitor_show(&run->monitor, &progress);
}

/* ---- feed ---- */

/* Post the rest of the current file. Sets *n_rows, the rows posted so far over all files. */
static int feed_file(struct run *run, uint64_t *n_rows, cuvee_error *err)
{
    const volatile int *stop = cli__interrupt_stop();
    struct inputs *in = &run->inputs;
    const uint64_t limit = (uint64_t)run->options->limit;
    bool end = false;
    while (!end && *n_rows < limit) {
        struct slot *slot = cli__pipeline_claim(run->pipeline, stop);
        if (!slot) return EXIT_OK;
        const size_t max_rows = (size_t)cuvee__min(SLOT_MAX_ROWS, limit - *n_rows);
        const int rc =
            cuvee__reader_fill(in->reader, &slot->block, max_rows, SLOT_MAX_BYTES, stop, &end, err);
        if (slot->block.n_rows) {
            slot->first_index = *n_rows;
            slot->source = cli__inputs_name(in);
            slot->n_input_bytes = cli__inputs_bytes_read(in);
            slot->fields_are_json = cuvee__reader_format(in->reader) == TABLE_JSONL;
            *n_rows += slot->block.n_rows;
            cuvee_error post_err;
            if (cli__pipeline_post(run->pipeline, slot, &post_err) < 0)
                return tell(&post_err, EXIT_MODEL);
        }
        if (rc < 0) return tell(err, EXIT_INPUT);
        if (*stop) return EXIT_OK;
    }
    return EXIT_OK;
}

/* Sets run->is_whole when all that was asked for has been read. */
static int feed(struct run *run, cuvee_error *err)
{
    const volatile int *stop = cli__interrupt_stop();
    uint64_t n_rows = 0;
    bool any = true;
    while (any) {
        const int exit_code = feed_file(run, &n_rows, err);
        if (exit_code) return exit_code;
        if (*stop) return EXIT_OK;
        if (n_rows >= (uint64_t)run->options->limit) break;
        const int rc = cli__inputs_next(&run->inputs, &any, err);
        if (rc == CUVEE_E_CANCELLED) return EXIT_OK;
        if (rc < 0) return tell(err, usage_or(rc, EXIT_INPUT));
    }
    run->is_whole = true;
    return EXIT_OK;
}

/* ---- finish ---- */

/* Wait for what is on its way: rows that were read are worth having, also when what follows them
 * cannot be read. A user who wants the end, or an output that takes no more, does not wait. */
static int finish(struct run *run, int exit_code, cuvee_error *err)
{
    if (!cli__pipeline_drain(run->pipeline, cli__interrupt_stop())) {
        run->is_whole = false;
        cuvee_pool_cancel(run->pool);
    }
    const int rc = cli__pipeline_finish(run->pipeline, err);
    if (!run->is_whole && cli__interrupt_seen()) exit_code = EXIT_INTERRUPTED;
    if (rc == CUVEE_OK || rc == CUVEE_E_CANCELLED) return exit_code;
    run->is_whole = false; /* the input may have been read to its end before the output failed */
    run->quiet_end = is_closed_pipe(rc, err);
    return run->quiet_end ? EXIT_OK : tell(err, EXIT_OUTPUT);
}

/* ---- conclude ---- */

/* The document's end, its metadata, and its name. */
static int end_output(struct run *run, cuvee_error *err)
{
    char sha256_hex[65] = "";
    json_t *metadata = NULL;
    int rc = CUVEE_OK;
    if (run->options->write_format == TABLE_JSON) {
        if (cuvee_model_sha256(run->model, sha256_hex, err) < 0) return tell(err, EXIT_MODEL);
        metadata = cli__report_metadata(&run->report, sha256_hex);
    }
    rc = cuvee__row_writer_end(run->sink.writer, metadata, err);
    json_decref(metadata);
    if (rc == CUVEE_OK)
        rc = run->is_whole ? cuvee__output_commit(run->output, err)
                           : cuvee__output_flush(run->output, err);
    if (rc == CUVEE_OK) return EXIT_OK;
    run->quiet_end = is_closed_pipe(rc, err);
    run->is_whole = false;
    return run->quiet_end ? EXIT_OK : tell(err, EXIT_OUTPUT);
}

static int end_metrics(struct run *run, cuvee_error *err)
{
    if (!run->metrics) return EXIT_OK;
    json_t *process = cli__report_process(&run->report);
    const int rc =
        cli__metrics_end(run->metrics, run->report.pool.n_workers, process, run->is_whole, err);
    json_decref(process);
    return rc < 0 ? tell(err, EXIT_OUTPUT) : EXIT_OK;
}

/* Where the rows so far are. An output that failed has fewer than were given to it. */
static void tell_partial(const struct run *run, int exit_code)
{
    const uint64_t n = stats_get(&run->stats.n_rows);
    const char *place = cuvee__output_place(run->output);
    if (!n) return;
    if (exit_code == EXIT_OUTPUT)
        cli__console_say("cuvee classify: ended early: what could be written is in %s", place);
    else
        cli__console_say("cuvee classify: ended early: %" PRIu64 " row%s in %s", n,
                         n == 1 ? "" : "s", place);
}

/* Everything is still open but the pipeline, which has delivered. Returns the final exit code. */
static int conclude(struct run *run, int exit_code, cuvee_error *err)
{
    struct run_report *report = &run->report;
    report->work_ns = cuvee__clock_ns() - run->feed_ns;
    report->peak_pss_bytes = cli__monitor_peak(&run->monitor);
    report->is_whole = run->is_whole;
    cli__report_merge_counts(&run->labels, run->stats.label_counts);
    if (cuvee_pool_describe(run->pool, &report->pool, err) < 0) return tell(err, EXIT_MODEL);

    if (!run->quiet_end) cli__row_sink_tell_rest(&run->sink);
    if (!run->quiet_end && exit_code != EXIT_OUTPUT) {
        const int rc = end_output(run, err);
        if (rc) exit_code = rc;
    }
    if (run->quiet_end) return EXIT_OK;
    const int rc = end_metrics(run, err);
    if (rc && !exit_code) exit_code = rc;
    if (!run->is_whole) tell_partial(run, exit_code);
    const uint64_t n_errors = stats_get(&run->stats.n_error_rows);
    if (!exit_code && n_errors > (uint64_t)run->options->max_errors) exit_code = EXIT_ROWS;
    return exit_code;
}

static int open_all(struct run *run, cuvee_error *err)
{
    int exit_code;
    if ((exit_code = open_inputs(run, err))) return exit_code;
    if ((exit_code = open_outputs(run, err))) return exit_code;
    if ((exit_code = open_model(run, err))) return exit_code;
    return open_rows(run, err);
}

static int work(struct run *run, cuvee_error *err)
{
    int exit_code = open_all(run, err);
    if (exit_code) return exit_code;
    run->feed_ns = cuvee__clock_ns();
    show_progress(run);
    exit_code = feed(run, err);
    exit_code = finish(run, exit_code, err);
    cli__interrupt_close(); /* the rest is short and must not be cut by an alarm */
    return conclude(run, exit_code, err);
}

static void close_all(struct run *run)
{
    cuvee_pool_free(run->pool); /* first: its callbacks use what follows */
    cli__pipeline_free(run->pipeline);
    cuvee__row_writer_free(run->sink.writer);
    cli__row_sink_close(&run->sink);
    cli__label_names_close(&run->labels);
    cuvee_model_close(run->model);
    cli__metrics_free(run->metrics);
    cuvee__output_close(run->output, stats_get(&run->stats.n_rows) > 0);
    cli__inputs_close(&run->inputs);
    cuvee__free(run);
}

int cli__classify_run(const struct command *self, const struct classify_options *options)
{
    cuvee_error err = {0};
    struct run *run = cuvee__calloc(1, sizeof *run);
    if (!run) {
        cuvee__fail(&err, CUVEE_E_NOMEM, "out of memory");
        return tell(&err, EXIT_MODEL);
    }
    run->command = self;
    run->options = options;
    run->start_ns = cuvee__clock_ns();
    cli__interrupt_open();
    int exit_code = EXIT_MODEL;
    if (cli__monitor_open(&run->monitor, &err) < 0)
        tell(&err, exit_code);
    else {
        exit_code = work(run, &err);
        cli__monitor_close(&run->monitor);
    }
    if (run->is_whole && !options->quiet) cli__report_summary(&run->report);
    close_all(run);
    return exit_code;
}
