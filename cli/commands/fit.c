/*
 * fit.c - `pctr fit` learns a model from a file and keeps it as a
 * snapshot.
 */
#include "cli/command.h"
#include "cli/data/dataset_file.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/figure_text.h"
#include "common/base/utf8.h"

#include "model/select/cross_validation.h"
#include "model/select/divergence.h"
#include "model/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fit_settings {
    struct dataset_file data;
    char model[32], params[512], output[512], matrix[32];
    uint64_t figures_max;
};

#define FIELD(f)                                                               \
    offsetof(struct fit_settings, f), sizeof(((struct fit_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_MODEL, "model",       CONFIG_TEXT, FIELD(model),  "svd", 1, 0, NULL, "algorithm; an unknown one is answered with the list"},
    {GROUP_MODEL, "params",      CONFIG_TEXT, FIELD(params), "", 0, 0, NULL, "its parameters, as 'factors=50 epochs=10'; empty: their defaults"},
    {GROUP_DATA, "output",      CONFIG_TEXT, FIELD(output), "", 0, 0, NULL, "file for the snapshot; empty: none is written"},
    {GROUP_MEASURES, "figures.max_rows", CONFIG_U64, FIELD(figures_max), "50000", 0, 4294967295.0, NULL, "rows that the figures are made of; of more a sample is taken; 0: no figures"},
    {GROUP_DATA, "show_matrix", CONFIG_TEXT, FIELD(matrix), "", 0, 0, NULL, "print the first users x ads, as 10x10, in place of fitting"},
    CONFIG_WAS("show-matrix", "show_matrix"),
    DATASET_FILE_KEYS(data),
    CONFIG_END,
};
/* clang-format on */

/* --- The matrix view -------------------------------------------------- */

/* Returns the mean label of a pair; *rows is the number of its rows. */
static double pair_mean(const struct dataset *data, uint32_t user,
                        uint32_t item, size_t *rows)
{
    double sum = 0;

    *rows = 0;
    for (size_t i = 0; i < data->count; i++) {
        if (data->rows[i].user != user || data->rows[i].item != item)
            continue;
        sum += data->rows[i].value;
        ++*rows;
    }
    return *rows ? sum / (double)*rows : 0;
}

/* The bytes of the first `characters` of a text. */
static size_t prefix_size(const char *text, size_t size, int characters)
{
    size_t at = 0;

    for (int i = 0; at < size && i < characters; i++)
        at += utf8_sequence((const uint8_t *)text + at, size - at);
    return at;
}

/* Prints an id in a column, on its left where the width is negative, as
 * printf() does. Of an id that is too long both ends are there, with an
 * ellipsis between them: ids often differ in their last characters alone. */
static void print_column(const struct id *id, int width)
{
    char text[ID_SAFE_SIZE];
    size_t size = id_print_safe(id, text), at = 0;
    int wanted = width < 0 ? -width : width, length = 0; /* characters */

    for (; at < size; length++)
        at += prefix_size(text + at, size - at, 1);
    if (length <= wanted) {
        printf("%*s%s%*s", width > 0 ? wanted - length : 0, "", text,
               width < 0 ? wanted - length : 0, "");
        return;
    }
    int tail = (wanted - 1) / 2;
    printf("%.*s\u2026%s", (int)prefix_size(text, size, wanted - 1 - tail),
           text, text + prefix_size(text, size, length - tail));
}

static void print_matrix_row(const struct dataset *data, uint32_t user,
                             uint32_t items)
{
    struct id id = id_map_id(data->users, user);

    print_column(&id, -12);
    for (uint32_t i = 0; i < items; i++) {
        size_t rows;
        double mean = pair_mean(data, user, i, &rows);
        if (rows)
            printf(" %10.3g", mean);
        else
            printf(" %10s", ".");
    }
    putchar('\n');
}

static int by_pair(const void *a, const void *b)
{
    const struct rating *x = a, *y = b;

    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* Counts distinct pairs of a user and an ad. Rows of nobody do not count. */
static int count_pairs(const struct dataset *data, size_t *out,
                       struct error *err)
{
    struct rating *rows = malloc((data->count + 1) * sizeof(*rows));

    if (!rows)
        return error_no_memory(err, "the fitted model");
    for (size_t i = 0; i < data->count; i++)
        rows[i] = data->rows[i];
    qsort(rows, data->count, sizeof(*rows), by_pair);
    *out = 0;
    for (size_t i = 0; i < data->count; i++)
        *out += rows[i].user != INDEX_UNKNOWN &&
                (i == 0 || by_pair(&rows[i - 1], &rows[i]) != 0);
    free(rows);
    return 0;
}

static int print_matrix(const struct dataset *data, const char *size,
                        struct error *err)
{
    unsigned users, items;
    char behind;

    if (sscanf(size, "%ux%u%c", &users, &items, &behind) != 2)
        return error_set(err, ERROR_CONFIG,
                         "show_matrix: '%s': write users x ads, such as 10x10",
                         size);
    uint32_t all_users = id_map_count(data->users);
    uint32_t all_items = id_map_count(data->items);
    users = users < all_users ? users : all_users;
    items = items < all_items ? items : all_items;

    printf("%-12s", "user \\ ad");
    for (uint32_t i = 0; i < items; i++) {
        struct id id = id_map_id(data->items, i);
        putchar(' ');
        print_column(&id, 10);
    }
    putchar('\n');
    for (uint32_t u = 0; u < users; u++)
        print_matrix_row(data, u, items);
    size_t pairs = 0;
    if (count_pairs(data, &pairs, err) < 0)
        return -1;
    double share = 100.0 * (double)pairs / ((double)all_users * all_items);
    char percent[FIGURE_TEXT_SIZE];
    printf("\n%u users, %u ads, %zu rows; %zu pairs, %s %% of all\n", all_users,
           all_items, data->count, pairs, figure_text(share, 4, percent));
    return 0;
}

/* --- Fitting ---------------------------------------------------------- */

/* Figures of all rows, or of an even sample of `most` of them. */
static int measure(const struct dataset *data, const struct trainset *train,
                   const struct model *model, size_t most,
                   struct evaluation *out, struct error *err)
{
    size_t *rows = NULL;

    if (data->count <= most)
        return cross_validate_measure(
            model, train, &(struct dataset_rows){data, NULL, data->count}, out,
            err);
    rows = malloc((most + 1) * sizeof(*rows));
    if (!rows)
        return error_no_memory(err, "the figures");
    for (size_t i = 0; i < most; i++)
        rows[i] = (size_t)((double)i * (double)data->count / (double)most);
    int status = cross_validate_measure(
        model, train, &(struct dataset_rows){data, rows, most}, out, err);
    free(rows);
    return status;
}

static void print_model(const struct dataset *data,
                        const struct trainset *train,
                        const struct snapshot *snapshot, double seconds)
{
    char params[1024];

    params_print(snapshot->model->ops, &snapshot->model->params, params,
                 sizeof(params));
    printf("model     %s  %s\n"
           "learned   %zu rows, %u users, %u ads, mean %.6g, in %.3f s\n",
           snapshot->model->ops->name, params, data->count,
           train->ratings->users, train->ratings->items, train->ratings->mean,
           seconds);
    fflush(stdout);
}

static int print_figures(const struct dataset *data,
                         const struct trainset *train,
                         const struct snapshot *snapshot, size_t most,
                         struct error *err)
{
    struct evaluation e;
    char rmse[FIGURE_TEXT_SIZE], mae[FIGURE_TEXT_SIZE],
        logloss[FIGURE_TEXT_SIZE], auc[FIGURE_TEXT_SIZE], on[32] = "them  ";

    if (most == 0)
        return 0;
    if (data->count > most)
        snprintf(on, sizeof(on), "%zu of them  ", most);
    if (measure(data, train, snapshot->model, most, &e, err) < 0)
        return -1;
    printf("on %s RMSE %s  MAE %s  log-loss %s  AUC %s\n", on,
           figure_text(e.rmse, 6, rmse), figure_text(e.mae, 6, mae),
           figure_text(e.logloss, 6, logloss), figure_text(e.auc, 6, auc));
    return 0;
}

/* Writes the file before the figures are made, which may take longer than the
 * fit. *size is 0 where no file is wanted. */
static int keep(const char *path, const struct snapshot *snapshot, size_t *size,
                struct digest *digest, struct error *err)
{
    struct buffer bytes = {0};

    *size = 0;
    if (!path[0])
        return 0;
    if (snapshot_write(path, snapshot, err) < 0 ||
        snapshot_encode(snapshot, &bytes, err) < 0) {
        buffer_free(&bytes);
        return -1;
    }
    *digest = digest_of(bytes.bytes, bytes.size);
    *size = bytes.size;
    buffer_free(&bytes);
    return 0;
}

static int check_diverged(const struct model *model, struct error *err)
{
    bool diverged = false;

    if (divergence_check(model, &diverged, err) < 0)
        return -1;
    if (diverged)
        return error_set(err, ERROR_CONFIG,
                         "the fit diverged: what it learned is not finite, and "
                         "nothing is kept. Lower its learning rate (--params), "
                         "or look for labels far from the others");
    return 0;
}

static int fit(const struct fit_settings *settings, const struct dataset *data,
               struct scale scale, struct error *err)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct trainset *train = NULL;
    struct snapshot snapshot = {.rows = data->count};
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];
    size_t size = 0;
    int status = -1;

    if (model_find(settings->model, &ops, err) < 0 ||
        params_start(ops, &params, err) < 0 ||
        params_set(ops, settings->params, &params, err) < 0 ||
        dataset_file_params(&settings->data, ops, &params, err) < 0 ||
        trainset_build(data, NULL, data->count, scale, &train, err) < 0 ||
        trainset_ids(train, data, &snapshot.users, &snapshot.ads, err) < 0)
        goto out;

    int64_t started = clock_monotonic_ns();
    if (model_fit(ops, train->ratings, &params, NULL, &snapshot.model, err) < 0)
        goto out;
    double seconds = (double)(clock_monotonic_ns() - started) / 1e9;
    if (check_diverged(snapshot.model, err) < 0 ||
        keep(settings->output, &snapshot, &size, &digest, err) < 0)
        goto out;
    print_model(data, train, &snapshot, seconds);
    if (print_figures(data, train, &snapshot, (size_t)settings->figures_max,
                      err) < 0)
        goto out;
    if (size > 0)
        printf("kept      %s  %zu bytes, SHA-256 %s\n", settings->output, size,
               digest_hex(&digest, hex));
    status = 0;

out:
    id_map_free(snapshot.users);
    id_map_free(snapshot.ads);
    model_free(snapshot.model);
    trainset_free(train);
    return status;
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    const struct fit_settings *settings = given;
    struct dataset *data = NULL;
    struct scale scale;

    if (with->argument_count != 1)
        return error_set(err, ERROR_USAGE, "name the FILE to learn from");
    if (dataset_file_read(&settings->data, with->arguments[0], &data, &scale,
                          err) < 0)
        return -1;
    int status = settings->matrix[0] ? print_matrix(data, settings->matrix, err)
                                     : fit(settings, data, scale, err);
    dataset_free(data);
    return status;
}

const struct command fit_command = {
    .name = "fit",
    .summary = "learn a model from a file and keep it as a snapshot",
    .arguments = "FILE",
    .examples =
        "  pctr fit clicks.csv.gz --model=baseline --output=click.snap\n"
        "  pctr fit ratings.csv --model=svd --params='factors=20'\n"
        "  pctr fit clicks.csv.gz --show_matrix=10x10\n",
    .keys = keys,
    .settings_size = sizeof(struct fit_settings),
    .run = run,
};
