/*
 * kafka_question.h - may we? Questions that a broker answers without a record
 * written, a group joined or anybody fenced.
 *
 * Each has a client of its own, and an answer within timeout_ms. Failures:
 * ERROR_AUTH, the right is missing; ERROR_CONFIG, the broker refuses a setting;
 * ERROR_UNAVAILABLE, no answer; ERROR_STOPPED.
 */
#ifndef COMMON_KAFKA_QUESTION_H
#define COMMON_KAFKA_QUESTION_H

#include "common/kafka/kafka_client.h"

#include <stdint.h>

/* May the topic be read? Its first partition is, at its end. */
int kafka_ask_read(const struct kafka_settings *settings, const char *topic,
                   unsigned timeout_ms, struct error *err) MUST_CHECK;

/* May the group's offsets be read? */
int kafka_ask_offsets(const struct kafka_settings *settings, const char *group,
                      const char *topic, unsigned timeout_ms,
                      struct error *err) MUST_CHECK;

/* May the transactional id be used, with transactions that long? Whoever has
 * the id is fenced: ask for one that nobody has. */
int kafka_ask_transactions(const struct kafka_settings *settings,
                           const char *transactional_id,
                           uint32_t transaction_timeout_ms, unsigned timeout_ms,
                           struct error *err) MUST_CHECK;

/* The number that a property of librdkafka has in a client of the role, with
 * our defaults and the settings; -1 where there is no such number. */
int64_t kafka_property_number(const struct kafka_settings *settings,
                              enum kafka_role role, const char *name);

#endif
