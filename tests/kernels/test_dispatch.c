/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing a tier: the best one, a cap, names that cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"
#include "os/cpu.h"

static size_t count(const char *const *names)
{
    size_t n = 0;
    while (names[n]) n++;
    return n;
}

static bool all_slots_filled(const struct kernels *k)
{
    return k->name && k->tile_rows && k->int8_tile_rows && k->block_rows && k->gemm_f32_tile &&
           k->gemm_int8_tile && k->widen_panel && k->quantise_row && k->rotate_row &&
           k->tile_f32_store && k->tile_int8_store && k->softmax_f32 && k->transpose_f32 &&
           k->layernorm_f32 && k->act_f32 && k->add_f32 && k->widen_f16 && k->widen_bf16 &&
           k->narrow_bf16 && (k->gemm_bf16_tile != NULL) == (k->bf16_tile_rows > 0) &&
           (k->gemm_bf16_tile != NULL) == (k->pair_rows_bf16 != NULL);
}

static void lists_are_consistent(void **state)
{
    (void)state;
    const char *const *built = cuvee__kernels_built(), *const *usable = cuvee__kernels_usable();
    assert_string_equal(built[0], "ref");
    assert_true(count(usable) <= count(built));
    for (size_t i = 0; usable[i]; i++) assert_string_equal(usable[i], built[i]);
    assert_int_equal(count(usable) > 1, (cuvee__cpu_isa() & CUVEE__ISA_AVX2) != 0);
    assert_int_equal(count(usable) > 2, (cuvee__cpu_isa() & CUVEE__ISA_AVX512) != 0);
    assert_int_equal(count(usable) > 3, (cuvee__cpu_isa() & CUVEE__ISA_AVX512_VNNI) != 0);
    assert_int_equal(count(usable) > 4, (cuvee__cpu_isa() & CUVEE__ISA_AVX512_BF16) != 0);
    assert_int_equal(count(usable) > 5, (cuvee__cpu_isa() & CUVEE__ISA_AMX) != 0);
}

static void the_best_tier_unless_capped(void **state)
{
    (void)state;
    struct kernels k;
    cuvee_error err;
    const char *const *usable = cuvee__kernels_usable();
    unsetenv("CUVEE_ISA");
    assert_int_equal(cuvee__kernels_choose(&k, NULL, &err), CUVEE_OK);
    assert_string_equal(k.name, usable[count(usable) - 1]);
    for (size_t i = 0; usable[i]; i++) {
        assert_int_equal(cuvee__kernels_choose(&k, usable[i], &err), CUVEE_OK);
        assert_string_equal(k.name, usable[i]);
        assert_true(all_slots_filled(&k));
        setenv("CUVEE_ISA", usable[i], 1);
        assert_int_equal(cuvee__kernels_choose(&k, NULL, &err), CUVEE_OK);
        assert_string_equal(k.name, usable[i]);
    }
    setenv("CUVEE_ISA", "nonsense", 1); /* an argument beats the environment */
    assert_int_equal(cuvee__kernels_choose(&k, "ref", &err), CUVEE_OK);
    assert_string_equal(k.name, "ref");
    unsetenv("CUVEE_ISA");
}

static void names_that_cannot_be_had(void **state)
{
    (void)state;
    struct kernels k;
    cuvee_error err;
    const char *const unknown[] = {"", "AVX2", "avx", "avx2 ", "ref,avx2"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(cuvee__kernels_choose(&k, unknown[i], &err), CUVEE_E_ARGUMENT);
        assert_non_null(strstr(err.msg, "ref, avx2, avx512, avx512vnni, avx512bf16, amx"));
    }
    setenv("CUVEE_ISA", "sse9", 1);
    assert_int_equal(cuvee__kernels_choose(&k, NULL, &err), CUVEE_E_ARGUMENT);
    assert_non_null(strstr(err.msg, "CUVEE_ISA 'sse9'"));
    unsetenv("CUVEE_ISA");

    static const char *const names[] = {"ref", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx"};
    static const char *const lacking[] = {"", "AVX2", "AVX-512", "VNNI", "BF16", "AMX"};
    for (size_t i = count(cuvee__kernels_usable()); i < 6; i++) {
        assert_int_equal(cuvee__kernels_choose(&k, names[i], &err), CUVEE_E_UNSUPPORTED);
        assert_non_null(strstr(err.msg, names[i]));
        if (i < count(cuvee__kernels_built())) assert_non_null(strstr(err.msg, lacking[i]));
    }
    assert_int_equal(cuvee__kernels_choose(&k, "avx9", NULL), CUVEE_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_consistent),
        cmocka_unit_test(the_best_tier_unless_capped),
        cmocka_unit_test(names_that_cannot_be_had),
    };
    return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
