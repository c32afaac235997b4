/*
 * publisher_transaction.c - a publisher's transactions.
 */
#include "producer/deliveries.h"
#include "producer/publisher_state.h"
#include "producer/publisher_verdict.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_client.h"

#include <stdio.h>

enum {
    CALL_SLICE_MS = 5000, /* one try of a transaction's call */
    PAUSE_MS = 50,        /* between two tries of a call that failed at once */
    INIT_MS = 60000,      /* for taking over a transactional id */
    TRANSACTION_MS = 60000, /* librdkafka's default timeout */
};

/* A call that may be tried again is; NULL after success, else the error. */
#define RETRY_UNTIL(deadline, error, call)                                     \
    do {                                                                       \
        while (((error) = (call)) != NULL &&                                   \
               rd_kafka_error_is_retriable(error) &&                           \
               !rd_kafka_error_txn_requires_abort(error) &&                    \
               clock_monotonic_ms() < (deadline) && !stop_is_overdue()) {      \
            rd_kafka_error_destroy(error);                                     \
            clock_sleep_ms(PAUSE_MS);                                          \
        }                                                                      \
    } while (0)

void publisher_blame_first(struct publisher *publisher, struct error *err)
{
    deliveries_take(publisher->deliveries, 0);
    int failure = deliveries_first_failure(publisher->deliveries);
    if (!publisher->in_transaction || !failure || !err)
        return;
    const struct error told = *err;
    enum error_code code = kafka_error_code(failure);
    error_set(err, code == ERROR_AUTH ? code : told.code,
              "%s (at first a message was not delivered: %s)", told.text,
              rd_kafka_err2str((rd_kafka_resp_err_t)failure));
}

int publisher_init_transactions(struct publisher *publisher, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + INIT_MS;
    rd_kafka_error_t *error;

    RETRY_UNTIL(deadline, error,
                rd_kafka_init_transactions(publisher->client, CALL_SLICE_MS));
    if (!error)
        return 0;
    publisher_verdict_of(error, "take over the transactional id", err);
    if (stop_is_overdue())
        return stop_error(err);
    return error_wrap(err, "'%s'", publisher->config.transactional_id);
}

/* Whose right is missing: the broker's words do not say. */
static void name_id(const struct publisher *publisher, struct error *err)
{
    if (err && err->code == ERROR_AUTH)
        (void)!error_wrap(err, "transactional id '%s'",
                          publisher->config.transactional_id);
}

/* Beyond the transaction's own timeout the broker has given it up. */
static int64_t give_up_at(const struct publisher *publisher)
{
    uint32_t timeout_ms = publisher->config.transaction_timeout_ms;

    return clock_monotonic_ms() + (timeout_ms ? timeout_ms : TRANSACTION_MS);
}

enum publisher_verdict publisher_begin(struct publisher *publisher,
                                       struct error *err)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(publisher->client);

    if (error)
        return publisher_verdict_of(error, "begin a transaction", err);
    publisher->in_transaction = true;
    deliveries_forget_failures(publisher->deliveries);
    return PUBLISHER_OK;
}

enum publisher_verdict publisher_send_offsets(
    struct publisher *publisher, const rd_kafka_topic_partition_list_t *next,
    const rd_kafka_consumer_group_metadata_t *group, struct error *err)
{
    int64_t deadline = give_up_at(publisher);
    rd_kafka_error_t *error;

    RETRY_UNTIL(deadline, error,
                rd_kafka_send_offsets_to_transaction(publisher->client, next,
                                                     group, CALL_SLICE_MS));
    if (!error)
        return PUBLISHER_OK;
    enum publisher_verdict verdict =
        publisher_verdict_of(error, "send offsets", err);
    publisher_blame_first(publisher, err);
    name_id(publisher, err);
    return verdict;
}

/* librdkafka's own flush, inside the commit, waits for reports too, but only
 * we can take them. */
static rd_kafka_error_t *commit_slice(struct publisher *publisher,
                                      int64_t deadline)
{
    deliveries_settle(publisher->deliveries, deadline);
    return rd_kafka_commit_transaction(publisher->client, CALL_SLICE_MS);
}

enum publisher_verdict publisher_commit(struct publisher *publisher,
                                        struct error *err)
{
    int64_t deadline = give_up_at(publisher);
    rd_kafka_error_t *error;

    RETRY_UNTIL(deadline, error, commit_slice(publisher, deadline));
    if (error) {
        enum publisher_verdict verdict =
            publisher_verdict_of(error, "commit", err);
        publisher_blame_first(publisher, err);
        name_id(publisher, err);
        return verdict;
    }
    publisher->in_transaction = false;
    return PUBLISHER_OK;
}

enum publisher_verdict publisher_abort(struct publisher *publisher,
                                       struct error *err)
{
    int64_t deadline = give_up_at(publisher);
    rd_kafka_error_t *error;

    /* The next owner of the transactional id aborts it. */
    if (stop_is_overdue()) {
        stop_error(err);
        return PUBLISHER_REBUILD;
    }
    /* An abort before the first partition is registered is fatal in 2.0.2:
     * what was sent goes out first. */
    deliveries_settle(publisher->deliveries, deadline);
    RETRY_UNTIL(deadline, error,
                rd_kafka_abort_transaction(publisher->client, CALL_SLICE_MS));
    if (error) {
        enum publisher_verdict verdict =
            publisher_verdict_of(error, "abort", err);
        name_id(publisher, err);
        return verdict == PUBLISHER_ABORT ? PUBLISHER_REBUILD : verdict;
    }
    publisher->in_transaction = false;
    deliveries_forget_failures(publisher->deliveries);
    return PUBLISHER_OK;
}

/* It gives the reason to whoever would begin another one, which cannot be: this
 * one is still open. */
rd_kafka_resp_err_t publisher_why_failed(struct publisher *publisher, char *why,
                                         size_t size)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(publisher->client);
    rd_kafka_resp_err_t code =
        error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR__STATE;

    const char *words =
        error ? rd_kafka_error_string(error) : rd_kafka_err2str(code);
    if (code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        snprintf(why, size, "transactional id '%s': %s",
                 publisher->config.transactional_id, words);
    else
        snprintf(why, size, "%s", words);
    rd_kafka_error_destroy(error);
    return code;
}
