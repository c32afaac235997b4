#include "model/ask/similar.h"

#include "model/algorithms/baseline.h"
#include "model/algorithms/similarity.h"
#include "model/ask/truncated_svd.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct similar {
    struct similar_settings settings;
    uint32_t count;
    double *row; /* (count) for similar_nearest() */

    struct co_rated *lists; /* all but svd */
    struct similarities measure;
    double *x_bias, *y_bias; /* of pearson_baseline */
    void *scratch;
    double *length; /* (count) of matrix: of each row */

    struct truncated_svd *svd;
};

static int no_memory(struct error *err)
{
    return error_no_memory(err, "the similarities");
}

/* --- Rows of the matrix ------------------------------------------------------
 *
 * Both lists are walked pair by pair: entries of the same x and y are one
 * cell, their mean.
 */

/* Returns the mean of the entries from *at on that have the same `other`, and
 * moves *at behind them. */
static double take_cell(const struct rated *list, size_t last, size_t *at,
                        uint32_t *other)
{
    double sum = 0;
    size_t first = *at;

    *other = list[first].other;
    for (; *at < last && list[*at].other == *other; ++*at)
        sum += list[*at].value;
    return sum / (double)(*at - first);
}

static double cell_length(const struct co_rated *lists, uint32_t x)
{
    double squares = 0;
    uint32_t y;

    for (size_t at = lists->x_first[x]; at < lists->x_first[x + 1];) {
        double cell = take_cell(lists->x_list, lists->x_first[x + 1], &at, &y);
        squares += cell * cell;
    }
    return sqrt(squares);
}

/* Returns the number of rows of the pair (x, y), which are next to each other
 * in the list of x. */
static size_t rows_of_pair(const struct co_rated *lists, uint32_t x, uint32_t y)
{
    size_t low = lists->x_first[x], high = lists->x_first[x + 1];
    size_t last = high;

    while (low < high) { /* the first entry that is not below y */
        size_t middle = low + (high - low) / 2;
        if (lists->x_list[middle].other < y)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < last && lists->x_list[high].other == y;)
        high++;
    return high - low;
}

static void matrix_row(const struct similar *self, uint32_t x, double *row)
{
    const struct co_rated *lists = self->lists;
    uint32_t y;

    memset(row, 0, self->count * sizeof(*row));
    for (size_t at = lists->x_first[x]; at < lists->x_first[x + 1];) {
        double cell = take_cell(lists->x_list, lists->x_first[x + 1], &at, &y);
        for (size_t i = lists->y_first[y]; i < lists->y_first[y + 1]; i++) {
            const struct rated *entry = &lists->y_list[i];
            row[entry->other] += cell * entry->value /
                                 (double)rows_of_pair(lists, entry->other, y);
        }
    }
    for (uint32_t other = 0; other < self->count; other++) {
        double lengths = self->length[x] * self->length[other];
        row[other] = lengths > 0 ? row[other] / lengths : 0;
    }
}

static int start_matrix(struct similar *self, struct error *err)
{
    self->length = malloc((self->count + (size_t)1) * sizeof(double));
    if (!self->length)
        return no_memory(err);
    for (uint32_t x = 0; x < self->count; x++)
        self->length[x] = cell_length(self->lists, x);
    return 0;
}

/* --- What both rated -------------------------------------------------- */

static int start_biases(struct similar *self, const struct ratings *train,
                        struct model_params *params, struct error *err)
{
    const struct model_ops *ops = NULL;
    double *user = malloc((train->users + (size_t)1) * sizeof(*user));
    double *item = malloc((train->items + (size_t)1) * sizeof(*item));

    self->x_bias = self->settings.users ? user : item;
    self->y_bias = self->settings.users ? item : user;
    if (!user || !item)
        return no_memory(err);
    if (model_find("baseline", &ops, err) < 0 ||
        params_start(ops, params, err) < 0)
        return -1;
    return baseline_biases(train, params, NULL, user, item, err);
}

static int start_measure(struct similar *self, const struct ratings *train,
                         struct error *err)
{
    struct model_params params = {0};

    if (self->settings.by == SIMILAR_PEARSON_BASELINE &&
        start_biases(self, train, &params, err) < 0)
        return -1;
    params.similarity = self->settings.by;
    params.min_support = self->settings.min_support;
    params.shrinkage = self->settings.shrinkage;
    params.user_based = self->settings.users;
    self->measure = similarity_over(self->lists, &params, train->mean,
                                    self->x_bias, self->y_bias);
    self->scratch = calloc(1, similarity_scratch_bytes(&self->measure));
    return self->scratch ? 0 : no_memory(err);
}

/* --- All of them ------------------------------------------------------ */

static int start(struct similar *self, const struct ratings *train,
                 struct error *err)
{
    self->row = malloc((self->count + (size_t)1) * sizeof(*self->row));
    if (!self->row)
        return no_memory(err);
    if (self->settings.by == SIMILAR_SVD)
        return truncated_svd_fit(train, self->settings.factors,
                                 self->settings.seed, NULL, &self->svd, err);
    if (co_rated_build(train,
                       self->settings.users ? CO_RATED_USERS : CO_RATED_ITEMS,
                       &self->lists, err) < 0)
        return -1;
    if (self->settings.by == SIMILAR_MATRIX)
        return start_matrix(self, err);
    return start_measure(self, train, err);
}

int similar_new(const struct ratings *train,
                const struct similar_settings *settings, struct similar **out,
                struct error *err)
{
    struct similar *self = calloc(1, sizeof(*self));

    if (!self)
        return no_memory(err);
    self->settings = *settings;
    self->count = settings->users ? train->users : train->items;
    if (start(self, train, err) < 0) {
        similar_free(self);
        return -1;
    }
    *out = self;
    return 0;
}

uint32_t similar_count(const struct similar *self)
{
    return self->count;
}

void similar_row(struct similar *self, uint32_t x, double *row)
{
    const struct truncated_svd *svd = self->svd;

    if (svd) {
        const double *rows = self->settings.users ? svd->user : svd->item;
        for (uint32_t other = 0; other < self->count; other++)
            row[other] = truncated_svd_cosine(rows, svd->rank, x, other);
    } else if (self->settings.by == SIMILAR_MATRIX) {
        matrix_row(self, x, row);
    } else {
        similarity_row(&self->measure, x, self->scratch, row);
    }
}

/* --- The nearest ------------------------------------------------------ */

static bool is_before(const struct similar_entry *a,
                      const struct similar_entry *b)
{
    if (a->similarity > b->similarity || a->similarity < b->similarity)
        return a->similarity > b->similarity;
    return a->x < b->x;
}

/* Inserts the entry at its place among the *count that were found, and drops
 * the last one beyond n. */
static void insert(struct similar_entry *out, uint32_t n, uint32_t *count,
                   struct similar_entry entry)
{
    uint32_t at = *count < n ? (*count)++ : n;

    if (at == n) {
        if (!is_before(&entry, &out[n - 1]))
            return;
        at = n - 1;
    }
    for (; at > 0 && is_before(&entry, &out[at - 1]); at--)
        out[at] = out[at - 1];
    out[at] = entry;
}

uint32_t similar_nearest(struct similar *self, uint32_t x, uint32_t n,
                         struct similar_entry *out)
{
    uint32_t count = 0;

    similar_row(self, x, self->row);
    for (uint32_t other = 0; n > 0 && other < self->count; other++)
        if (other != x && !isnan(self->row[other]))
            insert(out, n, &count,
                   (struct similar_entry){other, self->row[other]});
    return count;
}

void similar_free(struct similar *self)
{
    if (!self)
        return;
    free(self->row);
    co_rated_free(self->lists);
    free(self->x_bias);
    free(self->y_bias);
    free(self->scratch);
    free(self->length);
    truncated_svd_free(self->svd);
    free(self);
}
