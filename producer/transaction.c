#include "producer/transaction.h"

#include "producer/publisher_verdict.h"

#include "common/base/clock.h"
#include "common/base/stop.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>

enum {
    CALL_SLICE_MS = 5000, /* one try of a call */
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

void transaction_blame_first(struct transaction *t, struct error *err)
{
    deliveries_take(t->deliveries, 0);
    int failure = deliveries_first_failure(t->deliveries);
    if (!t->is_open || !failure || !err)
        return;
    const struct error told = *err;
    enum error_code code = kafka_error_code(failure);
    error_set(err, code == ERROR_AUTH ? code : told.code,
              "%s (at first a message was not delivered: %s)", told.text,
              kafka_error_words(failure));
}

int transaction_take_over(struct transaction *t, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + INIT_MS;
    rd_kafka_error_t *error;

    RETRY_UNTIL(deadline, error,
                rd_kafka_init_transactions(t->client, CALL_SLICE_MS));
    if (!error)
        return 0;
    publisher_verdict_of(error, "take over the transactional id", err);
    if (stop_is_overdue())
        return stop_error(err);
    return error_wrap(err, "'%s'", t->id);
}

/* The broker's words do not say which transactional id has no right. */
static void name_id(const struct transaction *t, struct error *err)
{
    if (err && err->code == ERROR_AUTH)
        (void)!error_wrap(err, "transactional id '%s'", t->id);
}

/* Beyond the transaction's own timeout the broker has given it up. */
static int64_t give_up_at(const struct transaction *t)
{
    uint32_t timeout_ms = t->timeout_ms;

    return clock_monotonic_ms() + (timeout_ms ? timeout_ms : TRANSACTION_MS);
}

enum publisher_verdict transaction_begin(struct transaction *t,
                                         struct error *err)
{
    if (unanswered_any(t->unanswered)) {
        error_set(err, ERROR_TEMPORARY,
                  "a request about an earlier transaction was not answered and "
                  "may still arrive: a new producer begins");
        return PUBLISHER_REBUILD;
    }
    rd_kafka_error_t *error = rd_kafka_begin_transaction(t->client);

    if (error)
        return publisher_verdict_of(error, "begin a transaction", err);
    t->is_open = true;
    deliveries_forget_failures(t->deliveries);
    return PUBLISHER_OK;
}

enum publisher_verdict transaction_send_offsets(
    struct transaction *t, const rd_kafka_topic_partition_list_t *next,
    const rd_kafka_consumer_group_metadata_t *group, struct error *err)
{
    int64_t deadline = give_up_at(t);
    rd_kafka_error_t *error;

    RETRY_UNTIL(deadline, error,
                rd_kafka_send_offsets_to_transaction(t->client, next, group,
                                                     CALL_SLICE_MS));
    if (!error)
        return PUBLISHER_OK;
    enum publisher_verdict verdict =
        publisher_verdict_of(error, "send offsets", err);
    transaction_blame_first(t, err);
    name_id(t, err);
    return verdict;
}

/* librdkafka's own flush, inside the commit, waits for reports too, but only
 * we can take them. */
static rd_kafka_error_t *commit_slice(struct transaction *t, int64_t deadline)
{
    deliveries_settle(t->deliveries, deadline);
    return rd_kafka_commit_transaction(t->client, CALL_SLICE_MS);
}

enum publisher_verdict transaction_commit(struct transaction *t,
                                          struct error *err)
{
    int64_t deadline = give_up_at(t);
    rd_kafka_error_t *error;

    RETRY_UNTIL(deadline, error, commit_slice(t, deadline));
    if (error) {
        enum publisher_verdict verdict =
            publisher_verdict_of(error, "commit", err);
        transaction_blame_first(t, err);
        name_id(t, err);
        return verdict;
    }
    t->is_open = false;
    return PUBLISHER_OK;
}

enum publisher_verdict transaction_abort(struct transaction *t,
                                         struct error *err)
{
    int64_t deadline = give_up_at(t);
    rd_kafka_error_t *error;

    /* The next owner of the transactional id aborts it. */
    if (stop_is_overdue()) {
        stop_error(err);
        return PUBLISHER_REBUILD;
    }
    /* An abort before the first partition is registered is fatal in 2.0.2:
     * what was sent goes out first. */
    deliveries_settle(t->deliveries, deadline);
    RETRY_UNTIL(deadline, error,
                rd_kafka_abort_transaction(t->client, CALL_SLICE_MS));
    if (error) {
        enum publisher_verdict verdict =
            publisher_verdict_of(error, "abort", err);
        name_id(t, err);
        return verdict == PUBLISHER_ABORT ? PUBLISHER_REBUILD : verdict;
    }
    t->is_open = false;
    deliveries_forget_failures(t->deliveries);
    return PUBLISHER_OK;
}

/* The reason is given to whoever would begin another one, which cannot be: this
 * one is still open. */
int transaction_failure(struct transaction *t, char *why, size_t size)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(t->client);
    rd_kafka_resp_err_t code =
        error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR__STATE;

    const char *words =
        error ? rd_kafka_error_string(error) : rd_kafka_err2str(code);
    if (code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        snprintf(why, size, "transactional id '%s': %s", t->id, words);
    else
        snprintf(why, size, "%s", words);
    rd_kafka_error_destroy(error);
    return (int)code;
}
