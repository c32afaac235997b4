/*
 * event_message.h - a message as the readers of events see it.
 */
#ifndef CONSUMER_EVENT_MESSAGE_H
#define CONSUMER_EVENT_MESSAGE_H

#include "common/event/event_reader.h"

#include "consumer/read/message.h"

/* Puts the headers that the reader wants into `headers`, the newest of each
 * name. Borrowed as the message is. */
void event_message_headers(const struct message *message,
                           const struct event_reader *reader,
                           struct span headers[EVENT_PLAN_MAX]);

/* The record that the reader reads of a message. It borrows the message, and
 * `headers` where the reader wants some. */
static inline struct event_record
event_message_record(const struct message *message,
                     const struct event_reader *reader,
                     struct span headers[EVENT_PLAN_MAX])
{
    const bool has_headers = event_reader_has_headers(reader);

    if (has_headers)
        event_message_headers(message, reader, headers);
    return (struct event_record){
        .value = message->value,
        .key = message->key,
        .value_size = message->value_size,
        .key_size = message->key_size,
        .timestamp_ms = message->timestamp_ms,
        .partition = message->partition,
        .headers = has_headers ? headers : NULL,
    };
}

#endif
