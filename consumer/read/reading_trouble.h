/*
 * reading_trouble.h - what keeps a member of a group from reading its topic.
 *
 * librdkafka tells troubles to its error callback, and in reports among the
 * records. Most of them heal, and are in its log lines. Two are looked after
 * here, by questions to the broker: the topic is said to be gone, and may be
 * made anew in a moment; and an answer of a broker was larger than
 * receive.message.max.bytes, which closes the connection again and again. The
 * others end the reading. One thread.
 */
#ifndef CONSUMER_READING_TROUBLE_H
#define CONSUMER_READING_TROUBLE_H

#include "common/base/error.h"

#include "consumer/read/group_start.h"
#include "consumer/read/positions.h"

#include <stdbool.h>
#include <stdint.h>

struct rd_kafka_message_s; /* librdkafka's rd_kafka_message_t */

/* Zeroed: there is none. */
struct reading_trouble {
    bool was_assigned; /* the topic was there at some time; set by the owner */
    bool is_dry;       /* the last poll found no record; set by the owner */
    bool is_oversized;
    int64_t gone_since_ms; /* 0: the topic is there */
};

/* From librdkafka's error callback. */
void reading_trouble_hear(struct reading_trouble *trouble, int code);

/* A report among the records that is about no single partition's position. 0:
 * it heals, or is looked after. -1: reading ends, because of a record that
 * cannot be read (ERROR_FORMAT), a topic that has never been there, or whatever
 * the broker refuses (as kafka_error_code() says). */
int reading_trouble_take(struct reading_trouble *trouble,
                         const struct group_member *member,
                         const struct rd_kafka_message_s *report,
                         struct error *err) MUST_CHECK;

/* A record came: the topic is there. */
void reading_trouble_end(struct reading_trouble *trouble);

/* Before each poll: asks about what has lasted for too long. While the broker
 * does not answer, *waits says why. -1: the topic is gone (ERROR_UNAVAILABLE),
 * the next record of a partition is too large (ERROR_FORMAT), or the broker
 * refuses to say. */
int reading_trouble_look_after(struct reading_trouble *trouble,
                               const struct group_member *member,
                               const struct positions *positions,
                               struct error *waits,
                               struct error *err) MUST_CHECK;

#endif
