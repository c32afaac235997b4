#include "consumer/models/model_board.h"

#include "common/base/clock.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct model_state served_model_state(const struct served_model *model)
{
    struct model_state state = {.version = 0};

    if (!model)
        return state;
    state.version = model->manifest.epoch;
    state.delta = model->snapshot->delta;
    memcpy(state.hash, model->snapshot->sha256.bytes, MODEL_HASH_SIZE);
    memcpy(state.delta_hash, model->snapshot->delta_sha256.bytes,
           MODEL_HASH_SIZE);
    return state;
}

/* A model lives as long as it is on the board or somebody holds it. */
struct posted {
    struct served_model served;
    unsigned holders; /* the board is one of them while it is current */
    struct posted *next;
};

struct model_board {
    pthread_mutex_t lock; /* guards the list, `current` and all holders */
    struct posted *posted;
    struct posted *current;
    atomic_uint_least64_t epoch, posts;
};

static void posted_free(struct posted *model)
{
    if (!model)
        return;
    snapshot_free(model->served.snapshot);
    manifest_free(&model->served.manifest);
    free(model);
}

/* Takes the model off the list when that was its last holder; the caller frees
 * what comes back after it gave up the lock. */
static struct posted *let_go(struct model_board *board, struct posted *model)
{
    assert(model->holders > 0);
    if (--model->holders > 0)
        return NULL;

    struct posted **link = &board->posted;
    while (*link != model)
        link = &(*link)->next;
    *link = model->next;
    return model;
}

int model_board_new(struct model_board **out, struct error *err)
{
    struct model_board *board = calloc(1, sizeof(*board));

    if (!board)
        return error_no_memory(err, "the model board");
    if (pthread_mutex_init(&board->lock, NULL) != 0) {
        free(board);
        return error_set(err, ERROR_FAILED, "no mutex to be had");
    }
    atomic_init(&board->epoch, 0);
    atomic_init(&board->posts, 0);
    *out = board;
    return 0;
}

int model_board_post(struct model_board *board, struct snapshot *snapshot,
                     struct manifest *manifest, struct error *err)
{
    struct posted *model = calloc(1, sizeof(*model));

    if (!model) {
        snapshot_free(snapshot);
        manifest_free(manifest);
        return error_no_memory(err, "the model board");
    }
    model->served.snapshot = snapshot;
    model->served.manifest = *manifest;
    model->served.active_since_ms = clock_wall_ms();
    model->holders = 1;

    uint64_t epoch = manifest->epoch;
    struct posted *old = NULL;
    pthread_mutex_lock(&board->lock);
    model->next = board->posted;
    board->posted = model;
    if (board->current)
        old = let_go(board, board->current);
    board->current = model;
    atomic_store(&board->epoch, epoch);
    atomic_fetch_add(&board->posts, 1);
    pthread_mutex_unlock(&board->lock);

    posted_free(old);
    return 0;
}

const struct served_model *model_board_take(struct model_board *board)
{
    pthread_mutex_lock(&board->lock);
    struct posted *model = board->current;
    if (model)
        model->holders++;
    pthread_mutex_unlock(&board->lock);
    return model ? &model->served : NULL;
}

/* The one that was taken here as `served`. */
static struct posted *find(const struct model_board *board,
                           const struct served_model *served)
{
    struct posted *model = board->posted;

    while (model && &model->served != served)
        model = model->next;
    assert(model);
    return model;
}

void model_board_put(struct model_board *board,
                     const struct served_model *served)
{
    if (!served)
        return;
    pthread_mutex_lock(&board->lock);
    struct posted *last = let_go(board, find(board, served));
    pthread_mutex_unlock(&board->lock);
    posted_free(last);
}

struct snapshot *model_board_reclaim(struct model_board *board,
                                     const struct served_model *served)
{
    struct snapshot *snapshot = NULL;
    struct posted *last = NULL;

    pthread_mutex_lock(&board->lock);
    struct posted *model = find(board, served);
    if (model->holders == 1) { /* the caller, so it is not in service */
        last = let_go(board, model);
        snapshot = last->served.snapshot;
        last->served.snapshot = NULL;
    }
    pthread_mutex_unlock(&board->lock);
    posted_free(last);
    return snapshot;
}

uint64_t model_board_epoch(const struct model_board *board)
{
    return atomic_load(&board->epoch);
}

uint64_t model_board_posts(const struct model_board *board)
{
    return atomic_load(&board->posts);
}

void model_board_free(struct model_board *board)
{
    if (!board)
        return;
    struct posted *last = board->current ? let_go(board, board->current) : NULL;
    posted_free(last);
    assert(!board->posted); /* somebody still holds a model */
    pthread_mutex_destroy(&board->lock);
    free(board);
}
