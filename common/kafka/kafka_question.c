#include "common/kafka/kafka_question.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_close.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>

enum { SLICE_MS = 200, PARTITION = 0 };

static bool goes_on(int64_t deadline_ms)
{
    return clock_monotonic_ms() < deadline_ms && !stop_requested();
}

/* What a client was told that has no answer. */
static int no_answer(const char *what, rd_kafka_resp_err_t failed,
                     struct error *err)
{
    if (stop_requested())
        return stop_error(err);
    return error_set(err, kafka_error_code((int)failed), "%s: %s", what,
                     rd_kafka_err2str(failed));
}

/* --- Reading ---------------------------------------------------------- */

static rd_kafka_resp_err_t
fetch_at_end(rd_kafka_t *client, rd_kafka_topic_t *topic, int64_t deadline_ms)
{
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR__TIMED_OUT;
    bool is_answered = false;

    if (rd_kafka_consume_start(topic, PARTITION, RD_KAFKA_OFFSET_END) < 0)
        return rd_kafka_last_error();
    while (!is_answered && goes_on(deadline_ms)) {
        rd_kafka_poll(client, 0);
        rd_kafka_message_t *word = rd_kafka_consume(topic, PARTITION, SLICE_MS);
        if (!word)
            continue;
        is_answered = true;
        failed = word->err == RD_KAFKA_RESP_ERR__PARTITION_EOF
                     ? RD_KAFKA_RESP_ERR_NO_ERROR
                     : word->err;
        rd_kafka_message_destroy(word);
    }
    rd_kafka_consume_stop(topic, PARTITION);
    return failed;
}

int kafka_ask_read(const struct kafka_settings *settings, const char *topic,
                   unsigned timeout_ms, struct error *err)
{
    static const struct kafka_property properties[] = {
        {"enable.partition.eof", "true"}, {NULL, NULL}};
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    rd_kafka_t *client = NULL;

    if (kafka_client_new(settings, KAFKA_CONSUMER, properties, &client, err) <
        0)
        return -1;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    rd_kafka_resp_err_t failed = handle
                                     ? fetch_at_end(client, handle, deadline_ms)
                                     : rd_kafka_last_error();
    if (handle)
        rd_kafka_topic_destroy(handle);
    kafka_close(client);
    return failed ? no_answer("it cannot be read", failed, err) : 0;
}

/* --- Groups ----------------------------------------------------------- */

int kafka_ask_offsets(const struct kafka_settings *settings, const char *group,
                      const char *topic, unsigned timeout_ms, struct error *err)
{
    const struct kafka_property properties[] = {{"group.id", group},
                                                {NULL, NULL}};
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    rd_kafka_t *client = NULL;

    if (kafka_client_new(settings, KAFKA_CONSUMER, properties, &client, err) <
        0)
        return -1;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, PARTITION);
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR__TIMED_OUT;
    while (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && goes_on(deadline_ms))
        failed = (rd_kafka_resp_err_t)kafka_group_error(
            client, (int)rd_kafka_committed(client, list, 5 * SLICE_MS));
    if (!failed)
        failed = list->elems[0].err;
    rd_kafka_topic_partition_list_destroy(list);
    kafka_close(client);
    return failed ? no_answer("its offsets cannot be read", failed, err) : 0;
}

/* --- Transactions ----------------------------------------------------- */

/* librdkafka's words for no answer are for who calls it. */
static int no_transactions(const rd_kafka_error_t *failed, unsigned timeout_ms,
                           struct error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(failed);

    if (stop_requested())
        return stop_error(err);
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT)
        return error_set(err, ERROR_UNAVAILABLE,
                         "no answer in %u ms: one of the brokers coordinates "
                         "transactions, at the address that its "
                         "advertised.listeners say; is it reached from here?",
                         timeout_ms);
    return error_set(err, kafka_error_code((int)code), "%s",
                     rd_kafka_error_string(failed));
}

int kafka_ask_transactions(const struct kafka_settings *settings,
                           const char *transactional_id,
                           uint32_t transaction_timeout_ms, unsigned timeout_ms,
                           struct error *err)
{
    char timeout[16];
    const struct kafka_property properties[] = {
        {"transactional.id", transactional_id},
        {"transaction.timeout.ms", timeout},
        {NULL, NULL}};
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    rd_kafka_t *client = NULL;
    rd_kafka_error_t *failed = NULL;
    int status = 0;

    snprintf(timeout, sizeof(timeout), "%u", transaction_timeout_ms);
    if (kafka_client_new(settings, KAFKA_PRODUCER, properties, &client, err) <
        0)
        return -1;
    do {
        if (failed)
            rd_kafka_error_destroy(failed);
        failed = rd_kafka_init_transactions(client, 10 * SLICE_MS);
    } while (failed && rd_kafka_error_is_retriable(failed) &&
             goes_on(deadline_ms));
    if (failed) {
        status = no_transactions(failed, timeout_ms, err);
        rd_kafka_error_destroy(failed);
    }
    kafka_close(client);
    return status;
}

/* --- Properties ------------------------------------------------------- */

int64_t kafka_property_number(const struct kafka_settings *settings,
                              enum kafka_role role, const char *name)
{
    char text[32] = "";
    size_t size = sizeof(text);
    rd_kafka_conf_t *conf = NULL;
    int64_t number = -1;

    if (kafka_conf(settings, role, NULL, &conf, NULL) < 0)
        return -1;
    if (rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK)
        number = strtoll(text, NULL, 10);
    rd_kafka_conf_destroy(conf);
    return number;
}
