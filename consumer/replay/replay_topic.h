/*
 * replay_topic.h - what the contenders of a replay answer, as predictions on a
 * topic.
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
    const char *topic;     /* borrowed, as the others */
    const char *live;      /* where the scorers' are */
    const char *others[4]; /* that no prediction belongs on */
    bool is_forced;        /* it may be the live one */
};

int replay_topic_open(const struct replay_topic_config *config,
                      struct replay_topic **out, struct error *err) MUST_CHECK;

/* The answers of all contenders to the impression that the message is. */
int replay_topic_send(struct replay_topic *topic,
                      const struct impression *event,
                      const struct message *message,
                      const struct contender *contenders,
                      const struct replay_answer *answers, size_t count,
                      struct error *err) MUST_CHECK;

/* Until all are delivered. */
int replay_topic_flush(struct replay_topic *topic,
                       struct error *err) MUST_CHECK;

/* NULL is fine. */
void replay_topic_close(struct replay_topic *topic);

#endif
