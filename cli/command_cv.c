/*
 * command_cv.c - `pctr cv` cross-validates models on a file.
 */
#include "cli/command.h"
#include "cli/dataset_file.h"
#include "cli/split_settings.h"

#include "common/stop.h"

#include "model/search.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cv_settings {
    struct dataset_file data;
    struct split_settings split;
    char models[512], params[512];
    uint32_t threads;
    bool json, train;
};

#define FIELD(f)                                                               \
    offsetof(struct cv_settings, f), sizeof(((struct cv_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {"models",  CONFIG_TEXT, FIELD(models), "random,baseline,svd", 0, 0, NULL, "what to compare, comma separated"},
    {"params",  CONFIG_TEXT, FIELD(params), "", 0, 0, NULL, "hyper-parameters, for a single model"},
    {"threads", CONFIG_U32,  FIELD(threads), "0", 0, 256, NULL, "fits at the same time; 0: one per core"},
    {"train",   CONFIG_BOOL, FIELD(train), "false", 0, 0, NULL, "measure on the training rows too"},
    {"json",    CONFIG_BOOL, FIELD(json), "false", 0, 0, NULL, "a JSON line per fold"},
    SPLIT_KEYS(split),
    DATASET_FILE_KEYS(data),
    {NULL, CONFIG_TEXT, 0, 0, NULL, 0, 0, NULL, NULL},
};
/* clang-format on */

enum { FOLDS_SHOWN = 5 };

static uint32_t thread_count(uint32_t wanted)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return wanted ? wanted : cores > 0 ? (uint32_t)cores : 1;
}

/* --- Printing
 * ------------------------------------------------------------------------ */

enum { FIGURES = 9, SHORT_FIGURES = 7 /* the others are seconds */ };
static const char *const figure_heads[FIGURES] = {
    "RMSE", "MAE", "FCP", "log-loss", "AUC", "NE", "MSE", "fit s", "test s"};
static const char *const figure_names[FIGURES] = {
    "rmse",    "mae",         "fcp",
    "logloss", "auc",         "normalised_entropy",
    "mse",     "fit_seconds", "test_seconds"};

static void figures_of(const struct fold_result *fold, bool train,
                       double out[FIGURES])
{
    const struct evaluation *e = train ? &fold->train : &fold->test;
    const double figures[FIGURES] = {e->rmse,
                                     e->mae,
                                     e->fcp,
                                     e->logloss,
                                     e->auc,
                                     e->normalised_entropy,
                                     e->mse,
                                     fold->fit_seconds,
                                     fold->test_seconds};

    memcpy(out, figures, sizeof(figures));
}

static void print_head(void)
{
    printf("%-16s %-11s", "model", "");
    for (int i = 0; i < FIGURES; i++)
        printf(" %8s", figure_heads[i]);
    putchar('\n');
}

static void print_row(const char *model, const char *what,
                      const double figures[FIGURES])
{
    printf("%-16s %-11s", model, what);
    for (int i = 0; i < FIGURES; i++) {
        if (isnan(figures[i]))
            printf(" %8s", "-");
        else
            printf(" %8.*f", i < SHORT_FIGURES ? 4 : 2, figures[i]);
    }
    putchar('\n');
}

static void print_folds(const char *model, const struct search_result *result)
{
    for (size_t f = 0; f < result->done && f < FOLDS_SHOWN; f++) {
        char what[32];
        double figures[FIGURES];
        snprintf(what, sizeof(what), "fold %zu", f + 1);
        figures_of(&result->folds[f], false, figures);
        print_row(model, what, figures);
    }
}

/* Mean and deviation over the folds. */
static int print_summary(const char *model, const struct search_result *result,
                         bool train, struct error *err)
{
    double *column = malloc((result->done + 1) * sizeof(*column));
    double means[FIGURES], deviations[FIGURES];

    if (!column)
        return error_set(err, ERROR_FAILED, "out of memory");
    for (int i = 0; i < FIGURES; i++) {
        for (size_t f = 0; f < result->done; f++) {
            double figures[FIGURES];
            figures_of(&result->folds[f], train, figures);
            column[f] = figures[i];
        }
        mean_and_deviation(column, result->done, &means[i], &deviations[i]);
    }
    free(column);
    print_row(model, train ? "train mean" : "mean", means);
    print_row(model, train ? "train std" : "std", deviations);
    return 0;
}

/* Seconds are those of the fold: once, without a prefix. */
static void add_figures(json_t *line, const struct fold_result *fold,
                        bool train)
{
    double figures[FIGURES];

    figures_of(fold, train, figures);
    for (int i = 0; i < (train ? SHORT_FIGURES : FIGURES); i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s%s", train ? "train_" : "",
                 figure_names[i]);
        json_object_set_new(line, name,
                            isnan(figures[i]) ? json_null()
                                              : json_real(figures[i]));
    }
}

static int print_json(const struct cv_settings *settings, const char *model,
                      const char *params, const struct search_result *result,
                      struct error *err)
{
    for (size_t f = 0; f < result->done; f++) {
        json_t *line = json_pack(
            "{s:s, s:s, s:I, s:I}", "model", model, "params", params, "fold",
            (json_int_t)f + 1, "rows", (json_int_t)result->folds[f].test.rows);
        if (!line)
            return error_set(err, ERROR_FAILED, "out of memory");
        add_figures(line, &result->folds[f], false);
        if (settings->train)
            add_figures(line, &result->folds[f], true);
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    }
    return 0;
}

static int print_result(const struct cv_settings *settings, const char *model,
                        const char *params, const struct search_result *result,
                        struct error *err)
{
    if (settings->json)
        return print_json(settings, model, params, result, err);
    print_folds(model, result);
    if (print_summary(model, result, false, err) < 0)
        return -1;
    return settings->train ? print_summary(model, result, true, err) : 0;
}

/* --- One model
 * ------------------------------------------------------------------------- */

static int plan_one(const char *model, const char *params,
                    struct search_plan *plan, struct model_params *filled,
                    char (*text)[SEARCH_TEXT_SIZE], struct error *err)
{
    const struct model_ops *ops = NULL;

    if (model_find(model, &ops, err) < 0 ||
        params_start(ops, filled, err) < 0 ||
        params_set(ops, params, filled, err) < 0)
        return -1;
    params_print(ops, filled, *text, SEARCH_TEXT_SIZE);
    *plan = (struct search_plan){
        .ops = ops, .count = 1, .params = filled, .texts = text};
    return 0;
}

static int validate(const struct cv_settings *settings, const char *model,
                    const struct dataset *data, const struct folds *folds,
                    struct scale scale, struct error *err)
{
    struct search_plan plan;
    struct model_params params;
    char text[1][SEARCH_TEXT_SIZE];
    struct search_results *results = NULL;

    if (plan_one(model, settings->params, &plan, &params, text, err) < 0)
        return -1;
    plan.measure_train = settings->train;
    if (search_run(&plan, data, folds, scale, thread_count(settings->threads),
                   NULL, NULL, &results, err) < 0)
        return -1;
    int status = print_result(settings, model, text[0], results->results, err);
    fflush(stdout);
    search_results_free(results);
    return status;
}

static int validate_all(const struct cv_settings *settings,
                        const struct dataset *data, const struct folds *folds,
                        struct scale scale, struct error *err)
{
    char names[sizeof(settings->models)], *rest = NULL;

    memcpy(names, settings->models, sizeof(names));
    if (strchr(names, ',') && settings->params[0])
        return error_set(err, ERROR_USAGE,
                         "params: name a single model (--models=svd)");
    if (!settings->json)
        print_head();
    for (char *name = strtok_r(names, ",", &rest); name && !stop_requested();
         name = strtok_r(NULL, ",", &rest))
        if (validate(settings, name, data, folds, scale, err) < 0)
            return -1;
    return 0;
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    const struct cv_settings *settings = given;
    struct dataset *data = NULL;
    struct folds *folds = NULL;
    struct scale scale;
    int status = -1;

    if (with->argument_count != 1)
        return error_set(err, ERROR_USAGE, "name the FILE to learn from");
    if (stop_on_signals(0, err) < 0 ||
        dataset_file_read(&settings->data, with->arguments[0], &data, &scale,
                          err) < 0 ||
        split_make(&settings->split, data, &folds, err) < 0)
        goto out;
    status = validate_all(settings, data, folds, scale, err);

out:
    folds_free(folds);
    dataset_free(data);
    return status < 0 ? -1 : stop_exit_status();
}

const struct command cv_command = {
    .name = "cv",
    .summary = "cross-validate models on a file",
    .arguments = "FILE",
    .help =
        "Fits every model on the same folds and prints what it is worth on the "
        "rows it has not seen.\n\n"
        "  pctr cv clicks.csv.gz --models=random,knn,baseline,svd "
        "--split.folds=4\n"
        "  pctr cv ratings.csv --models=svd --params=\"factors=20\" "
        "--split=time\n",
    .keys = keys,
    .settings_size = sizeof(struct cv_settings),
    .run = run,
};
