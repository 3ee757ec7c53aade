/* SPDX-License-Identifier: Apache-2.0
 *
 * --exact: ptrace. Threads of the tree stop as they fork, exec and end, and nowhere else; so every
 * process is seen, however short it lives, and is read once more as it ends, while its memory is
 * still there. Signals are passed on, a stopped process stays stopped. When we end, all go on.
 *   What ptrace costs: the tree cannot trace itself, and a program that is set-user-id runs without
 * its privileges, unless we are root. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/meter/meter.h"

bool meter_trace_seize(struct meter *m, int pid)
{
    const uintptr_t options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                              PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
    if (ptrace(PTRACE_SEIZE, pid, NULL, options) == 0) {
        meter_say(m, "U trace 1 ptrace\n");
        m->n_processes++; /* it has no first stop */
        return true;
    }
    meter_say(m, "U trace 0 ptrace is not allowed here: %s\n", strerror(errno));
    return false;
}

/* Of its process, the thread that gives it the number. */
static bool is_main_thread(int tid)
{
    return syscall(SYS_tgkill, tid, tid, 0) == 0;
}

/* The first stop of a new one. A look may have found the process before it reports. */
static void born(struct meter *m, int tid)
{
    if (!is_main_thread(tid)) return;
    meter_add(m, tid);
    struct process *p = meter_find(m, tid);
    if (tid == m->leader || (p && p->is_traced)) return;
    m->n_processes++;
    if (p) p->is_traced = true;
}

static void executed(struct meter *m, int tid)
{
    struct process *p = meter_find(m, tid);
    struct proc_stat stat;
    m->n_execs++;
    if (!p || !cuvee__proc_stat_read(tid, &stat)) return;
    memcpy(p->comm, stat.comm, sizeof p->comm);
    meter_say(m, "C %llu %d %s\n", (unsigned long long)meter_now_us(m), tid,
              p->comm[0] ? p->comm : "?");
}

/* It stands at the door: everything can still be read. */
static void ending(struct meter *m, int tid)
{
    struct proc_stat stat;
    uint64_t run = 0, wait = 0;
    cuvee__proc_schedstat_read(tid, &run, &wait);
    if (!is_main_thread(tid)) {
        m->thread_cpu_ns += run;
        m->thread_wait_ns += wait;
        return;
    }
    m->n_exits++;
    struct process *p = meter_find(m, tid);
    if (!p || !cuvee__proc_stat_read(tid, &stat)) return;
    p->ppid = stat.ppid;
    if (tid == m->leader || stat.ppid == getpid()) meter_say_io(m, tid);
    meter_say(m, "D %llu %d %llu %llu %llu %llu %llu\n", (unsigned long long)meter_now_us(m), tid,
              (unsigned long long)cuvee__proc_high_water(tid), (unsigned long long)(run / 1000),
              (unsigned long long)(wait / 1000), (unsigned long long)stat.minor_faults,
              (unsigned long long)stat.major_faults);
}

static bool stops_group(int signal)
{
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

void meter_trace_stopped(struct meter *m, int tid, int status)
{
    const int signal = WSTOPSIG(status), event = status >> 16;
    switch (event) {
    case 0: /* a signal on its way: delivered */
        ptrace(PTRACE_CONT, tid, NULL, (uintptr_t)signal);
        return;
    case PTRACE_EVENT_STOP:
        if (stops_group(signal)) {
            ptrace(PTRACE_LISTEN, tid, NULL, NULL);
            return;
        }
        born(m, tid);
        break;
    case PTRACE_EVENT_EXEC:
        executed(m, tid);
        break;
    case PTRACE_EVENT_EXIT:
        ending(m, tid);
        break;
    default: /* a fork: the child reports by itself */
        break;
    }
    ptrace(PTRACE_CONT, tid, NULL, NULL);
}
