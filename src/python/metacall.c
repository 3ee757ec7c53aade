/* SPDX-License-Identifier: Apache-2.0
 *
 * The MetaCall host: a script in the Python that MetaCall runs in this process.
 *
 * DESIGN
 *   MetaCall has one thread here (metacall_runtime.c), so one call runs at a time whatever the
 *   script allows, and callers of several scripts take turns. Deadlines are as in the embedded
 *   host: TimeoutError is raised in Python code, C code is not stopped. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "os/mark.h"
#include "os/thread.h"
#include "python/host.h"
#include "python/metacall_runtime.h"
#include "python/packed.h"
#include "python/phases.h"

static const uint64_t close_ns = 5000000000;

struct metacall_host {
    struct host base;
    struct host_setup setup;
    uint64_t script;      /* its number in metacall.py */
    struct phases phases;
    struct mutex mu;
    struct metacall_caller *callers; /* under mu: open ones, linked by next */
};

struct metacall_caller {
    struct metacall_host *host;
    struct metacall_caller *next; /* under the host's mu */
    struct metacall_exchange exchange;
    _Atomic bool is_interrupted; /* this call */
};

static void deinit_exchange(struct metacall_exchange *x)
{
    cuvee__buffer_deinit(&x->request);
    cuvee__buffer_deinit(&x->reply);
}

/* Why cuvee__metacall_ask() failed. */
static const char *failure_text(int rc)
{
    return rc == CUVEE_E_NOMEM       ? "out of memory"
           : rc == CUVEE_E_LIMIT     ? "too many bytes for one call"
           : rc == CUVEE_E_CANCELLED ? "interrupted"
                                     : "MetaCall gave no answer";
}

/* ---- open ---- */

static cuvee_text text_of(const char *s)
{
    return (cuvee_text){s, strlen(s), NULL, 0};
}

/* METACALL_READY: the script's number, then its facts. */
static int take_ready(struct metacall_host *h, struct span body, struct script_facts *ret_facts,
                      cuvee_error *err)
{
    if (body.len < sizeof h->script)
        return cuvee__fail(err, CUVEE_E_IO, "%s: MetaCall gave nonsense", h->setup.script);
    memcpy(&h->script, body.ptr, sizeof h->script);
    body = (struct span){body.ptr + sizeof h->script, body.len - sizeof h->script};
    return cuvee__packed_read_facts(body, &h->setup, ret_facts, err);
}

static int take_opened(struct metacall_host *h, const struct metacall_exchange *x,
                       struct script_facts *ret_facts, cuvee_error *err)
{
    const struct interpreter *python = h->setup.python;
    switch (x->said) {
    case METACALL_READY:
        return take_ready(h, x->body, ret_facts, err);
    case METACALL_OTHER_PYTHON:
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "MetaCall runs Python %.*s, and packages of %s (%s) do not fit: choose "
                           "one of that version",
                           (int)x->body.len, x->body.ptr, python->executable, python->version);
    case METACALL_FAILED:
    case METACALL_RAISED: /* before it came to the script */
        return cuvee__packed_read_failure(x->body, h->setup.script, "", err);
    default:
        return cuvee__fail(err, CUVEE_E_IO, "%s: MetaCall gave nonsense", h->setup.script);
    }
}

static int open_script(struct metacall_host *h, struct script_facts *ret_facts, cuvee_error *err)
{
    enum { BEFORE_ARGS = 5 };
    const struct host_setup *setup = &h->setup;
    const struct interpreter *python = setup->python;
    char version[32];
    snprintf(version, sizeof version, "%d.%d%s", python->major, python->minor,
             python->is_free_threaded ? "t" : ""); /* with packages of its own */
    cuvee_text *texts = cuvee__alloc_array(BEFORE_ARGS + setup->n_args, sizeof *texts);
    if (!texts) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a script");
    size_t n = 0;
    texts[n++] = text_of(python->executable);
    texts[n++] = text_of(python->prefix);
    texts[n++] = text_of(version);
    texts[n++] = text_of(cuvee__metacall_bell());
    texts[n++] = text_of(setup->script);
    for (size_t i = 0; i < setup->n_args; i++) texts[n++] = text_of(setup->args[i]);
    struct metacall_exchange x = {.kind = METACALL_OPEN, .texts = texts, .n_texts = n};
    int rc = cuvee__metacall_ask(&x);
    cuvee__free(texts);
    rc = rc == CUVEE_OK ? take_opened(h, &x, ret_facts, err)
                        : cuvee__fail(err, rc, "%s: %s", setup->script, failure_text(rc));
    deinit_exchange(&x);
    return rc;
}

static int make_mutexes(struct metacall_host *h, cuvee_error *err)
{
    int rc = cuvee__mutex_init(&h->mu, err);
    if (rc < 0) return rc;
    rc = cuvee__phases_init(&h->phases, err);
    if (rc < 0) cuvee__mutex_deinit(&h->mu);
    return rc;
}

static void free_host(struct metacall_host *h)
{
    cuvee__phases_deinit(&h->phases);
    cuvee__mutex_deinit(&h->mu);
    cuvee__free(h);
}

static int metacall_open(const struct host_setup *setup, struct script_facts *ret_facts,
                         struct host **ret_host, cuvee_error *err)
{
    int rc = cuvee__metacall_start(err);
    if (rc < 0) return rc;
    cuvee__mark("runtime-ready");
    struct metacall_host *h = cuvee__calloc(1, sizeof *h);
    if (!h) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a script");
    h->base.ops = &cuvee__host_metacall;
    h->setup = *setup;
    rc = make_mutexes(h, err);
    if (rc < 0) {
        cuvee__free(h);
        return rc;
    }
    rc = open_script(h, ret_facts, err);
    if (rc < 0) {
        free_host(h);
        return rc;
    }
    cuvee__mark("script-imported");
    *ret_host = &h->base;
    return CUVEE_OK;
}

static void metacall_close(struct host *host)
{
    struct metacall_host *h = (struct metacall_host *)host;
    struct metacall_exchange x = {
        .kind = METACALL_CLOSE, .script = h->script, .timeout_ns = close_ns};
    const int rc = cuvee__metacall_ask(&x);
    (void)rc; /* nobody is left to hear of it */
    deinit_exchange(&x);
    free_host(h);
}

/* ---- callers ---- */

static int warm_up(void *caller, cuvee_error *err)
{
    struct metacall_caller *c = caller;
    struct metacall_host *h = c->host;
    struct metacall_exchange *x = &c->exchange;
    x->kind = METACALL_WARM_UP;
    const int rc = cuvee__metacall_ask(x);
    if (rc < 0) return cuvee__fail(err, rc, "%s: %s", h->setup.script, failure_text(rc));
    if (x->said == METACALL_DONE) return CUVEE_OK;
    return cuvee__packed_read_failure(x->body, h->setup.script, "warmup()", err);
}

static void free_caller(struct metacall_caller *c)
{
    deinit_exchange(&c->exchange);
    cuvee__free(c);
}

static int metacall_open_caller(struct host *host, void **ret_caller, cuvee_error *err)
{
    struct metacall_host *h = (struct metacall_host *)host;
    struct metacall_caller *c = cuvee__calloc(1, sizeof *c);
    if (!c) return cuvee__fail(err, CUVEE_E_NOMEM, "out of memory for a caller of Python");
    c->host = h;
    c->exchange.script = h->script;
    const int rc = cuvee__phases_warm_up(&h->phases, warm_up, c, err);
    if (rc < 0) {
        free_caller(c);
        return rc;
    }
    cuvee__mutex_lock(&h->mu);
    c->next = h->callers;
    h->callers = c;
    cuvee__mutex_unlock(&h->mu);
    *ret_caller = c;
    return CUVEE_OK;
}

static void metacall_close_caller(void *caller)
{
    struct metacall_caller *c = caller, **link = &c->host->callers;
    cuvee__mutex_lock(&c->host->mu);
    while (*link != c) link = &(*link)->next;
    *link = c->next;
    cuvee__mutex_unlock(&c->host->mu);
    free_caller(c);
}

static void metacall_interrupt(struct host *host)
{
    struct metacall_host *h = (struct metacall_host *)host;
    cuvee__mutex_lock(&h->mu);
    for (struct metacall_caller *c = h->callers; c; c = c->next) {
        atomic_store(&c->is_interrupted, true);
        cuvee__metacall_hurry(&c->exchange);
    }
    cuvee__mutex_unlock(&h->mu);
}

/* ---- calls ---- */

/* CUVEE_OK: nobody has ended the call. */
static int status_of_end(const struct metacall_caller *c)
{
    return atomic_load(&c->is_interrupted) ? CUVEE_E_CANCELLED
           : c->exchange.was_late          ? CUVEE_E_TIMEOUT
                                           : CUVEE_OK;
}

static void put_exception(const struct metacall_caller *c, struct external_rows *rows)
{
    const int status = status_of_end(c);
    cuvee__packed_read_exception(c->exchange.body, status == CUVEE_OK ? CUVEE_E_SCRIPT : status,
                                 rows, 0, rows->n);
}

/* Nothing that could be read. A TimeoutError that hit the code around the script ends like that. */
static void put_failure(const struct metacall_caller *c, struct external_rows *rows, int rc)
{
    int status = rc == CUVEE_E_NOMEM || rc == CUVEE_E_CANCELLED ? rc : CUVEE_E_SCRIPT;
    if (rc == CUVEE_E_IO && status_of_end(c) < 0) status = status_of_end(c);
    cuvee__external_rows_fail_range(rows, 0, rows->n, status, span_of(failure_text(rc)));
}

static void metacall_call(void *caller, const cuvee_text *texts, size_t n, uint64_t timeout_ns,
                          struct external_rows *rows)
{
    struct metacall_caller *c = caller;
    struct metacall_exchange *x = &c->exchange;
    if (cuvee__external_rows_begin(rows, n) < 0) return;
    /* Not in the midst of metacall_interrupt(): it would hurry this call without saying why. */
    cuvee__mutex_lock(&c->host->mu);
    atomic_store(&c->is_interrupted, false);
    cuvee__mutex_unlock(&c->host->mu);
    x->kind = METACALL_CALL;
    x->texts = texts;
    x->n_texts = n;
    x->timeout_ns = timeout_ns;
    x->cancelled = &c->is_interrupted;
    int rc = cuvee__metacall_ask(x);
    if (rc == CUVEE_OK && x->said == METACALL_RAISED)
        put_exception(c, rows);
    else if (rc == CUVEE_OK)
        rc = cuvee__packed_read_answer(x->body, n, c->host->setup.labels, rows, 0);
    if (rc < 0) put_failure(c, rows, rc);
    cuvee__phases_answered(&c->host->phases);
}

const struct host_ops cuvee__host_metacall = {
    .name = "metacall",
    .max_callers = 1,
    .open = metacall_open,
    .close = metacall_close,
    .open_caller = metacall_open_caller,
    .call = metacall_call,
    .close_caller = metacall_close_caller,
    .interrupt = metacall_interrupt,
};
