/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of reading: what a record is, what becomes of a bad one, columns, formats, encodings. Every
 * case is read twice, in blocks of one row and of many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "table_test.h"

struct read_case {
    const char *name; /* of the file: the suffix counts */
    struct reader_options options;
    const char *input;
    size_t len; /* 0 = up to the NUL */
    const char *rows;
};

#define BYTES(s) s, sizeof(s) - 1

static void check_cases(const struct read_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct read_case *c = &cases[i];
        write_file(c->name, c->input, c->len ? c->len : strlen(c->input));
        for (size_t max_rows = 1; max_rows <= 1000; max_rows += 999) {
            char *rows = read_rows(c->name, &c->options, max_rows);
            if (strcmp(rows, c->rows) != 0) print_error("case %zu: %s\n", i, c->input);
            assert_string_equal(rows, c->rows);
            cuvee__free(rows);
        }
        unlink(c->name);
    }
}

#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

#define AFTER_QUOTE " (a quote inside a quoted cell must be doubled)\n"

static void csv_records(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        {"a.csv", {0}, BYTES("text\na\nb\n"), "2:a\n3:b\n"},
        {"a.csv", {0}, BYTES("text\na\nb"), "2:a\n3:b\n"},
        {"a.csv", {0}, BYTES("text\r\na\r\nb\r\n"), "2:a\n3:b\n"},
        {"a.csv", {0}, BYTES("text\ra\rb\r"), "2:a\n3:b\n"},
        {"a.csv", {0}, BYTES("text\ra\rb"), "2:a\n3:b\n"},
        {"a.csv", {0}, BYTES("\xEF\xBB\xBFtext\na\n"), "2:a\n"},
        {"a.csv", {0}, BYTES("\xEF\xBB\xBF\"text\"\na\n"), "2:a\n"},
        /* A blank line is no record, an empty cell in quotes is; lines are counted all the same. */
        {"a.csv", {0}, BYTES("\n\ntext\n\n\na\n\n\"\"\n\r\nb\n\n"), "6:a\n8:\n10:b\n"},
        {"a.csv", {0}, BYTES("text,x\n,\n,1\n"), "2:\n3:\n"},
        {"a.csv", {0}, BYTES("x,text\n1,"), "2:\n"},
        /* Line ends, commas and quotes inside quotes; the line is the one the record starts on. */
        {"a.csv",
         {0},
         BYTES("text,n\n\"a\nb\r\nc\rd\",1\n\"e,f\",2\n\"g\"\"h\",3\n"),
         "2:a\\nb\\r\\nc\\rd\n6:e,f\n7:g\"h\n"},
        {"a.csv", {0}, BYTES("\"te\nxt\",text\n1,a\n"), "3:a\n"},
        /* Blanks belong to the cell. */
        {"a.csv", {0}, BYTES("text,n\n  a \t,1\n \n"), "2:  a \\9\n3: \n"},
        {"a.csv", {0}, BYTES("text\nx\0y\n"), "2:x\\0y\n"},
        {"a.csv",
         {0},
         BYTES("text\nbad \xFF\xC3 and \xE2\x82\n"),
         "2:bad \xEF\xBF\xBD\xEF\xBF\xBD and \xEF\xBF\xBD~3\n"},
        /* Replaced bytes in a column that nobody keeps are nobody's. */
        {"a.csv", {0}, BYTES("text,n\na,\xFF\n"), "2:a\n"},
        {"a.csv", {.keep_columns = true}, BYTES("text,n\na,\xFF\n"), "2:a~1[a][\xEF\xBF\xBD]\n"},
        {"a.tsv", {0}, BYTES("n\ttext\n1\ta,b\n"), "2:a,b\n"},
        {"a.csv", {.delimiter = ';'}, BYTES("n;text\n1;a,b\n"), "2:a,b\n"},
        {"a.csv", {.delimiter = ' '}, BYTES("n text\n1 a\n"), "2:a\n"},
        {"a.csv", {0}, BYTES("text\n"), ""},
        {"a.csv", {0}, BYTES("text"), ""},
        {"a.csv", {.no_header = true}, BYTES("a\nb\n"), "1:a\n2:b\n"},
        {"a.csv", {.no_header = true}, BYTES("\n\n\"x\ny\"\nb\n"), "3:x\\ny\n5:b\n"},
    };
    CHECK(cases);
}

static void csv_bad_records(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        /* Ragged rows. */
        {"a.csv",
         {.keep_columns = true},
         BYTES("text,n,m\na,1\nb,1,2,3\nc\nd,1,2\n"),
         "2:a[a][1]\n3!line 3: row has 4 cells, the header has "
         "3:b[b][1][2]\n4:c[c]\n5:d[d][1][2]\n"},
        {"a.csv",
         {0},
         BYTES("n,m,text\n1,2\n1,2,a\n"),
         "2!line 2: row has 2 cells, column 'text' would be cell 3\n3:a\n"},
        {"a.csv",
         {.pair_column = "m"},
         BYTES("text,m\na\nb,c\n"),
         "2!line 2: row has 1 cells, column 'm' would be cell 2:a\n3:b|c\n"},
        {"a.csv",
         {.no_header = true},
         BYTES("a\nb,c\n"),
         "1:a\n2!line 2: row has 2 cells, the first row has 1:b\n"},
        /* A quote in an unquoted cell is a character. */
        {"a.csv",
         {0},
         BYTES("text,n\n5\" pipe,1\na\"b\"c,2\n \"x\",3\nq\"\n"),
         "2:5\" pipe\n3:a\"b\"c\n4: \"x\"\n5:q\"\n"},
        /* Text after a closing quote costs the line that the record starts on, and no other. */
        {"a.csv",
         {0},
         BYTES("text,n\n\"say \"hi\"\",1\nb,2\n\"x\" ,3\nd,4\n"),
         "2!line 2: text after a closing quote" AFTER_QUOTE
         "3:b\n4!line 4: text after a closing quote" AFTER_QUOTE "5:d\n"},
        {"a.csv",
         {0},
         BYTES("n,text\n1,\"stray\n2,b\n3,c\n4,\"d\"\n5,e\n"),
         "2!line 2: text after a closing quote on line 5" AFTER_QUOTE "3:b\n4:c\n5:d\n6:e\n"},
        /* A quote that is never closed. */
        {"a.csv",
         {0},
         BYTES("n,text\n1,a\n2,\"open\n3,c\n\n4,d"),
         "2:a\n3!line 3: a quote is opened and never closed\n4:c\n6:d\n"},
        {"a.csv", {0}, BYTES("text\n\""), "2!line 2: a quote is opened and never closed\n"},
        {"a.csv",
         {0},
         BYTES("text\n\"a\r\n\"\"\r"),
         "2!line 2: a quote is opened and never closed\n3:\n"},
        {"a.csv",
         {.keep_columns = true},
         BYTES("text,n\nkept,\"x\"y\nb,2\n"),
         "2!line 2: text after a closing quote" AFTER_QUOTE "3:b[b][2]\n"},
    };
    CHECK(cases);
}

static void csv_columns(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        {"a.csv", {.column = "b"}, BYTES("a,b,text\n1,2,3\n"), "2:2\n"},
        {"a.csv", {.column = "1"}, BYTES("a,b,text\n1,2,3\n"), "2:2\n"},
        {"a.csv", {.column = "0"}, BYTES("a,b,0\n1,2,3\n"), "2:3\n"}, /* names beat indexes */
        {"a.csv", {.column = "a b"}, BYTES("\"a b\",x\n1,2\n"), "2:1\n"},
        {"a.csv", {.column = "\xEF\xBF\xBD"}, BYTES("\xFF,x\n1,2\n"), "2:1\n"},
        {"a.csv", {0}, BYTES("only\nx\n"), "2:x\n"},
        {"a.csv", {.column = ""}, BYTES("a,,b\n1,2,3\n"), "2:2\n"},
        {"a.csv", {.column = "a", .pair_column = "2"}, BYTES("a,b,c\n1,2,3\n"), "2:1|3\n"},
        {"a.csv", {.column = "a", .pair_column = "a"}, BYTES("a,b\n1,2\n"), "2:1|1\n"},
        {"a.csv", {.no_header = true, .column = "1"}, BYTES("a,b\n"), "1:b\n"},
        {"a.csv",
         {0},
         BYTES("a,b\n1,2\n"),
         "E bad format: a.csv: several columns and none is named 'text', choose one with "
         "--column; columns: a, b\n"},
        {"a.csv",
         {.column = "c"},
         BYTES("a,b\n1,2\n"),
         "E bad format: a.csv: no column 'c'; columns: a, b\n"},
        {"a.csv",
         {.column = "2"},
         BYTES("a,b\n1,2\n"),
         "E bad format: a.csv: no column '2'; columns: a, b\n"},
        {"a.csv",
         {.column = "+1"},
         BYTES("a,b\n1,2\n"),
         "E bad format: a.csv: no column '+1'; columns: a, b\n"},
        {"a.csv",
         {.column = "99999999999999999999999"},
         BYTES("a,b\n"),
         "E bad format: a.csv: no column '99999999999999999999999'; columns: a, b\n"},
        {"a.csv",
         {.column = "A"},
         BYTES("a,b\n1,2\n"),
         "E bad format: a.csv: no column 'A'; columns: a, b\n"},
        {"a.csv",
         {.pair_column = "c"},
         BYTES("text\n1\n"),
         "E bad format: a.csv: no column 'c'; columns: text\n"},
        {"a.csv",
         {.no_header = true},
         BYTES("a,text\n"),
         "E bad format: a.csv: several columns and none is named 'text', choose one with "
         "--column; columns: 0, 1\n"},
        {"a.csv",
         {.column = "a"},
         BYTES("a,b,a\n1,2,3\n"),
         "E bad format: a.csv: column 'a' is there twice, as 0 and 2; choose it by that index\n"},
        {"a.csv", {.column = "2"}, BYTES("a,b,a\n1,2,3\n"), "2:3\n"},
        {"a.csv", {.column = "b"}, BYTES("a,b,a\n1,2,3\n"), "2:2\n"}, /* two others may be equal */
        {"a.csv",
         {0},
         BYTES("text,\"x\n"),
         "E bad format: a.csv: header: line 1: a quote is opened and never closed\n"},
        {"a.csv",
         {.delimiter = '"'},
         BYTES("text\n"),
         "E bad argument: a.csv: a quote or a line end cannot be the delimiter\n"},
        {"a.csv", {0}, BYTES("\n\n"), "E bad format: a.csv: empty file: no header\n"},
    };
    CHECK(cases);
    char *rows = NULL;
    write_file("empty.csv", "", 0);
    rows = read_rows("empty.csv", &(struct reader_options){0}, 10);
    assert_string_equal(rows, "E bad format: empty.csv: empty file: no header\n");
    cuvee__free(rows);
    rows = read_rows("empty.csv", &(struct reader_options){.no_header = true, .column = "3"}, 10);
    assert_string_equal(rows, "");
    cuvee__free(rows);
}

static void csv_header_is_told(void **state)
{
    (void)state;
    static const struct {
        bool no_header;
        size_t n;
        const char *names[3];
    } cases[] = {{false, 3, {"text", "a\nb", ""}}, {true, 3, {"0", "1", "2"}}};
    write_file("a.csv", BYTES("text,\"a\nb\",\nx,y,z\n"));
    for (size_t i = 0; i < 2; i++) {
        const struct reader_options options = {.column = "0", .no_header = cases[i].no_header};
        struct reader *r;
        assert_int_equal(cuvee__reader_open("a.csv", &options, &r, NULL), CUVEE_OK);
        assert_int_equal(cuvee__reader_format(r), TABLE_CSV);
        assert_int_equal(cuvee__reader_n_columns(r), cases[i].n);
        for (size_t k = 0; k < cases[i].n; k++)
            assert_true(span_is(cuvee__reader_column(r, k), cases[i].names[k]));
        assert_int_equal(cuvee__reader_column(r, 3).len, 0);
        cuvee__reader_close(r);
    }
}

static void jsonl_records(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        {"a.jsonl", {0}, BYTES("{\"text\":\"a\"}\n{\"n\":1,\"text\":\"b\"}"), "1:a\n2:b\n"},
        {"a.ndjson", {0}, BYTES("{\"text\":\"a\"}\r\n\r\n  \t\n{\"text\":\"\"}\n\n"), "1:a\n4:\n"},
        {"a.jsonl", {0}, BYTES("\xEF\xBB\xBF{\"text\":\"a\"}\n"), "1:a\n"},
        {"a.jsonl",
         {.column = "x", .pair_column = "y"},
         BYTES("{\"x\":\"a\",\"y\":\"b\"}\n"),
         "1:a|b\n"},
        {"a.jsonl", {0}, BYTES("{\"id\":18446744073709551616,\"text\":\"a\"}\n"), "1:a\n"},
        {"a.jsonl", {.column = "0"}, BYTES("{\"0\":\"a\"}\n"), "1:a\n"},
        {"a.jsonl",
         {0},
         BYTES("{\"text\":\"x\\u0000y\\ud83d\\ude00\\n\"}\n"),
         "1:x\\0y\xF0\x9F\x98\x80\\n\n"},
        {"a.jsonl",
         {.keep_columns = true},
         BYTES(" { \"text\" : \"\\u0061\", \"n\": 1.0e+02 }  \n"),
         "1:a[{ \"text\" : \"\\\\u0061\", \"n\": 1.0e+02 }]\n"},
        {"a.jsonl",
         {.keep_columns = true},
         BYTES("{\"n\":1}\n[1]\n"),
         "1!line 1: key 'text' is missing[{\"n\":1}]\n2!line 2: not a JSON object\n"},
    };
    CHECK(cases);
    write_file("a.jsonl", "", 0);
    char *rows = read_rows("a.jsonl", &(struct reader_options){0}, 10);
    assert_string_equal(rows, "");
    cuvee__free(rows);
}

static void jsonl_bad_records(void **state)
{
    (void)state;
    /* Each is the middle one of three lines: the other two must come out as they are. */
    static const struct {
        const char *line, *reason; /* how it starts */
    } cases[] = {
        {"{\"x\":\"a\"}", "key 'text' is missing"},
        {"{\"text\":null}", "key 'text' is null, not a string"},
        {"{\"text\":1}", "key 'text' is a number, not a string"},
        {"{\"text\":1.5}", "key 'text' is a number, not a string"},
        {"{\"text\":true}", "key 'text' is true, not a string"},
        {"{\"text\":false}", "key 'text' is false, not a string"},
        {"{\"text\":[\"a\"]}", "key 'text' is an array, not a string"},
        {"{\"text\":{}}", "key 'text' is an object, not a string"},
        {"{\"text\":\"a\",\"text\":\"b\"}", "not JSON at byte "},
        {"{\"text\":\"\\ud800\"}", "not JSON at byte "},
        {"{\"text\":\"\\udc00x\"}", "not JSON at byte "},
        {"{\"text\":\"\xED\xA0\x80\"}", "not JSON at byte "},
        {"{\"text\":\"\xFF\"}", "not JSON at byte "},
        {"{\"text\":\"a\x01\"}", "not JSON at byte "},
        {"{\"text\":\"a\"} x", "not JSON at byte "},
        {"{\"text\":\"a\"}{\"text\":\"b\"}", "not JSON at byte "},
        {"{\"text\":\"a\",}", "not JSON at byte "},
        {"{\"text\":\"a\"", "not JSON at byte "},
        {"{\"text\":\"a\",\"n\":NaN}", "not JSON at byte "},
        {"{\"text\":\"a\",\"n\":1e999}", "not JSON at byte "},
        {"{'text':'a'}", "not JSON at byte "},
        {"text", "not JSON at byte "},
        {"\"text\"", "not a JSON object"},
        {"42", "not a JSON object"},
        {"[\"text\"]", "not a JSON object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char input[256], expected[256];
        snprintf(input, sizeof input, "{\"text\":\"1\"}\n%s\n{\"text\":\"3\"}\n", cases[i].line);
        write_file("a.jsonl", input, strlen(input));
        char *rows = read_rows("a.jsonl", &(struct reader_options){0}, 10);
        snprintf(expected, sizeof expected, "1:1\n2!line 2: %s", cases[i].reason);
        if (strncmp(rows, expected, strlen(expected)) != 0) print_error("%s\n%s\n", input, rows);
        assert_int_equal(strncmp(rows, expected, strlen(expected)), 0);
        const char *rest = strchr(rows + strlen(expected), '\n');
        assert_non_null(rest);
        assert_string_equal(rest, "\n3:3\n");
        cuvee__free(rows);
    }
    /* A NUL is no blank, and no end of the line either. */
    write_file("a.jsonl", BYTES("\0\n{\"text\":\"a\"}\0\n"));
    char *rows = read_rows("a.jsonl", &(struct reader_options){0}, 10);
    assert_int_equal(strncmp(rows, "1!line 1: not JSON", 18), 0);
    assert_non_null(strstr(rows, "\n2!line 2: not JSON"));
    cuvee__free(rows);
}

static void text_lines(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        {"a.txt", {0}, BYTES("a\n\n b \r\n\r\nc"), "1:a\n2:\n3: b \n4:\n5:c\n"},
        {"a.txt", {0}, BYTES("\n"), "1:\n"},
        {"a.txt", {0}, BYTES("a\rb\n\rc\r\r\nd\r"), "1:a\\rb\n2:\\rc\\r\n3:d\\r\n"},
        {"a.txt", {0}, BYTES("\xEF\xBB\xBFx\0y\n"), "1:x\\0y\n"},
        {"a.txt", {0}, BYTES("\xFF\n\xC3"), "1:\xEF\xBF\xBD~1\n2:\xEF\xBF\xBD~1\n"},
        {"a.txt",
         {.column = "text"},
         BYTES("a\n"),
         "E bad argument: a.txt: plain text has no columns to choose from\n"},
        {"a.txt", {.keep_columns = true}, BYTES("a\n"), "1:a\n"},
    };
    CHECK(cases);
}

static void format_is_found(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        {"A.CSV", {0}, BYTES("text\n{\n"), "2:{\n"},
        {"a.JSONL", {0}, BYTES("{\"text\":\"a\"}"), "1:a\n"},
        {"a.txt", {0}, BYTES("{\"text\":\"a\"}"), "1:{\"text\":\"a\"}\n"},
        {"unknown", {0}, BYTES(" \n {\"text\":\"a\"}"), "2:a\n"},
        {"unknown", {0}, BYTES("text\na"), "1:text\n2:a\n"},
        {"unknown", {.column = "text"}, BYTES("text\na"), "2:a\n"},
        {"unknown", {.pair_column = "0"}, BYTES("text\na"), "2:a|a\n"},
        {"unknown", {.delimiter = ';'}, BYTES("text;x\na;b"), "2:a\n"},
        {"unknown", {.no_header = true}, BYTES("text\na"), "1:text\n2:a\n"},
        {"unknown", {.column = "x"}, BYTES("{\"x\":\"a\"}"), "1:a\n"},
        {"unknown", {0}, BYTES("\n \n\n"), "1:\n2: \n3:\n"},
        {"csv", {0}, BYTES("a,b\n"), "1:a,b\n"},
        /* An option beats the suffix, the suffix beats the first byte. */
        {"a.csv", {.format = TABLE_TEXT}, BYTES("text\n\"a\"\n"), "1:text\n2:\"a\"\n"},
        {"a.txt", {.format = TABLE_CSV}, BYTES("text\n\"a\"\n"), "2:a\n"},
        {"a.csv", {.format = TABLE_JSONL}, BYTES("{\"text\":\"a\"}"), "1:a\n"},
        /* *.json: objects a line, or an error that says so. */
        {"a.json", {0}, BYTES("\n{\"text\":\"a\"}\n{\"text\":\"b\"}\n"), "2:a\n3:b\n"},
        {"a.json",
         {0},
         BYTES("{\"text\":\"a\",}\n{\"text\":\"b\"}\n"),
         "1!line 1: not JSON at byte 12: key expected\n2:b\n"},
        {"a.json",
         {0},
         BYTES("{\n  \"text\": \"a\"\n}\n"),
         "E bad format: a.json: this is one JSON document; JSON Lines are needed, an object a "
         "line: convert "
         "it with `jq -c '.[]' FILE` (an array) or `jq -c . FILE`\n"},
        {"a.json",
         {0},
         BYTES("[{\"text\":\"a\"}]\n"),
         "E bad format: a.json: this is one JSON document; JSON Lines are needed, an object a "
         "line: convert "
         "it with `jq -c '.[]' FILE` (an array) or `jq -c . FILE`\n"},
    };
    CHECK(cases);
}

static void encodings(void **state)
{
    (void)state;
    static const struct read_case cases[] = {
        {"a.txt", {.encoding = "latin1"}, BYTES("caf\xE9\n\x80\n"), "1:caf\xC3\xA9\n2:\xC2\x80\n"},
        {"a.txt",
         {.encoding = "CP1252"},
         BYTES("\x80 \x81!\n\xE9\n"),
         "1:\xE2\x82\xAC \xEF\xBF\xBD!~1\n2:\xC3\xA9\n"},
        {"a.txt", {.encoding = "utf-8"}, BYTES("\xEF\xBB\xBF\xC3\xA9\n"), "1:\xC3\xA9\n"},
        {"a.txt", {.encoding = "UTF8"}, BYTES("\xFF\xFE\n"), "1:\xEF\xBF\xBD\xEF\xBF\xBD~2\n"},
        /* A UTF-16 mark needs no option; lone surrogates and half a unit at the end are
         * replaced. */
        {"a.txt",
         {0},
         BYTES("\xFF\xFEh\0\xE9\0\n\0\x3D\xD8\x00\xDE\n\0"),
         "1:h\xC3\xA9\n2:\xF0\x9F\x98\x80\n"},
        {"a.txt",
         {0},
         BYTES("\xFE\xFF\0h\0\xE9\0\n\xD8\x3D\xDE\x00\0\n"),
         "1:h\xC3\xA9\n2:\xF0\x9F\x98\x80\n"},
        {"a.txt",
         {0},
         BYTES("\xFF\xFE\x00\xD8x\0\n\0y\0z"),
         "1:\xEF\xBF\xBDx~1\n2:y\xEF\xBF\xBD~1\n"},
        {"a.txt", {0}, BYTES("\xFF\xFE"), ""},
        {"a.txt", {.encoding = "utf-16le"}, BYTES("\xFF\xFEh\0\n\0"), "1:h\n"},
        {"a.txt", {.encoding = "utf-16"}, BYTES("\xFE\xFF\0h\0\n"), "1:h\n"},
        {"a.txt",
         {.encoding = "utf-32le"},
         BYTES("h\0\0\0\0\xD8\0\0i\0\0\0"),
         "1:h\xEF\xBF\xBDi~1\n"},
        {"a.csv", {0}, BYTES("\xFF\xFEt\0e\0x\0t\0\r\0\n\0\"\0,\0\"\0"), "2:,\n"},
        {"a.jsonl", {.encoding = "latin1"}, BYTES("{\"text\":\"\xE9\"}\n"), "1:\xC3\xA9\n"},
        /* Stateful: the shift state lasts to the end of the input. */
        {"a.txt", {.encoding = "ISO-2022-JP"}, BYTES("\x1B$B$\"\x1B(B!\n"), "1:\xE3\x81\x82!\n"},
        {"a.txt",
         {.encoding = "SHIFT_JIS"},
         BYTES("\x82\xA0\x82"),
         "1:\xE3\x81\x82\xEF\xBF\xBD~1\n"},
        {"a.txt",
         {.encoding = "no-such"},
         BYTES("x"),
         "E bad argument: a.txt: encoding 'no-such' is unknown; `iconv -l` lists them\n"},
    };
    CHECK(cases);
    /* What the encoding cannot decode is, in JSON, an error row like any invalid byte. */
    write_file("a.jsonl", BYTES("{\"text\":\"\x81\"}\n{\"text\":\"\x80\"}\n"));
    char *rows = read_rows("a.jsonl", &(struct reader_options){.encoding = "CP1252"}, 10);
    assert_int_equal(strncmp(rows, "1!line 1: not JSON at byte ", 27), 0);
    assert_non_null(strstr(rows, "\n2:\xE2\x82\xAC\n"));
    cuvee__free(rows);
}

/* Any encoding, over many reads: characters are cut at every place a chunk can end. */
static void long_encoded_input(void **state)
{
    (void)state;
    struct buffer in = {0}, out = {0};
    cuvee__buffer_append(&in, "\xFF\xFE", 2);
    for (unsigned i = 0; i < 60000; i++) {
        cuvee__buffer_append(&in, "\x3D\xD8\x00\xDE\xE9\x00\n\x00", i % 7 ? 8 : 4);
        cuvee__buffer_append_str(&out, i % 7 ? "\xF0\x9F\x98\x80\xC3\xA9\n" : "\xF0\x9F\x98\x80");
    }
    write_file("a.txt", in.ptr, in.len);
    struct reader *r;
    struct row_block block = {0};
    struct buffer got = {0};
    assert_int_equal(cuvee__reader_open("a.txt", &(struct reader_options){0}, &r, NULL), CUVEE_OK);
    for (bool end = false; !end;) {
        cuvee__row_block_clear(&block);
        assert_int_equal(cuvee__reader_fill(r, &block, 100, SIZE_MAX, NULL, &end, NULL), CUVEE_OK);
        for (size_t i = 0; i < block.n_rows; i++) {
            const struct span text = block_span(&block, block.rows[i].text);
            assert_int_equal(block.rows[i].n_replaced, 0);
            cuvee__buffer_append(&got, text.ptr, text.len);
            cuvee__buffer_append_char(&got, '\n');
        }
    }
    assert_int_equal(got.len, out.len);
    assert_memory_equal(got.ptr, out.ptr, out.len);
    cuvee__reader_close(r);
    cuvee__row_block_deinit(&block);
    cuvee__buffer_deinit(&in);
    cuvee__buffer_deinit(&out);
    cuvee__buffer_deinit(&got);
}

static void deep_json_is_a_row(void **state)
{
    (void)state;
    const size_t n = 1 << 20;
    char *deep = cuvee__malloc(n);
    memset(deep, '[', n);
    write_file("a.jsonl", deep, n);
    char *rows = read_rows("a.jsonl", &(struct reader_options){0}, 10);
    assert_int_equal(strncmp(rows, "1!line 1: not JSON at byte ", 27), 0);
    cuvee__free(rows);
    write_file("a.txt", deep, n);
    rows = read_rows("a.txt", &(struct reader_options){0}, 10);
    assert_int_equal(strlen(rows), n + 3);
    cuvee__free(rows);
    cuvee__free(deep);
}

static void too_long_records_are_rows(void **state)
{
    (void)state;
    static const struct {
        const char *name, *before, *after, *rows;
    } cases[] = {
        {"a.txt", "1\n", "\n3\n", "1:1\n2!line 2: longer than 67108864 bytes\n3:3\n"},
        {"a.jsonl", "{\"text\":\"1\"}\n{\"text\":\"", "\"}\n{\"text\":\"3\"}\n",
         "1:1\n2!line 2: longer than 67108864 bytes\n3:3\n"},
        {"a.csv", "text\n1\n", "\r\n3\n",
         "2:1\n3!line 3: record longer than 67108864 bytes; a quote left open?\n4:3\n"},
        {"a.csv", "text\n1\n\"open\n", "\n3\n",
         "2:1\n3!line 3: record longer than 67108864 bytes; a quote left open?\n"
         "4!line 4: record longer than 67108864 bytes; a quote left open?\n5:3\n"},
    };
    const size_t n = TABLE_MAX_RECORD_BYTES;
    char *filler = cuvee__malloc(n);
    memset(filler, 'x', n);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        FILE *f = fopen(cases[i].name, "wb");
        assert_non_null(f);
        fputs(cases[i].before, f);
        assert_int_equal(fwrite(filler, 1, n, f), n);
        fputs(cases[i].after, f);
        fclose(f);
        char *rows = read_rows(cases[i].name, &(struct reader_options){0}, 10);
        assert_string_equal(rows, cases[i].rows);
        cuvee__free(rows);
        unlink(cases[i].name);
    }
    /* Exactly as long as may be, line end included. */
    filler[n - 1] = '\n';
    write_file("a.txt", filler, n);
    char *rows = read_rows("a.txt", &(struct reader_options){0}, 10);
    assert_int_equal(strlen(rows), n + 2);
    cuvee__free(rows);
    unlink("a.txt");
    cuvee__free(filler);
}

/* Lines that each open what the one before closed, and all fail at the very end: read in linear
 * time, or this does not end. */
static void lines_that_fail_together(void **state)
{
    (void)state;
    static const struct {
        const char *last, *reason;
    } cases[] = {{"", ": a quote is opened and never closed\n"},
                 {"\"x", ": text after a closing quote on line 500002" AFTER_QUOTE}};
    for (size_t i = 0; i < 2; i++) {
        struct buffer in = {0};
        cuvee__buffer_append_str(&in, "text\n");
        for (int k = 0; k < 500000; k++) cuvee__buffer_append_str(&in, "x\",\"\n");
        cuvee__buffer_append_str(&in, cases[i].last);
        write_file("a.csv", in.ptr, in.len);
        cuvee__buffer_deinit(&in);
        char *rows = read_rows("a.csv", &(struct reader_options){0}, 1000);
        size_t n = 0;
        for (const char *p = rows; *p; p = strchr(p, '\n') + 1, n++) {
            char expected[160];
            snprintf(expected, sizeof expected, "%zu!line %zu%s", n + 2, n + 2, cases[i].reason);
            if (n < 500000) assert_memory_equal(p, expected, strlen(expected));
        }
        assert_int_equal(n, 500000 + i);
        cuvee__free(rows);
    }
}

static void too_many_columns(void **state)
{
    (void)state;
    struct buffer header = {0};
    for (size_t i = 0; i <= TABLE_MAX_COLUMNS; i++)
        cuvee__buffer_append_str(&header, i ? ",a" : "text");
    write_file("a.csv", header.ptr, header.len);
    char *rows = read_rows("a.csv", &(struct reader_options){0}, 10);
    assert_string_equal(rows, "E limit exceeded: a.csv: the header has more than 4096 columns\n");
    cuvee__free(rows);
    write_file("a.csv", header.ptr, header.len - 2);
    rows = read_rows("a.csv", &(struct reader_options){0}, 10);
    assert_string_equal(rows, "");
    cuvee__free(rows);
    cuvee__buffer_deinit(&header);
}

static void blocks_end_at_max_bytes(void **state)
{
    (void)state;
    write_file("a.txt", BYTES("aaaa\nbbbb\ncccc\n"));
    struct reader *r;
    struct row_block block = {0};
    bool end = false;
    assert_int_equal(cuvee__reader_open("a.txt", &(struct reader_options){0}, &r, NULL), CUVEE_OK);
    assert_int_equal(cuvee__reader_fill(r, &block, 100, 5, NULL, &end, NULL), CUVEE_OK);
    assert_int_equal(block.n_rows, 2);
    assert_false(end);
    assert_int_equal(cuvee__reader_fill(r, &block, 100, 5, NULL, &end, NULL), CUVEE_OK);
    assert_int_equal(block.n_rows, 2); /* a full block takes no row */
    assert_int_equal(cuvee__reader_fill(r, &block, 100, 100, NULL, &end, NULL), CUVEE_OK);
    assert_int_equal(block.n_rows, 3);
    assert_true(end);
    cuvee__reader_close(r);
    cuvee__row_block_deinit(&block);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int os_errno;
        const char *msg;
    } cases[] = {
        {"no-such.csv", ENOENT, "no-such.csv: cannot open: No such file or directory"},
        {".", EISDIR, ".: cannot read: Is a directory"},
        {"no-such/a.csv", ENOENT, "no-such/a.csv: cannot open: No such file or directory"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader *r;
        cuvee_error err;
        assert_int_equal(cuvee__reader_open(cases[i].path, &(struct reader_options){0}, &r, &err),
                         CUVEE_E_IO);
        assert_int_equal(err.os_errno, cases[i].os_errno);
        assert_string_equal(err.msg, cases[i].msg);
    }
    if (geteuid() != 0) { /* root may read anything */
        write_file("locked.txt", "x", 1);
        chmod("locked.txt", 0);
        char *rows = read_rows("locked.txt", &(struct reader_options){0}, 10);
        assert_string_equal(
            rows, "E input or output error: locked.txt: cannot open: Permission denied\n");
        cuvee__free(rows);
    }
    /* A read that fails: nothing is mapped at the start of this process's memory. */
    char *rows = read_rows("/proc/self/mem", &(struct reader_options){0}, 10);
    assert_string_equal(rows, "E input or output error: /proc/self/mem: cannot read on at byte 0: "
                              "Input/output error\n");
    cuvee__free(rows);
}

static void wine_reviews(void **state)
{
    (void)state;
    const struct reader_options options = {.column = "description", .keep_columns = true};
    char *rows = read_rows(SOURCE_DIR "/examples/wine-reviews.csv", &options, 64);
    size_t n = 0, n_errors = 0;
    for (const char *p = rows; *p; p = strchr(p, '\n') + 1) {
        n++;
        if (p[strspn(p, "0123456789")] != ':') n_errors++;
    }
    assert_int_equal(n, 1000);
    assert_int_equal(n_errors, 0);
    cuvee__free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_records),
        cmocka_unit_test(csv_bad_records),
        cmocka_unit_test(csv_columns),
        cmocka_unit_test(csv_header_is_told),
        cmocka_unit_test(jsonl_records),
        cmocka_unit_test(jsonl_bad_records),
        cmocka_unit_test(text_lines),
        cmocka_unit_test(format_is_found),
        cmocka_unit_test(encodings),
        cmocka_unit_test(long_encoded_input),
        cmocka_unit_test(deep_json_is_a_row),
        cmocka_unit_test(too_long_records_are_rows),
        cmocka_unit_test(lines_that_fail_together),
        cmocka_unit_test(too_many_columns),
        cmocka_unit_test(blocks_end_at_max_bytes),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(wine_reviews),
    };
    return cmocka_run_group_tests(tests, table_test_enter, table_test_leave);
}
