/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include "console.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/proc_files.h"

#define TICK_NS UINT64_C(100000000)

static void sample_memory(struct monitor *m)
{
    /* Worker processes of a script are a part of what the run costs. */
    const uint64_t others = cuvee__proc_descendants_pss((int)cuvee__process_id()) * 1024;
    const uint64_t pss = cuvee__memory_pss() + others;
    if (pss > m->peak_pss_bytes) m->peak_pss_bytes = pss;
}

static void *monitor_main(void *arg)
{
    struct monitor *m = arg;
    cuvee__mutex_lock(&m->mutex);
    while (!m->stopping) {
        const bool shows = m->shows_progress;
        cuvee__mutex_unlock(&m->mutex);
        const uint64_t now = cuvee__clock_ns();
        if (shows) cli__progress_show(&m->progress, now);
        cuvee__mutex_lock(&m->mutex);
        sample_memory(m);
        if (!m->stopping) cuvee__cond_wait_until(&m->stop_asked, &m->mutex, now + TICK_NS);
    }
    cuvee__mutex_unlock(&m->mutex);
    return NULL;
}

int cli__monitor_open(struct monitor *m, cuvee_error *err)
{
    int rc;
    *m = (struct monitor){0};
    if ((rc = cuvee__mutex_init(&m->mutex, err)) < 0) return rc;
    if ((rc = cuvee__cond_init(&m->stop_asked, err)) < 0) goto fail_mutex;
    if ((rc = cuvee__thread_start(&m->thread, "cuvee-monitor", monitor_main, m, err)) < 0)
        goto fail_cond;
    return CUVEE_OK;
fail_cond:
    cuvee__cond_deinit(&m->stop_asked);
fail_mutex:
    cuvee__mutex_deinit(&m->mutex);
    return rc;
}

void cli__monitor_show(struct monitor *m, const struct progress *progress)
{
    cuvee__mutex_lock(&m->mutex);
    m->progress = *progress;
    m->shows_progress = true;
    cuvee__mutex_unlock(&m->mutex);
}

uint64_t cli__monitor_peak(struct monitor *m)
{
    cuvee__mutex_lock(&m->mutex);
    sample_memory(m);
    const uint64_t peak = m->peak_pss_bytes;
    cuvee__mutex_unlock(&m->mutex);
    return peak;
}

void cli__monitor_close(struct monitor *m)
{
    cuvee__mutex_lock(&m->mutex);
    m->stopping = true;
    cuvee__cond_signal(&m->stop_asked);
    cuvee__mutex_unlock(&m->mutex);
    cuvee__thread_join(&m->thread);
    cuvee__cond_deinit(&m->stop_asked);
    cuvee__mutex_deinit(&m->mutex);
    cli__console_bar("");
}
