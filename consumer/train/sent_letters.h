/*
 * sent_letters.h - which labels are dead letters already.
 *
 * A trainer that starts reads its topics from the beginning, and meets the same
 * bad labels again. Their letters are on the dead-letter topic, which is read
 * once, when the first bad label is met. One thread.
 */
#ifndef CONSUMER_SENT_LETTERS_H
#define CONSUMER_SENT_LETTERS_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sent_letter {
    int32_t partition;
    int64_t offset;
};

/* Zeroed is empty and valid. */
struct sent_letters {
    struct sent_letter *list; /* in order */
    size_t count, room;
};

/* Reads the dead letters whose records come from `topic`. After a failure
 * *out is empty. ERROR_TEMPORARY: not within 60 s. */
int sent_letters_read(const struct kafka_settings *kafka,
                      const char *dead_letters, const char *topic,
                      struct sent_letters *out, struct error *err) MUST_CHECK;

/* Before the first question they are put in order with sent_letters_sort(). */
int sent_letters_add(struct sent_letters *letters, struct sent_letter letter,
                     struct error *err) MUST_CHECK;
void sent_letters_sort(struct sent_letters *letters);
bool sent_letters_has(const struct sent_letters *letters,
                      struct sent_letter letter);

void sent_letters_free(struct sent_letters *letters);

#endif
