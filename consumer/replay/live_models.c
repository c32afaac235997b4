#include "consumer/replay/live_models.h"

#include "common/base/log.h"
#include "common/event/event_codec.h"

#include "consumer/read/merge_reader.h"
#include "consumer/replay/recorded_versions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Partitions are not all at the same version at the same time. */
enum { CACHE_MODELS = 4, WAIT_MS = 200 };

struct cached {
    struct served_model model; /* snapshot NULL: cannot be had */
    uint64_t epoch;            /* 0: empty */
    uint64_t used;
};

struct live_models {
    struct live_models_config config;
    struct snapshot_reader *reader;
    struct recorded_versions *versions; /* NULL: predictions were not read */
    struct cached cache[CACHE_MODELS];
    uint64_t clock; /* of the cache */
    struct live_models_counts counts;
};

int live_models_open(const struct live_models_config *config,
                     struct live_models **out, struct error *err)
{
    struct live_models *live = calloc(1, sizeof(*live));

    if (!live)
        return error_no_memory(err, "live models");
    live->config = *config;
    if (snapshot_reader_open(&config->models, &live->reader, err) < 0 ||
        snapshot_reader_catch_up(live->reader, config->timeout_ms, NULL, err) <
            0) {
        live_models_close(live);
        return -1;
    }
    *out = live;
    return 0;
}

/* --- Predictions ------------------------------------------------------ */

/* What is no prediction has no version to tell. */
static int take_prediction(struct live_models *live,
                           const struct message *message, struct error *err)
{
    struct prediction_event event;

    if (event_decode_prediction(message->value, message->value_size, &event,
                                NULL) != EVENT_OK)
        return 0;
    return recorded_versions_add(live->versions, message->partition, &event,
                                 err);
}

static int read_all(struct live_models *live, struct merge_reader *reader,
                    struct error *err)
{
    struct merge_record record;
    enum merge_result result;

    do {
        if (merge_reader_next(reader, WAIT_MS, &result, &record, err) < 0 ||
            (result == MERGE_RECORD &&
             take_prediction(live, &record.message, err) < 0))
            return -1;
    } while (result != MERGE_END);
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
        if (err->code != ERROR_FORMAT && err->code != ERROR_LIMIT)
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

static struct cached *find_place(struct live_models *live, uint64_t epoch)
{
    struct cached *oldest = &live->cache[0];

    for (size_t i = 0; i < CACHE_MODELS; i++) {
        if (live->cache[i].epoch == epoch)
            return &live->cache[i];
        if (live->cache[i].used < oldest->used)
            oldest = &live->cache[i];
    }
    return oldest;
}

/* A model that is gone is gone for good: that is remembered too. */
static int load(struct live_models *live, uint64_t epoch, struct cached *place,
                struct error *err)
{
    snapshot_free(place->model.snapshot);
    place->model = (struct served_model){.manifest = {.epoch = epoch}};
    place->epoch = epoch;
    if (live_models_fetch(live, epoch, &place->model.snapshot, err) == 0)
        return 0;
    place->model.snapshot = NULL;
    if (err->code == ERROR_AUTH || err->code == ERROR_TEMPORARY)
        return -1;
    log_warn("model is gone", "version=%" PRIu64 " reason=\"%s\"", epoch,
             err->text);
    return 0;
}

static bool is_other(const struct cached *place, const uint8_t *hash)
{
    return hash && place->model.snapshot &&
           memcmp(place->model.snapshot->sha256.bytes, hash, MODEL_HASH_SIZE) !=
               0;
}

static int take(struct live_models *live, uint64_t epoch, const uint8_t *hash,
                const struct served_model **model, bool *is_gone,
                struct error *err)
{
    struct cached *place = find_place(live, epoch);

    if (place->epoch != epoch && load(live, epoch, place, err) < 0)
        return -1;
    if (is_other(place, hash))
        return error_set(err, ERROR_FORMAT,
                         "the predictions of version %" PRIu64
                         " name another snapshot than the manifest does",
                         epoch);
    place->used = ++live->clock;
    *model = place->model.snapshot ? &place->model : NULL;
    *is_gone = !place->model.snapshot;
    live->counts.gone += *is_gone;
    return 0;
}

/* The newest one published by then; 0: none. */
static uint64_t published_by(const struct live_models *live, int64_t record_ms)
{
    size_t count = 0;
    const struct manifest *manifests =
        snapshot_reader_manifests(live->reader, &count);

    while (count > 0 && manifests[count - 1].created_ms > record_ms)
        count--;
    return count > 0 ? manifests[count - 1].epoch : 0;
}

int live_models_at(struct live_models *live, int32_t partition, int64_t offset,
                   int64_t record_ms, const struct served_model **model,
                   bool *is_gone, struct error *err)
{
    const struct recorded_run *run =
        live->versions
            ? recorded_versions_find(live->versions, partition, offset)
            : NULL;
    uint64_t epoch = run ? run->version : published_by(live, record_ms);

    if (run)
        live->counts.recorded++;
    else
        live->counts.published++;
    *model = NULL;
    *is_gone = false;
    if (epoch == 0)
        return 0;
    return take(live, epoch, run ? run->hash : NULL, model, is_gone, err);
}

struct live_models_counts live_models_counts(const struct live_models *live)
{
    return live->counts;
}

void live_models_close(struct live_models *live)
{
    if (!live)
        return;
    for (size_t i = 0; i < CACHE_MODELS; i++)
        snapshot_free(live->cache[i].model.snapshot);
    recorded_versions_free(live->versions);
    snapshot_reader_close(live->reader);
    free(live);
}
