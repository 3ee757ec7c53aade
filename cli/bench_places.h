/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the parts of an experiment are: what came with cuvee, and the Python that was set up. */
#ifndef CUVEE_CLI_BENCH_PLACES_H
#define CUVEE_CLI_BENCH_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "cuvee/cuvee.h"

enum { BENCH_PATH_ROOM = 4400 };

struct bench_places {
    char cuvee[BENCH_PATH_ROOM];   /* this program */
    char library[BENCH_PATH_ROOM]; /* libcuvee.so; "": there is none */
    char arms[BENCH_PATH_ROOM];
    char venv[BENCH_PATH_ROOM];   /* where `cuvee bench setup` puts it, there or not */
    char python[BENCH_PATH_ROOM]; /* of the venv, else python3 */
};

/* python NULL: as said above. What came with cuvee and is not there is named all the same: a plan
 * of one's own may do without. Returns CUVEE_OK, CUVEE_E_IO. */
int cli__bench_places_find(const char *python, struct bench_places *ret, cuvee_error *err);

/* A file that came with cuvee: in the source tree, beside the program, or installed.
 *   in_source, installed  below bench/ or the root of sources, and below the data directory
 * False: it is in none of them. */
bool cli__bench_find_data(const char *in_source, const char *installed, char *path, size_t room);

/* A path that begins with "~/", as results that were shared have it, into room; another as it is.
 * Returns the one or the other. */
const char *cli__bench_expand(const char *path, char *expanded, size_t room);

/* The path from the current directory on, when that is above: results that are shown to others need
 * not say where on a machine they were made. Else path itself. */
const char *cli__bench_shorten(const char *path);

#endif
