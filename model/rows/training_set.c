#include "model/rows/training_set.h"

#include <stdbool.h>
#include <stdlib.h>

int training_set_new(size_t count, size_t held_count, size_t all_count,
                     struct training_set **out, struct error *err)
{
    struct training_set *set = calloc(1, sizeof(*set));

    if (!set)
        return error_no_memory(err, "a training set");
    set->count = count;
    set->held_count = held_count;
    set->all_count = all_count;
    /* One more than needed: malloc(0) may be NULL. */
    set->rows = malloc((all_count + 1) * sizeof(*set->rows));
    set->held = malloc((held_count + 1) * sizeof(*set->held));
    set->labels = malloc((held_count + 1) * sizeof(*set->labels));
    if (!set->rows || !set->held || !set->labels) {
        training_set_free(set);
        return error_no_memory(err, "%zu training rows", all_count);
    }
    if (id_map_new(&set->users, err) < 0 || id_map_new(&set->ads, err) < 0) {
        training_set_free(set);
        return -1;
    }
    *out = set;
    return 0;
}

int training_set_ratings(const struct training_set *set,
                         enum training_part part, struct scale scale,
                         struct ratings **out, struct error *err)
{
    const bool is_all = part == TRAINING_ALL;
    const struct numbered_rows rows = {
        .rows = set->rows,
        .count = is_all ? set->all_count : set->count,
        .users = is_all ? id_map_count(set->users) : set->users_fit,
        .items = is_all ? id_map_count(set->ads) : set->ads_fit,
        .scale = scale,
    };

    return ratings_build(&rows, out, err);
}

void training_set_free(struct training_set *set)
{
    if (!set)
        return;
    id_map_free(set->users);
    id_map_free(set->ads);
    free(set->rows);
    free(set->held);
    free(set->labels);
    free(set);
}
