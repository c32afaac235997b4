/*
 * kafka_contact.h - a short-lived client that asks the brokers something: the
 * answer, or the reason why there is none, within the time given.
 */
#ifndef COMMON_KAFKA_CONTACT_H
#define COMMON_KAFKA_CONTACT_H

#include "common/kafka/kafka_client.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

enum { KAFKA_CONTACT_SLICE_MS = 250 };

struct kafka_contact {
    const struct kafka_settings *settings;
    rd_kafka_t *client;
    int64_t deadline_ms;
    bool down;
    bool fresh;          /* the topic was just made: unknown means not yet */
    struct error reason; /* why no broker answers, as far as we know */
    int64_t opened_ms;
    atomic_int certificate_fault; /* OpenSSL's number; 0: none seen */
    char advertised[128]; /* the address that a broker gave us for itself and
                             that cannot be reached; empty: none */
};

/* The contact must not move while it is open. Close it in any case. */
int kafka_contact_open(struct kafka_contact *contact,
                       const struct kafka_settings *settings,
                       unsigned timeout_ms, struct error *err) MUST_CHECK;
void kafka_contact_close(struct kafka_contact *contact);

/* Does the error mean that nobody answered? */
bool kafka_contact_is_silence(rd_kafka_resp_err_t error);

/* There is time left, and nobody asked the program to stop. */
bool kafka_contact_goes_on(const struct kafka_contact *contact);

/* "no broker at ...: connection refused; is Kafka running there?", or
 * ERROR_STOPPED where that ended the waiting. */
int kafka_contact_no_broker(const struct kafka_contact *contact,
                            struct error *err);

/* For requests of the admin interface, with the time that is left. */
rd_kafka_AdminOptions_t *
kafka_contact_options(const struct kafka_contact *contact,
                      rd_kafka_admin_op_t operation);

/* Waits for the answer to the request that was put on `queue`; NULL where
 * none came in time. */
rd_kafka_event_t *kafka_contact_await(struct kafka_contact *contact,
                                      rd_kafka_queue_t *queue);

#endif
