/*
 * check_bias_fold.c - the biases of a fitted model go on as an independent,
 * slow computation says, and a copy of the snapshot follows by deltas, bit for
 * bit; bytes that make no sense leave it as it was.
 */
#include "support/failing_memory.h"
#include "support/run_suite.h"

#include "model/ask/top.h"
#include "model/bias_fold.h"
#include "model/registry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EPOCH = 12,
    HEAD = 8 + 4 + 4 + 8 + 2 * DIGEST_SIZE + 8,
    USERS = 9, /* that the fit knows, */
    ADS = 6,
    ALL_USERS = 15, /* and that there are */
    ALL_ADS = 10,
    ROWS = 80,
    EVENTS = 200,
    NOBODY = -1,
};

static const char *const models[][2] = {
    {"baseline", ""},
    {"baseline", "bsl_method=sgd"},
    {"svd", "factors=5 epochs=30"},
    {"svd", "factors=5 epochs=30 solver=fast"},
    {"svdpp", "factors=4 epochs=25"},
};
enum { MODELS = sizeof(models) / sizeof(models[0]) };

static struct error err;
static struct rating rows[ROWS];
static uint32_t user_rows[USERS], ad_rows[ADS];
static struct snapshot *fitted; /* as it was */
static struct bias_fold *fold;
static struct snapshot *student; /* follows the fold */
static struct snapshot_delta next;
static struct buffer bytes;

/* --- A fit ------------------------------------------------------------ */

static struct id user_id(int user)
{
    return id_from_number(1000 + user);
}

static struct id ad_id(int ad)
{
    static char names[ALL_ADS][16];
    int size = snprintf(names[ad], sizeof(names[ad]), "ad-%d", ad);

    return id_from_text(names[ad], (size_t)size);
}

static void make_rows(void)
{
    memset(user_rows, 0, sizeof(user_rows));
    memset(ad_rows, 0, sizeof(ad_rows));
    for (uint32_t i = 0; i < ROWS; i++) {
        rows[i] = (struct rating){i % USERS, i * i / 3 % ADS,
                                  (i * 7 + i / 5) % 4 == 0};
        if (i > USERS && i % 11 == 0)
            rows[i].user = INDEX_UNKNOWN;
        else
            user_rows[rows[i].user]++;
        ad_rows[rows[i].item]++;
    }
}

static struct id_map *ids(int count, struct id (*of)(int))
{
    struct id_map *map = NULL;
    uint32_t index;

    ck_assert_ok(id_map_new(&map, &err), err);
    for (int i = 0; i < count; i++) {
        const struct id id = of(i);
        ck_assert_ok(id_map_add(map, &id, &index, &err), err);
    }
    return map;
}

static struct model *fit(const char *name, const char *params)
{
    struct ratings *train = NULL;
    const struct model_ops *ops = NULL;
    struct model_params with;
    struct model *model = NULL;

    make_rows();
    ck_assert_ok(
        ratings_build(&(struct numbered_rows){rows, ROWS, USERS, ADS, {0, 1}},
                      &train, &err),
        err);
    ck_assert_ok(model_find(name, &ops, &err), err);
    ck_assert_ok(params_start(ops, &with, &err), err);
    ck_assert_ok(params_set(ops, params, &with, &err), err);
    ck_assert_ok(model_fit(ops, train, &with, NULL, &model, &err), err);
    ratings_free(train);
    model->calibration = (struct calibration){.slope = 2, .offset = -1};
    return model;
}

static struct snapshot *decoded(const struct buffer *whole)
{
    struct snapshot *snapshot = NULL;

    ck_assert_ok(snapshot_decode(whole->bytes, whole->size, &snapshot, &err),
                 err);
    return snapshot;
}

static void start(const char *name, const char *params, uint64_t ids_max)
{
    struct snapshot made = {.users = ids(USERS, user_id),
                            .ads = ids(ADS, ad_id),
                            .model = fit(name, params),
                            .rows = ROWS};
    struct buffer whole = {0};

    ck_assert_ok(snapshot_encode(&made, &whole, &err), err);
    id_map_free(made.users);
    id_map_free(made.ads);
    model_free(made.model);
    fitted = decoded(&whole);
    ck_assert(bias_fold_is_for(fitted));
    ck_assert_ok(bias_fold_new(decoded(&whole),
                               &(struct bias_rows){user_rows, ad_rows}, ids_max,
                               &fold, &err),
                 err);
    ck_assert_ok(snapshot_copy(fitted, &student, &err), err);
    next = (struct snapshot_delta){.epoch = EPOCH,
                                   .base = fitted->sha256,
                                   .number = 1,
                                   .before = fitted->sha256};
    buffer_free(&whole);
}

static void stop(void)
{
    bias_fold_free(fold);
    snapshot_free(fitted);
    snapshot_free(student);
    buffer_free(&bytes);
    fold = NULL;
    fitted = student = NULL;
}

static void start_baseline(void)
{
    start("baseline", "", 0);
}

/* --- What is learned -------------------------------------------------- */

struct event {
    int user, ad; /* user may be NOBODY */
    double label;
    double b_u, b_i; /* of the two, before it was learned */
};

static struct event events[EVENTS];
static int event_count;

static void learn(int user, int ad, double label)
{
    const struct id u = user_id(user), a = ad_id(ad);

    ck_assert_ok(bias_fold_learn(
                     fold, &(struct bias_row){user == NOBODY ? NULL : &u, &a},
                     label, &err),
                 err);
}

static void correct(int user, int ad, double change)
{
    const struct id u = user_id(user), a = ad_id(ad);

    bias_fold_correct(fold, &(struct bias_row){user == NOBODY ? NULL : &u, &a},
                      change);
}

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
    const struct model_biases biases = biases_of(fitted);
    const bool knows_user = user >= 0 && user < USERS, knows_ad = ad < ADS;
    struct pair pair = {knows_user ? (uint32_t)user : INDEX_UNKNOWN,
                        knows_ad ? (uint32_t)ad : INDEX_UNKNOWN};
    struct prediction out;

    model_predict_unclipped(fitted->model, &pair, 1, &out);
    return out.value - (knows_user ? biases.users[user] : 0) -
           (knows_ad ? biases.items[ad] : 0);
}

/* b = (b_0 (damping + n_0) + sum(y - rest - the other's bias of then)) /
 * (damping + n_0 + n), over the first events. */
static double slow_user(int user, int count)
{
    const struct model_biases biases = biases_of(fitted);
    double n = user < USERS ? user_rows[user] : 0;
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
    const struct model_biases biases = biases_of(fitted);
    double n = ad < ADS ? ad_rows[ad] : 0;
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
    const struct snapshot *now = bias_fold_snapshot(fold);
    const struct model_biases biases = biases_of(now);

    for (int u = 0; u < ALL_USERS; u++)
        ck_assert_double_eq_tol(bias(now->users, user_id(u), biases.users),
                                slow_user(u, event_count), 1e-12);
    for (int a = 0; a < ALL_ADS; a++)
        ck_assert_double_eq_tol(bias(now->ads, ad_id(a), biases.items),
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
    learn(user, ad, label);
}

static void happen_some(int count)
{
    for (int i = 0; i < count; i++) {
        const int at = event_count;
        happen(at % 13 == 0 ? NOBODY : at * 7 % ALL_USERS, at * at % ALL_ADS,
               at % 3 == 0);
    }
}

START_TEST(biases_are_those_of_the_slow_computation)
{
    stop();
    start(models[_i][0], models[_i][1], 0);
    event_count = 0;
    assert_slow();
    happen_some(60);
    assert_slow();
    /* Late clicks: what was a negative becomes a positive. */
    for (int e = 1; e < 60; e += 7) {
        events[e].label += 1;
        correct(events[e].user, events[e].ad, 1);
    }
    happen_some(60);
    assert_slow();
}
END_TEST

/* The formula, with ads whose biases nothing else moves. */
START_TEST(a_new_user_has_the_half_step)
{
    const struct model_biases biases = biases_of(fitted);
    double sum = 0;

    for (int ad = 0; ad < 4; ad++) {
        const double label = ad != 2;
        sum += label - fitted->model->mean - biases.items[ad];
        learn(USERS, ad, label);
    }
    const struct snapshot *now = bias_fold_snapshot(fold);
    ck_assert_double_eq_tol(
        bias(now->users, user_id(USERS), biases_of(now).users),
        sum / (fitted->model->params.bsl_reg_u + 4), 1e-15);
}
END_TEST

/* An ALS fit ends with the half-step of its users: a user's sum is the sum over
 * the rows of the fit and of those since. */
START_TEST(the_rows_of_the_fit_stay_in_the_sum)
{
    const struct model_biases biases = biases_of(fitted);
    double sum = 1 - fitted->model->mean, n = 1;

    for (int i = 0; i < ROWS; i++)
        if (rows[i].user == 3) {
            sum += rows[i].value - fitted->model->mean -
                   biases.items[rows[i].item];
            n++;
        }
    learn(3, ADS, 1); /* an ad that is new has bias 0 */
    ck_assert_double_eq_tol(biases_of(bias_fold_snapshot(fold)).users[3],
                            sum / (fitted->model->params.bsl_reg_u + n), 1e-12);
}
END_TEST

START_TEST(nobody_has_no_bias)
{
    for (int i = 0; i < 20; i++)
        learn(NOBODY, i % 3, 1);
    correct(NOBODY, 0, -1);
    const struct snapshot *now = bias_fold_snapshot(fold);
    ck_assert_uint_eq(id_map_count(now->users), USERS);
    ck_assert_mem_eq(biases_of(now).users, biases_of(fitted).users,
                     USERS * sizeof(double));
    ck_assert_uint_eq(bias_fold_changes(fold), 3);
    ck_assert_double_gt(biases_of(now).items[1], biases_of(fitted).items[1]);
}
END_TEST

/* A correction gives what the label would have given at once, of the ids of
 * the row. */
START_TEST(a_correction_is_as_if_it_had_been_known)
{
    struct buffer whole = {0};
    struct bias_fold *at_once = fold;

    learn(USERS + 1, ADS + 1, 1);
    learn(USERS + 1, 0, 0);
    ck_assert_ok(snapshot_encode(fitted, &whole, &err), err);
    ck_assert_ok(bias_fold_new(decoded(&whole),
                               &(struct bias_rows){user_rows, ad_rows}, 0,
                               &fold, &err),
                 err);
    learn(USERS + 1, ADS + 1, 0);
    learn(USERS + 1, 0, 0);
    correct(USERS + 1, ADS + 1, 1);
    const struct snapshot *a = bias_fold_snapshot(at_once),
                          *b = bias_fold_snapshot(fold);
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
    correct(USERS + 2, ADS + 2, 1);
    ck_assert_uint_eq(bias_fold_changes(fold), 0);
    ck_assert_uint_eq(id_map_count(bias_fold_snapshot(fold)->users), USERS);
}
END_TEST

START_TEST(ids_have_a_limit)
{
    stop();
    start("svd", "factors=5", USERS + ADS + 2);
    for (int i = 0; i < ALL_USERS; i++)
        learn(i, i % ALL_ADS, 1);
    const struct snapshot *now = bias_fold_snapshot(fold);
    ck_assert_uint_eq(id_map_count(now->users) + id_map_count(now->ads),
                      USERS + ADS + 2);
    ck_assert_uint_eq(now->model->users, id_map_count(now->users));
    ck_assert_uint_eq(now->model->items, id_map_count(now->ads));
}
END_TEST

/* --- Deltas ----------------------------------------------------------- */

static void make_delta(void)
{
    buffer_clear(&bytes);
    ck_assert_ok(bias_fold_delta(fold, &next, &bytes, &err), err);
    bias_fold_forget(fold);
}

static int apply(void)
{
    return snapshot_delta_apply(student, EPOCH, bytes.bytes, bytes.size, &err);
}

static void go_on(void)
{
    ck_assert_ok(apply(), err);
    next.before = digest_of(bytes.bytes, bytes.size);
    next.number++;
}

static void assert_same_bytes(const struct snapshot *a,
                              const struct snapshot *b)
{
    struct buffer of_a = {0}, of_b = {0};

    ck_assert_ok(snapshot_encode(a, &of_a, &err), err);
    ck_assert_ok(snapshot_encode(b, &of_b, &err), err);
    ck_assert_uint_eq(of_a.size, of_b.size);
    ck_assert_mem_eq(of_a.bytes, of_b.bytes, of_a.size);
    buffer_free(&of_a);
    buffer_free(&of_b);
}

/* The bytes, but for the count of rows, and every answer. */
static void assert_same_state(void)
{
    struct snapshot now = *bias_fold_snapshot(fold);

    now.rows = next.rows;
    assert_same_bytes(&now, student);
    for (uint32_t u = 0; u <= student->model->users; u++)
        for (uint32_t a = 0; a <= student->model->items; a++) {
            struct pair pair = {u, a};
            struct prediction theirs, ours;
            model_predict(now.model, &pair, 1, &theirs);
            model_predict(student->model, &pair, 1, &ours);
            ck_assert_mem_eq(&theirs.value, &ours.value, sizeof(ours.value));
            ck_assert_int_eq(theirs.basis, ours.basis);
        }
}

START_TEST(a_student_follows_bit_for_bit)
{
    stop();
    start(models[_i][0], models[_i][1], 0);
    event_count = 0;
    for (int i = 0; i < 12; i++) {
        happen_some(i + 1);
        correct(events[event_count / 2].user, events[event_count / 2].ad, 0.5);
        make_delta();
        go_on();
        ck_assert_uint_eq(next.rows, ROWS + (uint64_t)event_count);
        ck_assert_uint_eq(student->rows, next.rows);
        assert_same_state();
    }
    ck_assert_uint_gt(student->model->users, USERS);
    ck_assert_uint_gt(student->model->items, ADS);
    ck_assert_double_eq(student->model->calibration.slope, 2);
    ck_assert_double_eq(student->model->calibration.offset, -1);
    ck_assert_double_eq(student->model->mean, fitted->model->mean);
}
END_TEST

/* New ids have no factors: what is said of them is mean and biases. */
START_TEST(new_ids_have_biases_alone)
{
    stop();
    start(models[_i][0], models[_i][1], 0);
    learn(USERS, 2, 1);
    learn(3, ADS, 1);
    const struct snapshot *now = bias_fold_snapshot(fold);
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

    stop();
    start(models[_i][0], models[_i][1], 0);
    event_count = 0;
    happen_some(40);
    ck_assert_ok(snapshot_encode(bias_fold_snapshot(fold), &whole, &err), err);
    struct snapshot *again = decoded(&whole);
    assert_same_bytes(bias_fold_snapshot(fold), again);
    for (uint32_t u = 0; u < again->model->users; u++)
        for (uint32_t a = 0; a < again->model->items; a++) {
            struct pair pair = {u, a};
            struct prediction theirs, ours;
            model_predict(again->model, &pair, 1, &theirs);
            model_predict(bias_fold_snapshot(fold)->model, &pair, 1, &ours);
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

    stop();
    start(models[_i][0], models[_i][1], 0);
    for (int i = 0; i < 30; i++)
        learn(NOBODY, ADS + 1, 1);
    const struct snapshot *now = bias_fold_snapshot(fold);
    ck_assert_ok(top_rank(now->model, &request, 1, 3, &err), err);
    ck_assert_uint_eq(request.found, 3);
    ck_assert_uint_eq(found[0].item, ADS);
}
END_TEST

START_TEST(another_snapshot_is_brought_to_the_state)
{
    stop();
    start(models[_i][0], models[_i][1], 0);
    event_count = 0;
    for (int i = 0; i < 5; i++) {
        happen_some(7 * i + 1);
        ck_assert_ok(bias_fold_bring(fold, student, &err), err);
        bias_fold_forget(fold);
        ck_assert_uint_eq(student->rows, ROWS + (uint64_t)event_count);
        next.rows = student->rows;
        assert_same_state();
    }
}
END_TEST

START_TEST(a_delta_has_what_changed_and_no_more)
{
    learn(2, 1, 1);
    ck_assert_uint_eq(bias_fold_changes(fold), 2);
    make_delta();
    ck_assert_uint_eq(bytes.size, HEAD + 4 + 4 + 2 * (4 + 12));
    ck_assert_uint_eq(bias_fold_changes(fold), 0);
    go_on();
    learn(USERS, 1, 1);
    make_delta();
    ck_assert_uint_eq(bytes.size, HEAD + 4 + 12 + 4 + 2 * (4 + 12));
    go_on();
    make_delta(); /* nothing changed */
    ck_assert_uint_eq(bytes.size, HEAD + 4 * 4);
    go_on();
    assert_same_state();
}
END_TEST

/* --- What is refused -------------------------------------------------- */

static void assert_refused(const char *text)
{
    struct snapshot *before = NULL;
    const uint32_t delta = student->delta;

    ck_assert_ok(snapshot_copy(student, &before, &err), err);
    ck_assert_refused(apply(), err, ERROR_FORMAT, text);
    ck_assert_uint_eq(student->delta, delta);
    assert_same_bytes(before, student);
    snapshot_free(before);
}

/* A delta with a new user, a new ad, and two biases of each side. */
static void make_example(void)
{
    learn(2, ADS + 1, 1);
    learn(USERS, 1, 1);
    make_delta();
}

START_TEST(a_cut_delta_is_refused_at_every_byte)
{
    make_example();
    const size_t size = bytes.size;
    for (bytes.size = 0; bytes.size < size; bytes.size++)
        assert_refused("delta");
    buffer_append(&bytes, "", 1);
    assert_refused("bytes behind its end");
    bytes.size = size;
    go_on();
    assert_same_state();
}
END_TEST

static void put_u32(size_t at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes.bytes[at + (size_t)i] = (uint8_t)(value >> (8 * i));
}

enum {
    NEW_USER = HEAD + 4,
    NEW_AD = NEW_USER + 12 + 4, /* u32 size, "ad-7" */
    OF_USERS = NEW_AD + 8,
    OF_ADS = OF_USERS + 4 + 2 * 12,
};

static void user_not_new(void)
{
    put_u32(NEW_USER + 4, 1000);
}
static void ad_not_new(void)
{
    bytes.bytes[NEW_AD + 7] = '0';
}
static void one_ad_more(void)
{
    put_u32(NEW_AD - 4, 2);
}
static void too_many(void)
{
    put_u32(OF_USERS, UINT32_MAX);
}
static void one_more(void)
{
    put_u32(OF_ADS, 3);
}
static void one_less(void)
{
    put_u32(OF_ADS, 1);
}
static void user_beyond(void)
{
    put_u32(OF_USERS + 4 + 12, USERS + 1);
}
static void ad_beyond(void)
{
    put_u32(OF_ADS + 4 + 12, ADS + 1);
}
static void user_again(void)
{
    memcpy(bytes.bytes + OF_USERS + 4 + 12, bytes.bytes + OF_USERS + 4, 4);
}
static void bias_nan(void)
{
    memset(bytes.bytes + OF_ADS + 8, 0xff, 8);
}
static void bias_huge(void)
{
    const double huge = 1e301;

    memcpy(bytes.bytes + OF_USERS + 8, &huge, 8);
}
static void other_epoch(void)
{
    bytes.bytes[16]++;
}
static void other_base(void)
{
    bytes.bytes[24]++;
}
static void other_state(void)
{
    bytes.bytes[24 + DIGEST_SIZE]++;
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
    {other_epoch, "of epoch 13, not of 12"},
    {other_base, "of another snapshot"},
    {other_state, "continues another state"},
};

START_TEST(damage_is_refused_and_changes_nothing)
{
    struct buffer good = {0};

    make_example();
    ck_assert_uint_eq(bytes.size, OF_ADS + 4 + 2 * 12);
    buffer_append(&good, bytes.bytes, bytes.size);
    damages[_i].spoil();
    assert_refused(damages[_i].text);
    buffer_clear(&bytes);
    buffer_append(&bytes, good.bytes, good.size);
    buffer_free(&good);
    go_on();
    assert_same_state();
}
END_TEST

START_TEST(without_biases_there_is_nothing_to_go_on_with)
{
    static const char *const without[][2] = {
        {"svd", "biased=false"}, {"svd", "epochs=0"},
        {"svdpp", "lr_bi=0"},    {"baseline", "bsl_method=sgd bsl_lr=0"},
        {"popular", ""},         {"knn-baseline", ""}};
    struct snapshot snapshot = {.model = fit(without[_i][0], without[_i][1])};

    struct snapshot *copy = NULL;

    snapshot.users = ids(USERS, user_id);
    snapshot.ads = ids(ADS, ad_id);
    ck_assert(!bias_fold_is_for(&snapshot));
    ck_assert_refused(snapshot_copy(&snapshot, &copy, &err), err, ERROR_FORMAT,
                      "takes none");
    make_example();
    snapshot.sha256 = fitted->sha256;
    ck_assert_refused(
        snapshot_delta_apply(&snapshot, EPOCH, bytes.bytes, bytes.size, &err),
        err, ERROR_FORMAT, "takes none");
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
    model_free(snapshot.model);
}
END_TEST

START_TEST(a_doubled_one_is_refused)
{
    make_example();
    go_on();
    assert_refused("number 1 where 2 should be");
}
END_TEST

/* A delta for another model of the family: it is of another snapshot. */
START_TEST(a_model_without_biases_takes_none)
{
    make_example();
    model_free(student->model);
    student->model = fit("popular", "");
    ck_assert_refused(apply(), err, ERROR_FORMAT, "takes none");
}
END_TEST

/* Every allocation fails once: all of the delta is applied, or nothing. */
START_TEST(without_memory_nothing_is_applied)
{
    struct snapshot *before = NULL;
    int status = -1;

    event_count = 0;
    happen_some(EVENTS);
    make_delta();
    ck_assert_ok(snapshot_copy(student, &before, &err), err);
    long n = 0;
    for (; status < 0; n++) {
        err = (struct error){0};
        failing_memory_after(n);
        status = apply();
        failing_memory_after(-1);
        ck_assert(status == 0 || err.code == ERROR_MEMORY);
        if (status < 0)
            assert_same_bytes(before, student);
    }
    ck_assert_int_gt(n, 4);
    assert_same_state();
    snapshot_free(before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bias_fold");
    TCase *tests = tcase_create("biases");

    tcase_add_checked_fixture(tests, start_baseline, stop);
    tcase_add_loop_test(tests, biases_are_those_of_the_slow_computation, 0,
                        MODELS);
    tcase_add_test(tests, a_new_user_has_the_half_step);
    tcase_add_test(tests, the_rows_of_the_fit_stay_in_the_sum);
    tcase_add_test(tests, nobody_has_no_bias);
    tcase_add_test(tests, a_correction_is_as_if_it_had_been_known);
    tcase_add_test(tests, strangers_are_not_corrected);
    tcase_add_test(tests, ids_have_a_limit);
    tcase_add_loop_test(tests, without_biases_there_is_nothing_to_go_on_with, 0,
                        6);
    tcase_add_loop_test(tests, a_student_follows_bit_for_bit, 0, MODELS);
    tcase_add_loop_test(tests, new_ids_have_biases_alone, 0, MODELS);
    tcase_add_loop_test(tests, a_state_can_be_saved, 0, MODELS);
    tcase_add_loop_test(tests, the_best_ads_may_be_new_ones, 0, MODELS);
    tcase_add_loop_test(tests, another_snapshot_is_brought_to_the_state, 0,
                        MODELS);
    tcase_add_test(tests, a_delta_has_what_changed_and_no_more);
    tcase_add_test(tests, a_cut_delta_is_refused_at_every_byte);
    tcase_add_loop_test(tests, damage_is_refused_and_changes_nothing, 0,
                        sizeof(damages) / sizeof(damages[0]));
    tcase_add_test(tests, a_doubled_one_is_refused);
    tcase_add_test(tests, a_model_without_biases_takes_none);
    tcase_add_test(tests, without_memory_nothing_is_applied);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
