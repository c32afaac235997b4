/*
 * topic_change.h - what cannot happen on Kafka, as a copy of a topic in which
 * it has; and what can: records that are gone.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_TOPIC_CHANGE_H
#define SUPPORT_TOPIC_CHANGE_H

#include "support/kafka_fixture.h"

#include <stddef.h>
#include <stdint.h>

/* The changed record, and the byte whose lowest bit is another. */
struct topic_change {
    size_t record, byte;
};

/* An empty topic with a new name. */
void topic_change_create(char name[FIXTURE_NAME_SIZE], int partitions);

/* How the records were published: each has the offset it had in the copy only
 * where the markers of its transaction are there too. */
enum copy_kind { COPY_PLAIN, COPY_EACH_IN_A_TRANSACTION };

/* Copies the whole topic with that change, every record to the offset that it
 * had. */
void topic_change_copy(const char *from, int partitions, enum copy_kind kind,
                       const struct topic_change *change,
                       char name[FIXTURE_NAME_SIZE]);

/* The place of `bytes` in the value, behind them. */
size_t topic_change_place(const struct fixture_record *record,
                          const char *bytes, size_t size);

/* The broker deletes the records before that offset, as retention does sooner
 * or later. */
void topic_change_delete(const char *topic, int32_t partition, int64_t before);

/* The topic is deleted; gone when this returns. */
void topic_change_remove(const char *topic);

#endif
