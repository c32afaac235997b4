/*
 * check_hostile_times.c - records with wrong times beside an honest stream:
 * what they must not do to it.
 *
 * The honest stream has an impression every 100 ms, each of which is clicked 30
 * s later if its number is even, in one or two partitions of impressions and
 * of labels. Every event is 50 ms old when its record is written, and is read
 * half a second later.
 */
#include "support/run_suite.h"

#include "consumer/learn/intake.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    COUNT = 30000, /* honest impressions: 50 minutes */
    STEP_MS = 100,
    CLICK_MS = 30000,
    MINUTE_MS = 60000,
    LATE_MS = 20 * MINUTE_MS,
    AHEAD_MS = LATE_MS / 2, /* by which records may be ahead of the clock */
    STRANGER = 10000000,    /* ids from here on are the hostile writer's */
};

static const int64_t base_ms = 1700000000000;
static const int64_t year_9999_ms = INT64_C(253402300799000);
static const int64_t year_2100_ms = INT64_C(4102444800000);

static struct error err;

enum clock { OF_NOW, NONE, FIXED };

/* What the hostile writer sends: `every_ms` of honest time, once where that is
 * 0. Times are distances from the moment of sending, or fixed. */
static const struct attack {
    const char *name;
    enum intake_kind kind;
    int64_t every_ms;
    enum clock event, record;
    int64_t event_ms, record_ms;
} attacks[] = {
    {"nothing odd", INTAKE_IMPRESSION, 60000, OF_NOW, OF_NOW, -50, 0},
    {"an impression of the year 9999 without a record time", INTAKE_IMPRESSION,
     0, FIXED, NONE, 0, 0},
    {"a label of the year 9999 without a record time", INTAKE_LABEL, 0, FIXED,
     NONE, 0, 0},
    {"an impression a minute, 30 min ahead of its record", INTAKE_IMPRESSION,
     60000, OF_NOW, OF_NOW, 30 * MINUTE_MS, 0},
    {"an impression every 10 s, 30 min ahead of its record", INTAKE_IMPRESSION,
     10000, OF_NOW, OF_NOW, 30 * MINUTE_MS, 0},
    {"a label every 10 s, 30 min ahead of its record", INTAKE_LABEL, 10000,
     OF_NOW, OF_NOW, 30 * MINUTE_MS, 0},
    {"a day ahead of its record", INTAKE_IMPRESSION, 10000, OF_NOW, OF_NOW,
     1440 * MINUTE_MS, 0},
    {"event and record 55 min ahead, once", INTAKE_IMPRESSION, 0, OF_NOW,
     OF_NOW, 55 * MINUTE_MS, 55 * MINUTE_MS},
    {"event and record 55 min ahead, every second", INTAKE_IMPRESSION, 1000,
     OF_NOW, OF_NOW, 55 * MINUTE_MS, 55 * MINUTE_MS},
    {"labels and their records 55 min ahead", INTAKE_LABEL, 1000, OF_NOW,
     OF_NOW, 55 * MINUTE_MS, 55 * MINUTE_MS},
    {"event and record of the year 2100", INTAKE_IMPRESSION, 1000, FIXED, FIXED,
     0, 0},
    {"labels and records of the year 2100", INTAKE_LABEL, 1000, FIXED, FIXED, 0,
     0},
    {"a record of the year 2100", INTAKE_IMPRESSION, 1000, OF_NOW, FIXED, 0, 0},
    {"records without a time, 29 min ahead", INTAKE_LABEL, 1000, OF_NOW, NONE,
     29 * MINUTE_MS, 0},
    {"a record time of 1 ms", INTAKE_IMPRESSION, 1000, OF_NOW, FIXED, 0, 1},
    {"uploads of yesterday", INTAKE_IMPRESSION, 1000, OF_NOW, OF_NOW,
     -1440 * MINUTE_MS, 0},
    {"seconds in place of ms", INTAKE_LABEL, 1000, FIXED, OF_NOW, 1700000000,
     0},
    {"a flood of labels", INTAKE_LABEL, 20, OF_NOW, OF_NOW, 0, 0},
};

struct world {
    struct intake *intake;
    uint64_t positive, negative, unknown; /* of honest impressions */
    bool *is_honest;                      /* by sequence */
    float *labels;
    size_t room;
    int64_t strangers;
    int32_t partitions; /* of each topic; the stranger writes to the last one */
};

static void pull(struct world *world)
{
    struct join_outcome outcome;

    while (intake_next_outcome(world->intake, &outcome)) {
        ck_assert_uint_lt(outcome.sequence, world->room);
        world->labels[outcome.sequence] = outcome.label;
    }
}

static void send_impression(struct world *world, int64_t id, int64_t ts_ms,
                            const struct intake_origin *origin)
{
    const struct impression event = {.id = id_from_number(id),
                                     .user = id_from_number(id % 7),
                                     .ad = id_from_number(id % 5),
                                     .ts_ms = ts_ms};
    struct intake_row row;

    ck_assert_ok(intake_impression(world->intake, &event, origin, &row, &err),
                 err);
    ck_assert_uint_lt(row.sequence, world->room);
    world->is_honest[row.sequence] = id < STRANGER;
    pull(world);
}

static void send_label(struct world *world, int64_t id, int64_t ts_ms,
                       const struct intake_origin *origin)
{
    const struct label event = {
        .id = id_from_number(id), .ts_ms = ts_ms, .click = 1};

    ck_assert_ok(intake_label(world->intake, &event, origin, &err), err);
    pull(world);
}

static int64_t dated(enum clock clock, int64_t ms, int64_t now_ms,
                     int64_t fixed_ms)
{
    if (clock == OF_NOW)
        return now_ms + ms;
    if (clock == NONE)
        return -1;
    return ms ? ms : fixed_ms;
}

static void send_hostile(struct world *world, const struct attack *attack,
                         int64_t now_ms)
{
    int64_t fixed_ms = attack->record == NONE ? year_9999_ms : year_2100_ms;
    const struct intake_origin origin = {
        .partition = world->partitions - 1,
        .record_ms =
            dated(attack->record, attack->record_ms, now_ms, year_2100_ms),
        .read_ms = now_ms + 500};
    int64_t ts_ms = dated(attack->event, attack->event_ms, now_ms, fixed_ms);
    int64_t id = STRANGER + world->strangers++;

    if (attack->kind == INTAKE_IMPRESSION)
        send_impression(world, id, ts_ms, &origin);
    else
        send_label(world, id, ts_ms, &origin);
}

static void send_honest(struct world *world, int64_t i, int64_t now_ms)
{
    const struct intake_origin origin = {.partition =
                                             (int32_t)(i % world->partitions),
                                         .record_ms = now_ms,
                                         .read_ms = now_ms + 500};
    int64_t clicked = i - CLICK_MS / STEP_MS;

    if (i < COUNT)
        send_impression(world, i, now_ms - 50, &origin);
    if (clicked >= 0 && clicked < COUNT && clicked % 2 == 0)
        send_label(world, clicked, now_ms - 50, &origin);
}

static void count_honest(struct world *world)
{
    for (uint64_t i = 0; i < intake_books(world->intake).impressions; i++) {
        if (!world->is_honest[i])
            continue;
        world->positive += world->labels[i] > 0;
        world->negative += world->labels[i] == 0;
        world->unknown += isnan(world->labels[i]) != 0;
    }
}

START_TEST(what_a_stranger_writes_decides_only_his_own_labels)
{
    const struct attack *attack = &attacks[_i / 2];
    const struct intake_config config = {
        .fields = EVENT_FIELDS_DEFAULT,
        .mode = JOIN_IMPRESSIONS,
        .join = {10 * MINUTE_MS, LATE_MS, 40000},
        .log = {400000, 0}};
    enum { STEPS = COUNT + 45 * MINUTE_MS / STEP_MS };
    struct world world = {.room = 400000, .partitions = 1 + _i % 2};
    int64_t next_ms = 10000;

    world.is_honest = calloc(world.room, sizeof(*world.is_honest));
    world.labels = calloc(world.room, sizeof(*world.labels));
    for (size_t i = 0; i < world.room; i++)
        world.labels[i] = -1;
    ck_assert_ok(intake_new(&config, &world.intake, &err), err);
    for (int64_t i = 0; i < STEPS; i++) {
        int64_t now_ms = base_ms + i * STEP_MS;
        for (; next_ms <= i * STEP_MS && i < COUNT;
             next_ms += attack->every_ms ? attack->every_ms : INT64_MAX / 2)
            send_hostile(&world, attack, now_ms);
        send_honest(&world, i, now_ms);
        ck_assert_int_le(intake_stream_ms(world.intake),
                         now_ms + 500 + AHEAD_MS);
    }
    /* The clock of an honest partition goes on. */
    send_impression(
        &world, STRANGER - 1, base_ms + 96 * MINUTE_MS,
        &(struct intake_origin){.record_ms = base_ms + 96 * MINUTE_MS,
                                .read_ms = base_ms + 96 * MINUTE_MS});
    count_honest(&world);
    ck_assert_msg(world.positive == COUNT / 2 && world.unknown == 0 &&
                      world.negative == COUNT / 2,
                  "%s: positive=%llu negative=%llu unknown=%llu", attack->name,
                  (unsigned long long)world.positive,
                  (unsigned long long)world.negative,
                  (unsigned long long)world.unknown);
    struct join_books books = intake_books(world.intake);
    ck_assert(join_books_balance(&books));
    intake_free(world.intake);
    free(world.is_honest);
    free(world.labels);
}
END_TEST

/* --- Stream time ------------------------------------------------------ */

static int64_t after(struct stream_time *time, size_t lane, int64_t event_ms,
                     int64_t record_ms)
{
    const struct stream_origin origin = {lane, record_ms, INT64_MAX};
    struct stream_stamp stamp = stream_time_stamp(time, event_ms, &origin);

    ck_assert_ok(stream_time_take(time, &stamp, &origin, &err), err);
    return time->now_ms;
}

START_TEST(an_ordered_history_moves_time_with_every_event)
{
    struct stream_time time = stream_time_from(30 * MINUTE_MS, 0);

    for (int64_t i = 0; i < 1000; i++)
        ck_assert_int_eq(after(&time, (size_t)(i * i % 7), base_ms + i * 1000,
                               base_ms + i * 1000),
                         base_ms + i * 1000);
    stream_time_free(&time);
}
END_TEST

START_TEST(the_slowest_partition_holds_time_until_it_is_idle)
{
    struct stream_time time = stream_time_from(30 * MINUTE_MS, 0);
    const int64_t now_ms = base_ms + 1000000000; /* an old history is fed */

    after(&time, 0, base_ms, now_ms);
    ck_assert_int_eq(after(&time, 1, base_ms - 10, now_ms), base_ms);
    ck_assert_int_eq(after(&time, 0, base_ms + 5000, now_ms + 1), base_ms);
    ck_assert_int_eq(after(&time, 1, base_ms + 4000, now_ms + 2),
                     base_ms + 4000);
    /* By record time it is silent for more than a minute. */
    ck_assert_int_eq(after(&time, 0, base_ms + 900000, now_ms + 62000),
                     base_ms + 4000 + 61998 > base_ms + 900000
                         ? base_ms + 900000
                         : time.now_ms);
    ck_assert_int_eq(time.now_ms, base_ms + 900000);
    stream_time_free(&time);
}
END_TEST

START_TEST(a_silent_partition_goes_on_at_the_pace_of_records)
{
    struct stream_time time = stream_time_from(30 * MINUTE_MS, 0);

    after(&time, 0, base_ms, base_ms + 100);
    after(&time, 1, base_ms, base_ms + 100);
    ck_assert_int_eq(after(&time, 0, base_ms + 5000, base_ms + 5000),
                     base_ms + 4900);
    stream_time_free(&time);
}
END_TEST

START_TEST(rest_ends_what_the_slow_ones_hold)
{
    struct stream_time time = stream_time_from(30 * MINUTE_MS, 0);

    after(&time, 0, base_ms, base_ms * 2);
    after(&time, 1, base_ms, base_ms * 2);
    ck_assert_int_eq(after(&time, 1, base_ms + 7000, base_ms * 2), base_ms);
    stream_time_rest(&time);
    ck_assert_int_eq(time.now_ms, base_ms + 7000);
    ck_assert_int_eq(after(&time, 0, base_ms + 10, base_ms * 2),
                     base_ms + 7000);
    stream_time_free(&time);
}
END_TEST

START_TEST(topics_without_record_times_move_when_they_rest)
{
    struct stream_time time = stream_time_from(30 * MINUTE_MS, 0);

    ck_assert_int_eq(after(&time, 0, base_ms, -1), INT64_MIN);
    ck_assert_int_eq(after(&time, 1, base_ms + 5, -5), INT64_MIN);
    stream_time_rest(&time);
    ck_assert_int_eq(time.now_ms, base_ms + 5);
    ck_assert_uint_eq(time.counts[ODD_UNTIMED], 2);
    stream_time_free(&time);
}
END_TEST

/* What odd times are counted as, and what their rows are dated. */
static const struct {
    int64_t event_ms, record_ms, read_ms, ts_ms, counts_ms;
    int kind; /* -1: nothing odd */
} stamps[] = {
    {1700000000000, 1700000000000, INT64_MAX, 1700000000000, 1700000000000, -1},
    {1700000060000, 1700000000000, INT64_MAX, 1700000060000, 1700000000000, -1},
    {1700000060001, 1700000000000, INT64_MAX, 1700000060001, 1700000000000,
     ODD_AHEAD},
    {1700001800000, 1700000000000, INT64_MAX, 1700001800000, 1700000000000,
     ODD_AHEAD},
    {1700001800001, 1700000000000, INT64_MAX, 1700000000000, 1700000000000,
     ODD_SKEWED},
    {1600000000000, 1700000000000, INT64_MAX, 1600000000000, 1600000000000, -1},
    {1700000000000, 1700000000001, 1700000000000, 1700000000000, 1700000000000,
     ODD_FUTURE},
    {1700000000, 1700000000000, INT64_MAX, 1700000000, 1700000000, ODD_SECONDS},
    {1700000000000, -1, 1700000000500, 1700000000000, 1700000000000,
     ODD_UNTIMED},
    {1700000000000, 1700000000, 1700000000500, 1700000000000, 1700000000000,
     ODD_UNTIMED},
    {1700000000, 1700000000, INT64_MAX, 1700000000, 1700000000, -1},
    {0, 0, INT64_MAX, 0, 0, -1},
};

START_TEST(each_odd_time_is_counted_as_its_kind)
{
    struct stream_time time = stream_time_from(30 * MINUTE_MS, 0);
    const struct stream_origin origin = {0, stamps[_i].record_ms,
                                         stamps[_i].read_ms};
    struct stream_stamp stamp =
        stream_time_stamp(&time, stamps[_i].event_ms, &origin);

    ck_assert_int_eq(stamp.ts_ms, stamps[_i].ts_ms);
    ck_assert_int_eq(stamp.counts_ms, stamps[_i].counts_ms);
    for (int kind = 0; kind < ODD_TIMES; kind++)
        ck_assert_msg(stamp.is_odd[kind] == (kind == stamps[_i].kind), "%s",
                      odd_time_name((enum odd_time)kind));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile times");
    TCase *tests = tcase_create("beside an honest stream");

    tcase_add_loop_test(tests,
                        what_a_stranger_writes_decides_only_his_own_labels, 0,
                        2 * sizeof(attacks) / sizeof(attacks[0]));
    tcase_add_test(tests, an_ordered_history_moves_time_with_every_event);
    tcase_add_test(tests, the_slowest_partition_holds_time_until_it_is_idle);
    tcase_add_test(tests, a_silent_partition_goes_on_at_the_pace_of_records);
    tcase_add_test(tests, rest_ends_what_the_slow_ones_hold);
    tcase_add_test(tests, topics_without_record_times_move_when_they_rest);
    tcase_add_loop_test(tests, each_odd_time_is_counted_as_its_kind, 0,
                        sizeof(stamps) / sizeof(stamps[0]));
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
