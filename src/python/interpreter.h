/* SPDX-License-Identifier: Apache-2.0
 *
 * Which Python: found by asking the interpreter, not by guessing. */
#ifndef CUVEE_PYTHON_INTERPRETER_H
#define CUVEE_PYTHON_INTERPRETER_H

#include <stdbool.h>

#include "cuvee/cuvee.h"

struct interpreter {
    char *executable; /* sys.executable: the interpreter itself, or that of the venv */
    char *prefix;     /* sys.prefix: the venv, if any */
    char *library;    /* libpython, shared; NULL: this Python has none on this machine */
    char *version;    /* "3.11.2" */
    int major, minor;
    bool is_free_threaded;
};

/* Ask a Python about itself.
 *   wanted  an interpreter (path, or a name on PATH) or the directory of a venv; NULL: that of
 *           VIRTUAL_ENV, else python3.
 * Returns CUVEE_OK; CUVEE_E_IO (there is none, it does not start), CUVEE_E_UNSUPPORTED (older than
 * 3.8, or no CPython), CUVEE_E_NOMEM. Blocks for as long as a Python takes to start. */
int cuvee__interpreter_find(const char *wanted, struct interpreter *ret, cuvee_error *err);
void cuvee__interpreter_deinit(struct interpreter *python);

/* Why it cannot be embedded, a sentence; NULL: it can. */
const char *cuvee__interpreter_no_embed(const struct interpreter *python);

#endif
