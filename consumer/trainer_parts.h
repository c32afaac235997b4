/*
 * trainer_parts.h - what trainer.c and trainer_fits.c share. Private to
 * consumer/.
 */
#ifndef CONSUMER_TRAINER_PARTS_H
#define CONSUMER_TRAINER_PARTS_H

#include "consumer/fit_job.h"
#include "consumer/merge_reader.h"
#include "consumer/publication.h"
#include "consumer/retrain_policy.h"
#include "consumer/trainer.h"
#include "consumer/trainer_metrics.h"

#include <pthread.h>
#include <stdatomic.h>

struct trainer {
    struct trainer_config config;
    struct metrics *metrics;
    struct merge_reader *reader;
    struct intake *intake;
    struct bad_records *bad;
    struct publication *publication;
    struct retrain_policy policy;
    struct fit_config fit;
    struct fit_job *job;
    struct manifest_range *ranges; /* that the job learns from */
    size_t range_count;
    bool ended, done;
    int64_t shown_ms;
    struct trainer_counts counts;
    struct join_books shown_books;

    pthread_t thread;
    atomic_bool stop, requested, running, caught_up;
    atomic_int_least64_t beat_ms;
    pthread_mutex_t lock; /* of the next one */
    struct trainer_counts shared;

    int status; /* of the thread, after it */
    struct error err;
};

/* Starts a fit when one is due, publishes one that is done. */
int trainer_look_after_fits(struct trainer *trainer,
                            struct error *err) MUST_CHECK;

#endif
