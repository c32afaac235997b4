/*
 * check_table_source.c - which columns of a file go into an event, and that
 * none of them tells the label.
 */
#include "support/run_suite.h"

#include "producer/feed/event_source.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As the KDD Cup's file: of `impression` times it was shown, `click` times it
 * was clicked. */
static const char rows[] = "click,Impression,depth,ad_id,user_id,ctr\n"
                           "1,3,2,77,5,0.33\n"
                           "0,1,1,78,6,0\n";

static struct error err;
static char path[64];
static struct table_source_config config;

static void write_file(void)
{
    snprintf(path, sizeof(path), "/tmp/check_table_source.%d.csv",
             (int)getpid());
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(rows, out);
    ck_assert_int_eq(fclose(out), 0);
    config = (struct table_source_config){
        .path = path, .extras = "all", .without = "impression,clicks,ctr"};
}

static void remove_file(void)
{
    ck_assert_int_eq(unlink(path), 0);
}

/* The names of the first row's extras, with their values. */
static void check_extras(const char *expected)
{
    struct event_source *source = NULL;
    struct source_row row;
    enum source_result result;
    uint64_t line;
    char text[1024] = "";

    ck_assert_ok(table_source_open(&config, &source, &err), err);
    ck_assert_ok(source->ops->next(source, &result, &row, &line, &err, &err),
                 err);
    ck_assert_int_eq(result, SOURCE_ROW);
    for (size_t i = 0; i < row.extra_count; i++) {
        const struct id *value = &row.extras[i].value;
        size_t used = strlen(text);
        if (value->text)
            snprintf(text + used, sizeof(text) - used, " %s=%.*s",
                     row.extras[i].name, (int)value->size, value->text);
        else
            snprintf(text + used, sizeof(text) - used, " %s=%d",
                     row.extras[i].name, (int)value->number);
    }
    ck_assert_str_eq(text, expected);
    event_source_close(source);
}

static void check_second_text(uint32_t size)
{
    struct event_source *source = NULL;
    struct source_row row;
    enum source_result result;
    uint64_t line;

    ck_assert_ok(table_source_open(&config, &source, &err), err);
    for (int i = 0; i < 2; i++)
        ck_assert_ok(
            source->ops->next(source, &result, &row, &line, &err, &err), err);
    ck_assert_uint_eq(row.extras[0].value.size, size);
    event_source_close(source);
}

static void check_refused(const char *why)
{
    struct event_source *source = NULL;

    ck_assert_refused(table_source_open(&config, &source, &err), err,
                      ERROR_CONFIG, why);
}

START_TEST(all_leaves_out_what_tells_the_label)
{
    check_extras(" depth=2");
}
END_TEST

START_TEST(what_is_left_out_can_be_told)
{
    strcpy(config.without, "");
    check_extras(" Impression=3 depth=2 ctr=0.33");
    strcpy(config.without, "depth,DEPTHS,ctr");
    check_extras(" Impression=3");
    strcpy(config.without, "impressio,tr,");
    check_extras(" Impression=3 depth=2 ctr=0.33");
}
END_TEST

START_TEST(a_list_is_taken_at_its_word)
{
    strcpy(config.extras, "Impression,depth");
    check_extras(" Impression=3 depth=2");
    strcpy(config.extras, "none");
    check_extras("");
}
END_TEST

START_TEST(the_label_itself_is_refused)
{
    strcpy(config.extras, "depth,click");
    check_refused("'click' is the label");
    strcpy(config.click, "ctr");
    check_extras(" depth=2 click=1");
    strcpy(config.extras, "ctr");
    check_refused("'ctr' is the label");
}
END_TEST

START_TEST(a_column_that_is_not_there_is_refused)
{
    strcpy(config.extras, "depht");
    check_refused("no column 'depht': there are click, Impression, depth");
}
END_TEST

/* The last character of 255 bytes is not cut in halves. */
START_TEST(a_long_value_is_cut_between_characters)
{
    char expected[300] = " text=";
    FILE *out = fopen(path, "w");

    ck_assert_ptr_nonnull(out);
    fputs("user,ad,click,text\n5,7,1,", out);
    for (int i = 0; i < 100; i++) {
        fputs("\u20ac", out);
        if (i < 85) /* of 3 bytes each */
            strcat(expected, "\u20ac");
    }
    fputs("\n5,7,1,x", out);
    for (int i = 0; i < 100; i++)
        fputs("\u20ac", out);
    fputc('\n', out);
    ck_assert_int_eq(fclose(out), 0);
    check_extras(expected);
    check_second_text(1 + 84 * 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table source");
    TCase *tests = tcase_create("extras");

    tcase_add_checked_fixture(tests, write_file, remove_file);
    tcase_add_test(tests, all_leaves_out_what_tells_the_label);
    tcase_add_test(tests, what_is_left_out_can_be_told);
    tcase_add_test(tests, a_list_is_taken_at_its_word);
    tcase_add_test(tests, the_label_itself_is_refused);
    tcase_add_test(tests, a_column_that_is_not_there_is_refused);
    tcase_add_test(tests, a_long_value_is_cut_between_characters);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
