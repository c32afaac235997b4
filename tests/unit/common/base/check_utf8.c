/*
 * check_utf8.c - bytes of strangers are told apart, and printed so that a
 * terminal obeys none of them.
 */
#include "support/run_suite.h"

#include "common/base/id.h"
#include "common/base/utf8.h"

#include <string.h>

#define B(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    bool is_valid;
    const char *printed;
} rows[] = {
    {B("plain"), true, "plain"},
    {B("\xc3\xa9t\xc3\xa9"), true, "\xc3\xa9t\xc3\xa9"},
    {B("\xf0\x9f\x8c\x9e"), true, "\xf0\x9f\x8c\x9e"},
    {B("\x1b]0;owned\x07\x1b[31m"), true, "\\x1b]0;owned\\x07\\x1b[31m"},
    {B("a\0b"), true, "a\\x00b"},
    {B("two\nlines\r\t"), true, "two\\x0alines\\x0d\\x09"},
    {B("\x7f"), true, "\\x7f"},
    {B("\xc2\x9b"
       "31m"),
     true, "\\u009b31m"}, /* C1, the CSI */
    {B("\xc2\x80\xc2\x9f\xc2\xa0"), true, "\\u0080\\u009f\xc2\xa0"},
    {B("\x9b"
       "31m"),
     false, "\\x9b31m"}, /* the same, of eight bits */
    {B("caf\xe9"), false, "caf\\xe9"},
    {B("\xc0\xaf"), false, "\\xc0\\xaf"},          /* longer than needed */
    {B("\xed\xa0\x80"), false, "\\xed\\xa0\\x80"}, /* half a pair */
    {B("\xf4\x90\x80\x80"), false, "\\xf4\\x90\\x80\\x80"},
    {B("\xe2\x82"), false, "\\xe2\\x82"},
    {B("a\\x1b"), true, "a\\\\x1b"},
    {B(""), true, ""},
};

START_TEST(a_terminal_obeys_no_byte)
{
    char printed[UTF8_PRINT_SIZE(64)];

    ck_assert_int_eq(
        utf8_is_valid((const uint8_t *)rows[_i].bytes, rows[_i].size),
        rows[_i].is_valid);
    size_t length = utf8_print(rows[_i].bytes, rows[_i].size, printed);
    ck_assert_str_eq(printed, rows[_i].printed);
    ck_assert_uint_eq(length, strlen(printed));
}
END_TEST

/* Every byte and every pair of bytes fits and holds no control character. */
START_TEST(no_pair_of_bytes_gets_through)
{
    char printed[UTF8_PRINT_SIZE(2)];

    for (unsigned pair = 0; pair < 65536; pair++) {
        const uint8_t bytes[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        size_t length = utf8_print(bytes, 2, printed);
        ck_assert_uint_lt(length, sizeof(printed));
        ck_assert(utf8_is_valid((const uint8_t *)printed, length));
        for (size_t at = 0, step; at < length; at += step) {
            step = utf8_sequence((const uint8_t *)printed + at, length - at);
            ck_assert_int_eq(utf8_control((const uint8_t *)printed + at, step),
                             -1);
        }
    }
}
END_TEST

START_TEST(an_id_is_printed_whole_and_safe)
{
    static const char bytes[] = "u\0\x1b[2J";
    struct id id = id_from_text(bytes, sizeof(bytes) - 1);
    struct id number = id_from_number(-7);
    char out[ID_SAFE_SIZE];

    id_print_safe(&id, out);
    ck_assert_str_eq(out, "u\\x00\\x1b[2J");
    id_print_safe(&number, out);
    ck_assert_str_eq(out, "-7");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("utf8");
    TCase *tests = tcase_create("bytes of strangers");

    tcase_add_loop_test(tests, a_terminal_obeys_no_byte, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, no_pair_of_bytes_gets_through);
    tcase_add_test(tests, an_id_is_printed_whole_and_safe);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
