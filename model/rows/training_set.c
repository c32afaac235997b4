#include "model/rows/training_set.h"

#include <stdlib.h>

int training_set_new(size_t count, size_t held_count, struct training_set **out,
                     struct error *err)
{
    struct training_set *set = calloc(1, sizeof(*set));

    if (!set)
        return error_no_memory(err, "a training set");
    set->count = count;
    set->held_count = held_count;
    /* One more than needed: malloc(0) may be NULL. */
    set->rows = malloc((count + 1) * sizeof(*set->rows));
    set->held = malloc((held_count + 1) * sizeof(*set->held));
    set->labels = malloc((held_count + 1) * sizeof(*set->labels));
    if (!set->rows || !set->held || !set->labels) {
        training_set_free(set);
        return error_no_memory(err, "%zu training rows", count + held_count);
    }
    if (id_map_new(&set->users, err) < 0 || id_map_new(&set->ads, err) < 0) {
        training_set_free(set);
        return -1;
    }
    *out = set;
    return 0;
}

int training_set_ratings(const struct training_set *set, struct scale scale,
                         struct ratings **out, struct error *err)
{
    return ratings_build(&(struct numbered_rows){set->rows, set->count,
                                                 id_map_count(set->users),
                                                 id_map_count(set->ads), scale},
                         out, err);
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
