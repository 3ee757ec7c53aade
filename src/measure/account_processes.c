/* SPDX-License-Identifier: Apache-2.0
 *
 * Who there is: processes that are born, have another name and are gone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "measure/account_parts.h"
#include "measure/record.h"

enum { FIRST_ITEMS = 64 };

void *cuvee__account_grow(void *items, size_t n, size_t *room, size_t item_bytes)
{
    if (n < *room) return items;
    const size_t wanted = cuvee__max(FIRST_ITEMS, 2 * *room);
    void *grown = cuvee__realloc_array(items, wanted, item_bytes);
    if (grown) *room = wanted;
    return grown;
}

struct account_process *cuvee__account_find(struct account *a, int pid)
{
    for (size_t i = a->n_live; i > 0; i--) {
        struct account_process *p = &a->processes[a->live[i - 1]];
        if (p->pid == pid) return p;
    }
    return NULL;
}

/* Of the processes that are gone the smaller half is left out. Their sums stay. */
static int forget_processes(struct account *a)
{
    uint64_t *peaks = cuvee__alloc_array(a->n_processes, sizeof *peaks);
    size_t n_gone = 0, kept = 0;
    if (!peaks) return CUVEE_E_NOMEM;
    for (size_t i = 0; i < a->n_processes; i++)
        if (!a->processes[i].is_here) peaks[n_gone++] = a->processes[i].peak_rss;
    qsort(peaks, n_gone, sizeof *peaks, cuvee__account_compare);
    for (size_t i = 0; i < a->n_processes; i++) {
        const struct account_process *p = &a->processes[i];
        if (p->is_here || p->peak_rss > peaks[n_gone / 2]) {
            a->processes[kept++] = *p;
        } else {
            a->naive_sum_of_peaks += p->peak_rss;
            a->wait_us += p->wait_us;
        }
    }
    a->n_processes = kept;
    a->n_live = 0;
    for (size_t i = 0; i < kept; i++)
        if (a->processes[i].is_here) a->live[a->n_live++] = i;
    cuvee__free(peaks);
    return CUVEE_OK;
}

int cuvee__account_born(struct account *a, const char *line)
{
    struct account_process p = {.is_here = true};
    if (sscanf(line, "B %" SCNu64 " %d %" SCNu64 " %d %15s", &p.born_us, &p.pid, &p.start, &p.ppid,
               p.comm) != 5)
        return CUVEE_OK;
    if (a->n_processes >= CUVEE__ACCOUNT_PROCESSES && forget_processes(a) < 0) return CUVEE_E_NOMEM;
    p.serial = a->n_born++;
    p.was_here_first = a->is_attached && p.born_us == 0;
    a->n_here_first += p.was_here_first;
    struct account_process *items =
        cuvee__account_grow(a->processes, a->n_processes, &a->room_processes, sizeof p);
    if (!items) return CUVEE_E_NOMEM;
    a->processes = items;
    size_t *live = cuvee__account_grow(a->live, a->n_live, &a->room_live, sizeof *live);
    if (!live) return CUVEE_E_NOMEM;
    a->live = live;
    live[a->n_live++] = a->n_processes;
    items[a->n_processes++] = p;
    a->max_live = cuvee__max(a->max_live, a->n_live);
    return CUVEE_OK;
}

void cuvee__account_renamed(struct account *a, const char *line)
{
    uint64_t t;
    int pid;
    char comm[16];
    if (sscanf(line, "C %" SCNu64 " %d %15s", &t, &pid, comm) != 3) return;
    struct account_process *p = cuvee__account_find(a, pid);
    if (!p) return;
    memcpy(p->comm, comm, sizeof comm);
    p->n_execs++;
}

void cuvee__account_gone(struct account *a, const char *line)
{
    uint64_t t;
    int pid;
    if (sscanf(line, "G %" SCNu64 " %d", &t, &pid) != 2) return;
    struct account_process *p = cuvee__account_find(a, pid);
    if (!p) return;
    p->is_here = false;
    p->gone_us = t;
    a->unwaited += p->faults + p->waited_faults;
    enum { TABLES_KB = 256 };
    a->released +=
        cuvee__max(p->rss, p->rss_most) + p->threads * CUVEE__KERNEL_STACK_KB + TABLES_KB;
    a->exited_cpu_us += over(p->cpu_us, p->base_cpu_us);
    const size_t at = (size_t)(p - a->processes);
    for (size_t i = 0; i < a->n_live; i++)
        if (a->live[i] == at) a->live[i--] = a->live[--a->n_live];
}
