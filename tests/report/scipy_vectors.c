/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json_at.h"
#include "report/scipy_vectors.h"

json_t *vectors;

int load_vectors(void **state)
{
    json_error_t error;
    (void)state;
    vectors = json_load_file(SOURCE_DIR "/tests/report/stats_vectors.json", 0, &error);
    if (!vectors) print_error("%s:%d: %s\n", error.source, error.line, error.text);
    return vectors ? 0 : -1;
}

int unload_vectors(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

double vector_number(const json_t *json, const char *path)
{
    double x;
    if (!cuvee__json_number_at(json, path, &x)) fail_msg("no number at %s", path);
    return x;
}

size_t vector_numbers(const json_t *list, double *ret, size_t room)
{
    const size_t n = json_array_size(list);
    assert_in_range(n, 1, room);
    for (size_t i = 0; i < n; i++) ret[i] = json_number_value(json_array_get(list, i));
    return n;
}
