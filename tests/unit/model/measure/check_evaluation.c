/*
 * check_evaluation.c - every measure against a slow computation by its
 * definition, and against numbers worked out by hand.
 */
#include "support/run_suite.h"

#include "model/measure/evaluation.h"
#include "model/rows/ratings.h"

#include <math.h>

#define TOLERANCE 1e-12
enum { ROWS = 300 };

static double labels[ROWS], predictions[ROWS];
static struct error err;

static uint64_t state;

static double draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

/* Coarse predictions, so that many are equal. */
static void fill(uint64_t seed, bool weights)
{
    state = seed;
    for (int i = 0; i < ROWS; i++) {
        labels[i] = weights ? floor(draw() * 5) / 4 : draw() < 0.2;
        predictions[i] = floor(draw() * 40) / 40 + 0.01;
    }
}

static struct evaluation measure(void)
{
    struct evaluation out;

    ck_assert_ok(evaluate(labels, predictions, ROWS, &out, &err), err);
    return out;
}

/* The probability that a click is ranked above a non-click: over all pairs,
 * each row being a click by its label and a non-click by the rest. */
static double slow_auc(void)
{
    double right = 0, all = 0;

    for (int a = 0; a < ROWS; a++) {
        for (int b = 0; b < ROWS; b++) {
            double weight = labels[a] * (1 - labels[b]);
            all += weight;
            if (predictions[a] > predictions[b])
                right += weight;
            else if (predictions[a] == predictions[b])
                right += weight / 2;
        }
    }
    return right / all;
}

static double slow_logloss(double constant)
{
    double sum = 0;

    for (int i = 0; i < ROWS; i++) {
        double p = constant >= 0 ? constant : predictions[i];
        sum -= labels[i] * log(p) + (1 - labels[i]) * log(1 - p);
    }
    return sum / ROWS;
}

static double slow_ece(void)
{
    double sum = 0;

    for (int bin = 0; bin < 10; bin++) {
        double label = 0, prediction = 0, rows = 0;
        for (int i = 0; i < ROWS; i++) {
            if ((int)(predictions[i] * 10) != bin)
                continue;
            label += labels[i];
            prediction += predictions[i];
            rows++;
        }
        if (rows > 0)
            sum += rows / ROWS * fabs(label / rows - prediction / rows);
    }
    return sum;
}

START_TEST(measures_follow_their_definitions)
{
    double squares = 0, distances = 0, clicks = 0, predicted = 0;

    fill((uint64_t)_i, _i % 2);
    for (int i = 0; i < ROWS; i++) {
        squares += pow(labels[i] - predictions[i], 2);
        distances += fabs(labels[i] - predictions[i]);
        clicks += labels[i];
        predicted += predictions[i];
    }
    struct evaluation out = measure();
    ck_assert_uint_eq(out.rows, ROWS);
    ck_assert_double_eq_tol(out.mse, squares / ROWS, TOLERANCE);
    ck_assert_double_eq_tol(out.rmse, sqrt(squares / ROWS), TOLERANCE);
    ck_assert_double_eq_tol(out.mae, distances / ROWS, TOLERANCE);
    ck_assert_double_eq_tol(out.click_rate, clicks / ROWS, TOLERANCE);
    ck_assert_double_eq_tol(out.calibration, predicted / clicks, TOLERANCE);
    ck_assert_double_eq_tol(out.auc, slow_auc(), TOLERANCE);
    ck_assert_double_eq_tol(out.logloss, slow_logloss(-1), TOLERANCE);
    ck_assert_double_eq_tol(out.normalised_entropy,
                            slow_logloss(-1) / slow_logloss(clicks / ROWS),
                            TOLERANCE);
    ck_assert_double_eq_tol(out.ece, slow_ece(), TOLERANCE);
}
END_TEST

static void assert_same_bits(const struct evaluation *a,
                             const struct evaluation *b)
{
    ck_assert_uint_eq(a->rows, b->rows);
    ck_assert_mem_eq(&a->click_rate, &b->click_rate,
                     sizeof(*a) - offsetof(struct evaluation, click_rate));
}

static void add_all_of(struct evaluation_sums *sums, double p, double label)
{
    for (int i = 0; i < ROWS; i++) {
        struct evaluation_terms row =
            evaluation_terms(labels[i], predictions[i]);
        if (fabs(predictions[i] - p) < 0.001 && labels[i] == label)
            evaluation_add(sums, &row);
    }
}

/* Of a shuffle as of the rows one by one, sorted elsewhere. */
START_TEST(the_order_of_rows_changes_no_bit)
{
    struct evaluation_sums sums = {0};

    fill((uint64_t)_i, _i % 2);
    struct evaluation before = measure();
    for (int i = ROWS - 1; i > 0; i--) {
        int other = (int)(draw() * (i + 1));
        double label = labels[i], prediction = predictions[i];
        labels[i] = labels[other];
        predictions[i] = predictions[other];
        labels[other] = label;
        predictions[other] = prediction;
    }
    struct evaluation after = measure();
    assert_same_bits(&before, &after);

    for (int p = 0; p < 40; p++)
        for (int label = 0; label <= 4; label++)
            add_all_of(&sums, 0.01 + 0.025 * p, 0.25 * label);
    after = evaluation_of(&sums);
    assert_same_bits(&before, &after);
}
END_TEST

START_TEST(one_class_has_no_auc_and_no_entropy)
{
    static const double none[] = {0, 0}, p[] = {0.1, 0.2};
    struct evaluation out;

    ck_assert_ok(evaluate(none, p, 2, &out, &err), err);
    ck_assert(isnan(out.auc));
    ck_assert(isnan(out.normalised_entropy));
    ck_assert(isnan(out.calibration));
    ck_assert_double_eq_tol(out.rmse, sqrt(0.025), TOLERANCE);
}
END_TEST

START_TEST(stars_have_errors_but_no_losses)
{
    static const double stars[] = {5, 1}, p[] = {4, 1};
    struct evaluation out;

    ck_assert_ok(evaluate(stars, p, 2, &out, &err), err);
    ck_assert_double_eq_tol(out.mae, 0.5, TOLERANCE);
    ck_assert_double_eq_tol(out.calibration, 5. / 6, TOLERANCE);
    ck_assert(isnan(out.logloss) && isnan(out.normalised_entropy));
    ck_assert(isnan(out.auc) && isnan(out.ece));
}
END_TEST

START_TEST(no_rows_have_no_measures)
{
    struct evaluation out;

    ck_assert_ok(evaluate(labels, predictions, 0, &out, &err), err);
    ck_assert_uint_eq(out.rows, 0);
    ck_assert(isnan(out.rmse) && isnan(out.mae) && isnan(out.logloss) &&
              isnan(out.auc) && isnan(out.ece) && isnan(out.click_rate) &&
              isnan(out.fcp));
}
END_TEST

START_TEST(certainty_that_is_wrong_has_a_finite_loss)
{
    static const double label[] = {1, 0}, p[] = {0, 1};
    struct evaluation out;

    ck_assert_ok(evaluate(label, p, 2, &out, &err), err);
    ck_assert_double_eq_tol(out.logloss, -log(1e-15), 0.1);
    ck_assert_double_eq(out.auc, 0);
}
END_TEST

/* Users a, b, c of the reference's documentation of its metric. */
START_TEST(fcp_is_the_reference)
{
    static const uint32_t users[] = {0, 1, 0, 2, 0, 1, 2, INDEX_UNKNOWN};
    static const double r[] = {5, 1, 3, 4, 1, 2, 2, 5};
    static const double p[] = {4.5, 3, 4.5, 4, 2, 2.5, 3, 0};
    double fcp;

    ck_assert_ok(evaluate_fcp(users, r, p, 8, &fcp, &err), err);
    ck_assert_double_eq_tol(fcp, 0.6, TOLERANCE);
}
END_TEST

/* Every pair of every user, looked at. */
static double slow_fcp(const uint32_t *users)
{
    enum { USERS = 4 };
    double right[USERS] = {0}, wrong[USERS] = {0}, pairs[2] = {0},
           counted[2] = {0};

    for (int a = 0; a < ROWS; a++) {
        for (int b = 0; b < ROWS; b++) {
            if (users[a] != users[b] || !(labels[a] > labels[b]))
                continue;
            if (predictions[a] > predictions[b])
                right[users[a]]++;
            else
                wrong[users[a]]++;
        }
    }
    for (int u = 0; u < USERS; u++) {
        pairs[0] += right[u];
        pairs[1] += wrong[u];
        counted[0] += right[u] > 0;
        counted[1] += wrong[u] > 0;
    }
    double concordant = pairs[0] / counted[0];
    return concordant / (concordant + pairs[1] / counted[1]);
}

START_TEST(fcp_follows_its_definition)
{
    uint32_t users[ROWS];
    double fcp;

    fill((uint64_t)_i, _i % 2);
    for (int i = 0; i < ROWS; i++)
        users[i] = (uint32_t)(draw() * 4);
    ck_assert_ok(evaluate_fcp(users, labels, predictions, ROWS, &fcp, &err),
                 err);
    ck_assert_double_eq_tol(fcp, slow_fcp(users), TOLERANCE);
}
END_TEST

START_TEST(nothing_to_compare_has_no_fcp)
{
    static const uint32_t users[] = {0, 1, 2, 2};
    static const double r[] = {1, 0, 1, 1}, p[] = {0.1, 0.2, 0.3, 0.4};
    double fcp = 0;

    ck_assert_ok(evaluate_fcp(users, r, p, 4, &fcp, &err), err);
    ck_assert(isnan(fcp));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluation");
    TCase *tests = tcase_create("measures");

    tcase_add_loop_test(tests, measures_follow_their_definitions, 1, 11);
    tcase_add_loop_test(tests, the_order_of_rows_changes_no_bit, 1, 11);
    tcase_add_test(tests, one_class_has_no_auc_and_no_entropy);
    tcase_add_test(tests, stars_have_errors_but_no_losses);
    tcase_add_test(tests, no_rows_have_no_measures);
    tcase_add_test(tests, certainty_that_is_wrong_has_a_finite_loss);
    tcase_add_test(tests, fcp_is_the_reference);
    tcase_add_loop_test(tests, fcp_follows_its_definition, 1, 11);
    tcase_add_test(tests, nothing_to_compare_has_no_fcp);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
