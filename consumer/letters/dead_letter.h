/*
 * dead_letter.h - a record that cannot be used, with the reason beside it.
 *
 * Value, key and headers go as they came. Whatever would make the letter too
 * large for the broker is cut or left out, and marked, because a dead letter
 * that cannot be sent would stop its partition for good. A header of the
 * record's own that is named like one of ours is kept under another name
 * (letter_headers.h). docs/event-schema.md lists the headers. One thread.
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
    DEAD_LETTER_HEADERS_MAX = 1024, /* of the record; more are left out */
    DEAD_LETTER_ALL_MAX = 960000,   /* key, value and the record's headers */
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
