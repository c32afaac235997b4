#include "consumer/train/delta_line.h"

#include "common/base/log.h"

#include "consumer/train/trainer_metrics.h"

#include "model/snapshot_delta.h"

#include <inttypes.h>
#include <stdlib.h>

struct delta_line {
    struct delta_line_config config;
    bool is_open;   /* `last` is the newest state published */
    bool is_broken; /* a snapshot has to come first */
    struct snapshot_delta last;
    int64_t due_ms;
    uint64_t count;
};

int delta_line_new(const struct delta_line_config *config,
                   struct delta_line **out, struct error *err)
{
    struct delta_line *line = calloc(1, sizeof(*line));

    if (!line)
        return error_no_memory(err, "a line of deltas");
    line->config = *config;
    line->is_broken = config->is_resumed;
    *out = line;
    return 0;
}

void delta_line_begin(struct delta_line *line, int64_t now_ms)
{
    const struct manifest *snapshot =
        model_outlet_published(line->config.outlet);

    line->last = (struct snapshot_delta){.epoch = snapshot->epoch,
                                         .base = snapshot->sha256,
                                         .before = snapshot->sha256};
    line->is_open = true;
    line->is_broken = false;
    line->due_ms = now_ms + line->config.every_ms;
}

bool delta_line_is_due(const struct delta_line *line, int64_t now_ms)
{
    return (line->is_open || line->is_broken) && now_ms >= line->due_ms &&
           line->config.source.changes(line->config.source.learner) > 0;
}

/* What comes next is a snapshot. */
static void end(struct delta_line *line)
{
    line->is_open = false;
    line->is_broken = true;
    line->config.source.request(line->config.source.learner);
}

static int publish(struct delta_line *line, const struct learned_delta *delta,
                   const struct snapshot_delta *head, struct error *err)
{
    const struct publication_delta out = {.bytes = &delta->bytes,
                                          .head = head,
                                          .ranges = delta->ranges,
                                          .range_count = delta->count};
    struct manifest sent;
    bool is_sent = false;

    if (model_outlet_send_delta(line->config.outlet, &out, &sent, &is_sent,
                                err) < 0)
        return -1;
    if (!is_sent) {
        end(line);
        return 0;
    }
    line->last = *head;
    line->last.before = sent.sha256;
    line->count++;
    metrics_add(line->config.metrics, TRAINER_DELTAS, 0, 1);
    metrics_add(line->config.metrics, TRAINER_DELTA_BYTES, 0, sent.packed_size);
    log_info("delta published",
             "version=%" PRIu64 " delta=%u rows=%" PRIu64 " numbers=%" PRIu64
             " bytes=%" PRIu64 " packed=%" PRIu64,
             head->epoch, head->number, head->rows, delta->changes, sent.size,
             sent.packed_size);
    return 0;
}

int delta_line_send(struct delta_line *line,
                    const struct trainer_reading *reading, int64_t now_ms,
                    struct error *err)
{
    struct snapshot_delta head = line->last;
    struct learned_delta delta = {.changes = 0};

    line->due_ms = now_ms + line->config.every_ms;
    if (!line->is_open || line->last.number == SNAPSHOT_DELTAS_MAX) {
        end(line);
        return 0;
    }
    head.number++;
    int status = line->config.source.make(line->config.source.learner, reading,
                                          &head, &delta, err);
    if (status == 0)
        status = publish(line, &delta, &head, err);
    learned_delta_free(&delta);
    return status;
}

uint64_t delta_line_count(const struct delta_line *line)
{
    return line->count;
}

void delta_line_free(struct delta_line *line)
{
    free(line);
}
