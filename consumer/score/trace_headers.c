#include "consumer/score/trace_headers.h"

#include <string.h>

enum { PARENT_SIZE = 55, HEADERS_SEEN_MAX = 32 };

static bool is_hex(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!((text[i] >= '0' && text[i] <= '9') ||
              (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return true;
}

static bool is_zero(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != '0')
            return false;
    return true;
}

/* 00-<32: trace id>-<16: parent id>-<2: flags> */
bool trace_parent_is_valid(const void *value, size_t size)
{
    const char *text = value;

    return size == PARENT_SIZE && memcmp(text, "00-", 3) == 0 &&
           is_hex(text + 3, 32) && !is_zero(text + 3, 32) && text[35] == '-' &&
           is_hex(text + 36, 16) && !is_zero(text + 36, 16) &&
           text[52] == '-' && is_hex(text + 53, 2);
}

/* The last one of the name, as Kafka's clients have it. */
static const struct record_header *find(const struct record_header *headers,
                                        size_t count, const char *name)
{
    while (count-- > 0)
        if (strcmp(headers[count].name, name) == 0)
            return &headers[count];
    return NULL;
}

size_t trace_headers(const struct message *message,
                     struct record_header out[TRACE_HEADERS_MAX])
{
    struct record_header seen[HEADERS_SEEN_MAX];
    size_t count = message_headers(message, seen, HEADERS_SEEN_MAX);

    if (count == 0)
        return 0;
    if (count > HEADERS_SEEN_MAX)
        count = HEADERS_SEEN_MAX;
    const struct record_header *parent = find(seen, count, "traceparent");
    if (!parent || !trace_parent_is_valid(parent->value, parent->size))
        return 0;
    out[0] = *parent;
    const struct record_header *state = find(seen, count, "tracestate");
    if (!state || state->size == 0 || state->size > TRACE_STATE_MAX)
        return 1;
    out[1] = *state;
    return 2;
}
