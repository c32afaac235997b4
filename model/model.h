/*
 * model.h - the one interface every collaborative-filtering model implements.
 *
 * A model is immutable once fit or loaded: any number of threads may predict
 * with it at the same time (a cache inside is the model's own affair), and it
 * has to be freed exactly once, after the last of them is done. Nothing in
 * model/ knows Kafka; a clock is read only to report how long a fit took; only
 * fitting and searching use threads.
 *
 * Values are double. Users and items are dense indices, at most 2^31 - 1 each
 * (ratings.h); the mapping from event ids lives beside the model in its
 * snapshot (id_map.h).
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "common/base/basis.h"
#include "common/base/buffer.h"
#include "common/base/error.h"

#include "model/calibration.h"
#include "model/params.h"
#include "model/rows/ratings.h"
#include "model/stand_in.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_reader; /* common/base/bytes_reader.h */

struct prediction {
    double value;        /* within the scale after model_predict() */
    enum basis basis;    /* learned, partial or fallback */
    bool impossible;     /* the model had nothing to say: value is that of its
                            stand-in */
    uint32_t neighbours; /* used by k-NN; 0 elsewhere */
    bool has_support;    /* it is the answer of a model of fields: then */
    double support;      /* rows behind the value of which it has the fewest, at
                            the mean's p(1 - p); else 0 */
};

/* n questions: pairs, and the values of the fields that are known of each. */
struct questions {
    const struct pair *pairs; /* (n) */
    const uint64_t *values;   /* (n, values of model_fields()); NULL: none are
                                 known, and a model of fields takes the pairs */
};

struct model {
    const struct model_ops *ops;
    uint32_t users, items;
    double mean; /* of the training rows */
    struct scale scale;
    struct model_params params; /* it was fit with */
    struct calibration calibration;
    struct stand_in stand_in; /* none where the parameter `impossible` is mean,
                                 and where every pair has an estimate */
};

struct field_list; /* rows/field_list.h */

/* How much a model is fit on. */
struct model_extent {
    uint32_t users, items;
    uint64_t rows; /* without nobody's */
};

/* Operations of a model that learns from more than a user and an ad. */
struct field_ops {
    /* A model that has learned nothing, for labels 0..1 and without ids: it
     * answers `rate`, which is above 0 and below 1, for everything. Fails with
     * ERROR_CONFIG (parameters that do not go together) and ERROR_MEMORY. */
    int (*start)(const struct model_params *params, double rate,
                 struct model **out, struct error *err);

    /* Returns the fields that it was fit with; a caller gives the keys of their
     * values. NULL where it was fit on pairs alone: it is asked for pairs. */
    const struct field_list *(*list)(const struct model *model);

    /* Estimates n rows of values as predict() below does, or the pairs alone
     * where `values` is NULL. It sets the basis itself: learned where every
     * field of the row has been learned, partial where some have been, else
     * fallback. */
    void (*predict)(const struct model *model, const struct pair *pairs,
                    const uint64_t *values, size_t n, struct prediction *out);

    /* Questions of pairs alone have these values (of list()) in the fields that
     * they lack, and say so in their basis. Before the model is shared. */
    void (*assume)(struct model *model, const uint64_t *values);

    /* Learns n further rows of values, one behind the other; correct() takes
     * the change of the label of a row that was learned. One thread, and no
     * other may predict meanwhile. Can not fail. */
    void (*learn)(struct model *model, const uint64_t *values,
                  const double *labels, size_t n);
    void (*correct)(struct model *model, const uint64_t *values, double change);

    /* Memory in use, in bytes. */
    size_t (*bytes)(const struct model *model);
};

/* Operations of a model that goes on learning and says what changed, so that
 * another one that has the same state can follow it (snapshot_delta.h). None
 * but apply() and copy() is for a model that is shared. */
struct change_ops {
    /* What learn() and correct() change is kept in mind from here on, until it
     * is forgotten. ERROR_MEMORY alone. */
    int (*track)(struct model *model, struct error *err);
    uint64_t (*count)(const struct model *model); /* of numbers kept in mind */
    void (*forget)(struct model *model);

    /* Appends what is kept in mind as it is now. */
    void (*save)(const struct model *model, struct buffer *to);

    /* A model of its own in the same state, for apply(). ERROR_MEMORY, and
     * ERROR_FORMAT where the model is one that does not go on learning. */
    int (*copy)(const struct model *model, struct model **out,
                struct error *err);

    /* Takes over what save() wrote: all of it, or nothing where the reader
     * fails. Trusts nothing, as load() below. */
    void (*apply)(struct model *model, struct bytes_reader *from);
};

/* The biases of a model as they are. In a fit each is, of the rows of its id,
 * about
 *
 *     sum(label - the rest of the estimate) / (damping + rows) */
struct model_biases {
    double *users, *items; /* (users), (items) of the model */
    double damping_users, damping_items;
};

/* Operations of a model whose biases may go on between two fits: bias_fold.h.
 * None but copy() is for a model that is shared. */
struct bias_ops {
    /* Borrowed until the model grows or is freed. False where the model was fit
     * without biases: it has none to go on with. */
    bool (*find)(const struct model *model, struct model_biases *out);

    /* The model knows more users and items, whose biases are 0, and who have
     * nothing else. Of neither fewer than before. ERROR_MEMORY alone; it then
     * knows those of before. */
    int (*grow)(struct model *model, uint32_t users, uint32_t items,
                struct error *err);

    /* A model that can grow without the other one, in the same state; of one
     * that has biases. ERROR_MEMORY alone. */
    int (*copy)(const struct model *model, struct model **out,
                struct error *err);
};

struct model_ops {
    const char *name;    /* in settings and in snapshots: "baseline" */
    const char *summary; /* one line for --help: formula and source */
    uint32_t format; /* of the bytes that save() writes; load() gets no other */
    const struct config_key *keys; /* hyper-parameters, over model_params */

    /* Learns from `train`, which is not kept unless the model says so. It
     * looks at *cancel (may be NULL) between two epochs or rows of work and
     * then fails with ERROR_TEMPORARY. */
    int (*fit)(const struct ratings *train, const struct model_params *params,
               const atomic_bool *cancel, struct model **out,
               struct error *err);

    /* Estimates biases for the pairs of which the model can say nothing, where
     * its parameter `impossible` says so. NULL: there are no such pairs, or the
     * mean answers them. */
    stand_in_fit_fn *stand_in;

    /* Estimates n pairs, not clipped. Can not fail. An impossible one sets
     * only `impossible`. `basis` is set by the caller. */
    void (*predict)(const struct model *model, const struct pair *pairs,
                    size_t n, struct prediction *out);

    /* The body; model_save() and model_load() handle the head. */
    void (*save)(const struct model *model, struct buffer *to);

    /* Returns how many bytes save() will write, or somewhat fewer, before
     * anything is fit. NULL: few, whatever it is fit on. */
    uint64_t (*body_bytes)(const struct model_extent *extent,
                           const struct model_params *params);

    /* Trusts nothing: every size is checked against the bytes that are there,
     * every number must be finite. */
    int (*load)(struct bytes_reader *from, const struct model *head,
                struct model **out, struct error *err);

    void (*free)(struct model *model);

    const struct field_ops *fields;   /* NULL: learns from pairs alone */
    const struct change_ops *changes; /* NULL: it does not go on learning */
    const struct bias_ops *biases;    /* NULL: nor do its biases */
};

/* NULL-terminated: the place to add a model. */
extern const struct model_ops *const model_registry[];

/* Finds a model by name. An unknown one is an ERROR_CONFIG that lists the known
 * ones; *out is then left alone. */
int model_find(const char *name, const struct model_ops **out,
               struct error *err) MUST_CHECK;

/* Fits a model, which the caller frees. Fails with ERROR_CONFIG (parameters
 * that do not go together), ERROR_TEMPORARY (cancelled) and ERROR_MEMORY; *out
 * is then left alone. */
int model_fit(const struct model_ops *ops, const struct ratings *train,
              const struct model_params *params, const atomic_bool *cancel,
              struct model **out, struct error *err) MUST_CHECK;

/* Do the scores of such models become probabilities by a calibration? A model
 * of fields answers probabilities. */
static inline bool model_takes_calibration(const struct model_ops *ops)
{
    return !ops->fields;
}

/* Calibrates the model on pairs that it did not learn from; only for labels on
 * the scale 0..1. Before the model is shared. Fails only without memory. */
int model_calibrate(struct model *model, const struct pair *pairs,
                    const double *labels, size_t n,
                    struct error *err) MUST_CHECK;

/* A fit that was told to end. `cancel` may be NULL. */
static inline bool model_is_cancelled(const atomic_bool *cancel)
{
    return cancel && atomic_load(cancel);
}

/* Reports it, and returns -1: ERROR_TEMPORARY. */
int model_cancelled(struct error *err);

/* Gives the whole answer for n pairs: the estimate, or that of the stand-in
 * where it is impossible or not finite; then calibration if there is one, the
 * clip to the scale, and the basis. Can not fail, does not allocate. */
void model_predict(const struct model *model, const struct pair *pairs,
                   size_t n, struct prediction *out);

/* The same for questions that may carry the values of fields. */
void model_answer(const struct model *model, const struct questions *ask,
                  size_t n, struct prediction *out);

/* The fields that the model wants to be asked with; NULL: it wants pairs. */
const struct field_list *model_fields(const struct model *model);

/* Answers as the predict(clip=False) of the reference: without calibration and
 * clip. The mean where the estimate is impossible is the parameter
 * impossible=mean. */
void model_predict_unclipped(const struct model *model,
                             const struct pair *pairs, size_t n,
                             struct prediction *out);
void model_answer_unclipped(const struct model *model,
                            const struct questions *ask, size_t n,
                            struct prediction *out);

void model_save(const struct model *model, struct buffer *to);

/* Loads a model for the numbers of users and items that the caller has ids of;
 * a model of other numbers is refused before memory is taken for it. Fails with
 * ERROR_FORMAT and ERROR_MEMORY; *out is then left alone. */
int model_load(struct bytes_reader *from, uint32_t users, uint32_t items,
               struct model **out, struct error *err) MUST_CHECK;

/* NULL is fine. */
void model_free(struct model *model);

#endif
