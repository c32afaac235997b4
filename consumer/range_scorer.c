#include "consumer/range_scorer.h"

#include "common/event_codec.h"
#include "common/log.h"
#include "common/stop.h"

#include "consumer/merge_reader.h"
#include "consumer/score_batch.h"

#include <inttypes.h>

enum { BUFFER_BYTES = 64 * 1024 * 1024 };

/* The first one is named: the others are probably like it. */
static void pass_over(const struct message *message, enum event_fault fault,
                      const char *field, struct range_counts *counts)
{
    if (counts->faulty++ == 0)
        log_warn("a record is no impression",
                 "partition=%" PRId32 " offset=%" PRId64
                 " fault=%s field=\"%s\"",
                 message->partition, message->offset, event_fault_name(fault),
                 field ? field : "");
}

static int take(const struct range_scorer_config *config,
                const struct served_model *model, const struct message *message,
                struct range_counts *counts, struct error *err)
{
    struct impression impression;
    const char *field = NULL;
    enum event_fault fault =
        event_decode_impression(&config->fields, message->value,
                                message->value_size, &impression, &field);

    if (fault != EVENT_OK) {
        pass_over(message, fault, field, counts);
        return 0;
    }
    const struct range_scored scored = {
        .message = message,
        .impression = &impression,
        .prediction = score_pair(model, &config->fields, 0, &impression.user,
                                 &impression.ad),
    };
    counts->scored++;
    return config->on_scored(config->context, &scored, err);
}

static int read_all(const struct range_scorer_config *config,
                    const struct topic_extent *extent,
                    struct range_counts *counts, struct error *err)
{
    const struct served_model model = {.snapshot = config->snapshot};
    const struct merge_reader_config from = {
        .kafka = config->kafka,
        .topics = {config->query.topic},
        .ranges = extent->ranges,
        .range_count = extent->count,
        .buffer_bytes = BUFFER_BYTES,
        .timeout_ms = config->query.timeout_ms,
    };
    struct merge_reader *reader = NULL;
    struct merge_record record;
    enum merge_result result = MERGE_NOTHING;
    int status = merge_reader_open(&from, &reader, err);

    while (status == 0 && result != MERGE_END && !stop_requested()) {
        status =
            merge_reader_next(reader, STOP_SLICE_MS, &result, &record, err);
        if (status == 0 && result == MERGE_RECORD)
            status = take(config, &model, &record.message, counts, err);
    }
    merge_reader_close(reader);
    return status;
}

int range_scorer_run(const struct range_scorer_config *config,
                     struct range_counts *counts, struct error *err)
{
    struct topic_extent extent = {.count = 0};

    *counts = (struct range_counts){0};
    if (topic_extent_find(&config->kafka, &config->query, &extent, err) < 0)
        return -1;
    counts->gone = extent.gone;
    int status = read_all(config, &extent, counts, err);
    topic_extent_free(&extent);
    return status;
}
