/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sched_setaffinity */
#include "os/cpu_list.h"

#include <sched.h>
#include <stdlib.h>

static bool parse_number(const char **text, unsigned long *ret)
{
    char *end;
    if (**text < '0' || **text > '9') return false; /* strtoul() would take a sign */
    *ret = strtoul(*text, &end, 10);
    *text = end;
    return *ret < CUVEE__CPU_LIST_MAX;
}

bool cuvee__cpu_list_parse(const char *text, struct cpu_list *ret)
{
    *ret = (struct cpu_list){{0}};
    for (;; text++) {
        unsigned long first, last;
        if (!parse_number(&text, &first)) return false;
        last = first;
        if (*text == '-') {
            text++;
            if (!parse_number(&text, &last) || last < first) return false;
        }
        for (unsigned long i = first; i <= last; i++) ret->bits[i / 64] |= UINT64_C(1) << i % 64;
        if (*text != ',') return *text == '\0';
    }
}

static void to_set(const struct cpu_list *list, cpu_set_t *ret)
{
    CPU_ZERO(ret);
    for (unsigned i = 0; i < CPU_SETSIZE; i++)
        if (cpu_list_has(list, i)) CPU_SET(i, ret);
}

bool cuvee__cpu_list_apply(const struct cpu_list *list)
{
    cpu_set_t set;
    to_set(list, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

void cuvee__cpu_list_own(struct cpu_list *ret)
{
    cpu_set_t own;
    const bool is_known = sched_getaffinity(0, sizeof own, &own) == 0;
    *ret = (struct cpu_list){{0}};
    for (unsigned i = 0; i < CPU_SETSIZE; i++)
        if (!is_known || CPU_ISSET(i, &own)) ret->bits[i / 64] |= UINT64_C(1) << i % 64;
}

bool cuvee__cpu_list_is_allowed(const struct cpu_list *list)
{
    cpu_set_t wanted, own;
    to_set(list, &wanted);
    if (sched_getaffinity(0, sizeof own, &own) < 0) return true; /* more than a set has: try */
    CPU_AND(&wanted, &wanted, &own);
    return CPU_COUNT(&wanted) > 0;
}
