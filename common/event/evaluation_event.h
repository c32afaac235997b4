/*
 * evaluation_event.h - how good the models in service were in one window of
 * event time, and its form as msgpack, JSON or Avro.
 *
 * A window has one record for all model versions together and one for each
 * version in it. Unknown fields are ignored. docs/event-schema.md has the
 * bytes.
 */
#ifndef COMMON_EVALUATION_EVENT_H
#define COMMON_EVALUATION_EVENT_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/event_schemas.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVALUATION_KEY_SIZE = 112 };

struct evaluation_event {
    char name[64];               /* of the model: "click" */
    int64_t start_ms, window_ms; /* event time; a multiple of window_ms */
    bool has_version;            /* false: all versions together */
    uint64_t version;            /* 0: there was no model */
    uint64_t rows;               /* what the figures are about */
    double click_rate, rmse, mae, logloss; /* NaN where there is none */
    double normalised_entropy, auc, calibration, ece;
    uint64_t left_out; /* impressions of the window without a prediction (of
                          all versions only) or without a label */
    bool is_early;     /* closed before it was over, for want of room */
    int64_t created_ms;
};

/* "<name>@<start>", and "/<version>" where it is of one. */
void evaluation_event_key(const struct evaluation_event *event,
                          char out[EVALUATION_KEY_SIZE]);

/* As the output says, which event_output_check() has let through. */
void evaluation_event_write(const struct event_output *output,
                            const struct evaluation_event *event,
                            struct buffer *out);
void evaluation_event_encode(const struct evaluation_event *event,
                             struct buffer *out);

/* Any format, by the first byte; `schemas` may be NULL, without a registry. On
 * failure `out` is untouched. ERROR_UNAVAILABLE: the registry did not tell its
 * schema. ERROR_CONFIG: it names a schema, and there is no registry.
 * ERROR_MEMORY; ERROR_FORMAT: it is no evaluation. */
int evaluation_event_decode(const struct event_schemas *schemas,
                            const uint8_t *bytes, size_t size,
                            struct evaluation_event *out,
                            struct error *err) MUST_CHECK;

#endif
