/* SPDX-License-Identifier: Apache-2.0
 *
 * What runs a script: embed (CPython in this process), process (a worker process for each caller),
 * metacall (through libmetacall). script.c chooses one and puts it behind model/external.h.
 *
 * Every host loads the same text, contract.py, which loads the script, calls it and brings its
 * results into one shape; so the hosts give the same bytes. */
#ifndef CUVEE_PYTHON_HOST_H
#define CUVEE_PYTHON_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuvee/cuvee.h"
#include "model/external.h"
#include "python/interpreter.h"
#include "python/labels.h"

/* How a script is to be run; complete, no zero that stands for a default. Strings stay as long as
 * the host. */
struct host_setup {
    const char *script;      /* path */
    const char *const *args; /* (n_args) what sys.argv has after it */
    size_t n_args;
    const struct interpreter *python;
    struct script_labels *labels; /* names to indexes; any thread */
    size_t threads_each;          /* for OMP_NUM_THREADS of a worker process; 0: as it is */
    /* process: a worker is replaced after so many calls, or when it holds so much memory after a
     * call; 0: never. */
    uint64_t recycle_calls, recycle_bytes;
};

/* What the script says of itself. */
struct script_facts {
    size_t max_batch, max_concurrency; /* 0: it says nothing */
    size_t n_labels;                   /* of LABELS, which are then the first of setup->labels */
    char *info;                        /* get_model_info() as JSON; NULL: none. cuvee__free() */
};

struct host {
    const struct host_ops *ops;
};

struct host_ops {
    const char *name;   /* "embed", "process", "metacall" */
    size_t max_callers; /* it has use for so many at most; 0: any number */
    /* Start Python if need be and load the script. A script that does not load is
     * CUVEE_E_SCRIPT with its traceback in err->msg as far as it fits.
     * Other codes: CUVEE_E_UNSUPPORTED (this host cannot run here: says why), CUVEE_E_IO,
     * CUVEE_E_NOMEM. */
    int (*open)(const struct host_setup *setup, struct script_facts *ret_facts,
                struct host **ret_host, cuvee_error *err);
    void (*close)(struct host *host); /* the script's close() runs, under a time limit */

    /* As in model/external.h. The first caller runs the script's warmup(). */
    int (*open_caller)(struct host *host, void **ret_caller, cuvee_error *err);
    void (*call)(void *caller, const cuvee_text *texts, size_t n, uint64_t timeout_ns,
                 struct external_rows *rows);
    void (*close_caller)(void *caller);
    void (*interrupt)(struct host *host);
};

extern const struct host_ops cuvee__host_embed, cuvee__host_process, cuvee__host_metacall;

/* The Python files of this folder, NUL-terminated; made by CMake. */
extern const char cuvee__python_contract[], cuvee__python_packed[], cuvee__python_worker[],
    cuvee__python_metacall[];
extern const size_t cuvee__python_contract_len, cuvee__python_packed_len, cuvee__python_worker_len,
    cuvee__python_metacall_len;

#endif
