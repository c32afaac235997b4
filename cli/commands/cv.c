/*
 * cv.c - `pctr cv` cross-validates models on a file.
 */
#include "cli/command.h"
#include "cli/data/dataset_file.h"
#include "cli/data/split_settings.h"
#include "common/base/json_writer.h"

#include "common/base/stop.h"

#include "model/select/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cv_settings {
    struct dataset_file data;
    struct split_settings split;
    char models[512], params[512];
    uint32_t threads;
    struct measures measures;
    char threshold[32];
    bool json;
};

#define FIELD(f)                                                               \
    offsetof(struct cv_settings, f), sizeof(((struct cv_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_MODEL, "models",  CONFIG_TEXT, FIELD(models), "random,baseline,svd", 1, 0, NULL, "algorithms to compare, comma separated"},
    {GROUP_MODEL, "params",  CONFIG_TEXT, FIELD(params), "", 0, 0, NULL, "parameters of a single model, as 'factors=20'"},
    {GROUP_PROCESS | RARE, "threads", CONFIG_U32,  FIELD(threads), "0", 0, 256, NULL, "fits at the same time; 0: one for each core"},
    {GROUP_MEASURES, "train",   CONFIG_BOOL, FIELD(measures.train), "false", 0, 0, NULL, "measure on the training rows too"},
    {GROUP_MEASURES | RARE, "progressive", CONFIG_BOOL, FIELD(measures.progressive), "false", 0, 0, NULL, "the model fields learns each test row after it was asked for, in the order of the split"},
    {GROUP_MEASURES, "calibrate", CONFIG_BOOL, FIELD(measures.calibrate), "false", 0, 0, NULL, "turn scores into click probabilities (Platt), by the last tenth of each fold's training rows, as pctr train does; fields are left alone"},
    {GROUP_MEASURES, "ranking.k", CONFIG_U32, FIELD(measures.ranking_k), "0", 0, 4294967295.0, NULL, "measure precision, recall and NDCG of the first k rows of each user; 0: leave them out"},
    {GROUP_MEASURES | RARE, "ranking.threshold", CONFIG_TEXT, FIELD(threshold), "", 0, 0, NULL, "label and prediction from which on a row is relevant; empty: the mean label"},
    {GROUP_DATA, "json",    CONFIG_BOOL, FIELD(json), "false", 0, 0, NULL, "print a JSON line for each fold"},
    SPLIT_KEYS(split),
    DATASET_FILE_KEYS(data),
    CONFIG_END,
};
/* clang-format on */

enum { FOLDS_SHOWN = 5 };

/* --- Printing --------------------------------------------------------- */

/* Figures that training rows have too come first, then the seconds, then the
 * ranking, which is measured only when it was asked for. */
enum { SHORT_FIGURES = 7, SECONDS = 2, RANKING = 3 };
enum { FIGURES = SHORT_FIGURES + SECONDS + RANKING };
static const char *const figure_heads[FIGURES] = {
    "RMSE", "MAE",   "FCP",    "log-loss", "AUC",   "NE",
    "MSE",  "fit s", "test s", "prec@k",   "rec@k", "NDCG@k"};
static const char *const figure_names[FIGURES] = {
    "rmse",      "mae",         "fcp",
    "logloss",   "auc",         "normalised_entropy",
    "mse",       "fit_seconds", "test_seconds",
    "precision", "recall",      "ndcg"};

/* The rows of a fold whose figures are meant. */
enum judged_rows { TEST_ROWS, TRAIN_ROWS };

static void figures_of(const struct fold_result *fold, enum judged_rows rows,
                       double out[FIGURES])
{
    const struct evaluation *e =
        rows == TRAIN_ROWS ? &fold->train : &fold->test;
    const double figures[FIGURES] = {e->rmse,
                                     e->mae,
                                     e->fcp,
                                     e->logloss,
                                     e->auc,
                                     e->normalised_entropy,
                                     e->mse,
                                     fold->fit_seconds,
                                     fold->test_seconds,
                                     fold->ranking.precision,
                                     fold->ranking.recall,
                                     fold->ranking.ndcg};

    memcpy(out, figures, sizeof(figures));
    for (int i = SHORT_FIGURES + SECONDS; rows == TRAIN_ROWS && i < FIGURES;
         i++)
        out[i] = NAN; /* only test rows are ranked */
}

static int figures_shown(const struct cv_settings *settings)
{
    return settings->measures.ranking_k > 0 ? FIGURES : FIGURES - RANKING;
}

static void print_head(const struct cv_settings *settings)
{
    printf("%-16s %-11s", "model", "");
    for (int i = 0; i < figures_shown(settings); i++)
        printf(" %8s", figure_heads[i]);
    putchar('\n');
}

static void print_row(const struct cv_settings *settings, const char *model,
                      const char *what, const double figures[FIGURES])
{
    printf("%-16s %-11s", model, what);
    for (int i = 0; i < figures_shown(settings); i++) {
        bool seconds = i >= SHORT_FIGURES && i < SHORT_FIGURES + SECONDS;
        if (isnan(figures[i]))
            printf(" %8s", "-");
        else
            printf(" %8.*f", seconds ? 2 : 4, figures[i]);
    }
    putchar('\n');
}

static void print_folds(const struct cv_settings *settings, const char *model,
                        const struct search_result *result)
{
    for (size_t f = 0; f < result->done && f < FOLDS_SHOWN; f++) {
        char what[32];
        double figures[FIGURES];
        if (result->folds[f].diverged) {
            printf("%-16s fold %zu: the fit diverged\n", model, f + 1);
            continue;
        }
        snprintf(what, sizeof(what), "fold %zu", f + 1);
        figures_of(&result->folds[f], TEST_ROWS, figures);
        print_row(settings, model, what, figures);
    }
}

static size_t diverged_folds(const struct search_result *result)
{
    size_t count = 0;

    for (size_t f = 0; f < result->done; f++)
        count += result->folds[f].diverged;
    return count;
}

/* Names the means to which not all folds contribute. */
static void print_counts(const struct cv_settings *settings, const char *model,
                         const size_t with_value[FIGURES], size_t folds)
{
    for (int i = 0; i < figures_shown(settings); i++)
        if (with_value[i] > 0 && with_value[i] < folds)
            printf("%-16s the mean %s is that of %zu of %zu folds; the others "
                   "have no %s\n",
                   model, figure_heads[i], with_value[i], folds,
                   figure_heads[i]);
}

/* Prints mean and deviation over the folds in which the figure has a value. */
static int print_summary(const struct cv_settings *settings, const char *model,
                         const struct search_result *result,
                         enum judged_rows rows, struct error *err)
{
    const bool train = rows == TRAIN_ROWS;
    double *column = malloc((result->done + 1) * sizeof(*column));
    double means[FIGURES], deviations[FIGURES];
    size_t with_value[FIGURES];

    if (!column)
        return error_no_memory(err, "cross-validation");
    for (int i = 0; i < FIGURES; i++) {
        for (size_t f = 0; f < result->done; f++) {
            double figures[FIGURES];
            figures_of(&result->folds[f], rows, figures);
            column[f] = figures[i];
        }
        with_value[i] =
            mean_and_deviation(column, result->done, &means[i], &deviations[i]);
    }
    free(column);
    print_row(settings, model, train ? "train mean" : "mean", means);
    print_row(settings, model, train ? "train std" : "std", deviations);
    print_counts(settings, model, with_value, result->done);
    return 0;
}

/* Names of training rows' figures have a prefix. */
static void write_figures(struct json_writer *to,
                          const struct fold_result *fold, enum judged_rows rows,
                          int count)
{
    double figures[FIGURES];

    figures_of(fold, rows, figures);
    for (int i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s%s", rows == TRAIN_ROWS ? "train_" : "",
                 figure_names[i]);
        json_writer_member_real(to, name, figures[i]);
    }
}

static int print_json(const struct cv_settings *settings, const char *model,
                      const char *params, const struct search_result *result,
                      struct error *err)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};
    int status = 0;

    for (size_t f = 0; status == 0 && f < result->done; f++) {
        const struct fold_result *fold = &result->folds[f];
        json_writer_open(&to, '{');
        json_writer_member_text(&to, "model", model);
        json_writer_member_text(&to, "params", params);
        json_writer_member_unsigned(&to, "fold", f + 1);
        json_writer_member_unsigned(&to, "rows", fold->test.rows);
        if (fold->diverged)
            json_writer_member_boolean(&to, "diverged", true);
        if (settings->measures.calibrate)
            json_writer_member_boolean(&to, "calibrated", !fold->is_raw);
        write_figures(&to, fold, TEST_ROWS, figures_shown(settings));
        if (settings->measures.train)
            write_figures(&to, fold, TRAIN_ROWS, SHORT_FIGURES);
        json_writer_close(&to, '}');
        status = json_writer_print_line(&to, stdout, err);
    }
    buffer_free(&line);
    return status;
}

static int print_result(const struct cv_settings *settings, const char *model,
                        const char *params, const struct search_result *result,
                        struct error *err)
{
    if (settings->json)
        return print_json(settings, model, params, result, err);
    print_folds(settings, model, result);
    if (diverged_folds(result) > 0) {
        printf("%-16s the fit diverged on %zu of %zu folds: lower its learning "
               "rate, or give --scale\n",
               model, diverged_folds(result), result->done);
        return 0;
    }
    if (print_summary(settings, model, result, TEST_ROWS, err) < 0)
        return -1;
    if (search_result_raw(result) > 0)
        printf("%-16s %zu of %zu folds are not calibrated: the last tenth of "
               "their training rows says too little\n",
               model, search_result_raw(result), result->done);
    return settings->measures.train
               ? print_summary(settings, model, result, TRAIN_ROWS, err)
               : 0;
}

/* --- One model -------------------------------------------------------- */

static int plan_one(const struct cv_settings *settings, const char *model,
                    struct search_plan *plan, struct model_params *filled,
                    char (*text)[SEARCH_TEXT_SIZE], struct error *err)
{
    const struct model_ops *ops = NULL;

    if (model_find(model, &ops, err) < 0 ||
        params_start(ops, filled, err) < 0 ||
        params_set(ops, settings->params, filled, err) < 0 ||
        dataset_file_params(&settings->data, ops, filled, err) < 0)
        return -1;
    params_print(ops, filled, *text, SEARCH_TEXT_SIZE);
    *plan = (struct search_plan){
        .ops = ops, .count = 1, .params = filled, .texts = text};
    return 0;
}

/* `sound` counts models of which a fold did not diverge. */
static int validate(const struct cv_settings *settings, const char *model,
                    const struct split_rows *rows, size_t *sound,
                    struct error *err)
{
    const struct search_job job = {.dataset = rows->data,
                                   .scale = rows->scale,
                                   .folds = rows->folds,
                                   .threads = settings->threads};
    struct search_plan plan;
    struct model_params params;
    char text[1][SEARCH_TEXT_SIZE];
    struct search_results *results = NULL;

    if (plan_one(settings, model, &plan, &params, text, err) < 0)
        return -1;
    plan.measures = settings->measures;
    if (search_run(&plan, &job, &results, err) < 0)
        return -1;
    int status = print_result(settings, model, text[0], results->results, err);
    *sound += diverged_folds(results->results) < results->results->done;
    fflush(stdout);
    search_results_free(results);
    return status;
}

/* A typing error in the last name must not wait for the first fits. */
static int check_names(const struct cv_settings *settings, struct error *err)
{
    char names[sizeof(settings->models)], *rest = NULL;
    const struct model_ops *ops = NULL;

    memcpy(names, settings->models, sizeof(names));
    for (char *name = strtok_r(names, ",", &rest); name;
         name = strtok_r(NULL, ",", &rest))
        if (model_find(name, &ops, err) < 0)
            return -1;
    return 0;
}

static int validate_all(const struct cv_settings *settings,
                        const struct split_rows *rows, struct error *err)
{
    char names[sizeof(settings->models)], *rest = NULL;
    size_t sound = 0;

    memcpy(names, settings->models, sizeof(names));
    if (strchr(names, ',') && settings->params[0])
        return error_set(err, ERROR_USAGE,
                         "params: name a single model (--models=svd)");
    if (!settings->json)
        print_head(settings);
    for (char *name = strtok_r(names, ",", &rest); name && !stop_requested();
         name = strtok_r(NULL, ",", &rest))
        if (validate(settings, name, rows, &sound, err) < 0)
            return -1;
    if (sound == 0 && !stop_requested())
        return error_set(err, ERROR_CONFIG,
                         "every fit diverged: lower the learning rate "
                         "(--params), or give --scale");
    return 0;
}

/* Without a setting the threshold is the mean label. Predictions lie around it,
 * for stars as well as where one row in a hundred is a click. */
static int choose_threshold(struct cv_settings *settings,
                            const struct dataset *data, struct error *err)
{
    char *end;
    double sum = 0;

    if (settings->threshold[0]) {
        settings->measures.ranking_threshold =
            strtod(settings->threshold, &end);
        if (*end || !isfinite(settings->measures.ranking_threshold))
            return error_set(err, ERROR_CONFIG,
                             "ranking.threshold: '%s' is not a number",
                             settings->threshold);
        return 0;
    }
    for (size_t i = 0; i < data->count; i++)
        sum += data->rows[i].value;
    settings->measures.ranking_threshold =
        data->count > 0 ? sum / (double)data->count : 0;
    return 0;
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    struct cv_settings *settings = given;
    struct split_rows rows = {0};
    int status = -1;

    if (stop_on_signals(0, err) < 0 || check_names(settings, err) < 0 ||
        split_read(&settings->split, &settings->data, with, &rows, err) < 0 ||
        choose_threshold(settings, rows.data, err) < 0)
        goto out;
    status = validate_all(settings, &rows, err);

out:
    split_rows_free(&rows);
    return status < 0 ? -1 : stop_exit_status();
}

const struct command cv_command = {
    .name = "cv",
    .summary = "cross-validate models on a file",
    .arguments = "FILE...",
    .examples = "  pctr cv clicks.csv.gz --models=random,knn,baseline,svd "
                "--split.folds=4\n"
                "  pctr cv ratings.csv --models=svd --params='factors=20' "
                "--split=time\n"
                "  pctr cv train.csv test.csv --models=knn --split=predefined\n"
                "  pctr cv clicks.csv.gz --models=baseline,fields \\\n"
                "      --fields=user,ad,advertiser_id,position\n",
    .help = "Fits every model on the same folds and prints its measures on the "
            "rows that it has not seen.\n",
    .keys = keys,
    .settings_size = sizeof(struct cv_settings),
    .run = run,
};
