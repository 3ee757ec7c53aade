/* SPDX-License-Identifier: Apache-2.0
 *
 * weights/: good files of every kind, and each rule of the format broken once. Every case is
 * written to a directory of its own and opened as a model's would be; a bad one must give the right
 * code and a message that names the file and the culprit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/sha256.h"
#include "os/memory.h"
#include "tiny_model.h"
#include "weights/checkpoint.h"
#include "weights/safetensors.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- directories and files ---- */

static char dir[] = "/tmp/cuvee-weights-XXXXXX";

static const char *in_dir(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void write_bytes(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(in_dir(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Length, header and n_data bytes 0, 1, 2, ...; claim 0 = the true length of the header. */
static void write_safetensors(const char *name, const char *header, size_t n_data, uint64_t claim)
{
    const size_t n = strlen(header);
    unsigned char *bytes = malloc(8 + n + n_data);
    assert_non_null(bytes);
    if (!claim) claim = n;
    for (size_t i = 0; i < 8; i++) bytes[i] = (unsigned char)(claim >> 8 * i);
    memcpy(bytes + 8, header, n);
    for (size_t i = 0; i < n_data; i++) bytes[8 + n + i] = (unsigned char)i;
    write_bytes(name, bytes, 8 + n + n_data);
    free(bytes);
}

static int make_dir(void **state)
{
    (void)state;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    static const char *const names[] = {"a.safetensors", "b.safetensors", "pytorch_model.bin",
                                        "x.gguf",        "model.onnx",    "tf_model.h5"};
    for (size_t i = 0; i < COUNT(names); i++) unlink(in_dir(names[i]));
    tiny_model_remove(dir);
    return access(dir, F_OK) == 0 ? -1 : 0; /* every test knows what it wrote */
}

static struct checkpoint *open_good(void)
{
    struct checkpoint *c = NULL;
    cuvee_error err = {0};
    if (cuvee__checkpoint_open(dir, &c, &err) != CUVEE_OK) fail_msg("%s", err.msg);
    return c;
}

/* The open must fail with this code and say each of the two things. */
static void open_bad(const char *what, int code, const char *says, const char *says_too)
{
    struct checkpoint *c = NULL;
    cuvee_error err = {0};
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const int rc = cuvee__checkpoint_open(dir, &c, &err);
    if (rc != code)
        fail_msg("%s: code %d, not %d: %s", what, rc, code, rc < 0 ? err.msg : "opened");
    assert_null(c);
    assert_int_equal(err.code, code);
    if (!strstr(err.msg, says) || !strstr(err.msg, says_too))
        fail_msg("%s: '%s' does not say '%s' and '%s'", what, err.msg, says, says_too);
    assert_int_equal(cuvee__alloc_count() - cuvee__free_count(), live);
    assert_int_equal(cuvee__checkpoint_open(dir, &c, NULL), code); /* err is optional */
}

/* ---- good files ---- */

static void types_shapes_and_bytes(void **state)
{
    (void)state;
    /* Names in no order, data at odd offsets (flags is 3 bytes), zero sizes, rank 0, an unknown
     * key. */
    write_safetensors(
        "model.safetensors",
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[3,27],\"note\":1},"
        "\"flags\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]},"
        "\"half\":{\"dtype\":\"F16\",\"shape\":[1,1,1,1,1,1,1,2],\"data_offsets\":[27,31]},"
        "\"none\":{\"dtype\":\"F32\",\"shape\":[4,0,9],\"data_offsets\":[27,27]},"
        "\"none too\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
        "\"scalar\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[31,33]},"
        "\"ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[33,41]},"
        "\"nibbles\":{\"dtype\":\"F4\",\"shape\":[2,3],\"data_offsets\":[41,44]},"
        "\"\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[44,52]}}      ",
        52, 0);
    struct checkpoint *c = open_good();
    assert_int_equal(cuvee__checkpoint_count(c), 9);
    static const struct {
        const char *name, *dtype_name;
        enum dtype dtype;
        size_t n_dims, n_elements, n_bytes, first_byte;
    } want[] = {
        {"", "F64", DTYPE_F64, 1, 1, 8, 44},         {"flags", "BOOL", DTYPE_OTHER, 1, 3, 3, 0},
        {"half", "F16", DTYPE_F16, 8, 2, 4, 27},     {"ids", "I64", DTYPE_OTHER, 1, 1, 8, 33},
        {"nibbles", "F4", DTYPE_OTHER, 2, 6, 3, 41}, {"none", "F32", DTYPE_F32, 3, 0, 0, 0},
        {"none too", "F32", DTYPE_F32, 1, 0, 0, 0},  {"scalar", "BF16", DTYPE_BF16, 0, 1, 2, 31},
        {"w", "F32", DTYPE_F32, 2, 6, 24, 3},
    };
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct tensor *t = cuvee__checkpoint_find(c, want[i].name);
        assert_non_null(t);
        assert_ptr_equal(t, cuvee__checkpoint_at(c, i));
        assert_string_equal(t->name, want[i].name);
        assert_string_equal(t->dtype_name, want[i].dtype_name);
        assert_int_equal(t->dtype, want[i].dtype);
        assert_int_equal(t->n_dims, want[i].n_dims);
        assert_int_equal(t->n_elements, want[i].n_elements);
        assert_int_equal(t->n_bytes, want[i].n_bytes);
        assert_int_equal(t->file, 0);
        for (size_t b = 0; b < t->n_bytes; b++)
            assert_int_equal(t->data[b], want[i].first_byte + b);
        cuvee__tensor_release(c, t);
        if (t->n_bytes)
            assert_int_equal(t->data[t->n_bytes - 1], want[i].first_byte + t->n_bytes - 1);
    }
    const struct tensor *w = cuvee__checkpoint_find(c, "w");
    assert_int_equal(w->dims[0], 2);
    assert_int_equal(w->dims[1], 3);
    assert_null(cuvee__checkpoint_find(c, "W"));
    assert_null(cuvee__checkpoint_find(c, "__metadata__"));
    assert_string_equal(cuvee__checkpoint_file_path(c, 0), in_dir("model.safetensors"));
    cuvee__checkpoint_close(c);
}

static void no_tensors_at_all(void **state)
{
    (void)state;
    write_safetensors("model.safetensors", "{}", 0, 0);
    struct checkpoint *c = open_good();
    assert_int_equal(cuvee__checkpoint_count(c), 0);
    assert_null(cuvee__checkpoint_find(c, "w"));
    assert_int_equal(cuvee__checkpoint_total_bytes(c), 10);
    cuvee__checkpoint_close(c);
}

static void tiny_models_open(void **state)
{
    (void)state;
    static const struct tiny_model shapes[] = {{.family = "distilbert"},
                                               {.family = "bert", .dtype = "F16"},
                                               {.dtype = "BF16", .n_shards = 3}};
    static const char *const dtypes[] = {"F32", "F16", "BF16"};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        assert_int_equal(tiny_model_write(dir, &shapes[i]), 0);
        struct checkpoint *c = open_good();
        const struct tensor *t = cuvee__checkpoint_find(c, "classifier.weight");
        assert_non_null(t);
        assert_string_equal(t->dtype_name, dtypes[i]);
        assert_int_equal(t->dims[0], 2);
        assert_int_equal(cuvee__checkpoint_n_files(c), shapes[i].n_shards ? shapes[i].n_shards : 1);
        cuvee__checkpoint_close(c);
        unlink(in_dir("model.safetensors"));
    }
}

/* ---- bad single files ---- */

#define TENSOR(name, dtype, shape, range) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" range "}"
#define ONE(dtype, shape, range) "{" TENSOR("x", dtype, shape, range) "}"

static void each_rule_broken_once(void **state)
{
    (void)state;
    static const struct {
        const char *what, *header;
        size_t n_data;
        uint64_t claim;
        int code;
        const char *says;
    } cases[] = {
        {"not JSON", "{\"x\"", 0, 0, CUVEE_E_FORMAT, "header: not JSON at byte"},
        {"leading blank", " {}", 0, 0, CUVEE_E_FORMAT, "'{'"},
        {"an array", "[]", 0, 0, CUVEE_E_FORMAT, "'{'"},
        {"no header", "", 0, 0, CUVEE_E_FORMAT, "'{'"},
        {"not UTF-8", "{\"\xff\":1}", 0, 0, CUVEE_E_FORMAT, "header: not JSON at byte"},
        {"NUL in a name", "{\"a\\u0000b\":1}", 0, 0, CUVEE_E_FORMAT, "header: not JSON at byte"},
        {"text after the object", "{} x", 0, 0, CUVEE_E_FORMAT, "header: not JSON at byte"},
        {"header past the end", "{}", 0, 3, CUVEE_E_FORMAT, "claims 3 bytes, file has 2"},
        {"length that wraps", "{}", 0, UINT64_MAX, CUVEE_E_FORMAT,
         "claims 18446744073709551615 bytes"},
        {"name twice",
         "{" TENSOR("x", "U8", "[0]", "[0,0]") "," TENSOR("x", "U8", "[0]", "[0,0]") "}", 0, 0,
         CUVEE_E_FORMAT, "duplicate object key"},
        {"key twice",
         "{\"x\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, 0,
         CUVEE_E_FORMAT, "duplicate object key"},
        {"metadata a list", "{\"__metadata__\":[]}", 0, 0, CUVEE_E_FORMAT, "__metadata__"},
        {"metadata of numbers", "{\"__metadata__\":{\"pt\":1}}", 0, 0, CUVEE_E_FORMAT, "'pt'"},
        {"entry a number", "{\"x\":1}", 0, 0, CUVEE_E_FORMAT, "'x'"},
        {"no dtype", "{\"x\":{\"shape\":[],\"data_offsets\":[0,1]}}", 1, 0, CUVEE_E_FORMAT,
         "'x': no dtype"},
        {"unknown dtype", ONE("F31", "[1]", "[0,4]"), 4, 0, CUVEE_E_FORMAT, "'x': dtype 'F31'"},
        {"lower-case dtype", ONE("f32", "[1]", "[0,4]"), 4, 0, CUVEE_E_FORMAT, "'x': dtype 'f32'"},
        {"no shape", "{\"x\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, 0, CUVEE_E_FORMAT,
         "'x': no shape"},
        {"negative dimension", ONE("U8", "[3,-1]", "[0,3]"), 3, 0, CUVEE_E_FORMAT,
         "'x': dimension 1"},
        {"real dimension", ONE("U8", "[3.0]", "[0,3]"), 3, 0, CUVEE_E_FORMAT, "'x': dimension 0"},
        {"huge dimension", ONE("U8", "[18446744073709551616]", "[0,3]"), 3, 0, CUVEE_E_FORMAT,
         "byte"},
        {"9 dimensions", ONE("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, 0, CUVEE_E_LIMIT,
         "'x': 9 dim"},
        {"product wraps", ONE("U8", "[4294967296,4294967296]", "[0,0]"), 0, 0, CUVEE_E_FORMAT,
         "'x': shape overflows"},
        {"product wraps before a 0", ONE("U8", "[4294967296,4294967296,0]", "[0,0]"), 0, 0,
         CUVEE_E_FORMAT, "'x': shape overflows"},
        {"bits wrap", ONE("F32", "[2305843009213693952]", "[0,0]"), 0, 0, CUVEE_E_FORMAT,
         "'x': 23058"},
        {"half a byte", ONE("F4", "[3]", "[0,2]"), 2, 0, CUVEE_E_FORMAT, "'x': 3 elements of F4"},
        {"no offsets", "{\"x\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, 0, CUVEE_E_FORMAT,
         "'x': data_offsets"},
        {"three offsets", ONE("U8", "[1]", "[0,1,1]"), 1, 0, CUVEE_E_FORMAT, "'x': data_offsets"},
        {"negative offset", ONE("U8", "[1]", "[-1,0]"), 1, 0, CUVEE_E_FORMAT, "'x': data_offsets"},
        {"backwards", ONE("U8", "[1]", "[2,1]"), 2, 0, CUVEE_E_FORMAT, "'x': bytes 2..1"},
        {"truncated data", ONE("F32", "[2]", "[0,8]"), 7, 0, CUVEE_E_FORMAT, "'x': bytes 0..8"},
        {"range too long", ONE("F32", "[1]", "[0,8]"), 8, 0, CUVEE_E_FORMAT,
         "'x': bytes 0..8 are 8"},
        {"range too short", ONE("F32", "[3]", "[0,8]"), 8, 0, CUVEE_E_FORMAT, "need 12"},
        {"overlap", "{" TENSOR("y", "U8", "[4]", "[2,6]") "," TENSOR("x", "U8", "[4]", "[0,4]") "}",
         6, 0, CUVEE_E_FORMAT, "'y': bytes 2..6 overlap tensor 'x'"},
        {"the same bytes twice",
         "{" TENSOR("y", "U8", "[4]", "[0,4]") "," TENSOR("x", "U8", "[4]", "[0,4]") "}", 4, 0,
         CUVEE_E_FORMAT, "'y': bytes 0..4 overlap tensor 'x'"},
        {"an empty tensor inside another",
         "{" TENSOR("y", "U8", "[0]", "[2,2]") "," TENSOR("x", "U8", "[4]", "[0,4]") "}", 4, 0,
         CUVEE_E_FORMAT, "'y': bytes 2..2 overlap tensor 'x'"},
        {"hole at the start", ONE("U8", "[4]", "[2,6]"), 6, 0, CUVEE_E_FORMAT,
         "'x': bytes 2..6 leave a hole"},
        {"hole", "{" TENSOR("x", "U8", "[4]", "[5,9]") "," TENSOR("y", "U8", "[4]", "[0,4]") "}", 9,
         0, CUVEE_E_FORMAT, "'x': bytes 5..9 leave a hole before them, from 4"},
        {"bytes left over", ONE("U8", "[4]", "[0,4]"), 5, 0, CUVEE_E_FORMAT,
         "1 bytes after the last"},
        {"data without tensors", "{}", 1, 0, CUVEE_E_FORMAT, "1 bytes after the last"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_safetensors("model.safetensors", cases[i].header, cases[i].n_data, cases[i].claim);
        open_bad(cases[i].what, cases[i].code, in_dir("model.safetensors"), cases[i].says);
    }
}

static void broken_before_the_header(void **state)
{
    (void)state;
    const char *path = "model.safetensors";
    write_bytes(path, "", 0);
    open_bad("empty", CUVEE_E_FORMAT, path, "empty file");
    for (size_t n = 1; n < 8; n++) {
        write_bytes(path, "\2\0\0\0\0\0\0\0", n);
        open_bad("length cut", CUVEE_E_FORMAT, path, "inside the length field");
    }
    static const char pointer[] =
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    write_bytes(path, pointer, sizeof pointer - 1);
    open_bad("LFS pointer", CUVEE_E_FORMAT, path, "git lfs pull");
    assert_int_equal(unlink(in_dir(path)), 0);

    assert_int_equal(mkfifo(in_dir(path), 0600), 0);
    open_bad("FIFO", CUVEE_E_FORMAT, path, "a FIFO");
    assert_int_equal(unlink(in_dir(path)), 0);

    assert_int_equal(mkdir(in_dir(path), 0700), 0);
    open_bad("directory", CUVEE_E_FORMAT, path, "a directory");
    assert_int_equal(rmdir(in_dir(path)), 0);

    if (geteuid() != 0) { /* root may read everything */
        write_safetensors(path, "{}", 0, 0);
        assert_int_equal(chmod(in_dir(path), 0), 0);
        open_bad("no permission", CUVEE_E_IO, path, "Permission denied");
    }
}

static void limits_have_names(void **state)
{
    (void)state;
    /* A sparse file: the header that it claims is never read. */
    write_safetensors("model.safetensors", "{}", 0, CUVEE__MAX_HEADER_BYTES + 1);
    assert_int_equal(truncate(in_dir("model.safetensors"), CUVEE__MAX_HEADER_BYTES + 100), 0);
    open_bad("long header", CUVEE_E_LIMIT, "model.safetensors", "limit is 25000000");

    char header[CUVEE__MAX_TENSOR_NAME + 100], name[CUVEE__MAX_TENSOR_NAME + 2];
    for (size_t n = CUVEE__MAX_TENSOR_NAME; n <= CUVEE__MAX_TENSOR_NAME + 1; n++) {
        memset(name, 'n', n);
        name[n] = '\0';
        snprintf(header, sizeof header,
                 "{\"%s\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", name);
        write_safetensors("model.safetensors", header, 1, 0);
        if (n == CUVEE__MAX_TENSOR_NAME) {
            struct checkpoint *c = open_good();
            assert_non_null(cuvee__checkpoint_find(c, name));
            cuvee__checkpoint_close(c);
        } else {
            open_bad("long name", CUVEE_E_LIMIT, "model.safetensors", "513 bytes, limit is 512");
        }
    }
    const size_t n = 1 << 20; /* deep nesting meets the parser's own limit */
    char *deep = malloc(n + 1);
    assert_non_null(deep);
    memset(deep, '[', n);
    memcpy(deep, "{\"x\":", 5);
    deep[n] = '\0';
    write_safetensors("model.safetensors", deep, 0, 0);
    free(deep);
    open_bad("1 MB of [", CUVEE_E_FORMAT, "model.safetensors", "depth");
}

/* Every way to cut a good file short, and one byte more. */
static void truncated_and_oversized(void **state)
{
    (void)state;
    unsigned char bytes[8 + 200 + 24];
    static const char header[] =
        "{" TENSOR("a", "F32", "[2,2]", "[0,16]") "," TENSOR("b", "F16", "[4]", "[16,24]") "}";
    const size_t n_header = sizeof header - 1, total = 8 + n_header + 24;
    assert_true(total + 1 < sizeof bytes);
    memset(bytes, 0, sizeof bytes);
    bytes[0] = (unsigned char)n_header;
    memcpy(bytes + 8, header, n_header);
    for (size_t n = 0; n <= total + 1; n++) {
        write_bytes("model.safetensors", bytes, n);
        if (n != total) open_bad("cut", CUVEE_E_FORMAT, "model.safetensors", "");
    }
    write_bytes("model.safetensors", bytes, total);
    cuvee__checkpoint_close(open_good());
}

/* ---- shards ---- */

static void write_index(const char *json)
{
    write_bytes("model.safetensors.index.json", json, strlen(json));
}

static void write_two_shards(void)
{
    write_safetensors(
        "a.safetensors",
        "{" TENSOR("one", "U8", "[2]", "[0,2]") "," TENSOR("twice", "U8", "[1]", "[2,3]") "}", 3,
        0);
    write_safetensors(
        "b.safetensors",
        "{" TENSOR("twice", "U8", "[1]", "[0,1]") "," TENSOR("two", "U8", "[1]", "[1,2]") "}", 2,
        0);
}

static void shards_by_index(void **state)
{
    (void)state;
    write_two_shards();
    write_index("{\"metadata\":{\"total_size\":99},\"weight_map\":{\"two\":\"b.safetensors\","
                "\"twice\":\"b.safetensors\",\"one\":\"a.safetensors\"}}");
    struct checkpoint *c = open_good();
    assert_int_equal(cuvee__checkpoint_n_files(c), 2);
    assert_int_equal(cuvee__checkpoint_count(c), 3);
    assert_string_equal(cuvee__checkpoint_file_path(c, 0), in_dir("a.safetensors"));
    const struct tensor *twice =
        cuvee__checkpoint_find(c, "twice"); /* also in a: the map decides */
    assert_int_equal(twice->file, 1);
    assert_int_equal(twice->data[0], 0);
    assert_int_equal(cuvee__checkpoint_find(c, "one")->file, 0);
    assert_string_equal(cuvee__checkpoint_at(c, 0)->name, "one");
    assert_string_equal(cuvee__checkpoint_at(c, 2)->name, "two");
    cuvee__checkpoint_close(c);

    write_index("{\"weight_map\":{\"one\":\"a.safetensors\"}}"); /* the rest of a is left alone */
    c = open_good();
    assert_int_equal(cuvee__checkpoint_count(c), 1);
    assert_null(cuvee__checkpoint_find(c, "twice"));
    cuvee__checkpoint_close(c);

    write_safetensors("model.safetensors", "{}", 0, 0); /* the single file comes first */
    c = open_good();
    assert_int_equal(cuvee__checkpoint_count(c), 0);
    cuvee__checkpoint_close(c);
}

static void bad_index(void **state)
{
    (void)state;
    static const struct {
        const char *what, *index;
        int code;
        const char *says;
    } cases[] = {
        {"not JSON", "{", CUVEE_E_FORMAT, "not JSON at byte"},
        {"a list", "[]", CUVEE_E_FORMAT, "weight_map"},
        {"no map", "{\"metadata\":{}}", CUVEE_E_FORMAT, "weight_map"},
        {"map a list", "{\"weight_map\":[]}", CUVEE_E_FORMAT, "weight_map"},
        {"empty map", "{\"weight_map\":{}}", CUVEE_E_FORMAT, "weight_map"},
        {"tensor twice", "{\"weight_map\":{\"one\":\"a.safetensors\",\"one\":\"a.safetensors\"}}",
         CUVEE_E_FORMAT, "duplicate"},
        {"file a number", "{\"weight_map\":{\"one\":1}}", CUVEE_E_FORMAT, "'one'"},
        {"empty name", "{\"weight_map\":{\"one\":\"\"}}", CUVEE_E_FORMAT, "'one': ''"},
        {"parent", "{\"weight_map\":{\"one\":\"..\"}}", CUVEE_E_FORMAT, "'one': '..'"},
        {"here", "{\"weight_map\":{\"one\":\".\"}}", CUVEE_E_FORMAT, "'one': '.'"},
        {"absolute", "{\"weight_map\":{\"one\":\"/etc/passwd\"}}", CUVEE_E_FORMAT, "'/etc/passwd'"},
        {"out of the directory", "{\"weight_map\":{\"one\":\"../a.safetensors\"}}", CUVEE_E_FORMAT,
         "'../a.safetensors'"},
        {"NUL", "{\"weight_map\":{\"one\":\"a.safetensors\\u0000x\"}}", CUVEE_E_FORMAT, "'one'"},
    };
    write_two_shards();
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_index(cases[i].index);
        open_bad(cases[i].what, cases[i].code, in_dir("model.safetensors.index.json"),
                 cases[i].says);
    }
    write_index("{\"weight_map\":{\"one\":\"a.safetensors\",\"two\":\"c.safetensors\"}}");
    open_bad("missing shard", CUVEE_E_IO, "shard 2 of 2", in_dir("c.safetensors"));
    write_index("{\"weight_map\":{\"one\":\"a.safetensors\",\"two\":\"a.safetensors\"}}");
    open_bad("wrong shard", CUVEE_E_FORMAT, "'two'", "a.safetensors");
    write_index("{\"weight_map\":{\"one\":\"a.safetensors\",\"two\":\"b.safetensors\"}}");
    write_safetensors("b.safetensors", ONE("U8", "[4]", "[0,4]"), 3, 0);
    open_bad("broken shard", CUVEE_E_FORMAT, "shard 2 of 2", in_dir("b.safetensors"));
    assert_int_equal(unlink(in_dir("model.safetensors.index.json")), 0);
    assert_int_equal(mkdir(in_dir("model.safetensors.index.json"), 0700), 0);
    open_bad("index a directory", CUVEE_E_FORMAT, "index.json", "a directory");
    assert_int_equal(rmdir(in_dir("model.safetensors.index.json")), 0);
}

static void too_many_shards(void **state)
{
    (void)state;
    FILE *f = fopen(in_dir("model.safetensors.index.json"), "wb");
    assert_non_null(f);
    for (int i = 0; i <= 1024; i++)
        fprintf(f, "%s\"t%d\":\"%d.safetensors\"", i ? "," : "{\"weight_map\":{", i, i);
    fputs("}}", f);
    assert_int_equal(fclose(f), 0);
    open_bad("1025 shards", CUVEE_E_LIMIT, "index.json", "1025 shards, limit is 1024");
}

/* ---- no safetensors ---- */

static void other_formats(void **state)
{
    (void)state;
    open_bad("nothing", CUVEE_E_IO, dir, "model.safetensors.index.json");
    static const char *const names[] = {"tf_model.h5", "model.onnx", "x.gguf", "pytorch_model.bin"};
    for (size_t i = 0; i < COUNT(names); i++) {
        write_bytes(names[i], "PK", 2);
        open_bad(names[i], CUVEE_E_UNSUPPORTED, dir, names[i]);
    }
    open_bad("pickle", CUVEE_E_UNSUPPORTED, "refs/pr", "safe_serialization=True");

    struct checkpoint *c = NULL;
    cuvee_error err;
    assert_int_equal(cuvee__checkpoint_open(in_dir("nowhere"), &c, &err), CUVEE_E_IO);
    assert_non_null(strstr(err.msg, "nowhere: no such directory"));
    assert_int_equal(cuvee__checkpoint_open(in_dir("x.gguf"), &c, &err), CUVEE_E_IO);
    assert_non_null(strstr(err.msg, "x.gguf: no such directory"));
    assert_int_equal(cuvee__checkpoint_open("", &c, &err), CUVEE_E_IO);
}

/* ---- hash and footprint ---- */

static void sha256_of_all_shards(void **state)
{
    (void)state;
    write_bytes("model.safetensors", "\2\0\0\0\0\0\0\0{}", 10);
    struct checkpoint *c = open_good();
    char hex[65], want[65];
    assert_int_equal(cuvee__checkpoint_sha256(c, hex, NULL), CUVEE_OK);
    struct sha256 h;
    cuvee__sha256_init(&h);
    cuvee__sha256_update(&h, "\2\0\0\0\0\0\0\0{}", 10);
    cuvee__sha256_final_hex(&h, want);
    assert_string_equal(hex, want);
    cuvee__checkpoint_close(c);
    unlink(in_dir("model.safetensors"));

    write_two_shards();
    write_index("{\"weight_map\":{\"one\":\"a.safetensors\",\"two\":\"b.safetensors\"}}");
    c = open_good();
    assert_int_equal(cuvee__checkpoint_sha256(c, hex, NULL), CUVEE_OK);
    cuvee__sha256_init(&h);
    static const char *const files[] = {"a.safetensors", "b.safetensors"};
    for (size_t i = 0; i < 2; i++) {
        char bytes[512];
        FILE *f = fopen(in_dir(files[i]), "rb");
        assert_non_null(f);
        cuvee__sha256_update(&h, bytes, fread(bytes, 1, sizeof bytes, f));
        fclose(f);
    }
    cuvee__sha256_final_hex(&h, want);
    assert_string_equal(hex, want);
    cuvee__checkpoint_close(c);
}

/* 64 MB of zeros, written for real so that the pages are in the page cache. */
static void pages_leave_the_footprint(void **state)
{
    (void)state;
    const size_t n_bytes = (size_t)64 << 20;
    write_safetensors("model.safetensors", ONE("F32", "[16777216]", "[0,67108864]"), n_bytes, 0);
    struct checkpoint *c = open_good();
    const struct tensor *t = cuvee__checkpoint_find(c, "x");
    const uint64_t before = cuvee__memory_pss();
    if (!before) skip();
    char hex[65];
    assert_int_equal(cuvee__checkpoint_sha256(c, hex, NULL), CUVEE_OK);
    const uint64_t hashed = cuvee__memory_pss();
    unsigned sum = 0;
    for (size_t i = 0; i < t->n_bytes; i += 512) sum += t->data[i];
    assert_int_not_equal(sum, 1);
    const uint64_t touched = cuvee__memory_pss();
    cuvee__tensor_release(c, t);
    const uint64_t released = cuvee__memory_pss();
    assert_true(touched > before + n_bytes / 2); /* else this test could not fail */
    assert_true(hashed < before + (4 << 20));
    assert_true(released < before + (4 << 20));
    cuvee__checkpoint_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(types_shapes_and_bytes, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(no_tensors_at_all, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(tiny_models_open, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(each_rule_broken_once, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(broken_before_the_header, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(limits_have_names, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(truncated_and_oversized, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(shards_by_index, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(bad_index, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(too_many_shards, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(other_formats, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(sha256_of_all_shards, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(pages_leave_the_footprint, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
