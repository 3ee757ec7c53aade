/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of processors as the kernel and taskset write them: "0,2-5". Allocates nothing: it is part
 * of cuvee-meter, too. */
#ifndef CUVEE_OS_CPU_LIST_H
#define CUVEE_OS_CPU_LIST_H

#include <stdbool.h>
#include <stdint.h>

#define CUVEE__CPU_LIST_MAX 8192 /* processors: as many as Linux knows */

struct cpu_list {
    uint64_t bits[CUVEE__CPU_LIST_MAX / 64];
};

/* False: no list, or a number past the last processor. */
bool cuvee__cpu_list_parse(const char *text, struct cpu_list *ret);

static inline bool cpu_list_has(const struct cpu_list *list, unsigned cpu)
{
    return list->bits[cpu / 64] >> cpu % 64 & 1;
}

/* Keep the calling thread on these, as far as it may use them. False, with errno, when it may use
 * none. */
bool cuvee__cpu_list_apply(const struct cpu_list *list);

/* Those that the calling thread may use. */
void cuvee__cpu_list_own(struct cpu_list *ret);

/* The calling thread may use at least one of them. */
bool cuvee__cpu_list_is_allowed(const struct cpu_list *list);

#endif
