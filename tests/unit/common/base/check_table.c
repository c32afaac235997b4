/*
 * check_table.c - rows out of files as people really write them.
 */
#include "support/run_suite.h"

#include "common/base/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { ROWS_MAX = 4 };

static struct error err;
static char path[64];

static void write_file(const char *end, const char *text, size_t size)
{
    snprintf(path, sizeof(path), "/tmp/check_table.%d%s", (int)getpid(), end);
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(text, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}

static struct table *open_text(const char *end, const char *text)
{
    struct table *table = NULL;

    write_file(end, text, strlen(text));
    ck_assert_ok(table_open(path, NULL, &table, &err), err);
    unlink(path);
    return table;
}

/* One row as "a|b|c", "BAD line reason" or "END". */
static const char *next(struct table *table)
{
    static char out[1024];
    const struct table_field *fields = NULL;
    enum table_result result;
    struct error why = {0};
    size_t used = 0;

    ck_assert_ok(table_next(table, &result, &fields, &why, &err), err);
    if (result == TABLE_END)
        return "END";
    if (result == TABLE_BAD) {
        snprintf(out, sizeof(out), "BAD %d %s", (int)table_line(table),
                 why.text);
        return out;
    }
    out[0] = '\0';
    for (size_t i = 0; i < table_column_count(table); i++) {
        ck_assert_uint_eq(strlen(fields[i].text), fields[i].size);
        used += (size_t)snprintf(out + used, sizeof(out) - used, "%s%s",
                                 i ? "|" : "", fields[i].text);
    }
    return out;
}

/* What the file says, and what its rows are. */
static const struct {
    const char *end, *text;
    const char *rows[ROWS_MAX + 1]; /* NULL ends */
} files[] = {
    {".csv", "a,b\n1,2\n3,4\n", {"1|2", "3|4"}},
    {".csv", "a,b\n1,2", {"1|2"}},       /* no line end at the end */
    {".csv", "a,b\r\n1,2\r\n", {"1|2"}}, /* CRLF */
    {".csv", "\xef\xbb\xbf\"a\",b\n1,2\n", {"1|2"}}, /* a byte order mark */
    {".csv", "a,b\n\n1,2\n  \n", {"1|2"}},           /* empty lines */
    {".csv", "a,b\n,\n", {"|"}},                     /* empty fields */
    {".csv", "a,b\n\"\",\"x\"\n", {"|x"}},
    {".csv", "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", {"x,y|say \"hi\""}},
    {".csv", "a,b\n\"x\ny\",2\n3,4\n", {"x\ny|2", "3|4"}},
    {".csv", "a,b\n\"C:\\\",2\n", {"C:\\|2"}}, /* a backslash is itself */
    {".csv", "a,b\n5\" pipe,2\n3,4\n", {"5\" pipe|2", "3|4"}},
    {".csv", "a,b\n'x,2\n", {"'x|2"}}, /* an apostrophe is text */
    {".csv", "a,b\n?,2\n", {"?|2"}},   /* missing only in ARFF */
    {".csv",
     "a,b\n1\n1,2,3\n4,5\n",
     {"BAD 2 1 fields where the header has 2",
      "BAD 3 3 fields where the header has 2", "4|5"}},
    {".csv",
     "a,b\n\"x\" y,2\n4,5\n",
     {"BAD 2 text behind the closing quote of field 1", "4|5"}},
    {".csv", "a,b\n1,2\n\"x,2\n", {"1|2", "BAD 3 a quote is not closed"}},
    {".arff",
     "% a comment\n@RELATION clicks\n\n@ATTRIBUTE click {0,1}\n"
     "@attribute 'the ad' numeric\n@attribute\t\"url\" string\n@DATA\n"
     "1,7,'it\\'s'\n% another\n0,?,\"a,b\"\n0,7\n",
     {"1|7|it's", "0||a,b", "BAD 11 2 fields where the header has 3"}},
    {".u.data",
     "196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
     {"196|242|3|881250949", "186|302|3|891717742"}},
    {".dat",
     "1::1193::5::978300760\n1::661::3\n",
     {"1|1193|5|978300760", "BAD 2 3 fields where the header has 4"}},
    {".arff",
     "\xef\xbb\xbf  @relation r\n\n @attribute a string\n"
     "@attribute b numeric\n @data\n 'it\\'s \\u00e9\\t\\\\', 1\n",
     {"it's \u00e9\t\\|1"}},
};
enum { FILES = sizeof(files) / sizeof(files[0]) };

START_TEST(rows_are_what_the_format_says)
{
    struct table *table = open_text(files[_i].end, files[_i].text);

    for (size_t i = 0; files[_i].rows[i]; i++)
        ck_assert_str_eq(next(table), files[_i].rows[i]);
    ck_assert_str_eq(next(table), "END");
    ck_assert_str_eq(next(table), "END"); /* and it stays there */
    table_close(table);
}
END_TEST

START_TEST(columns_are_found_by_name)
{
    struct table *table = open_text(".csv", "\xef\xbb\xbfuser_id,\"ad, id\"\n");

    ck_assert_uint_eq(table_column_count(table), 2);
    ck_assert_int_eq(table_column(table, "user_id", &err), 0);
    ck_assert_int_eq(table_column(table, "ad, id", &err), 1);
    ck_assert_refused(table_column(table, "x", &err), err, ERROR_CONFIG,
                      "no column 'x': there are user_id, ad, id");
    table_close(table);
}
END_TEST

START_TEST(attributes_keep_their_names)
{
    struct table *table =
        open_text(".arff", "@relation r\n@attribute 'the ad' numeric\n"
                           "@attribute click{0,1}\n@data\n");

    ck_assert_str_eq(table_column_name(table, 0), "the ad");
    ck_assert_str_eq(table_column_name(table, 1), "click");
    table_close(table);
}
END_TEST

START_TEST(a_nul_byte_spoils_its_row_alone)
{
    static const char text[] = "a,b\n1,\0\n3,4\n";
    struct table *table = NULL;

    write_file(".csv", text, sizeof(text) - 1);
    ck_assert_ok(table_open(path, NULL, &table, &err), err);
    unlink(path);
    ck_assert_str_eq(next(table), "BAD 2 a NUL byte");
    ck_assert_str_eq(next(table), "3|4");
    table_close(table);
}
END_TEST

START_TEST(a_line_without_end_is_cut_and_skipped)
{
    size_t size = 3 * TABLE_LINE_MAX;
    char *text = malloc(size + 16);
    struct table *table = NULL;

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', size);
    snprintf(text + size, 6, "\n3,4\n");
    text[1] = ',';
    text[3] = '\n';
    write_file(".csv", text, size + 5);
    free(text);
    ck_assert_ok(table_open(path, NULL, &table, &err), err);
    unlink(path);
    ck_assert_str_eq(next(table), "BAD 2 longer than 1048576 bytes");
    ck_assert_str_eq(next(table), "3|4");
    table_close(table);
}
END_TEST

static void write_gzip(const char *text)
{
    snprintf(path, sizeof(path), "/tmp/check_table.%d.csv.gz", (int)getpid());
    gzFile out = gzopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(gzputs(out, text), (int)strlen(text));
    ck_assert_int_eq(gzclose(out), Z_OK);
}

START_TEST(gzip_is_read_as_its_text)
{
    struct table *table = NULL;

    write_gzip("a,b\n1,2\n");
    ck_assert_ok(table_open(path, NULL, &table, &err), err);
    unlink(path);
    ck_assert_str_eq(next(table), "1|2");
    ck_assert_str_eq(next(table), "END");
    ck_assert(table_progress(table) > 0 && table_progress(table) <= 1);
    table_close(table);
}
END_TEST

START_TEST(a_cut_gzip_file_is_an_error_not_an_end)
{
    struct table *table = NULL;
    const struct table_field *fields;
    enum table_result result = TABLE_ROW;
    struct error why;

    write_gzip("a,b\n1,2\n3,4\n5,6\n7,8\n");
    ck_assert_int_eq(truncate(path, 24), 0);
    int status = table_open(path, NULL, &table, &err);
    unlink(path);
    while (status == 0 && result != TABLE_END)
        status = table_next(table, &result, &fields, &why, &err);
    ck_assert_refused(status, err, ERROR_INPUT, "ends too early");
    table_close(table);
}
END_TEST

/* Of a file with two gzip members: the second one goes on within a line of the
 * first one. */
static const char *const members[] = {"a,b\n1,2\n3,", "4\n"};

/* What follows the two members of a file. */
static const struct {
    const char *bytes;
    size_t size;
    enum error_code code;
    const char *complaint; /* NULL: the file is fine */
} tails[] = {
    {"", 0, ERROR_FORMAT, NULL},
    {"\0", 1, ERROR_FORMAT, NULL},
    {"\0\0\0\0\0\0\0\0", 8, ERROR_FORMAT, NULL},
    {"garbage", 7, ERROR_FORMAT, "behind line 3: bytes that are not gzip"},
    {"5,6\n", 4, ERROR_FORMAT, "bytes that are not gzip follow"},
    {"\0\0x", 3, ERROR_FORMAT, "bytes that are not gzip follow"},
    {"\x1f", 1, ERROR_FORMAT, "bytes that are not gzip follow"},
    {"\x1f\x8b", 2, ERROR_INPUT, "the gzip file ends too early"},
    {"\x1f\x8bgarbage....", 13, ERROR_INPUT, "the gzip file is damaged"},
};
enum { TAILS = sizeof(tails) / sizeof(tails[0]) };

static void write_members(const void *tail, size_t size)
{
    snprintf(path, sizeof(path), "/tmp/check_table.%d.csv.gz", (int)getpid());
    for (int i = 0; i < 2; i++) {
        gzFile out = gzopen(path, i ? "ab" : "wb");
        ck_assert_ptr_nonnull(out);
        ck_assert_int_eq(gzputs(out, members[i]), (int)strlen(members[i]));
        ck_assert_int_eq(gzclose(out), Z_OK);
    }
    FILE *out = fopen(path, "ab");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(tail, 1, size, out), size);
    ck_assert_int_eq(fclose(out), 0);
}

START_TEST(what_follows_a_gzip_member_is_gzip_too)
{
    struct table *table = NULL;
    const struct table_field *fields;
    enum table_result result = TABLE_ROW;
    struct error why;

    write_members(tails[_i].bytes, tails[_i].size);
    int status = table_open(path, NULL, &table, &err);
    unlink(path);
    int rows = -1;
    for (; status == 0 && result != TABLE_END; rows++)
        status = table_next(table, &result, &fields, &why, &err);
    if (tails[_i].complaint) {
        ck_assert_refused(status, err, tails[_i].code, tails[_i].complaint);
        ck_assert_ptr_nonnull(strstr(err.text, path));
    } else {
        ck_assert_ok(status, err);
        ck_assert_int_eq(rows, 2);
        ck_assert_double_eq(table_progress(table), 1);
    }
    table_close(table);
}
END_TEST

/* Files that cannot even be opened as tables. */
static const struct {
    const char *end, *text;
    enum error_code code;
    const char *complaint;
} mistakes[] = {
    {".csv", "", ERROR_FORMAT, "it ends before the first row"},
    {".csv", "\"a,b\n1,2\n", ERROR_FORMAT, "a quote is not closed"},
    {".csv", "a,b\r1,2\r", ERROR_FORMAT, "a carriage return alone"},
    {".csv", "{\"a\":1,\"b\":2}\n", ERROR_FORMAT, "is JSON: write it as CSV"},
    {".csv", "[{\"a\":1}]\n", ERROR_FORMAT, "is JSON: write it as CSV"},
    {".arff", "@relation r\n@data\n1\n", ERROR_FORMAT, "no @attribute"},
    {".arff", "@relation r\n@attribute a numeric\n", ERROR_FORMAT,
     "it ends before the first row"},
    {".arff", "@attribute 'a numeric\n@data\n", ERROR_FORMAT,
     "line 1: a quote is not closed"},
};
enum { MISTAKES = sizeof(mistakes) / sizeof(mistakes[0]) };

START_TEST(a_file_without_a_header_is_refused)
{
    struct table *table = NULL;

    write_file(mistakes[_i].end, mistakes[_i].text, strlen(mistakes[_i].text));
    int status = table_open(path, NULL, &table, &err);
    unlink(path);
    ck_assert_refused(status, err, mistakes[_i].code, mistakes[_i].complaint);
}
END_TEST

START_TEST(a_path_that_cannot_be_read_is_named)
{
    struct table *table = NULL;

    ck_assert_refused(table_open("/nowhere/x.csv", NULL, &table, &err), err,
                      ERROR_INPUT, "/nowhere/x.csv");
    ck_assert_refused(table_open("/", NULL, &table, &err), err, ERROR_INPUT,
                      "is a folder");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("rows");

    tcase_add_loop_test(tests, rows_are_what_the_format_says, 0, FILES);
    tcase_add_test(tests, columns_are_found_by_name);
    tcase_add_test(tests, attributes_keep_their_names);
    tcase_add_test(tests, a_nul_byte_spoils_its_row_alone);
    tcase_add_test(tests, a_line_without_end_is_cut_and_skipped);
    tcase_add_test(tests, gzip_is_read_as_its_text);
    tcase_add_test(tests, a_cut_gzip_file_is_an_error_not_an_end);
    tcase_add_loop_test(tests, what_follows_a_gzip_member_is_gzip_too, 0,
                        TAILS);
    tcase_add_loop_test(tests, a_file_without_a_header_is_refused, 0, MISTAKES);
    tcase_add_test(tests, a_path_that_cannot_be_read_is_named);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
