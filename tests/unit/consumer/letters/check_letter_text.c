/*
 * check_letter_text.c - what a person reads in a dead letter about bytes that
 * are no event.
 */
#include "consumer/letters/letter_text.h"

#include "support/run_suite.h"

#include <string.h>

static const struct {
    const char *reason, *field, *value;
    size_t size; /* 0: of the text */
    const char *part;
} rows[] = {
    {"trailing", NULL, "{\"id\": 1}", 0, "JSON"},
    {"invalid", NULL, " [1, 2]", 0, "JSON"},
    {"trailing", NULL, "17,42,1", 0, "CSV"},
    {"trailing", NULL, "17;42;1\n", 0, "CSV"},
    {"trailing", NULL, "hello", 0, "plain text"},
    {"trailing", NULL, "<event/>", 0, "XML"},
    {"trailing", NULL, "\0\0\0\0\7abc", 8, "schema registry"},
    {"invalid", NULL, "\x1f\x8b\x08", 3, "gzip"},
    {"invalid", NULL, "\xc1", 1, "the value is neither msgpack nor JSON"},
    {"missing", "id", "\x81\xc4\2id\1", 6, "field 'id': the keys of the map"},
    {"missing", "id", "\x80", 1, "field 'id': it is missing"},
    {"type", "ts", "\x80", 1, "field 'ts': its type does not fit"},
    {"empty", NULL, "", 0, "no value"},
    {"new_word", "ad", "\x80", 1, "field 'ad': new_word"},
};

START_TEST(bytes_are_named_as_what_they_are)
{
    char text[LETTER_TEXT_SIZE];
    size_t size = rows[_i].size ? rows[_i].size : strlen(rows[_i].value);

    letter_text(rows[_i].reason, rows[_i].field,
                (const uint8_t *)rows[_i].value, size, text);
    ck_assert_msg(strstr(text, rows[_i].part) != NULL, "'%s' without '%s'",
                  text, rows[_i].part);
    ck_assert_ptr_null(strchr(text, '\n'));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("letter text");
    TCase *tests = tcase_create("texts");

    tcase_add_loop_test(tests, bytes_are_named_as_what_they_are, 0,
                        sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
