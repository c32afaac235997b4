/*
 * check_snapshot_movers.c - the ids whose predictions moved, by a plain look
 * at all of them.
 */
#include "support/run_suite.h"
#include "support/small_snapshot.h"

#include "cli/snapshot/snapshot_movers.h"

#include <math.h>

enum { TOP = 10 };

static struct error err;
static struct snapshot *before, *after;
static struct movers movers;

static struct snapshot *make(uint64_t seed)
{
    struct buffer bytes = {0};
    struct snapshot *snapshot = NULL;

    small_snapshot(seed, &bytes);
    ck_assert_ok(snapshot_decode(bytes.bytes, bytes.size, &snapshot, &err),
                 err);
    buffer_free(&bytes);
    return snapshot;
}

static void start(void)
{
    before = make(1);
    after = make(2);
}

static void stop(void)
{
    movers_free(&movers);
    snapshot_free(before);
    snapshot_free(after);
}

static double predict(const struct snapshot *snapshot, uint32_t ad)
{
    const struct pair pair = {.user = INDEX_UNKNOWN, .item = ad};
    struct prediction answer;

    model_predict(snapshot->model, &pair, 1, &answer);
    return answer.value;
}

static double moved(const struct mover *mover)
{
    return fabs(mover->after - mover->before);
}

START_TEST(ads_that_moved_most)
{
    size_t larger = 0;

    ck_assert_ok(movers_find(before, after, MOVERS_ADS, TOP, &movers, &err),
                 err);
    ck_assert_uint_eq(movers.count, TOP);
    ck_assert_uint_eq(movers.both, SMALL_SNAPSHOT_IDS);
    ck_assert_uint_eq(movers.only_before + movers.only_after, 0);
    for (size_t i = 0; i < TOP; i++) {
        uint32_t ad = (uint32_t)movers.top[i].id.number;
        ck_assert(movers.top[i].before == predict(before, ad));
        ck_assert(movers.top[i].after == predict(after, ad));
        ck_assert(i == 0 || moved(&movers.top[i]) <= moved(&movers.top[i - 1]));
    }
    for (uint32_t ad = 0; ad < SMALL_SNAPSHOT_IDS; ad++)
        larger += fabs(predict(after, ad) - predict(before, ad)) >
                  moved(&movers.top[TOP - 1]);
    ck_assert_uint_lt(larger, TOP);
}
END_TEST

START_TEST(nothing_moves_between_the_same)
{
    ck_assert_ok(movers_find(before, before, MOVERS_ADS, TOP, &movers, &err),
                 err);
    ck_assert_uint_eq(movers.count, 0);
    ck_assert_uint_eq(movers.both, SMALL_SNAPSHOT_IDS);
}
END_TEST

START_TEST(ids_come_and_go)
{
    struct id ad = id_from_number(-5), user = id_from_number(-6);
    uint32_t index;

    ck_assert_ok(id_map_add(after->users, &user, &index, &err), err);
    ck_assert_ok(id_map_add(before->ads, &ad, &index, &err), err);
    ck_assert_ok(movers_find(before, after, MOVERS_USERS, TOP, &movers, &err),
                 err);
    ck_assert_uint_eq(movers.only_after, 1);
    ck_assert_uint_eq(movers.both, SMALL_SNAPSHOT_IDS);
    movers_free(&movers);
    ck_assert_ok(movers_find(before, after, MOVERS_ADS, TOP, &movers, &err),
                 err);
    ck_assert_uint_eq(movers.only_before, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot_movers");
    TCase *tests = tcase_create("movers");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, ads_that_moved_most);
    tcase_add_test(tests, nothing_moves_between_the_same);
    tcase_add_test(tests, ids_come_and_go);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
