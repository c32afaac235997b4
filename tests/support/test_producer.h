/*
 * test_producer.h - single records onto a topic, with everything chosen.
 */
#ifndef SUPPORT_TEST_PRODUCER_H
#define SUPPORT_TEST_PRODUCER_H

#include "producer/publisher.h"

#include <stddef.h>
#include <stdint.h>

struct test_producer;

/* Never fails: a test without its fixture ends here. */
struct test_producer *test_producer_new(const char *brokers);

/* Sends value and time of the record to its partition of the topic. It is
 * delivered for sure after test_producer_free() or _flush(). */
void test_producer_send(struct test_producer *producer, const char *topic,
                        const struct outgoing *record);
/* With a key, which chooses the partition, and both texts as they are. */
void test_producer_send_text(struct test_producer *producer, const char *topic,
                             const char *key, const char *value);
void test_producer_flush(struct test_producer *producer);
void test_producer_free(struct test_producer *producer);

#endif
