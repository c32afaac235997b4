#include "consumer/letters/dead_letter.h"

#include "common/base/version.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OWN_HEADERS_MAX = 20, NUMBER_SIZE = 24, TEXT_SIZE = 512 };

struct dead_letter {
    char topic[250];
    char partition[NUMBER_SIZE], offset[NUMBER_SIZE], timestamp[NUMBER_SIZE];
    char text[TEXT_SIZE];
    struct record_header headers[DEAD_LETTER_HEADERS_MAX + OWN_HEADERS_MAX];
    size_t header_count;
};

int dead_letter_new(const char *topic, struct dead_letter **out,
                    struct error *err)
{
    struct dead_letter *letter = calloc(1, sizeof(*letter));

    if (!letter)
        return error_no_memory(err, "the dead letter");
    snprintf(letter->topic, sizeof(letter->topic), "%s", topic);
    *out = letter;
    return 0;
}

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Written by an earlier pass over the same record, before it was redriven. */
static bool is_ours(const char *name)
{
    return has_prefix(name, "pctr.") || has_prefix(name, "__connect.errors.") ||
           strcmp(name, "truncated") == 0;
}

/* Keeps the record's own headers, as far as they fit. */
static void keep_headers(struct dead_letter *letter,
                         const struct message *message)
{
    size_t count =
        message_headers(message, letter->headers, DEAD_LETTER_HEADERS_MAX);
    size_t kept = 0, bytes = 0;

    if (count > DEAD_LETTER_HEADERS_MAX)
        count = DEAD_LETTER_HEADERS_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct record_header *header = &letter->headers[i];
        size_t size = strlen(header->name) + header->size;
        if (is_ours(header->name) ||
            bytes + size > DEAD_LETTER_HEADER_BYTES_MAX)
            continue;
        bytes += size;
        letter->headers[kept++] = *header;
    }
    letter->header_count = kept;
}

static void add_header(struct dead_letter *letter, const char *name,
                       const char *text)
{
    letter->headers[letter->header_count++] =
        (struct record_header){name, text, strlen(text)};
}

static void print_position(struct dead_letter *letter,
                           const struct message *message)
{
    snprintf(letter->partition, NUMBER_SIZE, "%" PRId32, message->partition);
    snprintf(letter->offset, NUMBER_SIZE, "%" PRId64, message->offset);
    snprintf(letter->timestamp, NUMBER_SIZE, "%" PRId64, message->timestamp_ms);
}

static void print_text(struct dead_letter *letter,
                       const struct dead_letter_cause *cause)
{
    if (cause->text)
        snprintf(letter->text, TEXT_SIZE, "%s", cause->text);
    else if (cause->field)
        snprintf(letter->text, TEXT_SIZE, "field '%s': %s", cause->field,
                 cause->reason);
    else
        snprintf(letter->text, TEXT_SIZE, "%s", cause->reason);
}

static void add_cause(struct dead_letter *letter,
                      const struct dead_letter_cause *cause)
{
    add_header(letter, "pctr.topic", letter->topic);
    add_header(letter, "pctr.partition", letter->partition);
    add_header(letter, "pctr.offset", letter->offset);
    add_header(letter, "pctr.timestamp", letter->timestamp);
    add_header(letter, "pctr.reason", cause->reason);
    if (cause->field)
        add_header(letter, "pctr.field", cause->field);
    add_header(letter, "pctr.message", letter->text);
    add_header(letter, "pctr.version", PCTR_VERSION);
    add_header(letter, "pctr.stage", cause->stage);
    /* The names that Kafka Connect's tools look for. */
    add_header(letter, "__connect.errors.topic", letter->topic);
    add_header(letter, "__connect.errors.partition", letter->partition);
    add_header(letter, "__connect.errors.offset", letter->offset);
    add_header(letter, "__connect.errors.exception.message", letter->text);
    add_header(letter, "__connect.errors.stage", cause->stage);
}

void dead_letter_write(struct dead_letter *letter,
                       const struct message *message,
                       const struct dead_letter_cause *cause,
                       struct outgoing *out)
{
    size_t key_size = message->key_size;
    size_t value_size = message->value_size;

    if (key_size > DEAD_LETTER_KEY_MAX)
        key_size = DEAD_LETTER_KEY_MAX;
    if (value_size > DEAD_LETTER_BYTES_MAX - key_size)
        value_size = DEAD_LETTER_BYTES_MAX - key_size;

    keep_headers(letter, message);
    print_position(letter, message);
    print_text(letter, cause);
    add_cause(letter, cause);
    if (key_size < message->key_size || value_size < message->value_size)
        add_header(letter, "truncated", "1");

    out->key = message->key;
    out->key_size = key_size;
    out->value = message->value;
    out->value_size = value_size;
    out->timestamp_ms = 0; /* a copied one may be refused by the broker */
    out->headers = letter->headers;
    out->header_count = letter->header_count;
}

void dead_letter_free(struct dead_letter *letter)
{
    free(letter);
}
