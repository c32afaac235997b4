#include "model/select/search.h"

#include "common/base/random.h"

#include "model/select/search_space.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 256 };

static int no_memory(struct error *err)
{
    return error_no_memory(err, "the search");
}

/* --- The plan --------------------------------------------------------- */

static int plan_new(const struct model_ops *ops, size_t count,
                    struct search_plan **out, struct error *err)
{
    struct search_plan *plan = calloc(1, sizeof(*plan));

    if (count == 0 || count > SEARCH_COMBINATIONS_MAX) {
        free(plan);
        return error_set(err, ERROR_LIMIT,
                         "search: %zu combinations: 1 to %d are fine", count,
                         SEARCH_COMBINATIONS_MAX);
    }
    if (plan) {
        plan->params = calloc(count, sizeof(*plan->params));
        plan->texts = calloc(count, sizeof(*plan->texts));
    }
    if (!plan || !plan->params || !plan->texts) {
        search_plan_free(plan);
        return no_memory(err);
    }
    plan->ops = ops;
    plan->count = count;
    *out = plan;
    return 0;
}

void search_plan_free(struct search_plan *plan)
{
    if (!plan)
        return;
    free(plan->params);
    free(plan->texts);
    free(plan);
}

/* Turns the texts into parameters. An error names the combination. */
static int finish_plan(struct search_plan *plan,
                       const struct model_params *base,
                       struct search_plan **out, struct error *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        plan->params[i] = *base;
        if (params_set(plan->ops, plan->texts[i], &plan->params[i], err) < 0) {
            search_plan_free(plan);
            return -1;
        }
    }
    *out = plan;
    return 0;
}

int search_grid(const struct model_ops *ops, const struct model_params *base,
                const char *space, struct search_plan **out, struct error *err)
{
    struct search_space parsed;
    struct search_plan *plan = NULL;

    if (search_space_parse(space, &parsed, err) < 0)
        return -1;
    if (!search_space_is_finite(&parsed))
        return error_set(err, ERROR_CONFIG,
                         "space: a grid needs lists; distributions are for a "
                         "random search");
    if (plan_new(ops, search_space_combinations(&parsed), &plan, err) < 0)
        return -1;
    for (size_t i = 0; i < plan->count; i++)
        search_space_combination(&parsed, i, plan->texts[i], SEARCH_TEXT_SIZE);
    return finish_plan(plan, base, out, err);
}

/* Floyd's sampling would not keep the order of drawing; a partial shuffle
 * does, and the combinations are few. */
static int draw_distinct(const struct search_space *space, uint64_t seed,
                         struct search_plan *plan, struct error *err)
{
    size_t all = search_space_combinations(space);
    size_t *order = malloc(all * sizeof(*order));

    if (!order)
        return no_memory(err);
    for (size_t i = 0; i < all; i++)
        order[i] = i;
    for (size_t i = 0; i < plan->count; i++) {
        size_t j = i + (size_t)(random_uniform(&seed) * (double)(all - i));
        size_t drawn = order[j];
        order[j] = order[i];
        search_space_combination(space, drawn, plan->texts[i],
                                 SEARCH_TEXT_SIZE);
    }
    free(order);
    return 0;
}

int search_random(const struct model_ops *ops, const struct model_params *base,
                  const char *space, const struct search_draw *draw,
                  struct search_plan **out, struct error *err)
{
    const size_t tries = draw->tries;
    uint64_t seed = draw->seed;
    struct search_space parsed;
    struct search_plan *plan = NULL;

    if (search_space_parse(space, &parsed, err) < 0)
        return -1;
    bool finite = search_space_is_finite(&parsed);
    size_t all = finite ? search_space_combinations(&parsed) : SIZE_MAX;
    if (finite && (tries > all || all > SEARCH_COMBINATIONS_MAX))
        return error_set(err, ERROR_CONFIG,
                         "search: %zu tries of %zu combinations", tries, all);
    if (plan_new(ops, tries, &plan, err) < 0)
        return -1;
    if (finite && draw_distinct(&parsed, seed, plan, err) < 0) {
        search_plan_free(plan);
        return -1;
    }
    for (size_t i = 0; !finite && i < tries; i++)
        search_space_draw(&parsed, &seed, plan->texts[i], SEARCH_TEXT_SIZE);
    return finish_plan(plan, base, out, err);
}

/* --- Running it ------------------------------------------------------- */

/* Work is handed out fit by fit: combination i / folds, fold i % folds. */
struct work {
    const struct search_plan *plan;
    const struct search_job *job;
    struct search_results *results;
    bool *ran; /* (combinations, folds) */

    atomic_size_t next;
    atomic_bool failed;
    pthread_mutex_t lock; /* of err */
    struct error err;
};

static bool is_over(const struct work *work)
{
    return atomic_load(&work->failed) ||
           (work->job->cancel && atomic_load(work->job->cancel));
}

static void run_one(struct work *work, size_t at)
{
    const struct search_job *job = work->job;
    size_t combination = at / job->folds->count;
    size_t fold = at % job->folds->count;
    const struct trial trial = {.dataset = job->dataset,
                                .scale = job->scale,
                                .ops = work->plan->ops,
                                .params = &work->plan->params[combination],
                                .measures = work->plan->measures,
                                .cancel = job->cancel};
    struct error err = {0};

    if (cross_validate_fold(&trial, &job->folds->folds[fold],
                            &work->results->results[combination].folds[fold],
                            &err) == 0) {
        work->ran[at] = true;
        if (job->finished)
            atomic_fetch_add(job->finished, 1);
    } else if (!is_over(work)) {
        pthread_mutex_lock(&work->lock);
        work->err = err;
        error_wrap(&work->err, "%s", work->plan->texts[combination]);
        pthread_mutex_unlock(&work->lock);
        atomic_store(&work->failed, true);
    }
}

static void *run_thread(void *context)
{
    struct work *work = context;
    size_t all = work->plan->count * work->job->folds->count;

    for (size_t at; (at = atomic_fetch_add(&work->next, 1)) < all;) {
        if (is_over(work))
            break;
        run_one(work, at);
    }
    return NULL;
}

static uint32_t core_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores > 0 ? (uint32_t)cores : 1;
}

static void run_threads(struct work *work)
{
    pthread_t others[THREADS_MAX];
    uint32_t started = 0;
    uint32_t threads = work->job->threads;

    if (threads == 0)
        threads = core_count();
    while (started + 1 < threads && started < THREADS_MAX &&
           pthread_create(&others[started], NULL, run_thread, work) == 0)
        started++;
    run_thread(work); /* this one works too */
    while (started > 0)
        pthread_join(others[--started], NULL);
}

static struct search_results *results_new(size_t combinations, size_t folds)
{
    struct search_results *results = calloc(1, sizeof(*results));

    if (!results)
        return NULL;
    results->results = calloc(combinations, sizeof(*results->results));
    struct fold_result *figures =
        calloc(combinations * folds, sizeof(*figures));
    if (!results->results || !figures) {
        free(results->results);
        free(figures);
        free(results);
        return NULL;
    }
    results->count = combinations;
    for (size_t i = 0; i < combinations; i++)
        results->results[i].folds = figures + i * folds;
    return results;
}

void search_results_free(struct search_results *results)
{
    if (!results)
        return;
    free(results->results[0].folds); /* one block for all */
    free(results->results);
    free(results);
}

int search_run(const struct search_plan *plan, const struct search_job *job,
               struct search_results **out, struct error *err)
{
    const size_t folds = job->folds->count;
    struct work work = {
        .plan = plan,
        .job = job,
        .results = results_new(plan->count, folds),
        .ran = calloc(plan->count * folds, sizeof(*work.ran)),
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };

    if (!work.results || !work.ran) {
        search_results_free(work.results);
        free(work.ran);
        return no_memory(err);
    }
    run_threads(&work);
    for (size_t at = 0; at < plan->count * folds; at++)
        work.results->results[at / folds].done += work.ran[at];
    free(work.ran);
    if (atomic_load(&work.failed)) {
        search_results_free(work.results);
        if (err)
            *err = work.err;
        return -1;
    }
    *out = work.results;
    return 0;
}
