/*
 * redrive.c - `pctr redrive` puts dead letters back on the topics they
 * came from, each once.
 */
#include "cli/command.h"
#include "cli/commands/settings.h"

#include "common/base/json_writer.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/base/utf8.h"

#include "consumer/letters/redrive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct redrive_settings {
    char dead_letters[250], impressions[250], labels[250], others[512];
    char group[128], reasons[256];
    char names[512]; /* `others`, cut at its commas */
    char from[64], to[64];
    uint32_t batch_max, timeout_ms;
    bool dry_run, json;
};

#define FIELD(f)                                                               \
    offsetof(struct redrive_settings, f),                                      \
        sizeof(((struct redrive_settings *)0)->f)

/* clang-format off */
static const struct config_key keys[] = {
    {GROUP_DATA, "reason",  CONFIG_TEXT, FIELD(reasons), "", 0, 0, NULL, "only letters with one of these reasons, comma separated; empty: all"},
    RANGE_KEYS(from, to),
    {GROUP_DATA, "dry_run", CONFIG_BOOL, FIELD(dry_run), "false", 0, 0, NULL, "only say which letters would go back"},
    {GROUP_DATA, "json",    CONFIG_BOOL, FIELD(json), "false", 0, 0, NULL, "print the account as JSON"},
    TOPIC_DEAD_LETTERS_KEY(dead_letters),
    TOPIC_IMPRESSIONS_KEY(impressions),
    TOPIC_LABELS_KEY(labels),
    {GROUP_DATA, "topic.others", CONFIG_TEXT, FIELD(others), "", 0, 0, NULL, "further topics that records may go back to, comma separated"},
    {GROUP_DELIVERY, "group",   CONFIG_TEXT, FIELD(group), "pctr-redrive", 1, 0, NULL, "consumer group whose offsets keep the progress; it names the transactional id too"},
    {GROUP_DELIVERY | RARE, "batch.max_events", CONFIG_U32, FIELD(batch_max), "1000", 1, 1000000, NULL, "letters in one transaction"},
    TIMEOUT_KEY(timeout_ms, "30000"),
    CONFIG_WAS("dry-run", "dry_run"),
    CONFIG_END,
};
/* clang-format on */

static int take_targets(struct redrive_settings *settings,
                        struct redrive_config *out, struct error *err)
{
    size_t count = 0;
    char *rest = NULL;

    out->targets[count++] = settings->impressions;
    out->targets[count++] = settings->labels;
    memcpy(settings->names, settings->others, sizeof(settings->names));
    for (char *name = strtok_r(settings->names, ",", &rest); name;
         name = strtok_r(NULL, ",", &rest)) {
        if (count == PUBLISHER_TOPICS_MAX - 1)
            return error_set(err, ERROR_CONFIG,
                             "topic.others: at most %d topics",
                             PUBLISHER_TOPICS_MAX - 3);
        out->targets[count++] = name;
    }
    return 0;
}

static int configure(const struct invocation *with,
                     struct redrive_settings *settings,
                     struct redrive_config *out, struct error *err)
{
    int64_t now_ms = clock_wall_ms();

    *out = (struct redrive_config){.kafka = with->kafka,
                                   .dead_letters = settings->dead_letters,
                                   .group = settings->group,
                                   .reasons = settings->reasons,
                                   .batch_max = settings->batch_max,
                                   .plan_only = settings->dry_run,
                                   .timeout_ms = settings->timeout_ms};
    if (take_targets(settings, out, err) < 0)
        return -1;
    if (!settings->group[0])
        return error_set(err, ERROR_CONFIG, "group: must not be empty");
    if (extent_bound_parse(settings->from, now_ms, &out->from, err) < 0)
        return error_wrap(err, "from");
    if (extent_bound_parse(settings->to, now_ms, &out->to, err) < 0)
        return error_wrap(err, "to");
    return 0;
}

static int print_json(const struct redrive_counts *counts, bool is_plan,
                      struct error *err)
{
    struct buffer line = {0};
    struct json_writer to = {.to = &line};

    json_writer_open(&to, '{');
    json_writer_member_boolean(&to, "dry_run", is_plan);
    json_writer_member_unsigned(&to, "letters", counts->letters);
    json_writer_member_unsigned(&to, "sent", counts->fates[REDRIVE_SENT]);
    json_writer_member_unsigned(&to, "done", counts->fates[REDRIVE_DONE]);
    json_writer_member_unsigned(&to, "other", counts->fates[REDRIVE_OTHER]);
    json_writer_member_unsigned(&to, "truncated",
                                counts->fates[REDRIVE_TRUNCATED]);
    json_writer_member_unsigned(&to, "homeless",
                                counts->fates[REDRIVE_HOMELESS]);
    json_writer_member_unsigned(&to, "foreign", counts->fates[REDRIVE_FOREIGN]);
    json_writer_member_unsigned(&to, "gone", counts->fates[REDRIVE_GONE]);
    json_writer_name(&to, "topics");
    json_writer_open(&to, '{');
    for (size_t i = 0; i < counts->topic_count; i++)
        if (counts->per_topic[i] > 0)
            json_writer_member_unsigned(&to, counts->topics[i],
                                        counts->per_topic[i]);
    json_writer_close(&to, '}');
    json_writer_close(&to, '}');
    int status = json_writer_print_line(&to, stdout, err);
    buffer_free(&line);
    return status;
}

static void print_text(const struct redrive_counts *counts, bool is_plan)
{
    static const char *const texts[REDRIVE_FATES] = {
        NULL,
        "done by an earlier run",
        "of another reason: left for later",
        "truncated: refused",
        "without a topic to go to: refused",
        "from a topic that is not a setting's: refused",
        "from a topic that is gone: refused"};

    printf("%10" PRIu64 "  letters\n%10" PRIu64 "  %s\n", counts->letters,
           counts->fates[REDRIVE_SENT],
           is_plan ? "would be sent back" : "sent back");
    for (size_t i = 0; i < counts->topic_count; i++)
        if (counts->per_topic[i] > 0)
            printf("%10" PRIu64 "    to %s\n", counts->per_topic[i],
                   counts->topics[i]);
    for (int fate = REDRIVE_DONE; fate < REDRIVE_FATES; fate++)
        if (counts->fates[fate] > 0)
            printf("%10" PRIu64 "  %s\n", counts->fates[fate], texts[fate]);
}

static int act(struct redrive *redrive, const struct redrive_settings *settings,
               struct error *err)
{
    struct redrive_counts plan, done;

    if (redrive_plan(redrive, &plan, err) < 0)
        return -1;
    bool is_plan = settings->dry_run || stop_requested();
    if (!is_plan && redrive_run(redrive, &done, err) < 0)
        return -1;
    const struct redrive_counts *counts = is_plan ? &plan : &done;
    if (!settings->json)
        print_text(counts, is_plan);
    else if (print_json(counts, is_plan, err) < 0)
        return -1;
    return stop_exit_status();
}

static int run(const struct invocation *with, void *settings, struct error *err)
{
    struct redrive_config config;
    struct redrive *redrive = NULL;
    int status = -1;

    if (stop_on_signals(0, err) == 0 &&
        configure(with, settings, &config, err) == 0 &&
        redrive_open(&config, &redrive, err) == 0)
        status = act(redrive, settings, err);
    redrive_close(redrive);
    return status;
}

const struct command redrive_command = {
    .name = "redrive",
    .summary = "put dead letters back on the topics they came from, once each",
    .arguments = NULL,
    .examples =
        "  pctr redrive -b HOST:PORT --dry_run\n"
        "  pctr redrive -b HOST:PORT --reason=missing,type --from=-24h\n",
    .help = "Run it after fixing what caused the dead letters. Records go back "
            "to topic.impressions, topic.labels and topic.others, and nowhere "
            "else. Key, value and "
            "headers are those of the first record; what the letter said goes "
            "along in headers redrive.*. Progress is kept in the committed "
            "offsets of the group, in the same transaction: no letter goes "
            "back twice, whichever filters the runs have and wherever one of "
            "them dies. Letters that filters leave out stay for later.\n",
    .keys = keys,
    .settings_size = sizeof(struct redrive_settings),
    .kafka = KAFKA_ALWAYS,
    .run = run,
};
