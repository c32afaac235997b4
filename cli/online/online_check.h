/*
 * online_check.h - --check-config --online: what a command needs of its
 * broker, asked question by question, one printed line for each.
 *
 *   ok       topic.impressions  'pctr.impressions': 8 partitions, 3 copies
 *   problem  topic.labels       no topic 'pctr.labels': ...
 *   unasked  topic.predictions  the right to write: asking would write
 *
 * Nothing is written, no group is joined and no live process is fenced. Where
 * no broker answers, the questions that follow are left out. One thread.
 */
#ifndef CLI_ONLINE_CHECK_H
#define CLI_ONLINE_CHECK_H

#include "common/base/attributes.h"
#include "common/base/error.h"
#include "common/kafka/kafka_client.h"
#include "common/kafka/transactional_id.h"

#include "consumer/models/snapshot_reader.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct online_check {
    const struct kafka_settings *kafka;
    FILE *out;
    struct error worst; /* ERROR_NONE: no problem so far */
    bool is_over;       /* no broker answers, or asked to stop */
};

/* What a command does with a topic; these add up. */
enum {
    TOPIC_IS_READ = 1,
    TOPIC_IS_WRITTEN = 2,
    TOPIC_IS_OPTIONAL = 4, /* the command goes on without it */
};

/* Is it there, with leaders and copies that suit its settings, may it be read,
 * and does it take records as large as ours? An empty name is no question. */
void online_ask_topic(struct online_check *check, const char *setting,
                      const char *name, unsigned use);

/* May its offsets for the topic be read? */
void online_ask_group(struct online_check *check, const char *group,
                      const char *topic);

/* May transactions be of this kind and length? The id that is asked for has
 * the prefix of the real ones, and nobody else has it. */
void online_ask_transactions(struct online_check *check,
                             const struct transactional_work *work,
                             uint32_t timeout_ms);

/* Is the model that a scorer would serve published, whole, and signed as the
 * trusted keys want it? None at all is a problem only where it is needed. */
enum online_need { MODEL_MAY_BE_MISSING, MODEL_IS_NEEDED };
void online_ask_model(struct online_check *check,
                      const struct snapshot_reader_config *reader,
                      enum online_need need);

/* What the caller found itself: all is well, */
void online_tell(const struct online_check *check, const char *question,
                 const char *format, ...) PRINTF_LIKE(3, 4);
/* or a problem. */
void online_note(struct online_check *check, const char *question,
                 const struct error *fault);

/* 0, or the worst problem in `err`: what a person has to mend comes before
 * what may pass, and of equal ones the first counts. */
int online_check_end(const struct online_check *check,
                     struct error *err) MUST_CHECK;

#endif
