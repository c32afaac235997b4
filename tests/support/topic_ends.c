#include "support/topic_ends.h"

#include "support/allowance.h"
#include "support/kafka_fixture.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include <librdkafka/rdkafka.h>

#include <inttypes.h>

enum { ANSWER_MS = 30000, ASK_MS = 5000, POLL_MS = 200 };

/* The client is in no group: closing it as a member waits for ever where the
 * broker that it asked last is dead. */
static void close_client(rd_kafka_t *client)
{
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* What the broker calls the end depends on who asks.
 * rd_kafka_query_watermark_offsets() would wait without a limit for a leader
 * that died; this way of asking ends in time. */
static rd_kafka_resp_err_t ask_once(const char *topic, int32_t partitions,
                                    const char *isolation, int64_t *ends)
{
    rd_kafka_t *client = kafka_fixture_consumer("ends", isolation);
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(partitions);

    for (int32_t p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset =
            RD_KAFKA_OFFSET_END;
    rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client, list, ASK_MS);
    for (int32_t p = 0; p < partitions && !error; p++) {
        error = list->elems[p].err;
        ends[p] = list->elems[p].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    close_client(client);
    return error;
}

/* A broker that has just come back may not lead its partitions yet, and a
 * client that was told so does not ask again soon. */
static void ask(const char *topic, int32_t partitions, const char *isolation,
                int64_t *ends)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(ANSWER_MS);
    rd_kafka_resp_err_t error;

    while ((error = ask_once(topic, partitions, isolation, ends)) != 0) {
        ck_assert_msg(clock_monotonic_ms() < deadline, "end of '%s': %s", topic,
                      rd_kafka_err2str(error));
        clock_sleep_ms(POLL_MS);
    }
}

static int32_t partitions_of(const char *topic)
{
    struct kafka_settings settings = kafka_fixture_settings();
    struct kafka_topic described;
    struct error err = {ERROR_NONE, ""};

    ck_assert_ok(
        kafka_topic_describe(&settings, topic, ANSWER_MS, &described, &err),
        err);
    ck_assert_int_le(described.partitions, TOPIC_ENDS_MAX);
    return described.partitions;
}

struct topic_ends topic_ends_of(const char *topic)
{
    struct topic_ends ends = {.partitions = partitions_of(topic)};

    ask(topic, ends.partitions, "read_committed", ends.stable);
    ask(topic, ends.partitions, "read_uncommitted", ends.high);
    return ends;
}

int64_t topic_ends_sum(const char *topic)
{
    int64_t high[TOPIC_ENDS_MAX], sum = 0;
    int32_t partitions = partitions_of(topic);

    ask(topic, partitions, "read_uncommitted", high);
    for (int32_t p = 0; p < partitions; p++)
        sum += high[p];
    return sum;
}

void topic_ends_await_more(const char *topic, int64_t records,
                           unsigned timeout_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    int64_t wanted = topic_ends_sum(topic) + records;

    while (topic_ends_sum(topic) < wanted) {
        ck_assert_msg(clock_monotonic_ms() < deadline_ms,
                      "%s: nothing more after %u ms", topic, timeout_ms);
        clock_sleep_ms(20);
    }
}

void topic_ends_await_stable(const char *topic, unsigned timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(timeout_ms);

    for (;;) {
        struct topic_ends ends = topic_ends_of(topic);
        int32_t p = 0;
        while (p < ends.partitions && ends.stable[p] == ends.high[p])
            p++;
        if (p == ends.partitions)
            return;
        ck_assert_msg(clock_monotonic_ms() < deadline,
                      "%s[%d]: a transaction hangs: stable up to %" PRId64
                      ", high %" PRId64,
                      topic, (int)p, ends.stable[p], ends.high[p]);
        clock_sleep_ms(POLL_MS);
    }
}

static rd_kafka_resp_err_t ask_committed(rd_kafka_t *member, const char *topic,
                                         int32_t partitions, int64_t *committed)
{
    rd_kafka_topic_partition_list_t *all =
        rd_kafka_topic_partition_list_new(partitions);

    rd_kafka_topic_partition_list_add_range(all, topic, 0, partitions - 1);
    rd_kafka_resp_err_t error = rd_kafka_committed(member, all, ANSWER_MS);
    for (int i = 0; i < all->cnt; i++)
        committed[all->elems[i].partition] = all->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(all);
    return error;
}

void topic_ends_committed(const char *topic, const char *group,
                          int64_t committed[TOPIC_ENDS_MAX])
{
    rd_kafka_t *member = kafka_fixture_consumer(group, "read_committed");

    ck_assert_int_eq(
        ask_committed(member, topic, partitions_of(topic), committed), 0);
    close_client(member);
}

/* How much of the topic is not committed by the group. */
static int64_t lag_of(rd_kafka_t *member, const char *topic,
                      const struct topic_ends *ends)
{
    int64_t committed[TOPIC_ENDS_MAX], lag = 0;

    if (ask_committed(member, topic, ends->partitions, committed) != 0)
        return INT64_MAX;
    for (int32_t p = 0; p < ends->partitions; p++)
        lag += ends->high[p] - (committed[p] > 0 ? committed[p] : 0);
    return lag;
}

void topic_ends_await_group(const char *topic, const char *group,
                            unsigned timeout_ms)
{
    int64_t deadline = clock_monotonic_ms() + allowance_ms(timeout_ms);
    struct topic_ends ends = topic_ends_of(topic);
    rd_kafka_t *member = kafka_fixture_consumer(group, "read_committed");

    for (;;) {
        int64_t lag = lag_of(member, topic, &ends);
        if (lag == 0)
            break;
        ck_assert_msg(clock_monotonic_ms() < deadline,
                      "'%s' lags %" PRId64 " behind the end of '%s' after %u "
                      "ms",
                      group, lag, topic, timeout_ms);
        clock_sleep_ms(POLL_MS);
    }
    close_client(member);
}
