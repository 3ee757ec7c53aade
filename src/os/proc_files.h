/* SPDX-License-Identifier: Apache-2.0
 *
 * What /proc says of a process. Nothing is allocated: the meter's sampler uses these while the
 * program that it measures runs. A process that is gone, or hidden, is `false`. */
#ifndef CUVEE_OS_PROC_FILES_H
#define CUVEE_OS_PROC_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/cpu_list.h"

enum { CUVEE__COMM_BYTES = 16 };

/* /proc/PID/stat. Who a process is: pid and start, since pids are used again. */
struct proc_stat {
    int pid, ppid;
    char state;
    char comm[CUVEE__COMM_BYTES]; /* any bytes but NUL; spaces and control characters become '?' */
    uint64_t start;               /* clock ticks since boot */
    uint64_t minor_faults, major_faults;
    uint64_t waited_faults; /* of both kinds, of children that it has waited for, and theirs */
    uint64_t user_ticks, system_ticks; /* its own, without children */
    uint64_t threads, resident_pages;
};

/* Parse the text of that file: the name may hold anything, also ") R 1 (". */
bool cuvee__proc_stat_parse(const char *text, size_t len, struct proc_stat *ret);
bool cuvee__proc_stat_read(int pid, struct proc_stat *ret);
/* Opening costs as much as reading: the file once and for all, -1: cannot be opened. What it says
 * later is of the same process, whoever has the pid then; false when that is gone. */
int cuvee__proc_stat_open(int pid);
bool cuvee__proc_stat_read_again(int fd, struct proc_stat *ret);

/* The third field of /proc/PID/statm: resident pages of files and shared memory. 0 when it is
 * gone. */
uint64_t cuvee__proc_shared_pages(int pid);

/* Resident pages of stat and statm come from counters of which each processor, or each thread,
 * keeps a share of its own for a while: by how many pages they may differ from what is there. */
struct proc_rss_lag {
    uint64_t process_pages, thread_pages; /* of each process, and of each of its threads */
    bool is_in_status;                    /* the lines of status lag as well */
};

/* On a kernel of that release (as uname -r, "6.1.0-31-amd64") with so many processors online. */
struct proc_rss_lag cuvee__proc_rss_lag_of(const char *release, uint64_t n_processors);
struct proc_rss_lag cuvee__proc_rss_lag(void);

/* /proc/PID/smaps_rollup and status, in kB. Walks the page tables: 10 us for each MiB. */
struct proc_memory {
    uint64_t rss, pss, pss_anon, pss_file, pss_shmem, private_, swap_pss;
    uint64_t page_tables, high_water;
    uint64_t counted_rss; /* VmRSS; it and rss differ while memory is being given back */
};

bool cuvee__proc_memory_parse(const char *rollup, const char *status, struct proc_memory *ret);
bool cuvee__proc_memory_read(int pid, struct proc_memory *ret);

/* VmHWM of /proc/PID/status in kB: the largest RSS since its last exec. 0 when it cannot be read.
 */
uint64_t cuvee__proc_high_water(int pid);

/* /proc/TID/schedstat of one thread, nanoseconds: on a processor, and waiting for one. */
bool cuvee__proc_schedstat_read(int tid, uint64_t *ret_run_ns, uint64_t *ret_wait_ns);
/* The waiting of all live threads of a process, that has so many, together, microseconds. False: no
 * thread's can be read. */
bool cuvee__proc_run_wait_read(int pid, uint64_t n_threads, uint64_t *ret_us);

/* /proc/PID/io: bytes from and to storage, of the process and of all that it has waited for. A
 * zombie can still be asked. */
bool cuvee__proc_io_read(int pid, uint64_t *ret_read, uint64_t *ret_written);

/* Children of all threads of a process: a thread's own are listed with it. Returns how many were
 * put into pids (room). */
size_t cuvee__proc_children(int pid, int *pids, size_t room);

/* Sum of the PSS of all processes that come from this one, without itself; kB. */
uint64_t cuvee__proc_descendants_pss(int pid);

/* The pid that was given last, of all processes and threads of our pid namespace: while it stays,
 * none was born. fd: of /proc/loadavg, opened. */
bool cuvee__proc_last_pid_read_again(int fd, int *ret);

/* The last pid that there can be, before they begin anew; 0: cannot be read. */
int cuvee__proc_most_pids(void);

/* Every process that can be seen. Returns how many were put into pids. */
size_t cuvee__proc_all(int *pids, size_t room);

/* /proc/stat, microseconds since boot: busy and stolen of all processors together; idle, waiting
 * for storage included, of those in `cpus` (NULL: of all). */
struct proc_cpu_times {
    uint64_t busy_us, steal_us, idle_us;
};
bool cuvee__proc_cpu_times_parse(const char *text, const struct cpu_list *cpus,
                                 struct proc_cpu_times *ret);
bool cuvee__proc_cpu_times_read(const struct cpu_list *cpus, struct proc_cpu_times *ret);

/* The "some" line of a file like /proc/pressure/cpu: microseconds in which something waited. */
bool cuvee__pressure_read(const char *path, uint64_t *ret_us);

#endif
