/*
 * check_learner.c - fits one after the other: when one begins, when it does
 * not, and which of their models may be published.
 */
#include "support/run_suite.h"

#include "common/base/clock.h"

#include "consumer/train/learner.h"
#include "consumer/train/trainer_metrics.h"

#include <math.h>
#include <string.h>

enum { ROWS = 400, USERS = 20, ADS = 10, WAIT_MS = 30000 };

enum labels { LABELS_MIXED, LABELS_ALL_CLICKED };

static struct error err;
static struct learner_config config;
static struct metrics *metrics;
static struct training_log *rows_log;
static struct learner *learner;

static const struct offset_range ranges[] = {
    {.topic = "impressions", .partition = 0, .first = 3, .next = 9},
    {.topic = "labels", .partition = 1, .first = 0, .next = 4},
};

static void append_rows(int from, int to, enum labels labels)
{
    for (int i = from; i < to; i++) {
        const struct id user = id_from_number(1000 + i % USERS);
        const struct id ad = id_from_number(i % ADS);
        const bool is_clicked = labels == LABELS_ALL_CLICKED || i * 7 % 3 == 0;
        const struct training_row row = {.user = &user,
                                         .ad = &ad,
                                         .ts_ms = i,
                                         .counts_ms = i,
                                         .tie = (uint32_t)i,
                                         .label = is_clicked};
        ck_assert_ok(training_log_append(rows_log, &row, &err), err);
    }
}

static void use_algorithm(const char *algorithm, const char *params)
{
    struct fit_config *fit = &config.fit;

    ck_assert_ok(model_find(algorithm, &fit->ops, &err), err);
    ck_assert_ok(params_start(fit->ops, &fit->params, &err), err);
    ck_assert_ok(params_set(fit->ops, params, &fit->params, &err), err);
}

static void setup(void)
{
    const struct training_log_config rows = {.rows_max = 10000};

    config = (struct learner_config){.fit = {.scale = {0, 1}},
                                     .limits = {UINT64_MAX, UINT64_MAX},
                                     .policy = {.rows = 10, .rows_min = 50},
                                     .holdout = 0.1};
    use_algorithm("baseline", "");
    ck_assert_ok(metrics_new(trainer_metric_families, &metrics, &err), err);
    ck_assert_ok(training_log_new(&rows, &rows_log, &err), err);
}

static void teardown(void)
{
    learner_free(learner);
    training_log_free(rows_log);
    metrics_free(metrics);
}

static void make_learner(void)
{
    ck_assert_ok(learner_new(&config, metrics, &learner, &err), err);
}

static int start_at(int64_t now_ms)
{
    const struct learner_source source = {.log = rows_log,
                                          .final_ms = INT64_MAX,
                                          .ranges = ranges,
                                          .range_count = 2};

    return learner_start(learner, &source, now_ms, &err);
}

static enum learner_state poll_beside(const struct manifest *published)
{
    enum learner_state state;

    ck_assert_ok(learner_poll(learner, published, &state, &err), err);
    return state;
}

/* What the fit that is under way comes to. */
static enum learner_state wait_beside(const struct manifest *published)
{
    const int64_t deadline_ms = clock_monotonic_ms() + WAIT_MS;
    enum learner_state state;

    while ((state = poll_beside(published)) == LEARNER_FITTING) {
        ck_assert_int_lt(clock_monotonic_ms(), deadline_ms);
        clock_sleep_ms(1);
    }
    return state;
}

static enum learner_state learn_beside(const struct manifest *published)
{
    ck_assert_ok(start_at(0), err);
    return wait_beside(published);
}

static void release(void)
{
    ck_assert_ok(learner_release(learner, rows_log, &err), err);
}

static void assert_metric(enum trainer_metric family, int series, double value)
{
    ck_assert_double_eq(metrics_value(metrics, (int)family, series), value);
}

START_TEST(a_model_is_kept_until_it_is_released)
{
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    ck_assert_int_eq(poll_beside(NULL), LEARNER_IDLE);
    ck_assert_int_eq(learn_beside(NULL), LEARNER_HAS_MODEL);
    ck_assert_int_eq(poll_beside(NULL), LEARNER_HAS_MODEL);

    const struct publication_fit model = learner_model(learner);
    ck_assert_uint_eq(model.result->rows, ROWS);
    ck_assert_uint_eq(model.result->measured_rows, ROWS * 9 / 10);
    ck_assert_uint_eq(model.result->holdout.rows, ROWS / 10);
    ck_assert_uint_gt(model.result->bytes.size, 0);
    ck_assert_ptr_eq(model.config->ops, config.fit.ops);
    ck_assert_uint_eq(model.range_count, 2);
    ck_assert_mem_eq(model.ranges, ranges, sizeof(ranges));

    release();
    ck_assert_int_eq(poll_beside(NULL), LEARNER_IDLE);
    ck_assert_uint_eq(learner_counts(learner).started, 1);
    assert_metric(TRAINER_GATE, GATE_PASSED, 1);
}
END_TEST

START_TEST(the_policy_counts_from_the_last_fit)
{
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    ck_assert(learner_is_due(learner, 0, ROWS));
    ck_assert_int_eq(learn_beside(NULL), LEARNER_HAS_MODEL);
    release();
    ck_assert(!learner_is_due(learner, 0, ROWS + 9));
    ck_assert(learner_is_due(learner, 0, ROWS + 10));
    learner_request(learner);
    ck_assert(learner_is_due(learner, 0, ROWS));
}
END_TEST

START_TEST(too_few_rows_are_asked_for_again_a_little_later)
{
    append_rows(0, 49, LABELS_MIXED);
    make_learner();
    ck_assert_ok(start_at(1000), err);
    ck_assert_int_eq(poll_beside(NULL), LEARNER_IDLE);
    ck_assert_uint_eq(learner_counts(learner).started, 0);
    ck_assert(!learner_is_due(learner, 1001, 50));
    ck_assert(learner_is_due(learner, 5000, 50));

    append_rows(49, 50, LABELS_MIXED);
    ck_assert_ok(start_at(5000), err);
    ck_assert_uint_eq(learner_counts(learner).started, 1);
}
END_TEST

START_TEST(a_single_fit_without_rows_is_an_error)
{
    config.once = true;
    append_rows(0, 49, LABELS_MIXED);
    make_learner();
    ck_assert_refused(start_at(0), err, ERROR_UNAVAILABLE,
                      "too little to learn from: 49 rows");
    ck_assert_str_eq(strrchr(err.text, ' '), " 50");
    ck_assert_int_eq(poll_beside(NULL), LEARNER_IDLE);
}
END_TEST

START_TEST(a_fit_beyond_its_limits_is_skipped)
{
    config.limits.snapshot_bytes = 100;
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    ck_assert_ok(start_at(0), err);
    ck_assert_int_eq(poll_beside(NULL), LEARNER_IDLE);
    ck_assert_uint_eq(learner_counts(learner).skipped, 1);
    ck_assert_uint_eq(learner_counts(learner).started, 0);
    assert_metric(TRAINER_FITS, FIT_SKIPPED, 1);
    ck_assert(!learner_is_due(learner, 0, ROWS)); /* not at once again */
    learner_free(learner);

    config.once = true;
    make_learner();
    ck_assert_refused(start_at(0), err, ERROR_LIMIT, "100 is the most");
}
END_TEST

START_TEST(a_fit_that_fails_costs_one_model)
{
    enum learner_state state = LEARNER_FITTING;

    config.fit.scale.high = 0.5; /* the labels are off the scale */
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    ck_assert_int_eq(learn_beside(NULL), LEARNER_WITHOUT_MODEL);
    ck_assert_int_eq(poll_beside(NULL), LEARNER_IDLE);
    ck_assert_uint_eq(learner_counts(learner).failed, 1);
    assert_metric(TRAINER_FITS, FIT_FAILED, 1);
    ck_assert_ok(start_at(0), err);
    learner_free(learner);

    config.once = true;
    make_learner();
    ck_assert_ok(start_at(0), err);
    while (learner_poll(learner, NULL, &state, &err) == 0)
        clock_sleep_ms(1);
    ck_assert_int_eq(err.code, ERROR_FORMAT);
    ck_assert_int_eq(state, LEARNER_FITTING); /* untouched */
}
END_TEST

START_TEST(a_model_of_one_class_is_published_only_where_there_is_none)
{
    const struct manifest published = {.epoch = 1};

    append_rows(0, ROWS, LABELS_ALL_CLICKED);
    make_learner();
    ck_assert_int_eq(learn_beside(&published), LEARNER_WITHOUT_MODEL);
    ck_assert_uint_eq(learner_counts(learner).refused, 1);
    assert_metric(TRAINER_GATE, GATE_REFUSED, 1);

    ck_assert_int_eq(learn_beside(NULL), LEARNER_HAS_MODEL);
    ck_assert_uint_eq(learner_counts(learner).refused, 1);
    assert_metric(TRAINER_GATE, GATE_UNGATED, 1);
}
END_TEST

/* Ratings of another scale have no classes. */
START_TEST(only_models_of_clicks_are_gated)
{
    const struct manifest published = {.epoch = 1};

    config.fit.scale = (struct scale){1, 5};
    append_rows(0, ROWS, LABELS_ALL_CLICKED);
    make_learner();
    ck_assert_int_eq(learn_beside(&published), LEARNER_HAS_MODEL);
    assert_metric(TRAINER_GATE, GATE_PASSED, 1);
}
END_TEST

START_TEST(ids_that_are_not_learned_are_counted)
{
    training_log_free(rows_log);
    config.ids_max = 12;
    const struct training_log_config rows = {.rows_max = 10000, .ids_max = 12};
    ck_assert_ok(training_log_new(&rows, &rows_log, &err), err);
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    ck_assert_int_eq(learn_beside(NULL), LEARNER_HAS_MODEL);

    const uint64_t unknown = learner_counts(learner).ids_unknown;
    ck_assert_uint_ge(unknown, USERS + ADS - 12);
    ck_assert_double_eq(
        metrics_value(metrics, TRAINER_UNKNOWN_IDS, TRAINER_SIDE_USER) +
            metrics_value(metrics, TRAINER_UNKNOWN_IDS, TRAINER_SIDE_AD),
        (double)unknown);
}
END_TEST

/* --- Biases between fits ---------------------------------------------- */

static void take_label(int row, float before, float label)
{
    training_log_label(rows_log, (uint64_t)row, label);
    ck_assert_ok(learner_take(learner, rows_log,
                              &(struct join_outcome){.sequence = (uint64_t)row,
                                                     .label = label,
                                                     .before = before},
                              &err),
                 err);
}

START_TEST(biases_go_on_from_a_model_that_was_released)
{
    const struct trainer_reading reading = {.ranges = ranges, .count = 2};
    struct snapshot_delta head = {.epoch = 1, .number = 1};
    struct learned_delta delta;

    config.folds = true;
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    ck_assert(learner_folds(learner));
    const struct delta_source source = learner_deltas(learner);
    ck_assert_int_eq(learn_beside(NULL), LEARNER_HAS_MODEL);
    take_label(1, 0, 1);
    ck_assert_uint_eq(source.changes(learner), 0);
    release();
    ck_assert_uint_eq(source.changes(learner), 2);
    append_rows(ROWS, ROWS + 1, LABELS_MIXED);
    take_label(ROWS, NAN, 1);
    ck_assert_uint_gt(learner_bytes(learner), 0);

    ck_assert_ok(source.make(learner, &reading, &head, &delta, &err), err);
    ck_assert_uint_eq(head.rows, ROWS + 1);
    ck_assert_uint_eq(delta.changes, 4);
    ck_assert_uint_eq(delta.count, 2);
    for (size_t i = 0; i < delta.count; i++) {
        ck_assert_str_eq(delta.ranges[i].topic, ranges[i].topic);
        ck_assert_int_eq(delta.ranges[i].next, ranges[i].next);
    }
    ck_assert_uint_eq(source.changes(learner), 0);
    learned_delta_free(&delta);
}
END_TEST

/* A snapshot that is asked for comes with the fit that is under way. */
START_TEST(a_request_of_deltas_starts_one_fit)
{
    config.folds = true;
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    const struct delta_source source = learner_deltas(learner);
    ck_assert_ok(start_at(0), err);
    source.request(learner);
    ck_assert_int_eq(wait_beside(NULL), LEARNER_HAS_MODEL);
    source.request(learner);
    release();
    ck_assert(!learner_is_due(learner, 0, ROWS));
    source.request(learner);
    ck_assert(learner_is_due(learner, 0, ROWS));
}
END_TEST

START_TEST(a_model_that_is_refused_hands_nothing_over)
{
    const struct manifest published = {.epoch = 1};

    config.folds = true;
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    const struct delta_source source = learner_deltas(learner);
    ck_assert_int_eq(learn_beside(NULL), LEARNER_HAS_MODEL);
    release();
    for (int row = 0; row < ROWS; row++)
        training_log_label(rows_log, (uint64_t)row, 1);
    ck_assert_ok(start_at(0), err);
    take_label(3, 0, 1);
    ck_assert_int_eq(wait_beside(&published), LEARNER_WITHOUT_MODEL);
    ck_assert_uint_eq(source.changes(learner), 2);
}
END_TEST

START_TEST(biases_stay_where_they_may_not_go_on)
{
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    ck_assert(!learner_folds(learner));
    take_label(1, 0, 1);
    learner_free(learner);
    config.folds = true;
    use_algorithm("popular", "");
    make_learner();
    ck_assert(!learner_folds(learner));
    ck_assert_uint_eq(learner_bytes(learner), 0);
}
END_TEST

/* The fit would take hours. */
START_TEST(a_stop_cancels_the_fit)
{
    use_algorithm("svd", "factors=200 epochs=100000");
    append_rows(0, ROWS, LABELS_MIXED);
    make_learner();
    ck_assert_ok(start_at(0), err);
    ck_assert_int_eq(poll_beside(NULL), LEARNER_FITTING);
    learner_stop(learner);
    learner_stop(learner);
    ck_assert_int_eq(poll_beside(NULL), LEARNER_IDLE);
    ck_assert_uint_eq(learner_counts(learner).cancelled, 1);
    assert_metric(TRAINER_FITS, FIT_CANCELLED, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learner");
    TCase *tests = tcase_create("fits");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_model_is_kept_until_it_is_released);
    tcase_add_test(tests, the_policy_counts_from_the_last_fit);
    tcase_add_test(tests, too_few_rows_are_asked_for_again_a_little_later);
    tcase_add_test(tests, a_single_fit_without_rows_is_an_error);
    tcase_add_test(tests, a_fit_beyond_its_limits_is_skipped);
    tcase_add_test(tests, a_fit_that_fails_costs_one_model);
    tcase_add_test(tests,
                   a_model_of_one_class_is_published_only_where_there_is_none);
    tcase_add_test(tests, only_models_of_clicks_are_gated);
    tcase_add_test(tests, ids_that_are_not_learned_are_counted);
    tcase_add_test(tests, biases_go_on_from_a_model_that_was_released);
    tcase_add_test(tests, a_request_of_deltas_starts_one_fit);
    tcase_add_test(tests, a_model_that_is_refused_hands_nothing_over);
    tcase_add_test(tests, biases_stay_where_they_may_not_go_on);
    tcase_add_test(tests, a_stop_cancels_the_fit);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
