/*
 * event_avro.h - events in Avro, by the schemas that this program publishes.
 *
 * Names and shape are those of JSON (docs/event-schema.md), so that the paths
 * to the fields are the same; ids are unions of what an id can be, hashes are
 * bytes. The texts of the schemas are those of docs/schemas, to the last byte:
 * a registry finds a schema by its text. No state: any thread.
 */
#ifndef COMMON_EVENT_AVRO_H
#define COMMON_EVENT_AVRO_H

#include "common/base/attributes.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/event/evaluation_event.h"
#include "common/event/event.h"

/* Appends the text of a schema. A failure of memory stays in the buffer. */
void event_avro_prediction_schema(struct buffer *out);
void event_avro_evaluation_schema(struct buffer *out);

/* Appends a record of the schema that has this number in the registry. A
 * failure of memory stays in the buffer. */
void event_avro_prediction(uint32_t schema,
                           const struct prediction_event *event,
                           struct buffer *out);
void event_avro_evaluation(uint32_t schema,
                           const struct evaluation_event *event,
                           struct buffer *out);

/* To be called before the first record is written: ERROR_CONFIG where the
 * format is Avro and no registry has told the number of its schema. `setting`
 * is blamed. */
int event_output_check(const struct event_output *output, const char *setting,
                       struct error *err) MUST_CHECK;

#endif
