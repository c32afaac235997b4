#include "consumer/letters/redrive_letter.h"

#include "common/base/text.h"

#include "consumer/letters/letter_headers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool take_text(const struct record_header *header, const char *name,
                      char *out, size_t room)
{
    if (strcmp(header->name, name) != 0 || !header->value ||
        header->size >= room || memchr(header->value, '\0', header->size))
        return false;
    memcpy(out, header->value, header->size);
    out[header->size] = '\0';
    return true;
}

static int64_t number_of(const char *text)
{
    char *end;
    long long number = strtoll(text, &end, 10);

    return *text && *end == '\0' ? number : -1;
}

/* Notes what a header says about the letter. */
static void note(struct redrive_letter *letter,
                 const struct record_header *header)
{
    char text[32];

    (void)take_text(header, LETTER_TOPIC, letter->topic, sizeof(letter->topic));
    if (take_text(header, LETTER_REASON, text, sizeof(text)) && *text &&
        text[strspn(text, "abcdefghijklmnopqrstuvwxyz_")] == '\0')
        text_copy(letter->reason, sizeof(letter->reason), text);
    if (take_text(header, LETTER_PARTITION, text, sizeof(text))) {
        int64_t partition = number_of(text);
        letter->partition = partition >= 0 && partition <= INT32_MAX
                                ? (int32_t)partition
                                : PUBLISH_BY_KEY;
    }
    if (strcmp(header->name, LETTER_TRUNCATED) == 0 ||
        strcmp(header->name, LETTER_HEADERS_LEFT) == 0)
        letter->is_cut = true;
}

static void add(struct redrive_letter *letter, const char *name,
                const void *value, size_t size)
{
    letter->headers[letter->header_count++] =
        (struct record_header){name, value, size};
}

/* Written by an earlier return, and out of date. */
static bool is_of_return(const char *name)
{
    static const char *const names[] = {
        "topic",   "partition", "offset", "timestamp", "reason", "field",
        "message", "version",   "stage",  "letter",    "count"};

    if (!has_prefix(name, LETTER_RETURN_PREFIX))
        return false;
    name += strlen(LETTER_RETURN_PREFIX);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The record's own headers stay as they were; those of the letter get another
 * name. */
static void keep(struct redrive_letter *letter, size_t place,
                 const struct record_header *header)
{
    char *name = letter->names[place];

    if (has_prefix(header->name, LETTER_CONNECT_PREFIX) ||
        is_of_return(header->name) ||
        strcmp(header->name, LETTER_TRUNCATED) == 0)
        return;
    if (has_prefix(header->name, LETTER_ORIGINAL_PREFIX)) {
        add(letter, header->name + strlen(LETTER_ORIGINAL_PREFIX),
            header->value, header->size);
        return;
    }
    if (!has_prefix(header->name, LETTER_PREFIX)) {
        add(letter, header->name, header->value, header->size);
        return;
    }
    snprintf(name, sizeof(letter->names[place]), LETTER_RETURN_PREFIX "%s",
             header->name + strlen(LETTER_PREFIX));
    add(letter, name, header->value, header->size);
}

void redrive_letter_read(const struct message *message, const char *topic,
                         const struct record_header *headers, size_t count,
                         struct redrive_letter *out)
{
    char earlier[16] = "0";

    out->topic[0] = '\0';
    out->partition = PUBLISH_BY_KEY;
    out->is_cut = count > LETTER_HEADERS_MAX;
    out->header_count = 0;
    text_copy(out->reason, sizeof(out->reason), "unknown");
    for (size_t i = 0; i < count && i < LETTER_HEADERS_MAX; i++) {
        note(out, &headers[i]);
        (void)take_text(&headers[i], LETTER_RETURN_PREFIX "count", earlier,
                        sizeof(earlier));
        keep(out, i, &headers[i]);
    }
    snprintf(out->place, sizeof(out->place), "%s/%" PRId32 "/%" PRId64, topic,
             message->partition, message->offset);
    snprintf(out->count, sizeof(out->count), "%" PRId32,
             (int32_t)((number_of(earlier) + 1) & 0xffff));
    add(out, LETTER_RETURN_PREFIX "letter", out->place, strlen(out->place));
    add(out, LETTER_RETURN_PREFIX "count", out->count, strlen(out->count));
}
