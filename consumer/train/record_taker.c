#include "consumer/train/record_taker.h"

#include "common/base/clock.h"

#include "consumer/read/event_message.h"
#include "consumer/train/trainer_metrics.h"

static enum trainer_topic topic_of(const struct record_taker *taker,
                                   const struct merge_record *record)
{
    return taker->mode == JOIN_LABELS || record->topic == 1
               ? TRAINER_TOPIC_LABELS
               : TRAINER_TOPIC_IMPRESSIONS;
}

static int take_bad(struct record_taker *taker, const struct message *message,
                    enum intake_kind kind, const struct intake_result *became,
                    struct error *err)
{
    const struct bad_record bad = {
        .kind = kind == INTAKE_LABEL ? BAD_LABEL : BAD_IMPRESSION,
        .message = message,
        .fault = became->fault,
        .field = became->field};

    taker->bad_count++;
    metrics_add(taker->metrics, TRAINER_BAD, (int)became->fault, 1);
    return bad_records_take(taker->bad, &bad, err);
}

static int take_event(struct record_taker *taker, const struct message *message,
                      enum intake_kind kind, const struct intake_result *became,
                      struct error *err)
{
    if (kind == INTAKE_LABEL)
        return bad_records_note_good(taker->bad, message->partition, err);
    return live_evaluation_impression(taker->live, &became->row, message, err);
}

int record_taker_take(struct record_taker *taker,
                      const struct merge_record *record, bool *is_event,
                      struct error *err)
{
    const struct message *message = &record->message;
    const enum trainer_topic topic = topic_of(taker, record);
    const enum intake_kind kind =
        topic == TRAINER_TOPIC_LABELS ? INTAKE_LABEL : INTAKE_IMPRESSION;
    struct span headers[EVENT_PLAN_MAX];
    const struct event_record event = event_message_record(
        message, intake_reader(taker->intake, kind), headers);
    const struct intake_record taken = {
        .kind = kind,
        .bytes = event.value,
        .size = event.value_size,
        .key = event.key,
        .key_size = event.key_size,
        .headers = event.headers,
        .origin = {.partition = message->partition,
                   .record_ms = message->timestamp_ms,
                   .read_ms = clock_wall_ms(),
                   .ahead_ms = record->ahead_ms}};
    struct intake_result became;

    *is_event = false;
    metrics_add(taker->metrics, TRAINER_CONSUMED, (int)topic, 1);
    if (intake_take(taker->intake, &taken, &became, err) < 0)
        return -1;
    if (became.fault == EVENT_PASSED_OVER) {
        metrics_add(taker->metrics, TRAINER_BAD, EVENT_PASSED_OVER, 1);
        return 0;
    }
    if (became.fault)
        return take_bad(taker, message, kind, &became, err);
    *is_event = true;
    return take_event(taker, message, kind, &became, err);
}
