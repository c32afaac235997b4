/*
 * command_predict.c - `pctr predict` scores pairs with a snapshot, as a scorer
 * that serves it would: the same code, the same bits.
 */
#include "cli/command.h"
#include "cli/csv_text.h"

#include "common/table.h"

#include "model/snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1024 };

struct predict_settings {
    char snapshot[512], user[64], ad[64], anonymous[256];
    int format;
    bool details;
};

#define FIELD(f)                                                               \
    offsetof(struct predict_settings, f),                                      \
        sizeof(((struct predict_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {"snapshot",        CONFIG_TEXT, FIELD(snapshot), NULL, 0, 0, NULL, "file to predict with (pctr fit, pctr snapshot fetch)"},
    {"format",          CONFIG_CHOICE, FIELD(format), "auto", 0, 0, TABLE_FORMAT_WORDS, "of FILE"},
    {"column.user",     CONFIG_TEXT, FIELD(user), "user", 0, 0, NULL, "column of the user"},
    {"column.ad",       CONFIG_TEXT, FIELD(ad),   "ad", 0, 0, NULL, "column of the ad"},
    {"field.anonymous", CONFIG_TEXT, FIELD(anonymous), "", 0, 0, NULL, "user ids that mean nobody, comma separated"},
    {"details",         CONFIG_BOOL, FIELD(details), "false", 0, 0, NULL, "basis, impossible and neighbours too"},
    {NULL, CONFIG_TEXT, 0, 0, NULL, 0, 0, NULL, NULL},
};
/* clang-format on */

/* Pairs on their way through the model, and how they were written. */
struct batch {
    struct pair pairs[BATCH];
    struct prediction predictions[BATCH];
    char (*texts)[2][ID_PRINT_SIZE]; /* (BATCH) user and ad */
    size_t count;
};

static void print_batch(const struct predict_settings *settings,
                        const struct snapshot *snapshot, struct batch *batch)
{
    model_predict(snapshot->model, batch->pairs, batch->count,
                  batch->predictions);
    for (size_t i = 0; i < batch->count; i++) {
        const struct prediction *p = &batch->predictions[i];
        csv_print_text(batch->texts[i][0]);
        putchar(',');
        csv_print_text(batch->texts[i][1]);
        printf(",%.17g", p->value);
        if (settings->details)
            printf(",%s,%d,%" PRIu32, basis_name(p->basis), p->impossible,
                   p->neighbours);
        putchar('\n');
    }
    batch->count = 0;
}

static int read_id(const struct table_field *field, struct id *id,
                   char text[ID_PRINT_SIZE], struct error *err)
{
    if (field->size == 0 || field->size > ID_TEXT_MAX)
        return error_set(err, ERROR_FORMAT, "an id of %zu bytes", field->size);
    *id = id_from_text(field->text, field->size);
    memcpy(text, field->text, field->size + 1);
    return 0;
}

static int add_pair(const struct predict_settings *settings,
                    const struct snapshot *snapshot,
                    const struct table_field *user,
                    const struct table_field *ad, struct batch *batch,
                    struct error *err)
{
    struct id user_id, ad_id;
    size_t at = batch->count;

    if (read_id(user, &user_id, batch->texts[at][0], err) < 0 ||
        read_id(ad, &ad_id, batch->texts[at][1], err) < 0)
        return -1;
    batch->pairs[at] = (struct pair){
        id_in_list(&user_id, settings->anonymous)
            ? INDEX_UNKNOWN
            : id_map_find(snapshot->users, &user_id),
        id_map_find(snapshot->ads, &ad_id),
    };
    batch->count++;
    return 0;
}

static int predict_rows(const struct predict_settings *settings,
                        const struct snapshot *snapshot, struct table *table,
                        struct batch *batch, struct error *err)
{
    int user = table_column(table, settings->user, err);
    int ad = user < 0 ? -1 : table_column(table, settings->ad, err);

    if (ad < 0)
        return -1;
    printf("user,ad,p%s\n",
           settings->details ? ",basis,impossible,neighbours" : "");
    for (;;) {
        enum table_result result;
        const struct table_field *fields = NULL;
        struct error why = {0};
        if (table_next(table, &result, &fields, &why, err) < 0)
            return -1;
        if (result == TABLE_END)
            break;
        if (result == TABLE_BAD || add_pair(settings, snapshot, &fields[user],
                                            &fields[ad], batch, &why) < 0)
            return error_set(err, ERROR_FORMAT, "line %" PRIu64 ": %s",
                             table_line(table), why.text);
        if (batch->count == BATCH)
            print_batch(settings, snapshot, batch);
    }
    print_batch(settings, snapshot, batch);
    return 0;
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    const struct predict_settings *settings = given;
    struct snapshot *snapshot = NULL;
    struct table *table = NULL;
    struct batch *batch = calloc(1, sizeof(*batch));
    int status = -1;

    if (batch)
        batch->texts = calloc(BATCH, sizeof(*batch->texts));
    if (!batch || !batch->texts) {
        error_set(err, ERROR_FAILED, "out of memory");
        goto out;
    }
    if (with->argument_count != 1) {
        error_set(err, ERROR_USAGE,
                  "name the FILE of pairs (- is standard input)");
        goto out;
    }
    if (snapshot_read(settings->snapshot, &snapshot, err) < 0 ||
        table_open(with->arguments[0], (enum table_format)settings->format,
                   &table, err) < 0)
        goto out;
    status = predict_rows(settings, snapshot, table, batch, err);
    if (status == 0 && fflush(stdout) != 0)
        status = error_set(err, ERROR_IO, "write the predictions");

out:
    table_close(table);
    snapshot_free(snapshot);
    if (batch)
        free(batch->texts);
    free(batch);
    return status;
}

const struct command predict_command = {
    .name = "predict",
    .summary = "score the pairs of a file with a snapshot",
    .arguments = "FILE",
    .help = "Reads a CSV with columns user and ad; writes user,ad,p with 17 "
            "significant digits, so that p reads back as the same bits.\n\n"
            "  printf 'user,ad\\n7,42\\n' | pctr predict --snapshot=c.snap -\n",
    .keys = keys,
    .settings_size = sizeof(struct predict_settings),
    .run = run,
};
