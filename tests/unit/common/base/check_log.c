/*
 * check_log.c - a line says what happened, in logfmt and as JSON.
 */
#include "support/run_suite.h"

#include "common/base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char line[4096];

/* Takes what log_write() puts on stderr; the time is cut out. */
#define LOGGED(...)                                                            \
    do {                                                                       \
        int ends[2], saved = dup(STDERR_FILENO);                               \
        ck_assert_int_eq(pipe(ends), 0);                                       \
        dup2(ends[1], STDERR_FILENO);                                          \
        log_write(__VA_ARGS__);                                                \
        dup2(saved, STDERR_FILENO);                                            \
        close(ends[1]);                                                        \
        ssize_t got = read(ends[0], line, sizeof(line) - 1);                   \
        line[got > 0 ? got : 0] = '\0';                                        \
        close(ends[0]);                                                        \
        close(saved);                                                          \
    } while (0)

static const char *after_time(void)
{
    const char *at = strstr(line, "level");

    ck_assert_ptr_nonnull(at);
    return at;
}

START_TEST(a_line_is_logfmt)
{
    LOGGED(LOG_INFO, "model active", "version=%d reason=\"%s\"", 3, "new one");
    ck_assert_str_eq(
        after_time(),
        "level=info msg=\"model active\" version=3 reason=\"new one\"\n");
    /* Bytes of strangers neither begin a line nor reach the terminal. */
    LOGGED(LOG_WARN, "bad \x1b[31m", "id=\"a\nlevel=error \xc2\x9b\x9b\"%s",
           "");
    ck_assert_str_eq(after_time(), "level=warn msg=\"bad \\x1b[31m\" "
                                   "id=\"a\\x0alevel=error \\u009b\\x9b\"\n");
    LOGGED(LOG_DEBUG, "hidden", "x=%d", 1);
    ck_assert_str_eq(line, "");
}
END_TEST

static const struct {
    const char *fields, *json;
} rows[] = {
    {"version=3 reason=\"new one\"", "\"version\":3,\"reason\":\"new one\""},
    {"a=-1.5e3 b=007 c=1.", "\"a\":-1.5e3,\"b\":\"007\",\"c\":\"1.\""},
    {"a=true b=false c=truely", "\"a\":true,\"b\":false,\"c\":\"truely\""},
    {"a=nan b=0x1 c=+1 d=0",
     "\"a\":\"nan\",\"b\":\"0x1\",\"c\":\"+1\",\"d\":0"},
    {"path=\"a\\b\" t=a\tb", "\"path\":\"a\\\\b\",\"t\":\"a\\u0009b\""},
    {"c1=\xc2\x9b\xff utf8=\xc3\xa9",
     "\"c1\":\"\\u009b\\u00ff\",\"utf8\":\"\xc3\xa9\""},
    {"empty= open=\"no end", "\"empty\":\"\",\"open\":\"no end\""},
    {"word a=1", "\"a\":1"},
};

START_TEST(a_line_is_json)
{
    char expected[256];

    log_set_format(LOG_JSON);
    LOGGED(LOG_WARN, "model \"active\"", "%s", rows[_i].fields);
    log_set_format(LOG_LOGFMT);
    snprintf(expected, sizeof(expected),
             "level\":\"warn\",\"msg\":\"model \\\"active\\\"\",%s}\n",
             rows[_i].json);
    ck_assert_str_eq(after_time(), expected);
    ck_assert_int_eq(strncmp(line, "{\"ts\":\"20", 9), 0);
}
END_TEST

START_TEST(a_long_line_is_cut_and_stays_json)
{
    char text[3000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_set_format(LOG_JSON);
    LOGGED(LOG_WARN, "short", "a=1 b=\"%s\" c=2", text);
    log_set_format(LOG_LOGFMT);
    size_t size = strlen(line);
    ck_assert_uint_lt(size, 2048);
    ck_assert_uint_gt(size, 2000);
    ck_assert_str_eq(line + size - 5, "xx\"}\n");
    ck_assert_ptr_nonnull(strstr(line, "\"msg\":\"short\",\"a\":1,\"b\":\"xx"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("lines");

    tcase_add_test(tests, a_line_is_logfmt);
    tcase_add_loop_test(tests, a_line_is_json, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, a_long_line_is_cut_and_stays_json);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
