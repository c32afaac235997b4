#include "consumer/read/offsets.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_client.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>

/* The first try of a question, and each next one takes twice as long. */
enum { TRY_MS = 1000 };

/* The broker is asked again until deadline_ms, with more and more patience, so
 * that a stop is noticed; which of a question's tries was answered makes no
 * difference. */
static rd_kafka_resp_err_t ask_times(rd_kafka_t *client,
                                     rd_kafka_topic_partition_list_t *list,
                                     unsigned timeout_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    int64_t left_ms = timeout_ms, try_ms = TRY_MS;
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR__TIMED_OUT;

    while (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && left_ms > 0 &&
           !stop_requested()) {
        rd_kafka_topic_partition_list_t *answers =
            rd_kafka_topic_partition_list_copy(list);
        failed = rd_kafka_offsets_for_times(
            client, answers, (int)(try_ms < left_ms ? try_ms : left_ms));
        for (int i = 0; !failed && i < list->cnt; i++) {
            list->elems[i].offset = answers->elems[i].offset;
            list->elems[i].err = answers->elems[i].err;
        }
        rd_kafka_topic_partition_list_destroy(answers);
        left_ms = deadline_ms - clock_monotonic_ms();
        try_ms *= 2;
    }
    return failed;
}

int offsets_wait_or_fail(struct error *waits, const struct error *err)
{
    if (err->code != ERROR_UNAVAILABLE && err->code != ERROR_TEMPORARY)
        return -1;
    *waits = *err;
    return 0;
}

int offsets_of_group(rd_kafka_t *client, const char *group,
                     rd_kafka_topic_partition_list_t *list, unsigned timeout_ms,
                     struct error *err)
{
    rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (list->cnt > 0)
        failed = rd_kafka_committed(client, list, (int)timeout_ms);
    for (int i = 0; !failed && i < list->cnt; i++)
        failed = list->elems[i].err;
    if (failed)
        return error_set(err, kafka_error_code((int)failed),
                         "committed offsets of group '%s': %s", group,
                         rd_kafka_err2str(failed));
    return 0;
}

int offsets_count_partitions(rd_kafka_t *client, rd_kafka_topic_t *topic,
                             unsigned timeout_ms, int32_t *count,
                             struct error *err)
{
    const struct rd_kafka_metadata *about = NULL;
    rd_kafka_resp_err_t failed =
        rd_kafka_metadata(client, 0, topic, &about, (int)timeout_ms);

    *count = 0;
    if (!failed) {
        failed = about->topics[0].err;
        if (!failed)
            *count = about->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(about);
    }
    if (!failed || failed == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        failed == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return 0;
    return error_set(err, kafka_error_code((int)failed), "topic '%s': %s",
                     rd_kafka_topic_name(topic), rd_kafka_err2str(failed));
}

/* `time` is one of Kafka's: milliseconds, or RD_KAFKA_OFFSET_BEGINNING or
 * RD_KAFKA_OFFSET_END. The caller destroys the list; NULL after a failure. */
static rd_kafka_topic_partition_list_t *
ask(rd_kafka_t *client, const struct partition_offsets *list, size_t count,
    int64_t time, unsigned timeout_ms, struct error *err)
{
    rd_kafka_topic_partition_list_t *answers =
        rd_kafka_topic_partition_list_new((int)count);

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(answers, list[i].topic,
                                          list[i].partition)
            ->offset = time;
    rd_kafka_resp_err_t failed = count == 0
                                     ? RD_KAFKA_RESP_ERR_NO_ERROR
                                     : ask_times(client, answers, timeout_ms);
    const rd_kafka_topic_partition_t *about = answers->elems;
    for (int i = 0; !failed && i < answers->cnt; i++) {
        about = &answers->elems[i];
        failed = about->err;
        /* An end that was not answered is still what was asked. */
        if (!failed && time < 0 && about->offset < 0)
            failed = RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    if (!failed)
        return answers;
    /* An answer to somebody else that was too large closed the connection, and
     * says nothing about this question. */
    if (failed == RD_KAFKA_RESP_ERR__TIMED_OUT && stop_requested())
        stop_error(err);
    else
        error_set(err,
                  failed == RD_KAFKA_RESP_ERR__BAD_MSG
                      ? ERROR_UNAVAILABLE
                      : kafka_error_code((int)failed),
                  "%s/%" PRId32 ": ask for an offset: %s", about->topic,
                  about->partition, rd_kafka_err2str(failed));
    rd_kafka_topic_partition_list_destroy(answers);
    return NULL;
}

int offsets_find_ends(rd_kafka_t *client, struct partition_offsets *list,
                      size_t count, unsigned timeout_ms, struct error *err)
{
    rd_kafka_topic_partition_list_t *lows =
        ask(client, list, count, RD_KAFKA_OFFSET_BEGINNING, timeout_ms, err);
    rd_kafka_topic_partition_list_t *highs =
        lows ? ask(client, list, count, RD_KAFKA_OFFSET_END, timeout_ms, err)
             : NULL;

    for (size_t i = 0; highs && i < count; i++) {
        list[i].low = lows->elems[i].offset;
        list[i].high = highs->elems[i].offset;
    }
    int status = highs ? 0 : -1;
    if (lows)
        rd_kafka_topic_partition_list_destroy(lows);
    if (highs)
        rd_kafka_topic_partition_list_destroy(highs);
    return status;
}

int offsets_name_oversized(rd_kafka_t *client,
                           const struct partition_offsets *list, size_t count,
                           struct error *err)
{
    const struct partition_offsets *found = NULL;

    for (size_t i = 0; i < count; i++) {
        int64_t low, high;
        bool is_known =
            !rd_kafka_get_watermark_offsets(client, list[i].topic,
                                            list[i].partition, &low, &high) &&
            high >= 0;
        if (is_known && high > list[i].at) {
            found = &list[i];
            break;
        }
        if (!is_known && !found)
            found = &list[i];
    }
    if (!found)
        return 0;
    return error_set(err, ERROR_FORMAT,
                     "'%s' [%" PRId32 "] at offset %" PRId64
                     ": the record there, or one that is fetched with it, is "
                     "larger than this client takes: raise "
                     "-X consumer.receive.message.max.bytes",
                     found->topic, found->partition, found->at);
}

int offsets_find_time(rd_kafka_t *client, struct partition_offsets *list,
                      size_t count, int64_t time_ms, unsigned timeout_ms,
                      struct error *err)
{
    rd_kafka_topic_partition_list_t *answers =
        ask(client, list, count, time_ms, timeout_ms, err);

    if (!answers)
        return -1;
    for (size_t i = 0; i < count; i++)
        list[i].at = answers->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(answers);
    return 0;
}
