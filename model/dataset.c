#include "model/dataset.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct error *err)
{
    return error_set(err, ERROR_FAILED, "data set: out of memory");
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
    free(dataset);
}

/* --- Training sets ----------------------------------------------------------
 */

/* An array of `count` times INDEX_UNKNOWN. */
static uint32_t *unknown_array(size_t count)
{
    uint32_t *array = malloc((count ? count : 1) * sizeof(*array));

    if (array)
        memset(array, 0xff, count * sizeof(*array));
    return array;
}

/* The inner index of an outer one, given now when it is new. */
static uint32_t number(uint32_t outer, uint32_t *inner_of, uint32_t *outer_of,
                       uint32_t *count)
{
    if (outer == INDEX_UNKNOWN)
        return INDEX_UNKNOWN;
    if (inner_of[outer] == INDEX_UNKNOWN) {
        outer_of[*count] = outer;
        inner_of[outer] = (*count)++;
    }
    return inner_of[outer];
}

int trainset_build(const struct dataset *dataset, const size_t *rows, size_t n,
                   struct scale scale, struct trainset **out, struct error *err)
{
    int status = -1;
    uint32_t users = 0, items = 0;
    struct trainset *set = calloc(1, sizeof(*set));
    struct rating *inner = malloc((n ? n : 1) * sizeof(*inner));

    if (set) {
        set->user_inner = unknown_array(id_map_count(dataset->users));
        set->user_outer = unknown_array(id_map_count(dataset->users));
        set->item_inner = unknown_array(id_map_count(dataset->items));
        set->item_outer = unknown_array(id_map_count(dataset->items));
    }
    if (!set || !inner || !set->user_inner || !set->user_outer ||
        !set->item_inner || !set->item_outer) {
        no_memory(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        const struct rating *row = &dataset->rows[rows ? rows[i] : i];
        inner[i].user =
            number(row->user, set->user_inner, set->user_outer, &users);
        inner[i].item =
            number(row->item, set->item_inner, set->item_outer, &items);
        inner[i].value = row->value;
    }
    if (ratings_build(inner, n, users, items, scale, &set->ratings, err) < 0)
        goto out;
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
    free(set->user_inner);
    free(set->user_outer);
    free(set->item_inner);
    free(set->item_outer);
    free(set);
}

/* The ids of `outer` (count), in that order. */
static int pick_ids(const struct id_map *from, const uint32_t *outer,
                    uint32_t count, struct id_map **out, struct error *err)
{
    struct id_map *map = NULL;

    if (id_map_new(&map, err) < 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        struct id id = id_map_id(from, outer[i]);
        uint32_t index;
        if (id_map_add(map, &id, &index, err) < 0) {
            id_map_free(map);
            return -1;
        }
    }
    *out = map;
    return 0;
}

int trainset_ids(const struct trainset *set, const struct dataset *dataset,
                 struct id_map **users, struct id_map **items,
                 struct error *err)
{
    struct id_map *picked = NULL;

    if (pick_ids(dataset->users, set->user_outer, set->ratings->users, &picked,
                 err) < 0)
        return -1;
    if (pick_ids(dataset->items, set->item_outer, set->ratings->items, items,
                 err) < 0) {
        id_map_free(picked);
        return -1;
    }
    *users = picked;
    return 0;
}
