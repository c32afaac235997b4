/*
 * feed.c - `pctr feed` publishes a data set, or the synthetic world,
 * as impressions and labels.
 */
#include "cli/command.h"
#include "cli/commands/published_output.h"
#include "cli/commands/settings.h"
#include "common/base/json_writer.h"

#include "cli/data/table_settings.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/base/table.h"
#include "common/event/event_avro.h"
#include "common/event/event_form.h"

#include "producer/feed/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROGRESS_MS = 500, DEADLINE_MS = 60000 };

struct feed_settings {
    struct feed_config feed;
    struct registry_settings registry;
    struct table_source_config table;
    struct world_config world;
    bool use_world;
    char spool_folder[512];
    uint64_t sort_bytes;
    char start[64], truth[512], truth_field[64], rejects[512];
    bool json;
};

#define FIELD(f)                                                               \
    offsetof(struct feed_settings, f), sizeof(((struct feed_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "rate",     CONFIG_F64,    FIELD(feed.rate), "0", 0, 1e9, NULL, "impressions a second; 0: as fast as the broker takes them"},
    {GROUP_DATA, "rejects",  CONFIG_TEXT,   FIELD(rejects), "", 0, 0, NULL, "file for the line and the reason of each rejected row"},
    {GROUP_DATA, "json",     CONFIG_BOOL,   FIELD(json), "false", 0, 0, NULL, "print the final account as JSON"},
    {GROUP_LIMITS | RARE, "sort.max_bytes", CONFIG_U64, FIELD(sort_bytes), "268435456", 1048576, 17179869184.0, NULL, "memory to sort rows by event time in; beyond it they are sorted in spool.dir"},
    {GROUP_DATA | RARE, "spool.dir", CONFIG_TEXT, FIELD(spool_folder), "", 0, 0, NULL, "folder for rows that memory does not hold: nameless files, gone at the end; empty: $TMPDIR, or /tmp"},
    TABLE_KEYS(table.table),
    PAIR_COLUMN_KEYS(table.user, table.ad),
    CLICK_COLUMN_KEYS(table.click, table.click_min),
    {GROUP_COLUMNS, "column.ts",      CONFIG_TEXT, FIELD(table.ts), "", 0, 0, NULL, "column with the time, a number or 2026-11-24T12:00Z; empty: ts or timestamp; none: the clock gives the times"},
    {GROUP_COLUMNS | RARE, "ts.unit", CONFIG_CHOICE, FIELD(table.ts_unit), "auto", 0, 0, TIME_UNIT_WORDS, "what the numbers of column.ts count, since 1970; auto goes by their size"},
    {GROUP_COLUMNS | RARE, "column.id", CONFIG_TEXT, FIELD(table.id), "", 0, 0, NULL, "column with the impression's id; empty: the number of the row"},
    {GROUP_COLUMNS | RARE, "id.start",  CONFIG_U64,  FIELD(table.id_start), "1", 0, 9007199254740992.0, NULL, "number of the first row"},
    {GROUP_COLUMNS | RARE, "extras",    CONFIG_TEXT, FIELD(table.extras), "all", 0, 0, NULL, "further columns that go into the event: all, none or a list; the label never does"},
    {GROUP_COLUMNS | RARE, "extras.without", CONFIG_TEXT, FIELD(table.without), "impression,impressions,clicks,ctr", 0, 0, NULL, "columns that extras=all leaves out because they tell the label"},
    TOPIC_IMPRESSIONS_KEY(feed.impressions),
    {GROUP_TOPICS | RARE, "topic.labels", CONFIG_TOPIC, FIELD(feed.labels), "pctr.labels", 0, 0, NULL, "labels: clicks, and other outcomes of impressions; empty: no labels are sent"},
    IMPRESSION_FIELD_KEYS(feed.fields),
    CLICK_FIELD_KEY(feed.fields),
    FORMAT_FEED_KEYS(feed.fields),
    REGISTRY_KEYS(registry),
    REGISTER_KEY(registry),
    ANONYMOUS_FIELD_KEY(feed.fields),
    {GROUP_CLOCK, "clock",          CONFIG_CHOICE, FIELD(feed.clock), "steps", 0, 0, FEED_CLOCK_WORDS, "event times of rows without one: steps from clock.start, or the time of sending"},
    {GROUP_CLOCK, "clock.start",    CONFIG_TEXT, FIELD(start), "", 0, 0, NULL, "event time of the first row (2026-11-24T12:00Z); empty: a time that makes the last row now"},
    {GROUP_CLOCK | RARE, "clock.step_ms",  CONFIG_U64,  FIELD(feed.step_ms), "1000", 0, 86400000, NULL, "event time between two rows"},
    {GROUP_CLOCK, "labels",         CONFIG_CHOICE, FIELD(feed.label_choice), "clicks", 0, 0, FEED_LABELS_WORDS, "send labels for clicks only, as in life, or for zeros too"},
    {GROUP_CLOCK, "label.delay_ms", CONFIG_U64,  FIELD(feed.delay_ms), "30000", 0, 2592000000.0, NULL, "mean time from impression to label; it is exponential"},
    {GROUP_CLOCK | RARE, "label.pairs",    CONFIG_BOOL, FIELD(feed.label_pairs), "false", 0, 0, NULL, "labels carry user and ad, so that no join is needed"},
    {GROUP_WORLD, "world",            CONFIG_BOOL, FIELD(use_world), "false", 0, 0, NULL, "feed a synthetic world in place of a file"},
    {GROUP_WORLD, "world.rows",       CONFIG_U64,  FIELD(world.rows), "60000", 1, 1e12, NULL, "impressions of the world"},
    {GROUP_WORLD, "world.users",      CONFIG_U32,  FIELD(world.users), "1000", 1, 10000000, NULL, "users of the world"},
    {GROUP_WORLD, "world.ads",        CONFIG_U32,  FIELD(world.ads), "200", 1, 10000000, NULL, "ads of the world"},
    {GROUP_WORLD | RARE, "seed",              CONFIG_U64,  FIELD(feed.seed), "1", 0, 4294967295.0, NULL, "seed of the delays and of the world"},
    {GROUP_WORLD | RARE, "world.rank",        CONFIG_U32,  FIELD(world.rank), "4", 0, 256, NULL, "dimensions of the users' taste"},
    {GROUP_WORLD | RARE, "world.click_rate",  CONFIG_F64,  FIELD(world.click_rate), "0.15", 0.000001, 0.999999, NULL, "click rate of an average pair"},
    {GROUP_WORLD | RARE, "world.spread",      CONFIG_F64,  FIELD(world.spread), "0.8", 0, 10, NULL, "standard deviation of users' and ads' biases, in logits"},
    {GROUP_WORLD | RARE, "world.affinity",    CONFIG_F64,  FIELD(world.affinity), "0.8", 0, 10, NULL, "standard deviation of the taste, in logits"},
    {GROUP_WORLD | RARE, "world.zipf",        CONFIG_F64,  FIELD(world.zipf), "0.7", 0, 4, NULL, "exponent of the long tail of activity"},
    {GROUP_WORLD | RARE, "world.drift",       CONFIG_F64,  FIELD(world.drift), "0.3", 0, 100, NULL, "radians that the ads' biases turn over all rows"},
    {GROUP_WORLD | RARE, "world.truth",       CONFIG_TEXT, FIELD(truth), "", 0, 0, NULL, "file for the true click probabilities: id,p"},
    {GROUP_WORLD | RARE, "world.truth_field", CONFIG_TEXT, FIELD(truth_field), "", 0, 0, NULL, "field of the impressions that carries the true click probability, for pctr replay field:NAME; empty: none"},
    CONFIG_END,
};
/* clang-format on */

/* --- Progress --------------------------------------------------------- */

struct progress {
    struct feed *feed;
    atomic_bool over;
    pthread_t thread;
    bool running;
};

static void show(const struct feed_counts *now, double seconds)
{
    double rate = seconds > 0 ? (double)now->rows / seconds : 0;

    fprintf(stderr, "\r%" PRIu64 " rows, %.0f/s", now->rows, rate);
    if (now->expected > 0 && rate > 0)
        fprintf(stderr, ", %.0f %%, %.0f s to go",
                100.0 * (double)now->rows / (double)now->expected,
                (double)(now->expected - now->rows) / rate);
    fputs("   ", stderr);
}

static void *show_progress(void *context)
{
    struct progress *progress = context;
    int64_t started = clock_monotonic_ms();

    while (!progress->over) {
        clock_sleep_ms(PROGRESS_MS);
        struct feed_counts now = feed_counts(progress->feed);
        show(&now, (double)(clock_monotonic_ms() - started) / 1e3);
    }
    fputs("\n", stderr);
    return NULL;
}

/* Shows progress only to a person on a terminal. */
static void progress_start(struct progress *progress, struct feed *feed)
{
    progress->feed = feed;
    if (isatty(STDERR_FILENO))
        progress->running = pthread_create(&progress->thread, NULL,
                                           show_progress, progress) == 0;
}

static void progress_stop(struct progress *progress)
{
    progress->over = true;
    if (progress->running)
        pthread_join(progress->thread, NULL);
}

/* --- The account ------------------------------------------------------ */

static int print_json(const struct feed *feed, double seconds,
                      struct error *err)
{
    struct feed_counts n = feed_counts(feed);
    struct buffer line = {0};
    struct json_writer to = {.to = &line};

    json_writer_open(&to, '{');
    json_writer_member_unsigned(&to, "rows", n.rows);
    json_writer_member_unsigned(&to, "impressions", n.impressions);
    json_writer_member_unsigned(&to, "rejected", n.rejected);
    json_writer_member_unsigned(&to, "undelivered", n.undelivered);
    json_writer_member_unsigned(&to, "labels", n.labels);
    json_writer_member_unsigned(&to, "undelivered_labels",
                                n.undelivered_labels);
    json_writer_member_unsigned(&to, "clicks", n.clicks);
    if (n.impressions > 0) { /* else there is no time to tell */
        json_writer_member_integer(&to, "first_ms", n.first_ms);
        json_writer_member_integer(&to, "last_ms", n.last_ms);
    }
    json_writer_member_real(&to, "seconds", seconds);
    json_writer_close(&to, '}');
    int status = json_writer_print_line(&to, stdout, err);
    buffer_free(&line);
    return status;
}

static void print_account(const struct feed *feed, double seconds)
{
    struct feed_counts n = feed_counts(feed);
    char first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];

    printf("rows read    %12" PRIu64 "\n"
           "  published  %12" PRIu64 "\n"
           "  rejected   %12" PRIu64 "\n",
           n.rows, n.impressions, n.rejected);
    if (n.undelivered > 0)
        printf("  undelivered%12" PRIu64
               "  (not acknowledged; some may be there all the same)\n",
               n.undelivered);
    printf("labels       %12" PRIu64 "  (%" PRIu64 " clicks)\n", n.labels,
           n.clicks);
    if (n.undelivered_labels > 0)
        printf("  undelivered%12" PRIu64 "\n", n.undelivered_labels);
    if (n.impressions > 0)
        printf("event times  %s .. %s\n", clock_format(n.first_ms, first),
               clock_format(n.last_ms, last));
    printf("took         %12.1f s (%.0f rows/s)\n", seconds,
           seconds > 0 ? (double)n.rows / seconds : 0);
    for (uint64_t i = 0; i < n.rejected && i < FEED_REJECTS_KEPT; i++)
        fprintf(stderr, "rejected: %s\n", feed_reject(feed, i));
    if (n.rejected > FEED_REJECTS_KEPT)
        fprintf(stderr, "... and %" PRIu64 " more (--rejects FILE has all)\n",
                n.rejected - FEED_REJECTS_KEPT);
}

/* --- The command ------------------------------------------------------ */

/* Refuses the name of a field that every event has: the truth would silently be
 * missing. */
static int take_truth_field(struct feed_settings *settings, struct error *err)
{
    const char *name = settings->truth_field;
    struct event_form form;

    if (event_form_read(&form, &settings->feed.fields, EVENT_IMPRESSIONS, err) <
        0)
        return -1;
    if (event_form_has(&form, name))
        return error_set(err, ERROR_CONFIG,
                         "world.truth_field: '%s' is a field of the event "
                         "already: choose another name",
                         name);
    settings->world.truth_field = name[0] ? name : NULL;
    return 0;
}

static int open_source(const struct invocation *with,
                       struct feed_settings *settings,
                       struct event_source **source, struct error *err)
{
    if (settings->use_world && with->argument_count > 0)
        return error_set(err, ERROR_USAGE, "'%s' and --world: feed one of them",
                         with->arguments[0]);
    if (settings->use_world) {
        settings->world.seed = settings->feed.seed;
        settings->world.truth = settings->truth[0] ? settings->truth : NULL;
        if (take_truth_field(settings, err) < 0)
            return -1;
        return world_open(&settings->world, source, err);
    }
    if (with->argument_count != 1)
        return error_set(err, ERROR_USAGE,
                         "what should be fed? name one FILE (- is standard "
                         "input), or --world");
    settings->table.path = with->arguments[0];
    if (table_source_open(&settings->table, source, err) < 0)
        return -1;
    /* The time of sending is in order by itself. */
    if (settings->feed.clock == CLOCK_WALL)
        return 0;
    struct event_source *inner = *source;
    *source = NULL;
    return sorted_source_open(inner, settings->spool_folder,
                              (size_t)settings->sort_bytes, source, err);
}

/* --- Schemas ---------------------------------------------------------- */

/* The number of the schema of one kind, where that is Avro. */
static int find_schema(const struct feed_settings *settings,
                       const struct event_source *source, enum event_kind kind,
                       struct event_output *out, struct error *err)
{
    const struct feed_config *feed = &settings->feed;
    const bool is_label = kind == EVENT_LABELS;
    const char *names[SOURCE_EXTRAS_MAX];
    struct buffer text = {0};
    struct event_form form;

    out->format =
        is_label ? feed->fields.labels_format : feed->fields.impressions_format;
    if (out->format != EVENT_FORMAT_AVRO || (is_label && !feed->labels[0]))
        return 0;
    const size_t count = is_label ? 0 : source->ops->extras(source, names);
    const struct published_output of =
        is_label ? published_labels(feed->labels, &settings->registry, &text)
                 : published_impressions(feed->impressions, &settings->registry,
                                         &text);
    int status = event_form_read(&form, &feed->fields, kind, err);
    if (status == 0)
        status = event_form_schema(&form, names, count, &text, err);
    if (status < 0)
        error_wrap(err, "%s", of.setting);
    if (status == 0)
        status = published_output_find(&of, out, err);
    buffer_free(&text);
    return status;
}

static int find_schemas(struct feed_settings *settings,
                        const struct event_source *source, struct error *err)
{
    if (find_schema(settings, source, EVENT_IMPRESSIONS,
                    &settings->feed.impression_output, err) < 0)
        return -1;
    return find_schema(settings, source, EVENT_LABELS,
                       &settings->feed.label_output, err);
}

static int check_registry(const struct feed_settings *settings, int format,
                          const char *setting, struct error *err)
{
    const struct event_output output = {
        .format = format, .has_schema = settings->registry.url[0] != '\0'};

    return event_output_check(&output, setting, err);
}

static int check(const void *of, struct error *err)
{
    const struct feed_settings *settings = of;
    const struct event_fields *fields = &settings->feed.fields;

    if (registry_settings_check(&settings->registry, err) < 0 ||
        check_registry(settings, fields->impressions_format,
                       "format.impressions", err) < 0)
        return -1;
    return settings->feed.labels[0]
               ? check_registry(settings, fields->labels_format,
                                "format.labels", err)
               : 0;
}

/* --- Running ---------------------------------------------------------- */

static int open_rejects(struct feed_settings *settings, struct error *err)
{
    if (!settings->rejects[0])
        return 0;
    settings->feed.rejects = fopen(settings->rejects, "w");
    if (!settings->feed.rejects)
        return error_set(err, ERROR_IO, "write '%s': %s", settings->rejects,
                         strerror(errno));
    fputs("line,reason\n", settings->feed.rejects);
    return 0;
}

/* The account of a feed that failed is told, too, and then the failure is the
 * feed's. */
static int tell(const struct feed_settings *settings, const struct feed *feed,
                double seconds, int status, struct error *err)
{
    struct error mute;

    if (!settings->json) {
        print_account(feed, seconds);
        return status;
    }
    return print_json(feed, seconds, status < 0 ? &mute : err) < 0 ? -1
                                                                   : status;
}

static int run_feed(struct feed_settings *settings, struct feed *feed,
                    struct error *err)
{
    struct progress progress = {0};
    int64_t started = clock_monotonic_ms();

    progress_start(&progress, feed);
    int status = feed_run(feed, err);
    progress_stop(&progress);
    double seconds = (double)(clock_monotonic_ms() - started) / 1e3;
    status = tell(settings, feed, seconds, status, err);
    struct feed_counts n = feed_counts(feed);
    if (status == 0 && n.rejected > 0 && n.impressions == 0)
        return error_set(err, ERROR_FORMAT,
                         "all %" PRIu64 " rows were rejected, the first at %s",
                         n.rejected, feed_reject(feed, 0));
    return status;
}

static int run(const struct invocation *with, void *given, struct error *err)
{
    struct feed_settings *settings = given;
    struct event_source *source = NULL;
    struct feed *feed = NULL;
    int status = -1;

    settings->feed.kafka = with->kafka;
    if (settings->start[0] &&
        clock_parse(settings->start, &settings->feed.start_ms, err) < 0)
        return error_wrap(err, "clock.start");
    if (stop_on_signals(DEADLINE_MS, err) < 0 ||
        open_source(with, settings, &source, err) < 0 ||
        find_schemas(settings, source, err) < 0 ||
        open_rejects(settings, err) < 0 ||
        feed_open(&settings->feed, source, &feed, err) < 0 ||
        run_feed(settings, feed, err) < 0)
        goto out;
    status = stop_exit_status();

out:
    feed_close(feed);
    event_source_close(source);
    if (settings->feed.rejects)
        fclose(settings->feed.rejects);
    return status;
}

const struct command feed_command = {
    .name = "feed",
    .summary = "publish a data set or a synthetic world as events",
    .arguments = "[FILE]",
    .examples =
        "  pctr feed -b localhost:9092 clicks.csv.gz --field.anonymous=0\n"
        "  pctr feed -b localhost:9092 ratings.csv --click.min=4\n"
        "  pctr feed -b localhost:9092 --world --rate=1000 --clock=wall\n",
    .help =
        "Reads CSV with a header, ARFF or MovieLens files, plain or gzip, or "
        "standard input (-), and publishes an impression for each row and a "
        "label for each click, keyed by user, in the order of event time: rows "
        "that come in another order are sorted first. The "
        "final account balances: rows read = published + rejected, and where "
        "it failed + undelivered, which no broker has acknowledged. After "
        "SIGTERM the labels of the impressions that were published are still "
        "sent. Further columns go along as extras, but not those that tell the "
        "label, such as how often a row was shown (--extras.without). A value "
        "of more than 255 bytes is cut, and a warning names its column.\n"
        "Fields are written where a scorer with the same settings reads them: "
        "a path such as context.user.id makes objects, items[1].id an array, "
        "@key leaves the user to the record's key, and @timestamp the time to "
        "the record. Further columns keep their names as they are. What cannot "
        "be written so (a header, two fields of which one would be within the "
        "other) is refused.\n"
        "In Avro, the fields and the further columns are those of a schema "
        "which the registry must have, or gets with --registry.register; "
        "fields are names then, not paths.\n",
    .keys = keys,
    .settings_size = sizeof(struct feed_settings),
    .kafka = KAFKA_ALWAYS,
    .check = check,
    .run = run,
};
