/*
 * evaluation_rows.h - impressions that are to be judged, found by where they
 * are and by their number in the join.
 *
 * A pool of rows and two open-addressing tables (load at most one half): about
 * 80 bytes a row. One thread.
 */
#ifndef CONSUMER_EVALUATION_ROWS_H
#define CONSUMER_EVALUATION_ROWS_H

#include "common/base/error.h"
#include "common/base/slot_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVALUATION_NO_ROW UINT32_MAX
#define EVALUATION_NO_SEQUENCE UINT64_MAX
#define EVALUATION_NO_SOURCE UINT64_MAX /* of a place that is free */

struct evaluation_row {
    uint64_t source;   /* partition and offset of the impression, as one */
    uint64_t sequence; /* in the join; none while only the prediction is here */
    int64_t ts_ms;
    uint64_t version;
    double p;      /* NaN: no prediction yet */
    float label;   /* NaN: none yet, or given up */
    uint32_t next; /* in a list of the owner's */
};

enum { EVALUATION_PARTITIONS_MAX = 1024, EVALUATION_OFFSET_BITS = 53 };

static inline bool evaluation_is_place(int32_t partition, int64_t offset)
{
    return partition >= 0 && partition < EVALUATION_PARTITIONS_MAX &&
           offset >= 0 && offset >> EVALUATION_OFFSET_BITS == 0;
}

static inline uint64_t evaluation_source(int32_t partition, int64_t offset)
{
    return (uint64_t)partition << EVALUATION_OFFSET_BITS | (uint64_t)offset;
}

/* Is the offset below that of its partition? */
static inline bool evaluation_is_before(uint64_t source, const int64_t *offsets)
{
    uint64_t offset = source & ((UINT64_C(1) << EVALUATION_OFFSET_BITS) - 1);

    return (int64_t)offset < offsets[source >> EVALUATION_OFFSET_BITS];
}

enum { EVALUATION_BY_SOURCE, EVALUATION_BY_SEQUENCE, EVALUATION_KEYS };

/* Zeroed is empty and valid. */
struct evaluation_rows {
    struct evaluation_row *pool;
    uint32_t room, used, count; /* rows: allocated, ever used, in use */
    uint32_t spare;             /* first of the free ones, plus one */
    struct slot_table tables[EVALUATION_KEYS];
};

/* EVALUATION_NO_ROW when it is not there. */
uint32_t evaluation_rows_find(const struct evaluation_rows *rows, int by,
                              uint64_t key);

/* The source must not be there yet. Without a sequence, p and label. */
int evaluation_rows_add(struct evaluation_rows *rows, uint64_t source,
                        uint32_t *slot, struct error *err) MUST_CHECK;

/* Sets the sequence number of a row that has none yet. */
void evaluation_rows_number(struct evaluation_rows *rows, uint32_t slot,
                            uint64_t sequence);

void evaluation_rows_remove(struct evaluation_rows *rows, uint32_t slot);

size_t evaluation_rows_bytes(const struct evaluation_rows *rows);

/* What it owns, not the struct. */
void evaluation_rows_free(struct evaluation_rows *rows);

#endif
