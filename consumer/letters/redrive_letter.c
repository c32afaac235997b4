#include "consumer/letters/redrive_letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OURS "pctr."
#define TWINS "__connect.errors."
#define PROVENANCE "redrive."

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

/* What the letter says of itself. */
static void note(struct redrive_letter *letter,
                 const struct record_header *header)
{
    char text[32];

    (void)take_text(header, "pctr.topic", letter->topic, sizeof(letter->topic));
    if (take_text(header, "pctr.reason", text, sizeof(text)) && *text &&
        text[strspn(text, "abcdefghijklmnopqrstuvwxyz_")] == '\0')
        strcpy(letter->reason, text);
    if (take_text(header, "pctr.partition", text, sizeof(text))) {
        int64_t partition = number_of(text);
        letter->partition = partition >= 0 && partition <= INT32_MAX
                                ? (int32_t)partition
                                : PUBLISH_BY_KEY;
    }
    if (strcmp(header->name, "truncated") == 0)
        letter->truncated = true;
}

static void add(struct redrive_letter *letter, const char *name,
                const void *value, size_t size)
{
    letter->headers[letter->header_count++] =
        (struct record_header){name, value, size};
}

/* The record's own as they are, ours with another name; what earlier returns
 * wrote is out of date. */
static void keep(struct redrive_letter *letter, size_t place,
                 const struct record_header *header)
{
    char *name = letter->names[place];

    if (has_prefix(header->name, TWINS) ||
        has_prefix(header->name, PROVENANCE) ||
        strcmp(header->name, "truncated") == 0)
        return;
    if (!has_prefix(header->name, OURS)) {
        add(letter, header->name, header->value, header->size);
        return;
    }
    snprintf(name, sizeof(letter->names[place]), PROVENANCE "%s",
             header->name + strlen(OURS));
    add(letter, name, header->value, header->size);
}

void redrive_letter_read(const struct message *message, const char *topic,
                         const struct record_header *headers, size_t count,
                         struct redrive_letter *out)
{
    char earlier[16] = "0";

    out->topic[0] = '\0';
    out->partition = PUBLISH_BY_KEY;
    out->truncated = false;
    out->header_count = 0;
    strcpy(out->reason, "unknown");
    for (size_t i = 0; i < count && i < LETTER_HEADERS_MAX; i++) {
        note(out, &headers[i]);
        (void)take_text(&headers[i], PROVENANCE "count", earlier,
                        sizeof(earlier));
        keep(out, i, &headers[i]);
    }
    snprintf(out->place, sizeof(out->place), "%s/%" PRId32 "/%" PRId64, topic,
             message->partition, message->offset);
    snprintf(out->count, sizeof(out->count), "%" PRId32,
             (int32_t)((number_of(earlier) + 1) & 0xffff));
    add(out, PROVENANCE "letter", out->place, strlen(out->place));
    add(out, PROVENANCE "count", out->count, strlen(out->count));
}
