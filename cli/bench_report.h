/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of an experiment: files in its directory, a table on the terminal, and `cuvee bench
 * report`, which makes both anew. */
#ifndef CUVEE_CLI_BENCH_REPORT_H
#define CUVEE_CLI_BENCH_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "cuvee/cuvee.h"

/* Write results.json, report.html, report.md, the plots and answers/ in the shapes of the story's
 * programs into dir.
 *   is_shared  dir is for others: without the texts that were answered and, in these files and in
 *              those of the runs, without the home directory (bench/share.h)
 * Returns CUVEE_OK, CUVEE_E_IO, CUVEE_E_NOMEM; as bench/share.h. */
int cli__bench_report_write(const json_t *results, const char *dir, bool is_shared,
                            cuvee_error *err);

/* The table, on standard error as all talk; nothing when out of memory. */
void cli__bench_report_show(const json_t *results);

/* cuvee bench report DIR. argv[0] is its name. Returns an exit code. */
int cli__bench_report(int argc, char **argv);

#endif
