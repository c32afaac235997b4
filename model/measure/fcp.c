/*
 * fcp.c - the fraction of concordant pairs (Koren and Sill 2013), with the
 * two different denominators of the reference.
 *
 *   FCP = n_c / (n_c + n_d);  n_c, n_d: means of the users' counts
 *
 * A user's pairs are counted while its rows, in order of label, are merged by
 * prediction: n log n, where the reference looks at every pair. A click log
 * has users with a hundred thousand rows.
 */
#include "model/measure/evaluation.h"
#include "model/rows/ratings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct judged {
    uint32_t user;
    double label, prediction;
};

struct tally {
    double pairs, users; /* users that have at least one pair */
};

/* By user, then label; among equal labels the higher prediction first, so that
 * no pair of them rises. */
static int by_user_and_label(const void *a, const void *b)
{
    const struct judged *x = a, *y = b;

    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->label < y->label || x->label > y->label)
        return x->label < y->label ? -1 : 1;
    return (x->prediction < y->prediction) - (x->prediction > y->prediction);
}

/* Pairs of which the later has the higher prediction. Leaves the values
 * sorted; `spare` holds n. */
static double count_rising(double *values, size_t n, double *spare)
{
    size_t half = n / 2, left = 0, right = half;
    double rising = 0;

    if (n < 2)
        return 0;
    rising = count_rising(values, half, spare) +
             count_rising(values + half, n - half, spare);
    for (size_t at = 0; at < n; at++) {
        if (right == n || (left < half && values[left] < values[right])) {
            rising += (double)(n - right);
            spare[at] = values[left++];
        } else {
            spare[at] = values[right++];
        }
    }
    memcpy(values, spare, n * sizeof(*values));
    return rising;
}

/* Pairs with different labels. */
static double count_comparable(const struct judged *rows, size_t n)
{
    double pairs = 0;
    size_t lower = 0; /* rows with a lower label than this one */

    for (size_t i = 1; i < n; i++) {
        if (rows[i].label > rows[i - 1].label)
            lower = i;
        pairs += (double)lower;
    }
    return pairs;
}

struct tallies {
    struct tally concordant, discordant;
};

/* values and spare hold n. */
static void add_user(const struct judged *rows, size_t n, double *values,
                     double *spare, struct tallies *tallies)
{
    for (size_t i = 0; i < n; i++)
        values[i] = rows[i].prediction;
    double right = count_rising(values, n, spare);
    double wrong = count_comparable(rows, n) - right;

    tallies->concordant.pairs += right;
    tallies->concordant.users += right > 0;
    tallies->discordant.pairs += wrong;
    tallies->discordant.users += wrong > 0;
}

static double mean(struct tally tally)
{
    return tally.users > 0 ? tally.pairs / tally.users : 0;
}

static double fcp_of_sorted(const struct judged *rows, size_t n, double *values)
{
    struct tallies tallies = {0};

    for (size_t first = 0, last; first < n; first = last) {
        last = first;
        while (last < n && rows[last].user == rows[first].user)
            last++;
        add_user(rows + first, last - first, values, values + n, &tallies);
    }
    double right = mean(tallies.concordant), wrong = mean(tallies.discordant);
    return right + wrong > 0 ? right / (right + wrong) : NAN;
}

int evaluate_fcp(const uint32_t *users, const double *labels,
                 const double *predictions, size_t n, double *out,
                 struct error *err)
{
    struct judged *rows = malloc((n + 1) * sizeof(*rows));
    double *values = malloc((2 * n + 1) * sizeof(*values));
    size_t count = 0;

    if (!rows || !values) {
        free(rows);
        free(values);
        return error_no_memory(err, "the evaluation");
    }
    for (size_t i = 0; i < n; i++)
        if (users[i] != INDEX_UNKNOWN)
            rows[count++] =
                (struct judged){users[i], labels[i], predictions[i]};
    qsort(rows, count, sizeof(*rows), by_user_and_label);
    *out = fcp_of_sorted(rows, count, values);
    free(rows);
    free(values);
    return 0;
}
