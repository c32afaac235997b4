/*
 * contender.h - a model, or a way to get models, that is compared with others
 * on past traffic.
 *
 *   FILE             a snapshot file
 *   epoch:N          published version N
 *   served           the pinned version, else the newest whole one
 *   newest           the newest published version
 *   live             the models that were live
 *   refit:ALGORITHM PARAMS...
 *                    fitted again and again on what was known by then
 *   folded:ALGORITHM PARAMS...
 *                    likewise, and biases go on with each label in between
 *   online:ALGORITHM PARAMS...
 *                    learns each label when it comes
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
#include "consumer/replay/folded_contender.h"
#include "consumer/replay/live_models.h"
#include "consumer/replay/online_contender.h"
#include "consumer/report/replay_log.h"
#include "consumer/score/impression_reader.h"

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
    CONTENDER_ONLINE,
};

enum { CONTENDERS_MAX = 16 };

struct contender_spec {
    char name[64];
    enum contender_kind kind;
    char path[512];        /* FILE */
    char field[64];        /* FIELD */
    uint64_t epoch;        /* EPOCH */
    struct fit_config fit; /* REFIT, ONLINE; scale and calibrate are the
                              caller's */
    bool folds;            /* REFIT: as in folded_contender.h */
    int64_t publish_ms;    /* ONLINE, and where it folds: as in
                              online_contender.h and folded_contender.h; -1: not
                              said */
    uint64_t ids_max;      /* where it folds; the caller's */
};

/* Parses "NAME=SPEC", or SPEC alone, which is the name then too. ERROR_USAGE or
 * ERROR_CONFIG; *out is then untouched. */
int contender_parse(const char *text, struct contender_spec *out,
                    struct error *err) MUST_CHECK;

struct contender {
    struct contender_spec spec;
    struct served_model model; /* snapshot NULL: none yet, LIVE or ONLINE */
    struct online_contender *online; /* ONLINE; else NULL */
    struct folded_contender *folded; /* of one that folds; else NULL */
    unsigned field_at; /* FIELD: among the fields found in a record */
    struct impression_reader *reader; /* of what its models want; NULL: not
                                         asked yet */
    struct event_scratch scratch;     /* likewise */
    struct fit_job *job;              /* under way; NULL */
    uint64_t fieldless;       /* FIELD: impressions without a number there */
    struct model_state state; /* of the newest answer; zeros */
    struct prediction said;   /* the newest answer itself; p is NaN: none */
};

/* The inputs of an answer besides the contender; borrowed. */
struct contender_questions {
    const struct id_set *nobody;      /* users without a history of their own */
    const struct event_found *found;  /* in the record */
    const struct event_fields *names; /* of its fields */
    double prior;                     /* the answer while there is no model */
    struct live_models *live;         /* LIVE; else it may be NULL */
};

/* Is the contender one published version, the same for all impressions? */
bool contender_is_version(const struct contender_spec *spec);

/* Fetches a published version from `live`, which may be NULL where the
 * contender is none. FIELD makes the reader of the records find its field.
 * ONLINE, and who folds, has to know publish_ms; the owner gives it time and
 * outcomes. */
int contender_open(const struct contender_spec *spec, struct live_models *live,
                   struct event_reader *reader, struct contender *out,
                   struct error *err) MUST_CHECK;

/* Answers an impression, `event`, whose record is `message`. p is NaN where the
 * model is gone, and where the record has no FIELD or one that is neither a
 * number from 0 to 1 nor such a number as text. Fails as live_models_at(). */
int contender_answer(struct contender *contender,
                     const struct contender_questions *questions,
                     const struct impression *event,
                     const struct message *message, struct replay_answer *out,
                     struct error *err) MUST_CHECK;

/* What goes on learning publishes what is due when event time has come that
 * far, and learns an outcome of a row of `log`. The first fails as
 * online_contender_advance() and folded_contender_advance(), the second with
 * ERROR_MEMORY: the contender can then only be closed. */
int contender_advance(struct contender *contender, int64_t ts_ms,
                      struct error *err) MUST_CHECK;
int contender_learn(struct contender *contender, const struct training_log *log,
                    const struct join_outcome *outcome,
                    struct error *err) MUST_CHECK;

/* Waits for the fit under way, of rows of `log`, and serves its model; without
 * a fit it does nothing. After a failure the contender keeps the model that it
 * had. */
int contender_take_fit(struct contender *contender,
                       const struct training_log *log,
                       struct error *err) MUST_CHECK;

/* Frees the members of the contender, not the struct. */
void contender_close(struct contender *contender);

#endif
