/*
 * event_json.h - events as JSON objects, for readers that have no msgpack.
 *
 * The shape is a part of the contract (docs/event-schema.md): the names are
 * those of msgpack, an id is a number or a string as its producer had it, bytes
 * are {"bin": "<base64>"}, hashes are hexadecimal, times are milliseconds, and
 * numbers have as many digits as lead back to the same bits. No state: any
 * thread.
 */
#ifndef COMMON_EVENT_JSON_H
#define COMMON_EVENT_JSON_H

#include "common/base/buffer.h"
#include "common/event/event.h"
#include "common/event/event_scratch.h"

#include <stddef.h>
#include <stdint.h>

/* Appends a prediction as event_encode_prediction() does, in another format. A
 * failure of memory stays in the buffer. */
void event_json_prediction(const struct prediction_event *event,
                           struct buffer *out);

/* Appends any one msgpack value as JSON; it must be well formed. */
void event_json_value(const uint8_t *bytes, size_t size, struct buffer *out);

/* Appends a prediction as the output says, which event_output_check() has let
 * through. */
void event_write_prediction(const struct event_output *output,
                            const struct prediction_event *event,
                            struct buffer *out);

#endif
