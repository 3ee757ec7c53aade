/* SPDX-License-Identifier: Apache-2.0
 *
 * The one MetaCall in this process: started once, on a thread of its own that alone calls it, and
 * never destroyed. Bytes go in, bytes come out; metacall.py has the other side. */
#ifndef CUVEE_PYTHON_METACALL_RUNTIME_H
#define CUVEE_PYTHON_METACALL_RUNTIME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "python/interpreter.h"

/* Start MetaCall with its Python, if it does not run yet.
 * Returns CUVEE_OK; CUVEE_E_UNSUPPORTED (no MetaCall, or one that does not start), CUVEE_E_IO,
 * CUVEE_E_NOMEM. Threads: any. */
int cuvee__metacall_start(cuvee_error *err);

enum metacall_kind { METACALL_OPEN = 1, METACALL_WARM_UP, METACALL_CALL, METACALL_CLOSE };

enum metacall_reply {
    METACALL_READY = 1,
    METACALL_FAILED,
    METACALL_DONE,
    METACALL_RAISED,
    METACALL_OTHER_PYTHON
};

/* One request and its reply. */
struct metacall_exchange {
    enum metacall_kind kind;
    uint64_t script;
    const cuvee_text *texts; /* (n_texts) */
    size_t n_texts;
    uint64_t timeout_ns; /* 0: none. TimeoutError is then raised, until the request ends */
    const _Atomic bool *cancelled; /* looked at when its turn comes; NULL: never */

    struct buffer request, reply; /* kept from request to request; deinit both in the end */
    enum metacall_reply said;     /* and the rest of the reply: */
    struct span body;
    bool was_late;   /* TimeoutError was raised */
    uint64_t number; /* of the request */
    int rc;
};

/* Ask and wait. Returns CUVEE_OK; CUVEE_E_NOMEM, CUVEE_E_LIMIT, CUVEE_E_CANCELLED (was not asked),
 * CUVEE_E_IO (MetaCall gave no reply). */
int cuvee__metacall_ask(struct metacall_exchange *x);

/* Raise TimeoutError in this exchange, if it is under way. Any thread. */
void cuvee__metacall_hurry(struct metacall_exchange *x);

/* What Python needs for that, as a number in text; for METACALL_OPEN. */
const char *cuvee__metacall_bell(void);

#endif
