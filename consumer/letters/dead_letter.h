/*
 * dead_letter.h - a record that cannot be used, with the reason beside it.
 *
 * Value, key and headers go as they came; what would be too large for the
 * broker is cut and marked, because a dead letter that cannot be sent would
 * stop its partition for good. docs/event-schema.md lists the headers. One
 * thread.
 */
#ifndef CONSUMER_DEAD_LETTER_H
#define CONSUMER_DEAD_LETTER_H

#include "common/base/error.h"

#include "consumer/read/message.h"

#include "producer/publisher.h"

#include <stddef.h>
#include <stdint.h>

struct dead_letter;

enum {
    DEAD_LETTER_BYTES_MAX = 900000, /* key and value together */
    DEAD_LETTER_KEY_MAX = 65536,    /* a longer key is cut */
    DEAD_LETTER_HEADERS_MAX = 64,   /* of the record; further ones are left */
    DEAD_LETTER_HEADER_BYTES_MAX = 32768,
};

struct dead_letter_cause {
    const char *stage;  /* "score" or "train" */
    const char *reason; /* a stable word: "truncated" */
    const char *field;  /* it is about; NULL when about none */
    const char *text;   /* NULL: made of reason and field */
};

/* `topic` is where the records come from. */
int dead_letter_new(const char *topic, struct dead_letter **out,
                    struct error *err) MUST_CHECK;

/* Fills everything of *out but topic and partition; valid until the next
 * write and as long as the message is. */
void dead_letter_write(struct dead_letter *letter,
                       const struct message *message,
                       const struct dead_letter_cause *cause,
                       struct outgoing *out);

void dead_letter_free(struct dead_letter *letter);

#endif
