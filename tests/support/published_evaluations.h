/*
 * published_evaluations.h - what a trainer said about windows, as it is on the
 * topic.
 *
 * Nothing here fails quietly: what goes wrong ends the test.
 */
#ifndef SUPPORT_PUBLISHED_EVALUATIONS_H
#define SUPPORT_PUBLISHED_EVALUATIONS_H

#include "support/pipeline.h"

#include "common/event/evaluation_event.h"

#include <stddef.h>

struct published {
    struct evaluation_event *events; /* in their order; to be freed */
    size_t count;
};

/* All of the pipeline's, each with its key. */
struct published read_published(const struct pipeline *pipe);
/* Those that name a schema, too. */
struct published read_published_by(const struct pipeline *pipe,
                                   const struct event_schemas *schemas);

/* No window, and no version of one, twice. */
void assert_unique(const struct published *published);

#endif
