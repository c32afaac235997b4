/*
 * evaluation_publication.h - figures of windows onto their topic, each window
 * once.
 *
 * What is published stays: a window that begins before the end of the last
 * one published under the same model name, whatever the length of either, is
 * not published again. So a trainer that reads its history again, perhaps
 * with other settings, does not change what was said. The records of a call
 * are one transaction (but on the embedded broker, which has none), and
 * opening it fences an older trainer of that name. One thread.
 */
#ifndef CONSUMER_EVALUATION_PUBLICATION_H
#define CONSUMER_EVALUATION_PUBLICATION_H

#include "common/base/error.h"
#include "common/event/evaluation_event.h"
#include "common/event/event.h"
#include "common/kafka/kafka_client.h"

#include <stddef.h>
#include <stdint.h>

struct evaluation_publication;

struct evaluation_publication_config {
    struct kafka_settings kafka;
    char name[64]; /* of the model */
    char topic[250];
    struct event_output output;          /* of the records */
    const struct event_schemas *schemas; /* of those that are there; NULL: there
                                            is no registry */
};

/* Reads the topic to its end. Fails with ERROR_CONFIG or ERROR_UNAVAILABLE
 * where an evaluation names a schema that is not to be had: nobody knows then
 * which windows are published. */
int evaluation_publication_open(
    const struct evaluation_publication_config *config,
    struct evaluation_publication **out, struct error *err) MUST_CHECK;

/* The newest window published, all versions together; NULL when there is
 * none. Borrowed until the next call. */
const struct evaluation_event *
evaluation_publication_newest(const struct evaluation_publication *publication);

/* Windows in the order of time. Returns after the commit, which may take most
 * of a minute; *sent is without those that were published before. After a
 * failure the next call begins anew and leaves out what was committed after
 * all. ERROR_FENCED: there is a younger trainer. */
int evaluation_publication_publish(struct evaluation_publication *publication,
                                   const struct evaluation_event *events,
                                   size_t count, size_t *sent,
                                   struct error *err) MUST_CHECK;

/* NULL is fine. */
void evaluation_publication_close(struct evaluation_publication *publication);

#endif
