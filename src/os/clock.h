/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_OS_CLOCK_H
#define CUVEE_OS_CLOCK_H

#include <stdint.h>

/* Nanoseconds on the monotonic clock. */
uint64_t cuvee__clock_ns(void);

#endif
