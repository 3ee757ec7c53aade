/* SPDX-License-Identifier: Apache-2.0
 *
 * The messages are those of worker.py. What the worker wrote into the shared area is copied before
 * it is looked at, and every length and offset in it is checked: a worker that crashed on the way,
 * or a script that writes there, must not lead us astray. */
#include "python/worker_process.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "base/json.h"
#include "os/clock.h"

enum { CALL = 1, CLOSE = 2 };
enum { READY = 1, FAILED = 2, DONE = 3, RAISED = 4 };

static const size_t first_area = 256 * 1024;
static const size_t max_area = (size_t)1 << 31;
static const uint64_t close_ns = 5000000000;

struct message {
    uint64_t kind, a, b, unused[2];
};

/* ---- start and end ---- */

/* contract.py and worker.py as one program, in memory that the worker reads. */
static int put_program(struct shared_area *program, cuvee_error *err)
{
    const size_t n = cuvee__python_contract_len, m = cuvee__python_worker_len;
    const int rc = cuvee__shared_area_create(program, "cuvee-program", n + m, err);
    if (rc < 0) return rc;
    memcpy(program->ptr, cuvee__python_contract, n);
    memcpy(program->ptr + n, cuvee__python_worker, m);
    return CUVEE_OK;
}

static int start_child(struct worker_process *w, const struct host_setup *setup,
                       const struct shared_area *program, cuvee_error *err)
{
    static const char boot[] =
        "import os; exec(compile(os.pread(203, 1 << 20, 0), '<cuvee>', 'exec'))";
    char threads[64];
    snprintf(threads, sizeof threads, "OMP_NUM_THREADS=%u", (unsigned)setup->threads_each);
    const char *const variables[] = {"TOKENIZERS_PARALLELISM=false", "MALLOC_ARENA_MAX=2",
                                     setup->threads_each ? threads : NULL, NULL};
    const int passed[] = {program->fd, w->area.fd};
    const char **argv = cuvee__alloc_array(setup->n_args + 5, sizeof *argv);
    if (!argv) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a worker process");
    size_t n = 0;
    argv[n++] = setup->python->executable;
    argv[n++] = "-c";
    argv[n++] = boot;
    argv[n++] = setup->script;
    for (size_t i = 0; i < setup->n_args; i++) argv[n++] = setup->args[i];
    argv[n] = NULL;
    const struct child_setup child = {argv, variables, passed, 2};
    const int rc = cuvee__child_start(&w->child, &child, err);
    cuvee__free(argv);
    return rc;
}

/* [offset, length] of the area, copied out. */
static int take(struct worker_process *w, uint64_t offset, uint64_t len, struct buffer *out,
                cuvee_error *err)
{
    const int rc = cuvee__shared_area_refresh(&w->area, max_area, err);
    if (rc < 0) return rc;
    if (offset > w->area.len || len > w->area.len - offset)
        return cuvee__fail(err, CUVEE_E_IO, "the worker process wrote nonsense");
    return cuvee__buffer_append(out, w->area.ptr + offset, (size_t)len);
}

static int take_json(struct worker_process *w, const struct message *m, json_t **ret,
                     cuvee_error *err)
{
    struct buffer text = {0};
    int rc = take(w, m->a, m->b, &text, err);
    if (rc == CUVEE_OK) rc = cuvee__json_parse(buffer_span(&text), "worker process", ret, err);
    cuvee__buffer_deinit(&text);
    return rc;
}

static int read_facts(const json_t *said, const struct host_setup *setup,
                      struct script_facts *facts, cuvee_error *err)
{
    size_t i;
    const json_t *label, *labels = json_object_get(said, "labels");
    facts->max_batch = (size_t)json_integer_value(json_object_get(said, "max_batch"));
    facts->max_concurrency = (size_t)json_integer_value(json_object_get(said, "max_concurrency"));
    facts->n_labels = json_array_size(labels);
    json_array_foreach(labels, i, label)
    {
        uint32_t index;
        const struct span name = {json_string_value(label), json_string_length(label)};
        const int rc = cuvee__script_labels_index(setup->labels, name, &index);
        if (rc < 0) return cuvee__fail(err, rc, "%s: too many LABELS", setup->script);
    }
    const char *version = json_string_value(json_object_get(said, "version"));
    snprintf(facts->version, sizeof facts->version, "%s", version ? version : "");
    const char *info = json_string_value(json_object_get(said, "info"));
    facts->info = info ? cuvee__strndup(info, strlen(info)) : NULL;
    return CUVEE_OK;
}

/* The worker's first message. */
static int hear_start(struct worker_process *w, const struct host_setup *setup,
                      struct script_facts *ret_facts, cuvee_error *err)
{
    struct message m;
    json_t *said = NULL;
    int status = 0;
    if (cuvee__child_receive(&w->child, &m, sizeof m, UINT64_MAX) < 0) {
        cuvee__worker_process_kill(w, &status);
        return cuvee__fail(err, CUVEE_E_IO, "%s: %s ended while it loaded the script: status %d",
                           setup->script, setup->python->executable, status);
    }
    int rc = take_json(w, &m, &said, err);
    if (rc < 0) return rc;
    if (m.kind == READY) {
        if (ret_facts) rc = read_facts(said, setup, ret_facts, err);
    } else {
        const char *line = json_string_value(json_array_get(said, 0));
        const char *where = json_string_value(json_array_get(said, 1));
        rc = cuvee__fail(err, CUVEE_E_SCRIPT, "%s: %s%s%s%s", setup->script,
                         line ? line : "the script does not load", where && *where ? " (" : "",
                         where ? where : "", where && *where ? ")" : "");
    }
    json_decref(said);
    return rc;
}

int cuvee__worker_process_start(struct worker_process *w, const struct host_setup *setup,
                                struct script_facts *ret_facts, cuvee_error *err)
{
    struct shared_area program;
    *w = (struct worker_process)CUVEE__NO_WORKER_PROCESS;
    int rc = put_program(&program, err);
    if (rc < 0) return rc;
    rc = cuvee__shared_area_create(&w->area, "cuvee-texts", first_area, err);
    if (rc == CUVEE_OK) rc = start_child(w, setup, &program, err);
    cuvee__shared_area_close(&program);
    return rc < 0 ? rc : hear_start(w, setup, ret_facts, err);
}

static void end(struct worker_process *w, uint64_t deadline_ns, int *ret_status)
{
    cuvee__child_end(&w->child, deadline_ns, ret_status);
    cuvee__shared_area_close(&w->area);
}

void cuvee__worker_process_end(struct worker_process *w, int *ret_status)
{
    const struct message m = {.kind = CLOSE};
    if (w->child.pid) cuvee__child_send(&w->child, &m, sizeof m);
    end(w, cuvee__clock_ns() + close_ns, ret_status);
}

void cuvee__worker_process_kill(struct worker_process *w, int *ret_status)
{
    end(w, 0, ret_status);
}

/* ---- a call ---- */

/* n + 1 offsets, then the texts. */
static int put_request(struct worker_process *w, const cuvee_text *texts, size_t n, size_t *ret_len)
{
    uint64_t at = (n + 1) * sizeof at;
    size_t len = at;
    for (size_t i = 0; i < n; i++)
        if (!cuvee__add(len, texts[i].len, &len)) return CUVEE_E_LIMIT;
    if (len > max_area / 2) return CUVEE_E_LIMIT;
    if (cuvee__shared_area_grow(&w->area, len, NULL) < 0) return CUVEE_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        memcpy(w->area.ptr + i * sizeof at, &at, sizeof at);
        if (texts[i].len) memcpy(w->area.ptr + at, texts[i].ptr, texts[i].len);
        at += texts[i].len;
    }
    memcpy(w->area.ptr + n * sizeof at, &at, sizeof at);
    *ret_len = len;
    return CUVEE_OK;
}

/* An answer, copied out of the area and cut; see answer() of worker.py. */
struct answer {
    struct span scores, indexes, names, rest;
    size_t n_names;
};

static bool cut(struct span *from, size_t n, struct span *ret)
{
    if (n > from->len) return false;
    *ret = (struct span){from->ptr, n};
    *from = (struct span){from->ptr + n, from->len - n};
    return true;
}

static bool cut_answer(struct span all, size_t n, struct answer *ret)
{
    uint64_t header[4];
    struct span head;
    if (!cut(&all, sizeof header, &head)) return false;
    memcpy(header, head.ptr, sizeof header);
    ret->n_names = (size_t)header[1];
    return header[0] == n && header[1] <= n && cut(&all, n * sizeof(double), &ret->scores) &&
           cut(&all, n * sizeof(uint32_t), &ret->indexes) && cut(&all, header[2], &ret->names) &&
           cut(&all, header[3], &ret->rest);
}

/* The names' indexes in our own table. *ret: (n_names) or a code below 0 in the return value. */
static int map_names(const struct answer *a, struct script_labels *labels, uint32_t *ret)
{
    struct span names = a->names, len, name;
    for (size_t i = 0; i < a->n_names; i++) {
        if (!cut(&names, 4, &len) || !cut(&names, cuvee__load_le32(len.ptr), &name))
            return CUVEE_E_IO;
        const int rc = cuvee__script_labels_index(labels, name, &ret[i]);
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

static int put_all_scores(const json_t *pairs, struct script_labels *labels,
                          struct external_rows *rows, size_t i)
{
    size_t k;
    const json_t *pair;
    json_array_foreach(pairs, k, pair)
    {
        uint32_t label;
        const json_t *name = json_array_get(pair, 0);
        const struct span text = {json_string_value(name), json_string_length(name)};
        if (!text.ptr) return CUVEE_E_IO;
        int rc = cuvee__script_labels_index(labels, text, &label);
        if (rc == CUVEE_OK)
            rc = cuvee__external_rows_add_score(rows, i, label,
                                                json_number_value(json_array_get(pair, 1)));
        if (rc < 0) return rc;
    }
    return CUVEE_OK;
}

/* [extras, every, errors], each null or one for each row, in which null stands for none. */
static int put_rest(struct span text, size_t n, struct script_labels *labels,
                    struct external_rows *rows, size_t first)
{
    json_t *rest = NULL;
    int rc = cuvee__json_parse(text, "worker process", &rest, NULL);
    for (size_t i = 0; i < n && rc == CUVEE_OK; i++) {
        const json_t *extra = json_array_get(json_array_get(rest, 0), i);
        const json_t *error = json_array_get(json_array_get(rest, 2), i);
        const char *said = json_string_value(extra);
        if (said) rows->extras[first + i] = cuvee__external_rows_string(rows, span_of(said));
        if (json_is_string(error))
            cuvee__external_rows_fail(rows, first + i, CUVEE_E_SCRIPT,
                                      span_of(json_string_value(error)));
        rc = put_all_scores(json_array_get(json_array_get(rest, 1), i), labels, rows, first + i);
    }
    json_decref(rest);
    return rc;
}

static int put_answer(const struct answer *a, size_t n, struct script_labels *labels,
                      uint32_t *names, struct external_rows *rows, size_t first)
{
    const int rc = map_names(a, labels, names);
    if (rc < 0) return rc;
    memcpy(rows->scores + first, a->scores.ptr, n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        const uint32_t index = cuvee__load_le32(a->indexes.ptr + i * sizeof index);
        if (index >= a->n_names) return CUVEE_E_IO;
        rows->labels[first + i] = names[index];
    }
    return a->rest.len ? put_rest(a->rest, n, labels, rows, first) : CUVEE_OK;
}

/* All rows of the call fail with what json [line, where, traceback] says. */
static void put_exception(struct span text, size_t n, struct external_rows *rows, size_t first)
{
    json_t *said = NULL;
    struct buffer message = {0};
    if (cuvee__json_parse(text, "worker process", &said, NULL) == CUVEE_OK) {
        const char *line = json_string_value(json_array_get(said, 0));
        const char *trace = json_string_value(json_array_get(said, 2));
        if (line) cuvee__buffer_append_str(&message, line);
        if (trace && *trace && cuvee__buffer_append_char(&message, '\n') == CUVEE_OK)
            cuvee__buffer_append_str(&message, trace);
    }
    cuvee__external_rows_fail_range(rows, first, n, CUVEE_E_SCRIPT, buffer_span(&message));
    cuvee__buffer_deinit(&message);
    json_decref(said);
}

static enum worker_answer read_answer(const struct message *m, struct span text, size_t n,
                                      struct script_labels *labels, struct external_rows *rows,
                                      size_t first)
{
    struct answer a;
    if (m->kind == RAISED) {
        put_exception(text, n, rows, first);
        return WORKER_DONE;
    }
    if (m->kind != DONE || !cut_answer(text, n, &a)) return WORKER_DIED;
    uint32_t *names = cuvee__alloc_array(n, sizeof *names);
    int rc = names ? put_answer(&a, n, labels, names, rows, first) : CUVEE_E_NOMEM;
    cuvee__free(names);
    if (rc == CUVEE_E_LIMIT) {
        cuvee__external_rows_fail_range(rows, first, n, CUVEE_E_SCRIPT,
                                        span_of("the script has used more than 65535 labels"));
        rc = CUVEE_OK;
    }
    if (rc == CUVEE_OK) return WORKER_DONE;
    return rc == CUVEE_E_NOMEM ? WORKER_NO_MEMORY : WORKER_DIED;
}

enum worker_answer cuvee__worker_process_call(struct worker_process *w,
                                              struct script_labels *labels, const cuvee_text *texts,
                                              size_t n, uint64_t timeout_ns,
                                              struct external_rows *rows, size_t first)
{
    const uint64_t deadline_ns = timeout_ns ? cuvee__clock_ns() + timeout_ns : UINT64_MAX;
    size_t len = 0;
    if (put_request(w, texts, n, &len) < 0) return WORKER_NO_MEMORY;
    struct message m = {.kind = CALL, .a = n, .b = len};
    w->n_calls++;
    if (!cuvee__child_send(&w->child, &m, sizeof m)) return WORKER_DIED;
    const int rc = cuvee__child_receive(&w->child, &m, sizeof m, deadline_ns);
    if (rc < 0) return rc == CUVEE_E_TIMEOUT ? WORKER_LATE : WORKER_DIED;

    struct buffer copy = {0};
    const int taken = take(w, m.a, m.b, &copy, NULL);
    const enum worker_answer answer =
        taken == CUVEE_OK        ? read_answer(&m, buffer_span(&copy), n, labels, rows, first)
        : taken == CUVEE_E_NOMEM ? WORKER_NO_MEMORY
                                 : WORKER_DIED;
    cuvee__buffer_deinit(&copy);
    return answer;
}
