#include "consumer/learn/folding.h"

#include "model/snapshot.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* An outcome that a fit under way does not see. */
struct unseen {
    uint64_t sequence;
    float before, label; /* as in struct join_outcome */
};

struct folding {
    uint64_t ids_max;
    struct bias_fold *state; /* NULL: none */
    bool is_fitting;
    struct unseen *unseen; /* (count) of the fit under way */
    size_t count, room;
};

int folding_new(uint64_t ids_max, struct folding **out, struct error *err)
{
    struct folding *folding = calloc(1, sizeof(*folding));

    if (!folding)
        return error_no_memory(err, "biases between fits");
    folding->ids_max = ids_max;
    *out = folding;
    return 0;
}

void folding_free(struct folding *folding)
{
    if (!folding)
        return;
    bias_fold_free(folding->state);
    free(folding->unseen);
    free(folding);
}

struct bias_fold *folding_state(const struct folding *folding)
{
    return folding->state;
}

size_t folding_bytes(const struct folding *folding)
{
    return sizeof(*folding) + folding->room * sizeof(*folding->unseen) +
           (folding->state ? bias_fold_bytes(folding->state) : 0);
}

/* --- Learning --------------------------------------------------------- */

static int learn(struct folding *folding, const struct training_log *log,
                 const struct unseen *what, struct error *err)
{
    struct training_log_row found;

    if (!training_log_find(log, what->sequence, &found))
        return 0;
    const struct bias_row row = {.user = found.is_nobody ? NULL : &found.user,
                                 .ad = &found.ad};
    if (isnan(what->before))
        return bias_fold_learn(folding->state, &row, (double)what->label, err);
    bias_fold_correct(folding->state, &row,
                      (double)what->label - (double)what->before);
    return 0;
}

static int note(struct folding *folding, const struct unseen *what,
                struct error *err)
{
    if (folding->count == folding->room) {
        const size_t room = folding->room ? folding->room * 2 : 256;
        struct unseen *grown =
            realloc(folding->unseen, room * sizeof(*folding->unseen));
        if (!grown)
            return error_no_memory(err, "%zu labels beside a fit", room);
        folding->unseen = grown;
        folding->room = room;
    }
    folding->unseen[folding->count++] = *what;
    return 0;
}

int folding_take(struct folding *folding, const struct training_log *log,
                 const struct join_outcome *outcome, struct error *err)
{
    const struct unseen what = {.sequence = outcome->sequence,
                                .before = outcome->before,
                                .label = outcome->label};

    if (isnan(outcome->label))
        return 0;
    if (folding->is_fitting && note(folding, &what, err) < 0)
        return -1;
    return folding->state ? learn(folding, log, &what, err) : 0;
}

/* --- Fits ------------------------------------------------------------- */

static int note_left(struct folding *folding, const struct training_log *log,
                     const uint64_t *left, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct unseen what = {.sequence = left[i], .before = NAN};
        struct training_log_row row;
        if (!training_log_find(log, left[i], &row))
            continue;
        what.label = row.label;
        if (note(folding, &what, err) < 0)
            return -1;
    }
    return 0;
}

int folding_start(struct folding *folding, const struct training_log *log,
                  struct error *err)
{
    uint64_t *left = NULL;
    size_t count = 0;

    folding->count = 0;
    folding->is_fitting = true;
    if (training_log_left(log, &left, &count, err) < 0)
        return -1;
    int status = note_left(folding, log, left, count, err);
    free(left);
    return status;
}

void folding_cancel(struct folding *folding)
{
    folding->count = folding->room = 0;
    folding->is_fitting = false;
    free(folding->unseen);
    folding->unseen = NULL;
}

/* The old state goes before the new one comes, so that there is room for one
 * alone. */
static int begin(struct folding *folding, const struct fit_result *result,
                 struct error *err)
{
    const struct bias_rows rows = {.users = result->user_rows,
                                   .ads = result->ad_rows};
    struct snapshot *snapshot = NULL;

    bias_fold_free(folding->state);
    folding->state = NULL;
    if (snapshot_decode(result->bytes.bytes, result->bytes.size, &snapshot,
                        err) < 0)
        return -1;
    if (bias_fold_is_for(snapshot))
        return bias_fold_new(snapshot, &rows, folding->ids_max, &folding->state,
                             err);
    snapshot_free(snapshot);
    return 0;
}

int folding_finish(struct folding *folding, const struct training_log *log,
                   const struct fit_result *result, struct error *err)
{
    if (begin(folding, result, err) < 0)
        return -1;
    for (size_t i = 0; folding->state && i < folding->count; i++)
        if (learn(folding, log, &folding->unseen[i], err) < 0)
            return -1;
    folding_cancel(folding);
    return 0;
}
