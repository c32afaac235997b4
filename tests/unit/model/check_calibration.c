/*
 * check_calibration.c - scores become click probabilities.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "model/calibration.h"

#include <math.h>

enum { ROWS = 20000 };

static double scores[ROWS], labels[ROWS];

/* Rows whose click probability is 1 / (1 + exp(-(slope s + offset))). */
static void draw(double slope, double offset)
{
    uint64_t state = 7;

    for (int i = 0; i < ROWS; i++) {
        scores[i] = random_uniform(&state);
        double p = 1 / (1 + exp(-(slope * scores[i] + offset)));
        labels[i] = random_uniform(&state) < p;
    }
}

static double logloss(const struct calibration *c)
{
    double sum = 0;

    for (int i = 0; i < ROWS; i++) {
        double p = calibration_apply(c, scores[i]);
        sum -= labels[i] > 0 ? log(p) : log(1 - p);
    }
    return sum / ROWS;
}

START_TEST(the_curve_that_drew_the_labels_is_found)
{
    struct calibration found;

    draw(6, -4);
    calibration_fit(scores, labels, ROWS, &found);
    ck_assert_double_eq_tol(found.slope, 6, 0.35);
    ck_assert_double_eq_tol(found.offset, -4, 0.2);
}
END_TEST

/* Nearby curves are worse: the slope and the offset are at the minimum. */
START_TEST(no_curve_nearby_has_less_logloss)
{
    struct calibration found;

    draw(3, -2);
    calibration_fit(scores, labels, ROWS, &found);
    for (int i = -1; i <= 1; i++) {
        for (int j = -1; j <= 1; j++) {
            struct calibration near = {found.slope + 0.05 * i,
                                       found.offset + 0.05 * j};
            ck_assert_double_ge(logloss(&near), logloss(&found));
        }
    }
}
END_TEST

/* At the minimum the mean prediction is the click rate (up to Platt's row of
 * each kind). */
START_TEST(the_mean_probability_is_the_click_rate)
{
    struct calibration found;
    double predicted = 0, clicks = 0;

    draw(2, -3);
    calibration_fit(scores, labels, ROWS, &found);
    for (int i = 0; i < ROWS; i++) {
        predicted += calibration_apply(&found, scores[i]);
        clicks += labels[i];
    }
    ck_assert_double_eq_tol(predicted / ROWS, clicks / ROWS, 1e-3);
}
END_TEST

/* Where the derivatives are 0, the residuals add up to 0, plain and weighted
 * by the score; a label is worth (clicks + 1) / (clicks + 2) or
 * 1 / (others + 2). */
START_TEST(a_few_rows_meet_platt_s_equations)
{
    static const double few[] = {0.1, 0.3, 0.2, 0.6, 0.5, 0.9, 0.7};
    static const double clicked[] = {0, 0, 1, 0, 1, 1, 0};
    const double click = 4.0 / 5, other = 1.0 / 6;
    struct calibration found;
    double sum = 0, weighted = 0;

    calibration_fit(few, clicked, 7, &found);
    ck_assert(calibration_is_set(&found));
    for (int i = 0; i < 7; i++) {
        double p = calibration_apply(&found, few[i]);
        double d = p - (clicked[i] > 0 ? click : other);
        sum += d;
        weighted += d * few[i];
    }
    ck_assert_double_eq_tol(sum, 0, 1e-9);
    ck_assert_double_eq_tol(weighted, 0, 1e-9);
}
END_TEST

/* One click among a thousand rows, and a score that knows it: the first step
 * of Newton's method would go so far that there is no way back. Two scores
 * are met exactly. */
START_TEST(a_rare_click_does_not_overshoot)
{
    enum { RARE = 1000 };
    struct calibration found;

    for (int i = 0; i < RARE; i++) {
        scores[i] = i == 0;
        labels[i] = i == 0;
    }
    calibration_fit(scores, labels, RARE, &found);
    ck_assert(calibration_is_set(&found));
    ck_assert_double_eq_tol(calibration_apply(&found, 1), 2.0 / 3, 1e-9);
    ck_assert_double_eq_tol(calibration_apply(&found, 0), 1.0 / 1001, 1e-9);
}
END_TEST

/* Labels that the scores separate would drive the slope to infinity. */
START_TEST(perfect_scores_give_a_finite_curve)
{
    struct calibration found;

    for (int i = 0; i < ROWS; i++) {
        scores[i] = (double)i / ROWS;
        labels[i] = i >= ROWS / 2;
    }
    calibration_fit(scores, labels, ROWS, &found);
    ck_assert(calibration_is_set(&found));
    ck_assert(isfinite(found.slope) && isfinite(found.offset));
    ck_assert_double_gt(calibration_apply(&found, 0.4), 0);
    ck_assert_double_lt(calibration_apply(&found, 0.6), 1);
}
END_TEST

/* What would break the ranking, or has nothing to learn from. */
START_TEST(there_is_none_where_none_makes_sense)
{
    struct calibration found;

    draw(-5, 1);
    calibration_fit(scores, labels, ROWS, &found);
    ck_assert(!calibration_is_set(&found));
    calibration_fit(scores, labels, 0, &found);
    ck_assert(!calibration_is_set(&found));
    for (int i = 0; i < ROWS; i++)
        labels[i] = 1;
    calibration_fit(scores, labels, ROWS, &found);
    ck_assert(!calibration_is_set(&found));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("calibration");
    TCase *tests = tcase_create("Platt");

    tcase_add_test(tests, the_curve_that_drew_the_labels_is_found);
    tcase_add_test(tests, no_curve_nearby_has_less_logloss);
    tcase_add_test(tests, the_mean_probability_is_the_click_rate);
    tcase_add_test(tests, a_few_rows_meet_platt_s_equations);
    tcase_add_test(tests, a_rare_click_does_not_overshoot);
    tcase_add_test(tests, perfect_scores_give_a_finite_curve);
    tcase_add_test(tests, there_is_none_where_none_makes_sense);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
