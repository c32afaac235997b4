/*
 * check_batch_scorer.c - a model of fields is asked with all fields of an
 * impression, in a batch as one by one.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/event/event_codec.h"

#include "consumer/score/batch_scorer.h"

#include "model/rows/dataset.h"
#include "model/rows/field_list.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 400, USERS = 17, ADS = 5, POSITIONS = 3 };

static struct error err;

static const struct event_fields names = {
    .id = "id", .ts = "ts", .user = "user", .ad = "ad", .click = "click"};

static struct id user_of(int64_t i)
{
    return id_from_number(i * i % USERS);
}

static struct id ad_of(int64_t i)
{
    return id_from_number(100 + i % ADS);
}

static struct id position_of(int64_t i)
{
    return id_from_number(1 + i % POSITIONS);
}

/* Learned from rows with user, ad and position. */
static struct snapshot *fit(struct dataset **data, struct trainset **train)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct field_list list;

    ck_assert_ptr_nonnull(snapshot);
    ck_assert_ok(field_list_parse("user,ad,position", &list, &err), err);
    ck_assert_ok(dataset_new(data, &err), err);
    dataset_set_fields(*data, &list);
    for (int64_t i = 0; i < ROWS; i++) {
        struct id user = user_of(i), ad = ad_of(i), position = position_of(i);
        ck_assert_ok(
            dataset_add(*data, &user, &ad, i * 7 % 10 < i % 3 * 4, i, &err),
            err);
        uint64_t *keys = dataset_keys(*data, (size_t)i);
        keys[0] = field_list_key(&list, 0, &user);
        keys[1] = field_list_key(&list, 1, &ad);
        keys[2] = field_list_key(&list, 2, &position);
    }
    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(
        params_set(ops, "fields=user+ad+position bits=16", &params, &err), err);
    ck_assert_ok(
        trainset_build(*data, NULL, ROWS, (struct scale){0, 1}, train, &err),
        err);
    ck_assert_ok(
        trainset_ids(*train, *data, &snapshot->users, &snapshot->ads, &err),
        err);
    ck_assert_ok(model_fit(ops, (*train)->ratings, &params, NULL,
                           &snapshot->model, &err),
                 err);
    return snapshot;
}

enum { COUNT = 60 };

/* Without position is every fourth. */
static bool lacks_position(int64_t i)
{
    return i % 4 == 0;
}

/* As a pair with the values that are known of it, in a request of so many that
 * they do not fit in one go. */
static void check_question(const struct score_rules *rules,
                           const struct served_model *model,
                           const struct impression *event,
                           const uint64_t *values, uint64_t assumed,
                           const struct prediction *wanted)
{
    enum { MANY = 100 };
    static struct score_question questions[MANY];
    static struct prediction answers[MANY];
    uint64_t known[3] = {7, 7, values[2] == assumed ? FIELD_ABSENT : values[2]};

    for (size_t i = 0; i < MANY; i++)
        questions[i] = (struct score_question){event->user, event->ad, known};
    if (values[2] == assumed && wanted->basis != BASIS_ASSUMED)
        known[2] = values[2]; /* the record has what would be assumed */
    score_questions(rules, model, questions, MANY, answers);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert(answers[i].value == wanted->value);
        ck_assert(answers[i].support == wanted->support);
        ck_assert_int_eq(answers[i].basis, wanted->basis);
    }
}

/* In a batch, one by one, as a pair, and in a request, with field.default as
 * `defaults`, whose key of the position is `assumed`. */
static void score_all(const char *defaults, uint64_t assumed)
{
    struct event_fields asked = names;
    static struct buffer bytes[COUNT];
    struct message messages[COUNT] = {0};
    struct batch_scorer_config config = {.batch_max = COUNT};
    struct dataset *data = NULL;
    struct trainset *train = NULL;
    struct snapshot *snapshot = fit(&data, &train);
    const struct served_model model = {.snapshot = snapshot};
    struct batch_scorer *batch = NULL;
    const struct scored *scored = NULL;
    struct impression_reader *reader = NULL;
    struct event_scratch scratch = {0};

    strcpy(asked.defaults, defaults);
    config.fields = asked;
    ck_assert_ok(impression_reader_new(&asked, &reader, &err), err);
    for (int64_t i = 0; i < COUNT; i++) {
        const struct impression event = {.id = id_from_number(i),
                                         .ts_ms = 1700000000000 + i,
                                         .user = user_of(i),
                                         .ad = ad_of(i)};
        const struct event_extra extra = {.name = "position",
                                          .value = position_of(i)};
        event_encode_impression(&names, &event, &extra, !lacks_position(i),
                                &bytes[i]);
        messages[i].value = bytes[i].bytes;
        messages[i].value_size = bytes[i].size;
    }
    ck_assert_ok(batch_scorer_new(&config, &batch, &err), err);
    ck_assert_ok(
        batch_scorer_run(batch, &model, messages, COUNT, &scored, &err), err);
    for (int64_t i = 0; i < COUNT; i++) {
        struct prediction_event out;
        struct prediction wanted;
        uint64_t values[3];
        const struct questions ask = {.pairs = &(struct pair){0, 0},
                                      .values = values};
        const uint64_t *keys = dataset_keys(data, (size_t)i);
        for (int v = 0; v < 3; v++)
            values[v] = v == 2 && lacks_position(i) ? assumed : keys[v];
        model_answer(snapshot->model, &ask, 1, &wanted);
        if (lacks_position(i) && assumed != FIELD_ABSENT)
            wanted.basis = BASIS_ASSUMED;
        ck_assert_int_eq(scored[i].fault, EVENT_OK);
        ck_assert_int_eq(
            one_prediction(batch_scorer_bytes(batch) + scored[i].at,
                           scored[i].size, &out, NULL),
            EVENT_OK);
        ck_assert(out.p == wanted.value);
        ck_assert(out.has_support && out.support == wanted.support);
        const struct impression event = {.user = user_of(i), .ad = ad_of(i)};
        const struct score_rules rules = {
            .reader = reader, .scratch = &scratch, .defaults = asked.defaults};
        struct prediction alone;
        ck_assert_ok(score_impression(&rules, &model, &event, &messages[i],
                                      &alone, &err),
                     err);
        ck_assert(alone.value == wanted.value && alone.basis == wanted.basis);
        ck_assert_int_eq(out.basis, wanted.basis);
        check_question(&rules, &model, &event, values, assumed, &wanted);
        if (!lacks_position(i))
            continue;
        struct prediction pair =
            score_pair(&rules, &model, &event.user, &event.ad);
        ck_assert(pair.value == wanted.value && pair.basis == wanted.basis);
    }
    for (int i = 0; i < COUNT; i++)
        buffer_free(&bytes[i]);
    impression_reader_free(reader);
    event_scratch_free(&scratch);
    batch_scorer_free(batch);
    snapshot_free(snapshot);
    trainset_free(train);
    dataset_free(data);
}

START_TEST(a_model_of_fields_gets_the_fields_of_the_record)
{
    score_all("", FIELD_ABSENT);
}
END_TEST

START_TEST(what_the_record_lacks_is_assumed_and_that_is_said)
{
    struct field_list list;
    struct id second = id_from_number(2);

    ck_assert_ok(field_list_parse("user,ad,position", &list, &err), err);
    score_all("depth:7+position:2", field_list_key(&list, 2, &second));
}
END_TEST

START_TEST(defaults_that_make_no_sense_are_refused)
{
    static const char *const wrong[] = {"position", "position:", ":1", "a:1,b"};
    struct batch_scorer *batch = NULL;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct batch_scorer_config config = {.batch_max = 1, .fields = names};
        strcpy(config.fields.defaults, wrong[i]);
        ck_assert_refused(batch_scorer_new(&config, &batch, &err), err,
                          ERROR_CONFIG, "as position:1");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch scorer");
    TCase *tests = tcase_create("fields");

    tcase_add_test(tests, a_model_of_fields_gets_the_fields_of_the_record);
    tcase_add_test(tests, what_the_record_lacks_is_assumed_and_that_is_said);
    tcase_add_test(tests, defaults_that_make_no_sense_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
