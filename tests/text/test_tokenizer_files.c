/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that are wrong, unknown or only unusual: each gets its code and a line that names the file
 * and the place, or opens as the reference does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "text/pipeline.h"
#include "text_test.h"

static const char *dir;

static int enter(void **state)
{
    (void)state;
    dir = make_directory();
    return 0;
}

static int leave(void **state)
{
    (void)state;
    remove_directory();
    return 0;
}

static void expect_error(int rc, const cuvee_error *err, int code, const char *part)
{
    if (rc != code || !strstr(err->msg, part) || strchr(err->msg, '\n'))
        fail_msg("%s (%s), need %s with '%s'", err->msg, cuvee_code_name(rc), cuvee_code_name(code),
                 part);
}

/* The directory must be refused with this code and a message that holds `part`; nothing stays
 * behind. */
static void refused(size_t rows, int code, const char *part)
{
    cuvee_error err = {.msg = "opened"};
    struct tokenizer *t = NULL;
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const int rc = cuvee__tokenizer_open(dir, rows, &t, &err);
    expect_error(rc, &err, code, part);
    assert_null(t);
    assert_int_equal(cuvee__alloc_count() - cuvee__free_count(), live);
}

static void json_refused(const char *json, int code, const char *part)
{
    cuvee_error err = {.msg = "opened"};
    struct tokenizer *t = NULL;
    const uint64_t live = cuvee__alloc_count() - cuvee__free_count();
    const int rc = cuvee__tokenizer_open_json(span_of(json), "t", SMALL_ROWS, &t, &err);
    expect_error(rc, &err, code, part);
    if (strncmp(err.msg, "t: ", 3) != 0) fail_msg("%s", err.msg);
    assert_null(t);
    assert_int_equal(cuvee__alloc_count() - cuvee__free_count(), live);
}

static void not_a_tokenizer(void **state)
{
    (void)state;
    refused(10, CUVEE_E_FORMAT, "neither tokenizer.json nor vocab.txt");
    put_file("tokenizer.json", "");
    refused(10, CUVEE_E_FORMAT, "/tokenizer.json: not JSON");
    put_file("tokenizer.json", "[]");
    refused(10, CUVEE_E_FORMAT, "tokenizer.json: document: need an object, found a list");
    put_file("tokenizer.json", "{}");
    refused(10, CUVEE_E_FORMAT, "tokenizer.json: model: need an object, found nothing");
    put_file("tokenizer.json", "{\"model\": {}, \"model\": {}}");
    refused(10, CUVEE_E_FORMAT, "duplicate");
    put_file("tokenizer.json", NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/tokenizer.json", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    refused(10, CUVEE_E_FORMAT, "is a directory");
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(10, CUVEE_E_FORMAT, "is a FIFO");
    assert_int_equal(remove(path), 0);

    FILE *f = fopen(path, "wb"); /* sparse */
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)CUVEE__MAX_TOKENIZER_FILE, SEEK_SET), 0);
    assert_int_equal(fputc('x', f), 'x');
    assert_int_equal(fclose(f), 0);
    refused(10, CUVEE_E_LIMIT, "/tokenizer.json: 67108865 bytes, limit is 67108864");

    char *deep = malloc(1000001);
    assert_non_null(deep);
    memset(deep, '[', 1000000);
    deep[1000000] = '\0';
    put_file("tokenizer.json", deep);
    refused(10, CUVEE_E_FORMAT, "/tokenizer.json: not JSON");
    free(deep);
    put_file("tokenizer.json", NULL);
}

#define MODEL(unk, prefix, chars, vocab)                                                           \
    "{\"type\": \"WordPiece\", \"unk_token\": " unk ", \"continuing_subword_prefix\": " prefix     \
    ", \"max_input_chars_per_word\": " chars ", \"vocab\": " vocab "}"
#define UNK_ONLY "{\"[UNK]\": 0}"

static void wrong_model(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        int code;
        const char *part;
    } cases[] = {
        {"[]", CUVEE_E_FORMAT, "model: need an object, found a list"},
        {"{\"type\": 1}", CUVEE_E_FORMAT, "model.type: need a string, found an integer"},
        {"{\"type\": \"BPE\"}", CUVEE_E_UNSUPPORTED, "model of type 'BPE' is not supported"},
        {"{\"merges\": [], \"vocab\": {}}", CUVEE_E_UNSUPPORTED, "model of type 'BPE'"},
        {"{\"vocab\": []}", CUVEE_E_UNSUPPORTED, "model of type 'Unigram'"},
        {"{\"vocab\": {}}", CUVEE_E_UNSUPPORTED, "model of type 'WordLevel'"},
        {MODEL("null", "\"\"", "1", UNK_ONLY), CUVEE_E_FORMAT,
         "model.unk_token: need a string, found null"},
        {MODEL("\"x\"", "\"\"", "1", UNK_ONLY), CUVEE_E_FORMAT,
         "unknown token 'x' is not in the vocabulary"},
        {MODEL("\"[UNK]\"", "2", "1", UNK_ONLY), CUVEE_E_FORMAT, "model.continuing_subword_prefix"},
        {MODEL("\"[UNK]\"", "\"\"", "\"9\"", UNK_ONLY), CUVEE_E_FORMAT,
         "max_input_chars_per_word: need an integer"},
        {MODEL("\"[UNK]\"", "\"\"", "0", UNK_ONLY), CUVEE_E_FORMAT,
         "max_input_chars_per_word is 0, need 1 to"},
        {MODEL("\"[UNK]\"", "\"\"", "9000000000000", UNK_ONLY), CUVEE_E_FORMAT, "need 1 to 10000"},
        {MODEL("\"[UNK]\"", "\"\"", "9", "{}"), CUVEE_E_FORMAT, "model.vocab is empty"},
        {MODEL("\"[UNK]\"", "\"\"", "9", "[\"[UNK]\"]"), CUVEE_E_FORMAT,
         "model.vocab: need an object, found a list"},
        {MODEL("\"[UNK]\"", "\"\"", "9", "{\"a\": \"0\"}"), CUVEE_E_FORMAT,
         "model.vocab.a: need an id, found a string"},
        {MODEL("\"[UNK]\"", "\"\"", "9", "{\"a\": 0.0}"), CUVEE_E_FORMAT,
         "model.vocab.a: need an id, found a number"},
        {MODEL("\"[UNK]\"", "\"\"", "9", "{\"[UNK]\": 0, \"a\": 10}"), CUVEE_E_FORMAT,
         "token 'a' has id 10, the model has rows for 0 to 9"},
        {MODEL("\"[UNK]\"", "\"\"", "9", "{\"[UNK]\": 0, \"a\": -1}"), CUVEE_E_FORMAT,
         "token 'a' has id -1"},
        {MODEL("\"[UNK]\"", "\"\"", "9", "{\"[UNK]\": 0, \"a\": 4294967296}"), CUVEE_E_FORMAT,
         "4294967296"},
        {MODEL("\"[UNK]\"", "\"\"", "9", "{\"[UNK]\": 3, \"a\": 3}"), CUVEE_E_FORMAT,
         "both have id 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        json_refused(small_json(NULL, NULL, NULL, NULL, cases[i].model), cases[i].code,
                     cases[i].part);
}

static void wrong_sections(void **state)
{
    (void)state;
    static const struct {
        int section; /* argument of small_json(): 1 normalizer, 2 pre_tokenizer, 3 post_processor */
        const char *value;
        int code;
        const char *part;
    } cases[] = {
        {1, "{\"type\": \"NFKC\"}", CUVEE_E_UNSUPPORTED,
         "normalizer of type 'NFKC' is not supported"},
        {1, "{}", CUVEE_E_FORMAT, "normalizer.type: need a string, found nothing"},
        {1, "[]", CUVEE_E_FORMAT, "normalizer.type: need a string"},
        {1, "{\"type\": \"BertNormalizer\"}", CUVEE_E_FORMAT,
         "normalizer.clean_text: need a boolean"},
        {1, "{\"type\": \"Sequence\"}", CUVEE_E_FORMAT, "normalizer.normalizers: need a list"},
        {1,
         "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFD\"}, {\"type\": "
         "\"Replace\"}]}",
         CUVEE_E_UNSUPPORTED, "'Replace'"},
        {2, "null", CUVEE_E_UNSUPPORTED, "no pre_tokenizer"},
        {2, "{\"type\": \"ByteLevel\"}", CUVEE_E_UNSUPPORTED, "pre_tokenizer of type 'ByteLevel'"},
        {2, "{\"type\": \"Sequence\", \"pretokenizers\": []}", CUVEE_E_UNSUPPORTED, "'Sequence'"},
        {2, "3", CUVEE_E_FORMAT, "pre_tokenizer.type: need a string"},
        {3, "null", CUVEE_E_UNSUPPORTED, "no post_processor"},
        {3, "{\"type\": \"RobertaProcessing\"}", CUVEE_E_UNSUPPORTED, "'RobertaProcessing'"},
        {3, "{\"type\": \"BertProcessing\", \"sep\": [\"[SEP]\", 3], \"cls\": [\"[CLS]\"]}",
         CUVEE_E_FORMAT, "post_processor.cls"},
        {3, "{\"type\": \"BertProcessing\", \"sep\": [\"[SEP]\", 10], \"cls\": [\"[CLS]\", 2]}",
         CUVEE_E_FORMAT, "token '[SEP]' has id 10"},
        {3,
         "{\"type\": \"TemplateProcessing\", \"single\": \"$A\", \"pair\": [], \"special_tokens\": "
         "{}}",
         CUVEE_E_FORMAT, "post_processor.single: need a list"},
        {3,
         "{\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"[X]\", "
         "\"type_id\": 0}}],"
         " \"pair\": [], \"special_tokens\": {}}",
         CUVEE_E_FORMAT, "special_tokens lacks '[X]'"},
        {3,
         "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\", "
         "\"type_id\": 0}}],"
         " \"pair\": [], \"special_tokens\": {}}",
         CUVEE_E_UNSUPPORTED, "post_processor.single adds no special token"},
        {3,
         "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"B\", "
         "\"type_id\": 0}}],"
         " \"pair\": [], \"special_tokens\": {}}",
         CUVEE_E_UNSUPPORTED, "single has text A 0 times and text B 1 times"},
        {3,
         "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"C\", "
         "\"type_id\": 0}}],"
         " \"pair\": [], \"special_tokens\": {}}",
         CUVEE_E_FORMAT, "sequence 'C'"},
        {3,
         "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": {\"id\": \"A\", "
         "\"type_id\": 999}}],"
         " \"pair\": [], \"special_tokens\": {}}",
         CUVEE_E_FORMAT, "type_id is 999"},
        {3,
         "{\"type\": \"TemplateProcessing\", \"single\": [7], \"pair\": [], \"special_tokens\": "
         "{}}",
         CUVEE_E_FORMAT, "Sequence: need an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *section[4] = {NULL, NULL, NULL, NULL};
        section[cases[i].section] = cases[i].value;
        json_refused(small_json(NULL, section[1], section[2], section[3], NULL), cases[i].code,
                     cases[i].part);
    }
}

#define TOKEN(id, content, normalized)                                                             \
    "{\"id\": " #id ", \"content\": \"" content "\", \"single_word\": false, \"lstrip\": false, "  \
    "\"rstrip\": false, \"normalized\": " #normalized ", \"special\": false}"

static void wrong_added_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *part;
    } cases[] = {
        {"{}", "added_tokens: need a list, found an object"},
        {"[1]", "added_tokens.content: need a string"},
        {"[{\"content\": \"x\", \"id\": 3}]",
         "added_tokens.single_word: need a boolean, found nothing"},
        {"[{\"content\": \"x\", \"id\": -3}]", "added_tokens.id is -3"},
        {"[" TOKEN(7, "a", false) "]", "'a' says id 7, but its place in the vocabulary is 5"},
        {"[" TOKEN(10, "new", false) "]", "token 'new' has id 10, the model has rows for 0 to 9"},
        {"[" TOKEN(5, "a", true) "," TOKEN(8, "ab", true) "," TOKEN(4, "[MASK]", true) "," TOKEN(
             0, "\\u0301", true) "]",
         "token '\xCC\x81' has id 10"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        json_refused(small_json(cases[i].list, NULL, NULL, NULL, NULL), CUVEE_E_FORMAT,
                     cases[i].part);
    const char *model =
        MODEL("\"[UNK]\"", "\"##\"", "100",
              "{\"[UNK]\": 0, \"[CLS]\": 2, \"[SEP]\": 3, \"a\": 5, \"A\": 6, \"\\u0301\": 7}");
    json_refused(
        small_json("[" TOKEN(5, "a", true) "," TOKEN(6, "A", true) "]", NULL, NULL, NULL, model),
        CUVEE_E_FORMAT, "added tokens with ids 5 and 6 match the same text");
    json_refused(small_json("[" TOKEN(7, "\\u0301", true) "]", NULL, NULL, NULL, model),
                 CUVEE_E_FORMAT, "added token with id 7 is empty after normalization");
    json_refused("{\"version\": \"2.0\", \"model\": {}}", CUVEE_E_UNSUPPORTED,
                 "version is not \"1.0\"");
}

static void unusual_but_fine(void **state)
{
    (void)state;
    struct subject s;
    /* No "type" in the model, no added tokens, an id gap, an empty word, a general template. */
    subject_open_json(&s,
                      small_json(NULL, NULL, NULL,
                                 "{\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": "
                                 "{\"id\": \"A\", \"type_id\": 2}}, "
                                 "{\"SpecialToken\": {\"id\": \"x\", \"type_id\": 1}}], \"pair\": "
                                 "[{\"Sequence\": {\"id\": \"B\", "
                                 "\"type_id\": 0}}, {\"SpecialToken\": {\"id\": \"x\", "
                                 "\"type_id\": 3}}, {\"Sequence\": {\"id\": "
                                 "\"A\", \"type_id\": 1}}], \"special_tokens\": {\"x\": {\"id\": "
                                 "\"x\", \"ids\": [7, 8], "
                                 "\"tokens\": [\"x\", \"y\"]}}}",
                                 "{\"unk_token\": \"u\", \"continuing_subword_prefix\": \"\", "
                                 "\"max_input_chars_per_word\": 3, "
                                 "\"vocab\": {\"\": 1, \"u\": 2, \"a\": 5, \"ab\": 9}}"),
                      SMALL_ROWS);
    expect_ids(&s, "aba abab", "9 5 2 7 8");
    assert_int_equal(s.type_ids[0], 2);
    assert_int_equal(s.type_ids[4], 1);
    const struct span b = span_of("ab ab");
    assert_int_equal(subject_encode(&s, span_of("a"), &b, 8, CUVEE_TRUNCATE_RIGHT), CUVEE_OK);
    static const int32_t want[] = {9, 9, 7, 8, 5}, want_types[] = {0, 0, 3, 3, 1};
    assert_int_equal(s.got.n, 5);
    assert_memory_equal(s.ids, want, sizeof want);
    assert_memory_equal(s.type_ids, want_types, sizeof want_types);
    assert_string_equal(cuvee__tokenizer_string(s.tokenizer, 3), "");
    subject_close(&s);
}

static const char words[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb \t\n##b\r\nab\xC2\xA0\n.\nB\n";

static void vocab_txt(void **state)
{
    (void)state;
    struct subject s;
    put_file("vocab.txt", words);
    subject_open(&s, dir, 11);
    expect_ids(&s, "AB b. abb",
               "2 8 6 9 8 7 3"); /* lower-case by default; trailing white space is no part */
    assert_int_equal(cuvee__tokenizer_max_length(s.tokenizer), 0);
    subject_close(&s);

    put_file("tokenizer_config.json",
             "{\"do_lower_case\": false, \"model_max_length\": 1000000000000000019884624838656}");
    subject_open(&s, dir, 11);
    expect_ids(&s, "aB B", "2 1 10 3");
    assert_int_equal(cuvee__tokenizer_max_length(s.tokenizer), 0);
    assert_false(cuvee__tokenizer_lowercases(s.tokenizer));
    subject_close(&s);

    /* Special names from the map; the last of equal lines counts; lines without a word count, past
     * the rows too. */
    put_file("vocab.txt", "<u>\na\n<c>\n<s>\n<p>\n<m>\n\na\n\n\n\n");
    put_file("tokenizer_config.json",
             "{\"unk_token\": \"nowhere\", \"bos_token\": null, \"model_max_length\": 7}");
    put_file("special_tokens_map.json", "{\"unk_token\": \"<u>\", \"cls_token\": {\"content\": "
                                        "\"<c>\", \"lstrip\": true, \"rstrip\": false, "
                                        "\"normalized\": false, \"single_word\": false}, "
                                        "\"sep_token\": \"<s>\", \"pad_token\": \"<p>\", "
                                        "\"mask_token\": \"<m>\"}");
    subject_open(&s, dir, 8);
    expect_ids(&s, "a <c> <S> x", "2 7 2 0 0 0 0 3");
    assert_int_equal(cuvee__tokenizer_max_length(s.tokenizer), 7);
    assert_string_equal(cuvee__tokenizer_string(s.tokenizer, 1), "");
    subject_close(&s);
    put_file("special_tokens_map.json", NULL);
}

static void wrong_vocab_txt(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        int code;
        const char *part;
    } cases[] = {
        {"vocab.txt", "", CUVEE_E_FORMAT, "vocab.txt: has no words"},
        {"vocab.txt", "\n\n", CUVEE_E_FORMAT, "vocab.txt: has no words"},
        {"vocab.txt", "[UNK]\nab\xFF", CUVEE_E_FORMAT, "vocab.txt: not UTF-8 at byte 8"},
        {"vocab.txt", "a\nb\n", CUVEE_E_FORMAT, "vocab.txt: the unknown token '[UNK]' is not"},
        {"vocab.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\nx\n", CUVEE_E_FORMAT,
         "token 'x' has id 11"},
        {"vocab.txt", "[PAD]\n[UNK]\n[CLS]\n1\n[MASK]\n2\n3\n4\n5\n6\n7\n", CUVEE_E_FORMAT,
         "token '[SEP]' has id 11"},
        {"tokenizer_config.json", "[]", CUVEE_E_FORMAT,
         "tokenizer_config.json: document: need an object"},
        {"tokenizer_config.json", "{\"do_lower_case\": 1}", CUVEE_E_FORMAT,
         "tokenizer_config.json: do_lower_case: need a boolean, found a number"},
        {"tokenizer_config.json", "{\"strip_accents\": \"\"}", CUVEE_E_FORMAT,
         "strip_accents: need a boolean"},
        {"tokenizer_config.json", "{\"cls_token\": null}", CUVEE_E_FORMAT,
         "cls_token: need a token, found null"},
        {"tokenizer_config.json", "{\"cls_token\": \"\"}", CUVEE_E_FORMAT,
         "cls_token or sep_token is empty"},
        {"tokenizer_config.json", "{\"unk_token\": []}", CUVEE_E_FORMAT,
         "unk_token: need a token, found a list"},
        {"tokenizer_config.json", "{\"model_max_length\": 0}", CUVEE_E_FORMAT,
         "model_max_length is 0"},
        {"tokenizer_config.json", "{\"model_max_length\": 1.5}", CUVEE_E_FORMAT,
         "model_max_length is 1.5"},
        {"tokenizer_config.json", "{\"model_max_length\": \"x\"}", CUVEE_E_FORMAT,
         "model_max_length: need a number"},
        {"tokenizer_config.json", "{\"model_input_names\": \"x\"}", CUVEE_E_FORMAT,
         "model_input_names: need a list"},
        {"tokenizer_config.json", "{\"model_input_names\": [\"input_ids\", 1]}", CUVEE_E_FORMAT,
         "model_input_names: need a list of strings"},
        {"tokenizer_config.json", "{\"tokenizer_class\": \"BertJapaneseTokenizer\"}",
         CUVEE_E_UNSUPPORTED, "tokenizer_class 'BertJapaneseTokenizer' without tokenizer.json"},
        {"tokenizer_config.json", "{\"extra_special_tokens\": {\"x\": \"y\"}}", CUVEE_E_UNSUPPORTED,
         "extra_special_tokens with names"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"a\"}}}",
         CUVEE_E_FORMAT, "added_tokens_decoder: 'x' is no id"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"3\": {}}}", CUVEE_E_FORMAT,
         "content: need a string, found nothing"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"4\": {\"content\": \"a\"}}}",
         CUVEE_E_FORMAT, "'a' says id 4, but its place in the vocabulary is 5"},
        {"added_tokens.json", "{\"x\": \"y\"}", CUVEE_E_FORMAT, "added_tokens.json: x: need an id"},
        {"added_tokens.json", "{\"new\": 11}", CUVEE_E_FORMAT,
         "token 'new' has id 11, the model has rows for 0 to 10"},
        {"special_tokens_map.json", "[]", CUVEE_E_FORMAT,
         "special_tokens_map.json: document: need"},
        {"special_tokens_map.json", "{\"sep_token\": 3}", CUVEE_E_FORMAT,
         "special_tokens_map.json: sep_token: need"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_file("vocab.txt", words);
        put_file(cases[i].name, cases[i].text);
        refused(11, cases[i].code, cases[i].part);
        put_file(cases[i].name, NULL);
    }
    put_file("vocab.txt", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(not_a_tokenizer, enter, leave),
        cmocka_unit_test(wrong_model),
        cmocka_unit_test(wrong_sections),
        cmocka_unit_test(wrong_added_tokens),
        cmocka_unit_test(unusual_but_fine),
        cmocka_unit_test_setup_teardown(vocab_txt, enter, leave),
        cmocka_unit_test_setup_teardown(wrong_vocab_txt, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
