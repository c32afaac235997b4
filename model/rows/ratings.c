#include "model/rows/ratings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int check_row(const struct numbered_rows *from, size_t position,
                     struct error *err)
{
    const struct rating *row = &from->rows[position];
    const struct scale scale = from->scale;

    if (!isfinite(row->value))
        return error_set(err, ERROR_FORMAT, "row %zu: the value is not finite",
                         position);
    if (row->value < scale.low || row->value > scale.high)
        return error_set(err, ERROR_FORMAT,
                         "row %zu: value %g is outside the scale %g..%g",
                         position, row->value, scale.low, scale.high);
    if (row->item >= from->items ||
        (row->user >= from->users && row->user != INDEX_UNKNOWN))
        return error_set(err, ERROR_FORMAT, "row %zu: no such user or item",
                         position);
    return 0;
}

static int check_rows(const struct numbered_rows *from, struct error *err)
{
    const struct scale scale = from->scale;

    if (from->count == 0)
        return error_set(err, ERROR_FORMAT, "no rows to learn from");
    if (from->count > RATINGS_MAX || from->users > RATINGS_MAX ||
        from->items > RATINGS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "%zu rows, %u users and %u items: at most %zu each "
                         "can be; learn from fewer rows",
                         from->count, from->users, from->items, RATINGS_MAX);
    if (!(scale.low <= scale.high) || !isfinite(scale.low) ||
        !isfinite(scale.high))
        return error_set(err, ERROR_CONFIG, "the scale %g..%g is not a range",
                         scale.low, scale.high);
    for (size_t i = 0; i < from->count; i++)
        if (check_row(from, i, err) < 0)
            return -1;
    return 0;
}

/* A size rounded up so that what follows it is aligned. */
static size_t aligned(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

/* One allocation: the struct, then its arrays. */
static struct ratings *allocate(const struct numbered_rows *from, size_t nobody)
{
    const size_t count = from->count;
    const uint32_t users = from->users, items = from->items;
    size_t head = aligned(sizeof(struct ratings));
    size_t user_first = aligned(((size_t)users + 2) * sizeof(size_t));
    size_t item_first = aligned(((size_t)items + 2) * sizeof(size_t));
    size_t entries = (2 * count + 1) * sizeof(struct rated);
    char *block = calloc(1, head + user_first + item_first + entries);

    if (!block)
        return NULL;
    struct ratings *ratings = (struct ratings *)(void *)block;
    ratings->user_first = (size_t *)(void *)(block + head);
    ratings->item_first = (size_t *)(void *)(block + head + user_first);
    ratings->by_user =
        (struct rated *)(void *)(block + head + user_first + item_first);
    ratings->nobody = ratings->by_user + (count - nobody);
    ratings->by_item = ratings->nobody + nobody;
    ratings->count = count;
    ratings->users = users;
    ratings->items = items;
    ratings->nobody_count = nobody;
    ratings->scale = from->scale;
    return ratings;
}

/* From counts in first[i + 2] to where list i's next entry goes in
 * first[i + 1]. */
static void start_lists(size_t *first, uint32_t lists)
{
    for (size_t i = 2; i < (size_t)lists + 2; i++)
        first[i] += first[i - 1];
}

/* Counting sort; in the end list i is first[i] up to first[i + 1]. */
static void fill_lists(struct ratings *ratings, const struct rating *rows)
{
    size_t nobody = 0;

    for (size_t i = 0; i < ratings->count; i++) {
        ratings->item_first[rows[i].item + 2]++;
        if (rows[i].user != INDEX_UNKNOWN)
            ratings->user_first[rows[i].user + 2]++;
    }
    start_lists(ratings->user_first, ratings->users);
    start_lists(ratings->item_first, ratings->items);
    for (size_t i = 0; i < ratings->count; i++) {
        const struct rating *row = &rows[i];
        struct rated of_user = {row->item, row->value};
        ratings->by_item[ratings->item_first[row->item + 1]++] =
            (struct rated){row->user, row->value};
        if (row->user == INDEX_UNKNOWN)
            ratings->nobody[nobody++] = of_user;
        else
            ratings->by_user[ratings->user_first[row->user + 1]++] = of_user;
    }
}

/* Over the users' lists, then nobody's: the reference's order of sums. */
static double mean_of(const struct ratings *ratings)
{
    double sum = 0;

    /* nobody's rows lie right behind the users' */
    for (size_t i = 0; i < ratings->count; i++)
        sum += ratings->by_user[i].value;
    return sum / (double)ratings->count;
}

int ratings_build(const struct numbered_rows *from, struct ratings **out,
                  struct error *err)
{
    size_t nobody = 0;

    if (check_rows(from, err) < 0)
        return -1;
    for (size_t i = 0; i < from->count; i++)
        nobody += from->rows[i].user == INDEX_UNKNOWN;

    struct ratings *ratings = allocate(from, nobody);
    if (!ratings)
        return error_no_memory(err, "%zu rows", from->count);
    fill_lists(ratings, from->rows);
    ratings->mean = mean_of(ratings);
    *out = ratings;
    return 0;
}

void ratings_free(struct ratings *ratings)
{
    free(ratings);
}
