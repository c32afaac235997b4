/*
 * dataset.h - rows with the ids of their file or topic, and training sets cut
 * out of them.
 *
 * A data set keeps rows in the order they came, with outer indices into two id
 * maps. A training set has dense inner indices, in order of first appearance
 * among the rows it was cut from (so they differ from fold to fold, as in the
 * reference), and the way back. At most 2^31 - 1 rows and ids: one more is an
 * ERROR_LIMIT. Immutable after building: any thread.
 */
#ifndef MODEL_DATASET_H
#define MODEL_DATASET_H

#include "common/base/error.h"
#include "common/base/id.h"

#include "model/rows/field_list.h"
#include "model/rows/id_map.h"
#include "model/rows/numbering.h"
#include "model/rows/ratings.h"

#include <stddef.h>
#include <stdint.h>

struct dataset {
    struct id_map *users, *items; /* owned; outer indices */
    struct rating *rows;          /* (count) outer indices; user may be
                                     INDEX_UNKNOWN: nobody */
    int64_t *times_ms;            /* (count) 0 where there is no time */
    size_t count, room;

    /* The fields of the rows cost 8 bytes a value and row. */
    struct field_list fields; /* count is 0 where there are none */
    uint64_t *keys;           /* (count, fields.values) */
};

int dataset_new(struct dataset **out, struct error *err) MUST_CHECK;

/* Gives the rows fields; to be called before the first row. */
void dataset_set_fields(struct dataset *dataset,
                        const struct field_list *fields);

/* Returns the keys (fields.values) of a row, which the caller fills in; they
 * are FIELD_ABSENT after dataset_add(). */
uint64_t *dataset_keys(struct dataset *dataset, size_t row);

/* Adds a row. A user of NULL is an unknown person ("nobody"). Fails with
 * ERROR_LIMIT and ERROR_MEMORY; the rows so far stay. */
int dataset_add(struct dataset *dataset, const struct id *user,
                const struct id *item, double value, int64_t time_ms,
                struct error *err) MUST_CHECK;

/* Returns the lowest and the highest value of the rows. */
struct scale dataset_scale(const struct dataset *dataset);

void dataset_free(struct dataset *dataset);

struct trainset {
    struct ratings *ratings;       /* owned */
    struct numbering users, items; /* of the data set's indices */
    struct rating *rows;           /* (n) of rows with fields, else NULL */
    size_t *places;                /* (n) theirs; NULL: all, or no fields */
    struct field_rows fields;      /* ratings->fields leads here */
};

/* rows[0..n-1] are positions in the data set; NULL: all, in order. Where the
 * rows have fields, the training set borrows their keys from `dataset`, and its
 * `fields` go through them in the order of the data set, however the rows are
 * shuffled: what is learned row by row is learned as it happened. */
int trainset_build(const struct dataset *dataset, const size_t *rows, size_t n,
                   struct scale scale, struct trainset **out,
                   struct error *err) MUST_CHECK;
void trainset_free(struct trainset *trainset);

/* Id maps with the inner indices, for a snapshot. */
int trainset_ids(const struct trainset *trainset, const struct dataset *dataset,
                 struct id_map **users, struct id_map **items,
                 struct error *err) MUST_CHECK;

#endif
