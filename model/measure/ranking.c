#include "model/measure/ranking.h"

#include "model/rows/ratings.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

struct ranked {
    uint32_t user;
    double label, prediction;
    size_t at; /* place among the rows */
};

/* Orders by user, then by falling prediction; equal ones stay as they came. */
static int by_prediction(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    if (x->prediction > y->prediction || x->prediction < y->prediction)
        return x->prediction > y->prediction ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static int by_label(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    return (x->label < y->label) - (x->label > y->label);
}

/* Adds the precision and recall of one user with n ordered rows. */
static void add_precision(const struct ranked *rows, size_t n, size_t k,
                          double threshold, struct ranking *sums)
{
    double relevant = 0, recommended = 0, both = 0;

    for (size_t i = 0; i < n; i++) {
        bool is_relevant = rows[i].label >= threshold;
        bool is_recommended = i < k && rows[i].prediction >= threshold;
        relevant += is_relevant;
        recommended += is_recommended;
        both += is_relevant && is_recommended;
    }
    sums->precision += recommended > 0 ? both / recommended : 0;
    sums->recall += relevant > 0 ? both / relevant : 0;
}

static double discounted_gain(const struct ranked *rows, size_t n, size_t k)
{
    double gain = 0;

    for (size_t i = 0; i < n && i < k; i++)
        gain += rows[i].label / log2((double)i + 2);
    return gain;
}

/* Reorders the rows of one user. Returns false where no gain is possible. */
static bool add_ndcg(struct ranked *rows, size_t n, size_t k,
                     struct ranking *sums)
{
    double gain = discounted_gain(rows, n, k);

    qsort(rows, n, sizeof(*rows), by_label);
    double best = discounted_gain(rows, n, k);
    if (!(best > 0))
        return false;
    sums->ndcg += gain / best;
    return true;
}

static void rank_all(struct ranked *rows, size_t n, size_t k, double threshold,
                     struct ranking *out)
{
    size_t gainers = 0;

    *out = (struct ranking){0};
    qsort(rows, n, sizeof(*rows), by_prediction);
    for (size_t first = 0, last; first < n; first = last) {
        last = first;
        while (last < n && rows[last].user == rows[first].user)
            last++;
        add_precision(rows + first, last - first, k, threshold, out);
        gainers += add_ndcg(rows + first, last - first, k, out);
        out->users++;
    }
    out->precision /= (double)out->users; /* 0 / 0 is NaN: no users */
    out->recall /= (double)out->users;
    out->ndcg /= (double)gainers;
}

int evaluate_ranking(const struct ranking_rows *rows,
                     const struct ranking_rule *rule, struct ranking *out,
                     struct error *err)
{
    struct ranked *known = malloc((rows->n + 1) * sizeof(*known));
    size_t count = 0;

    if (!known)
        return error_no_memory(err, "the ranking");
    for (size_t i = 0; i < rows->n; i++)
        if (rows->users[i] != INDEX_UNKNOWN)
            known[count++] = (struct ranked){rows->users[i], rows->labels[i],
                                             rows->predictions[i], i};
    rank_all(known, count, rule->k, rule->threshold, out);
    free(known);
    return 0;
}
