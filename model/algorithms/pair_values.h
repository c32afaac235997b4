/*
 * pair_values.h - the values of a list of fields for whoever knows a user and
 * an ad alone.
 *
 * The keys of the users and ads that a model was fitted on are kept by their
 * indices. The other fields are absent, or have values that were assumed. Once
 * it is filled any number of threads may ask.
 */
#ifndef MODEL_PAIR_VALUES_H
#define MODEL_PAIR_VALUES_H

#include "common/base/buffer.h"
#include "common/base/bytes_reader.h"
#include "common/base/error.h"

#include "model/algorithms/fit_rows.h"
#include "model/rows/field_list.h"
#include "model/rows/ratings.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Zeroed may be freed. */
struct pair_values {
    int user_value, ad_value;      /* in the list; -1: not used */
    uint32_t users, ads;           /* whose keys are known: */
    uint64_t *user_keys, *ad_keys; /* (users), (ads); NULL where not used */
    uint64_t assumed[FIELD_VALUES_MAX]; /* (values) where a pair is all that is
                                           known; 0: absent */
    bool assumes;                       /* one of them is there */
};

/* The keys are not known yet. ERROR_MEMORY alone. */
int pair_values_new(const struct field_list *list, uint32_t users, uint32_t ads,
                    struct pair_values *out, struct error *err) MUST_CHECK;
void pair_values_free(struct pair_values *pairs);

/* Keeps the keys of a row's ids. */
void pair_values_note(struct pair_values *pairs, const struct fit_row *row,
                      const uint64_t *values);

/* The fields but user and ad have these values from here on. */
void pair_values_assume(struct pair_values *pairs,
                        const struct field_list *list, const uint64_t *values);

static inline void pair_values_of(const struct pair_values *pairs,
                                  const struct field_list *list,
                                  struct pair pair, uint64_t *values)
{
    memcpy(values, pairs->assumed, list->values * sizeof(*values));
    if (pairs->user_value >= 0)
        values[pairs->user_value] = pair.user < pairs->users
                                        ? pairs->user_keys[pair.user]
                                        : FIELD_UNSEEN;
    if (pairs->ad_value >= 0)
        values[pairs->ad_value] =
            pair.item < pairs->ads ? pairs->ad_keys[pair.item] : FIELD_UNSEEN;
}

/* u64 key of each user, u64 key of each ad, where the list has them. */
void pair_values_save(const struct pair_values *pairs, struct buffer *to);
void pair_values_load(struct pair_values *pairs, struct bytes_reader *from);

#endif
