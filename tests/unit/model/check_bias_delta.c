/*
 * check_bias_delta.c - a copy of a snapshot follows biases that go on by
 * deltas, bit for bit; bytes that make no sense leave it as it was.
 */
#include "support/delta_pupil.h"
#include "support/failing_memory.h"
#include "support/fold_world.h"
#include "support/run_suite.h"

#include <string.h>

enum {
    USERS = FOLD_USERS,
    ADS = FOLD_ADS,
    ROWS = FOLD_ROWS,
    HEAD = PUPIL_HEAD,
};

static struct error err;
static int learned; /* labels of the row of labels */

static void learn_some(int count)
{
    for (int i = 0; i < count; i++) {
        const struct fold_label next = fold_world_label(learned++);
        fold_world_learn(next.user, next.ad, next.label);
    }
}

static void start_with(const char *name, const char *params)
{
    fold_world_start(name, params, 0);
    delta_pupil_start(folded.fitted);
    learned = 0;
}

static void start(void)
{
    start_with("baseline", "");
}

static void stop(void)
{
    fold_world_stop();
    delta_pupil_stop();
}

/* --- Deltas ----------------------------------------------------------- */

static void make_delta(void)
{
    buffer_clear(&pupil.bytes);
    ck_assert_ok(bias_fold_delta(folded.fold, &pupil.next, &pupil.bytes, &err),
                 err);
    bias_fold_forget(folded.fold);
}

/* The bytes, but for the count of rows, and every answer. */
static void assert_same_state(void)
{
    struct snapshot now = *bias_fold_snapshot(folded.fold);

    now.rows = pupil.next.rows;
    delta_pupil_assert_same(&now, pupil.student);
    for (uint32_t u = 0; u <= pupil.student->model->users; u++)
        for (uint32_t a = 0; a <= pupil.student->model->items; a++) {
            struct pair pair = {u, a};
            struct prediction theirs, ours;
            model_predict(now.model, &pair, 1, &theirs);
            model_predict(pupil.student->model, &pair, 1, &ours);
            ck_assert_mem_eq(&theirs.value, &ours.value, sizeof(ours.value));
            ck_assert_int_eq(theirs.basis, ours.basis);
        }
}

START_TEST(a_student_follows_bit_for_bit)
{
    stop();
    start_with(fold_models[_i][0], fold_models[_i][1]);
    for (int i = 0; i < 12; i++) {
        learn_some(i + 1);
        const struct fold_label old = fold_world_label(learned / 2);
        fold_world_correct(old.user, old.ad, 0.5);
        make_delta();
        delta_pupil_go_on();
        ck_assert_uint_eq(pupil.next.rows, ROWS + (uint64_t)learned);
        ck_assert_uint_eq(pupil.student->rows, pupil.next.rows);
        assert_same_state();
    }
    ck_assert_uint_gt(pupil.student->model->users, USERS);
    ck_assert_uint_gt(pupil.student->model->items, ADS);
    ck_assert_double_eq(pupil.student->model->calibration.slope, 2);
    ck_assert_double_eq(pupil.student->model->calibration.offset, -1);
    ck_assert_double_eq(pupil.student->model->mean, folded.fitted->model->mean);
}
END_TEST

START_TEST(another_snapshot_is_brought_to_the_state)
{
    stop();
    start_with(fold_models[_i][0], fold_models[_i][1]);
    for (int i = 0; i < 5; i++) {
        learn_some(7 * i + 1);
        ck_assert_ok(bias_fold_bring(folded.fold, pupil.student, &err), err);
        bias_fold_forget(folded.fold);
        ck_assert_uint_eq(pupil.student->rows, ROWS + (uint64_t)learned);
        pupil.next.rows = pupil.student->rows;
        assert_same_state();
    }
}
END_TEST

START_TEST(a_delta_has_what_changed_and_no_more)
{
    fold_world_learn(2, 1, 1);
    ck_assert_uint_eq(bias_fold_changes(folded.fold), 2);
    make_delta();
    ck_assert_uint_eq(pupil.bytes.size, HEAD + 4 + 4 + 2 * (4 + 12));
    ck_assert_uint_eq(bias_fold_changes(folded.fold), 0);
    delta_pupil_go_on();
    fold_world_learn(USERS, 1, 1);
    make_delta();
    ck_assert_uint_eq(pupil.bytes.size, HEAD + 4 + 12 + 4 + 2 * (4 + 12));
    delta_pupil_go_on();
    make_delta(); /* nothing changed */
    ck_assert_uint_eq(pupil.bytes.size, HEAD + 4 * 4);
    delta_pupil_go_on();
    assert_same_state();
}
END_TEST

/* --- What is refused -------------------------------------------------- */

/* A delta with a new user, a new ad, and two biases of each side. */
static void make_example(void)
{
    fold_world_learn(2, ADS + 1, 1);
    fold_world_learn(USERS, 1, 1);
    make_delta();
}

START_TEST(a_cut_delta_is_refused_at_every_byte)
{
    make_example();
    delta_pupil_assert_no_cut("bytes behind its end");
    assert_same_state();
}
END_TEST

enum {
    NEW_USER = HEAD + 4,
    NEW_AD = NEW_USER + 12 + 4, /* u32 size, "ad-7" */
    OF_USERS = NEW_AD + 8,
    OF_ADS = OF_USERS + 4 + 2 * 12,
};

static void user_not_new(void)
{
    delta_pupil_put_u32(NEW_USER + 4, 1000);
}
static void ad_not_new(void)
{
    pupil.bytes.bytes[NEW_AD + 7] = '0';
}
static void one_ad_more(void)
{
    delta_pupil_put_u32(NEW_AD - 4, 2);
}
static void too_many(void)
{
    delta_pupil_put_u32(OF_USERS, UINT32_MAX);
}
static void one_more(void)
{
    delta_pupil_put_u32(OF_ADS, 3);
}
static void one_less(void)
{
    delta_pupil_put_u32(OF_ADS, 1);
}
static void user_beyond(void)
{
    delta_pupil_put_u32(OF_USERS + 4 + 12, USERS + 1);
}
static void ad_beyond(void)
{
    delta_pupil_put_u32(OF_ADS + 4 + 12, ADS + 1);
}
static void user_again(void)
{
    memcpy(pupil.bytes.bytes + OF_USERS + 4 + 12,
           pupil.bytes.bytes + OF_USERS + 4, 4);
}
static void bias_nan(void)
{
    memset(pupil.bytes.bytes + OF_ADS + 8, 0xff, 8);
}
static void bias_huge(void)
{
    const double huge = 1e301;

    memcpy(pupil.bytes.bytes + OF_USERS + 8, &huge, 8);
}
static const struct {
    void (*spoil)(void);
    const char *text;
} damages[] = {
    {user_not_new, "an id that is not new"},
    {ad_not_new, "an id that is not new"},
    {one_ad_more, "cut short"},
    {too_many, "cut short"},
    {one_more, "cut short"},
    {one_less, "bytes behind its end"},
    {user_beyond, "out of order"},
    {ad_beyond, "out of order"},
    {user_again, "out of order"},
    {bias_nan, "not finite"},
    {bias_huge, "not finite"},
    {delta_pupil_other_epoch, "of epoch 13, not of 12"},
    {delta_pupil_other_base, "of another snapshot"},
    {delta_pupil_other_state, "continues another state"},
};

START_TEST(damage_is_refused_and_changes_nothing)
{
    make_example();
    ck_assert_uint_eq(pupil.bytes.size, OF_ADS + 4 + 2 * 12);
    delta_pupil_assert_spoilt(damages[_i].spoil, damages[_i].text);
    assert_same_state();
}
END_TEST

START_TEST(without_biases_there_is_nothing_to_go_on_with)
{
    static const char *const without[][2] = {
        {"svd", "biased=false"}, {"svd", "epochs=0"},
        {"svdpp", "lr_bi=0"},    {"baseline", "bsl_method=sgd bsl_lr=0"},
        {"popular", ""},         {"knn-baseline", ""}};
    struct snapshot snapshot = {
        .model = fold_world_fit(without[_i][0], without[_i][1])};

    struct snapshot *copy = NULL;

    snapshot.users = fold_world_ids(USERS, fold_world_user);
    snapshot.ads = fold_world_ids(ADS, fold_world_ad);
    ck_assert(!bias_fold_is_for(&snapshot));
    ck_assert_refused(snapshot_copy(&snapshot, &copy, &err), err, ERROR_FORMAT,
                      "takes none");
    make_example();
    snapshot.sha256 = folded.fitted->sha256;
    ck_assert_refused(snapshot_delta_apply(&snapshot, PUPIL_EPOCH,
                                           pupil.bytes.bytes, pupil.bytes.size,
                                           &err),
                      err, ERROR_FORMAT, "takes none");
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
    model_free(snapshot.model);
}
END_TEST

START_TEST(a_doubled_one_is_refused)
{
    make_example();
    delta_pupil_go_on();
    delta_pupil_assert_refused("number 1 where 2 should be");
}
END_TEST

/* A delta for another model of the family: it is of another snapshot. */
START_TEST(a_model_without_biases_takes_none)
{
    make_example();
    model_free(pupil.student->model);
    pupil.student->model = fold_world_fit("popular", "");
    ck_assert_refused(delta_pupil_apply(&err), err, ERROR_FORMAT, "takes none");
}
END_TEST

/* Every allocation fails once: all of the delta is applied, or nothing. */
START_TEST(without_memory_nothing_is_applied)
{
    struct snapshot *before = NULL;
    int status = -1;

    learn_some(200);
    make_delta();
    ck_assert_ok(snapshot_copy(pupil.student, &before, &err), err);
    long n = 0;
    for (; status < 0; n++) {
        err = (struct error){0};
        failing_memory_after(n);
        status = delta_pupil_apply(&err);
        failing_memory_after(-1);
        ck_assert(status == 0 || err.code == ERROR_MEMORY);
        if (status < 0)
            delta_pupil_assert_same(before, pupil.student);
    }
    ck_assert_int_gt(n, 4);
    assert_same_state();
    snapshot_free(before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bias_delta");
    TCase *tests = tcase_create("deltas");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_loop_test(tests, a_student_follows_bit_for_bit, 0, FOLD_MODELS);
    tcase_add_loop_test(tests, another_snapshot_is_brought_to_the_state, 0,
                        FOLD_MODELS);
    tcase_add_test(tests, a_delta_has_what_changed_and_no_more);
    tcase_add_test(tests, a_cut_delta_is_refused_at_every_byte);
    tcase_add_loop_test(tests, damage_is_refused_and_changes_nothing, 0,
                        sizeof(damages) / sizeof(damages[0]));
    tcase_add_loop_test(tests, without_biases_there_is_nothing_to_go_on_with, 0,
                        6);
    tcase_add_test(tests, a_doubled_one_is_refused);
    tcase_add_test(tests, a_model_without_biases_takes_none);
    tcase_add_test(tests, without_memory_nothing_is_applied);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
