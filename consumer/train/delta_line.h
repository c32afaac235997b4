/*
 * delta_line.h - between two snapshots of a model that goes on learning, the
 * trainer publishes what changed.
 *
 * The first delta follows a snapshot that this trainer published. Where there
 * is none to follow (the trainer has just gone on from an older one, a delta
 * could not be published, or there are as many as a snapshot may have), the
 * learner is asked for a snapshot in the place of a delta. One thread.
 */
#ifndef CONSUMER_DELTA_LINE_H
#define CONSUMER_DELTA_LINE_H

#include "common/base/error.h"
#include "common/base/metrics.h"

#include "consumer/train/delta_source.h"
#include "consumer/train/model_outlet.h"

#include <stdbool.h>
#include <stdint.h>

struct delta_line;

struct delta_line_config {
    int64_t every_ms;            /* above 0: between two deltas */
    struct model_outlet *outlet; /* borrowed, as all here */
    struct delta_source source;
    struct metrics *metrics; /* of trainer_metric_families; may be NULL */
    bool is_resumed;         /* the learner went on from a model */
};

/* ERROR_MEMORY alone. */
int delta_line_new(const struct delta_line_config *config,
                   struct delta_line **out, struct error *err) MUST_CHECK;

/* The outlet has just sent a snapshot of the learner's; now_ms is monotonic. */
void delta_line_begin(struct delta_line *line, int64_t now_ms);

/* There is something to publish, and it is time. */
bool delta_line_is_due(const struct delta_line *line, int64_t now_ms);

/* Publishes it, or asks the learner for a snapshot. Fails where no further
 * attempt is worth it: as model_outlet_send(). */
int delta_line_send(struct delta_line *line,
                    const struct trainer_reading *reading, int64_t now_ms,
                    struct error *err) MUST_CHECK;

/* Deltas published. */
uint64_t delta_line_count(const struct delta_line *line);

/* NULL is fine. */
void delta_line_free(struct delta_line *line);

#endif
