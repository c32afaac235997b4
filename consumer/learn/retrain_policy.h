/*
 * retrain_policy.h - when is it time to learn again?
 *
 * A plain value; the owner tells it the time. One thread.
 */
#ifndef CONSUMER_RETRAIN_POLICY_H
#define CONSUMER_RETRAIN_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct retrain_policy {
    int64_t every_ms;  /* since the last model; 0: age is no reason */
    uint64_t rows;     /* labelled since then; 0: their number is no reason */
    uint64_t rows_min; /* in all: never with fewer */

    bool trained;
    bool requested;
    int64_t trained_ms;        /* monotonic */
    uint64_t trained_answered; /* rows that ever had a label, then */
    int64_t not_before_ms;
};

void retrain_policy_request(struct retrain_policy *policy);

/* `answered` counts the rows that ever got a label. */
bool retrain_policy_is_due(const struct retrain_policy *policy, int64_t now_ms,
                           uint64_t answered);

/* It begins now. */
void retrain_policy_start(struct retrain_policy *policy, int64_t now_ms,
                          uint64_t answered);

/* There was too little to learn from: ask again a little later. */
void retrain_policy_postpone(struct retrain_policy *policy, int64_t now_ms);

#endif
