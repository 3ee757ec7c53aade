/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUVEE_OS_MEMORY_H
#define CUVEE_OS_MEMORY_H

#include <stdint.h>

/* Proportional set size of this process in bytes (Pss of /proc/self/smaps_rollup): private pages
 * whole, shared pages divided by the number of processes that map them. 0 when the kernel does not
 * tell. */
uint64_t cuvee__memory_pss(void);

#endif
