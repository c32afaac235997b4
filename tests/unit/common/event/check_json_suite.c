/*
 * check_json_suite.c - what is JSON and what is not: the cases of
 * JSONTestSuite, each cut at every length, and random documents beside
 * jansson.
 */
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/event/event_scratch.h"
#include "common/event/json_cursor.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_MAX = 4096 };

static struct event_scratch scratch;
static struct error err;

struct document {
    uint8_t bytes[DOCUMENT_MAX];
    size_t size;
};

static void set_up(void)
{
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
}

static void tear_down(void)
{
    event_scratch_free(&scratch);
}

/* The copy ends where the document ends: a sanitizer sees a look beyond. */
static enum event_fault judge(const uint8_t *bytes, size_t size)
{
    static const struct event_plan none;
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, bytes, size);
    enum event_fault fault = event_find_in_json(&none, copy, size, &scratch);
    free(copy);
    return fault;
}

static bool is_json(enum event_fault fault)
{
    return fault == EVENT_OK || fault == EVENT_NOT_A_MAP;
}

/* --- JSONTestSuite ---------------------------------------------------- */

static struct document unescape(const char *text)
{
    struct document document = {.size = 0};

    for (; *text && *text != '\n'; text++) {
        unsigned byte = (uint8_t)*text;
        if (*text == '\\') {
            ck_assert_int_eq(sscanf(text + 1, "%2x", &byte), 1);
            text += 2;
        }
        ck_assert_uint_lt(document.size, sizeof(document.bytes));
        document.bytes[document.size++] = (uint8_t)byte;
    }
    return document;
}

/* Implementations differ about these; this is what ours says. */
static const struct {
    const char *name;
    enum event_fault fault;
} choices[] = {
    {"i_number_double_huge_neg_exp.json", EVENT_NOT_A_MAP},
    {"i_number_huge_exp.json", EVENT_NOT_A_MAP},
    {"i_number_neg_int_huge_exp.json", EVENT_NOT_A_MAP},
    {"i_number_pos_double_huge_exp.json", EVENT_NOT_A_MAP},
    {"i_number_real_neg_overflow.json", EVENT_NOT_A_MAP},
    {"i_number_real_pos_overflow.json", EVENT_NOT_A_MAP},
    {"i_number_real_underflow.json", EVENT_NOT_A_MAP},
    {"i_number_too_big_neg_int.json", EVENT_NOT_A_MAP},
    {"i_number_too_big_pos_int.json", EVENT_NOT_A_MAP},
    {"i_number_very_big_negative_int.json", EVENT_NOT_A_MAP},
    {"i_structure_500_nested_arrays.json", EVENT_TOO_DEEP},
};

static void check_choice(const char *name, size_t length,
                         enum event_fault fault)
{
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        if (strlen(choices[i].name) == length &&
            strncmp(choices[i].name, name, length) == 0) {
            ck_assert_msg(fault == choices[i].fault, "%s: %s", choices[i].name,
                          event_fault_name(fault));
            return;
        }
    /* Lone surrogates, bytes that are not UTF-8, UTF-16, a byte-order mark. */
    ck_assert_msg(fault == EVENT_INVALID, "%.*s: %s", (int)length, name,
                  event_fault_name(fault));
}

static void check_line(const char *line)
{
    const char *tab = strchr(line, '\t');

    ck_assert_ptr_nonnull(tab);
    const struct document document = unescape(tab + 1);
    enum event_fault fault = judge(document.bytes, document.size);
    switch (line[0]) {
    case 'y':
        ck_assert_msg(is_json(fault), "%s: %s", line, event_fault_name(fault));
        break;
    case 'n':
        ck_assert_msg(!is_json(fault), "%s is taken", line);
        break;
    case 'i':
        check_choice(line, (size_t)(tab - line), fault);
        break;
    default: /* t_: what becomes of a value is for other tests */
        break;
    }
    for (size_t size = 0; size < document.size; size++)
        judge(document.bytes, size);
}

START_TEST(the_cases_of_the_suite_are_judged_right)
{
    FILE *in = fopen(GOLDEN_DIR "/json_test_suite.txt", "r");
    char line[3 * DOCUMENT_MAX];
    unsigned count = 0;

    ck_assert_ptr_nonnull(in);
    while (fgets(line, sizeof(line), in)) {
        if (line[0] == '#')
            continue;
        check_line(line);
        count++;
    }
    fclose(in);
    ck_assert_uint_gt(count, 300);
}
END_TEST

/* --- Our own limits and words ----------------------------------------- */

#define B(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    enum event_fault fault;
} words[] = {
    {B(""), EVENT_EMPTY},
    {B(" "), EVENT_TRUNCATED},
    {B("{}"), EVENT_OK},
    {B(" \t\r\n{ } \n"), EVENT_OK},
    {B("{}x"), EVENT_TRAILING},
    {B("{}{}"), EVENT_TRAILING},
    {B("{}\0"), EVENT_TRAILING},
    {B("\xef\xbb\xbf{}"), EVENT_INVALID},
    {B("[]"), EVENT_NOT_A_MAP},
    {B("1"), EVENT_NOT_A_MAP},
    {B("{\"a\":1,}"), EVENT_INVALID},
    {B("{,}"), EVENT_INVALID},
    {B("{\"a\":1"), EVENT_TRUNCATED},
    {B("{\"a\":"), EVENT_TRUNCATED},
    {B("{\"a"), EVENT_TRUNCATED},
    {B("{\"a\":tru"), EVENT_TRUNCATED},
    {B("{\"a\":trux}"), EVENT_INVALID},
    {B("{\"a\":truex}"), EVENT_INVALID},
    {B("{\"a\":-"), EVENT_TRUNCATED},
    {B("{\"a\":-}"), EVENT_INVALID},
    {B("{\"a\":1."), EVENT_TRUNCATED},
    {B("{\"a\":1e"), EVENT_TRUNCATED},
    {B("{\"a\":01}"), EVENT_INVALID},
    {B("{\"a\":1a}"), EVENT_INVALID},
    {B("{\"a\":NaN}"), EVENT_INVALID},
    {B("{\"a\":Infinity}"), EVENT_INVALID},
    {B("{\"a\":-Infinity}"), EVENT_INVALID},
    {B("{'a':1}"), EVENT_INVALID},
    {B("{\"a\":\"\\ud800\"}"), EVENT_INVALID},
    {B("{\"a\":\"\\ud800\\u0041\"}"), EVENT_INVALID},
    {B("{\"a\":\"\\udc00\"}"), EVENT_INVALID},
    {B("{\"a\":\"\\ud83d\\ude00\"}"), EVENT_OK},
    {B("{\"a\":\"\\u00"), EVENT_TRUNCATED},
    {B("{\"a\":\"\\"), EVENT_TRUNCATED},
    {B("{\"a\":\"\n\"}"), EVENT_INVALID},
    {B("{\"a\":\"\xff\"}"), EVENT_INVALID},
    {B("{\"a\":\"\xed\xa0\x80\"}"), EVENT_INVALID},
    {B("{\"a\":\"\xf4\x90\x80\x80\"}"), EVENT_INVALID},
    {B("{\"a\":\"\xc0\xaf\"}"), EVENT_INVALID},
    {B("{\"a\":[[[[[[[1]]]]]]]}"), EVENT_OK},
    {B("{\"a\":[[[[[[[[1]]]]]]]]}"), EVENT_TOO_DEEP},
    {B("{\"a\":1/*x*/}"), EVENT_INVALID},
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

START_TEST(each_fault_has_its_word)
{
    ck_assert_str_eq(event_fault_name(judge((const uint8_t *)words[_i].bytes,
                                            words[_i].size)),
                     event_fault_name(words[_i].fault));
}
END_TEST

START_TEST(a_record_has_at_most_4096_values)
{
    uint8_t *document = malloc(EVENT_BYTES_MAX + 1);
    size_t size = 0;

    /* The object, a name and the array are three of them. */
    size += (size_t)sprintf((char *)document, "{\"a\":[1");
    for (int i = 0; i < 4092; i++)
        size += (size_t)sprintf((char *)document + size, ",1");
    size_t end = size;
    size += (size_t)sprintf((char *)document + size, "]}");
    ck_assert_int_eq(judge(document, size), EVENT_OK);
    size = end + (size_t)sprintf((char *)document + end, ",1]}");
    ck_assert_int_eq(judge(document, size), EVENT_TOO_MANY);

    memset(document, ' ', EVENT_BYTES_MAX + 1);
    document[0] = '{';
    document[1] = '}';
    ck_assert_int_eq(judge(document, EVENT_BYTES_MAX), EVENT_OK);
    ck_assert_int_eq(judge(document, EVENT_BYTES_MAX + 1), EVENT_TOO_LARGE);
    free(document);
}
END_TEST

/* --- Beside jansson --------------------------------------------------- */

static uint32_t below(uint64_t *random, uint32_t limit)
{
    return (uint32_t)(random_next(random) % limit);
}

static void put(struct document *to, const char *text)
{
    size_t size = strlen(text);

    if (to->size + size <= sizeof(to->bytes)) {
        memcpy(to->bytes + to->size, text, size);
        to->size += size;
    }
}

static const char *any(uint64_t *random, const char *const *of, size_t count)
{
    return of[below(random, (uint32_t)count)];
}
#define ANY(random, of) any(random, of, sizeof(of) / sizeof((of)[0]))

/* jansson refuses a zero in a name. */
static void put_text(struct document *to, uint64_t *random, bool is_name)
{
    static const char *const pieces[] = {"a",
                                         "user",
                                         "id",
                                         " ",
                                         "\xc3\xa9",
                                         "\xe2\x82\xac",
                                         "\\n",
                                         "\\\"",
                                         "\\\\",
                                         "\\u0041",
                                         "\\ud83d\\ude00",
                                         "\xf0\x9f\x98\x80",
                                         "/",
                                         "long enough to be a word"};

    put(to, "\"");
    for (uint32_t i = below(random, 4); i > 0; i--)
        put(to, ANY(random, pieces));
    put(to, is_name || below(random, 8) ? "\"" : "\\u0000\"");
}

static void put_value(struct document *to, uint64_t *random, int depth)
{
    static const char *const scalars[] = {"0",
                                          "-0",
                                          "1",
                                          "42",
                                          "-7",
                                          "1.5",
                                          "0.001",
                                          "1e3",
                                          "2E-2",
                                          "1e400",
                                          "true",
                                          "false",
                                          "null",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "123456789012345678"};
    static const char *const blanks[] = {"", "", "", " ", "\n", "\t "};
    const uint32_t kind = below(random, depth < 6 ? 6 : 2);

    put(to, ANY(random, blanks));
    if (kind == 0) {
        put(to, ANY(random, scalars));
    } else if (kind == 1) {
        put_text(to, random, false);
    } else {
        const bool is_map = kind > 3;
        put(to, is_map ? "{" : "[");
        for (uint32_t i = 0, count = below(random, 4); i < count; i++) {
            put(to, i ? "," : "");
            put(to, ANY(random, blanks));
            if (is_map) {
                put_text(to, random, true);
                put(to, ":");
            }
            put_value(to, random, depth + 1);
        }
        put(to, is_map ? "}" : "]");
    }
    put(to, ANY(random, blanks));
}

/* One change of one byte, of those that matter to JSON. */
static void damage(struct document *document, uint64_t *random)
{
    static const char bytes[] = "{}[]\",:\\ue1.-+0tfn \x01\xc3\x80\xff";

    if (document->size > 0)
        document->bytes[below(random, (uint32_t)document->size)] =
            (uint8_t)bytes[below(random, sizeof(bytes) - 1)];
}

/* jansson refuses what a double cannot hold, and 1e400 is well formed. */
static bool jansson_takes(const struct document *document, bool *is_range)
{
    json_error_t why;
    json_t *root = json_loadb((const char *)document->bytes, document->size,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);

    *is_range = !root && json_error_code(&why) == json_error_numeric_overflow;
    json_decref(root);
    return root != NULL;
}

START_TEST(random_documents_are_judged_as_jansson_judges)
{
    uint64_t random = 20231114;
    unsigned taken = 0, refused = 0;

    for (int i = 0; i < 60000; i++) {
        struct document document = {.size = 0};
        bool is_range;
        put_value(&document, &random, 0);
        for (uint32_t n = below(&random, 3); n > 0; n--)
            damage(&document, &random);
        bool theirs = jansson_takes(&document, &is_range);
        enum event_fault fault = judge(document.bytes, document.size);
        if (is_range || fault == EVENT_TOO_DEEP)
            continue;
        ck_assert_msg(is_json(fault) == theirs, "%.*s: %s, jansson %s",
                      (int)document.size, (const char *)document.bytes,
                      event_fault_name(fault), theirs ? "takes" : "refuses");
        taken += theirs;
        refused += !theirs;
    }
    ck_assert_uint_gt(taken, 20000);
    ck_assert_uint_gt(refused, 10000);
}
END_TEST

/* --- Numbers and texts ------------------------------------------------ */

static const struct {
    const char *text;
    enum cursor_type type;
    int64_t integer;
    double real;
} numbers[] = {
    {"0", CURSOR_INTEGER, 0, 0},
    {"-0", CURSOR_INTEGER, 0, 0},
    {"-0.0e5", CURSOR_INTEGER, 0, 0},
    {"7", CURSOR_INTEGER, 7, 0},
    {"12345678", CURSOR_INTEGER, 12345678, 0},
    {"123456789012345", CURSOR_INTEGER, INT64_C(123456789012345), 0},
    {"1234567890123456", CURSOR_INTEGER, INT64_C(1234567890123456), 0},
    {"1.0", CURSOR_INTEGER, 1, 0},
    {"1e3", CURSOR_INTEGER, 1000, 0},
    {"1.5e1", CURSOR_INTEGER, 15, 0},
    {"1500E-2", CURSOR_INTEGER, 15, 0},
    {"-12.00", CURSOR_INTEGER, -12, 0},
    {"9007199254740993", CURSOR_INTEGER, INT64_C(9007199254740993), 0},
    {"9007199254740993.0", CURSOR_INTEGER, INT64_C(9007199254740993), 0},
    {"999999999999999999", CURSOR_INTEGER, INT64_C(999999999999999999), 0},
    {"1000000000000000000", CURSOR_INTEGER, INT64_C(1000000000000000000), 0},
    {"9223372036854775807", CURSOR_INTEGER, INT64_MAX, 0},
    {"-9223372036854775808", CURSOR_INTEGER, INT64_MIN, 0},
    {"9223372036854775808", CURSOR_HUGE, 0, 0},
    {"-9223372036854775809", CURSOR_HUGE, 0, 0},
    {"18446744073709551616", CURSOR_HUGE, 0, 0},
    {"1e400", CURSOR_HUGE, 0, 0},
    {"123456789012345678901234567890", CURSOR_HUGE, 0, 0},
    {"1.0000000000000000001", CURSOR_FLOAT, 0, 1.0},
    {"1000000000000000000.5", CURSOR_FLOAT, 0, 1e18},
    {"0.1", CURSOR_FLOAT, 0, 0.1},
    {"-2.5", CURSOR_FLOAT, 0, -2.5},
    {"0.30000000000000004", CURSOR_FLOAT, 0, 0.30000000000000004},
    {"5e-324", CURSOR_FLOAT, 0, 5e-324},
    {"1e-400", CURSOR_FLOAT, 0, 0},
    {"1700000000.123", CURSOR_FLOAT, 0, 1700000000.123},
    {"2.2250738585072011e-308", CURSOR_FLOAT, 0, 2.2250738585072011e-308},
};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

START_TEST(numbers_are_exact)
{
    static const char *const behind[] = {"",  ",",   "}",
                                         "]", "\n}", ",\"longer\":12345678}"};
    const size_t size = strlen(numbers[_i].text);

    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
        char text[64];
        const int all =
            snprintf(text, sizeof(text), "%s%s", numbers[_i].text, behind[i]);
        struct json_cursor cursor =
            json_cursor_over((const uint8_t *)text, (size_t)all, 1);
        struct cursor_value value;
        bool has_escapes;

        ck_assert_int_eq(json_take(&cursor, &value, &has_escapes), CURSOR_OK);
        ck_assert_uint_eq((size_t)(cursor.end - cursor.at), (size_t)all - size);
        ck_assert_int_eq(value.type, numbers[_i].type);
        if (value.type == CURSOR_INTEGER)
            ck_assert_int_eq(value.integer, numbers[_i].integer);
        if (value.type == CURSOR_FLOAT)
            ck_assert_double_eq(value.real, numbers[_i].real);
    }
}
END_TEST

START_TEST(decimals_are_what_the_c_library_makes_of_them)
{
    uint64_t random = 7;

    for (int i = 0; i < 50000; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s%u.%0*u%s",
                 below(&random, 2) ? "-" : "", below(&random, 1000000),
                 (int)below(&random, 20), below(&random, 1000000),
                 below(&random, 3) ? "" : "e-12");
        struct json_cursor cursor =
            json_cursor_over((const uint8_t *)text, strlen(text), 1);
        struct cursor_value value = {0};
        bool has_escapes;
        ck_assert_int_eq(json_take(&cursor, &value, &has_escapes), CURSOR_OK);
        double ours =
            value.type == CURSOR_INTEGER ? (double)value.integer : value.real;
        ck_assert_msg(ours == strtod(text, NULL), "%s", text);
    }
}
END_TEST

/* However many bytes are looked at together. */
START_TEST(a_byte_that_is_not_plain_is_found_in_each_place)
{
    enum { LONGEST = 40 };
    const bool is_plain = _i >= ' ' && _i <= 0x7f && _i != '"' && _i != '\\';
    uint8_t text[LONGEST];

    for (size_t size = 1; size <= LONGEST; size++) {
        for (size_t at = 0; at < size; at++) {
            memset(text, 'a', sizeof(text));
            text[at] = (uint8_t)_i;
            ck_assert_ptr_eq(json_plain_end(text, text + size),
                             is_plain ? text + size : text + at);
        }
    }
}
END_TEST

static const struct {
    const char *escaped, *plain;
    size_t size;
} texts[] = {
    {"a", B("a")},
    {"\\\"\\\\\\/\\b\\f\\n\\r\\t", B("\"\\/\b\f\n\r\t")},
    {"\\u0041\\u00e9\\u20AC", B("A\xc3\xa9\xe2\x82\xac")},
    {"\\ud83d\\ude00!", B("\xf0\x9f\x98\x80!")},
    {"\\udbff\\udfff", B("\xf4\x8f\xbf\xbf")},
    {"x\\u0000y", B("x\0y")},
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

START_TEST(escapes_mean_their_characters)
{
    uint8_t out[32];
    size_t size = json_unescape((const uint8_t *)texts[_i].escaped,
                                strlen(texts[_i].escaped), out, sizeof(out));

    ck_assert_uint_eq(size, texts[_i].size);
    ck_assert_mem_eq(out, texts[_i].plain, size);
    /* Of less room, the first bytes; the size is that of all. */
    memset(out, 'z', sizeof(out));
    ck_assert_uint_eq(json_unescape((const uint8_t *)texts[_i].escaped,
                                    strlen(texts[_i].escaped), out, 1),
                      texts[_i].size);
    ck_assert_uint_eq(out[0], (uint8_t)texts[_i].plain[0]);
    ck_assert_uint_eq(out[1], 'z');
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("JSON");
    TCase *tests = tcase_create("documents");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_cases_of_the_suite_are_judged_right);
    tcase_add_loop_test(tests, each_fault_has_its_word, 0, WORDS);
    tcase_add_test(tests, a_record_has_at_most_4096_values);
    tcase_add_test(tests, random_documents_are_judged_as_jansson_judges);
    tcase_add_loop_test(tests, numbers_are_exact, 0, NUMBERS);
    tcase_add_test(tests, decimals_are_what_the_c_library_makes_of_them);
    tcase_add_loop_test(tests, a_byte_that_is_not_plain_is_found_in_each_place,
                        0, 256);
    tcase_add_loop_test(tests, escapes_mean_their_characters, 0, TEXTS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
