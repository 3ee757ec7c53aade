/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts that stand for those to come: int8 weights are fitted to them, and a packed model is
 * measured on them against its own f32. */
#ifndef CUVEE_CLI_CALIBRATION_H
#define CUVEE_CLI_CALIBRATION_H

#include <stddef.h>

#include "cuvee/cuvee.h"
#include "table/reader.h"

/* Start with {0}. */
struct calibration {
    struct row_block block; /* owns the bytes */
    cuvee_text *texts;      /* (n) rows without a text are left out */
    size_t n;
};

/* Read the first max_rows rows. A file without any text is CUVEE_E_FORMAT; else as
 * cuvee__reader_open(). */
int cli__calibration_read(struct calibration *c, const char *path,
                          const struct reader_options *options, size_t max_rows,
                          cuvee_error *err);
void cli__calibration_deinit(struct calibration *c);

/* Classify the texts with the model directory in f32 and with the packed file, and tell on stderr
 * how many labels differ and by how much scores do.
 * Returns CUVEE_OK or what opening, classifying or a single text failed with. */
int cli__calibration_compare(const struct calibration *c, const char *model, const char *packed,
                             cuvee_error *err);

#endif
