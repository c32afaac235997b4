/*
 * bias_fold.h - the biases of a fitted model go on between two fits.
 *
 *     bias_fold_new(snapshot, &rows, 0, &fold, err)
 *     bias_fold_learn(fold, &row, err)        each label since the fit
 *     bias_fold_delta(fold, &head, &bytes, err)
 *
 * Of each user, and of each ad, there are the sum and the count of what was
 * learned, the fit's own rows included, and the bias is the half-step of ALS:
 *
 *     b_u = sum(y - (mean + b_i + q_i . p_u)) / (damping + n)
 *
 * with b_i as it was when the row was learned, and likewise b_i with b_u; a row
 * moves both at once, by the same error. The sum of an id that the fit knew
 * begins at b_u (damping + n) with the n of the fit. An id that it did not know
 * begins at 0, and gets a bias and nothing else: no factors. Mean, factors and
 * calibration stay. So the state is a function of the fit, and of the rows and
 * their order. Nobody has no bias: such a row teaches the ad alone. One thread.
 */
#ifndef MODEL_BIAS_FOLD_H
#define MODEL_BIAS_FOLD_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/id.h"

#include "model/snapshot.h"
#include "model/snapshot_delta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bias_fold;

/* How many rows the fit learned from, of each of the snapshot's users and of
 * each of its ads. Borrowed for a call. */
struct bias_rows {
    const uint32_t *users, *ads;
};

/* Does the model of the snapshot have biases that go on? */
bool bias_fold_is_for(const struct snapshot *snapshot);

/* Goes on from a fitted snapshot, which it takes, also on failure, and for
 * which bias_fold_is_for(). Users and ads together become at most ids_max (0:
 * no limit): further ones get no bias. ERROR_MEMORY. */
int bias_fold_new(struct snapshot *snapshot, const struct bias_rows *rows,
                  uint64_t ids_max, struct bias_fold **out,
                  struct error *err) MUST_CHECK;

/* NULL is fine. */
void bias_fold_free(struct bias_fold *fold);

struct bias_row {
    const struct id *user; /* NULL: nobody */
    const struct id *ad;
};

/* Learns a row that the fit has not learned. ERROR_MEMORY: the fold can then
 * only be freed. */
int bias_fold_learn(struct bias_fold *fold, const struct bias_row *row,
                    double label, struct error *err) MUST_CHECK;

/* The label of a row that was learned, here or by the fit, has changed by so
 * much. */
void bias_fold_correct(struct bias_fold *fold, const struct bias_row *row,
                       double change);

/* The model as it is now, which may be asked and not changed. */
const struct snapshot *bias_fold_snapshot(const struct bias_fold *fold);

/* How many biases changed since they were last forgotten; then, as the bytes of
 * a delta, what they are. `head` gets the rows. Fails as snapshot_delta_end().
 */
uint64_t bias_fold_changes(const struct bias_fold *fold);
int bias_fold_delta(const struct bias_fold *fold, struct snapshot_delta *head,
                    struct buffer *to, struct error *err) MUST_CHECK;
void bias_fold_forget(struct bias_fold *fold);

/* Brings another snapshot, which has the state of when changes were last
 * forgotten, to the state of now, by the bytes of a delta. Nobody else uses it.
 * ERROR_MEMORY, and as bias_delta_apply(); it is then as it was. */
int bias_fold_bring(const struct bias_fold *fold, struct snapshot *to,
                    struct error *err) MUST_CHECK;

/* Memory in use, but for the factors. */
size_t bias_fold_bytes(const struct bias_fold *fold);

#endif
