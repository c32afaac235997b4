/*
 * check_bias_fold.c - the biases of a folded.fitted model go on as an
 * independent, slow computation says.
 */
#include "support/delta_pupil.h"
#include "support/fold_world.h"
#include "support/run_suite.h"

#include "model/ask/top.h"

enum {
    USERS = FOLD_USERS,
    ADS = FOLD_ADS,
    ALL_USERS = FOLD_ALL_USERS,
    ALL_ADS = FOLD_ALL_ADS,
    ROWS = FOLD_ROWS,
    NOBODY = FOLD_NOBODY,
    EVENTS = 200,
};

static struct error err;

/* --- What is learned -------------------------------------------------- */

struct event {
    int user, ad; /* user may be NOBODY */
    double label;
    double b_u, b_i; /* of the two, before it was learned */
};

static struct event events[EVENTS];
static int event_count;

static struct model_biases biases_of(const struct snapshot *snapshot)
{
    struct model_biases biases;

    ck_assert(snapshot->model->ops->biases->find(snapshot->model, &biases));
    return biases;
}

/* What the fit says of a pair beyond its biases: the mean, and the factors of
 * two that it knew. */
static double rest_of(int user, int ad)
{
    const struct model_biases biases = biases_of(folded.fitted);
    const bool knows_user = user >= 0 && user < USERS, knows_ad = ad < ADS;
    struct pair pair = {knows_user ? (uint32_t)user : INDEX_UNKNOWN,
                        knows_ad ? (uint32_t)ad : INDEX_UNKNOWN};
    struct prediction out;

    model_predict_unclipped(folded.fitted->model, &pair, 1, &out);
    return out.value - (knows_user ? biases.users[user] : 0) -
           (knows_ad ? biases.items[ad] : 0);
}

/* b = (b_0 (damping + n_0) + sum(y - rest - the other's bias of then)) /
 * (damping + n_0 + n), over the first events. */
static double slow_user(int user, int count)
{
    const struct model_biases biases = biases_of(folded.fitted);
    double n = user < USERS ? folded.user_rows[user] : 0;
    double sum =
        user < USERS ? biases.users[user] * (biases.damping_users + n) : 0;

    for (int e = 0; e < count; e++) {
        if (events[e].user != user)
            continue;
        sum += events[e].label - rest_of(user, events[e].ad) - events[e].b_i;
        n++;
    }
    return n > 0 ? sum / (biases.damping_users + n) : 0;
}

static double slow_ad(int ad, int count)
{
    const struct model_biases biases = biases_of(folded.fitted);
    double n = ad < ADS ? folded.ad_rows[ad] : 0;
    double sum = ad < ADS ? biases.items[ad] * (biases.damping_items + n) : 0;

    for (int e = 0; e < count; e++) {
        if (events[e].ad != ad)
            continue;
        sum += events[e].label - rest_of(events[e].user, ad) - events[e].b_u;
        n++;
    }
    return n > 0 ? sum / (biases.damping_items + n) : 0;
}

static double bias(const struct id_map *map, const struct id id,
                   const double *biases)
{
    const uint32_t index = id_map_find(map, &id);

    return index == INDEX_UNKNOWN ? 0 : biases[index];
}

static void assert_slow(void)
{
    const struct snapshot *now = bias_fold_snapshot(folded.fold);
    const struct model_biases biases = biases_of(now);

    for (int u = 0; u < ALL_USERS; u++)
        ck_assert_double_eq_tol(
            bias(now->users, fold_world_user(u), biases.users),
            slow_user(u, event_count), 1e-12);
    for (int a = 0; a < ALL_ADS; a++)
        ck_assert_double_eq_tol(bias(now->ads, fold_world_ad(a), biases.items),
                                slow_ad(a, event_count), 1e-12);
}

static void happen(int user, int ad, double label)
{
    struct event *event = &events[event_count];

    *event =
        (struct event){.user = user,
                       .ad = ad,
                       .label = label,
                       .b_u = user == NOBODY ? 0 : slow_user(user, event_count),
                       .b_i = slow_ad(ad, event_count)};
    event_count++;
    fold_world_learn(user, ad, label);
}

static void happen_some(int count)
{
    for (int i = 0; i < count; i++) {
        const struct fold_label next = fold_world_label(event_count);
        happen(next.user, next.ad, next.label);
    }
}

START_TEST(biases_are_those_of_the_slow_computation)
{
    fold_world_stop();
    fold_world_start(fold_models[_i][0], fold_models[_i][1], 0);
    event_count = 0;
    assert_slow();
    happen_some(60);
    assert_slow();
    /* Late clicks: what was a negative becomes a positive. */
    for (int e = 1; e < 60; e += 7) {
        events[e].label += 1;
        fold_world_correct(events[e].user, events[e].ad, 1);
    }
    happen_some(60);
    assert_slow();
}
END_TEST

/* The formula, with ads whose biases nothing else moves. */
START_TEST(a_new_user_has_the_half_step)
{
    const struct model_biases biases = biases_of(folded.fitted);
    double sum = 0;

    for (int ad = 0; ad < 4; ad++) {
        const double label = ad != 2;
        sum += label - folded.fitted->model->mean - biases.items[ad];
        fold_world_learn(USERS, ad, label);
    }
    const struct snapshot *now = bias_fold_snapshot(folded.fold);
    ck_assert_double_eq_tol(
        bias(now->users, fold_world_user(USERS), biases_of(now).users),
        sum / (folded.fitted->model->params.bsl_reg_u + 4), 1e-15);
}
END_TEST

/* An ALS fit ends with the half-step of its users: a user's sum is the sum over
 * the rows of the fit and of those since. */
START_TEST(the_rows_of_the_fit_stay_in_the_sum)
{
    const struct model_biases biases = biases_of(folded.fitted);
    double sum = 1 - folded.fitted->model->mean, n = 1;

    for (int i = 0; i < ROWS; i++)
        if (folded.rows[i].user == 3) {
            sum += folded.rows[i].value - folded.fitted->model->mean -
                   biases.items[folded.rows[i].item];
            n++;
        }
    fold_world_learn(3, ADS, 1); /* an ad that is new has bias 0 */
    ck_assert_double_eq_tol(biases_of(bias_fold_snapshot(folded.fold)).users[3],
                            sum / (folded.fitted->model->params.bsl_reg_u + n),
                            1e-12);
}
END_TEST

START_TEST(nobody_has_no_bias)
{
    for (int i = 0; i < 20; i++)
        fold_world_learn(NOBODY, i % 3, 1);
    fold_world_correct(NOBODY, 0, -1);
    const struct snapshot *now = bias_fold_snapshot(folded.fold);
    ck_assert_uint_eq(id_map_count(now->users), USERS);
    ck_assert_mem_eq(biases_of(now).users, biases_of(folded.fitted).users,
                     USERS * sizeof(double));
    ck_assert_uint_eq(bias_fold_changes(folded.fold), 3);
    ck_assert_double_gt(biases_of(now).items[1],
                        biases_of(folded.fitted).items[1]);
}
END_TEST

/* A correction gives what the label would have given at once, of the ids of
 * the row. */
START_TEST(a_correction_is_as_if_it_had_been_known)
{
    struct buffer whole = {0};
    struct bias_fold *at_once = folded.fold;

    fold_world_learn(USERS + 1, ADS + 1, 1);
    fold_world_learn(USERS + 1, 0, 0);
    ck_assert_ok(snapshot_encode(folded.fitted, &whole, &err), err);
    ck_assert_ok(
        bias_fold_new(fold_world_decode(&whole),
                      &(struct bias_rows){folded.user_rows, folded.ad_rows}, 0,
                      &folded.fold, &err),
        err);
    fold_world_learn(USERS + 1, ADS + 1, 0);
    fold_world_learn(USERS + 1, 0, 0);
    fold_world_correct(USERS + 1, ADS + 1, 1);
    const struct snapshot *a = bias_fold_snapshot(at_once),
                          *b = bias_fold_snapshot(folded.fold);
    ck_assert_double_eq_tol(biases_of(a).users[USERS],
                            biases_of(b).users[USERS], 1e-15);
    ck_assert_double_eq_tol(biases_of(a).items[ADS], biases_of(b).items[ADS],
                            1e-15);
    bias_fold_free(at_once);
    buffer_free(&whole);
}
END_TEST

/* What was never learned is not corrected. */
START_TEST(strangers_are_not_corrected)
{
    fold_world_correct(USERS + 2, ADS + 2, 1);
    ck_assert_uint_eq(bias_fold_changes(folded.fold), 0);
    ck_assert_uint_eq(id_map_count(bias_fold_snapshot(folded.fold)->users),
                      USERS);
}
END_TEST

START_TEST(ids_have_a_limit)
{
    fold_world_stop();
    fold_world_start("svd", "factors=5", USERS + ADS + 2);
    for (int i = 0; i < ALL_USERS; i++)
        fold_world_learn(i, i % ALL_ADS, 1);
    const struct snapshot *now = bias_fold_snapshot(folded.fold);
    ck_assert_uint_eq(id_map_count(now->users) + id_map_count(now->ads),
                      USERS + ADS + 2);
    ck_assert_uint_eq(now->model->users, id_map_count(now->users));
    ck_assert_uint_eq(now->model->items, id_map_count(now->ads));
}
END_TEST

/* New ids have no factors: what is said of them is mean and biases. */
START_TEST(new_ids_have_biases_alone)
{
    fold_world_stop();
    fold_world_start(fold_models[_i][0], fold_models[_i][1], 0);
    fold_world_learn(USERS, 2, 1);
    fold_world_learn(3, ADS, 1);
    const struct snapshot *now = bias_fold_snapshot(folded.fold);
    const struct model_biases biases = biases_of(now);
    struct pair pairs[] = {{USERS, 4}, {5, ADS}, {USERS, ADS}};
    struct prediction out[3];

    model_predict_unclipped(now->model, pairs, 3, out);
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol(out[i].value,
                                now->model->mean + biases.users[pairs[i].user] +
                                    biases.items[pairs[i].item],
                                1e-15);
        ck_assert_int_eq(out[i].basis, BASIS_LEARNED);
    }
}
END_TEST

/* A snapshot of the state is one that can be read: it has rows of zeros. */
START_TEST(a_state_can_be_saved)
{
    struct buffer whole = {0};

    fold_world_stop();
    fold_world_start(fold_models[_i][0], fold_models[_i][1], 0);
    event_count = 0;
    happen_some(40);
    ck_assert_ok(snapshot_encode(bias_fold_snapshot(folded.fold), &whole, &err),
                 err);
    struct snapshot *again = fold_world_decode(&whole);
    delta_pupil_assert_same(bias_fold_snapshot(folded.fold), again);
    for (uint32_t u = 0; u < again->model->users; u++)
        for (uint32_t a = 0; a < again->model->items; a++) {
            struct pair pair = {u, a};
            struct prediction theirs, ours;
            model_predict(again->model, &pair, 1, &theirs);
            model_predict(bias_fold_snapshot(folded.fold)->model, &pair, 1,
                          &ours);
            ck_assert_double_eq(theirs.value, ours.value);
        }
    snapshot_free(again);
    buffer_free(&whole);
}
END_TEST

/* The best ads of a user are the same with and without bounds of estimates,
 * ads without factors included. */
START_TEST(the_best_ads_may_be_new_ones)
{
    struct top_entry found[3];
    struct top_request request = {.user = 4, .out = found};

    fold_world_stop();
    fold_world_start(fold_models[_i][0], fold_models[_i][1], 0);
    for (int i = 0; i < 30; i++)
        fold_world_learn(NOBODY, ADS + 1, 1);
    const struct snapshot *now = bias_fold_snapshot(folded.fold);
    ck_assert_ok(top_rank(now->model, &request, 1, 3, &err), err);
    ck_assert_uint_eq(request.found, 3);
    ck_assert_uint_eq(found[0].item, ADS);
}
END_TEST

static void start(void)
{
    fold_world_start("baseline", "", 0);
}

int main(void)
{
    Suite *suite = suite_create("bias_fold");
    TCase *tests = tcase_create("biases");

    tcase_add_checked_fixture(tests, start, fold_world_stop);
    tcase_add_loop_test(tests, biases_are_those_of_the_slow_computation, 0,
                        FOLD_MODELS);
    tcase_add_test(tests, a_new_user_has_the_half_step);
    tcase_add_test(tests, the_rows_of_the_fit_stay_in_the_sum);
    tcase_add_test(tests, nobody_has_no_bias);
    tcase_add_test(tests, a_correction_is_as_if_it_had_been_known);
    tcase_add_test(tests, strangers_are_not_corrected);
    tcase_add_test(tests, ids_have_a_limit);
    tcase_add_loop_test(tests, new_ids_have_biases_alone, 0, FOLD_MODELS);
    tcase_add_loop_test(tests, a_state_can_be_saved, 0, FOLD_MODELS);
    tcase_add_loop_test(tests, the_best_ads_may_be_new_ones, 0, FOLD_MODELS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
