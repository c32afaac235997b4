#include "consumer/read/message.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>

struct message message_of(const rd_kafka_message_t *from)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(from, &type);

    return (struct message){
        .value = from->payload,
        .key = from->key,
        .value_size = from->len,
        .key_size = from->key_len,
        .offset = from->offset,
        .timestamp_ms =
            type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp,
        .partition = from->partition,
        .handle = from,
    };
}

int message_unreadable(const rd_kafka_message_t *report, const char *topic,
                       struct error *err)
{
    const char *advice;

    switch (report->err) {
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
        advice = "the bytes on the broker's disk are damaged: mend them from a "
                 "replica, or take the records unchecked with "
                 "-X consumer.check.crcs=false";
        break;
    default:
        advice = "the batch is larger than this client takes, or damaged: "
                 "raise -X consumer.receive.message.max.bytes";
    }
    return error_set(err, ERROR_FORMAT,
                     "'%s' [%" PRId32 "] at offset %" PRId64 ": %s; %s", topic,
                     report->partition, report->offset,
                     rd_kafka_message_errstr(report), advice);
}

size_t message_headers(const struct message *message, struct record_header *out,
                       size_t max)
{
    rd_kafka_headers_t *headers = NULL;
    size_t count = 0;

    if (rd_kafka_message_headers(message->handle, &headers))
        return 0;
    while (count < max &&
           !rd_kafka_header_get_all(headers, count, &out[count].name,
                                    &out[count].value, &out[count].size))
        count++;
    return rd_kafka_header_cnt(headers);
}
