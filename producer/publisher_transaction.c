/*
 * publisher_transaction.c - the transactions of a publisher.
 *
 * librdkafka's own classification is right but for the errors named in
 * `by_name`. The order of judgement follows its documentation: needs an abort,
 * else may be tried again, else fatal. An outcome that stays unknown means
 * REBUILD: a new producer with the same id settles the old transaction, and
 * the committed offsets then tell what happened.
 */
#include "common/base/clock.h"

#include "producer/publisher_handle.h"

enum {
    SLICE_MS = 5000,
    STALL_MS = 1000, /* without any delivery: more waiting brings none */
    PAUSE_MS = 50,   /* between two tries of a call that failed at once */
    INIT_MS = 60000,
    TRANSACTION_MS = 60000, /* librdkafka's default timeout */
};

static const struct {
    rd_kafka_resp_err_t error;
    enum publisher_verdict verdict;
} by_name[] = {
    {RD_KAFKA_RESP_ERR__FENCED, PUBLISHER_FENCED},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, PUBLISHER_FENCED},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, PUBLISHER_FENCED},
    /* 2.0.2 says "abort"; Kafka 4 made it fatal since going on can write
     * twice (KAFKA-18019). */
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, PUBLISHER_REBUILD},
};

enum publisher_verdict publisher_judge(rd_kafka_error_t *error,
                                       const char *what, struct error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    enum publisher_verdict verdict = rd_kafka_error_txn_requires_abort(error)
                                         ? PUBLISHER_ABORT
                                         : PUBLISHER_REBUILD;

    for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
        if (by_name[i].error == code)
            verdict = by_name[i].verdict;
    error_set(err,
              verdict == PUBLISHER_FENCED ? ERROR_FENCED
                                          : kafka_error_code(code),
              "%s: %s", what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return verdict;
}

/* A call that may be tried again is; NULL after success, else the error. */
#define RETRY_UNTIL(deadline, error, call)                                     \
    do {                                                                       \
        while (((error) = (call)) != NULL &&                                   \
               rd_kafka_error_is_retriable(error) &&                           \
               !rd_kafka_error_txn_requires_abort(error) &&                    \
               clock_monotonic_ms() < (deadline)) {                            \
            rd_kafka_error_destroy(error);                                     \
            clock_sleep_ms(PAUSE_MS);                                          \
        }                                                                      \
    } while (0)

int publisher_init_transactions(struct publisher *publisher, struct error *err)
{
    int64_t deadline = clock_monotonic_ms() + INIT_MS;
    rd_kafka_error_t *error;

    RETRY_UNTIL(deadline, error,
                rd_kafka_init_transactions(publisher->client, SLICE_MS));
    if (!error)
        return 0;
    publisher_judge(error, "take over the transactional id", err);
    return error_wrap(err, "'%s'", publisher->config.transactional_id);
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
        return publisher_judge(error, "begin a transaction", err);
    publisher->in_transaction = true;
    publisher->first_failure = RD_KAFKA_RESP_ERR_NO_ERROR;
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
                                                     group, SLICE_MS));
    return error ? publisher_judge(error, "send offsets", err) : PUBLISHER_OK;
}

/* Until nothing is under way, or nothing moves. A transaction that failed
 * keeps its messages, and only the next call tells. */
static void settle(struct publisher *publisher, int64_t deadline)
{
    int left = rd_kafka_outq_len(publisher->client), before;
    rd_kafka_resp_err_t failed;

    do {
        before = left;
        failed = publisher_drain(publisher, clock_monotonic_ms() + STALL_MS);
        left = rd_kafka_outq_len(publisher->client);
    } while (failed && left < before && clock_monotonic_ms() < deadline);
}

/* librdkafka's own flush, inside the commit, waits for reports too, but only
 * we can take them. */
static rd_kafka_error_t *commit_slice(struct publisher *publisher,
                                      int64_t deadline)
{
    settle(publisher, deadline);
    return rd_kafka_commit_transaction(publisher->client, SLICE_MS);
}

enum publisher_verdict publisher_commit(struct publisher *publisher,
                                        struct error *err)
{
    int64_t deadline = give_up_at(publisher);
    rd_kafka_error_t *error;

    RETRY_UNTIL(deadline, error, commit_slice(publisher, deadline));
    if (error)
        return publisher_judge(error, "commit", err);
    publisher->in_transaction = false;
    return PUBLISHER_OK;
}

enum publisher_verdict publisher_abort(struct publisher *publisher,
                                       struct error *err)
{
    int64_t deadline = give_up_at(publisher);
    rd_kafka_error_t *error;

    /* An abort before the first partition is registered is fatal in 2.0.2:
     * what was sent goes out first. */
    settle(publisher, deadline);
    RETRY_UNTIL(deadline, error,
                rd_kafka_abort_transaction(publisher->client, SLICE_MS));
    if (error) {
        enum publisher_verdict verdict = publisher_judge(error, "abort", err);
        return verdict == PUBLISHER_ABORT ? PUBLISHER_REBUILD : verdict;
    }
    publisher->in_transaction = false;
    publisher->first_failure = RD_KAFKA_RESP_ERR_NO_ERROR;
    return PUBLISHER_OK;
}
