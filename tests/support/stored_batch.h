/*
 * stored_batch.h - a batch of records in the file in which the test's own
 * broker keeps a partition.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_STORED_BATCH_H
#define SUPPORT_STORED_BATCH_H

#include <stdint.h>

struct stored_batch {
    char path[512];
    long at; /* a byte in the middle of its records */
};

/* The last one that is wholly there, of a broker of own_broker_start(). */
void stored_batch_find_last(const char *topic, int32_t partition,
                            struct stored_batch *out);

/* Turns the bits of that byte over; twice is as before. */
void stored_batch_flip(const struct stored_batch *batch);

#endif
