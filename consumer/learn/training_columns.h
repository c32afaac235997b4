/*
 * training_columns.h - the ring of the training log: 24 bytes a row.
 */
#ifndef CONSUMER_TRAINING_COLUMNS_H
#define CONSUMER_TRAINING_COLUMNS_H

#include "common/base/error.h"

#include <stdint.h>

struct training_columns {
    int64_t *ts_ms;
    uint32_t *user, *ad, *tie;
    float *label;
    uint64_t room; /* row n is at n % room */
};

int training_columns_new(uint64_t room, struct training_columns *out,
                         struct error *err) MUST_CHECK;
void training_columns_free(struct training_columns *columns);

void training_columns_copy_row(const struct training_columns *from,
                               struct training_columns *to, uint64_t sequence);

#endif
