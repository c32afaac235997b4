/*
 * model_trail.h - what a pipeline's trainers published, and which states of
 * models its predictions name.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_MODEL_TRAIL_H
#define SUPPORT_MODEL_TRAIL_H

#include "support/pipeline.h"

#include "common/event/event.h"
#include "common/event/manifest.h"

#include <stddef.h>

struct published_models {
    size_t snapshots, deltas;
    struct manifest newest;       /* snapshot; freed at once: it owns nothing */
    struct manifest newest_delta; /* on the topic; likewise */
};

struct published_models published_models(const struct pipeline *pipe);

struct named_models {
    size_t states;            /* different ones, "none yet" not counted */
    size_t snapshots, deltas; /* of them, as they were published, and with
                                 deltas applied */
    struct model_state last;  /* the newest */
};

/* On each partition versions never go back, and neither does the state of one
 * version. */
struct named_models named_models(const struct fixture_records *predictions);

#endif
