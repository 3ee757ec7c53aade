/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_OS_CLOCK_H
#define CUVEE_OS_CLOCK_H

#include <stdint.h>

#define CUVEE__NS_PER_MS UINT64_C(1000000)

/* Nanoseconds on the monotonic clock. */
uint64_t cuvee__clock_ns(void);

/* Sleep until the clock shows deadline_ns. */
void cuvee__clock_sleep_until(uint64_t deadline_ns);

#endif
