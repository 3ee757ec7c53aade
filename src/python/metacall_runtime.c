/* SPDX-License-Identifier: Apache-2.0
 *
 * DESIGN
 *   What MetaCall is known to do wrong does not happen here: a single thread calls it; only buffers
 *   go through it, since its strings end at NUL and bytes that are no UTF-8 crash it; Python code
 *   of ours catches every exception, and builds no dict for it to convert, as both leak; all values
 *   are destroyed; MetaCall itself is not, since Python cannot be started twice. */
#include "python/metacall_runtime.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "os/bell.h"
#include "python/host.h"
#include "python/libmetacall.h"
#include "python/libpython.h"
#include "python/owner.h"
#include "python/packed.h"

static struct {
    struct owner owner; /* MetaCall's only thread */
    struct libmetacall api;
    void *function;   /* cuvee_metacall */
    bool has_program; /* it has got its first request; the owner's thread */
    struct bell bell;
    char bell_text[16];
    _Atomic uint64_t n_requests;
} the = {.owner = CUVEE__OWNER};

/* All that MetaCall sees; the rest comes as the first request. */
static const char program[] = "serve = None\n"
                              "def cuvee_metacall(request):\n"
                              "    global serve\n"
                              "    if serve is None:\n"
                              "        space = {}\n"
                              "        exec(compile(request, '<cuvee>', 'exec'), space)\n"
                              "        serve = space['serve']\n"
                              "        return b'ok'\n"
                              "    return serve(request)\n";

/* ---- on the owner's thread ---- */

static int exchange_bytes(struct span request, struct buffer *reply)
{
    const struct libmetacall *m = &the.api;
    void *argument = m->metacall_value_create_buffer(request.ptr, request.len);
    if (!argument) return CUVEE_E_NOMEM;
    void *arguments[] = {argument};
    void *value = m->metacallfv_s(the.function, arguments, 1);
    int rc = CUVEE_E_IO;
    if (value && m->metacall_value_id(value) == METACALL_BUFFER)
        rc = cuvee__buffer_append(reply, m->metacall_value_to_buffer(value),
                                  m->metacall_value_size(value));
    if (value) m->metacall_value_destroy(value);
    m->metacall_value_destroy(argument);
    return rc;
}

/* contract.py, packed.py and metacall.py */
static int load_program(cuvee_error *err)
{
    const struct span parts[] = {{cuvee__python_contract, cuvee__python_contract_len},
                                 {cuvee__python_packed, cuvee__python_packed_len},
                                 {cuvee__python_metacall, cuvee__python_metacall_len}};
    struct buffer text = {0}, reply = {0};
    int rc = CUVEE_OK;
    for (size_t i = 0; i < 3 && rc == CUVEE_OK; i++)
        rc = cuvee__buffer_append(&text, parts[i].ptr, parts[i].len);
    /* Its few bytes: once Python has the program, nothing must fail that is tried again. */
    if (rc == CUVEE_OK) rc = cuvee__buffer_reserve(&reply, 64);
    if (rc == CUVEE_OK) rc = exchange_bytes(buffer_span(&text), &reply);
    if (rc == CUVEE_E_NOMEM)
        cuvee__fail(err, rc, "out of memory for MetaCall");
    else if (rc < 0)
        cuvee__fail(err, rc, "Python in MetaCall cannot run the script contract");
    cuvee__buffer_deinit(&text);
    cuvee__buffer_deinit(&reply);
    return rc;
}

static int start_metacall(void *arg, cuvee_error *err)
{
    (void)arg;
    char path[1024];
    void *handle = NULL;
    if (cuvee__libpython_is_running())
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "this process runs Python already, which MetaCall would start again");
    int rc = cuvee__libmetacall_load(&the.api, path, sizeof path, err);
    if (rc < 0) return rc;
    the.api.metacall_log_null(); /* it logs to standard output */
    if (the.api.metacall_initialize() != 0)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s does not start: is its installation complete? LOADER_LIBRARY_PATH "
                           "and CONFIGURATION_PATH tell it where its parts are",
                           path);
    if (the.api.metacall_load_from_memory("py", program, sizeof program, &handle) != 0)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED,
                           "%s cannot run Python: its py_loader is needed", path);
    the.function = the.api.metacall_handle_function(handle, "cuvee_metacall");
    if (!the.function)
        return cuvee__fail(err, CUVEE_E_UNSUPPORTED, "%s does not find a function that it loaded",
                           path);
    if ((rc = cuvee__bell_open(&the.bell, err)) < 0) return rc;
    snprintf(the.bell_text, sizeof the.bell_text, "%d", the.bell.from);
    return CUVEE_OK;
}

struct program_job {
    int rc;
    cuvee_error *err;
};

/* No part of the start, which has no second try: this one may find no memory. */
static void load_program_once(void *arg)
{
    struct program_job *job = arg;
    job->rc = the.has_program ? CUVEE_OK : load_program(job->err);
    the.has_program = job->rc == CUVEE_OK;
}

int cuvee__metacall_start(cuvee_error *err)
{
    struct program_job job = {.err = err};
    const int rc = cuvee__owner_start(&the.owner, start_metacall, NULL, err);
    if (rc < 0) return rc;
    cuvee__owner_run(&the.owner, &(struct owner_job){.run = load_program_once, .arg = &job});
    return job.rc;
}

const char *cuvee__metacall_bell(void)
{
    return the.bell_text;
}

static void exchange_on_owner(void *arg)
{
    struct metacall_exchange *x = arg;
    if (x->cancelled && atomic_load(x->cancelled))
        x->rc = CUVEE_E_CANCELLED;
    else
        x->rc = exchange_bytes(buffer_span(&x->request), &x->reply);
}

/* ---- on the caller's ---- */

static void ring(void *arg)
{
    struct metacall_exchange *x = arg;
    x->was_late = true;
    cuvee__bell_ring(&the.bell, x->number);
}

/* HEADER of packed.py, and the texts. */
static int put_request(struct metacall_exchange *x)
{
    const uint64_t header[] = {x->kind, x->script, x->n_texts, x->number};
    size_t size;
    if (cuvee__packed_size(x->texts, x->n_texts, &size) < 0 ||
        !cuvee__add(size, sizeof header, &size))
        return CUVEE_E_LIMIT;
    x->request.len = 0;
    const int rc = cuvee__buffer_reserve(&x->request, size);
    if (rc < 0) return rc;
    memcpy(x->request.ptr, header, sizeof header);
    cuvee__packed_write(x->request.ptr + sizeof header, x->texts, x->n_texts);
    x->request.len = size;
    return CUVEE_OK;
}

int cuvee__metacall_ask(struct metacall_exchange *x)
{
    x->number = atomic_fetch_add(&the.n_requests, 1) + 1;
    x->was_late = false;
    x->reply.len = 0;
    x->body = (struct span){NULL, 0};
    const int rc = put_request(x);
    if (rc < 0) return rc;
    cuvee__owner_run(&the.owner, &(struct owner_job){.run = exchange_on_owner,
                                                     .arg = x,
                                                     .timeout_ns = x->timeout_ns,
                                                     .late = ring});
    uint64_t said;
    if (x->rc < 0) return x->rc;
    if (x->reply.len < sizeof said) return CUVEE_E_IO;
    memcpy(&said, x->reply.ptr, sizeof said);
    x->said = (enum metacall_reply)said;
    x->body = (struct span){x->reply.ptr + sizeof said, x->reply.len - sizeof said};
    return CUVEE_OK;
}

void cuvee__metacall_hurry(struct metacall_exchange *x)
{
    cuvee__owner_hurry(&the.owner, x);
}
