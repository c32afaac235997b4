#include "support/poison.h"
#include "support/one_event.h"

#include "common/base/random.h"
#include "common/event/event_codec.h"

#include <check.h>
#include <string.h>

enum { DEEP = 5000, RANDOM_MAX = 200 };

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

static void append_text(struct buffer *out, const char *bytes, size_t size)
{
    buffer_append(out, bytes, size);
}
#define APPEND(out, text) append_text(out, text, sizeof(text) - 1)

static uint64_t below(uint64_t *state, uint64_t limit)
{
    return random_next(state) % limit;
}

static void good_event(uint64_t *state, struct buffer *out)
{
    struct impression event = {.id = id_from_number(1),
                               .user = id_from_text("somebody", 8),
                               .ad =
                                   id_from_number((int64_t)below(state, 1000)),
                               .ts_ms = 1700000000000};

    event_encode_impression(&fields, &event, NULL, 0, out);
}

static void tombstone(uint64_t *state, struct buffer *out)
{
    (void)state;
    (void)out;
}

/* Mostly no msgpack at all. */
static void random_bytes(uint64_t *state, struct buffer *out)
{
    size_t size = 1 + below(state, RANDOM_MAX);
    uint8_t *bytes = buffer_reserve(out, size);

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_next(state);
    bytes[0] |= 0x80; /* text would be read as JSON */
    out->size += size;
}

static void truncated(uint64_t *state, struct buffer *out)
{
    good_event(state, out);
    out->size = 1 + below(state, out->size - 1);
}

static void trailing(uint64_t *state, struct buffer *out)
{
    good_event(state, out);
    APPEND(out, "\xc0");
}

static void never_used(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\xc1");
}

static void an_array(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\x93\x01\x02\x03");
}

static void json(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "{\"id\":1}"); /* JSON is read too; the user is not there */
}

static void no_ad(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\x83\xa2id\x01\xa2ts\x01\xa4user\x01");
}

static void user_is_nil(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\x84\xa2id\x01\xa2ts\x01\xa4user\xc0\xa2"
                "ad\x01");
}

static void before_1970(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\x84\xa2id\x01\xa2ts\xff\xa4user\x01\xa2"
                "ad\x01");
}

static void id_is_empty(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\x84\xa2id\xa0\xa2ts\x01\xa4user\x01\xa2"
                "ad\x01");
}

static void two_ids(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\x85\xa2id\x01\xa2id\x01\xa2ts\x01\xa4user\x01\xa2"
                "ad\x01");
}

static void array_of_4g(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\xdd\xff\xff\xff\xff");
}

static void map_of_4g(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\xdf\xff\xff\xff\xff");
}

static void text_of_4g(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\x81\xdb\xff\xff\xff\xff");
}

static void fill(struct buffer *out, size_t size, int byte)
{
    memset(buffer_reserve(out, size), byte, size);
    out->size += size;
}

static void deep(uint64_t *state, struct buffer *out)
{
    (void)state;
    APPEND(out, "\x81\xa1z");
    fill(out, DEEP, 0x91);
    APPEND(out, "\xc0");
}

/* An array that holds what it promises. */
static void nils(uint64_t *state, struct buffer *out)
{
    const uint32_t count = POISON_LARGE_BYTES;
    const uint8_t head[] = {0xdd, (uint8_t)(count >> 24),
                            (uint8_t)(count >> 16), (uint8_t)(count >> 8),
                            (uint8_t)count};

    (void)state;
    buffer_append(out, head, sizeof(head));
    fill(out, count, 0xc0);
}

static const struct {
    void (*make)(uint64_t *state, struct buffer *out);
    const char *reason; /* NULL: what the decoder finds */
} kinds[] = {
    {tombstone, "empty"},       {random_bytes, NULL},
    {truncated, "truncated"},   {trailing, "trailing"},
    {never_used, "invalid"},    {an_array, "not_a_map"},
    {json, "missing"},          {no_ad, "missing"},
    {user_is_nil, "type"},      {before_1970, "range"},
    {id_is_empty, "id_length"}, {two_ids, "repeated"},
    {array_of_4g, "truncated"}, {map_of_4g, "truncated"},
    {text_of_4g, "truncated"},  {deep, "too_deep"},
};

static const char *found_by_decoder(const struct buffer *bytes)
{
    struct impression event;
    enum event_fault fault =
        one_impression(&fields, bytes->bytes, bytes->size, &event, NULL);

    ck_assert_int_ne(fault, EVENT_OK);
    return event_fault_name(fault);
}

const char *poison_make(uint64_t number, uint64_t *random_state,
                        struct buffer *out)
{
    const size_t count = sizeof(kinds) / sizeof(kinds[0]);

    buffer_clear(out);
    if (number % POISON_LARGE_EVERY == POISON_LARGE_EVERY - 1) {
        nils(random_state, out);
        return "too_many";
    }
    kinds[number % count].make(random_state, out);
    return kinds[number % count].reason ? kinds[number % count].reason
                                        : found_by_decoder(out);
}
