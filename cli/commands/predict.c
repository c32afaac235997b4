/*
 * predict.c - `pctr predict` scores pairs with a snapshot, as a scorer
 * that serves it would: the same code, the same bits.
 */
#include "cli/command.h"
#include "cli/commands/open_registry.h"
#include "cli/commands/predict_topic.h"
#include "cli/commands/prediction_details.h"
#include "cli/commands/published_model.h"
#include "cli/commands/published_output.h"
#include "cli/commands/settings.h"
#include "cli/data/csv_text.h"
#include "cli/data/pair_table.h"
#include "cli/data/table_settings.h"

#include "common/base/id_set.h"
#include "common/base/table.h"

#include "consumer/score/batch_scorer.h"

#include "model/rows/field_defaults.h"
#include "model/snapshot_delta.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct predict_settings {
    char snapshot[512], user[64], ad[64];
    struct table_options table;
    struct registry_settings registry;
    struct predict_topic_settings topic; /* fields.anonymous: for files too */
    struct published_model published;    /* in the place of the snapshot */
};

#define FIELD(f)                                                               \
    offsetof(struct predict_settings, f),                                      \
        sizeof(((struct predict_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "snapshot", CONFIG_TEXT, FIELD(snapshot), "", 0, 0, NULL, "file to predict with (pctr fit, pctr snapshot fetch); empty: the published model.version"},
    {GROUP_DATA, "details",  CONFIG_BOOL, FIELD(topic.details), "false", 0, 0, NULL, "print basis, impossible, neighbours and, of fields, support too"},
    CSV_SAFE_KEY(topic.csv_safe),
    TABLE_KEYS(table),
    PAIR_COLUMN_KEYS(user, ad),
    ANONYMOUS_FIELD_KEY(topic.fields),
    DEFAULT_FIELD_KEY(topic.fields),
    {GROUP_TOPICS, "topic",    CONFIG_TEXT, FIELD(topic.topic), "", 0, 0, NULL, "impressions to score, in place of FILE"},
    {GROUP_TOPICS, "from",     CONFIG_TEXT, FIELD(topic.from), "", 0, 0, NULL, "first impression: a time, a span before now as -15m (s, m, h, d), or an offset as @123; empty: the oldest"},
    {GROUP_TOPICS, "to",       CONFIG_TEXT, FIELD(topic.to), "", 0, 0, NULL, "first impression that is left out, written as --from; empty: the end of now"},
    {GROUP_TOPICS, "to_topic", CONFIG_TEXT, FIELD(topic.to_topic), "", 0, 0, NULL, "topic for the predictions, as a scorer's; empty: CSV on standard output"},
    {GROUP_TOPICS | RARE, "model.version", CONFIG_U64, FIELD(topic.version), "0", 0, 9007199254740992.0, NULL, "epoch that the snapshot was published as, for predictions on to_topic; without a snapshot, the published model to predict with; 0: none"},
    {GROUP_TOPICS | RARE, "model.delta", CONFIG_U32, FIELD(published.delta), "0", 0, SNAPSHOT_DELTAS_MAX, NULL, "number of the last delta that is applied to the published model; 0: none"},
    MODEL_NAME_KEY(published.name),
    TRUSTED_KEYS_KEY(published.trusted),
    TOPIC_MODEL_KEYS(published.models, published.chunks),
    IMPRESSION_FIELD_KEYS(topic.fields),
    FORMAT_IMPRESSIONS_KEYS(topic.fields),
    REGISTRY_KEYS(registry),
    REGISTER_KEY(registry),
    FORMAT_PREDICTIONS_KEY(topic.fields),
    TIMEOUT_KEY(topic.timeout_ms, "30000"),
    CONFIG_END,
};
/* clang-format on */

static void print_row(const struct predict_settings *settings,
                      const struct id *user, const struct id *ad,
                      const struct prediction *p)
{
    const enum csv_cells cells = csv_cells_of(settings->topic.csv_safe);

    csv_print_id(stdout, user, cells);
    putchar(',');
    csv_print_id(stdout, ad, cells);
    printf(",%.17g", p->value);
    if (settings->topic.details)
        prediction_details_print(stdout, p);
}

/* The answer for the newest row of the table. */
static int answer_row(const struct score_rules *rules,
                      const struct served_model *model,
                      const struct pair_table *pairs,
                      struct score_question *question, struct prediction *out,
                      struct error *err)
{
    uint64_t values[FIELD_VALUES_MAX];

    if (model_fields(model->snapshot->model)) {
        if (pair_table_values(pairs, values, err) < 0)
            return -1;
        question->values = values;
    }
    score_questions(rules, model, question, 1, out);
    question->values = NULL;
    return 0;
}

static int predict_rows(const struct predict_settings *settings,
                        const struct served_model *model,
                        struct pair_table *pairs, struct error *err)
{
    struct id_set *nobody = NULL;
    int status = 0;
    bool found = true;

    if (id_set_new(settings->topic.fields.anonymous, &nobody, err) < 0)
        return -1;
    const struct score_rules rules = {
        .defaults = settings->topic.fields.defaults, .nobody = nobody};
    printf("user,ad,p%s\n",
           settings->topic.details
               ? prediction_details_head(model->snapshot->model)
               : "");
    while (found) {
        struct score_question asked = {.values = NULL};
        struct prediction p;
        status = pair_table_next(pairs, &found, &asked.user, &asked.ad, err);
        if (status < 0 || !found)
            break;
        status = answer_row(&rules, model, pairs, &asked, &p, err);
        if (status < 0)
            break;
        print_row(settings, &asked.user, &asked.ad, &p);
        putchar('\n');
    }
    id_set_free(nobody);
    return status;
}

static int predict_file(const struct predict_settings *settings,
                        const char *path, struct snapshot *snapshot,
                        struct error *err)
{
    const struct served_model model = {.snapshot = snapshot};
    const struct pair_file file = {path, &settings->table, settings->user,
                                   settings->ad};
    struct pair_table pairs = {0};

    if (pair_table_open(&file, &pairs, err) < 0)
        return -1;
    const struct field_list *fields = model_fields(snapshot->model);
    uint64_t defaults[FIELD_VALUES_MAX];
    int status =
        fields && (field_defaults_keys(settings->topic.fields.defaults, fields,
                                       defaults, err) < 0 ||
                   pair_table_want_fields(&pairs, fields, defaults, err) < 0)
            ? -1
            : 0;
    if (status == 0)
        status = predict_rows(settings, &model, &pairs, err);
    pair_table_close(&pairs);
    if (status < 0)
        return error_wrap(err, "'%s'", path);
    if (fflush(stdout) != 0)
        return error_set(err, ERROR_IO, "write the predictions");
    return 0;
}

static int check_usage(const struct invocation *with,
                       const struct predict_settings *settings,
                       struct error *err)
{
    bool topic = settings->topic.topic[0] != '\0';

    if (with->argument_count != (topic ? 0 : 1))
        return error_set(err, ERROR_USAGE,
                         "what should be scored? name the FILE of pairs (- is "
                         "standard input), or --topic NAME alone");
    if (settings->topic.to_topic[0] && !topic)
        return error_set(err, ERROR_USAGE,
                         "--to_topic needs impressions: give --topic NAME");
    if (!settings->snapshot[0] && settings->topic.version == 0)
        return error_set(err, ERROR_USAGE,
                         "which model? give --snapshot FILE, or -b HOST:PORT "
                         "and --model.version N");
    if (settings->snapshot[0] && settings->published.delta > 0)
        return error_set(err, ERROR_USAGE,
                         "--model.delta is of a published model: leave "
                         "--snapshot out");
    if ((topic || !settings->snapshot[0]) && !with->kafka.brokers[0])
        return error_set(err, ERROR_USAGE,
                         "which Kafka? give -b HOST:PORT (or PCTR_BROKERS)");
    return 0;
}

static int load(const struct invocation *with,
                const struct predict_settings *settings, struct snapshot **out,
                struct error *err)
{
    struct published_model published = settings->published;

    if (settings->snapshot[0])
        return snapshot_read(settings->snapshot, out, err);
    published.version = settings->topic.version;
    return published_model_fetch(&published, &with->kafka,
                                 settings->topic.timeout_ms, out, err);
}

static struct published_output
output_of(const struct predict_settings *settings)
{
    return published_predictions(settings->topic.to_topic, &settings->registry,
                                 NULL);
}

static int check(const void *of, struct error *err)
{
    const struct predict_settings *settings = of;
    const struct published_output output = output_of(settings);

    return published_output_check(&output, &settings->topic.fields.predictions,
                                  err);
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    struct predict_settings *settings = given;
    const struct published_output output = output_of(settings);
    struct schema_registry *registry = NULL;
    struct snapshot *snapshot = NULL;

    if (check_usage(with, settings, err) < 0 ||
        published_output_find(&output, &settings->topic.fields.predictions,
                              err) < 0 ||
        load(with, settings, &snapshot, err) < 0)
        return -1;
    int status = open_registry(&settings->registry, NULL, NULL, 0,
                               &settings->topic.fields, &registry, err);
    if (status == 0)
        status =
            settings->topic.topic[0]
                ? predict_topic(&settings->topic, &with->kafka, snapshot, err)
                : predict_file(settings, with->arguments[0], snapshot, err);
    schema_registry_close(registry);
    snapshot_free(snapshot);
    return status;
}

const struct command predict_command = {
    .name = "predict",
    .summary = "score the pairs of a file, or a topic, with a snapshot",
    .arguments = "[FILE]",
    .examples =
        "  printf 'user,ad\\n7,42\\n' | pctr predict --snapshot=c.snap -\n"
        "  pctr predict -b HOST:PORT --snapshot=c.snap --details \\\n"
        "      --topic=pctr.impressions --from=-24h\n"
        "  pctr predict -b HOST:PORT --snapshot=c.snap \\\n"
        "      --topic=pctr.impressions --to_topic=again\n"
        "  pctr predict -b HOST:PORT --model.version=12 --model.delta=3 \\\n"
        "      --topic=pctr.impressions --to_topic=again\n",
    .help = "Reads the users and ads of a file and writes user,ad,p, or "
            "reads the impressions of a topic and writes id,ts,user,ad,p; p "
            "has 17 significant digits, so that it reads back as the same "
            "bits. With --to_topic the predictions go to a topic, each as a "
            "scorer with this model would have made it; a run that breaks off "
            "leaves there the predictions that it has sent.\n",
    .keys = keys,
    .settings_size = sizeof(struct predict_settings),
    .kafka = KAFKA_SOMETIMES,
    .check = check,
    .run = run,
};
