/*
 * letter_headers.h - the headers of a dead letter, as it is written and as it
 * is read again. docs/event-schema.md describes them.
 */
#ifndef CONSUMER_LETTER_HEADERS_H
#define CONSUMER_LETTER_HEADERS_H

#define LETTER_PREFIX "pctr."
#define LETTER_TOPIC LETTER_PREFIX "topic"
#define LETTER_PARTITION LETTER_PREFIX "partition"
#define LETTER_OFFSET LETTER_PREFIX "offset"
#define LETTER_TIMESTAMP LETTER_PREFIX "timestamp"
#define LETTER_REASON LETTER_PREFIX "reason"
#define LETTER_FIELD LETTER_PREFIX "field"
#define LETTER_MESSAGE LETTER_PREFIX "message"
#define LETTER_VERSION LETTER_PREFIX "version"
#define LETTER_STAGE LETTER_PREFIX "stage"

/* How many of the record's headers did not fit; absent where all did. */
#define LETTER_HEADERS_LEFT LETTER_PREFIX "headers_left"

/* The value or the key was cut: "1". */
#define LETTER_TRUNCATED "truncated"

/* The same under the names that Kafka Connect's tools look for. */
#define LETTER_CONNECT_PREFIX "__connect.errors."

/* Stands before the name of a header of the record's own that is named like one
 * of the above, or that begins with this. */
#define LETTER_ORIGINAL_PREFIX "original."

/* What a letter said, on the record that went back. */
#define LETTER_RETURN_PREFIX "redrive."

#endif
