#include "support/attacker.h"

#include "support/poison.h"
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/event/event_codec.h"

#include "producer/publisher.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAIT_MS = 60000,
    MINUTE_MS = 60 * 1000,
    AHEAD_MS = 55 * MINUTE_MS, /* brokers take an hour */
    HEADERS = 40,
    HEADER_BYTES = 2000,
    LARGE_BYTES = 990000, /* clients send a million, with all around it */
    LARGE_EVERY = 8,      /* of the turns of that kind */
    HUGE_ID_BYTES = 1 << 16,
    FLOOD_BYTES = 40,
    NO_TIME = -1,
};

struct attacker {
    const struct pipeline *pipe;
    struct publisher *publisher;
    uint64_t random, turn, poisons, ids, own;
    int64_t users, ads;
    char text[ID_TEXT_MAX + 1]; /* of an id */
    struct buffer bytes;
    struct attacker_books books;
};

/* One record on its way. */
struct blow {
    int64_t now_ms, record_ms;
    size_t header_count;
    bool is_event;
};

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct error err;

static uint64_t below(struct attacker *attacker, uint64_t limit)
{
    return random_next(&attacker->random) % limit;
}

/* --- Events ----------------------------------------------------------- */

static struct id own_id(struct attacker *attacker, uint64_t number)
{
    snprintf(attacker->text, sizeof(attacker->text), "own-%" PRIu64, number);
    return id_from_text(attacker->text, strlen(attacker->text));
}

/* An impression by an honest user of an honest ad. */
static void impression(struct attacker *attacker, struct blow *blow,
                       int64_t event_ms, int64_t record_ms)
{
    struct impression event = {
        .id = own_id(attacker, attacker->ids++),
        .user =
            id_from_number((int64_t)below(attacker, (uint64_t)attacker->users)),
        .ad = id_from_number((int64_t)below(attacker, (uint64_t)attacker->ads)),
        .ts_ms = event_ms};

    event_encode_impression(&fields, &event, NULL, 0, &attacker->bytes);
    blow->record_ms = record_ms;
    blow->is_event = true;
}

static void label_of(struct attacker *attacker, struct blow *blow,
                     const char *id, int64_t event_ms, int64_t record_ms)
{
    struct label event = {
        .id = id_from_text(id, strlen(id)), .ts_ms = event_ms, .click = 1};

    event_encode_label(&fields, &event, &attacker->bytes);
    blow->record_ms = record_ms;
    blow->is_event = true;
}

/* A label of nobody. */
static void label(struct attacker *attacker, struct blow *blow,
                  int64_t event_ms, int64_t record_ms)
{
    char id[32];

    snprintf(id, sizeof(id), "nobody-%" PRIx64, random_next(&attacker->random));
    label_of(attacker, blow, id, event_ms, record_ms);
}

typedef void event_fn(struct attacker *attacker, struct blow *blow,
                      int64_t event_ms, int64_t record_ms);

/* --- Times, of impressions and of labels ------------------------------ */

#define TIME_KIND(name, event_ms, record_ms)                                   \
    static void name(struct attacker *attacker, struct blow *blow,             \
                     event_fn *make)                                           \
    {                                                                          \
        make(attacker, blow, event_ms, record_ms);                             \
    }

TIME_KIND(year_9999, EVENT_TIME_MAX_MS, blow->now_ms)
TIME_KIND(year_9999_without_record_time, EVENT_TIME_MAX_MS, NO_TIME)
TIME_KIND(all_ahead, blow->now_ms + AHEAD_MS, blow->now_ms + AHEAD_MS)
TIME_KIND(record_ahead, blow->now_ms, blow->now_ms + AHEAD_MS)
TIME_KIND(event_ahead, blow->now_ms + 20 * MINUTE_MS, blow->now_ms)
TIME_KIND(zero, 0, 1)
TIME_KIND(seconds, blow->now_ms / 1000, blow->now_ms / 1000)
TIME_KIND(event_in_seconds, blow->now_ms / 1000, blow->now_ms)
TIME_KIND(untimed, blow->now_ms + AHEAD_MS, NO_TIME)
TIME_KIND(day_before, blow->now_ms - 24 * 60 * MINUTE_MS,
          blow->now_ms - 24 * 60 * MINUTE_MS)
TIME_KIND(in_time, blow->now_ms, blow->now_ms)

typedef void time_fn(struct attacker *attacker, struct blow *blow,
                     event_fn *make);

static time_fn *const times[] = {
    year_9999,   year_9999_without_record_time,
    all_ahead,   record_ahead,
    event_ahead, zero,
    seconds,     event_in_seconds,
    untimed,     day_before,
    in_time,
};

/* --- Bytes, on either topic ------------------------------------------- */

static void append(struct attacker *attacker, const void *bytes, size_t size)
{
    buffer_append(&attacker->bytes, bytes, size);
}

static void append_fill(struct attacker *attacker, size_t size)
{
    memset(buffer_reserve(&attacker->bytes, size), 'x', size);
    attacker->bytes.size += size;
}

#define APPEND(attacker, text) append(attacker, text, sizeof(text) - 1)

/* {"id": x, "ts": 1, "user": 1, "ad": 1, "click": 1}: an event of both kinds,
 * but for what stands in place of x. */
static void around(struct attacker *attacker, const void *head, size_t size,
                   size_t fill)
{
    APPEND(attacker, "\x85\xa2id");
    append(attacker, head, size);
    append_fill(attacker, fill);
    APPEND(attacker, "\xa2ts\x01\xa4user\x01\xa2"
                     "ad\x01\xa5"
                     "click\x01");
}

static void poison(struct attacker *attacker, struct blow *blow)
{
    uint64_t number = attacker->poisons++;

    (void)blow;
    if (number % POISON_LARGE_EVERY == POISON_LARGE_EVERY - 1)
        number = attacker->poisons++; /* those are large_value()'s */
    poison_make(number, &attacker->random, &attacker->bytes);
}

static void huge_id(struct attacker *attacker, struct blow *blow)
{
    (void)blow;
    around(attacker, "\xdb\x00\x01\x00\x00", 5, HUGE_ID_BYTES);
}

static void id_over_the_limit(struct attacker *attacker, struct blow *blow)
{
    (void)blow;
    around(attacker, "\xda\x01\x00", 3, 256);
}

static void negative_time(struct attacker *attacker, struct blow *blow)
{
    (void)blow;
    APPEND(attacker, "\x85\xa2id\x01\xa2ts\xff\xa4user\x01\xa2"
                     "ad\x01\xa5"
                     "click\x01");
}

static void large_value(struct attacker *attacker, struct blow *blow)
{
    (void)blow;
    append(attacker, "\xc1", 1);
    append_fill(attacker, attacker->turn / LARGE_EVERY % LARGE_EVERY
                              ? 5000
                              : LARGE_BYTES);
}

static void many_headers(struct attacker *attacker, struct blow *blow)
{
    append(attacker, "\xc1", 1);
    blow->header_count = HEADERS;
}

static void nothing(struct attacker *attacker, struct blow *blow)
{
    (void)attacker;
    (void)blow;
}

static void (*const junk[])(struct attacker *attacker, struct blow *blow) = {
    poison,      huge_id,      id_over_the_limit, negative_time,
    large_value, many_headers, nothing,
};

/* --- Ids, of impressions ---------------------------------------------- */

/* Each pair of letters can be either of two that hash alike where a hash is
 * 31 times the one before, plus the letter. */
static void colliding(struct attacker *attacker, struct blow *blow)
{
    char id[41] = "";
    uint64_t bits = random_next(&attacker->random);

    for (int i = 0; i < 20; i++)
        strcat(id, bits >> i & 1 ? "Aa" : "BB");
    struct impression event = {.id = id_from_text(id, 40),
                               .user = id_from_text(id, 40),
                               .ad = id_from_text(id, 40),
                               .ts_ms = blow->now_ms};
    event_encode_impression(&fields, &event, NULL, 0, &attacker->bytes);
    blow->is_event = true;
}

static void long_and_strange(struct attacker *attacker, struct blow *blow)
{
    static const char strange[] = "\x1b[2J\r\n=1+1,\"<b>%s";

    for (size_t i = 0; i < ID_TEXT_MAX; i++)
        attacker->text[i] = strange[i % (sizeof(strange) - 1)];
    struct id id = id_from_text(attacker->text, ID_TEXT_MAX);
    struct impression event = {
        .id = id, .user = id, .ad = id, .ts_ms = blow->now_ms};
    event_encode_impression(&fields, &event, NULL, 0, &attacker->bytes);
    blow->is_event = true;
}

static void (*const ids[])(struct attacker *attacker,
                           struct blow *blow) = {colliding, long_and_strange};

/* --- Sending ---------------------------------------------------------- */

static void send_blow(struct attacker *attacker, size_t topic,
                      int32_t partition, const struct blow *blow)
{
    static const char *const names[] = {"pctr.offset", "pctr.partition",
                                        "truncated", "original.x",
                                        "traceparent"};
    static char filler[HEADER_BYTES];
    struct record_header headers[HEADERS];

    for (size_t i = 0; i < blow->header_count; i++)
        headers[i] = (struct record_header){names[i % 5], filler, HEADER_BYTES};
    struct outgoing out = {.topic = topic,
                           .partition = partition,
                           .value = attacker->bytes.size ? attacker->bytes.bytes
                                                         : NULL,
                           .value_size = attacker->bytes.size,
                           .timestamp_ms = blow->record_ms,
                           .headers = headers,
                           .header_count = blow->header_count};
    ck_assert_ok(publisher_send(attacker->publisher, &out, &err), err);
    buffer_clear(&attacker->bytes);

    struct attacker_books *books = &attacker->books;
    if (topic == 0)
        *(blow->is_event ? &books->impressions : &books->bad_impressions) += 1;
    else
        *(blow->is_event ? &books->labels : &books->bad_labels) += 1;
}

static struct blow blow_at(int64_t now_ms)
{
    return (struct blow){.now_ms = now_ms, .record_ms = now_ms};
}

static int32_t any_partition(struct attacker *attacker)
{
    return (int32_t)below(attacker, (uint64_t)attacker->pipe->partitions);
}

/* Clicks on its own impression, in time. */
static void send_own_pair(struct attacker *attacker, int64_t now_ms)
{
    struct blow blow = blow_at(now_ms);
    char id[32];

    snprintf(id, sizeof(id), "own-%" PRIu64, attacker->ids);
    impression(attacker, &blow, now_ms, now_ms);
    send_blow(attacker, 0, any_partition(attacker), &blow);
    label_of(attacker, &blow, id, now_ms + 1000, now_ms + 1000);
    send_blow(attacker, 1, any_partition(attacker), &blow);
    attacker->books.own_clicks++;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

void attacker_strike(struct attacker *attacker, int64_t now_ms)
{
    const size_t kinds = COUNT(times) + COUNT(junk) + COUNT(ids) + 1;
    size_t kind = attacker->turn++ % kinds;

    if (kind == kinds - 1) {
        send_own_pair(attacker, now_ms);
        return;
    }
    for (size_t topic = 0; topic < 2; topic++) {
        struct blow blow = blow_at(now_ms);
        if (kind < COUNT(times))
            times[kind](attacker, &blow, topic == 0 ? impression : label);
        else if (kind < COUNT(times) + COUNT(junk))
            junk[kind - COUNT(times)](attacker, &blow);
        else if (topic == 0)
            ids[kind - COUNT(times) - COUNT(junk)](attacker, &blow);
        else
            continue;
        send_blow(attacker, topic, any_partition(attacker), &blow);
    }
}

void attacker_flood(struct attacker *attacker, int32_t partition, int count,
                    int64_t now_ms)
{
    for (int i = 0; i < 2 * count; i++) {
        struct blow blow = blow_at(now_ms);
        append(attacker, "\xc1", 1);
        append_fill(attacker, below(attacker, FLOOD_BYTES));
        send_blow(attacker, (size_t)i % 2, partition, &blow);
    }
}

struct attacker *attacker_open(const struct pipeline *pipe, uint64_t seed,
                               int64_t users, int64_t ads)
{
    struct attacker *attacker = calloc(1, sizeof(*attacker));
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .linger_ms = 5,
                                      .topics = {pipe->names[PIPE_IMPRESSIONS],
                                                 pipe->names[PIPE_LABELS],
                                                 NULL}};

    ck_assert_ptr_nonnull(attacker);
    attacker->pipe = pipe;
    attacker->random = seed;
    attacker->users = users;
    attacker->ads = ads;
    ck_assert_ok(publisher_open(&config, &attacker->publisher, &err), err);
    return attacker;
}

struct attacker_books attacker_close(struct attacker *attacker)
{
    struct attacker_books books = attacker->books;

    ck_assert_ok(publisher_flush(attacker->publisher, WAIT_MS, &err), err);
    publisher_close(attacker->publisher);
    buffer_free(&attacker->bytes);
    free(attacker);
    return books;
}
