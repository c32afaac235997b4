/*
 * check_online_contender.c - a contender that learns online knows, bit for bit,
 * what the trainer's model knew when it was published last.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "consumer/learn/online.h"
#include "consumer/replay/online_contender.h"

#include <math.h>
#include <string.h>

enum {
    ROWS = 4000,
    GIVEN = 3,
    OWN = 2,
    LATE = 40, /* rows until a late click */
    STEP_MS = 1000,
    PUBLISH_MS = 60000,
};

#define PARAMS "fields=user+ad+user*ad bits=12 memory=user:5"

static struct error err;
static struct fit_config fit;
static struct field_list given; /* ad, position, user */
static struct online *trainer;
static struct online_contender *contender;

static void open_all(int64_t publish_ms)
{
    fit = (struct fit_config){.scale = {0, 1}};
    ck_assert_ok(model_find("fields", &fit.ops, &err), err);
    ck_assert_ok(params_start(fit.ops, &fit.params, &err), err);
    ck_assert_ok(params_set(fit.ops, PARAMS, &fit.params, &err), err);
    const struct online_contender_config config = {.fit = fit,
                                                   .publish_ms = publish_ms};
    ck_assert_ok(online_new(&fit, &trainer, &err), err);
    ck_assert_ok(online_contender_new(&config, &contender, &err), err);
    ck_assert_ok(field_list_parse("ad,position,user", &given, &err), err);
    online_contender_read(contender, &given);
}

static void close_all(void)
{
    online_free(trainer);
    online_contender_free(contender);
    trainer = NULL;
    contender = NULL;
}

/* --- Rows ------------------------------------------------------------- */

static bool is_clicked(uint64_t row)
{
    return random_mix(row ^ 12345) % 5 == 0;
}

static bool is_late(uint64_t row)
{
    return random_mix(row ^ 999) % 3 == 0;
}

/* To both of them, each with the values in its order. */
static void say(uint64_t row, float label, float before)
{
    const uint64_t user = random_mix(1000 + random_mix(row) % 200);
    const uint64_t ad = random_mix(9000 + random_mix(row ^ 77) % 40);
    const uint64_t all[GIVEN] = {ad, random_mix(row), user};
    const uint64_t own[OWN] = {user, ad};
    struct join_outcome outcome = {
        .sequence = row, .label = label, .before = before, .values = own};

    ck_assert_ok(online_take(trainer, &outcome, &err), err);
    outcome.values = all;
    ck_assert_ok(online_contender_take(contender, &outcome, &err), err);
}

static void take_row(uint64_t row)
{
    say(row, is_clicked(row) && !is_late(row) ? 1 : 0, NAN);
    if (row >= LATE && is_clicked(row - LATE) && is_late(row - LATE))
        say(row - LATE, 1, 0);
}

/* --- Answers ---------------------------------------------------------- */

enum { ASKED = 500 };

struct answers {
    double p[ASKED];
};

static struct answers answers_of(const struct model *model)
{
    const struct pair nobody = {INDEX_UNKNOWN, INDEX_UNKNOWN};
    struct answers answers;

    for (uint64_t i = 0; i < ASKED; i++) {
        const uint64_t values[OWN] = {random_mix(1000 + i % 200),
                                      random_mix(9000 + i % 41)};
        const struct questions ask = {.pairs = &nobody, .values = values};
        struct prediction answer;
        model_answer(model, &ask, 1, &answer);
        answers.p[i] = answer.value;
    }
    return answers;
}

static void assert_same(const struct answers *a, const struct answers *b)
{
    ck_assert_mem_eq(a, b, sizeof(*a));
}

START_TEST(at_once_it_is_the_trainers_model)
{
    open_all(0);
    for (uint64_t row = 0; row < ROWS; row++) {
        ck_assert_ok(
            online_contender_advance(contender, (int64_t)row * STEP_MS, &err),
            err);
        take_row(row);
        const struct served_model *served = online_contender_model(contender);
        ck_assert_int_eq(served != NULL, online_has_started(trainer));
        if (!served || row % 97 != 0)
            continue;
        const struct answers now = answers_of(online_model(trainer)),
                             its = answers_of(served->snapshot->model);
        assert_same(&now, &its);
        ck_assert_uint_eq(served->manifest.epoch, 1);
    }
    ck_assert_ptr_nonnull(online_contender_model(contender));
    close_all();
}
END_TEST

START_TEST(it_answers_with_what_was_published_last)
{
    struct answers published = {{0}};
    bool is_published = false;
    size_t changes = 0;

    open_all(PUBLISH_MS);
    for (uint64_t row = 0; row < ROWS; row++) {
        const int64_t ts_ms = (int64_t)row * STEP_MS;
        ck_assert_ok(online_contender_advance(contender, ts_ms, &err), err);
        if (row > 0 && ts_ms % PUBLISH_MS == 0 && online_has_started(trainer)) {
            const struct answers now = answers_of(online_model(trainer));
            changes += memcmp(&now, &published, sizeof(now)) != 0;
            published = now;
            is_published = true;
        }
        const struct served_model *served = online_contender_model(contender);
        ck_assert_int_eq(served != NULL, is_published);
        if (served) {
            const struct answers its = answers_of(served->snapshot->model);
            assert_same(&published, &its);
        }
        take_row(row);
    }
    ck_assert_uint_eq(changes, (ROWS - 1) / 60 - ONLINE_START_ROWS / 60);
    close_all();
}
END_TEST

START_TEST(a_model_that_can_not_start_is_refused)
{
    struct online_contender_config config = {.fit = {.scale = {0, 5}}};

    ck_assert_ok(model_find("fields", &config.fit.ops, &err), err);
    ck_assert_ok(params_start(config.fit.ops, &config.fit.params, &err), err);
    ck_assert_refused(online_contender_new(&config, &contender, &err), err,
                      ERROR_CONFIG, "0 to 1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("online_contender");
    TCase *tests = tcase_create("learning");

    tcase_add_test(tests, at_once_it_is_the_trainers_model);
    tcase_add_test(tests, it_answers_with_what_was_published_last);
    tcase_add_test(tests, a_model_that_can_not_start_is_refused);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
