/* SPDX-License-Identifier: Apache-2.0
 *
 * What only AMX asks of a process: leave by the operating system, which it may refuse, and
 * registers that survive signals; and that its sums are those of amx_model.h, to the bit. Each case
 * is a process of its own, because leave is for ever. Skipped, all of it, where there is no AMX. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "kernels/bf16.h"
#include "kernels/kernels.h"
#include "os/cpu.h"

/* What a case ends with. */
enum { HAS_AMX = 10, HAS_THE_REST, HAS_LESS, DISTURBED, UNTOUCHED, OTHER_BITS, SAME_BITS };

#if defined(__x86_64__)

static int look_at_features(void)
{
    const unsigned rest = CUVEE__ISA_AVX2 | CUVEE__ISA_AVX512 | CUVEE__ISA_AVX512_BF16;
    const unsigned isa = cuvee__cpu_isa();
    return isa & CUVEE__ISA_AMX ? HAS_AMX : (isa & rest) == rest ? HAS_THE_REST : HAS_LESS;
}

/* A sandbox that says no to arch_prctl(ARCH_REQ_XCOMP_PERM), and to nothing else. */
static int in_a_sandbox(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_arch_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x1023, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return -1;
    return look_at_features();
}

/* Too small for registers of 8 KB, and there before anybody asks for them. */
static int with_a_small_signal_stack(void)
{
    static char memory[4096];
    const stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
    if (sigaltstack(&stack, NULL) != 0) return -1;
    return look_at_features();
}

static volatile sig_atomic_t n_signals;

static void on_signal(int number)
{
    (void)number;
    n_signals++;
}

/* Timer signals on a stack of the size that the system names, while tiles are multiplied. */
static int with_signals(void)
{
    enum { ROWS = 32, K = 3072 };
    static _Alignas(64) uint8_t a[ROWS * K];
    static _Alignas(64) int8_t panel[K * CUVEE__PANEL];
    static _Alignas(64) int32_t first[ROWS * CUVEE__PANEL], again[ROWS * CUVEE__PANEL];
    struct kernels k;
    if (cuvee__kernels_choose(&k, "amx", NULL) != CUVEE_OK) return -1;
    for (size_t i = 0; i < sizeof a; i++) a[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof panel; i++) panel[i] = (int8_t)(i * 13 + i / 241);
    const size_t room = (size_t)sysconf(_SC_SIGSTKSZ);
    const stack_t stack = {.ss_sp = malloc(room), .ss_size = room};
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART};
    const struct itimerval timer = {{0, 200}, {0, 200}};
    const struct ahead nothing = {NULL, 0};
    k.gemm_int8_tile(ROWS, K, a, K, panel, nothing, 0, first);
    if (!stack.ss_sp || sigaltstack(&stack, NULL) != 0 || sigaction(SIGALRM, &action, NULL) != 0 ||
        setitimer(ITIMER_REAL, &timer, NULL) != 0)
        return -1;
    const time_t end = time(NULL) + 20;
    while (n_signals < 100 && time(NULL) < end) {
        k.gemm_int8_tile(ROWS, K, a, K, panel, nothing, 0, again);
        if (memcmp(first, again, sizeof first) != 0) return DISTURBED;
    }
    return n_signals >= 100 ? UNTOUCHED : -1;
}

/* The sum over k as amx_model.h, and docs/numerics.md, have it. */
static float sum_by_formula(const uint16_t *a, const uint16_t *panel, size_t column, size_t n_k)
{
    float sum = 0.0f;
    for (size_t start = 0; start < n_k; start += 32) {
        float part[2] = {0.0f, 0.0f};
        for (size_t k = start; k < start + 32; k++)
            part[k % 2] = fmaf(float_of_bf16(a[k]),
                               float_of_bf16(panel[k / 2 * 2 * CUVEE__PANEL + 2 * column + k % 2]),
                               part[k % 2]);
        sum += part[0] + part[1];
    }
    return sum;
}

static int sums_to_the_bit(void)
{
    enum { ROWS = 32, K = 768 };
    static _Alignas(64) uint16_t a[ROWS * K], panel[K * CUVEE__PANEL];
    static _Alignas(64) float tile[ROWS * CUVEE__PANEL];
    struct kernels k;
    uint64_t rng = 1;
    if (cuvee__kernels_choose(&k, "amx", NULL) != CUVEE_OK) return -1;
    /* Of either sign, 0.125 to 0.5. */
    for (size_t i = 0; i < ROWS * K; i++) a[i] = (uint16_t)(0x3E00 | (random_next(&rng) & 0x80FF));
    for (size_t i = 0; i < K * CUVEE__PANEL; i++)
        panel[i] = (uint16_t)(0x3E00 | (random_next(&rng) & 0x80FF));
    k.gemm_bf16_tile(ROWS, K, a, K, panel, (struct ahead){NULL, 0}, tile, CUVEE__PANEL, false);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < CUVEE__PANEL; j++) {
            const float want = sum_by_formula(a + r * K, panel, j, K);
            if (memcmp(&want, &tile[r * CUVEE__PANEL + j], sizeof want) != 0) return OTHER_BITS;
        }
    return SAME_BITS;
}

/* How the case ends, run in a process of its own. */
static int outcome(int (*run)(void))
{
    const pid_t pid = fork();
    if (pid == 0) _exit(run());
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check_outcome(int (*run)(void), int want)
{
    if (outcome(look_at_features) != HAS_AMX) skip();
    assert_int_equal(outcome(run), want);
}

static void a_sandbox_may_refuse(void **state)
{
    (void)state;
    check_outcome(in_a_sandbox, HAS_THE_REST);
}

static void a_small_signal_stack_is_a_refusal(void **state)
{
    (void)state;
    check_outcome(with_a_small_signal_stack, HAS_THE_REST);
}

static void signals_leave_tiles_alone(void **state)
{
    (void)state;
    check_outcome(with_signals, UNTOUCHED);
}

static void sums_are_those_of_the_model(void **state)
{
    (void)state;
    check_outcome(sums_to_the_bit, SAME_BITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_the_model),
        cmocka_unit_test(a_sandbox_may_refuse),
        cmocka_unit_test(a_small_signal_stack_is_a_refusal),
        cmocka_unit_test(signals_leave_tiles_alone),
    };
    return cmocka_run_group_tests_name("AMX", tests, NULL, NULL);
}

#else

int main(void)
{
    return 0;
}

#endif
