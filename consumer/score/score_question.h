/*
 * score_question.h - the one way to score a pair, or one impression, outside of
 * a batch: with the same bits, and on the same basis.
 */
#ifndef CONSUMER_SCORE_QUESTION_H
#define CONSUMER_SCORE_QUESTION_H

#include "common/base/error.h"
#include "common/base/id.h"
#include "common/base/id_set.h"
#include "common/event/event.h"
#include "common/event/event_scratch.h"

#include "consumer/models/model_board.h"
#include "consumer/read/message.h"
#include "consumer/score/impression_reader.h"

#include "model/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a question outside of any batch is answered. */
struct score_rules {
    struct impression_reader *reader; /* of its record; a pair needs none */
    struct event_scratch *scratch;    /* likewise; the caller clears it */
    const struct id_set *nobody; /* users that have no history of their own;
                                    NULL: none */
    double prior;                /* the answer without a model */
    const char *defaults;        /* of a pair: text of field_defaults_keys(),
                                    which was checked; NULL: none. Those of a
                                    record are the reader's */
};

/* A pair, and the values of the model's fields that are known of it. */
struct score_question {
    struct id user, ad;
    const uint64_t *values; /* (values of model_fields()), of which those of
                               user and ad are not looked at; NULL: none */
};

/* Answers n questions with the same bits as a batch. model may be NULL. A model
 * of fields is asked with the two ids, the values, and the defaults of what is
 * absent. Can not fail, does not allocate. Any thread. */
void score_questions(const struct score_rules *rules,
                     const struct served_model *model,
                     const struct score_question *questions, size_t n,
                     struct prediction *out);

/* The answer for a pair of which nothing else is known. */
struct prediction score_pair(const struct score_rules *rules,
                             const struct served_model *model,
                             const struct id *user, const struct id *ad);

/* The answer for an impression that was decoded from `message`, with the same
 * bits as in a batch. As score_pair(), but a model of fields gets the fields of
 * the record, which is then walked once more; where the record is a label with
 * a pair, those of the pair. Fails with ERROR_MEMORY, and with ERROR_CONFIG
 * where a field of the model is no path. The thread of the reader. */
int score_impression(const struct score_rules *rules,
                     const struct served_model *model,
                     const struct impression *impression,
                     const struct message *message, struct prediction *out,
                     struct error *err) MUST_CHECK;

/* A value that was assumed is as good as learned, but that is said. */
static inline void score_note_assumed(struct prediction *answer,
                                      bool is_assumed)
{
    if (is_assumed && answer->basis == BASIS_LEARNED)
        answer->basis = BASIS_ASSUMED;
}

#endif
