#include "consumer/replay/live_models.h"

#include "common/base/log.h"
#include "common/event/event_reader.h"

#include "consumer/models/snapshot_cache.h"
#include "consumer/read/range_walk.h"
#include "consumer/replay/recorded_versions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Partitions are not all at the same version at the same time: the cache holds
 * more than one model. */
enum { CACHE_BYTES = 1 << 30 };

struct live_models {
    struct live_models_config config;
    struct snapshot_cache *cache;
    struct snapshot_reader *reader; /* the cache's */
    struct event_reader *predictions;
    struct event_scratch scratch;       /* of one prediction */
    struct recorded_versions *versions; /* NULL: predictions were not read */
    struct live_models_counts counts;
};

int live_models_open(const struct live_models_config *config,
                     struct live_models **out, struct error *err)
{
    struct live_models *live = calloc(1, sizeof(*live));

    if (!live)
        return error_no_memory(err, "live models");
    live->config = *config;
    const struct snapshot_cache_config cache = {.reader = config->models,
                                                .bytes_max = CACHE_BYTES,
                                                .timeout_ms =
                                                    config->timeout_ms};
    const struct event_fields fields = {.schemas = config->schemas};
    if (event_reader_new(&fields, EVENT_PREDICTIONS, &live->predictions, err) <
            0 ||
        snapshot_cache_open(&cache, &live->cache, err) < 0) {
        live_models_close(live);
        return -1;
    }
    live->reader = snapshot_cache_reader(live->cache);
    *out = live;
    return 0;
}

/* --- Predictions ------------------------------------------------------ */

static int refuse_unknown(const struct live_models *live,
                          const struct message *message, enum event_fault fault,
                          struct error *err)
{
    const struct event_fields fields = {.schemas = live->config.schemas};

    if (fault == EVENT_NO_REGISTRY)
        error_set(err, ERROR_CONFIG,
                  "it names a schema: registry.url says where those are");
    else if (event_reader_check(&fields, fault, err) == 0)
        error_set(err, ERROR_UNAVAILABLE,
                  "the registry does not tell its schema");
    return error_wrap(err, "the prediction %" PRId32 ":%" PRId64,
                      message->partition, message->offset);
}

/* Skips records that are not predictions. */
static int take_prediction(struct live_models *live,
                           const struct message *message, struct error *err)
{
    struct prediction_event event;

    event_scratch_clear(&live->scratch);
    if (event_scratch_ready(&live->scratch, err) < 0)
        return -1;
    const enum event_fault fault = event_reader_prediction(
        live->predictions, message->value, message->value_size, &live->scratch,
        &event, NULL);
    if (fault == EVENT_SCHEMA_UNKNOWN || fault == EVENT_NO_REGISTRY)
        return refuse_unknown(live, message, fault, err);
    return fault == EVENT_OK
               ? recorded_versions_add(live->versions, message->partition,
                                       &event, err)
               : 0;
}

static int read_all(struct live_models *live, struct merge_reader *reader,
                    struct error *err)
{
    struct merge_record record;
    bool found = true;

    while (found)
        if (range_walk_next(reader, &record, &found, err) < 0 ||
            (found && take_prediction(live, &record.message, err) < 0))
            return -1;
    recorded_versions_sort(live->versions);
    live->counts.swaps = recorded_versions_count(live->versions);
    return 0;
}

int live_models_read_predictions(struct live_models *live, const char *topic,
                                 int64_t from_ms, size_t buffer_bytes,
                                 struct error *err)
{
    struct merge_reader_config config = {.kafka = live->config.models.kafka,
                                         .topics = {topic, NULL},
                                         .from_ms = from_ms,
                                         .ends = true,
                                         .buffer_bytes = buffer_bytes,
                                         .timeout_ms = live->config.timeout_ms};
    struct merge_reader *reader = NULL;

    if (recorded_versions_new(&live->versions, err) < 0 ||
        merge_reader_open(&config, &reader, err) < 0)
        return -1;
    int status = read_all(live, reader, err);
    merge_reader_close(reader);
    return status;
}

/* --- Models ----------------------------------------------------------- */

static int fetch(struct live_models *live, const struct manifest *manifest,
                 struct snapshot **out, struct error *err)
{
    enum snapshot_refusal why;
    struct buffer bytes = {0};

    int status = snapshot_reader_fetch(
        live->reader, manifest, live->config.timeout_ms, &bytes, &why, err);
    if (status == 0)
        status = snapshot_decode(bytes.bytes, bytes.size, out, err);
    buffer_free(&bytes);
    return status < 0 ? error_wrap(err, "version %" PRIu64, manifest->epoch)
                      : 0;
}

int live_models_fetch(struct live_models *live, uint64_t epoch,
                      struct snapshot **out, struct error *err)
{
    const struct manifest *manifest = snapshot_reader_find(live->reader, epoch);

    if (!manifest)
        return error_set(err, ERROR_UNAVAILABLE,
                         "%s has no version %" PRIu64
                         ": `pctr snapshot list` shows those there are",
                         live->config.models.models, epoch);
    return fetch(live, manifest, out, err);
}

static int refuse_none(const struct live_models *live, struct error *err)
{
    return error_set(err, ERROR_UNAVAILABLE, "%s has no version of model %s",
                     live->config.models.models, live->config.models.name);
}

/* As the scorer: past what is broken, but not past what could not be read. */
static int fetch_whole(struct live_models *live, uint64_t *epoch,
                       struct snapshot **out, struct error *err)
{
    size_t count = 0;
    const struct manifest *manifests =
        snapshot_reader_manifests(live->reader, &count);

    while (count-- > 0) {
        struct snapshot *snapshot = NULL;
        int status = fetch(live, &manifests[count], &snapshot, err);
        if (status == 0)
            status = snapshot_probe(snapshot, err);
        if (status == 0) {
            *epoch = manifests[count].epoch;
            *out = snapshot;
            return 0;
        }
        snapshot_free(snapshot);
        if (err->code != ERROR_FORMAT && err->code != ERROR_LIMIT &&
            err->code != ERROR_INPUT)
            return -1;
        log_warn("snapshot refused", "version=%" PRIu64 " reason=\"%s\"",
                 manifests[count].epoch, err->text);
    }
    return refuse_none(live, err);
}

int live_models_fetch_served(struct live_models *live, uint64_t *epoch,
                             struct snapshot **out, struct error *err)
{
    uint64_t pinned = snapshot_reader_pinned(live->reader);

    if (pinned == 0)
        return fetch_whole(live, epoch, out, err);
    *epoch = pinned;
    return live_models_fetch(live, pinned, out, err);
}

int live_models_fetch_newest(struct live_models *live, uint64_t *epoch,
                             struct snapshot **out, struct error *err)
{
    size_t count = 0;
    const struct manifest *manifests =
        snapshot_reader_manifests(live->reader, &count);

    if (count == 0)
        return refuse_none(live, err);
    *epoch = manifests[count - 1].epoch;
    return fetch(live, &manifests[count - 1], out, err);
}

/* The newest manifest published by then; NULL: none. */
static const struct manifest *published_by(const struct live_models *live,
                                           int64_t record_ms)
{
    size_t count = 0;
    const struct manifest *manifests =
        snapshot_reader_manifests(live->reader, &count);

    while (count > 0 && manifests[count - 1].created_ms > record_ms)
        count--;
    return count > 0 ? &manifests[count - 1] : NULL;
}

/* The newest state published by then; version 0: none. */
static struct model_state state_by(const struct live_models *live,
                                   int64_t record_ms)
{
    const struct manifest *manifest = published_by(live, record_ms);
    const struct delta_list *list = snapshot_reader_deltas(live->reader);
    struct model_state state = {.version = manifest ? manifest->epoch : 0};

    if (!manifest)
        return state;
    memcpy(state.hash, manifest->sha256.bytes, MODEL_HASH_SIZE);
    for (size_t i = 0; i < list->count; i++) {
        const struct delta *delta = &list->deltas[i];
        if (delta->epoch != manifest->epoch || delta->number <= state.delta ||
            delta->created_ms > record_ms)
            continue;
        state.delta = delta->number;
        memcpy(state.delta_hash, delta->sha256.bytes, MODEL_HASH_SIZE);
    }
    return state;
}

int live_models_at(struct live_models *live, const struct message *message,
                   const struct served_model **model, bool *is_gone,
                   struct error *err)
{
    const struct recorded_run *run =
        live->versions
            ? recorded_versions_find(live->versions, message->partition,
                                     message->offset)
            : NULL;
    const struct model_state state =
        run ? run->model : state_by(live, message->timestamp_ms);
    struct cached_model found;

    if (run)
        live->counts.recorded++;
    else
        live->counts.published++;
    *model = NULL;
    *is_gone = false;
    if (state.version == 0)
        return 0;
    if (snapshot_cache_get(live->cache, &state, &found, err) < 0)
        return -1;
    if (found.result == CACHE_DIFFERENT)
        return error_set(err, ERROR_FORMAT,
                         "the predictions of version %" PRIu64
                         " name another snapshot than the manifest does",
                         state.version);
    *model = found.model;
    *is_gone = !found.model;
    live->counts.gone += *is_gone;
    if (*is_gone && found.is_first)
        log_warn("model is gone", "version=%" PRIu64 " delta=%u reason=\"%s\"",
                 state.version, state.delta, found.why);
    return 0;
}

struct live_models_counts live_models_counts(const struct live_models *live)
{
    return live->counts;
}

void live_models_close(struct live_models *live)
{
    if (!live)
        return;
    recorded_versions_free(live->versions);
    snapshot_cache_close(live->cache);
    event_reader_free(live->predictions);
    event_scratch_free(&live->scratch);
    free(live);
}
