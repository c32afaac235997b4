#include "cli/describe.h"

#include "cli/command.h"
#include "common/base/metrics.h"
#include "consumer/score/scorer_metrics.h"
#include "consumer/train/trainer_metrics.h"

#include <stddef.h>

#define GENERATED "<!-- Written by deploy/generate-docs.sh: do not edit. -->\n"

/* What exports metrics, and under which title. */
static const struct {
    const char *title;
    const struct metric_family *families;
} exporters[] = {
    {"score", scorer_metric_families},
    {"train", trainer_metric_families},
    {NULL, NULL},
};

void describe_config(FILE *out)
{
    fputs(GENERATED
          "# Configuration\n"
          "\n"
          "Every setting is a long option of its command, a line `name = "
          "value` of a file\n"
          "that `-F` reads, and a variable of the environment: `PCTR_` and the "
          "name in\n"
          "capitals, with underscores for dots (`PCTR_LOG_LEVEL`). The command "
          "line wins\n"
          "over the environment, the environment over files, files over "
          "defaults.\n"
          "`--dump-config` prints what is in force and where it came from; "
          "`--check-config`\n"
          "only checks. A mistake ends the program with status 78 before it "
          "does anything.\n"
          "\n"
          "All commands know `-b HOST:PORT` (or `PCTR_BROKERS`), `-X "
          "KEY=VALUE`, `-F FILE` and\n"
          "`--log.level`.\n",
          out);
    for (size_t i = 0; commands[i]; i++) {
        fprintf(out, "\n## pctr %s\n\n%s.\n\n", commands[i]->name,
                commands[i]->summary);
        config_describe(commands[i]->keys, out);
    }
    fputs("\n## librdkafka\n"
          "\n"
          "`-X KEY=VALUE` (in a file: `kafka.KEY = VALUE`) passes a property "
          "on to librdkafka;\n"
          "`consumer.`, `producer.` or `admin.` in front limits it to one kind "
          "of client. The\n"
          "value of a password may be `file:PATH`; only its owner may be able "
          "to read that\n"
          "file. These differ from librdkafka's own defaults or are fixed so "
          "that they stay:\n"
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
        fprintf(out, "\n## pctr %s\n\n", exporters[i].title);
        metrics_describe(exporters[i].families, out);
    }
}
