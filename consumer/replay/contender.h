/*
 * contender.h - a model, or a way to get models, that is replayed against
 * others.
 *
 *   FILE             a snapshot file
 *   epoch:N          published version N
 *   served           the pinned version, else the newest that a scorer takes
 *   newest           the newest published version
 *   live             the models that were live
 *   refit:ALGORITHM PARAMS...
 *                    fitted again and again on what was known by then
 *   field:NAME       a probability that the impression itself carries
 */
#ifndef CONSUMER_CONTENDER_H
#define CONSUMER_CONTENDER_H

#include "common/base/error.h"
#include "common/base/id_set.h"
#include "common/event/event_reader.h"

#include "consumer/learn/fit_job.h"
#include "consumer/models/model_board.h"
#include "consumer/read/message.h"
#include "consumer/replay/live_models.h"
#include "consumer/report/replay_log.h"

#include <stdbool.h>
#include <stdint.h>

enum contender_kind {
    CONTENDER_FILE,
    CONTENDER_EPOCH,
    CONTENDER_LIVE,
    CONTENDER_REFIT,
    CONTENDER_SERVED,
    CONTENDER_NEWEST,
    CONTENDER_FIELD,
};

enum { CONTENDERS_MAX = 16 };

struct contender_spec {
    char name[64];
    enum contender_kind kind;
    char path[512];          /* FILE */
    char field[64];          /* FIELD */
    uint64_t epoch;          /* EPOCH */
    struct fit_config refit; /* REFIT; scale and calibrate are the caller's */
};

/* "NAME=SPEC", or SPEC alone, which then is the name. */
int contender_parse(const char *text, struct contender_spec *out,
                    struct error *err) MUST_CHECK;

struct contender {
    struct contender_spec spec;
    struct served_model model;     /* snapshot NULL: none yet, or LIVE */
    unsigned field_at;             /* FIELD: in what is found of a record */
    struct fit_job *job;           /* under way; NULL */
    uint64_t fieldless;            /* impressions without the field's number */
    uint8_t hash[MODEL_HASH_SIZE]; /* of the newest answer's snapshot; zeros */
};

/* What the answers need besides the contender; borrowed. */
struct contender_questions {
    const struct id_set *nobody;      /* users without a history of their own */
    const struct event_found *found;  /* in the record */
    const struct event_fields *names; /* of its fields */
    double prior;                     /* the answer while there is no model */
    struct live_models *live;         /* LIVE; else it may be NULL */
};

/* Is it one of the published versions, the same for all impressions? */
bool contender_is_version(const struct contender_spec *spec);

/* Fetches a published version from `live`, which may be NULL where the
 * contender is none. FIELD makes the reader of the records find
 * its field. */
int contender_open(const struct contender_spec *spec, struct live_models *live,
                   struct event_reader *reader, struct contender *out,
                   struct error *err) MUST_CHECK;

/* Answers the impression that the message is. Where the model is gone, or FIELD
 * is not there or neither a number from 0 to 1 nor text that is one, p is NaN.
 */
int contender_answer(struct contender *contender,
                     const struct contender_questions *questions,
                     const struct impression *event,
                     const struct message *message, struct replay_answer *out,
                     struct error *err) MUST_CHECK;

/* Serves what the fit under way has made; without one, does nothing. */
int contender_take_fit(struct contender *contender,
                       struct error *err) MUST_CHECK;

/* Frees what it owns, not the struct. */
void contender_close(struct contender *contender);

#endif
