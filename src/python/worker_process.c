/* SPDX-License-Identifier: Apache-2.0
 *
 * The messages are those of worker.py. What the worker wrote into the shared area is copied before
 * it is looked at, and every length and offset in it is checked: a worker that crashed on the way,
 * or a script that writes there, must not lead us astray. */
#include "python/worker_process.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/clock.h"
#include "python/packed.h"

enum { CALL = 1, CLOSE = 2 };
enum { READY = 1, FAILED = 2, DONE = 3, RAISED = 4 };

static const size_t first_area = 256 * 1024;
static const size_t max_area = (size_t)1 << 31;
static const uint64_t close_ns = 5000000000;

struct message {
    uint64_t kind, a, b, unused[2];
};

/* ---- start and end ---- */

/* contract.py, packed.py and worker.py as one program, in memory that the worker reads. */
static int put_program(struct shared_area *program, cuvee_error *err)
{
    const struct span parts[] = {{cuvee__python_contract, cuvee__python_contract_len},
                                 {cuvee__python_packed, cuvee__python_packed_len},
                                 {cuvee__python_worker, cuvee__python_worker_len}};
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) n += parts[i].len;
    const int rc = cuvee__shared_area_create(program, "cuvee-program", n, err);
    if (rc < 0) return rc;
    for (size_t i = 0, at = 0; i < 3; at += parts[i++].len)
        memcpy(program->ptr + at, parts[i].ptr, parts[i].len);
    return CUVEE_OK;
}

static int start_child(struct worker_process *w, const struct host_setup *setup,
                       const struct shared_area *program, cuvee_error *err)
{
    static const char boot[] =
        "import sys\n"
        "if sys.path[:1] == ['']: del sys.path[0]\n" /* -c: modules of the current folder */
        "import os\n"
        "exec(compile(os.pread(203, 1 << 20, 0), '<cuvee>', 'exec'))\n";
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
        return cuvee__fail(err, CUVEE_E_FORMAT, "the worker process wrote nonsense");
    if (cuvee__buffer_append(out, w->area.ptr + offset, (size_t)len) == CUVEE_OK) return CUVEE_OK;
    return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for an answer of %zu bytes", (size_t)len);
}

int cuvee__worker_process_await(struct worker_process *w, const struct host_setup *setup,
                                struct script_facts *ret_facts, cuvee_error *err)
{
    struct message m;
    struct buffer text = {0};
    if (cuvee__child_receive(&w->child, &m, sizeof m, UINT64_MAX) < 0)
        return cuvee__fail(err, CUVEE_E_IO, "%s: %s ended while it loaded the script",
                           setup->script, setup->python->executable);
    int rc = take(w, m.a, m.b, &text, err);
    if (rc == CUVEE_OK && m.kind != READY)
        rc = cuvee__packed_read_failure(buffer_span(&text), setup->script, "", err);
    else if (rc == CUVEE_OK && ret_facts)
        rc = cuvee__packed_read_facts(buffer_span(&text), setup, ret_facts, err);
    cuvee__buffer_deinit(&text);
    return rc;
}

int cuvee__worker_process_start(struct worker_process *w, const struct host_setup *setup,
                                cuvee_error *err)
{
    struct shared_area program;
    *w = (struct worker_process)CUVEE__NO_WORKER_PROCESS;
    int rc = put_program(&program, err);
    if (rc < 0) return rc;
    rc = cuvee__shared_area_create(&w->area, "cuvee-texts", first_area, err);
    if (rc == CUVEE_OK) rc = start_child(w, setup, &program, err);
    cuvee__shared_area_close(&program);
    return rc;
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

static int put_request(struct worker_process *w, const cuvee_text *texts, size_t n, size_t *ret_len)
{
    const int rc = cuvee__packed_size(texts, n, ret_len);
    if (rc < 0) return rc;
    if (*ret_len > max_area / 2) return CUVEE_E_LIMIT;
    if (cuvee__shared_area_grow(&w->area, *ret_len, NULL) < 0) return CUVEE_E_NOMEM;
    cuvee__packed_write((char *)w->area.ptr, texts, n);
    return CUVEE_OK;
}

static enum worker_answer read_answer(const struct message *m, struct span text, size_t n,
                                      struct script_labels *labels, struct external_rows *rows,
                                      size_t first)
{
    if (m->kind == RAISED) {
        cuvee__packed_read_exception(text, CUVEE_E_SCRIPT, rows, first, n);
        return WORKER_DONE;
    }
    if (m->kind != DONE) return WORKER_DIED;
    const int rc = cuvee__packed_read_answer(text, n, labels, rows, first);
    return rc == CUVEE_OK ? WORKER_DONE : rc == CUVEE_E_NOMEM ? WORKER_NO_MEMORY : WORKER_DIED;
}

enum worker_answer cuvee__worker_process_call(struct worker_process *w,
                                              struct script_labels *labels, const cuvee_text *texts,
                                              size_t n, uint64_t timeout_ns,
                                              struct external_rows *rows, size_t first)
{
    const uint64_t deadline_ns = timeout_ns ? cuvee__clock_ns() + timeout_ns : UINT64_MAX;
    size_t len = 0;
    const int put = put_request(w, texts, n, &len);
    if (put < 0) return put == CUVEE_E_LIMIT ? WORKER_NOT_ASKED : WORKER_NO_MEMORY;
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
