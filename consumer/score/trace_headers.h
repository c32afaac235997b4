/*
 * trace_headers.h - W3C trace context, carried from an impression to its
 * prediction.
 */
#ifndef CONSUMER_TRACE_HEADERS_H
#define CONSUMER_TRACE_HEADERS_H

#include "consumer/read/message.h"

#include "producer/publisher.h"

#include <stdbool.h>
#include <stddef.h>

enum { TRACE_HEADERS_MAX = 2, TRACE_STATE_MAX = 512 };

/* Version 00: 55 characters, lower-case hexadecimal, ids not all zero. */
bool trace_parent_is_valid(const void *value, size_t size);

/* traceparent, and tracestate with it; none where the parent is missing or
 * malformed. Borrowed as the message is. */
size_t trace_headers(const struct message *message,
                     struct record_header out[TRACE_HEADERS_MAX]);

#endif
