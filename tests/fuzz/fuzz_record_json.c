/*
 * fuzz_record_json.c - any record of any kind as JSON: one line, well formed,
 * and without a byte that a terminal would obey.
 */
#include "common/base/utf8.h"

#include "cli/json/record_json.h"

#include "pieces.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* --- A reader of JSON that knows its grammar and nothing else --------- */

static const uint8_t *value(const uint8_t *at, const uint8_t *end);

/* A record that is JSON keeps the blanks between its values. */
static const uint8_t *blanks(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

static const uint8_t *string(const uint8_t *at, const uint8_t *end)
{
    assert(at < end && *at == '"');
    for (at++; at < end && *at != '"'; at++) {
        if (*at != '\\')
            continue;
        at++;
        assert(at < end && strchr("\"\\/bfnrtu", *at) && *at);
        for (int i = 0; *at == 'u' && i < 4; i++)
            assert(at + 1 + i < end && isxdigit(at[1 + i]));
    }
    assert(at < end);
    return at + 1;
}

static const uint8_t *members(const uint8_t *at, const uint8_t *end)
{
    const uint8_t closing = *at == '{' ? '}' : ']';

    at = blanks(at + 1, end);
    if (at < end && *at == closing)
        return at + 1;
    for (;; at++) {
        if (closing == '}') {
            at = blanks(string(blanks(at, end), end), end);
            assert(at < end && *at == ':');
            at++;
        }
        at = blanks(value(blanks(at, end), end), end);
        assert(at < end && (*at == ',' || *at == closing));
        if (*at == closing)
            return at + 1;
    }
}

static const uint8_t *value(const uint8_t *at, const uint8_t *end)
{
    static const char *const words[] = {"null", "true", "false"};

    assert(at < end);
    if (*at == '{' || *at == '[')
        return members(at, end);
    if (*at == '"')
        return string(at, end);
    for (size_t i = 0; i < 3; i++)
        if ((size_t)(end - at) >= strlen(words[i]) &&
            memcmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    at += *at == '-';
    assert(at < end && isdigit(*at));
    while (at < end && *at && strchr("0123456789+-.eE", *at))
        at++;
    return at;
}

static void check_line(const struct buffer *line)
{
    const uint8_t *end = line->bytes + line->size;

    assert(!buffer_failed(line) && line->size > 1 && end[-1] == '\n');
    assert(blanks(value(line->bytes, end - 1), end - 1) == end - 1);
    for (size_t at = 0, step; at < line->size - 1; at += step) {
        step = utf8_sequence(line->bytes + at, line->size - at);
        assert(step > 0 && utf8_control(line->bytes + at, step) < 0);
    }
}

/* --- The record ------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct pieces pieces = {bytes, size};
    struct record_header headers[8];
    char names[8][16];
    struct message message = {.offset = 7};
    struct record record = {
        .topic = "t", .message = &message, .headers = headers};
    struct buffer line = {0};

    enum record_kind kind =
        (enum record_kind)(pieces_number(&pieces, 1) % (RECORD_MSGPACK + 1));
    record.header_count = (size_t)pieces_number(&pieces, 1) % 9;
    for (size_t i = 0; i < record.header_count; i++) {
        size_t length;
        const uint8_t *name = pieces_bytes(&pieces, 1, &length);
        snprintf(names[i], sizeof(names[i]), "%.*s", (int)length,
                 (const char *)name);
        headers[i].name = names[i];
        headers[i].value = pieces_bytes(&pieces, 1, &headers[i].size);
    }
    message.key = pieces_bytes(&pieces, 1, &message.key_size);
    message.value = pieces.bytes;
    message.value_size = pieces.size;
    struct record_readers readers;
    struct error why;
    if (record_readers_open(&fields, &readers, &why) < 0)
        abort();
    record_json(&record, kind, &readers, &line);
    record_readers_close(&readers);
    check_line(&line);
    buffer_free(&line);
    return 0;
}
