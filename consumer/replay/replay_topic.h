/*
 * replay_topic.h - the answers of the contenders of a replay, as predictions on
 * a topic.
 *
 * One prediction for each impression and contender that answered it, as the
 * scorer writes them, with the field `contender`. Key and, where the topic has
 * it, partition are the impression's. At least once: a replay that is run
 * again writes them again. One thread.
 */
#ifndef CONSUMER_REPLAY_TOPIC_H
#define CONSUMER_REPLAY_TOPIC_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/message.h"
#include "consumer/replay/contender.h"

#include <stdbool.h>
#include <stddef.h>

struct replay_topic;

struct replay_topic_config {
    struct kafka_settings kafka;
    const char *topic;          /* borrowed, as the others */
    const char *live;           /* the topic of the scorers' predictions */
    const char *others[4];      /* topics of other records, which are refused */
    bool is_forced;             /* `topic` may be `live` */
    struct event_output output; /* how the predictions are written */
};

/* ERROR_CONFIG: the topic is another's, or the output is Avro without the
 * number of its schema; else the codes are those of
 * publisher_open(). */
int replay_topic_open(const struct replay_topic_config *config,
                      struct replay_topic **out, struct error *err) MUST_CHECK;

/* The answers of all contenders to one impression; borrowed. */
struct replay_topic_answers {
    const struct impression *event;
    const struct message *message;       /* the record of the event */
    const struct contender *contenders;  /* (count) */
    const struct replay_answer *answers; /* (count) */
    size_t count;
};

/* Publishes the answers that are a number. After a failure the topic can only
 * be closed; the codes are those of publisher_send(). */
int replay_topic_send(struct replay_topic *topic,
                      const struct replay_topic_answers *answers,
                      struct error *err) MUST_CHECK;

/* Waits until all predictions are delivered. */
int replay_topic_flush(struct replay_topic *topic,
                       struct error *err) MUST_CHECK;

/* NULL is fine. */
void replay_topic_close(struct replay_topic *topic);

#endif
