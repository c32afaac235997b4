#include "support/impression_feed.h"

#include "support/kafka_fixture.h"
#include "support/run_suite.h"
#include "support/topic_ends.h"

#include "producer/publisher.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 60000 };

static struct error err;

int64_t impression_feed_time(int64_t number)
{
    return INT64_C(1700000000000) + number;
}

struct impression impression_feed_event(const struct impression_feed *feed,
                                        int64_t number, char ad[AD_TEXT_SIZE])
{
    int size = snprintf(ad, AD_TEXT_SIZE, "ad%d", (int)(number % feed->ads));

    return (struct impression){.id = id_from_number(number),
                               .user = id_from_number(number % feed->users),
                               .ad = id_from_text(ad, (size_t)size),
                               .ts_ms = impression_feed_time(number)};
}

static void send_one(const struct impression_feed *feed,
                     struct publisher *publisher, int64_t number,
                     struct buffer *bytes)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    char ad[AD_TEXT_SIZE];
    struct impression event = impression_feed_event(feed, number, ad);

    buffer_clear(bytes);
    event_encode_impression(&fields, &event, NULL, 0, bytes);
    struct outgoing record = {.partition = (int32_t)(number % feed->partitions),
                              .key = "key",
                              .key_size = 3,
                              .value = bytes->bytes,
                              .value_size = bytes->size,
                              .timestamp_ms = event.ts_ms};
    ck_assert_ok(publisher_send(publisher, &record, &err), err);
}

void impression_feed_send(const struct impression_feed *feed, int64_t first,
                          int64_t next, enum feed_end end)
{
    struct publisher_config config = {.kafka = kafka_fixture_settings(),
                                      .topics = {feed->topic, NULL}};
    struct publisher *publisher = NULL;
    struct buffer bytes = {0};

    if (end != FEED_PLAIN)
        strcpy(config.transactional_id, feed->topic);
    ck_assert_ok(publisher_open(&config, &publisher, &err), err);
    if (end != FEED_PLAIN)
        ck_assert_int_eq(publisher_begin(publisher, &err), PUBLISHER_OK);
    for (int64_t number = first; number < next; number++)
        send_one(feed, publisher, number, &bytes);
    if (end == FEED_PLAIN)
        ck_assert_ok(publisher_flush(publisher, WAIT_MS, &err), err);
    else
        ck_assert_int_eq(end == FEED_COMMITS ? publisher_commit(publisher, &err)
                                             : publisher_abort(publisher, &err),
                         PUBLISHER_OK);
    publisher_close(publisher);
    buffer_free(&bytes);
    /* The markers of the transaction may be written after its end is told. */
    topic_ends_await_stable(feed->topic, WAIT_MS);
}
