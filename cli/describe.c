#include "cli/describe.h"

#include "cli/command.h"
#include "cli/serve/process_metrics.h"
#include "common/base/metrics.h"
#include "consumer/score/scorer_metrics.h"
#include "consumer/train/trainer_metrics.h"

#include <ctype.h>
#include <stddef.h>

#define GENERATED "<!-- Written by deploy/generate-docs.sh: do not edit. -->\n"

/* The commands that export metrics. */
static const struct {
    const char *title;
    const struct metric_family *families;
} exporters[] = {
    {"pctr score", scorer_metric_families},
    {"pctr train", trainer_metric_families},
    {"Both: the process", process_metric_families},
    {NULL, NULL},
};

void describe_config(FILE *out)
{
    fputs(
        GENERATED
        "# Configuration\n"
        "\n"
        "Every setting is a long option of its command, a line `name = "
        "value` of a file\n"
        "that `-F` reads, and a variable of the environment: `PCTR_` and the "
        "name in\n"
        "capitals, with underscores for dots (`PCTR_LOG_LEVEL`). The command "
        "line wins\n"
        "over the environment, the environment over files, files over "
        "defaults; a property\n"
        "of librdkafka follows the same order. `--dump-config` prints every "
        "value in force\n"
        "and its origin; `--check-config` only checks. A mistake ends the "
        "program with\n"
        "status 78 before it does anything.\n"
        "\n"
        "One file and one environment serve all commands: a command leaves "
        "the settings of\n"
        "the others alone. A setting that no command has is a mistake in a "
        "file, and is told\n"
        "in the log where it is a variable. Sizes may be written as `64MiB` "
        "(KiB, MiB, GiB,\n"
        "TiB) and times as `10min` (ms, s, min, h, d).\n"
        "\n"
        "A secret is not accepted on the command line, which every user of "
        "the machine can\n"
        "read. Give it in the environment, in a file for `-F` that others "
        "cannot read, or as\n"
        "`file:PATH`. That file must not be readable for every user, unless "
        "it is below\n"
        "`/run/secrets` or `$CREDENTIALS_DIRECTORY`, where Docker and systemd "
        "mount it.\n"
        "\n"
        "## All commands\n",
        out);
    config_describe(command_general_keys, out);
    fputs("\n## Commands that meet Kafka\n", out);
    config_describe(command_kafka_keys, out);
    for (size_t i = 0; commands[i]; i++) {
        fprintf(out, "\n## pctr %s\n\n%c%s.\n", commands[i]->name,
                toupper((unsigned char)*commands[i]->summary),
                commands[i]->summary + 1);
        config_describe(commands[i]->keys, out);
    }
    fputs("\n## librdkafka\n"
          "\n"
          "`-X KEY=VALUE` passes a property on to librdkafka; so do "
          "`PCTR_KAFKA_KEY` with\n"
          "underscores for dots, and `kafka.KEY = VALUE` in a file. "
          "`consumer.`, `producer.` or\n"
          "`admin.` in front limits it to one kind of client. These differ "
          "from librdkafka's\n"
          "own defaults, or are fixed:\n"
          "\n",
          out);
    kafka_describe(out);
}

void describe_metrics(FILE *out)
{
    fputs(GENERATED
          "# Metrics\n"
          "\n"
          "`GET /metrics` on the status port gives them in Prometheus' text "
          "format. Times are\n"
          "in seconds, sizes in bytes; counters end in `_total`.\n",
          out);
    for (size_t i = 0; exporters[i].title; i++) {
        fprintf(out, "\n## %s\n\n", exporters[i].title);
        metrics_describe(exporters[i].families, out);
    }
}
