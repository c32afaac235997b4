/*
 * check_resume_points.c - an intake that begins at a point, with its clock, and
 * reads up to the present goes on as the one that has read everything.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "consumer/learn/resume_points.h"

#include "model/rows/field_list.h"

#include <math.h>
#include <string.h>

enum {
    EVENTS = 6000,
    STEP_MS = 100,
    WINDOW_MS = 5000,
    LATE_MS = 10000,
    LANES = 3,
    OUTCOMES_MAX = 2 * EVENTS,
};

static const int64_t base_ms = 1700000000000;

static struct error err;

/* A record of the made-up past: most labels come soon, some late, some before
 * their impression, and some are of nothing. */
struct happening {
    bool is_label;
    int64_t id, ts_ms, record_ms;
    double click;
    int32_t partition;
};

static struct happening happenings[EVENTS];

static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state += 1;
    return random_mix(*state) % below;
}

static void make_happenings(uint64_t seed)
{
    uint64_t state = seed << 32;
    int64_t shown = 0;

    for (int i = 0; i < EVENTS; i++) {
        struct happening *at = &happenings[i];
        int64_t now_ms = base_ms + (int64_t)i * STEP_MS;
        *at = (struct happening){.record_ms = now_ms,
                                 .partition = (int32_t)draw(&state, LANES)};
        at->is_label = draw(&state, 3) == 0;
        /* One partition is silent for minutes, and one is behind. */
        if (i / 1500 % 2 == 1)
            at->partition %= LANES - 1;
        at->ts_ms = now_ms - (int64_t)draw(&state, 3000) -
                    (at->partition == 1 ? 1000 : 0);
        if (!at->is_label) {
            at->id = shown++;
            continue;
        }
        at->id = shown - (int64_t)draw(&state, 150) + 3;
        at->click = draw(&state, 4) != 0;
        /* A clock that is far ahead. */
        if (draw(&state, 200) == 0)
            at->ts_ms = now_ms + 20000;
    }
}

/* --- Intakes ---------------------------------------------------------- */

struct reading {
    struct intake *intake;
    size_t count;
    struct join_outcome outcomes[OUTCOMES_MAX];
    uint64_t values[OUTCOMES_MAX];
    int64_t stream_ms[EVENTS];
};

static struct reading whole, resumed;
static struct field_list list;

static void open_intake(struct reading *reading)
{
    struct intake_config config = {.fields = EVENT_FIELDS_DEFAULT,
                                   .join = {WINDOW_MS, LATE_MS, 100000},
                                   .log = {1000, 0},
                                   .list = &list};

    ck_assert_ok(field_list_parse("user,ad", &list, &err), err);
    reading->count = 0;
    ck_assert_ok(intake_new(&config, &reading->intake, &err), err);
}

static void show(struct reading *reading, const struct happening *happening,
                 const struct intake_origin *origin)
{
    const struct impression event = {.id = id_from_number(happening->id),
                                     .ts_ms = happening->ts_ms,
                                     .user = id_from_number(1),
                                     .ad = id_from_number(2)};
    struct intake_row row;

    ck_assert_ok(intake_impression(reading->intake, &event, origin, &row, &err),
                 err);
    if (row.values)
        row.values[0] = row.values[1] = 1000 + (uint64_t)happening->id;
}

static void take(struct reading *reading, size_t number)
{
    const struct happening *happening = &happenings[number];
    const struct intake_origin origin = {.partition = happening->partition,
                                         .record_ms = happening->record_ms,
                                         .read_ms = INT64_MAX};
    struct join_outcome outcome;

    if (happening->is_label) {
        const struct label event = {.id = id_from_number(happening->id),
                                    .ts_ms = happening->ts_ms,
                                    .click = happening->click};
        ck_assert_ok(intake_label(reading->intake, &event, &origin, &err), err);
    } else {
        show(reading, happening, &origin);
    }
    while (intake_next_outcome(reading->intake, &outcome)) {
        ck_assert_uint_lt(reading->count, OUTCOMES_MAX);
        reading->values[reading->count] =
            outcome.values ? outcome.values[1] : 0;
        reading->outcomes[reading->count++] = outcome;
    }
    reading->stream_ms[number] = intake_stream_ms(reading->intake);
}

static bool is_same(float a, float b)
{
    return isnan(a) ? isnan(b) : a == b;
}

/* Reads everything, and keeps the point that there is after `present`. */
static size_t read_whole(size_t present, size_t *known, struct buffer *clock)
{
    struct resume_points *points = NULL;
    size_t begin = SIZE_MAX;

    open_intake(&whole);
    ck_assert_ok(resume_points_new(WINDOW_MS + LATE_MS, &points, &err), err);
    for (size_t i = 0; i < EVENTS; i++) {
        const struct offset_range range = {"events", 0, 0, (int64_t)i};
        if (resume_points_is_due(points, whole.intake))
            ck_assert_ok(
                resume_points_add(points, whole.intake, &range, 1, &err), err);
        if (i == present) {
            const struct resume_point *point =
                resume_points_find(points, whole.intake);
            ck_assert_ptr_nonnull(point);
            begin = (size_t)point->ranges[0].next;
            buffer_append(clock, point->clock.bytes, point->clock.size);
            *known = whole.count;
        }
        take(&whole, i);
    }
    resume_points_free(points);
    return begin;
}

/* A story: what comes behind the present is the same. */
static size_t resume_at(size_t present)
{
    struct buffer clock = {0};
    size_t known = 0;
    size_t begin = read_whole(present, &known, &clock);

    open_intake(&resumed);
    ck_assert_ok(
        intake_load_clock(resumed.intake, clock.bytes, clock.size, &err), err);
    for (size_t i = begin; i < present; i++)
        take(&resumed, i);
    resumed.count = 0;
    for (size_t i = present; i < EVENTS; i++) {
        take(&resumed, i);
        ck_assert_int_eq(resumed.stream_ms[i], whole.stream_ms[i]);
    }
    ck_assert_uint_eq(resumed.count, whole.count - known);
    for (size_t i = 0; i < resumed.count; i++) {
        const struct join_outcome *now = &resumed.outcomes[i];
        const struct join_outcome *then = &whole.outcomes[known + i];
        ck_assert(is_same(now->label, then->label));
        ck_assert(is_same(now->before, then->before));
        ck_assert_uint_eq(resumed.values[i], whole.values[known + i]);
    }
    intake_free(whole.intake);
    intake_free(resumed.intake);
    buffer_free(&clock);
    return begin;
}

START_TEST(what_follows_is_the_same_wherever_it_resumes)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        make_happenings(seed);
        for (size_t present = 1; present < EVENTS; present += 571) {
            size_t begin = resume_at(present);
            ck_assert_uint_lt(begin, present);
            /* Two reaches and a part of one: not all of the past. */
            if (present > 2000)
                ck_assert_uint_gt(begin, present - 600);
        }
    }
}
END_TEST

START_TEST(outcomes_changed_and_first_ones_are_told_apart)
{
    size_t first = 0, changed = 0, unknown = 0, known = 0;
    struct buffer clock = {0};

    make_happenings(1);
    read_whole(1, &known, &clock);
    for (size_t i = 0; i < whole.count; i++) {
        const struct join_outcome *outcome = &whole.outcomes[i];
        bool is_first = isnan(outcome->before);
        first += is_first && !isnan(outcome->label);
        changed += !is_first;
        unknown += isnan(outcome->label) != 0;
        if (!isnan(outcome->before))
            ck_assert(outcome->before < outcome->label);
        if (!isnan(outcome->label))
            ck_assert_uint_eq(whole.values[i], 1000 + outcome->sequence);
    }
    struct join_books books = intake_books(whole.intake);
    ck_assert_uint_eq(first, books.positive + books.negative);
    ck_assert_uint_eq(unknown, books.unknown);
    ck_assert_uint_gt(changed, 100);
    intake_free(whole.intake);
    buffer_free(&clock);
}
END_TEST

START_TEST(a_clock_that_is_cut_short_is_refused)
{
    struct buffer clock = {0};
    size_t known = 0;

    make_happenings(1);
    read_whole(3000, &known, &clock);
    for (size_t size = 0; size < clock.size; size++)
        ck_assert_refused(
            intake_load_clock(whole.intake, clock.bytes, size, &err), err,
            ERROR_FORMAT, "cut short");
    ck_assert_int_eq(intake_stream_ms(whole.intake),
                     whole.stream_ms[EVENTS - 1]);
    intake_free(whole.intake);
    buffer_free(&clock);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resume_points");
    TCase *tests = tcase_create("points");

    tcase_add_test(tests, what_follows_is_the_same_wherever_it_resumes);
    tcase_add_test(tests, outcomes_changed_and_first_ones_are_told_apart);
    tcase_add_test(tests, a_clock_that_is_cut_short_is_refused);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
