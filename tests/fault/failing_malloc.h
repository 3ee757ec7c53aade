/* SPDX-License-Identifier: Apache-2.0
 *
 * A heap that fails on demand. failing_malloc.c takes the place of malloc and its kin for the whole
 * process, libc and jansson included: linked into a test, or preloaded into a program
 * (failing_malloc.so), which the environment then controls:
 *
 *     FAULT_AT=N        fail the N-th allocation of the process, from 1 on
 *     FAULT_AFTER=1     and all later ones
 *     FAULT_FD=N        write a byte to this descriptor when the first one fails */
#ifndef CUVEE_TESTS_FAILING_MALLOC_H
#define CUVEE_TESTS_FAILING_MALLOC_H

#include <stdbool.h>
#include <stdint.h>

/* Fail the n-th allocation from now on, of any thread, and all later ones if so asked. */
void fault_arm(uint64_t n, bool and_later);

/* From now on only the thread that arms meets failures. For sanitizers, whose runtime allocates
 * through malloc when a thread starts and dies of a failure. */
void fault_spare_other_threads(void);

/* From now on only what is asked for by the program or library that this function is part of fails;
 * called several times, by any of them. For a process in which others allocate too, who end it when
 * they get none, such as a Python. Call it before fault_arm(), from one thread. */
void fault_only_from(void (*function)(void));
bool fault_spares_others(void); /* it was called */

/* Allocations succeed again. Returns whether one failed since fault_arm(). */
bool fault_disarm(void);

/* Blocks that are allocated and not yet freed. */
int64_t fault_live_blocks(void);

#endif
