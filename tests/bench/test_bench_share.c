/* SPDX-License-Identifier: Apache-2.0
 *
 * What is shared does not say where the home directory is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_at.h"
#include "bench/share.h"
#include "example_results.h"

static void check(const char *text, const char *expected)
{
    struct buffer out = {0};
    assert_int_equal(cuvee__share_text(span_of(text), &out), CUVEE_OK);
    assert_int_equal(cuvee__buffer_append_char(&out, '\0'), CUVEE_OK);
    assert_string_equal(out.ptr, expected);
    cuvee__buffer_deinit(&out);
}

static void test_whole_names_only(void **state)
{
    (void)state;
    setenv("HOME", "/people/ann", 1);
    check("", "");
    check("/people/ann", "~");
    check("/people/ann/models/a", "~/models/a");
    check("-L/people/ann/lib:/people/ann/lib64", "-L~/lib:~/lib64");
    check("\"/people/ann\"", "\"~\"");
    check("not found: /people/ann.", "not found: ~.");
    check("file:///people/ann/a", "file://~/a");
    check("/people/anna/models", "/people/anna/models"); /* somebody else's */
    check("/people/ann-2/a /people/ann_/a /people/ann\xC3\xA9/a",
          "/people/ann-2/a /people/ann_/a /people/ann\xC3\xA9/a");
    check("/people/an", "/people/an");
    check("/people//ann/a", "/people//ann/a");
    setenv("HOME", "/people/ann//", 1);
    check("/people/ann/a", "~/a");
}

/* The root is the home of many containers; a name that is no path is none. */
static void test_no_home(void **state)
{
    (void)state;
    static const char *const homes[] = {"/", "//", "", "ann"};
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        setenv("HOME", homes[i], 1);
        check("/a/b ann/c", "/a/b ann/c");
    }
    unsetenv("HOME");
    check("/a/b", "/a/b");
}

static void test_link(void **state)
{
    char dir[EXAMPLE_DIR_ROOM], link[64], resolved[64], text[160];
    (void)state;
    assert_int_equal(example_directory_make(dir), 0);
    snprintf(link, sizeof link, "%s/answers/me", dir);
    snprintf(resolved, sizeof resolved, "%s/runs", dir);
    assert_int_equal(symlink(resolved, link), 0);
    setenv("HOME", link, 1);
    snprintf(text, sizeof text, "%s/a %s/b", link, resolved);
    check(text, "~/a ~/b");
    assert_int_equal(example_directory_remove(dir), 0);
}

static void test_document(void **state)
{
    (void)state;
    setenv("HOME", "/people/ann", 1);
    static const char with_zero[] = "a\0/people/ann", without[] = "a\0~";
    static const char form[] = "{s:[s,i,b,n,{s:f}], s:{s:s%}}";
    json_t *json = json_pack(form, "list", "/people/ann/x", 7, 1, "/people/ann/a.safetensors", 0.5,
                             "zero", "text", with_zero, sizeof with_zero - 1);
    json_t *expected = json_pack(form, "list", "~/x", 7, 1, "~/a.safetensors", 0.5, "zero", "text",
                                 without, sizeof without - 1);
    json_t *before = json_deep_copy(json), *shared = NULL;
    assert_int_equal(cuvee__share_json(json, &shared, NULL), CUVEE_OK);
    assert_true(json_equal(shared, expected));
    assert_true(json_equal(json, before));
    json_decref(json);
    json_decref(expected);
    json_decref(before);
    json_decref(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_names_only),
        cmocka_unit_test(test_no_home),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
