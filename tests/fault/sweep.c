/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "failing_malloc.h"

uint64_t sweep_step = 1;

bool is_out_of_memory(int rc, const cuvee_error *err)
{
    if (rc == CUVEE_OK) return true;
    if (err->code != rc || !err->msg[0]) return false;
    /* pthread_create() says EAGAIN when it finds no memory. */
    return rc == CUVEE_E_NOMEM || (rc == CUVEE_E_IO && err->os_errno == EAGAIN);
}

/* Where others allocate, too, and keep what they have, only our own blocks can be counted. */
static int64_t live_blocks(void)
{
    return fault_spares_others() ? (int64_t)(cuvee__alloc_count() - cuvee__free_count())
                                 : fault_live_blocks();
}

/* A leak leaks each time. What libc keeps of a thread is given back by the thread itself, now and
 * then after it was joined: once a block too many, then one too few. */
static int64_t leaks_again(int (*scenario)(cuvee_error *), uint64_t n, bool and_later,
                           int64_t leaked)
{
    for (int i = 0; i < 3 && leaked; i++) {
        cuvee_error err = {0};
        const int64_t live = live_blocks();
        fault_arm(n, and_later);
        (void)scenario(&err);
        fault_disarm();
        leaked = live_blocks() - live;
    }
    return leaked;
}

/* Returns how many allocations the scenario makes, up to the step. */
static uint64_t sweep_once(const char *name, int (*scenario)(cuvee_error *), bool and_later)
{
    cuvee_error err = {0};
    for (int i = 0; i < 2; i++) /* what libc keeps for ever (thread stacks) is allocated here */
        if (scenario(&err) != CUVEE_OK) fail_msg("%s without failures: %s", name, err.msg);
    for (uint64_t n = 1;; n += sweep_step) {
        const int64_t live = live_blocks();
        memset(&err, 0, sizeof err);
        fault_arm(n, and_later);
        const int rc = scenario(&err);
        const bool hit = fault_disarm();
        const int64_t leaked = live_blocks() - live;
        if (!hit) {
            assert_int_equal(rc, CUVEE_OK);
            return n - 1;
        }
        if (!is_out_of_memory(rc, &err))
            fail_msg("%s, allocation %llu%s: code %d, '%s'", name, (unsigned long long)n,
                     and_later ? " and later" : "", rc, err.msg);
        if (!IS_SANITIZED && leaks_again(scenario, n, and_later, leaked)) /* see the definition */
            fail_msg("%s, allocation %llu%s: %lld blocks leaked", name, (unsigned long long)n,
                     and_later ? " and later" : "", (long long)leaked);
    }
}

void sweep(const char *name, int (*scenario)(cuvee_error *))
{
    const uint64_t n = sweep_once(name, scenario, false);
    sweep_once(name, scenario, true);
    print_message("%s: %llu allocations\n", name, (unsigned long long)n);
    assert_true(n > 0); /* else nothing was tested */
}
