/* SPDX-License-Identifier: Apache-2.0
 *
 * English texts that int8 weights are rounded by when the caller gives none. */
#ifndef CUVEE_MODEL_CALIBRATION_TEXTS_H
#define CUVEE_MODEL_CALIBRATION_TEXTS_H

#include <stddef.h>

extern const char *const cuvee__calibration_texts[];
extern const size_t cuvee__n_calibration_texts;

#endif
