#include "model/bias_fold.h"

#include "common/base/bytes_reader.h"
#include "model/bias_delta.h"

#include <stdlib.h>
#include <string.h>

enum { GROWTH = 4096 }; /* ids that are made room for at once */

/* Of the users, or of the ads. */
struct side {
    struct id_map *ids; /* the snapshot's */
    double *sums;       /* (room) of what the biases are to explain */
    double *rows;       /* (room) behind them */
    uint64_t *changed;  /* (room / 64) bits */
    size_t room;        /* a multiple of GROWTH */
    uint32_t known;     /* ids when changes were last forgotten */
    uint32_t changes;   /* bits that are set */
    double damping;
};

struct bias_fold {
    struct snapshot *snapshot;
    uint64_t ids_max;
    uint64_t rows; /* the fit's, and those learned since */
    struct side users, ads;
};

/* --- A side ----------------------------------------------------------- */

static int make_room(struct side *side, uint32_t count, struct error *err)
{
    const size_t room = ((size_t)count / GROWTH + 1) * GROWTH;
    const size_t more = room - side->room;

    if (count < side->room)
        return 0;
    double *sums = realloc(side->sums, room * sizeof(*sums));
    side->sums = sums ? sums : side->sums;
    double *rows = realloc(side->rows, room * sizeof(*rows));
    side->rows = rows ? rows : side->rows;
    uint64_t *changed = realloc(side->changed, room / 8);
    side->changed = changed ? changed : side->changed;
    if (!sums || !rows || !changed)
        return error_no_memory(err, "the sums of %u ids", count);
    memset(sums + side->room, 0, more * sizeof(*sums));
    memset(rows + side->room, 0, more * sizeof(*rows));
    memset(changed + side->room / 64, 0, more / 8);
    side->room = room;
    return 0;
}

/* The sums that give the biases of the fit. */
static int start_side(struct side *side, const double *biases,
                      const uint32_t *rows, struct error *err)
{
    side->known = id_map_count(side->ids);
    if (make_room(side, side->known, err) < 0)
        return -1;
    for (uint32_t at = 0; at < side->known; at++) {
        side->rows[at] = rows[at];
        side->sums[at] = biases[at] * (side->damping + side->rows[at]);
    }
    return 0;
}

static void add(struct side *side, double *biases, uint32_t at, double change,
                uint32_t rows)
{
    const uint64_t bit = UINT64_C(1) << at % 64;

    side->sums[at] += change;
    side->rows[at] += rows;
    biases[at] = side->sums[at] / (side->damping + side->rows[at]);
    if (side->changed[at / 64] & bit)
        return;
    side->changed[at / 64] |= bit;
    side->changes++;
}

static void forget(struct side *side)
{
    if (side->changes > 0)
        memset(side->changed, 0, side->room / 8);
    side->changes = 0;
    side->known = id_map_count(side->ids);
}

static void free_side(struct side *side)
{
    free(side->sums);
    free(side->rows);
    free(side->changed);
}

static size_t side_bytes(const struct side *side)
{
    return id_map_bytes(side->ids) +
           side->room *
               (sizeof(double) + sizeof(*side->sums) + sizeof(*side->rows)) +
           side->room / 8;
}

/* --- The whole -------------------------------------------------------- */

static struct model_biases biases_of(const struct bias_fold *fold)
{
    struct model *model = fold->snapshot->model;
    struct model_biases biases = {.users = NULL};

    model->ops->biases->find(model, &biases);
    return biases;
}

bool bias_fold_is_for(const struct snapshot *snapshot)
{
    struct model *model = snapshot->model;
    struct model_biases biases;

    return model->ops->biases && model->ops->biases->find(model, &biases);
}

static int start(struct bias_fold *fold, const struct bias_rows *rows,
                 struct error *err)
{
    const struct model_biases biases = biases_of(fold);

    fold->rows = fold->snapshot->rows;
    fold->users.ids = fold->snapshot->users;
    fold->users.damping = biases.damping_users;
    fold->ads.ids = fold->snapshot->ads;
    fold->ads.damping = biases.damping_items;
    if (start_side(&fold->users, biases.users, rows->users, err) < 0)
        return -1;
    return start_side(&fold->ads, biases.items, rows->ads, err);
}

int bias_fold_new(struct snapshot *snapshot, const struct bias_rows *rows,
                  uint64_t ids_max, struct bias_fold **out, struct error *err)
{
    struct bias_fold *fold = calloc(1, sizeof(*fold));

    if (!fold) {
        snapshot_free(snapshot);
        return error_no_memory(err, "biases that go on");
    }
    fold->snapshot = snapshot;
    fold->ids_max = ids_max;
    if (start(fold, rows, err) < 0) {
        bias_fold_free(fold);
        return -1;
    }
    *out = fold;
    return 0;
}

void bias_fold_free(struct bias_fold *fold)
{
    if (!fold)
        return;
    free_side(&fold->users);
    free_side(&fold->ads);
    snapshot_free(fold->snapshot);
    free(fold);
}

const struct snapshot *bias_fold_snapshot(const struct bias_fold *fold)
{
    return fold->snapshot;
}

size_t bias_fold_bytes(const struct bias_fold *fold)
{
    return sizeof(*fold) + side_bytes(&fold->users) + side_bytes(&fold->ads);
}

/* --- Learning --------------------------------------------------------- */

static bool is_full(const struct bias_fold *fold, const struct side *side)
{
    const uint64_t ids =
        (uint64_t)id_map_count(fold->users.ids) + id_map_count(fold->ads.ids);

    return id_map_count(side->ids) >= RATINGS_MAX ||
           (fold->ids_max > 0 && ids >= fold->ids_max);
}

/* The index of an id, which is added where it is new and there is place for
 * it; else INDEX_UNKNOWN. */
static int place(const struct bias_fold *fold, struct side *side,
                 const struct id *id, uint32_t *out, struct error *err)
{
    *out = id ? id_map_find(side->ids, id) : INDEX_UNKNOWN;
    if (!id || *out != INDEX_UNKNOWN || is_full(fold, side))
        return 0;
    if (make_room(side, id_map_count(side->ids) + 1, err) < 0)
        return -1;
    return id_map_add(side->ids, id, out, err);
}

int bias_fold_learn(struct bias_fold *fold, const struct bias_row *row,
                    double label, struct error *err)
{
    struct model *model = fold->snapshot->model;
    struct prediction now;
    struct pair pair;

    if (place(fold, &fold->users, row->user, &pair.user, err) < 0 ||
        place(fold, &fold->ads, row->ad, &pair.item, err) < 0)
        return -1;
    const uint32_t users = id_map_count(fold->users.ids);
    const uint32_t ads = id_map_count(fold->ads.ids);
    if ((users > model->users || ads > model->items) &&
        model->ops->biases->grow(model, users, ads, err) < 0)
        return -1;
    const struct model_biases biases = biases_of(fold);
    model_predict_unclipped(model, &pair, 1, &now);
    const double error = label - now.value;
    if (pair.user != INDEX_UNKNOWN)
        add(&fold->users, biases.users, pair.user,
            error + biases.users[pair.user], 1);
    if (pair.item != INDEX_UNKNOWN)
        add(&fold->ads, biases.items, pair.item,
            error + biases.items[pair.item], 1);
    fold->rows++;
    return 0;
}

static void correct_side(struct side *side, double *biases, const struct id *id,
                         double change)
{
    const uint32_t at = id ? id_map_find(side->ids, id) : INDEX_UNKNOWN;

    if (at != INDEX_UNKNOWN && side->rows[at] > 0)
        add(side, biases, at, change, 0);
}

void bias_fold_correct(struct bias_fold *fold, const struct bias_row *row,
                       double change)
{
    const struct model_biases biases = biases_of(fold);

    correct_side(&fold->users, biases.users, row->user, change);
    correct_side(&fold->ads, biases.items, row->ad, change);
}

/* --- Changes ---------------------------------------------------------- */

uint64_t bias_fold_changes(const struct bias_fold *fold)
{
    return (uint64_t)fold->users.changes + fold->ads.changes;
}

static void save_changes(const struct bias_fold *fold, struct buffer *to)
{
    const struct bias_changes users = {.known = fold->users.known,
                                       .count = fold->users.changes,
                                       .bits = fold->users.changed};
    const struct bias_changes ads = {.known = fold->ads.known,
                                     .count = fold->ads.changes,
                                     .bits = fold->ads.changed};

    bias_delta_save(fold->snapshot, &users, &ads, to);
}

int bias_fold_delta(const struct bias_fold *fold, struct snapshot_delta *head,
                    struct buffer *to, struct error *err)
{
    const size_t start = to->size;

    head->rows = fold->rows;
    snapshot_delta_begin(head, to);
    save_changes(fold, to);
    return snapshot_delta_end(to, start, err);
}

int bias_fold_bring(const struct bias_fold *fold, struct snapshot *to,
                    struct error *err)
{
    struct buffer body = {0};

    save_changes(fold, &body);
    int status = snapshot_delta_end(&body, 0, err);
    if (status == 0) {
        struct bytes_reader from = {.at = body.bytes, .left = body.size};
        status = bias_delta_apply(to, &from, err);
    }
    if (status == 0)
        to->rows = fold->rows;
    buffer_free(&body);
    return status;
}

void bias_fold_forget(struct bias_fold *fold)
{
    forget(&fold->users);
    forget(&fold->ads);
}
