/*
 * contender.h - a model, or a way to get models, that is replayed against
 * others.
 *
 *   FILE             a snapshot file
 *   epoch:N          published version N
 *   live             the models that were live
 *   refit:ALGORITHM PARAMS...
 *                    fitted again and again on what was known by then
 */
#ifndef CONSUMER_CONTENDER_H
#define CONSUMER_CONTENDER_H

#include "common/error.h"
#include "common/event.h"

#include "consumer/fit_job.h"
#include "consumer/live_models.h"
#include "consumer/model_board.h"

#include <stdbool.h>
#include <stdint.h>

enum contender_kind {
    CONTENDER_FILE,
    CONTENDER_EPOCH,
    CONTENDER_LIVE,
    CONTENDER_REFIT,
};

enum { CONTENDERS_MAX = 16 };

struct contender_spec {
    char name[64];
    enum contender_kind kind;
    char path[512];          /* FILE */
    uint64_t epoch;          /* EPOCH */
    struct fit_config refit; /* REFIT; scale and calibrate are the caller's */
};

/* "NAME=SPEC", or SPEC alone, which then is the name. */
int contender_parse(const char *text, struct contender_spec *out,
                    struct error *err) MUST_CHECK;

struct contender {
    struct contender_spec spec;
    struct served_model model; /* snapshot NULL: none yet, or LIVE */
    struct fit_job *job;       /* under way; NULL */
};

/* `live` is asked for EPOCH; it may be NULL where no contender needs it. */
int contender_open(const struct contender_spec *spec, struct live_models *live,
                   struct contender *out, struct error *err) MUST_CHECK;

/* Serves what the fit under way has made; without one, does nothing. */
int contender_take_fit(struct contender *contender,
                       struct error *err) MUST_CHECK;

/* Frees what it owns, not the struct. */
void contender_close(struct contender *contender);

#endif
