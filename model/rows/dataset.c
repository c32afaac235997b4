#include "model/rows/dataset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct error *err)
{
    return error_no_memory(err, "the data set");
}

int dataset_new(struct dataset **out, struct error *err)
{
    struct dataset *dataset = calloc(1, sizeof(*dataset));

    if (!dataset)
        return no_memory(err);
    if (id_map_new(&dataset->users, err) < 0 ||
        id_map_new(&dataset->items, err) < 0) {
        dataset_free(dataset);
        return -1;
    }
    *out = dataset;
    return 0;
}

void dataset_set_fields(struct dataset *dataset,
                        const struct field_list *fields)
{
    assert(dataset->count == 0);
    dataset->fields = *fields;
}

uint64_t *dataset_keys(struct dataset *dataset, size_t row)
{
    return dataset->keys + row * dataset->fields.values;
}

static int grow(struct dataset *dataset, struct error *err)
{
    size_t room = dataset->room ? dataset->room * 2 : 1024;

    struct rating *rows = realloc(dataset->rows, room * sizeof(*rows));
    if (!rows)
        return no_memory(err);
    dataset->rows = rows;
    int64_t *times = realloc(dataset->times_ms, room * sizeof(*times));
    if (!times)
        return no_memory(err);
    dataset->times_ms = times;
    if (dataset->fields.count > 0) {
        size_t width = dataset->fields.values * sizeof(*dataset->keys);
        uint64_t *keys = realloc(dataset->keys, room * width);
        if (!keys)
            return no_memory(err);
        dataset->keys = keys;
    }
    dataset->room = room;
    return 0;
}

int dataset_add(struct dataset *dataset, const struct id *user,
                const struct id *item, double value, int64_t time_ms,
                struct error *err)
{
    struct rating row = {.user = INDEX_UNKNOWN, .value = value};

    if (dataset->count == RATINGS_MAX)
        return error_set(err, ERROR_LIMIT, "more than %zu rows", RATINGS_MAX);
    if (dataset->count == dataset->room && grow(dataset, err) < 0)
        return -1;
    if (user && id_map_add(dataset->users, user, &row.user, err) < 0)
        return -1;
    if (id_map_add(dataset->items, item, &row.item, err) < 0)
        return -1;
    dataset->rows[dataset->count] = row;
    dataset->times_ms[dataset->count] = time_ms;
    if (dataset->fields.count > 0)
        memset(dataset_keys(dataset, dataset->count), 0,
               dataset->fields.values * sizeof(*dataset->keys));
    dataset->count++;
    return 0;
}

struct scale dataset_scale(const struct dataset *dataset)
{
    struct scale scale = {0, 1};

    for (size_t i = 0; i < dataset->count; i++) {
        double value = dataset->rows[i].value;
        if (i == 0 || value < scale.low)
            scale.low = value;
        if (i == 0 || value > scale.high)
            scale.high = value;
    }
    return scale;
}

void dataset_free(struct dataset *dataset)
{
    if (!dataset)
        return;
    id_map_free(dataset->users);
    id_map_free(dataset->items);
    free(dataset->rows);
    free(dataset->times_ms);
    free(dataset->keys);
    free(dataset);
}

/* --- Training sets ---------------------------------------------------- */

struct placed {
    size_t place;
    struct rating row;
};

static int by_place(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;

    return (x->place > y->place) - (x->place < y->place);
}

/* Puts set->rows into the order of the data set, and notes their places. */
static int sort_by_place(struct trainset *set, const size_t *rows, size_t n,
                         struct error *err)
{
    struct placed *placed = malloc((n + 1) * sizeof(*placed));

    set->places = malloc((n + 1) * sizeof(*set->places));
    if (!placed || !set->places) {
        free(placed);
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i++)
        placed[i] = (struct placed){rows[i], set->rows[i]};
    qsort(placed, n, sizeof(*placed), by_place);
    for (size_t i = 0; i < n; i++) {
        set->places[i] = placed[i].place;
        set->rows[i] = placed[i].row;
    }
    free(placed);
    return 0;
}

static int add_fields(struct trainset *set, const struct dataset *dataset,
                      const size_t *rows, size_t n, struct error *err)
{
    if (rows && sort_by_place(set, rows, n, err) < 0)
        return -1;
    set->fields = (struct field_rows){.list = &dataset->fields,
                                      .keys = dataset->keys,
                                      .places = set->places,
                                      .rows = set->rows,
                                      .count = n};
    set->ratings->fields = &set->fields;
    return 0;
}

int trainset_build(const struct dataset *dataset, const size_t *rows, size_t n,
                   struct scale scale, struct trainset **out, struct error *err)
{
    int status = -1;
    struct trainset *set = calloc(1, sizeof(*set));
    struct rating *inner = malloc((n ? n : 1) * sizeof(*inner));

    if (!set || !inner) {
        no_memory(err);
        goto out;
    }
    if (numbering_start(id_map_count(dataset->users), &set->users, err) < 0 ||
        numbering_start(id_map_count(dataset->items), &set->items, err) < 0)
        goto out;
    for (size_t i = 0; i < n; i++) {
        const struct rating *row = &dataset->rows[rows ? rows[i] : i];
        inner[i] =
            (struct rating){numbering_give(&set->users, row->user),
                            numbering_give(&set->items, row->item), row->value};
    }
    if (ratings_build(&(struct numbered_rows){inner, n, set->users.count,
                                              set->items.count, scale},
                      &set->ratings, err) < 0)
        goto out;
    if (dataset->fields.count > 0) {
        set->rows = inner;
        inner = NULL;
        if (add_fields(set, dataset, rows, n, err) < 0)
            goto out;
    }
    *out = set;
    set = NULL;
    status = 0;

out:
    free(inner);
    trainset_free(set);
    return status;
}

void trainset_free(struct trainset *set)
{
    if (!set)
        return;
    ratings_free(set->ratings);
    free(set->rows);
    free(set->places);
    numbering_free(&set->users);
    numbering_free(&set->items);
    free(set);
}

int trainset_ids(const struct trainset *set, const struct dataset *dataset,
                 struct id_map **users, struct id_map **items,
                 struct error *err)
{
    struct id_map *of_users = NULL, *of_items = NULL;

    if (id_map_new(&of_users, err) < 0 || id_map_new(&of_items, err) < 0 ||
        numbering_ids(&set->users, dataset->users, of_users, err) < 0 ||
        numbering_ids(&set->items, dataset->items, of_items, err) < 0) {
        id_map_free(of_users);
        id_map_free(of_items);
        return -1;
    }
    *users = of_users;
    *items = of_items;
    return 0;
}
