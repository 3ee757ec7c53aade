/* SPDX-License-Identifier: Apache-2.0
 *
 * One worker process: started, asked, read, ended. What to do when it dies is process.c's. */
#ifndef CUVEE_PYTHON_WORKER_PROCESS_H
#define CUVEE_PYTHON_WORKER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "os/child.h"
#include "os/shared_area.h"
#include "python/host.h"

struct worker_process {
    struct child child;
    struct shared_area area;
    uint64_t n_calls;
};

#define CUVEE__NO_WORKER_PROCESS                                                                   \
    {                                                                                              \
        .area = CUVEE__NO_SHARED_AREA                                                              \
    }

/* Start it; the script is then being loaded.
 * Returns CUVEE_OK, CUVEE_E_IO (it does not start), CUVEE_E_NOMEM. Afterwards end() or kill() is
 * due in any case. */
int cuvee__worker_process_start(struct worker_process *w, const struct host_setup *setup,
                                cuvee_error *err);

/* Wait until the script is loaded and warm. ret_facts may be NULL. A process that died is not yet
 * waited for: end() or kill() tells how.
 * Returns CUVEE_OK; CUVEE_E_SCRIPT (the script does not load), CUVEE_E_IO (the process died),
 * CUVEE_E_FORMAT (it wrote nonsense), CUVEE_E_LIMIT (too many LABELS), CUVEE_E_NOMEM. */
int cuvee__worker_process_await(struct worker_process *w, const struct host_setup *setup,
                                struct script_facts *ret_facts, cuvee_error *err);

/* Let it call the script's close(), for a few seconds; then it is killed.
 * ret_status as in child.h; may be NULL. */
void cuvee__worker_process_end(struct worker_process *w, int *ret_status);
/* Kill it at once. */
void cuvee__worker_process_kill(struct worker_process *w, int *ret_status);

enum worker_answer {
    WORKER_DONE, /* the rows are written */
    WORKER_DIED,
    WORKER_LATE,
    WORKER_NO_MEMORY, /* of ours: it waits for the next call */
    WORKER_NOT_ASKED, /* more bytes than a call may have: so does it */
};

/* One call; rows first .. first + n - 1 of `rows` are for the n texts. */
enum worker_answer cuvee__worker_process_call(struct worker_process *w,
                                              struct script_labels *labels, const cuvee_text *texts,
                                              size_t n, uint64_t timeout_ns,
                                              struct external_rows *rows, size_t first);

#endif
