/* SPDX-License-Identifier: Apache-2.0
 *
 * base/json.c against jansson's parser: both accept, with equal values, or both refuse. Only the
 * limit on nesting is lower. */
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "fuzz.h"

static void compare(struct span text, size_t more_flags,
                    int (*parse)(struct span, const char *, json_t **, cuvee_error *))
{
    json_t *got = NULL;
    cuvee_error err = {.msg = ""};
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const int rc = parse(text, "f", &got, &err);
    json_t *want =
        json_loadb(text.ptr, text.len,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL | more_flags, NULL);
    if (rc == CUVEE_OK) {
        HOLDS(want && json_equal(got, want));
    } else {
        HOLDS(!got && rc == CUVEE_E_FORMAT && strncmp(err.msg, "f: not JSON at byte ", 20) == 0);
        HOLDS(err.offset >= 0 && err.offset <= (int64_t)text.len);
        /* jansson loses a NUL byte that follows a number. */
        HOLDS(!want || strstr(err.msg, "depth") || memchr(text.ptr, 0, text.len));
    }
    json_decref(got);
    json_decref(want);
    HOLDS(cuvee__alloc_count() - cuvee__free_count() == live);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct span text = {(const char *)bytes, len};
    compare(text, 0, cuvee__json_parse);
    compare(text, JSON_DECODE_INT_AS_REAL, cuvee__json_parse_as_reals);
    return 0;
}
