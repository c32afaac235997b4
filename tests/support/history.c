#include "support/history.h"

#include "support/run_suite.h"

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/event/event_codec.h"

#include "producer/publisher.h"

enum { STEP_MS = 1000, LINGER_MS = 5, WAIT_MS = 60000, AGE_HOURS = 240 };

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct error err;

void history_open(struct history *history)
{
    pipeline_create(&history->way, HISTORY_PARTITIONS);
    history->start_ms =
        (clock_wall_ms() - INT64_C(3600000) * AGE_HOURS) / 1000 * 1000;
    struct publisher_config config = {
        .kafka = kafka_fixture_settings(),
        .linger_ms = LINGER_MS,
        .topics = {history->way.names[PIPE_IMPRESSIONS],
                   history->way.names[PIPE_LABELS], NULL}};
    ck_assert_ok(publisher_open(&config, &history->publisher, &err), err);
}

void history_close(struct history *history)
{
    publisher_close(history->publisher);
    history->publisher = NULL;
}

int64_t history_time(const struct history *history, int64_t number)
{
    return history->start_ms + number * STEP_MS;
}

bool history_is_clicked(int64_t number)
{
    uint64_t state = (uint64_t)number * 77;

    return random_uniform(&state) < 0.1 + 0.08 * (double)(number % HISTORY_ADS);
}

static void send_bytes(struct history *history, size_t topic, int64_t number,
                       int64_t record_ms, struct buffer *bytes)
{
    struct outgoing out = {.topic = topic,
                           .partition = (int32_t)(number % HISTORY_BUSY),
                           .value = bytes->bytes,
                           .value_size = bytes->size,
                           .timestamp_ms = record_ms};

    ck_assert_ok(publisher_send(history->publisher, &out, &err), err);
    buffer_free(bytes);
}

void history_send_impression(struct history *history, int64_t number,
                             int64_t ahead_ms)
{
    struct impression event = {
        .id = id_from_number(number),
        .user = id_from_number(number * 7 % HISTORY_USERS),
        .ad = id_from_number(number % HISTORY_ADS),
        .ts_ms = history_time(history, number) + ahead_ms};
    struct buffer bytes = {0};

    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    send_bytes(history, 0, number, history_time(history, number), &bytes);
}

void history_send_label(struct history *history, int64_t number,
                        int64_t delay_ms)
{
    struct label event = {.id = id_from_number(number),
                          .ts_ms = history_time(history, number) + delay_ms,
                          .click = 1};
    struct buffer bytes = {0};

    event_encode_label(&fields, &event, &bytes);
    send_bytes(history, 1, number, event.ts_ms, &bytes);
}

void history_flush(struct history *history)
{
    ck_assert_ok(publisher_flush(history->publisher, WAIT_MS, &err), err);
}

void history_feed(struct history *history, int64_t first, int64_t count)
{
    for (int64_t i = first; i < first + count; i++) {
        history_send_impression(history, i, 0);
        for (int n = 0;
             history_is_clicked(i) && n < (i % HISTORY_DOUBLED ? 1 : 2); n++)
            history_send_label(history, i, HISTORY_CLICK_MS);
    }
    history_flush(history);
}
