/*
 * cat.c - `pctr cat` shows what is on a topic, one JSON object a line, or
 * guesses which settings read it.
 */
#include "cli/command.h"
#include "cli/commands/open_registry.h"
#include "cli/commands/settings.h"
#include "cli/guess/guess_report.h"
#include "cli/json/record_json.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"

#include "consumer/read/extent.h"
#include "consumer/read/range_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TOPIC_KINDS = 7,
    LAST_SLACK = 64,   /* offsets that may be markers of transactions */
    NEVER = -1,        /* the end of a range that has none */
    GUESS_LAST = 1000, /* records that a guess looks at */
};

struct cat_settings {
    char topics[TOPIC_KINDS][250]; /* by record_kind */
    char topic[250];
    int kind;
    struct event_fields fields;
    struct registry_settings registry;
    char from[64], to[64], partition[16];
    uint32_t count, last;
    bool follow, guess;
    uint32_t timeout_ms;
};

#define FIELD(f)                                                               \
    offsetof(struct cat_settings, f), sizeof(((struct cat_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "last",      CONFIG_U32,    FIELD(last), "0", 0, 1000000, NULL, "number of newest records to show; 0: all"},
    {GROUP_DATA, "follow",    CONFIG_BOOL,   FIELD(follow), "false", 0, 0, NULL, "go on with new records until SIGINT or SIGTERM"},
    {GROUP_DATA, "guess",     CONFIG_BOOL,   FIELD(guess), "false", 0, 0, NULL, "show no records but what they look like, and the settings that read them; of --count oldest, --last newest or 1000 newest records"},
    RANGE_KEYS(from, to),
    {GROUP_DATA, "count",     CONFIG_U32,    FIELD(count), "0", 0, 4294967295.0, NULL, "end after this number of records; 0: no limit"},
    {GROUP_DATA, "partition", CONFIG_TEXT,   FIELD(partition), "", 0, 0, NULL, "show this partition only; empty: all"},
    {GROUP_DATA, "topic",     CONFIG_TEXT,   FIELD(topic), "", 0, 0, NULL, "any topic, in place of one of pctr's"},
    {GROUP_DATA, "as",        CONFIG_CHOICE, FIELD(kind), "auto", 0, 0, RECORD_KIND_WORDS "|auto", "kind of the records; auto goes by the topic's name, else it reads any msgpack"},
    TOPIC_IMPRESSIONS_KEY(topics[RECORD_IMPRESSION]),
    TOPIC_LABELS_KEY(topics[RECORD_LABEL]),
    TOPIC_PREDICTIONS_KEY(topics[RECORD_PREDICTION]),
    TOPIC_MODELS_KEY(topics[RECORD_MODEL]),
    TOPIC_CHUNKS_KEY(topics[RECORD_CHUNK]),
    TOPIC_DEAD_LETTERS_KEY(topics[RECORD_DEAD_LETTER]),
    TOPIC_EVALUATIONS_KEY(topics[RECORD_EVALUATION]),
    IMPRESSION_FIELD_KEYS(fields),
    FORMAT_IMPRESSIONS_KEYS(fields),
    FORMAT_LABELS_KEYS(fields),
    REGISTRY_KEYS(registry),
    CLICK_FIELD_KEY(fields),
    TIMEOUT_KEY(timeout_ms, "30000"),
    CONFIG_END,
};
/* clang-format on */

static const struct command_letter letters[] = {
    {'f', "follow"}, {'c', "count"}, {'p', "partition"}, {0, NULL}};

/* The state of one run of the command. */
struct work {
    const struct invocation *with;
    const struct cat_settings *settings;
    const char *topic;
    enum record_kind kind;
    struct record_readers readers;
    struct buffer line;
    uint64_t shown;
    bool unread;                 /* nobody reads standard output any more */
    struct field_survey *survey; /* NULL: records are shown */

    uint32_t last;       /* newest records to take; 0: all */
    struct buffer *ring; /* (last) the newest lines */
    uint64_t taken;      /* lines put into it */
};

/* --- Which topic ------------------------------------------------------ */

static int choose_by_word(struct work *work, const char *word,
                          struct error *err)
{
    static const char *const words[TOPIC_KINDS] = {
        "impressions", "labels",       "predictions", "models",
        "chunks",      "dead_letters", "evaluations"};

    for (int kind = 0; kind < TOPIC_KINDS; kind++) {
        if (strcmp(words[kind], word) != 0)
            continue;
        work->topic = work->settings->topics[kind];
        work->kind = (enum record_kind)kind;
        return 0;
    }
    return error_set(err, ERROR_USAGE,
                     "'%s' is none of impressions, labels, predictions, "
                     "models, chunks, dead_letters, evaluations; other topics: "
                     "--topic NAME",
                     word);
}

static int choose_topic(struct work *work, struct error *err)
{
    const struct cat_settings *settings = work->settings;
    bool named = settings->topic[0] != '\0';

    if (work->with->argument_count != (named ? 0 : 1))
        return error_set(err, ERROR_USAGE,
                         "which topic? give one of impressions, labels, "
                         "predictions, models, chunks, dead_letters, "
                         "evaluations, or --topic NAME");
    if (!named && choose_by_word(work, work->with->arguments[0], err) < 0)
        return -1;
    if (named) {
        work->topic = settings->topic;
        work->kind = RECORD_MSGPACK;
        for (int kind = 0; kind < TOPIC_KINDS; kind++)
            if (strcmp(settings->topics[kind], settings->topic) == 0)
                work->kind = (enum record_kind)kind;
    }
    if (settings->kind <= RECORD_MSGPACK)
        work->kind = (enum record_kind)settings->kind;
    return 0;
}

/* --- Which part of it ------------------------------------------------- */

static int parse_partition(const char *text, int32_t *out, struct error *err)
{
    char *end = NULL;
    long partition = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

    *out = EXTENT_ALL_PARTITIONS;
    if (!*text)
        return 0;
    if (partition < 0 || partition > INT32_MAX || *end != '\0')
        return error_set(err, ERROR_CONFIG, "partition: '%s' is no number",
                         text);
    *out = (int32_t)partition;
    return 0;
}

static int find_extent(const struct work *work, struct topic_extent *out,
                       struct error *err)
{
    const struct cat_settings *settings = work->settings;
    struct extent_query query = {.topic = work->topic,
                                 .timeout_ms = settings->timeout_ms};

    if (parse_partition(settings->partition, &query.partition, err) < 0 ||
        extent_query_bound(&query, settings->from, settings->to,
                           clock_wall_ms(), err) < 0)
        return -1;
    if (settings->follow && query.to.kind != EXTENT_OPEN)
        return error_set(err, ERROR_USAGE, "either --follow or --to");
    return topic_extent_find(&work->with->kafka, &query, out, err);
}

/* --- Reading ---------------------------------------------------------- */

static int survey(struct work *work, const struct message *message,
                  struct error *err)
{
    struct record_header headers[RECORD_HEADERS_MAX];
    size_t count = message_headers(message, headers, RECORD_HEADERS_MAX);

    work->shown++;
    return field_survey_take(
        work->survey, message, headers,
        count < RECORD_HEADERS_MAX ? count : RECORD_HEADERS_MAX, err);
}

static void format(struct work *work, const struct message *message)
{
    struct record_header headers[RECORD_HEADERS_MAX];
    size_t count = message_headers(message, headers, RECORD_HEADERS_MAX);
    struct record record = {
        .topic = work->topic,
        .message = message,
        .headers = headers,
        .header_count = count < RECORD_HEADERS_MAX ? count : RECORD_HEADERS_MAX,
    };

    buffer_clear(&work->line);
    record_json(&record, work->kind, &work->readers, &work->line);
}

static int print_line(struct work *work, const struct buffer *line,
                      struct error *err)
{
    if (buffer_failed(line))
        return error_no_memory(err, "the partitions to read");
    if (fwrite(line->bytes, 1, line->size, stdout) != line->size)
        return error_set(err, ERROR_IO, "write to standard output: %s",
                         strerror(errno));
    work->shown++;
    return 0;
}

static int take_record(void *context, const struct message *message,
                       struct error *err)
{
    struct work *work = context;

    if (work->survey) {
        work->taken++;
        return survey(work, message, err);
    }
    format(work, message);
    if (!work->ring)
        return print_line(work, &work->line, err);
    struct buffer *place = &work->ring[work->taken++ % work->last];
    struct buffer oldest = *place;
    *place = work->line;
    work->line = oldest;
    return 0;
}

static bool is_enough(const struct work *work)
{
    uint32_t count = work->settings->count;

    return stop_requested() || (count > 0 && work->shown >= count);
}

/* Has the reader of the pipe gone? It is noticed without writing, so that `cat
 * -f | head` ends on a quiet topic too. */
static bool is_unread(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};

    return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLNVAL)) != 0;
}

static bool goes_on(void *context, enum walk_moment moment)
{
    const bool idle = moment == WALK_IDLE;
    struct work *work = context;

    if (idle)
        fflush(stdout); /* a follower wants to see the lines now */
    work->unread = idle && is_unread();
    return !work->unread && !is_enough(work);
}

/* Reads to the end of the ranges, or for ever where they have none. */
static int read_ranges(struct work *work, const struct offset_range *ranges,
                       size_t count, struct error *err)
{
    const struct range_walk walk = {.kafka = &work->with->kafka,
                                    .topic = work->topic,
                                    .grows = work->settings->follow &&
                                             !work->settings->partition[0],
                                    .timeout_ms = work->settings->timeout_ms,
                                    .on_record = take_record,
                                    .goes_on = goes_on,
                                    .context = work};

    return range_walk_run(&walk, ranges, count, err);
}

/* --- The newest ------------------------------------------------------- */

/* Begins `reach` offsets before the end; true when something was left out. */
static bool shorten(struct offset_range *to, const struct topic_extent *from,
                    int64_t reach)
{
    bool left_out = false;

    for (size_t i = 0; i < from->count; i++) {
        to[i] = from->ranges[i];
        if (to[i].next - to[i].first > reach) {
            to[i].first = to[i].next - reach;
            left_out = true;
        }
    }
    return left_out;
}

/* Fills the ring with the newest lines. Not every offset has a record: where
 * too few were found, the reading begins again further back. */
static int fill_ring(struct work *work, const struct topic_extent *extent,
                     struct error *err)
{
    int64_t reach = (int64_t)work->last + LAST_SLACK;
    struct offset_range *ranges = calloc(extent->count, sizeof(*ranges));
    int status = ranges ? 0 : error_no_memory(err, "the partitions to read");

    for (bool left_out = true; status == 0 && left_out; reach *= 4) {
        work->taken = 0;
        if (work->survey)
            field_survey_clear(work->survey);
        left_out = shorten(ranges, extent, reach);
        status = read_ranges(work, ranges, extent->count, err);
        if (work->taken >= work->last || stop_requested())
            break;
    }
    free(ranges);
    return status;
}

static int print_ring(struct work *work, struct error *err)
{
    uint64_t size = work->last;
    uint64_t first = work->taken > size ? work->taken - size : 0;

    for (uint64_t i = first; i < work->taken && !is_enough(work); i++)
        if (print_line(work, &work->ring[i % size], err) < 0)
            return -1;
    return 0;
}

static int show_last(struct work *work, const struct topic_extent *extent,
                     struct error *err)
{
    size_t size = work->last;

    if (work->survey)
        return fill_ring(work, extent, err);
    work->ring = calloc(size, sizeof(*work->ring));
    if (!work->ring)
        return error_no_memory(err, "the partitions to read");
    int status = fill_ring(work, extent, err);
    if (status == 0)
        status = print_ring(work, err);
    for (size_t i = 0; i < size; i++)
        buffer_free(&work->ring[i]);
    free(work->ring);
    work->ring = NULL;
    return status;
}

/* --- The command ------------------------------------------------------ */

static int show(struct work *work, struct topic_extent *extent,
                struct error *err)
{
    const struct cat_settings *settings = work->settings;

    if (work->last > 0) {
        if (show_last(work, extent, err) < 0)
            return -1;
        for (size_t i = 0; i < extent->count; i++)
            extent->ranges[i].first = extent->ranges[i].next;
    }
    for (size_t i = 0; settings->follow && i < extent->count; i++)
        extent->ranges[i].next = NEVER;
    if (work->last > 0 && !settings->follow)
        return 0;
    return read_ranges(work, extent->ranges, extent->count, err);
}

/* Shows the extent, or what it looks like. */
static int show_or_guess(struct work *work, struct topic_extent *extent,
                         struct error *err)
{
    const uint64_t size = topic_extent_size(extent);
    int status = 0;

    if (!work->settings->guess)
        return show(work, extent, err);
    if (work->last == 0 && work->settings->count == 0)
        work->last = GUESS_LAST;
    if (field_survey_new(work->settings->fields.schemas, &work->survey, err) <
        0)
        return -1;
    status = show(work, extent, err);
    if (status == 0) {
        const struct field_guess guess = field_guess_of(work->survey);
        const struct guess_report report = {
            .topic = work->topic,
            .brokers = work->with->kafka.brokers,
            .registry = work->settings->registry.url,
            .size = size,
            .survey = work->survey,
            .guess = &guess};
        buffer_clear(&work->line);
        guess_report_write(&report, &work->line);
        status = print_line(work, &work->line, err);
    }
    field_survey_free(work->survey);
    return status;
}

static int check(const void *of, struct error *err)
{
    const struct cat_settings *settings = of;

    if (settings->guess && settings->follow)
        return error_set(err, ERROR_CONFIG, "either guess or follow");
    return 0;
}

static int find_and_show(struct work *work, struct error *err)
{
    struct topic_extent extent = {.count = 0};

    if (find_extent(work, &extent, err) < 0)
        return -1;
    if (extent.gone > 0)
        log_warn("retention took what was asked for first",
                 "topic=%s offsets=%" PRIu64, work->topic, extent.gone);
    int status = show_or_guess(work, &extent, err);
    if (status == 0 && work->unread)
        status = error_set(err, ERROR_IO, "nobody reads standard output");
    buffer_free(&work->line);
    topic_extent_free(&extent);
    return status;
}

static int run(const struct invocation *with, void *settings, struct error *err)
{
    struct cat_settings *given = settings;
    struct work work = {.with = with, .settings = given};
    struct schema_registry *registry = NULL;

    work.last = given->last;
    if (stop_on_signals(0, err) < 0 || choose_topic(&work, err) < 0 ||
        open_registry(&given->registry, NULL, NULL, 0, &given->fields,
                      &registry, err) < 0)
        return -1;
    int status = record_readers_open(&given->fields, &work.readers, err);
    if (status == 0) {
        status = find_and_show(&work, err);
        record_readers_close(&work.readers);
    }
    schema_registry_close(registry);
    return status < 0 ? -1 : stop_exit_status();
}

const struct command cat_command = {
    .name = "cat",
    .summary = "show the records of a topic as JSON lines",
    .arguments = "[impressions|labels|predictions|models|chunks|dead_letters|"
                 "evaluations]",
    .examples = "  pctr cat predictions -b HOST:PORT --last 10\n"
                "  pctr cat predictions -b HOST:PORT -f | jq .value.p\n"
                "  pctr cat dead_letters -b HOST:PORT --from -1h\n"
                "  pctr cat impressions -b HOST:PORT -p 3 --from @1200 -c 5\n"
                "  pctr cat --topic any.msgpack -b HOST:PORT\n"
                "  pctr cat --topic clicks -b HOST:PORT --guess >clicks.conf\n",
    .help = "Records of all partitions come in the order of their time; only "
            "committed ones are shown. A record that is not of its kind is "
            "shown with its bytes and the fault. --guess writes a file of "
            "settings, whose comments say what it goes by.\n",
    .keys = keys,
    .letters = letters,
    .settings_size = sizeof(struct cat_settings),
    .kafka = KAFKA_ALWAYS,
    .check = check,
    .run = run,
};
