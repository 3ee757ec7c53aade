/* SPDX-License-Identifier: Apache-2.0
 *
 * The one CPython in this process, and what the embedded host's files share. */
#ifndef CUVEE_PYTHON_EMBEDDED_H
#define CUVEE_PYTHON_EMBEDDED_H

#include "base/bytes.h"
#include "python/host.h"
#include "python/libpython.h"

/* Start Python if it does not run yet; a process runs one for good. contract.py is then loaded.
 * Returns CUVEE_OK; CUVEE_E_UNSUPPORTED (also: another Python runs already), CUVEE_E_IO,
 * CUVEE_E_NOMEM. Threads: any. */
int cuvee__embedded_start(const struct interpreter *python, cuvee_error *err);

/* The rest is for after a good start; the GIL is held where objects are touched. */

const struct libpython *cuvee__embedded_api(void);

/* A member of contract.py, borrowed; NULL, and no exception is set: no memory to look for it. */
py_object *cuvee__embedded_contract(const char *name);

/* Call a function of contract.py that takes nothing. False: it raised, or there was no memory for
 * that; no exception is set. */
bool cuvee__embedded_call_contract(const char *name);

/* Run function(arg) on Python's main thread, with the GIL, and wait: scripts are loaded there,
 * because packages that care which thread is the main one look when they are imported. */
void cuvee__embedded_run_on_main(void (*function)(void *arg), void *arg);

/* What stands after the line "Type: message": its place in the script, for an error message of one
 * line; or the traceback, below it. */
enum error_detail { ERROR_PLACE, ERROR_TRACEBACK };

/* The exception that is set, cleared, as text: appended to out, all of it or nothing.
 * Returns CUVEE_OK; CUVEE_E_NOMEM, CUVEE_E_LIMIT (of the buffer's own). */
int cuvee__embedded_take_error(enum error_detail detail, struct buffer *out);

/* A script may fork. The child has a copy of this thread and of no other one, so when it comes out
 * of the script's code there is nothing to go on with: it ends here, as a Python program would,
 * with the exception that is set if there is one. pid: what cuvee__process_id() was before. */
void cuvee__embedded_end_if_forked(long pid);

#endif
