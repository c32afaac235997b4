/*
 * tune.c - `pctr tune` searches hyper-parameters on a file.
 */
#include "cli/command.h"
#include "cli/data/dataset_file.h"
#include "cli/data/split_settings.h"
#include "common/base/json_writer.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"

#include "model/select/search.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_MS = 300 };

enum measure {
    MEASURE_RMSE,
    MEASURE_MAE,
    MEASURE_LOGLOSS,
    MEASURE_AUC,
    MEASURE_FCP,
    MEASURE_MSE,
};
enum { MEASURES = 6, MEASURES_SHOWN = 4 /* in the table */ };
#define MEASURE_WORDS "rmse|mae|logloss|auc|fcp|mse"
static const char *const measure_names[MEASURES] = {"rmse", "mae", "logloss",
                                                    "auc",  "fcp", "mse"};

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };
#define OUTPUT_WORDS "table|json|csv"

struct tune_settings {
    struct dataset_file data;
    struct split_settings split;
    char model[32], params[512], space[1024];
    uint32_t random, threads;
    uint64_t seed;
    int measure, output;
    bool progressive, calibrate;
};

#define FIELD(f)                                                               \
    offsetof(struct tune_settings, f), sizeof(((struct tune_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_MODEL, "model",   CONFIG_TEXT, FIELD(model), "svd", 1, 0, NULL, "algorithm to tune"},
    {GROUP_MODEL, "space",   CONFIG_TEXT, FIELD(space), NULL, 0, 0, NULL, "values to try, as 'k=5|10|20 similarity=cosine|pearson'; with --random also uniform(a,b), loguniform(a,b), int(a,b)"},
    {GROUP_MODEL, "params",  CONFIG_TEXT, FIELD(params), "", 0, 0, NULL, "parameters that stay as they are"},
    {GROUP_MODEL, "random",  CONFIG_U32,  FIELD(random), "0", 0, 100000, NULL, "tries of a random search; 0: the whole grid"},
    {GROUP_MODEL | RARE, "seed",    CONFIG_U64,  FIELD(seed), "0", 0, 4294967295.0, NULL, "seed of the random search"},
    {GROUP_MEASURES, "measure", CONFIG_CHOICE, FIELD(measure), "rmse", 0, 0, MEASURE_WORDS, "measure to optimise"},
    {GROUP_MEASURES | RARE, "progressive", CONFIG_BOOL, FIELD(progressive), "false", 0, 0, NULL, "the model fields learns each test row after it was asked for, in the order of the split"},
    {GROUP_MEASURES, "calibrate", CONFIG_BOOL, FIELD(calibrate), "false", 0, 0, NULL, "turn scores into click probabilities (Platt), by the last tenth of each fold's training rows: what is tuned is then what pctr train would publish; fields are left alone"},
    {GROUP_DATA, "output",  CONFIG_CHOICE, FIELD(output), "table", 0, 0, OUTPUT_WORDS, "form of the results"},
    {GROUP_PROCESS | RARE, "threads", CONFIG_U32,  FIELD(threads), "0", 0, 256, NULL, "fits at the same time; 0: one for each core"},
    SPLIT_KEYS(split),
    DATASET_FILE_KEYS(data),
    CONFIG_END,
};
/* clang-format on */

/* --- Progress, and Ctrl-C --------------------------------------------- */

/* A thread that shows the progress of the search, and passes a request to stop
 * on to it. */
struct watch {
    pthread_t thread;
    size_t fits;
    atomic_size_t finished;
    atomic_bool cancel, over;
};

static void show(const struct watch *watch, int64_t started_ms)
{
    size_t done = atomic_load(&watch->finished);
    double seconds = (double)(clock_monotonic_ms() - started_ms) / 1e3;

    fprintf(stderr, "\r%zu of %zu fits", done, watch->fits);
    if (done > 0)
        fprintf(stderr, ", %.0f s to go ",
                seconds / (double)done * (double)(watch->fits - done));
}

static void *run_watch(void *context)
{
    struct watch *watch = context;
    int64_t started_ms = clock_monotonic_ms();
    bool terminal = isatty(STDERR_FILENO);

    while (!atomic_load(&watch->over)) {
        clock_sleep_ms(PROGRESS_MS);
        if (stop_requested())
            atomic_store(&watch->cancel, true);
        if (terminal)
            show(watch, started_ms);
    }
    if (terminal)
        fputs("\r\033[K", stderr);
    return NULL;
}

/* --- Results ---------------------------------------------------------- */

struct summary {
    size_t index; /* of the combination */
    size_t folds; /* that were run */
    double means[MEASURES];
    double deviations[MEASURES];
    size_t with_value[MEASURES]; /* folds that the mean is of */
    double fit_seconds;          /* mean */
    bool diverged;               /* on some fold: never ranked */
};

static double measured(const struct fold_result *fold, int measure)
{
    const struct evaluation *e = &fold->test;
    const double figures[MEASURES] = {e->rmse, e->mae, e->logloss,
                                      e->auc,  e->fcp, e->mse};

    return figures[measure];
}

static int summarise(const struct search_result *result, struct summary *out,
                     struct error *err)
{
    double *column = malloc((result->done + 1) * sizeof(*column));
    double unused;

    if (!column)
        return error_no_memory(err, "the search");
    out->folds = result->done;
    for (size_t f = 0; f < result->done; f++)
        out->diverged |= result->folds[f].diverged;
    for (int m = 0; m < MEASURES; m++) {
        for (size_t f = 0; f < result->done; f++)
            column[f] = measured(&result->folds[f], m);
        out->with_value[m] = mean_and_deviation(
            column, result->done, &out->means[m], &out->deviations[m]);
        if (out->diverged)
            out->means[m] = out->deviations[m] = NAN;
    }
    for (size_t f = 0; f < result->done; f++)
        column[f] = result->folds[f].fit_seconds;
    mean_and_deviation(column, result->done, &out->fit_seconds, &unused);
    free(column);
    return 0;
}

/* Is a better than b? Of equal ones the earlier combination is. */
static bool better(const struct summary *a, const struct summary *b,
                   int measure)
{
    double x = a->means[measure], y = b->means[measure];

    if (isnan(x) != isnan(y))
        return isnan(y);
    if (x < y || x > y)
        return measure == MEASURE_AUC || measure == MEASURE_FCP ? x > y : x < y;
    return a->index < b->index;
}

static size_t best_of(const struct summary *summaries, size_t count,
                      int measure)
{
    size_t best = 0;

    for (size_t i = 1; i < count; i++)
        if (better(&summaries[i], &summaries[best], measure))
            best = i;
    return best;
}

/* 1 is the best; ranks are distinct, as the reference's. Combinations without a
 * value come last; they are printed without a rank. */
static size_t rank_of(const struct summary *summaries, size_t count, size_t i,
                      int measure)
{
    size_t rank = 1;

    for (size_t j = 0; j < count; j++)
        rank += j != i && better(&summaries[j], &summaries[i], measure);
    return rank;
}

/* --- Printing --------------------------------------------------------- */

static void print_table(const struct search_plan *plan, const struct summary *s,
                        size_t count, int measure)
{
    printf("%4s  %-44s %9s %9s %9s %9s %8s\n", "rank", "parameters", "RMSE",
           "MAE", "log-loss", "AUC", "fit s");
    for (size_t rank = 1; rank <= count; rank++) {
        for (size_t i = 0; i < count; i++) {
            if (rank_of(s, count, i, measure) != rank)
                continue;
            if (isnan(s[i].means[measure]))
                printf("%4s  %-44s", "-", plan->texts[s[i].index]);
            else
                printf("%4zu  %-44s", rank, plan->texts[s[i].index]);
            if (s[i].diverged) {
                puts(" the fit diverged");
                continue;
            }
            for (int m = 0; m < MEASURES_SHOWN; m++)
                if (isnan(s[i].means[m]))
                    printf(" %9s", "-");
                else
                    printf(" %9.4f", s[i].means[m]);
            printf(" %8.2f\n", s[i].fit_seconds);
        }
    }
    for (int m = 0; m < MEASURES; m++) {
        size_t best = best_of(s, count, m);
        if (isnan(s[best].means[m]))
            continue; /* stars have no log-loss */
        printf("best %-8s %.6f  %s\n", measure_names[m], s[best].means[m],
               plan->texts[s[best].index]);
    }
}

static void write_measure(struct json_writer *to,
                          const struct search_result *result,
                          const struct summary *of, int measure, size_t rank)
{
    json_writer_name(to, measure_names[measure]);
    json_writer_open(to, '{');
    json_writer_member_real(to, "mean", of->means[measure]);
    json_writer_member_real(to, "std", of->deviations[measure]);
    json_writer_name(to, "rank");
    if (isnan(of->means[measure]))
        json_writer_null(to); /* without a value nothing is ranked */
    else
        json_writer_unsigned(to, rank);
    json_writer_member_unsigned(to, "folds_with_value",
                                of->with_value[measure]);
    json_writer_name(to, "folds");
    json_writer_open(to, '[');
    for (size_t f = 0; f < result->done; f++)
        json_writer_real(to, measured(&result->folds[f], measure));
    json_writer_close(to, ']');
    json_writer_close(to, '}');
}

static int print_json(const struct search_plan *plan,
                      const struct search_results *results,
                      const struct summary *s, size_t count, struct error *err)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};
    int status = 0;

    for (size_t i = 0; status == 0 && i < count; i++) {
        json_writer_open(&to, '{');
        json_writer_member_unsigned(&to, "index", s[i].index);
        json_writer_member_text(&to, "params", plan->texts[s[i].index]);
        if (s[i].diverged)
            json_writer_member_boolean(&to, "diverged", true);
        for (int m = 0; m < MEASURES; m++)
            write_measure(&to, &results->results[s[i].index], &s[i], m,
                          rank_of(s, count, i, m));
        json_writer_member_real(&to, "fit_seconds", s[i].fit_seconds);
        json_writer_close(&to, '}');
        status = json_writer_print_line(&to, stdout, err);
    }
    buffer_free(&line);
    return status;
}

static void print_csv(const struct search_plan *plan, const struct summary *s,
                      size_t count)
{
    fputs("index,params", stdout);
    for (int m = 0; m < MEASURES; m++)
        printf(",mean_%s,std_%s,rank_%s", measure_names[m], measure_names[m],
               measure_names[m]);
    puts(",fit_seconds");
    for (size_t i = 0; i < count; i++) {
        printf("%zu,\"%s\"", s[i].index, plan->texts[s[i].index]);
        for (int m = 0; m < MEASURES; m++)
            if (isnan(s[i].means[m]))
                fputs(",,,", stdout);
            else
                printf(",%.17g,%.17g,%zu", s[i].means[m], s[i].deviations[m],
                       rank_of(s, count, i, m));
        printf(",%.6f\n", s[i].fit_seconds);
    }
}

/* Says why some combinations, or all, have no rank. Returns whether all fits
 * diverged. */
static bool tell_unranked(const struct summary *s, size_t count, int measure)
{
    size_t diverged = 0, without = 0;

    for (size_t i = 0; i < count; i++) {
        diverged += s[i].diverged;
        without += !s[i].diverged && isnan(s[i].means[measure]);
    }
    if (diverged > 0)
        log_warn("some fits diverged and have no rank",
                 "combinations=%zu diverged=%zu", count, diverged);
    if (without > 0)
        log_warn(
            "combinations have no value of the measure and no rank",
            "measure=%s combinations=%zu of=%zu reason=\"no fold defines "
            "it: log-loss and AUC need labels of 0 to 1, AUC both kinds of "
            "them, FCP two rows of a user\"",
            measure_names[measure], without, count);
    return diverged == count;
}

static void tell_raw(const struct search_plan *plan,
                     const struct search_results *results)
{
    size_t raw = 0, folds = 0;

    for (size_t i = 0; i < plan->count; i++) {
        raw += search_result_raw(&results->results[i]);
        folds += results->results[i].done;
    }
    if (raw > 0)
        log_warn("some fits are not calibrated",
                 "fits=%zu of=%zu reason=\"the last tenth of their training "
                 "rows says too little\"",
                 raw, folds);
}

/* Warns of measures that only some folds define: their ranks are worth less. */
static void tell_ranked_by_some(const struct summary *s, size_t count)
{
    for (int m = 0; m < MEASURES; m++) {
        const struct summary *least = NULL;
        for (size_t i = 0; i < count; i++)
            if (!isnan(s[i].means[m]) && s[i].with_value[m] < s[i].folds &&
                (!least || s[i].with_value[m] < least->with_value[m]))
                least = &s[i];
        if (least)
            log_warn("some folds have no value of a measure, and ranks by it "
                     "go by the others",
                     "measure=%s folds=%zu with_value=%zu", measure_names[m],
                     least->folds, least->with_value[m]);
    }
}

/* Combinations of which no fold was run (Ctrl-C) are left out. */
static int print_results(const struct tune_settings *settings,
                         const struct search_plan *plan,
                         const struct search_results *results,
                         struct error *err)
{
    struct summary *summaries = calloc(plan->count, sizeof(*summaries));
    size_t count = 0;
    int status = 0;
    bool is_lost = false;

    if (!summaries)
        return error_no_memory(err, "the search");
    for (size_t i = 0; i < plan->count && status == 0; i++) {
        if (results->results[i].done == 0)
            continue;
        summaries[count].index = i;
        status = summarise(&results->results[i], &summaries[count++], err);
    }
    if (status == 0 && count == 0)
        status =
            error_set(err, ERROR_TEMPORARY, "stopped before the first fit");
    if (status == 0) {
        is_lost = tell_unranked(summaries, count, settings->measure);
        tell_ranked_by_some(summaries, count);
        tell_raw(plan, results);
    }
    if (status == 0 && settings->output == OUTPUT_TABLE)
        print_table(plan, summaries, count, settings->measure);
    else if (status == 0 && settings->output == OUTPUT_CSV)
        print_csv(plan, summaries, count);
    else if (status == 0)
        status = print_json(plan, results, summaries, count, err);
    free(summaries);
    if (status == 0 && is_lost)
        return error_set(err, ERROR_CONFIG,
                         "every fit diverged: try lower learning rates, or "
                         "give --scale");
    return status;
}

/* --- The command ------------------------------------------------------ */

static int make_plan(const struct tune_settings *settings,
                     struct search_plan **plan, struct error *err)
{
    const struct model_ops *ops = NULL;
    struct model_params base;

    if (model_find(settings->model, &ops, err) < 0 ||
        params_start(ops, &base, err) < 0 ||
        params_set(ops, settings->params, &base, err) < 0 ||
        dataset_file_params(&settings->data, ops, &base, err) < 0)
        return -1;
    if (settings->random > 0)
        return search_random(
            ops, &base, settings->space,
            &(struct search_draw){settings->random, settings->seed}, plan, err);
    return search_grid(ops, &base, settings->space, plan, err);
}

static int search(const struct tune_settings *settings,
                  const struct search_plan *plan, const struct split_rows *rows,
                  struct search_results **results, struct error *err)
{
    struct watch watch = {.fits = plan->count * rows->folds->count};
    const struct search_job job = {.dataset = rows->data,
                                   .scale = rows->scale,
                                   .folds = rows->folds,
                                   .threads = settings->threads,
                                   .cancel = &watch.cancel,
                                   .finished = &watch.finished};

    if (pthread_create(&watch.thread, NULL, run_watch, &watch) != 0)
        return error_set(err, ERROR_FAILED, "start a thread");
    int status = search_run(plan, &job, results, err);
    atomic_store(&watch.over, true);
    pthread_join(watch.thread, NULL);
    return status;
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    const struct tune_settings *settings = given;
    struct split_rows rows = {0};
    struct search_plan *plan = NULL;
    struct search_results *results = NULL;
    int status = -1;

    if (stop_on_signals(0, err) < 0 || make_plan(settings, &plan, err) < 0)
        goto out;
    plan->measures.progressive = settings->progressive;
    plan->measures.calibrate = settings->calibrate;
    if (split_read(&settings->split, &settings->data, with, &rows, err) < 0 ||
        search(settings, plan, &rows, &results, err) < 0)
        goto out;
    status = print_results(settings, plan, results, err);

out:
    search_results_free(results);
    search_plan_free(plan);
    split_rows_free(&rows);
    return status < 0 ? -1 : stop_exit_status();
}

const struct command tune_command = {
    .name = "tune",
    .summary = "search hyper-parameters on a file",
    .arguments = "FILE...",
    .examples = "  pctr tune clicks.csv.gz --model=knn --split.folds=4 \\\n"
                "      --space='k=5|10|20|40 similarity=cosine|pearson'\n",
    .help = "Tries every combination (or --random of them) on the same folds, "
            "on all cores. Ctrl-C prints the results so far.\n",
    .keys = keys,
    .settings_size = sizeof(struct tune_settings),
    .run = run,
};
