/*
 * predict_topic.h - the part of `pctr predict` that scores what is on a topic,
 * to standard output as CSV or to another topic as predictions.
 */
#ifndef CLI_PREDICT_TOPIC_H
#define CLI_PREDICT_TOPIC_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/kafka/kafka_client.h"

#include "model/snapshot.h"

#include <stdbool.h>
#include <stdint.h>

struct predict_topic_settings {
    char topic[250], to_topic[250]; /* empty: no topic; CSV */
    char from[64], to[64];
    struct event_fields fields;
    uint64_t version; /* of the model, in the predictions; 0: unknown */
    uint32_t timeout_ms;
    bool details;  /* prediction_details.h */
    bool csv_safe; /* CSV_SAFE */
};

int predict_topic(const struct predict_topic_settings *settings,
                  const struct kafka_settings *kafka, struct snapshot *snapshot,
                  struct error *err) MUST_CHECK;

#endif
