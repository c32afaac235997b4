/*
 * redrive_letter.h - what a dead letter says of itself, and the record it was.
 *
 * Plain data, borrowed from the message. The record gets the headers it had,
 * under the names it gave them; the letter's become redrive.topic, .partition,
 * .offset, .timestamp, .reason, .field, .message, .version and .stage, with
 * redrive.letter (where the dead letter is) and redrive.count (how often it
 * went back). Those of earlier returns are replaced.
 */
#ifndef CONSUMER_REDRIVE_LETTER_H
#define CONSUMER_REDRIVE_LETTER_H

#include "consumer/letters/redrive_account.h"
#include "consumer/read/message.h"

#include "producer/publisher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LETTER_HEADERS_MAX = 1100, /* more than a letter of ours has */
    LETTER_PLACE_SIZE = 300,
};

struct redrive_letter {
    char topic[250]; /* it came from; empty: it does not say */
    int32_t partition;
    char reason[REDRIVE_REASON_SIZE]; /* "unknown" where it does not say */
    bool is_cut; /* the value, the key or a header is not all there */
    struct record_header headers[LETTER_HEADERS_MAX + 2];
    char names[LETTER_HEADERS_MAX][32]; /* of those that were renamed */
    char place[LETTER_PLACE_SIZE], count[16];
    size_t header_count;
};

/* `headers` are the dead letter's own; `count` above LETTER_HEADERS_MAX makes
 * the letter one that is cut. */
void redrive_letter_read(const struct message *message, const char *topic,
                         const struct record_header *headers, size_t count,
                         struct redrive_letter *out);

#endif
