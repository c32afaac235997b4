#include "consumer/letters/dead_letter.h"

#include "common/base/version.h"

#include "consumer/letters/letter_headers.h"
#include "consumer/letters/letter_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OWN_HEADERS_MAX = 20,
    NUMBER_SIZE = 24,
    NAMES_SIZE = 65536, /* of headers that get another name */
};

struct dead_letter {
    char topic[250];
    char partition[NUMBER_SIZE], offset[NUMBER_SIZE], timestamp[NUMBER_SIZE];
    char left[NUMBER_SIZE];
    char text[LETTER_TEXT_SIZE];
    char names[NAMES_SIZE];
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

/* A name that the reader of a letter would take for one of the letter's. */
static bool is_ours(const char *name)
{
    return has_prefix(name, LETTER_PREFIX) ||
           has_prefix(name, LETTER_CONNECT_PREFIX) ||
           has_prefix(name, LETTER_ORIGINAL_PREFIX) ||
           strcmp(name, LETTER_TRUNCATED) == 0;
}

/* Keeps the record's own headers, as far as they fit into `room` bytes. Returns
 * how many do not. */
static size_t keep_headers(struct dead_letter *letter,
                           const struct message *message, size_t room)
{
    size_t count =
        message_headers(message, letter->headers, DEAD_LETTER_HEADERS_MAX);
    size_t kept = 0, named = 0;

    for (size_t i = 0; i < count && i < DEAD_LETTER_HEADERS_MAX; i++) {
        struct record_header header = letter->headers[i];
        size_t size = strlen(header.name) + header.size;
        if (is_ours(header.name)) {
            size_t more = sizeof(LETTER_ORIGINAL_PREFIX) + strlen(header.name);
            if (more > NAMES_SIZE - named)
                continue;
            snprintf(letter->names + named, more, LETTER_ORIGINAL_PREFIX "%s",
                     header.name);
            header.name = letter->names + named;
            named += more;
            size += sizeof(LETTER_ORIGINAL_PREFIX);
        }
        if (size > room)
            continue;
        room -= size;
        letter->headers[kept++] = header;
    }
    letter->header_count = kept;
    return count - kept;
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

static void add_cause(struct dead_letter *letter,
                      const struct dead_letter_cause *cause)
{
    add_header(letter, LETTER_TOPIC, letter->topic);
    add_header(letter, LETTER_PARTITION, letter->partition);
    add_header(letter, LETTER_OFFSET, letter->offset);
    add_header(letter, LETTER_TIMESTAMP, letter->timestamp);
    add_header(letter, LETTER_REASON, cause->reason);
    if (cause->field)
        add_header(letter, LETTER_FIELD, cause->field);
    add_header(letter, LETTER_MESSAGE, letter->text);
    add_header(letter, LETTER_VERSION, PCTR_VERSION);
    add_header(letter, LETTER_STAGE, cause->stage);
    /* The names that Kafka Connect's tools look for. */
    add_header(letter, LETTER_CONNECT_PREFIX "topic", letter->topic);
    add_header(letter, LETTER_CONNECT_PREFIX "partition", letter->partition);
    add_header(letter, LETTER_CONNECT_PREFIX "offset", letter->offset);
    add_header(letter, LETTER_CONNECT_PREFIX "exception.message", letter->text);
    add_header(letter, LETTER_CONNECT_PREFIX "stage", cause->stage);
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

    size_t left = keep_headers(letter, message,
                               DEAD_LETTER_ALL_MAX - key_size - value_size);
    print_position(letter, message);
    if (cause->text)
        snprintf(letter->text, sizeof(letter->text), "%s", cause->text);
    else
        letter_text(cause->reason, cause->field, message->value,
                    message->value_size, letter->text);
    add_cause(letter, cause);
    if (left > 0) {
        snprintf(letter->left, sizeof(letter->left), "%zu", left);
        add_header(letter, LETTER_HEADERS_LEFT, letter->left);
    }
    if (key_size < message->key_size || value_size < message->value_size)
        add_header(letter, LETTER_TRUNCATED, "1");

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
