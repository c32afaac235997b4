/*
 * intake.h - records become training rows: decode, join, log.
 *
 * Knows no clock and no Kafka: the same records in the same order give the
 * same log. One thread.
 */
#ifndef CONSUMER_INTAKE_H
#define CONSUMER_INTAKE_H

#include "common/base/error.h"
#include "common/event/event.h"
#include "common/event/event_codec.h"

#include "consumer/learn/join.h"
#include "consumer/learn/training_log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intake;

enum join_mode {
    JOIN_IMPRESSIONS, /* labels meet impressions by id */
    JOIN_LABELS,      /* labels carry user and ad: a row each */
};
#define JOIN_MODE_WORDS "impressions|labels"

/* What an impression became. */
struct intake_row {
    uint64_t sequence; /* its number in the join and in the log */
    bool is_new;       /* false: it is remembered already */
    int64_t ts_ms;     /* event time, as plausible as it gets */
};

struct intake_config {
    struct event_fields fields;
    enum join_mode mode;
    struct join_config join;
    struct training_log_config log;

    /* Told of every outcome of the join, after the log; NULL: nobody is. */
    void (*on_outcome)(void *context, const struct join_outcome *outcome);
    /* Likewise of every impression, before the outcomes that it brings. */
    int (*on_impression)(void *context, const struct intake_row *row,
                         struct error *err);
    void *context;
};

enum intake_kind { INTAKE_IMPRESSION, INTAKE_LABEL };

struct intake_counts {
    uint64_t impressions, labels; /* records that were events */
    uint64_t skewed; /* events dated more than 30 minutes after their record's
                        time: taken as of the record's time */
};

int intake_new(const struct intake_config *config, struct intake **out,
               struct error *err) MUST_CHECK;
void intake_free(struct intake *intake);

/* A record that is no event changes nothing and says why in *fault and
 * *field. record_ms is the record's own time; -1 where it has none. */
int intake_take(struct intake *intake, enum intake_kind kind,
                const uint8_t *bytes, size_t size, int64_t record_ms,
                enum event_fault *fault, const char **field,
                struct error *err) MUST_CHECK;

/* The same for events that the caller has decoded. Labels of the mode
 * JOIN_LABELS must have their pair. */
int intake_impression(struct intake *intake, const struct impression *event,
                      int64_t record_ms, struct intake_row *row,
                      struct error *err) MUST_CHECK;
int intake_label(struct intake *intake, const struct label *event,
                 int64_t record_ms, struct error *err) MUST_CHECK;

/* An event's time, or that of its record (-1: none) where the event is dated
 * more than 30 minutes after it: a producer's clock that is wrong by more must
 * not close everybody's windows. */
int64_t intake_plausible_ms(int64_t event_ms, int64_t record_ms);

/* How far event time has come; INT64_MIN before the first event. */
int64_t intake_stream_ms(const struct intake *intake);

/* Impressions of before that time are out of the join's reach: their labels
 * are final. */
int64_t intake_reach_ms(const struct intake *intake);

/* Borrowed: valid until the intake is freed. */
const struct training_log *intake_log(const struct intake *intake);
struct join_books intake_books(const struct intake *intake);
struct intake_counts intake_counts(const struct intake *intake);
size_t intake_bytes(const struct intake *intake); /* memory in use */

#endif
