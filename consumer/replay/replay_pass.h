/*
 * replay_pass.h - what replay.c and replay_take.c share: a pass over the
 * history, and what one record of it does.
 */
#ifndef CONSUMER_REPLAY_PASS_H
#define CONSUMER_REPLAY_PASS_H

#include "consumer/read/merge_reader.h"
#include "consumer/replay/replay.h"
#include "consumer/replay/replay_topic.h"

struct replay_pass {
    const struct replay_config *config;
    struct replay *out;
    struct merge_reader *reader;
    struct intake *intake;
    struct live_models *live;
    struct replay_topic *answers; /* NULL: they go nowhere else */
    struct contender contenders[CONTENDERS_MAX];
    struct contender_questions questions;
    struct id_set *nobody; /* the users of field.anonymous */
    size_t opened;         /* of these */
    bool in_range;         /* an impression of the range has been seen */
    uint64_t base;         /* its sequence: row 0 of the log */
    int64_t refit_ms; /* event time of the next fits; INT64_MIN: not known */
    int64_t shown_ms;
};

/* An impression is answered, then joined; its label comes later. */
int replay_take_impression(struct replay_pass *pass,
                           const struct message *message,
                           struct error *err) MUST_CHECK;
int replay_take_label(struct replay_pass *pass, const struct message *message,
                      struct error *err) MUST_CHECK;

/* JOIN_LABELS: a label with user and ad is answered, then learned from. */
int replay_take_labelled(struct replay_pass *pass,
                         const struct message *message,
                         struct error *err) MUST_CHECK;

#endif
