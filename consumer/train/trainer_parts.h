/*
 * trainer_parts.h - what the files of the trainer share. Private to
 * consumer/.
 */
#ifndef CONSUMER_TRAINER_PARTS_H
#define CONSUMER_TRAINER_PARTS_H

#include "consumer/evaluate/evaluation_rows.h"
#include "consumer/evaluate/evaluation_windows.h"
#include "consumer/learn/fit_job.h"
#include "consumer/learn/retrain_policy.h"
#include "consumer/read/merge_reader.h"
#include "consumer/train/evaluation_outbox.h"
#include "consumer/train/evaluation_source.h"
#include "consumer/train/model_publication.h"
#include "consumer/train/trainer.h"
#include "consumer/train/trainer_metrics.h"

#include <pthread.h>
#include <stdatomic.h>

/* Judging the models in service. Zeroed is off. */
struct trainer_evaluation {
    bool is_on, has_ended, is_away;
    struct evaluation_source *source; /* of the predictions */
    struct evaluation_windows *windows;
    struct evaluation_outbox *outbox;
    bool began[EVALUATION_PARTITIONS_MAX];
    struct evaluation_counts shown;
    uint64_t early, missed; /* windows that the log knows of */
};

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
    struct offset_range *ranges; /* that the job learns from */
    size_t range_count;
    int64_t from_ms; /* record time; 0: from the beginning */
    bool ended, done;
    int64_t shown_ms;
    struct trainer_counts counts;
    struct join_books shown_books;
    struct trainer_evaluation evaluation;

    pthread_t thread;
    atomic_bool stop, requested, running, caught_up;
    atomic_int_least64_t beat_ms;
    pthread_mutex_t lock; /* of the next one */
    struct trainer_counts shared;

    int status; /* of the thread, after it */
    struct error err;
};

/* After the reader. Where there are no predictions to judge, it stays off and
 * says so. */
int trainer_evaluation_open(struct trainer *trainer,
                            struct error *err) MUST_CHECK;
void trainer_evaluation_close(struct trainer *trainer);

/* To be told of every impression, then of the outcomes that it brings. */
int trainer_evaluation_impression(struct trainer *trainer,
                                  const struct intake_row *row,
                                  const struct message *message,
                                  struct error *err) MUST_CHECK;
void trainer_evaluation_outcome(struct trainer *trainer,
                                const struct join_outcome *outcome);
int trainer_evaluation_advance(struct trainer *trainer,
                               struct error *err) MUST_CHECK;

/* Reads predictions and takes windows that are closed, without waiting for a
 * broker; of what goes wrong with topics only a fence is a failure. */
int trainer_look_after_evaluations(struct trainer *trainer,
                                   struct error *err) MUST_CHECK;

/* Closed windows become metrics, and records for the outbox. */
int trainer_windows_take(struct trainer *trainer, struct error *err) MUST_CHECK;

/* All predictions are read, of a reading that ends. */
bool trainer_evaluation_has_ended(const struct trainer *trainer);

void trainer_evaluation_show(struct trainer *trainer);

/* Starts a fit when one is due, publishes one that is done. */
int trainer_look_after_fits(struct trainer *trainer,
                            struct error *err) MUST_CHECK;

#endif
