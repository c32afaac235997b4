/*
 * fcp.c - the fraction of concordant pairs (Koren and Sill 2013), with the
 * two different denominators of the reference.
 *
 *   FCP = n_c / (n_c + n_d);  n_c, n_d: means of the users' counts
 */
#include "model/evaluation.h"
#include "model/ratings.h"

#include <math.h>
#include <stdlib.h>

struct judged {
    uint32_t user;
    double label, prediction;
};

struct tally {
    double pairs, users; /* users that have at least one pair */
};

static int by_user(const void *a, const void *b)
{
    uint32_t left = ((const struct judged *)a)->user;
    uint32_t right = ((const struct judged *)b)->user;

    return (left > right) - (left < right);
}

static void add_user(const struct judged *rows, size_t n,
                     struct tally *concordant, struct tally *discordant)
{
    double right = 0, wrong = 0;

    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            if (!(rows[a].label > rows[b].label))
                continue;
            if (rows[a].prediction > rows[b].prediction)
                right++;
            else
                wrong++;
        }
    }
    concordant->pairs += right;
    concordant->users += right > 0;
    discordant->pairs += wrong;
    discordant->users += wrong > 0;
}

static double mean(struct tally tally)
{
    return tally.users > 0 ? tally.pairs / tally.users : 0;
}

static double fcp_of_grouped(const struct judged *rows, size_t n)
{
    struct tally concordant = {0}, discordant = {0};

    for (size_t first = 0, last; first < n; first = last) {
        last = first;
        while (last < n && rows[last].user == rows[first].user)
            last++;
        add_user(rows + first, last - first, &concordant, &discordant);
    }
    double right = mean(concordant), wrong = mean(discordant);
    return right + wrong > 0 ? right / (right + wrong) : NAN;
}

int evaluate_fcp(const uint32_t *users, const double *labels,
                 const double *predictions, size_t n, double *out,
                 struct error *err)
{
    struct judged *rows = malloc((n + 1) * sizeof(*rows));
    size_t count = 0;

    if (!rows)
        return error_set(err, ERROR_FAILED, "evaluation: out of memory");
    for (size_t i = 0; i < n; i++)
        if (users[i] != INDEX_UNKNOWN)
            rows[count++] =
                (struct judged){users[i], labels[i], predictions[i]};
    qsort(rows, count, sizeof(*rows), by_user);
    *out = fcp_of_grouped(rows, count);
    free(rows);
    return 0;
}
