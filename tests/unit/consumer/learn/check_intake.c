/*
 * check_intake.c - records in, training rows out; what is no event, nobody's
 * or dated wrongly.
 */
#include "support/run_suite.h"

#include "consumer/learn/intake.h"

#include "model/rows/field_list.h"

#include <math.h>
#include <string.h>

enum { WINDOW_MS = 1000, LATE_MS = 500, SKEW_MS = 30 * 60 * 1000 };

static const int64_t base_ms = 1700000000000;

static struct error err;
static struct intake *intake;
static struct buffer bytes;
static uint64_t outcomes;

static void open_intake(enum join_mode mode)
{
    struct intake_config config = {.fields = EVENT_FIELDS_DEFAULT,
                                   .mode = mode,
                                   .join = {WINDOW_MS, LATE_MS, 100},
                                   .log = {100, 0}};

    strcpy(config.fields.anonymous, "0,guest");
    outcomes = 0;
    ck_assert_ok(intake_new(&config, &intake, &err), err);
}

static void close_intake(void)
{
    intake_free(intake);
    intake = NULL;
    buffer_free(&bytes);
}

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

static void encode_impression(int id, int user, int ad, int64_t ts_ms)
{
    const struct impression event = {.id = id_from_number(id),
                                     .user = id_from_number(user),
                                     .ad = id_from_number(ad),
                                     .ts_ms = ts_ms};

    buffer_clear(&bytes);
    event_encode_impression(&fields, &event, NULL, 0, &bytes);
}

static void encode_label(int id, int64_t ts_ms, double click, bool pair)
{
    const struct label event = {.id = id_from_number(id),
                                .ts_ms = ts_ms,
                                .click = click,
                                .has_pair = pair,
                                .user = id_from_number(id * 10),
                                .ad = id_from_number(id * 100)};

    buffer_clear(&bytes);
    event_encode_label(&fields, &event, &bytes);
}

static void pull_outcomes(void)
{
    struct join_outcome outcome;

    while (intake_next_outcome(intake, &outcome)) {
        ck_assert(!isnan(outcome.label));
        outcomes++;
    }
}

static struct intake_origin origin_at(int64_t record_ms)
{
    return (struct intake_origin){.record_ms = record_ms, .read_ms = INT64_MAX};
}

static enum event_fault take(enum intake_kind kind, int64_t record_ms,
                             const char **field)
{
    const struct intake_record record = {.kind = kind,
                                         .bytes = bytes.bytes,
                                         .size = bytes.size,
                                         .origin = origin_at(record_ms)};
    struct intake_result became;

    ck_assert_ok(intake_take(intake, &record, &became, &err), err);
    pull_outcomes();
    *field = became.field;
    return became.fault;
}

static void impression(int id, int user, int ad, int64_t ts_ms)
{
    const char *field = NULL;

    encode_impression(id, user, ad, ts_ms);
    ck_assert_int_eq(take(INTAKE_IMPRESSION, ts_ms, &field), EVENT_OK);
}

static void label(int id, int64_t ts_ms, double click, bool pair)
{
    const char *field = NULL;

    encode_label(id, ts_ms, click, pair);
    ck_assert_int_eq(take(INTAKE_LABEL, ts_ms, &field), EVENT_OK);
}

static struct training_set *selected(void)
{
    struct training_set *set = NULL;

    ck_assert_ok(
        training_log_select(intake_log(intake), 0, INT64_MAX, &set, &err), err);
    return set;
}

START_TEST(a_click_and_a_silence_become_two_rows)
{
    open_intake(JOIN_IMPRESSIONS);
    impression(1, 7, 70, base_ms);
    impression(2, 8, 80, base_ms + 1);
    label(1, base_ms + 500, 1, false);
    ck_assert_uint_eq(outcomes, 1);
    impression(3, 9, 90, base_ms + WINDOW_MS + LATE_MS + 1000);
    struct training_set *set = selected();
    ck_assert_uint_eq(set->count, 2);
    ck_assert_double_eq(set->rows[0].value, 1);
    ck_assert_double_eq(set->rows[1].value, 0);
    ck_assert_int_eq(id_map_id(set->users, set->rows[0].user).number, 7);
    ck_assert_int_eq(id_map_id(set->ads, set->rows[1].item).number, 80);
    training_set_free(set);
    ck_assert_uint_eq(outcomes, 2);
    ck_assert_uint_eq(intake_counts(intake).impressions, 3);
    ck_assert_uint_eq(intake_counts(intake).labels, 1);
    struct join_books books = intake_books(intake);
    ck_assert(join_books_balance(&books));
    ck_assert_uint_eq(books.open, 1);
    ck_assert_uint_gt(intake_bytes(intake), 0);
    close_intake();
}
END_TEST

START_TEST(the_same_impression_again_is_one_row)
{
    open_intake(JOIN_IMPRESSIONS);
    const struct impression event = {.id = id_from_number(1),
                                     .user = id_from_number(7),
                                     .ad = id_from_number(70),
                                     .ts_ms = base_ms};
    const struct intake_origin origin = origin_at(base_ms);
    struct intake_row first, again;

    ck_assert_ok(intake_impression(intake, &event, &origin, &first, &err), err);
    pull_outcomes();
    ck_assert_ok(intake_impression(intake, &event, &origin, &again, &err), err);
    pull_outcomes();
    ck_assert(first.is_new && !again.is_new);
    ck_assert_uint_eq(first.sequence, again.sequence);
    ck_assert_uint_eq(training_log_counts(intake_log(intake)).appended, 1);
    close_intake();
}
END_TEST

START_TEST(a_user_that_means_nobody_has_no_user)
{
    open_intake(JOIN_LABELS);
    label(0, base_ms, 1, true); /* user 0, ad 0 */
    label(5, base_ms + 1, 0, true);
    struct training_set *set = selected();
    ck_assert_uint_eq(set->count, 2);
    ck_assert_uint_eq(set->rows[0].user, INDEX_UNKNOWN);
    ck_assert_int_eq(id_map_id(set->users, set->rows[1].user).number, 50);
    ck_assert_int_eq(id_map_id(set->ads, set->rows[1].item).number, 500);
    training_set_free(set);
    close_intake();
}
END_TEST

START_TEST(a_label_without_its_pair_is_no_row_of_its_own)
{
    const char *field = NULL;

    open_intake(JOIN_LABELS);
    encode_label(1, base_ms, 1, false);
    ck_assert_int_eq(take(INTAKE_LABEL, -1, &field), EVENT_MISSING);
    ck_assert_str_eq(field, "user");
    ck_assert_uint_eq(intake_counts(intake).labels, 0);
    close_intake();
}
END_TEST

/* Neither the join nor the log nor the time has seen it. */
START_TEST(what_is_no_event_changes_nothing)
{
    const char *field = NULL;

    open_intake(JOIN_IMPRESSIONS);
    for (int kind = INTAKE_IMPRESSION; kind <= INTAKE_LABEL; kind++) {
        encode_impression(1, 7, 70, base_ms);
        bytes.size--;
        ck_assert_int_eq(take((enum intake_kind)kind, base_ms, &field),
                         EVENT_TRUNCATED);
        bytes.size = 0;
        ck_assert_int_eq(take((enum intake_kind)kind, base_ms, &field),
                         EVENT_EMPTY);
    }
    ck_assert_uint_eq(intake_counts(intake).impressions, 0);
    ck_assert_uint_eq(intake_counts(intake).labels, 0);
    ck_assert_uint_eq(training_log_counts(intake_log(intake)).appended, 0);
    ck_assert(intake_stream_ms(intake) == INT64_MIN);
    close_intake();
}
END_TEST

START_TEST(an_event_of_next_year_closes_nobodys_window)
{
    const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
    const char *field = NULL;

    open_intake(JOIN_IMPRESSIONS);
    impression(1, 7, 70, base_ms);
    encode_impression(2, 8, 80, base_ms + year_ms);
    ck_assert_int_eq(take(INTAKE_IMPRESSION, base_ms + 10, &field), EVENT_OK);
    encode_label(2, base_ms + year_ms, 1, false);
    ck_assert_int_eq(take(INTAKE_LABEL, base_ms + 20, &field), EVENT_OK);
    ck_assert_uint_eq(intake_counts(intake).odd[ODD_SKEWED], 2);
    ck_assert_int_eq(intake_stream_ms(intake), base_ms + 20);
    ck_assert_uint_eq(intake_books(intake).open, 1);
    ck_assert_uint_eq(intake_books(intake).positive, 1);
    close_intake();
}
END_TEST

/* A record dated an hour ahead, read at this time. */
static void strike(enum intake_kind kind, int id, int64_t read_ms)
{
    const int64_t ahead_ms = read_ms + INT64_C(3600) * 1000;
    struct intake_result became;

    if (kind == INTAKE_IMPRESSION)
        encode_impression(id, 8, 80, ahead_ms);
    else
        encode_label(id, ahead_ms, 1, false);
    const struct intake_record record = {
        .kind = kind,
        .bytes = bytes.bytes,
        .size = bytes.size,
        .origin = {.record_ms = ahead_ms, .read_ms = read_ms}};
    ck_assert_ok(intake_take(intake, &record, &became, &err), err);
    pull_outcomes();
}

/* With a grace of twice the window, as it is without a setting. */
START_TEST(records_dated_ahead_cost_little_of_a_window)
{
    struct intake_config config = {.fields = EVENT_FIELDS_DEFAULT,
                                   .mode = JOIN_IMPRESSIONS,
                                   .join = {WINDOW_MS, 2 * WINDOW_MS, 100},
                                   .log = {100, 0}};

    ck_assert_ok(intake_new(&config, &intake, &err), err);
    impression(1, 7, 70, base_ms);
    strike(INTAKE_IMPRESSION, 2, base_ms + 10);
    strike(INTAKE_LABEL, 3, base_ms + 10);
    ck_assert_int_le(intake_stream_ms(intake), base_ms + WINDOW_MS / 5);
    ck_assert_uint_eq(intake_books(intake).negative, 0); /* it is still open */
    label(4, base_ms + 20, 1, false); /* before its impression */
    strike(INTAKE_IMPRESSION, 5, base_ms + 30);
    strike(INTAKE_LABEL, 6, base_ms + 30);
    impression(4, 7, 70, base_ms + 15);
    ck_assert_uint_eq(intake_books(intake).joined, 1);
    ck_assert_uint_eq(intake_books(intake).orphan, 0);
    close_intake();
}
END_TEST

/* Its label is unknown, and the log does not learn it as a negative. */
START_TEST(an_impression_that_no_label_can_reach_is_not_learned)
{
    const int64_t past_ms = WINDOW_MS + LATE_MS + 1;
    const struct intake_origin origin = origin_at(base_ms);
    const struct impression late = {.id = id_from_number(9),
                                    .user = id_from_number(7),
                                    .ad = id_from_number(70),
                                    .ts_ms = base_ms - past_ms};
    struct join_outcome outcome;
    struct intake_row row;

    open_intake(JOIN_IMPRESSIONS);
    impression(1, 7, 70, base_ms);
    ck_assert_ok(intake_impression(intake, &late, &origin, &row, &err), err);
    ck_assert(row.is_new && row.is_unknown);
    ck_assert(intake_next_outcome(intake, &outcome));
    ck_assert_uint_eq(outcome.sequence, row.sequence);
    ck_assert(isnan(outcome.label));
    ck_assert(!intake_next_outcome(intake, &outcome));
    ck_assert_uint_eq(intake_books(intake).unknown, 1);
    ck_assert_uint_eq(intake_counts(intake).odd[ODD_LATE], 1);
    ck_assert_uint_eq(training_log_counts(intake_log(intake)).withdrawn, 1);
    struct training_set *set = selected();
    ck_assert_uint_eq(set->count, 0);
    training_set_free(set);
    close_intake();
}
END_TEST

START_TEST(time_does_not_go_back)
{
    open_intake(JOIN_IMPRESSIONS);
    impression(1, 7, 70, base_ms + 100);
    impression(2, 8, 80, base_ms);
    ck_assert_int_eq(intake_stream_ms(intake), base_ms + 100);
    close_intake();
}
END_TEST

/* --- Values of fields ------------------------------------------------- */

static const struct field_list *list_of(const char *text)
{
    static struct field_list list;

    ck_assert_ok(field_list_parse(text, &list, &err), err);
    return &list;
}

static void open_with_fields(enum join_mode mode, const char *text)
{
    const struct intake_config config = {.fields = EVENT_FIELDS_DEFAULT,
                                         .mode = mode,
                                         .join = {WINDOW_MS, LATE_MS, 100},
                                         .log = {100, 0},
                                         .list = list_of(text)};

    ck_assert_ok(intake_new(&config, &intake, &err), err);
}

static struct join_outcome take_and_pull(enum intake_kind kind, int64_t ts_ms)
{
    const struct intake_record record = {.kind = kind,
                                         .bytes = bytes.bytes,
                                         .size = bytes.size,
                                         .origin = origin_at(ts_ms)};
    struct intake_result became;
    struct join_outcome outcome, further;

    ck_assert_ok(intake_take(intake, &record, &became, &err), err);
    ck_assert_int_eq(became.fault, EVENT_OK);
    if (!intake_next_outcome(intake, &outcome))
        return (struct join_outcome){.label = NAN};
    ck_assert(!intake_next_outcome(intake, &further));
    return outcome;
}

static void assert_key(const struct join_outcome *outcome, uint32_t value,
                       int number)
{
    const struct id id = id_from_number(number);

    ck_assert_ptr_nonnull(outcome->values);
    ck_assert(outcome->values[value] ==
              field_list_key(list_of("ad,position,user"), value, &id));
}

START_TEST(outcomes_carry_the_values_of_their_impression)
{
    const struct impression event = {.id = id_from_number(5),
                                     .user = id_from_number(0),
                                     .ad = id_from_number(33),
                                     .ts_ms = base_ms};
    const struct event_extra position = {.name = "position",
                                         .value = id_from_number(2)};

    open_with_fields(JOIN_IMPRESSIONS, "ad,position,user");
    buffer_clear(&bytes);
    event_encode_impression(&fields, &event, &position, 1, &bytes);
    struct join_outcome none = take_and_pull(INTAKE_IMPRESSION, base_ms);
    ck_assert(isnan(none.label));
    encode_label(5, base_ms + 10, 0.5, false);
    struct join_outcome first = take_and_pull(INTAKE_LABEL, base_ms + 10);
    assert_key(&first, 0, 33);
    assert_key(&first, 1, 2);
    assert_key(&first, 2, 0); /* nobody is a value, too */
    ck_assert(isnan(first.before));
    encode_label(5, base_ms + 20, 1, false);
    struct join_outcome second = take_and_pull(INTAKE_LABEL, base_ms + 20);
    assert_key(&second, 1, 2);
    ck_assert(second.before == 0.5f && second.label == 1);
    close_intake();
}
END_TEST

START_TEST(a_label_that_is_a_row_is_an_outcome_with_its_values)
{
    open_with_fields(JOIN_LABELS, "ad,position,user");
    encode_label(7, base_ms, 1, true);
    struct join_outcome row = take_and_pull(INTAKE_LABEL, base_ms);
    ck_assert(row.label == 1 && isnan(row.before));
    assert_key(&row, 0, 700);
    ck_assert(row.values[1] == FIELD_ABSENT);
    assert_key(&row, 2, 70);
    ck_assert_uint_eq(training_log_counts(intake_log(intake)).answered, 1);
    close_intake();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("intake");
    TCase *tests = tcase_create("rows");

    tcase_add_test(tests, a_click_and_a_silence_become_two_rows);
    tcase_add_test(tests, the_same_impression_again_is_one_row);
    tcase_add_test(tests, a_user_that_means_nobody_has_no_user);
    tcase_add_test(tests, a_label_without_its_pair_is_no_row_of_its_own);
    tcase_add_test(tests, what_is_no_event_changes_nothing);
    tcase_add_test(tests, an_event_of_next_year_closes_nobodys_window);
    tcase_add_test(tests, records_dated_ahead_cost_little_of_a_window);
    tcase_add_test(tests, an_impression_that_no_label_can_reach_is_not_learned);
    tcase_add_test(tests, time_does_not_go_back);
    tcase_add_test(tests, outcomes_carry_the_values_of_their_impression);
    tcase_add_test(tests, a_label_that_is_a_row_is_an_outcome_with_its_values);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
