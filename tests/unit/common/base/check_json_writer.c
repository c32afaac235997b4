/*
 * check_json_writer.c - JSON as text: strings that are safe anywhere, numbers
 * that lead back to themselves, lines for people.
 */
#include "support/run_suite.h"

#include "common/base/json_writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct error err;

#define B(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    const char *written;
} strings[] = {
    {B("plain"), "\"plain\""},
    {B("\"\\\n\t"), "\"\\\"\\\\\\n\\u0009\""},
    {B("\x1b[31m\x7f"), "\"\\u001b[31m\\u007f\""},
    {B("\xc2\x9b"
       "31m\xc2\x80\xc2\x9f"),
     "\"\\u009b31m\\u0080\\u009f\""},
    {B("\xc2\xa0\xc3\xa9"), "\"\xc2\xa0\xc3\xa9\""},
    {B("a\0b"), "\"a\\u0000b\""},
    {B("caf\xe9!"), "\"caf\\ufffd!\""},
};

START_TEST(strings_are_safe_anywhere)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};

    json_writer_text_sized(&to, (const uint8_t *)strings[_i].bytes,
                           strings[_i].size);
    ck_assert_uint_eq(line.size, strlen(strings[_i].written));
    ck_assert_mem_eq(line.bytes, strings[_i].written, line.size);
    buffer_free(&line);
}
END_TEST

static const struct {
    double value;
    const char *in_short, *in_full;
} reals[] = {
    {0.1, "0.1", "0.10000000000000001"},
    {1, "1", "1.0"},
    {1e-5, "1e-05", "1.0000000000000001e-5"},
    {1e22, "1e+22", "1e22"},
    {-2.5e-300, "-2.5e-300", "-2.5e-300"},
    {0, "0", "0.0"},
    {NAN, "null", "null"},
    {INFINITY, "null", "null"},
};

START_TEST(reals_lead_back_to_themselves)
{
    for (int in_full = 0; in_full < 2; in_full++) {
        struct buffer line = {0};
        struct json_writer to = {.to = &line, .in_full = in_full};
        const char *wanted = in_full ? reals[_i].in_full : reals[_i].in_short;
        json_writer_real(&to, reals[_i].value);
        buffer_append(&line, "", 1);
        ck_assert_str_eq((const char *)line.bytes, wanted);
        if (isfinite(reals[_i].value))
            ck_assert(strtod(wanted, NULL) == reals[_i].value);
        buffer_free(&line);
    }
}
END_TEST

static char *print(bool in_lines)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line, .in_lines = in_lines};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    for (int i = 0; i < 2; i++) {
        json_writer_open(&to, '{');
        json_writer_member_text(&to, "name", "\x1b[31m");
        json_writer_member_real(&to, "auc", NAN);
        json_writer_name(&to, "ranges");
        json_writer_open(&to, '[');
        json_writer_text(&to, "t");
        json_writer_null(&to);
        json_writer_close(&to, ']');
        json_writer_close(&to, '}');
        ck_assert_ok(json_writer_print_line(&to, out, &err), err);
    }
    fclose(out);
    buffer_free(&line);
    return text;
}

START_TEST(objects_are_lines_of_json_or_lines_for_people)
{
    char *json = print(false), *lines = print(true);

    ck_assert_str_eq(
        json,
        "{\"name\":\"\\u001b[31m\",\"auc\":null,\"ranges\":[\"t\",null]}\n"
        "{\"name\":\"\\u001b[31m\",\"auc\":null,\"ranges\":[\"t\",null]}\n");
    ck_assert_str_eq(lines, "name                 \\x1b[31m\n"
                            "auc                  -\n"
                            "ranges               [\"t\",null]\n"
                            "name                 \\x1b[31m\n"
                            "auc                  -\n"
                            "ranges               [\"t\",null]\n");
    free(json);
    free(lines);
}
END_TEST

START_TEST(a_file_that_is_full_is_an_error)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};
    FILE *full = fopen("/dev/full", "w");

    ck_assert_ptr_nonnull(full);
    setvbuf(full, NULL, _IONBF, 0);
    json_writer_text(&to, "lost");
    ck_assert_refused(json_writer_print_line(&to, full, &err), err, ERROR_IO,
                      "write JSON");
    ck_assert_uint_eq(line.size, 0);
    fclose(full);
    buffer_free(&line);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_writer");
    TCase *tests = tcase_create("text");

    tcase_add_loop_test(tests, strings_are_safe_anywhere, 0,
                        sizeof(strings) / sizeof(strings[0]));
    tcase_add_loop_test(tests, reals_lead_back_to_themselves, 0,
                        sizeof(reals) / sizeof(reals[0]));
    tcase_add_test(tests, objects_are_lines_of_json_or_lines_for_people);
    tcase_add_test(tests, a_file_that_is_full_is_an_error);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
