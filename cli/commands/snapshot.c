/*
 * snapshot.c - `pctr snapshot` shows what was published, takes it to
 * a file, and decides what is served.
 */
#include "cli/command.h"
#include "cli/commands/settings.h"
#include "cli/json/manifest_json.h"
#include "cli/snapshot/snapshot_diff.h"

#include "common/base/clock.h"
#include "common/base/figure_text.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/base/utf8.h"

#include "consumer/models/snapshot_reader.h"
#include "consumer/train/model_publication.h"
#include "model/snapshot.h"
#include "producer/snapshot_publisher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct snapshot_settings {
    char models[250], chunks[250];
    char model_name[64];
    char output[512], trusted[1024], signing[512];
    uint32_t timeout_ms;
    bool json;
};

#define FIELD(f)                                                               \
    offsetof(struct snapshot_settings, f),                                     \
        sizeof(((struct snapshot_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "output", CONFIG_TEXT, FIELD(output), "", 0, 0, NULL, "file that fetch writes"},
    {GROUP_DATA, "json",   CONFIG_BOOL, FIELD(json), "false", 0, 0, NULL, "list, show and diff print JSON, one object a line"},
    MODEL_NAME_KEY(model_name),
    TRUSTED_KEYS_KEY(trusted),
    SIGNING_KEY_KEY(signing),
    TOPIC_MODEL_KEYS(models, chunks),
    TIMEOUT_KEY(timeout_ms, "30000"),
    CONFIG_END,
};
/* clang-format on */

/* The state that all actions share. */
struct work {
    const struct invocation *with;
    const struct snapshot_settings *settings;
    struct snapshot_reader *reader; /* caught up; NULL without a broker */
    const char *argument;           /* NULL: none was given */
};

/* --- Manifests -------------------------------------------------------- */

/* Ends an object and prints it, as JSON or as lines for people. */
static int print_object(struct json_writer *to, struct error *err)
{
    json_writer_close(to, '}');
    return json_writer_print_line(to, stdout, err);
}

static void print_row(const struct manifest *m, bool served, uint32_t deltas)
{
    char created[CLOCK_TEXT_SIZE], algorithm[UTF8_PRINT_SIZE(64)],
        logloss[FIGURE_TEXT_SIZE], auc[FIGURE_TEXT_SIZE];

    utf8_print(m->algorithm, strlen(m->algorithm), algorithm);
    printf("%c %8" PRIu64 "  %s  %-12s %10" PRIu64 " %9" PRIu32 " %8" PRIu32
           " %11" PRIu64 " %8s %7s %6" PRIu32 "\n",
           served ? '*' : ' ', m->epoch, clock_format(m->created_ms, created),
           algorithm, m->rows, m->users, m->ads, m->size,
           figure_text(m->metrics.logloss, 5, logloss),
           figure_text(m->metrics.auc, 5, auc), deltas);
}

static int list(struct work *work, struct error *err)
{
    size_t count;
    const struct manifest *served = snapshot_reader_wanted(work->reader);
    const struct manifest *all =
        snapshot_reader_manifests(work->reader, &count);

    struct buffer line = {0};
    struct json_writer to = {.to = &line};
    int status = 0;

    if (!work->settings->json)
        printf("  %8s  %-24s  %-12s %10s %9s %8s %11s %8s %7s %6s\n", "epoch",
               "created", "algorithm", "rows", "users", "ads", "bytes",
               "logloss", "auc", "deltas");
    for (size_t i = 0; status == 0 && i < count; i++) {
        bool is_served = served == &all[i];
        const uint32_t deltas = delta_list_newest(
            snapshot_reader_deltas(work->reader), all[i].epoch);
        if (!work->settings->json) {
            print_row(&all[i], is_served, deltas);
            continue;
        }
        json_writer_open(&to, '{');
        manifest_json_write(&to, &all[i], is_served);
        json_writer_member_unsigned(&to, "deltas", deltas);
        status = print_object(&to, err);
    }
    buffer_free(&line);
    if (count == 0)
        log_warn("no model of this name is published", "model.name=%s topic=%s",
                 work->settings->model_name, work->settings->models);
    if (!work->settings->json && snapshot_reader_pinned(work->reader) != 0)
        printf("pinned: %" PRIu64 "\n", snapshot_reader_pinned(work->reader));
    return status;
}

/* --- One of them ------------------------------------------------------ */

static int parse_epoch(const char *text, uint64_t *epoch, struct error *err)
{
    char *end = NULL;

    errno = 0;
    *epoch =
        text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (*epoch == 0 || errno != 0 || *end != '\0')
        return error_set(err, ERROR_USAGE,
                         "give the epoch, a number from 1 on: see `pctr "
                         "snapshot list`");
    return 0;
}

static int find(const struct work *work, const struct manifest **out,
                struct error *err)
{
    uint64_t epoch;

    if (parse_epoch(work->argument, &epoch, err) < 0)
        return -1;
    *out = snapshot_reader_find(work->reader, epoch);
    if (!*out)
        return error_set(err, ERROR_UNAVAILABLE,
                         "no epoch %" PRIu64 " of '%s' on topic '%s': see "
                         "`pctr snapshot list`",
                         epoch, work->settings->model_name,
                         work->settings->models);
    return 0;
}

static int show_file(const struct work *work, struct error *err)
{
    struct snapshot *snapshot = NULL;
    struct buffer line = {0};
    struct json_writer to = {.to = &line, .in_lines = !work->settings->json};
    char hex[DIGEST_HEX_SIZE], params[512];

    if (snapshot_read(work->argument, &snapshot, err) < 0)
        return -1;
    const struct model *model = snapshot->model;
    params_print(model->ops, &model->params, params, sizeof(params));
    json_writer_open(&to, '{');
    json_writer_member_text(&to, "algorithm", model->ops->name);
    json_writer_member_text(&to, "params", params);
    json_writer_member_unsigned(&to, "users", model->users);
    json_writer_member_unsigned(&to, "ads", model->items);
    json_writer_member_unsigned(&to, "rows", snapshot->rows);
    json_writer_member_real(&to, "mean", model->mean);
    json_writer_member_real(&to, "low", model->scale.low);
    json_writer_member_real(&to, "high", model->scale.high);
    json_writer_member_text(&to, "sha256", digest_hex(&snapshot->sha256, hex));
    snapshot_free(snapshot);
    int status = print_object(&to, err);
    buffer_free(&line);
    return status;
}

static bool is_number(const char *text)
{
    return text && *text && text[strspn(text, "0123456789")] == '\0';
}

static int show(struct work *work, struct error *err)
{
    const struct manifest *manifest = NULL;

    if (!work->reader)
        return show_file(work, err);
    if (find(work, &manifest, err) < 0)
        return -1;
    struct buffer line = {0};
    struct json_writer to = {.to = &line, .in_lines = !work->settings->json};
    json_writer_open(&to, '{');
    manifest_json_write(&to, manifest,
                        snapshot_reader_wanted(work->reader) == manifest);
    json_writer_name(&to, "ranges");
    manifest_json_write_ranges(&to, manifest);
    int status = print_object(&to, err);
    buffer_free(&line);
    return status;
}

static int fetch(struct work *work, struct error *err)
{
    const struct manifest *manifest = NULL;
    enum snapshot_refusal why;
    struct buffer bytes = {0};

    if (!work->settings->output[0])
        return error_set(err, ERROR_USAGE, "name the file: --output FILE");
    if (find(work, &manifest, err) < 0)
        return -1;
    int status = snapshot_reader_fetch(
        work->reader, manifest, work->settings->timeout_ms, &bytes, &why, err);
    if (status == 0)
        status =
            file_replace(work->settings->output, bytes.bytes, bytes.size, err);
    if (status == 0)
        fprintf(stderr, "epoch %" PRIu64 ", %zu bytes -> %s\n", manifest->epoch,
                bytes.size, work->settings->output);
    buffer_free(&bytes);
    return status;
}

/* --- What is served --------------------------------------------------- */

static struct snapshot_publisher_config
publisher_of(const struct work *work, enum snapshot_publisher_role role)
{
    struct snapshot_publisher_config to = {.kafka = work->with->kafka,
                                           .role = role};

    text_copy(to.name, sizeof(to.name), work->settings->model_name);
    text_copy(to.models, sizeof(to.models), work->settings->models);
    text_copy(to.chunks, sizeof(to.chunks), work->settings->chunks);
    return to;
}

/* What pins and retires; signed, where there is a key. */
static int open_orders(const struct work *work, struct snapshot_publisher **out,
                       struct error *err)
{
    struct snapshot_publisher_config to = publisher_of(work, SNAPSHOT_PINS);

    if (signing_key_read(work->settings->signing, &to.signing, err) < 0)
        return -1;
    return snapshot_publisher_open(&to, out, err);
}

static int set_pin(struct work *work, uint64_t epoch, struct error *err)
{
    struct snapshot_publisher *publisher = NULL;
    int64_t now_ms = clock_wall_ms(),
            last_ms = snapshot_reader_pin_ms(work->reader);

    if (open_orders(work, &publisher, err) < 0)
        return -1;
    int status = snapshot_publisher_pin(
        publisher, epoch, now_ms > last_ms ? now_ms : last_ms + 1, err);
    snapshot_publisher_close(publisher);
    return status;
}

static int pin(struct work *work, struct error *err)
{
    const struct manifest *manifest = NULL;

    if (find(work, &manifest, err) < 0 ||
        set_pin(work, manifest->epoch, err) < 0)
        return -1;
    fprintf(stderr, "pinned: %" PRIu64 ", until `pctr snapshot unpin`\n",
            manifest->epoch);
    return 0;
}

static int unpin(struct work *work, struct error *err)
{
    if (set_pin(work, 0, err) < 0)
        return -1;
    fprintf(stderr, "the newest is served\n");
    return 0;
}

static int retire(struct work *work, struct error *err)
{
    const struct manifest *manifest = NULL;
    struct snapshot_publisher *publisher = NULL;

    if (find(work, &manifest, err) < 0 ||
        open_orders(work, &publisher, err) < 0)
        return -1;
    uint64_t epoch = manifest->epoch;
    int status = snapshot_publisher_retire(publisher, epoch, err);
    snapshot_publisher_close(publisher);
    if (status == 0)
        fprintf(stderr, "retired: %" PRIu64 ", for good\n", epoch);
    return status;
}

static int rollback(struct work *work, struct error *err)
{
    struct snapshot_publisher_config to =
        publisher_of(work, SNAPSHOT_MANIFESTS);
    const struct manifest *old = NULL;
    struct manifest again;

    if (signing_key_read(work->settings->signing, &to.signing, err) < 0 ||
        find(work, &old, err) < 0 || manifest_copy(old, &again, err) < 0)
        return -1;
    uint64_t epoch = old->epoch;
    again.parent_epoch = epoch;
    again.parent_sha256 = old->sha256;
    int status = publication_announce(&to, work->reader, &again, err);
    if (status == 0)
        fprintf(stderr, "epoch %" PRIu64 " is epoch %" PRIu64 " again\n",
                again.epoch, epoch);
    manifest_free(&again);
    return status;
}

static int diff(struct work *work, struct error *err)
{
    const struct invocation *with = work->with;

    if (with->argument_count != 3)
        return error_set(err, ERROR_USAGE, "diff: give two epochs or files");
    return snapshot_diff(work->reader, work->settings->timeout_ms,
                         with->arguments[1], with->arguments[2],
                         work->settings->json ? DIFF_AS_JSON : DIFF_AS_TEXT,
                         err);
}

static int keygen(struct work *work, struct error *err)
{
    if (!work->argument)
        return error_set(err, ERROR_USAGE, "keygen: name the FILE of the key");
    if (signing_key_make(work->argument, err) < 0)
        return -1;
    fprintf(stderr,
            "%s: for signing.key, keep it secret\n"
            "%s.pub: for trusted.keys\n",
            work->argument, work->argument);
    return 0;
}

static const struct {
    const char *name;
    int (*act)(struct work *work, struct error *err);
} actions[] = {
    {"list", list},     {"show", show},   {"fetch", fetch},
    {"pin", pin},       {"unpin", unpin}, {"rollback", rollback},
    {"retire", retire}, {"diff", diff},   {"keygen", keygen},
};

/* --- The command ------------------------------------------------------ */

static int open_reader(struct work *work, struct error *err)
{
    struct snapshot_reader_config from = {.kafka = work->with->kafka};

    if (!from.kafka.brokers[0])
        return error_set(err, ERROR_USAGE, "give the brokers: -b HOST:PORT");
    if (trusted_keys_read(work->settings->trusted, &from.trusted, err) < 0)
        return -1;
    text_copy(from.name, sizeof(from.name), work->settings->model_name);
    text_copy(from.models, sizeof(from.models), work->settings->models);
    text_copy(from.chunks, sizeof(from.chunks), work->settings->chunks);
    if (snapshot_reader_open(&from, &work->reader, err) < 0)
        return -1;
    return snapshot_reader_catch_up(work->reader, work->settings->timeout_ms,
                                    NULL, err);
}

/* Does the action look at files only? Then it needs no broker. */
static bool is_about_files(const struct work *work, size_t action)
{
    const struct invocation *with = work->with;

    if (actions[action].act == keygen)
        return true;
    if ((actions[action].act != show && actions[action].act != diff) ||
        with->argument_count < 2)
        return false;
    for (size_t i = 1; i < with->argument_count; i++)
        if (is_number(with->arguments[i]))
            return false;
    return true;
}

static int run(const struct invocation *with, void *settings, struct error *err)
{
    struct work work = {.with = with, .settings = settings};
    const char *name = with->argument_count > 0 ? with->arguments[0] : "";

    work.argument = with->argument_count > 1 ? with->arguments[1] : NULL;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(actions[i].name, name) != 0)
            continue;
        int status = is_about_files(&work, i) ? 0 : open_reader(&work, err);
        if (status == 0)
            status = actions[i].act(&work, err);
        snapshot_reader_close(work.reader);
        return status;
    }
    return error_set(err, ERROR_USAGE,
                     "'%s' is none of list, show, fetch, pin, unpin, retire, "
                     "rollback, diff, keygen",
                     name);
}

const struct command snapshot_command = {
    .name = "snapshot",
    .summary = "list, show, compare and fetch published models, pin, roll back",
    .arguments = "list|show|fetch|pin|unpin|retire|rollback|diff|keygen "
                 "[EPOCH|FILE] [...]",
    .examples =
        "  pctr snapshot list -b HOST:PORT           * marks the version "
        "served\n"
        "  pctr snapshot show 12 -b HOST:PORT        all that is known of one\n"
        "  pctr snapshot show FILE                   the contents of a file\n"
        "  pctr snapshot fetch 12 --output FILE -b HOST:PORT\n"
        "  pctr snapshot pin 12 -b HOST:PORT         serve 12 whatever comes\n"
        "  pctr snapshot unpin -b HOST:PORT          serve the newest again\n"
        "  pctr snapshot retire 12 -b HOST:PORT      never serve 12 again\n"
        "  pctr snapshot rollback 12 -b HOST:PORT    12 again, as the newest;\n"
        "                                            the next one follows it\n"
        "  pctr snapshot diff 11 12 -b HOST:PORT     how two epochs or files "
        "differ,\n"
        "                                            and whose answers moved\n"
        "  pctr snapshot keygen FILE                 a key to sign models with,"
        " and\n"
        "                                            FILE.pub to verify them\n",
    .keys = keys,
    .settings_size = sizeof(struct snapshot_settings),
    .kafka = KAFKA_SOMETIMES,
    .run = run,
};
