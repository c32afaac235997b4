/*
 * check_world.c - the synthetic world keeps to the truth that it writes down.
 */
#include "support/run_suite.h"

#include "producer/feed/event_source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 60000, USERS = 1000, ADS = 200 };

static struct error err;

static struct world_config small_world(void)
{
    return (struct world_config){
        .seed = 1,
        .rows = ROWS,
        .users = USERS,
        .ads = ADS,
        .rank = 4,
        .click_rate = 0.15,
        .spread = 0.8,
        .affinity = 0.8,
        .zipf = 0.7,
        .drift = 0.3,
    };
}

static struct event_source *open_world(const struct world_config *config)
{
    struct event_source *world = NULL;

    ck_assert_ok(world_open(config, &world, &err), err);
    return world;
}

static bool next(struct event_source *world, struct source_row *row)
{
    enum source_result result;
    uint64_t line;
    struct error why;

    ck_assert_ok(world->ops->next(world, &result, row, &line, &why, &err), err);
    return result == SOURCE_ROW;
}

START_TEST(the_same_seed_makes_the_same_world)
{
    struct world_config config = small_world();
    struct event_source *one = open_world(&config);
    struct event_source *two = open_world(&config);
    config.seed = 2;
    struct event_source *other = open_world(&config);
    struct source_row a, b, c;
    int different = 0;

    for (int i = 0; i < 1000; i++) {
        ck_assert(next(one, &a) && next(two, &b) && next(other, &c));
        ck_assert_int_eq(a.user.number, b.user.number);
        ck_assert_int_eq(a.ad.number, b.ad.number);
        ck_assert_double_eq(a.click, b.click);
        different += a.user.number != c.user.number;
    }
    ck_assert_int_gt(different, 500);
    event_source_close(one);
    event_source_close(two);
    event_source_close(other);
}
END_TEST

/* Sums over all rows: what the truth file says against what happened. */
struct sums {
    double p, variance, clicks, loss, mean_loss;
};

static struct sums compare_with_truth(const char *path)
{
    struct world_config config = small_world();
    struct sums sums = {0};
    struct source_row row;
    unsigned long long id;
    double p, *clicks = malloc(ROWS * sizeof(*clicks));

    config.truth = path;
    struct event_source *world = open_world(&config);
    ck_assert_ptr_nonnull(clicks);
    for (int i = 0; i < ROWS; i++) {
        ck_assert(next(world, &row));
        clicks[i] = row.click;
    }
    ck_assert(!next(world, &row));
    event_source_close(world);

    FILE *truth = fopen(path, "r");
    ck_assert_ptr_nonnull(truth);
    ck_assert_int_eq(fscanf(truth, "id,p\n"), 0);
    for (int i = 0; i < ROWS; i++) {
        ck_assert_int_eq(fscanf(truth, "%llu,%lf\n", &id, &p), 2);
        ck_assert_uint_eq(id, (unsigned long long)i + 1);
        sums.p += p;
        sums.variance += p * (1 - p);
        sums.clicks += clicks[i];
        sums.loss -= log(clicks[i] > 0 ? p : 1 - p);
    }
    ck_assert_int_eq(fgetc(truth), EOF);
    fclose(truth);
    free(clicks);
    double mean = sums.clicks / ROWS;
    sums.mean_loss = -mean * log(mean) - (1 - mean) * log(1 - mean);
    return sums;
}

START_TEST(clicks_follow_the_written_truth)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/check_world.%d.csv", (int)getpid());
    struct sums sums = compare_with_truth(path);
    unlink(path);

    /* Four standard deviations. */
    ck_assert_double_lt(fabs(sums.clicks - sums.p), 4 * sqrt(sums.variance));
    /* There is something to learn: the truth beats the mean by a tenth. */
    ck_assert_double_lt(sums.loss / ROWS, 0.9 * sums.mean_loss);
}
END_TEST

START_TEST(activity_has_a_long_tail)
{
    struct world_config config = small_world();
    struct event_source *world = open_world(&config);
    struct source_row row;
    int by_user[USERS + 1] = {0}, head = 0, seen = 0;

    while (next(world, &row)) {
        ck_assert_int_ge(row.user.number, 1);
        ck_assert_int_le(row.user.number, USERS);
        by_user[row.user.number]++;
    }
    for (int u = 1; u <= USERS; u++) {
        head += u <= USERS / 10 ? by_user[u] : 0;
        seen += by_user[u] > 0;
    }
    ck_assert_int_gt(head, ROWS / 3); /* a tenth of the users: 44 % expected */
    ck_assert_int_gt(seen, USERS * 9 / 10);
    event_source_close(world);
}
END_TEST

START_TEST(a_truth_file_that_cannot_be_written_is_refused)
{
    struct world_config config = small_world();
    struct event_source *world = NULL;

    config.truth = "/nowhere/truth.csv";
    ck_assert_refused(world_open(&config, &world, &err), err, ERROR_IO,
                      "/nowhere/truth.csv");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("world");
    TCase *tests = tcase_create("truth");

    tcase_add_test(tests, the_same_seed_makes_the_same_world);
    tcase_add_test(tests, clicks_follow_the_written_truth);
    tcase_add_test(tests, activity_has_a_long_tail);
    tcase_add_test(tests, a_truth_file_that_cannot_be_written_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
