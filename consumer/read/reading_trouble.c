#include "consumer/read/reading_trouble.h"

#include "common/base/clock.h"
#include "common/kafka/kafka_client.h"

#include "consumer/read/message.h"
#include "consumer/read/offsets.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>

enum { GONE_MS = 15000 }; /* a topic that is made anew is away for less */

static bool says_gone(int code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

static void note_gone(struct reading_trouble *trouble)
{
    if (trouble->gone_since_ms == 0)
        trouble->gone_since_ms = clock_monotonic_ms();
}

void reading_trouble_hear(struct reading_trouble *trouble, int code)
{
    if (code == RD_KAFKA_RESP_ERR__BAD_MSG)
        trouble->is_oversized = true;
    else if (says_gone(code))
        note_gone(trouble);
}

int reading_trouble_take(struct reading_trouble *trouble,
                         const struct group_member *member,
                         const rd_kafka_message_t *report, struct error *err)
{
    enum error_code code = kafka_error_code((int)report->err);
    char why[256];

    if (report->err == RD_KAFKA_RESP_ERR__FATAL) {
        rd_kafka_resp_err_t cause =
            rd_kafka_fatal_error(member->client, why, sizeof(why));
        return error_set(err, kafka_error_code((int)cause), "consumer: %s",
                         why);
    }
    if (says_gone((int)report->err) && trouble->was_assigned) {
        note_gone(trouble);
        return 0;
    }
    if (code == ERROR_FORMAT || code == ERROR_LIMIT)
        return message_unreadable(report, member->topic, err);
    if (code == ERROR_AUTH || code == ERROR_CONFIG ||
        report->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return error_set(err, code, "consuming '%s' as group '%s': %s",
                         member->topic, member->group,
                         rd_kafka_message_errstr(report));
    return 0;
}

void reading_trouble_end(struct reading_trouble *trouble)
{
    trouble->gone_since_ms = 0;
}

static int ask_for_topic(struct reading_trouble *trouble,
                         const struct group_member *member, struct error *waits,
                         struct error *err)
{
    int32_t partitions;

    if (offsets_count_partitions(member->client, member->handle,
                                 member->timeout_ms, &partitions, err) < 0) {
        trouble->gone_since_ms += member->timeout_ms; /* asked again soon */
        return offsets_wait_or_fail(waits, err);
    }
    trouble->gone_since_ms = 0;
    if (partitions > 0)
        return 0;
    return error_set(err, ERROR_UNAVAILABLE,
                     "topic '%s' is gone: was it deleted?", member->topic);
}

static int name_oversized(const struct group_member *member,
                          const struct positions *positions, struct error *err)
{
    struct partition_offsets *list =
        calloc((size_t)positions->count + 1, sizeof(*list));
    size_t count = 0;

    if (!list)
        return error_no_memory(err, "the ends of partitions");
    for (int32_t i = 0; i < positions->count; i++)
        if (positions->list[i].is_assigned)
            list[count++] =
                (struct partition_offsets){.topic = member->topic,
                                           .partition = i,
                                           .at = positions->list[i].next};
    int status = offsets_name_oversized(member->client, list, count, err);
    free(list);
    return status;
}

int reading_trouble_look_after(struct reading_trouble *trouble,
                               const struct group_member *member,
                               const struct positions *positions,
                               struct error *waits, struct error *err)
{
    if (trouble->gone_since_ms != 0 &&
        clock_monotonic_ms() - trouble->gone_since_ms >= GONE_MS &&
        ask_for_topic(trouble, member, waits, err) < 0)
        return -1;
    if (!trouble->is_oversized || !trouble->is_dry)
        return 0;
    trouble->is_oversized = false;
    return name_oversized(member, positions, err);
}
