/*
 * label_queue.h - clicks that are still to come, in the order of their times:
 * a binary heap. One thread.
 */
#ifndef PRODUCER_LABEL_QUEUE_H
#define PRODUCER_LABEL_QUEUE_H

#include "common/base/error.h"
#include "common/base/id.h"

#include <stddef.h>
#include <stdint.h>

/* Owns the texts of its ids. */
struct waiting_label {
    int64_t ts_ms;
    uint64_t order; /* equal times come out as they went in */
    double click;
    struct id id, user, ad;
    char *texts; /* what the ids point into; free it after taking */
};

/* Zeroed is empty. */
struct label_queue {
    struct waiting_label *heap;
    size_t count, room;
    uint64_t pushed;
};

/* Copies the ids. */
int label_queue_push(struct label_queue *queue,
                     const struct waiting_label *label,
                     struct error *err) MUST_CHECK;

/* The earliest; NULL when empty. Borrowed until the next push or pop. */
const struct waiting_label *label_queue_first(const struct label_queue *queue);
void label_queue_pop(struct label_queue *queue);

void label_queue_free(struct label_queue *queue);

#endif
