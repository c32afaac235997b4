/*
 * check_sorted_source.c - rows come in the order of their times, whole.
 */
#include "support/run_suite.h"

#include "producer/feed/event_source.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct error err;

static struct event_source *open_text(const char *text, size_t memory)
{
    char path[64];
    struct event_source *table = NULL, *sorted = NULL;
    struct table_source_config config = {
        .path = path, .extras = "all", .id_start = 1};

    snprintf(path, sizeof(path), "/tmp/check_sorted.%d.csv", (int)getpid());
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_ok(table_source_open(&config, &table, &err), err);
    unlink(path);
    ck_assert_ok(sorted_source_open(table, "", memory, &sorted, &err), err);
    return sorted;
}

/* One row as "line id user ad click ms extra...", "BAD line", or "END". */
static const char *next(struct event_source *source)
{
    static char out[512];
    enum source_result result;
    struct source_row row;
    struct error why;
    uint64_t line;
    char id[ID_PRINT_SIZE], user[ID_PRINT_SIZE], ad[ID_PRINT_SIZE];

    ck_assert_ok(source->ops->next(source, &result, &row, &line, &why, &err),
                 err);
    if (result == SOURCE_END)
        return "END";
    if (result == SOURCE_REJECTED) {
        snprintf(out, sizeof(out), "BAD %d", (int)line);
        return out;
    }
    id_print(&row.id, id);
    id_print(&row.user, user);
    id_print(&row.ad, ad);
    int used = snprintf(out, sizeof(out), "%d %s %s %s %g %lld", (int)line, id,
                        user, ad, row.click, (long long)row.ts_ms);
    for (size_t i = 0; i < row.extra_count; i++) {
        char value[ID_PRINT_SIZE];
        id_print(&row.extras[i].value, value);
        used += snprintf(out + used, sizeof(out) - (size_t)used, " %s=%s",
                         row.extras[i].name, value);
    }
    return out;
}

/* In memory, and with a run for every row. */
static const size_t memories[] = {1 << 20, 1};

START_TEST(rows_come_by_time_and_whole)
{
    struct event_source *source = open_text("user,ad,click,ts,depth,text\n"
                                            "u1,7,1,1500000003,2,\n"
                                            "u2,a8,0,1500000001,-4,x y\n"
                                            "u3,a9,maybe,1500000000,1,z\n"
                                            "042,a8,0.5,1500000001,042,\n",
                                            memories[_i]);

    ck_assert_str_eq(next(source), "BAD 4");
    ck_assert_str_eq(next(source),
                     "3 2 u2 a8 0 1500000001000 depth=-4 text=x y");
    ck_assert_str_eq(next(source),
                     "5 4 042 a8 0.5 1500000001000 depth=042 text=");
    ck_assert_str_eq(next(source), "2 1 u1 7 1 1500000003000 depth=2 text=");
    ck_assert_str_eq(next(source), "END");
    event_source_close(source);
}
END_TEST

START_TEST(rows_without_times_pass)
{
    struct event_source *source =
        open_text("user,ad,click\nu2,a1,1\nu1,a1,0\n", 1);

    ck_assert_str_eq(next(source), "2 1 u2 a1 1 0");
    ck_assert_str_eq(next(source), "3 2 u1 a1 0 0");
    ck_assert_str_eq(next(source), "END");
    event_source_close(source);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sorted_source");
    TCase *tests = tcase_create("order");

    tcase_add_loop_test(tests, rows_come_by_time_and_whole, 0,
                        sizeof(memories) / sizeof(memories[0]));
    tcase_add_test(tests, rows_without_times_pass);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
