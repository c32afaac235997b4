#include "model/rows/id_bound.h"

#include "model/rows/numbering.h"

#include <stdlib.h>

/* Rows of each id; an id stays that has more than `least`. */
struct uses {
    uint32_t *of; /* (users + ads) first the users, then the ads */
    uint32_t *of_ads;
    uint32_t least;
};

/* --- Choosing --------------------------------------------------------- */

static void count_rows(const struct training_set *set, struct uses *uses)
{
    for (size_t i = 0; i < set->all_count; i++) {
        if (set->rows[i].user != INDEX_UNKNOWN)
            uses->of[set->rows[i].user]++;
        uses->of_ads[set->rows[i].item]++;
    }
}

static int by_falling_count(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return (a < b) - (a > b);
}

/* The count that the first id beyond the bound has; *spare is how many ids of
 * that count stay all the same. */
static int find_least(struct uses *uses, size_t ids, size_t ids_max,
                      size_t *spare, struct error *err)
{
    uint32_t *sorted = malloc(ids * sizeof(*sorted));

    if (!sorted)
        return error_no_memory(err, "the rows of %zu ids", ids);
    for (size_t i = 0; i < ids; i++)
        sorted[i] = uses->of[i];
    qsort(sorted, ids, sizeof(*sorted), by_falling_count);
    uses->least = sorted[ids_max];
    *spare = 0;
    for (size_t i = ids_max; i > 0 && sorted[i - 1] == uses->least; i--)
        ++*spare;
    free(sorted);
    return 0;
}

/* A row more than it has lets an id stay. */
static void spare_id(const struct uses *uses, uint32_t *count, size_t *spare)
{
    if (*spare == 0 || *count != uses->least)
        return;
    ++*count;
    --*spare;
}

/* From the newest row to the oldest one. */
static void spare_some(const struct training_set *set, struct uses *uses,
                       size_t spare)
{
    for (size_t i = set->all_count; i > 0; i--)
        spare_id(uses, &uses->of_ads[set->rows[i - 1].item], &spare);
    for (size_t i = set->all_count; i > 0; i--)
        if (set->rows[i - 1].user != INDEX_UNKNOWN)
            spare_id(uses, &uses->of[set->rows[i - 1].user], &spare);
}

/* --- Applying --------------------------------------------------------- */

/* Ids that stay, numbered anew by first appearance. */
struct renaming {
    const struct uses *uses;
    struct numbering users, ads;
};

/* Rows first to next - 1: those that stay go to `kept` and behind it. Returns
 * the end of what is kept. */
static size_t keep_some(struct training_set *set, struct renaming *renaming,
                        size_t first, size_t next, size_t kept)
{
    const struct uses *uses = renaming->uses;

    for (size_t i = first; i < next; i++) {
        struct rating row = set->rows[i];
        if (uses->of_ads[row.item] <= uses->least)
            continue;
        if (row.user != INDEX_UNKNOWN && uses->of[row.user] <= uses->least)
            row.user = INDEX_UNKNOWN;
        row.user = numbering_give(&renaming->users, row.user);
        row.item = numbering_give(&renaming->ads, row.item);
        set->rows[kept++] = row;
    }
    return kept;
}

static void keep_rows(struct training_set *set, struct renaming *renaming)
{
    size_t fit = keep_some(set, renaming, 0, set->count, 0);

    set->users_fit = renaming->users.count;
    set->ads_fit = renaming->ads.count;
    size_t all = keep_some(set, renaming, set->count, set->all_count, fit);
    set->rows_left_out = set->all_count - all;
    set->count = fit;
    set->all_count = all;
    for (size_t i = 0; i < set->held_count; i++)
        set->held[i] =
            (struct pair){numbering_find(&renaming->users, set->held[i].user),
                          numbering_find(&renaming->ads, set->held[i].item)};
}

static int renew_map(const struct numbering *numbering, struct id_map **map,
                     uint32_t *unknown, struct error *err)
{
    struct id_map *fresh = NULL;

    if (id_map_new(&fresh, err) < 0)
        return -1;
    if (numbering_ids(numbering, *map, fresh, err) < 0) {
        id_map_free(fresh);
        return -1;
    }
    *unknown = id_map_count(*map) - id_map_count(fresh);
    id_map_free(*map);
    *map = fresh;
    return 0;
}

static int renumber(struct training_set *set, const struct uses *uses,
                    struct error *err)
{
    struct renaming renaming = {.uses = uses};
    struct numbering *users = &renaming.users, *ads = &renaming.ads;
    int status = -1;

    if (numbering_start(id_map_count(set->users), users, err) == 0 &&
        numbering_start(id_map_count(set->ads), ads, err) == 0) {
        keep_rows(set, &renaming);
        if (renew_map(users, &set->users, &set->users_unknown, err) == 0 &&
            renew_map(ads, &set->ads, &set->ads_unknown, err) == 0)
            status = 0;
    }
    numbering_free(users);
    numbering_free(ads);
    return status;
}

int id_bound_apply(struct training_set *set, uint64_t ids_max,
                   struct error *err)
{
    size_t users = id_map_count(set->users);
    size_t ids = users + id_map_count(set->ads);
    struct uses uses = {0};
    size_t spare = 0;
    int status = -1;

    if (ids <= ids_max)
        return 0;
    uses.of = calloc(ids, sizeof(*uses.of));
    if (!uses.of)
        return error_no_memory(err, "the rows of %zu ids", ids);
    uses.of_ads = uses.of + users;
    count_rows(set, &uses);
    if (find_least(&uses, ids, (size_t)ids_max, &spare, err) == 0) {
        spare_some(set, &uses, spare);
        status = renumber(set, &uses, err);
    }
    free(uses.of);
    return status;
}
