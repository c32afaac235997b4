/*
 * check_curves.c - reliability, ROC and distribution against slow
 * computations by their definitions, and on a world whose truth is known.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "model/measure/curves.h"
#include "model/measure/evaluation.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 500, WORLD = 40000 };

static double labels[WORLD], predictions[WORLD], wrong[WORLD];
static struct curves curves;
static struct error err;

struct scored {
    double p, label;
};

static int by_prediction(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;

    return (x->p > y->p) - (x->p < y->p);
}

static void draw(const double *p, size_t n)
{
    static struct scored rows[WORLD];
    struct curves_pass pass;

    for (size_t i = 0; i < n; i++)
        rows[i] = (struct scored){p[i], labels[i]};
    qsort(rows, n, sizeof(*rows), by_prediction);
    curves_begin(&pass, n, &curves);
    for (size_t i = 0; i < n; i++)
        curves_add(&pass, rows[i].label, rows[i].p);
    curves_end(&pass);
}

/* Rows whose label is drawn with the prediction as its probability. */
static void fill(size_t n, double grain)
{
    uint64_t state = 20;

    for (size_t i = 0; i < n; i++) {
        double p = 0.02 + 0.9 * random_uniform(&state);
        predictions[i] = grain > 0 ? ceil(p / grain) * grain : p;
        labels[i] = random_uniform(&state) < predictions[i];
        wrong[i] = predictions[i] * predictions[i];
    }
}

START_TEST(roc_points_are_counts_above_a_threshold)
{
    fill(ROWS, 0.05);
    draw(predictions, ROWS);
    ck_assert_uint_eq(curves.roc_count, 20); /* 19 scores, and the start */
    for (size_t point = 1; point < curves.roc_count; point++) {
        double threshold = 0.975 - 0.05 * (double)point;
        double clicks = 0, above = 0, others = 0, others_above = 0;
        for (size_t i = 0; i < ROWS; i++) {
            clicks += labels[i];
            others += 1 - labels[i];
            above += predictions[i] > threshold ? labels[i] : 0;
            others_above += predictions[i] > threshold ? 1 - labels[i] : 0;
        }
        ck_assert_double_eq_tol(curves.roc[point].true_rate, above / clicks,
                                1e-12);
        ck_assert_double_eq_tol(curves.roc[point].false_rate,
                                others_above / others, 1e-12);
    }
}
END_TEST

/* The area by trapezoids is the AUC where no point was left out, and close to
 * it where some were. */
static double area(void)
{
    double sum = 0;

    for (size_t i = 1; i < curves.roc_count; i++)
        sum += (curves.roc[i].false_rate - curves.roc[i - 1].false_rate) *
               (curves.roc[i].true_rate + curves.roc[i - 1].true_rate) / 2;
    return sum;
}

START_TEST(the_area_under_the_roc_curve_is_the_auc)
{
    struct evaluation evaluation;

    fill(ROWS, 0.05);
    draw(predictions, ROWS);
    ck_assert_ok(evaluate(labels, predictions, ROWS, &evaluation, &err), err);
    ck_assert_double_eq_tol(area(), evaluation.auc, 1e-12);

    fill(WORLD, 0);
    draw(predictions, WORLD);
    ck_assert_ok(evaluate(labels, predictions, WORLD, &evaluation, &err), err);
    ck_assert_uint_le(curves.roc_count, ROC_POINTS_MAX);
    ck_assert_double_eq_tol(area(), evaluation.auc, 1e-4);
    ck_assert_double_eq(curves.roc[curves.roc_count - 1].true_rate, 1);
}
END_TEST

START_TEST(bins_part_the_rows_and_no_ties)
{
    double first = -1;
    size_t rows = 0;

    fill(ROWS, 0.05);
    draw(predictions, ROWS);
    for (size_t bin = 0; bin < curves.bin_count; bin++) {
        const struct reliability_bin *at = &curves.bins[bin];
        ck_assert_double_gt(at->predicted, first);
        first = at->predicted;
        rows += at->rows;
    }
    ck_assert_uint_eq(rows, ROWS);
    /* 12 equal shares of 19 scores: every score is in one bin only. */
    for (size_t i = 0; i < ROWS; i++)
        predictions[i] = 0.3;
    draw(predictions, ROWS);
    ck_assert_uint_eq(curves.bin_count, 1);
    ck_assert_uint_eq(curves.bins[0].rows, ROWS);
}
END_TEST

START_TEST(a_bin_has_the_means_of_its_rows_and_wilsons_interval)
{
    fill(2 * RELIABILITY_BINS, 0);
    for (size_t i = 0; i < (size_t)2 * RELIABILITY_BINS; i++) {
        predictions[i] = (double)(i + 1) / 100;
        labels[i] = i % 2 ? 1 : 0;
    }
    draw(predictions, (size_t)2 * RELIABILITY_BINS);
    ck_assert_uint_eq(curves.bin_count, RELIABILITY_BINS);
    for (size_t bin = 0; bin < RELIABILITY_BINS; bin++) {
        ck_assert_double_eq_tol(curves.bins[bin].predicted,
                                (2 * (double)bin + 1.5) / 100, 1e-12);
        ck_assert_double_eq(curves.bins[bin].click_rate, 0.5);
        /* 1 of 2, as published tables have it */
        ck_assert_double_eq_tol(curves.bins[bin].low, 0.0945, 5e-5);
        ck_assert_double_eq_tol(curves.bins[bin].high, 0.9055, 5e-5);
    }
}
END_TEST

static size_t off_the_diagonal(void)
{
    size_t count = 0;

    for (size_t bin = 0; bin < curves.bin_count; bin++)
        count += curves.bins[bin].predicted < curves.bins[bin].low ||
                 curves.bins[bin].predicted > curves.bins[bin].high;
    return count;
}

/* Of twelve intervals of 95 % one may miss. */
START_TEST(the_truth_is_diagonal_and_the_wrong_is_not)
{
    struct evaluation truth, other;

    fill(WORLD, 0);
    draw(predictions, WORLD);
    ck_assert_uint_le(off_the_diagonal(), 1);
    draw(wrong, WORLD);
    ck_assert_uint_ge(off_the_diagonal(), 8);

    ck_assert_ok(evaluate(labels, predictions, WORLD, &truth, &err), err);
    ck_assert_ok(evaluate(labels, wrong, WORLD, &other, &err), err);
    ck_assert_double_lt(truth.normalised_entropy, other.normalised_entropy);
    ck_assert_double_lt(truth.ece, other.ece);
}
END_TEST

START_TEST(the_distribution_counts_every_row_once)
{
    double clicks = 0, all = 0, sum = 0;

    fill(ROWS, 0);
    predictions[0] = 1; /* the upper edge is in the last part */
    draw(predictions, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        sum += labels[i];
    for (size_t i = 0; i < SCORE_BINS; i++) {
        clicks += curves.clicks[i];
        all += curves.clicks[i] + curves.others[i];
    }
    ck_assert_double_eq_tol(clicks, sum, 1e-9);
    ck_assert_double_eq_tol(all, ROWS, 1e-9);
    ck_assert_double_ge(
        curves.clicks[SCORE_BINS - 1] + curves.others[SCORE_BINS - 1], 1);
}
END_TEST

START_TEST(one_class_has_no_roc_and_no_rows_have_nothing)
{
    fill(ROWS, 0);
    for (size_t i = 0; i < ROWS; i++)
        labels[i] = 0;
    draw(predictions, ROWS);
    ck_assert_uint_eq(curves.roc_count, 0);
    draw(predictions, 0);
    ck_assert_uint_eq(curves.bin_count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("curves");
    TCase *tests = tcase_create("curves");

    tcase_add_test(tests, roc_points_are_counts_above_a_threshold);
    tcase_add_test(tests, the_area_under_the_roc_curve_is_the_auc);
    tcase_add_test(tests, bins_part_the_rows_and_no_ties);
    tcase_add_test(tests, a_bin_has_the_means_of_its_rows_and_wilsons_interval);
    tcase_add_test(tests, the_truth_is_diagonal_and_the_wrong_is_not);
    tcase_add_test(tests, the_distribution_counts_every_row_once);
    tcase_add_test(tests, one_class_has_no_roc_and_no_rows_have_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
