/* SPDX-License-Identifier: Apache-2.0
 *
 * What programs have compiled in: sizes and offsets of public structs, values of enums. A line here
 * changes only with the major version; new fields and values add lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cuvee/cuvee.h"

struct number {
    const char *what;
    long long is, was;
};

#define SIZE(type, was) {"sizeof(" #type ")", sizeof(type), was}
#define OFFSET(type, field, was) {#type "." #field, offsetof(type, field), was}
#define VALUE(name, was) {#name, name, was}

static void check(const struct number *numbers, size_t n)
{
    size_t n_changed = 0;
    for (size_t i = 0; i < n; i++) {
        if (numbers[i].is == numbers[i].was) continue;
        print_error("%s is %lld, was %lld\n", numbers[i].what, numbers[i].is, numbers[i].was);
        n_changed++;
    }
    assert_int_equal(n_changed, 0);
}

#if defined(__LP64__) /* x86-64 and arm64 alike */
static const struct number layout[] = {
    SIZE(cuvee_label_score, 16),
    OFFSET(cuvee_label_score, label, 0),
    OFFSET(cuvee_label_score, score, 8),
    SIZE(cuvee_error, 512),
    OFFSET(cuvee_error, code, 0),
    OFFSET(cuvee_error, os_errno, 4),
    OFFSET(cuvee_error, offset, 8),
    OFFSET(cuvee_error, msg, 16),
    SIZE(cuvee_model_options, 104),
    OFFSET(cuvee_model_options, struct_size, 0),
    OFFSET(cuvee_model_options, precision, 8),
    OFFSET(cuvee_model_options, flags, 12),
    OFFSET(cuvee_model_options, cache_dir, 16),
    OFFSET(cuvee_model_options, cache_max_bytes, 24),
    OFFSET(cuvee_model_options, python_host, 32),
    OFFSET(cuvee_model_options, max_batch, 36),
    OFFSET(cuvee_model_options, concurrency, 40),
    OFFSET(cuvee_model_options, python, 48),
    OFFSET(cuvee_model_options, script_args, 56),
    OFFSET(cuvee_model_options, n_script_args, 64),
    OFFSET(cuvee_model_options, recycle_calls, 72),
    OFFSET(cuvee_model_options, recycle_bytes, 80),
    OFFSET(cuvee_model_options, on_pack, 88),
    OFFSET(cuvee_model_options, on_pack_user, 96),
    SIZE(cuvee_pack_options, 48),
    OFFSET(cuvee_pack_options, struct_size, 0),
    OFFSET(cuvee_pack_options, precision, 8),
    OFFSET(cuvee_pack_options, flags, 12),
    OFFSET(cuvee_pack_options, calibration, 16),
    OFFSET(cuvee_pack_options, n_calibration, 24),
    OFFSET(cuvee_pack_options, on_pack, 32),
    OFFSET(cuvee_pack_options, on_pack_user, 40),
    SIZE(cuvee_cache_entry, 40),
    OFFSET(cuvee_cache_entry, path, 0),
    OFFSET(cuvee_cache_entry, source, 8),
    OFFSET(cuvee_cache_entry, precision, 16),
    OFFSET(cuvee_cache_entry, bytes, 24),
    OFFSET(cuvee_cache_entry, used_s, 32),
    SIZE(cuvee_model_info, 200),
    OFFSET(cuvee_model_info, struct_size, 0),
    OFFSET(cuvee_model_info, path, 8),
    OFFSET(cuvee_model_info, family, 16),
    OFFSET(cuvee_model_info, architecture, 24),
    OFFSET(cuvee_model_info, weights_dtype, 32),
    OFFSET(cuvee_model_info, tokenizer, 40),
    OFFSET(cuvee_model_info, activation, 48),
    OFFSET(cuvee_model_info, problem_type, 56),
    OFFSET(cuvee_model_info, n_parameters, 64),
    OFFSET(cuvee_model_info, weights_file_bytes, 72),
    OFFSET(cuvee_model_info, n_layers, 80),
    OFFSET(cuvee_model_info, hidden_size, 84),
    OFFSET(cuvee_model_info, n_heads, 88),
    OFFSET(cuvee_model_info, intermediate_size, 92),
    OFFSET(cuvee_model_info, vocab_size, 96),
    OFFSET(cuvee_model_info, max_length, 100),
    OFFSET(cuvee_model_info, n_labels, 104),
    OFFSET(cuvee_model_info, lowercase, 108),
    OFFSET(cuvee_model_info, precision, 112),
    OFFSET(cuvee_model_info, packed_path, 120),
    OFFSET(cuvee_model_info, cache_note, 128),
    OFFSET(cuvee_model_info, source_sha256, 136),
    OFFSET(cuvee_model_info, packed_bytes, 144),
    OFFSET(cuvee_model_info, packed_layout, 152),
    OFFSET(cuvee_model_info, script_host, 160),
    OFFSET(cuvee_model_info, script_info, 168),
    OFFSET(cuvee_model_info, python, 176),
    OFFSET(cuvee_model_info, python_version, 184),
    OFFSET(cuvee_model_info, max_batch, 192),
    OFFSET(cuvee_model_info, max_concurrency, 196),
    SIZE(cuvee_text, 32),
    OFFSET(cuvee_text, ptr, 0),
    OFFSET(cuvee_text, len, 8),
    OFFSET(cuvee_text, pair_ptr, 16),
    OFFSET(cuvee_text, pair_len, 24),
    SIZE(cuvee_tokens, 40),
    OFFSET(cuvee_tokens, n, 0),
    OFFSET(cuvee_tokens, ids, 8),
    OFFSET(cuvee_tokens, type_ids, 16),
    OFFSET(cuvee_tokens, strings, 24),
    OFFSET(cuvee_tokens, truncated, 32),
    OFFSET(cuvee_tokens, replaced, 36),
    SIZE(cuvee_tokenize_options, 16),
    OFFSET(cuvee_tokenize_options, struct_size, 0),
    OFFSET(cuvee_tokenize_options, max_length, 8),
    OFFSET(cuvee_tokenize_options, truncation, 12),
    SIZE(cuvee_batch_record, 48),
    OFFSET(cuvee_batch_record, batch, 0),
    OFFSET(cuvee_batch_record, worker, 8),
    OFFSET(cuvee_batch_record, n_texts, 12),
    OFFSET(cuvee_batch_record, n_tokens, 16),
    OFFSET(cuvee_batch_record, n_members, 20),
    OFFSET(cuvee_batch_record, start_ns, 24),
    OFFSET(cuvee_batch_record, tokenize_ns, 32),
    OFFSET(cuvee_batch_record, forward_ns, 40),
    SIZE(cuvee_pool_options, 48),
    OFFSET(cuvee_pool_options, struct_size, 0),
    OFFSET(cuvee_pool_options, n_workers, 8),
    OFFSET(cuvee_pool_options, batch_tokens, 12),
    OFFSET(cuvee_pool_options, max_queue, 16),
    OFFSET(cuvee_pool_options, isa, 24),
    OFFSET(cuvee_pool_options, on_batch, 32),
    OFFSET(cuvee_pool_options, on_batch_user, 40),
    SIZE(cuvee_pool_info, 64),
    OFFSET(cuvee_pool_info, struct_size, 0),
    OFFSET(cuvee_pool_info, isa, 8),
    OFFSET(cuvee_pool_info, precision, 16),
    OFFSET(cuvee_pool_info, n_workers, 24),
    OFFSET(cuvee_pool_info, batch_tokens, 28),
    OFFSET(cuvee_pool_info, arena_bytes, 32),
    OFFSET(cuvee_pool_info, n_batches, 40),
    OFFSET(cuvee_pool_info, n_texts, 48),
    OFFSET(cuvee_pool_info, n_tokens, 56),
    SIZE(cuvee_classify_options, 40),
    OFFSET(cuvee_classify_options, struct_size, 0),
    OFFSET(cuvee_classify_options, max_length, 8),
    OFFSET(cuvee_classify_options, truncation, 12),
    OFFSET(cuvee_classify_options, activation, 16),
    OFFSET(cuvee_classify_options, timeout_ms, 24),
    OFFSET(cuvee_classify_options, deadline_ms, 32),
    SIZE(cuvee_machine_info, 200),
    OFFSET(cuvee_machine_info, struct_size, 0),
    OFFSET(cuvee_machine_info, cpu, 8),
    OFFSET(cuvee_machine_info, allowed_cores, 136),
    OFFSET(cuvee_machine_info, cgroup_cores, 144),
    OFFSET(cuvee_machine_info, default_workers, 152),
    OFFSET(cuvee_machine_info, tier, 160),
    OFFSET(cuvee_machine_info, tiers_built, 168),
    OFFSET(cuvee_machine_info, tiers_usable, 176),
    OFFSET(cuvee_machine_info, memory_bytes, 184),
    OFFSET(cuvee_machine_info, memory_limit_bytes, 192),
    SIZE(cuvee_python_info, 3640),
    OFFSET(cuvee_python_info, struct_size, 0),
    OFFSET(cuvee_python_info, python, 8),
    OFFSET(cuvee_python_info, version, 1032),
    OFFSET(cuvee_python_info, library, 1064),
    OFFSET(cuvee_python_info, metacall, 2088),
    OFFSET(cuvee_python_info, metacall_trouble, 3112),
    OFFSET(cuvee_python_info, host, 3624),
    OFFSET(cuvee_python_info, why, 3632),
};
#endif

static void structs_keep_their_layout(void **state)
{
    (void)state;
#if defined(__LP64__)
    check(layout, sizeof layout / sizeof *layout);
#else
    skip();
#endif
}

static void enums_keep_their_values(void **state)
{
    (void)state;
    static const struct number values[] = {
        VALUE(CUVEE_OK, 0),
        VALUE(CUVEE_E_ARGUMENT, -1),
        VALUE(CUVEE_E_NOMEM, -2),
        VALUE(CUVEE_E_IO, -3),
        VALUE(CUVEE_E_FORMAT, -4),
        VALUE(CUVEE_E_UNSUPPORTED, -5),
        VALUE(CUVEE_E_LIMIT, -6),
        VALUE(CUVEE_E_BUSY, -7),
        VALUE(CUVEE_E_TIMEOUT, -8),
        VALUE(CUVEE_E_CANCELLED, -9),
        VALUE(CUVEE_E_TOO_LONG, -10),
        VALUE(CUVEE_E_NONFINITE, -11),
        VALUE(CUVEE_E_SCRIPT, -12),
        VALUE(CUVEE_PYTHON_AUTO, 0),
        VALUE(CUVEE_PYTHON_EMBED, 1),
        VALUE(CUVEE_PYTHON_PROCESS, 2),
        VALUE(CUVEE_PYTHON_METACALL, 3),
        VALUE(CUVEE_PRECISION_DEFAULT, 0),
        VALUE(CUVEE_PRECISION_F32, 1),
        VALUE(CUVEE_PRECISION_BF16, 2),
        VALUE(CUVEE_PRECISION_INT8, 3),
        VALUE(CUVEE_MODEL_NO_CACHE, 1),
        VALUE(CUVEE_TRUNCATE_RIGHT, 0),
        VALUE(CUVEE_TRUNCATE_LEFT, 1),
        VALUE(CUVEE_TRUNCATE_ERROR, 2),
        VALUE(CUVEE_ACTIVATION_AUTO, 0),
        VALUE(CUVEE_ACTIVATION_SOFTMAX, 1),
        VALUE(CUVEE_ACTIVATION_SIGMOID, 2),
        VALUE(CUVEE_ACTIVATION_NONE, 3),
        VALUE(CUVEE_NOTE_TRUNCATED, 1),
        VALUE(CUVEE_NOTE_REPLACED, 2),
    };
    check(values, sizeof values / sizeof *values);
}

/* The line is a constant of api/, so it may drift from what kernels/ has. */
static void build_info_names_the_tiers(void **state)
{
    (void)state;
    cuvee_machine_info info = CUVEE_OPTIONS(cuvee_machine_info);
    assert_int_equal(cuvee_machine_describe("ref", &info, NULL), CUVEE_OK);
    const char *at = strstr(cuvee_build_info(), "tiers:");
    assert_non_null(at);
    at += strlen("tiers:");
    for (const char *const *tier = info.tiers_built; *tier; tier++) {
        assert_int_equal(*at++, ' ');
        assert_int_equal(strncmp(at, *tier, strlen(*tier)), 0);
        at += strlen(*tier);
    }
    assert_string_equal(at, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structs_keep_their_layout),
        cmocka_unit_test(enums_keep_their_values),
        cmocka_unit_test(build_info_names_the_tiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
