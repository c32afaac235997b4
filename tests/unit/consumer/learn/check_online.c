/*
 * check_online.c - outcomes are learned one by one, as the model itself would
 * learn them; whoever goes on from the published bytes has the same state.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "consumer/learn/online.h"

#include "model/algorithms/fields.h"
#include "model/snapshot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 5000, VALUES = 2, LATE = 40 /* rows until a late click */ };

static struct error err;

/* What the join says, in its order; a late click comes after other rows. */
static struct join_outcome outcomes[2 * ROWS];
static uint64_t values[2 * ROWS][VALUES];
static size_t outcome_count;

static struct fit_config fit_of(const char *params)
{
    struct fit_config fit = {.scale = {0, 1}};

    ck_assert_ok(model_find("fields", &fit.ops, &err), err);
    ck_assert_ok(params_start(fit.ops, &fit.params, &err), err);
    ck_assert_ok(params_set(fit.ops, params, &fit.params, &err), err);
    return fit;
}

static void say(uint64_t sequence, float label, float before)
{
    uint64_t *at = values[outcome_count];

    at[0] = random_mix(1000 + random_mix(sequence) % 200);
    at[1] = random_mix(9000 + random_mix(sequence ^ 77) % 40);
    outcomes[outcome_count++] = (struct join_outcome){
        .sequence = sequence, .label = label, .before = before, .values = at};
}

static bool is_clicked(uint64_t sequence)
{
    return random_mix(sequence ^ 12345) % 5 == 0;
}

static bool is_late(uint64_t sequence)
{
    return random_mix(sequence ^ 999) % 3 == 0;
}

static void make_outcomes(void)
{
    outcome_count = 0;
    for (uint64_t i = 0; i < ROWS; i++) {
        say(i, is_clicked(i) && !is_late(i) ? 1 : 0, NAN);
        if (i >= LATE && is_clicked(i - LATE) && is_late(i - LATE))
            say(i - LATE, 1, 0);
    }
}

static struct online *open_online(const char *params)
{
    const struct fit_config fit = fit_of(params);
    struct online *online = NULL;

    ck_assert_ok(online_new(&fit, &online, &err), err);
    return online;
}

static void take(struct online *online, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        ck_assert_ok(online_take(online, &outcomes[i], &err), err);
}

static struct fit_result result_of(const struct online *online)
{
    struct fit_result result;

    ck_assert_ok(online_result(online, &result, &err), err);
    return result;
}

static void assert_same(const struct buffer *a, const struct buffer *b)
{
    ck_assert_uint_eq(a->size, b->size);
    ck_assert_mem_eq(a->bytes, b->bytes, a->size);
}

/* The same by the operations of the model, and nothing else. */
static void learn_plainly(struct model *model, double *predictions)
{
    for (size_t i = 0; i < outcome_count; i++) {
        const struct join_outcome *now = &outcomes[i];
        const struct questions ask = {.pairs = &(struct pair){0, 0},
                                      .values = now->values};
        double label = (double)now->label;
        struct prediction before;
        if (!isnan(now->before)) {
            model->ops->fields->correct(model, now->values,
                                        label - (double)now->before);
            continue;
        }
        model_answer(model, &ask, 1, &before);
        predictions[now->sequence] = before.value;
        model->ops->fields->learn(model, now->values, &label, 1);
    }
}

START_TEST(outcomes_are_learned_and_measured_in_their_order)
{
    static double predictions[ROWS], labels[ROWS];
    struct snapshot snapshot = {.rows = ROWS};
    struct fit_config fit = fit_of("start=0.2 bits=12");
    struct online *online = open_online("start=0.2 bits=12");
    struct buffer expected = {0};
    struct evaluation measured;

    make_outcomes();
    take(online, 0, outcome_count);
    struct fit_result result = result_of(online);
    ck_assert_ok(fields_start(&fit.params, &snapshot.model, &err), err);
    learn_plainly(snapshot.model, predictions);
    ck_assert_ok(id_map_new(&snapshot.users, &err), err);
    ck_assert_ok(id_map_new(&snapshot.ads, &err), err);
    ck_assert_ok(snapshot_encode(&snapshot, &expected, &err), err);
    assert_same(&result.bytes, &expected);
    ck_assert_uint_eq(result.rows, ROWS);
    ck_assert(!result.is_one_class);

    /* A click that came late counts, where it is known already. */
    for (uint64_t i = 0; i < ROWS; i++)
        labels[i] = is_clicked(i) && (!is_late(i) || i + LATE < ROWS);
    ck_assert_ok(evaluate(labels, predictions, ROWS, &measured, &err), err);
    ck_assert_double_eq(result.holdout.logloss, measured.logloss);
    ck_assert_double_eq(result.holdout.auc, measured.auc);
    ck_assert_uint_eq(online_counts(online).corrected, outcome_count - ROWS);

    fit_result_free(&result);
    buffer_free(&expected);
    model_free(snapshot.model);
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
    online_free(online);
}
END_TEST

START_TEST(the_first_rows_say_where_it_starts)
{
    struct online *online = open_online("bits=12");
    struct snapshot *snapshot = NULL;
    double clicks = 0;

    make_outcomes();
    size_t first = 0, at = 0;
    while (first < ONLINE_START_ROWS) {
        const struct join_outcome *now = &outcomes[at++];
        first += isnan(now->before) != 0;
        clicks += isnan(now->before) ? (double)now->label : 1;
    }
    take(online, 0, at - 1);
    ck_assert(!online_has_started(online));
    ck_assert_uint_eq(online_counts(online).rows, 0);
    take(online, at - 1, at);
    ck_assert(online_has_started(online));
    struct fit_result result = result_of(online);
    ck_assert_ok(
        snapshot_decode(result.bytes.bytes, result.bytes.size, &snapshot, &err),
        err);
    ck_assert_double_eq(snapshot->model->mean, clicks / ONLINE_START_ROWS);
    ck_assert_uint_eq(snapshot->rows, ONLINE_START_ROWS);
    snapshot_free(snapshot);
    fit_result_free(&result);
    online_free(online);
}
END_TEST

START_TEST(who_goes_on_from_the_bytes_has_the_same_state)
{
    static const char *const made[] = {"bits=12", "bits=12 precision=double",
                                       "bits=10 memory=user:5 start=0.3"};

    make_outcomes();
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        for (size_t at = 1200; at < outcome_count; at += 1111) {
            struct online *whole = open_online(made[i]);
            struct online *resumed = open_online(made[i]);
            struct snapshot *snapshot = NULL;
            take(whole, 0, at);
            struct fit_result then = result_of(whole);
            ck_assert_ok(snapshot_decode(then.bytes.bytes, then.bytes.size,
                                         &snapshot, &err),
                         err);
            ck_assert_ok(
                online_resume(resumed, snapshot->model, snapshot->rows, &err),
                err);
            snapshot->model = NULL;
            snapshot_free(snapshot);
            take(whole, at, outcome_count);
            take(resumed, at, outcome_count);
            struct fit_result one = result_of(whole), two = result_of(resumed);
            assert_same(&one.bytes, &two.bytes);
            fit_result_free(&then);
            fit_result_free(&one);
            fit_result_free(&two);
            online_free(whole);
            online_free(resumed);
        }
}
END_TEST

START_TEST(a_model_that_was_made_otherwise_is_refused)
{
    struct online *online = open_online("bits=12");
    struct fit_config fit = fit_of("start=0.2 bits=12");
    struct model *other = NULL;

    ck_assert_ok(fields_start(&fit.params, &other, &err), err);
    ck_assert_refused(online_resume(online, other, 5, &err), err, ERROR_CONFIG,
                      "other parameters");
    ck_assert(!online_has_started(online));
    ck_assert_uint_eq(online_counts(online).rows, 0);
    online_free(online);
}
END_TEST

START_TEST(few_rows_are_a_start_when_no_more_come)
{
    struct online *online = open_online("bits=12");

    make_outcomes();
    ck_assert_ok(online_start_now(online, &err), err);
    ck_assert(!online_has_started(online));
    take(online, 0, 3);
    ck_assert_uint_eq(online_counts(online).waiting, 3);
    ck_assert_ok(online_start_now(online, &err), err);
    ck_assert_uint_eq(online_counts(online).rows, 3);
    ck_assert_uint_eq(online_counts(online).waiting, 0);
    online_free(online);
}
END_TEST

START_TEST(rows_without_a_label_teach_nothing)
{
    struct online *online = open_online("start=0.1 bits=12");
    const struct join_outcome unknown = {.label = NAN, .before = NAN};

    ck_assert_ok(online_take(online, &unknown, &err), err);
    ck_assert_uint_eq(online_counts(online).rows, 0);
    struct fit_result result = result_of(online);
    ck_assert(result.is_one_class);
    fit_result_free(&result);
    online_free(online);
}
END_TEST

START_TEST(settings_that_make_no_sense_are_refused)
{
    struct fit_config fit = fit_of("fields=user+user");
    struct online *online = NULL;

    ck_assert_refused(online_new(&fit, &online, &err), err, ERROR_CONFIG,
                      "twice");
    fit = fit_of("bits=12");
    fit.scale.high = 5;
    ck_assert_refused(online_new(&fit, &online, &err), err, ERROR_CONFIG,
                      "model.high");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("online");
    TCase *tests = tcase_create("outcomes");

    tcase_add_test(tests, outcomes_are_learned_and_measured_in_their_order);
    tcase_add_test(tests, the_first_rows_say_where_it_starts);
    tcase_add_test(tests, who_goes_on_from_the_bytes_has_the_same_state);
    tcase_add_test(tests, a_model_that_was_made_otherwise_is_refused);
    tcase_add_test(tests, few_rows_are_a_start_when_no_more_come);
    tcase_add_test(tests, rows_without_a_label_teach_nothing);
    tcase_add_test(tests, settings_that_make_no_sense_are_refused);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
