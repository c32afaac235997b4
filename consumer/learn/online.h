/*
 * online.h - a model that learns each outcome of the join at once.
 *
 *     online_new(&fit, &online, err)
 *     while (intake_next_outcome(intake, &outcome))
 *         online_take(online, &outcome, err)
 *     online_result(online, &result, err)
 *
 * The first outcome of an impression is predicted with the weights of then,
 * which measures the model on rows that it has not learned from, and is then
 * learned. A later outcome corrects what was learned. Outcomes without a label
 * teach nothing.
 *
 * Where the parameters name no click rate to start from, the first
 * ONLINE_START_ROWS labelled outcomes wait, and the model starts from their
 * rate and learns them in their order. So the state is a function of the
 * outcomes and their order alone. One thread.
 */
#ifndef CONSUMER_ONLINE_H
#define CONSUMER_ONLINE_H

#include "common/base/error.h"

#include "consumer/learn/fit_job.h"
#include "consumer/learn/join.h"

#include "model/model.h"
#include "model/rows/field_list.h"
#include "model/snapshot_delta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ONLINE_START_ROWS = 1000,
    ONLINE_RECENT_ROWS = 1 << 16, /* that a measurement is made on */
};

struct online;

struct online_counts {
    uint64_t rows;      /* learned, also before the model was taken over */
    uint64_t corrected; /* rows whose label changed after that, since then */
    uint64_t waiting;   /* rows that wait for the start */
};

/* Does the trainer learn this model so? It has to have fields. */
bool online_is_for(const struct model_ops *ops);

/* Fails with ERROR_CONFIG where the fit's parameters do not go together or its
 * scale is not 0..1, and with ERROR_MEMORY. */
int online_new(const struct fit_config *fit, struct online **out,
               struct error *err) MUST_CHECK;

/* NULL is fine. */
void online_free(struct online *online);

/* The fields whose values outcomes need. Borrowed until the online model is
 * freed. */
const struct field_list *online_fields(const struct online *online);

/* Goes on from a model that has learned `rows` rows, which it takes, also on
 * failure. Before the first outcome. Fails with ERROR_CONFIG where the model
 * was not made from the same algorithm and parameters; it is then as new. */
int online_resume(struct online *online, struct model *model, uint64_t rows,
                  struct error *err) MUST_CHECK;

/* Takes an outcome with its values. Fails with ERROR_MEMORY alone; the online
 * model can then only be freed. */
int online_take(struct online *online, const struct join_outcome *outcome,
                struct error *err) MUST_CHECK;

/* No more outcomes come: starts from the rows that wait, if there are any.
 * ERROR_MEMORY as above. */
int online_start_now(struct online *online, struct error *err) MUST_CHECK;

/* There is a model; outcomes are learned as they come. */
bool online_has_started(const struct online *online);

struct online_counts online_counts(const struct online *online);

/* The model as it is now, as bytes and without ids. Its measurement is that of
 * the newest ONLINE_RECENT_ROWS rows that were learned here, with their labels
 * as of now. Only after the start. The caller frees *out. ERROR_LIMIT (the
 * snapshot is too large), ERROR_FORMAT (an estimate is not finite) and
 * ERROR_MEMORY; then there is nothing to free. */
int online_result(const struct online *online, struct fit_result *out,
                  struct error *err) MUST_CHECK;

/* From here on the model keeps in mind what changes, until it is forgotten.
 * ERROR_MEMORY; the model can then only be freed. */
int online_track(struct online *online, struct error *err) MUST_CHECK;

/* How many numbers changed; then, as bytes, what they are. `head` gets the
 * rows. Fails as snapshot_delta_encode(). */
uint64_t online_changes(const struct online *online);
int online_delta(const struct online *online, struct snapshot_delta *head,
                 struct buffer *out, struct error *err) MUST_CHECK;
void online_forget_changes(struct online *online);

/* The model itself, which goes on learning; NULL before the start. Borrowed
 * until the online model is freed. */
struct model *online_model(struct online *online);

/* A model of its own in the state of now, for whoever is to see that state
 * alone. Only after the start, and of one that keeps in mind what changes: this
 * is then forgotten. The caller frees *out. ERROR_MEMORY alone. */
int online_copy(struct online *online, struct model **out,
                struct error *err) MUST_CHECK;

/* Brings such a copy, in the state of when changes were forgotten last, to that
 * of now, as a delta would, and forgets the changes. ERROR_MEMORY alone; the
 * copy is then as it was. */
int online_bring(struct online *online, struct model *copy,
                 struct error *err) MUST_CHECK;

/* Memory in use but for the model. */
size_t online_bytes(const struct online *online);

#endif
