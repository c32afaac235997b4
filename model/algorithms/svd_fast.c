/*
 * svd_fast.c - solver=fast of the model "svd": the same model, other numbers,
 * sooner.
 *
 * SGD in float, with a step per row that shrinks with the gradients seen
 * (AdaGrad: Duchi et al. 2011; per row as Chin et al. 2015), by several threads
 * without races: users and items are cut into as many blocks as there are
 * threads, and in turn r of an epoch thread t has the users of block t and the
 * items of block (t + r) mod threads to itself (DSGD: Gemulla et al. 2011), so
 * the result depends on the seed and the number of threads alone.
 *
 * One row in HOLDOUT_EVERY is kept back; the epoch that was best on those is
 * kept, and the fit stops when PATIENCE epochs were no better. Sets of fewer
 * than HOLDOUT_MIN rows are fit on all rows for all epochs. Biases are SGD at
 * a rate that falls with the epochs. reg_all damps everything, lr_all does
 * not matter. Rows of nobody move b_i, between two epochs.
 */
#include "model/algorithms/svd.h"

#include "common/base/random.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { HOLDOUT_EVERY = 20, HOLDOUT_MIN = 2000, PATIENCE = 1, THREADS_MAX = 64 };

static const float first_step = 0.08F;
static const float bias_rate = 0.02F;

struct row {
    uint32_t user, item;
    float value;
};

struct fast {
    const struct ratings *train;
    const struct kernel *kernel;
    struct factors *self;
    uint32_t threads, epochs;
    float mean, reg;
    float *b_u, *b_i, *square_u, *square_i; /* one allocation */
    struct row *rows;    /* by block (user block, item block), then as given */
    size_t *block_first; /* (threads * threads + 1) */
    struct row *holdout;
    size_t holdout_count;
    float *best; /* p, q, b_u, b_i of the best epoch; NULL without holdout */
    const atomic_bool *cancel;
    pthread_mutex_t gate; /* held until every thread is there */
    pthread_barrier_t barrier;
    uint32_t epoch; /* written by thread 0 between barriers, with */
    bool done;      /* these two */
    double best_rmse;
    uint32_t worse;
};

struct worker {
    struct fast *fast;
    uint32_t index;
    pthread_t thread;
};

/* --- Preparing -------------------------------------------------------- */

/* Returns the random number of a place, which no order of calls changes. */
static uint64_t scramble(uint64_t place)
{
    return random_next(&place);
}

/* Blocks are scattered over the indices: early ones have the most rows. */
static uint32_t block_of(const struct fast *f, uint32_t index)
{
    return f->threads == 1 ? 0 : (uint32_t)(scramble(index) % f->threads);
}

static size_t cell_of(const struct fast *f, uint32_t user, uint32_t item)
{
    return (size_t)block_of(f, user) * f->threads + block_of(f, item);
}

static bool is_held_out(const struct fast *f, uint64_t seed, size_t at)
{
    return f->best && scramble(seed ^ scramble(at)) % HOLDOUT_EVERY == 0;
}

/* Counting sort of the rows into blocks: block_first[cell + 1] is first the
 * number of rows, then where the next one goes. */
static void sort_rows(struct fast *f, uint64_t seed)
{
    const struct ratings *train = f->train;
    const size_t cells = (size_t)f->threads * f->threads;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t u = 0; u < train->users; u++)
            for (size_t at = train->user_first[u];
                 at < train->user_first[u + 1]; at++) {
                struct row row = {u, train->by_user[at].other,
                                  (float)train->by_user[at].value};
                size_t cell = cell_of(f, u, row.item);
                if (is_held_out(f, seed, at)) {
                    if (pass == 1)
                        f->holdout[f->holdout_count++] = row;
                } else if (pass == 0) {
                    f->block_first[cell + 2]++;
                } else {
                    f->rows[f->block_first[cell + 1]++] = row;
                }
            }
        for (size_t cell = 0; pass == 0 && cell < cells; cell++)
            f->block_first[cell + 2] += f->block_first[cell + 1];
    }
}

static void draw_factors(struct fast *f, const struct model_params *params)
{
    const struct factors *self = f->self;
    const double width = params->init_std * sqrt(12);
    uint64_t at = scramble(params->seed);

    for (size_t row = 0; row < (size_t)self->users + self->items; row++) {
        float *to = row < self->users
                        ? self->p_f32 + row * self->stride
                        : self->q_f32 + (row - self->users) * self->stride;
        for (size_t k = 0; k < self->rank; k++) {
            double unit = (double)(scramble(at++) >> 11) * 0x1p-53;
            to[k] = (float)(params->init_mean + width * (unit - 0.5));
        }
    }
}

/* --- One epoch -------------------------------------------------------- */

static void step(struct fast *f, const struct row *row, float rate)
{
    const size_t stride = f->self->stride;
    float *p = f->self->p_f32 + row->user * stride;
    float *q = f->self->q_f32 + row->item * stride;
    float *bu = &f->b_u[row->user], *bi = &f->b_i[row->item];
    float *su = &f->square_u[row->user], *si = &f->square_i[row->item];
    float e =
        row->value - (f->mean + *bu + *bi + f->kernel->dot_f32(p, q, stride));

    if (f->self->biased) {
        *bu += rate * (e - f->reg * *bu);
        *bi += rate * (e - f->reg * *bi);
    }
    struct kernel_adapt adapt = {.error = e,
                                 .reg = f->reg,
                                 .step_p = first_step / sqrtf(*su),
                                 .step_q = first_step / sqrtf(*si)};
    f->kernel->step_adaptive(p, q, stride, &adapt);
    *su += adapt.square_p / (float)f->self->rank;
    *si += adapt.square_q / (float)f->self->rank;
}

static void walk_block(struct fast *f, uint32_t users, uint32_t items)
{
    enum { AHEAD = 4 };
    const size_t stride = f->self->stride;
    size_t cell = (size_t)users * f->threads + items;
    const size_t end = f->block_first[cell + 1];
    float rate = bias_rate / sqrtf((float)(f->epoch + 1));

    for (size_t at = f->block_first[cell]; at < end; at++) {
        if (at + AHEAD < end)
            svd_prefetch(f->self->q_f32 + f->rows[at + AHEAD].item * stride,
                         stride * sizeof(float));
        step(f, &f->rows[at], rate);
    }
}

static void walk_nobody(struct fast *f)
{
    float rate = bias_rate / sqrtf((float)(f->epoch + 1));

    for (size_t at = 0; f->self->biased && at < f->train->nobody_count; at++) {
        float *bi = &f->b_i[f->train->nobody[at].other];
        float e = (float)f->train->nobody[at].value - (f->mean + *bi);
        *bi += rate * (e - f->reg * *bi);
    }
}

static double holdout_rmse(const struct fast *f)
{
    const size_t stride = f->self->stride;
    double sum = 0;

    for (size_t at = 0; at < f->holdout_count; at++) {
        const struct row *row = &f->holdout[at];
        float e =
            row->value -
            (f->mean + f->b_u[row->user] + f->b_i[row->item] +
             f->kernel->dot_f32(f->self->p_f32 + row->user * stride,
                                f->self->q_f32 + row->item * stride, stride));
        sum += (double)e * (double)e;
    }
    return sqrt(sum / (double)f->holdout_count);
}

/* Copies the factors and biases into `best`, or back from there. */
enum best_copy { KEEP_AS_BEST, RETURN_TO_BEST };

static void copy_best(struct fast *f, enum best_copy direction)
{
    const bool keep = direction == KEEP_AS_BEST;
    const size_t p = f->self->users * f->self->stride;
    const size_t q = f->self->items * f->self->stride;
    const size_t biases = (size_t)f->self->users + f->self->items;
    float *parts[] = {f->self->p_f32, f->self->q_f32, f->b_u};
    const size_t sizes[] = {p, q, biases};
    float *at = f->best;

    for (size_t i = 0; i < 3; i++) {
        memcpy(keep ? at : parts[i], keep ? parts[i] : at,
               sizes[i] * sizeof(float));
        at += sizes[i];
    }
}

/* Thread 0 ends the epoch while the others wait. */
static void end_epoch(struct fast *f)
{
    walk_nobody(f);
    f->epoch++;
    if (f->epoch >= f->epochs || (f->cancel && atomic_load(f->cancel)))
        f->done = true;
    if (!f->best || f->holdout_count == 0)
        return;
    double rmse = holdout_rmse(f);
    if (rmse < f->best_rmse) {
        f->best_rmse = rmse;
        f->worse = 0;
        copy_best(f, KEEP_AS_BEST);
    } else if (++f->worse >= PATIENCE) {
        f->done = true;
    }
}

static void *work(void *argument)
{
    const struct worker *worker = argument;
    struct fast *f = worker->fast;

    pthread_mutex_lock(&f->gate);
    pthread_mutex_unlock(&f->gate);
    while (!f->done) {
        for (uint32_t turn = 0; turn < f->threads; turn++) {
            walk_block(f, worker->index, (worker->index + turn) % f->threads);
            pthread_barrier_wait(&f->barrier);
        }
        if (worker->index == 0)
            end_epoch(f);
        pthread_barrier_wait(&f->barrier);
    }
    return NULL;
}

/* --- The trainer ------------------------------------------------------ */

/* The calling thread is worker 0. Threads wait for each other, so none may
 * begin before all are there. */
static int run(struct fast *f, struct error *err)
{
    struct worker workers[THREADS_MAX];
    uint32_t started = 1;
    int status = 0;

    if (pthread_barrier_init(&f->barrier, NULL, f->threads) != 0)
        return error_set(err, ERROR_FAILED, "no barrier for %u threads",
                         f->threads);
    pthread_mutex_lock(&f->gate);
    workers[0] = (struct worker){.fast = f};
    for (; started < f->threads; started++) {
        workers[started] = (struct worker){.fast = f, .index = started};
        if (pthread_create(&workers[started].thread, NULL, work,
                           &workers[started]) != 0)
            break;
    }
    if (started < f->threads) {
        f->done = true;
        status = error_set(err, ERROR_FAILED, "no thread: lower threads=%u",
                           f->threads);
    }
    pthread_mutex_unlock(&f->gate);
    work(&workers[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&f->barrier);
    return status;
}

static int allocate(struct fast *f, struct error *err)
{
    const size_t users = f->self->users, items = f->self->items;
    const size_t rows = f->train->count - f->train->nobody_count;
    const size_t cells = (size_t)f->threads * f->threads;

    f->b_u = calloc(2 * (users + items) + 1, sizeof(float));
    f->rows = calloc(rows + 1, sizeof(*f->rows));
    f->block_first = calloc(cells + 2, sizeof(*f->block_first));
    if (rows >= HOLDOUT_MIN) {
        f->holdout = calloc(rows, sizeof(*f->holdout));
        f->best =
            malloc((users + items) * (f->self->stride + 1) * sizeof(float));
    }
    if (!f->b_u || !f->rows || !f->block_first ||
        (rows >= HOLDOUT_MIN && (!f->holdout || !f->best)))
        return error_no_memory(err, "the svd fast");
    f->b_i = f->b_u + users;
    f->square_u = f->b_i + items;
    f->square_i = f->square_u + users;
    for (size_t i = 0; i < users + items; i++)
        f->square_u[i] = 1;
    return 0;
}

static void release(struct fast *f)
{
    free(f->b_u);
    free(f->rows);
    free(f->block_first);
    free(f->holdout);
    free(f->best);
}

int svd_fast_train(const struct ratings *train,
                   const struct model_params *params, const atomic_bool *cancel,
                   struct factors *self, struct error *err)
{
    struct fast f = {.train = train,
                     .kernel = kernel_best(),
                     .self = self,
                     .epochs = params->epochs,
                     .mean = params->biased ? (float)train->mean : 0,
                     .reg = (float)params->reg_all,
                     .cancel = cancel,
                     .gate = PTHREAD_MUTEX_INITIALIZER,
                     .done = params->epochs == 0,
                     .best_rmse = INFINITY};
    int status = -1;

    f.threads = params->threads < 1 ? 1 : params->threads;
    f.threads = f.threads > THREADS_MAX ? THREADS_MAX : f.threads;
    if (allocate(&f, err) < 0)
        goto out;
    sort_rows(&f, params->seed);
    draw_factors(&f, params);
    if (run(&f, err) < 0)
        goto out;
    if (cancel && atomic_load(cancel)) {
        model_cancelled(err);
        goto out;
    }
    if (f.best && isfinite(f.best_rmse))
        copy_best(&f, RETURN_TO_BEST);
    for (uint32_t u = 0; u < self->users; u++)
        self->b_u[u] = (double)f.b_u[u];
    for (uint32_t i = 0; i < self->items; i++)
        self->b_i[i] = (double)f.b_i[i];
    status = 0;

out:
    release(&f);
    return status;
}
