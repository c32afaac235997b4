/*
 * merge_heap.h - lanes by their first unread record.
 */
#ifndef CONSUMER_MERGE_HEAP_H
#define CONSUMER_MERGE_HEAP_H

#include "consumer/read/merge_lane.h"

struct merge_heap {
    struct merge_lane *lanes; /* borrowed */
    size_t *order;            /* room for all of them */
    size_t count;
};

/* The lane has a head, and is not in the heap. */
void merge_heap_push(struct merge_heap *heap, size_t lane);

/* The lane whose head comes next; there must be one. */
size_t merge_heap_pop(struct merge_heap *heap);

#endif
