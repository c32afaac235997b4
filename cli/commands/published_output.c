#include "cli/commands/published_output.h"

#include "common/event/event_avro.h"
#include "common/registry/published_schema.h"

#include <inttypes.h>

struct published_output
published_predictions(const char *topic,
                      const struct registry_settings *registry,
                      const char *state_dir)
{
    return (struct published_output){.setting = "format.predictions",
                                     .file = "docs/schemas/prediction.avsc",
                                     .schema = event_avro_prediction_schema,
                                     .topic = topic,
                                     .registry = registry,
                                     .state_dir = state_dir};
}

struct published_output
published_evaluations(const char *topic,
                      const struct registry_settings *registry)
{
    return (struct published_output){.setting = "format.evaluations",
                                     .file = "docs/schemas/evaluation.avsc",
                                     .schema = event_avro_evaluation_schema,
                                     .topic = topic,
                                     .registry = registry};
}

struct published_output
published_impressions(const char *topic,
                      const struct registry_settings *registry,
                      const struct buffer *text)
{
    return (struct published_output){.setting = "format.impressions",
                                     .file = "the schema of this run",
                                     .topic = topic,
                                     .text = text,
                                     .registry = registry};
}

struct published_output
published_labels(const char *topic, const struct registry_settings *registry,
                 const struct buffer *text)
{
    return (struct published_output){.setting = "format.labels",
                                     .file = "docs/schemas/label.avsc",
                                     .topic = topic,
                                     .text = text,
                                     .registry = registry};
}

static bool is_needed(const struct published_output *of,
                      const struct event_output *output)
{
    return output->format == EVENT_FORMAT_AVRO && of->topic[0] != '\0';
}

int published_output_check(const struct published_output *of,
                           const struct event_output *output, struct error *err)
{
    struct event_output told = *output;

    told.has_schema = of->registry->url[0] != '\0';
    return is_needed(of, output) ? event_output_check(&told, of->setting, err)
                                 : 0;
}

static int find(const struct published_output *of,
                const struct registry_settings *registry, uint32_t *number,
                struct error *err)
{
    struct buffer text = {0};
    const struct published_schema schema = {
        .settings = registry,
        .folder = registry->dir[0] ? registry->dir : of->state_dir,
        .topic = of->topic,
        .text = of->text ? of->text : &text,
        .file = of->file};

    if (!of->text)
        of->schema(&text);
    const int status = published_schema_number(&schema, number, err);
    buffer_free(&text);
    return status;
}

int published_output_find(const struct published_output *of,
                          struct event_output *output, struct error *err)
{
    if (!is_needed(of, output))
        return 0;
    if (published_output_check(of, output, err) < 0 ||
        find(of, of->registry, &output->schema, err) < 0)
        return -1;
    output->has_schema = true;
    return 0;
}

void published_output_ask(const struct published_output *of,
                          const struct event_output *output,
                          struct online_check *check)
{
    struct registry_settings registry = *of->registry;
    struct error fault;
    uint32_t number;

    if (!is_needed(of, output) || check->is_over)
        return;
    registry.registers = false;
    if (find(of, &registry, &number, &fault) < 0)
        online_note(check, of->setting, &fault);
    else
        online_tell(check, of->setting,
                    "the registry has our schema, as number %" PRIu32, number);
}
