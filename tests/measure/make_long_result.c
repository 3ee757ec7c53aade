/* SPDX-License-Identifier: Apache-2.0
 *
 * make_long_result: prints the result of a run that was long and never still, for the size of its
 * page: 10,000 ticks of 16 processes, each tick with an anchor, by a clock that is made up. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure/account.h"
#include "measure/result_json.h"

enum { TICKS = 10000, PROCESSES = 16, TICK_US = 8640000 };

static uint64_t state = 1;

static uint64_t noise(uint64_t most)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % most;
}

static void say(struct account *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct account *a, const char *fmt, ...)
{
    char line[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (cuvee__account_feed(a, span_of(line), NULL) < 0) exit(1);
}

int main(void)
{
    static const char *const argv[] = {"job", NULL};
    struct account a = {0};
    say(&a, "V 1 4096 900 10000 744 0\nL 100\n");
    for (int p = 0; p < PROCESSES; p++) say(&a, "B 0 %d 1 9 worker%d\n", 100 + p, p);
    for (uint64_t tick = 1; tick <= TICKS; tick++) {
        const uint64_t t = tick * TICK_US;
        for (int p = 0; p < PROCESSES; p++)
            say(&a, "S %" PRIu64 " %d %" PRIu64 " 1 %" PRIu64 " 0 1 5\n", t, 100 + p,
                noise(1000000), tick * 50);
        say(&a, "A %" PRIu64 " %d 1 time 5\n", t + 1, PROCESSES);
        for (int p = 0; p < PROCESSES; p++)
            say(&a, "P %d %" PRIu64 " 1 1 1 0 8 1 1 9 9\n", 100 + p, noise(1000000));
        if (tick % 50 == 0) say(&a, "M %" PRIu64 " phase %" PRIu64 "\n", t + 2, tick);
    }
    say(&a, "X 1000 0 5000 1 2\nZ %" PRIu64 " 9 9 9 9 9 9 9 9 0 -1\n",
        (TICKS + 1) * (uint64_t)TICK_US);
    if (cuvee__account_end(&a, NULL) < 0) return 1;
    json_t *result = cuvee__result_to_json(&a, argv, false);
    const int rc = result ? json_dumpf(result, stdout, JSON_INDENT(1)) : -1;
    json_decref(result);
    cuvee__account_deinit(&a);
    return rc < 0;
}
