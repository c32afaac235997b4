#include "consumer/train/model_publication.h"

#include "common/base/clock.h"
#include "common/base/version.h"

#include "consumer/models/snapshot_reader.h"
#include "consumer/read/extent.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CATCH_UP_MS = 60000,
    EXTENT_MS = 10000,
    MEETINGS_MAX = 20,
    DELTAS_KEPT = 16384, /* half of what a reader keeps in mind */
    TIDY_MAX = 4096,     /* records of one transaction */
};

struct publication {
    struct snapshot_publisher_config config;
    struct snapshot_publisher *publisher;
    struct snapshot_reader *reader;
    struct manifest published; /* last, by this object; epoch 0: none yet. It
                                  owns nothing */
};

static int open_reader(struct publication *publication, struct error *err)
{
    struct snapshot_reader_config config = {.kafka = publication->config.kafka};

    memcpy(config.name, publication->config.name, sizeof(config.name));
    memcpy(config.models, publication->config.models, sizeof(config.models));
    memcpy(config.chunks, publication->config.chunks, sizeof(config.chunks));
    if (snapshot_reader_open(&config, &publication->reader, err) < 0)
        return -1;
    return snapshot_reader_catch_up(publication->reader, CATCH_UP_MS, NULL,
                                    err);
}

/* The publisher first: from then on no older trainer publishes. */
int publication_open(const struct snapshot_publisher_config *config,
                     struct publication **out, struct error *err)
{
    struct publication *publication = calloc(1, sizeof(*publication));

    if (!publication)
        return error_no_memory(err, "a publication");
    publication->config = *config;
    if (snapshot_publisher_open(config, &publication->publisher, err) < 0 ||
        open_reader(publication, err) < 0) {
        publication_close(publication);
        return -1;
    }
    *out = publication;
    return 0;
}

const struct manifest *publication_newest(const struct publication *publication)
{
    size_t count = 0;
    const struct manifest *manifests =
        snapshot_reader_manifests(publication->reader, &count);

    return count > 0 ? &manifests[count - 1] : NULL;
}

int publication_fetch_newest(struct publication *publication,
                             struct buffer *out, struct error *err)
{
    enum snapshot_refusal why;

    return snapshot_reader_fetch(publication->reader,
                                 publication_newest(publication), CATCH_UP_MS,
                                 out, &why, err);
}

static void describe_fit(const struct fit_config *config,
                         const struct fit_result *result,
                         struct manifest *manifest)
{
    manifest->format = MANIFEST_FORMAT;
    manifest->created_ms = clock_wall_ms();
    snprintf(manifest->trainer, sizeof(manifest->trainer), "pctr %s",
             PCTR_VERSION);
    snprintf(manifest->algorithm, sizeof(manifest->algorithm), "%s",
             config->ops->name);
    params_print(config->ops, &config->params, manifest->params,
                 sizeof(manifest->params));
    manifest->seed = config->params.seed;
    manifest->users = result->users;
    manifest->ads = result->ads;
    manifest->rows = result->rows;
    manifest->measured_rows = result->measured_rows;
    manifest->metrics = (struct manifest_metrics){
        .rmse = result->holdout.rmse,
        .mae = result->holdout.mae,
        .logloss = result->holdout.logloss,
        .auc = result->holdout.auc,
        .normalised_entropy = result->holdout.normalised_entropy,
        .rows = result->holdout.rows,
    };
}

/* --- The next epoch --------------------------------------------------- */

static int number(const struct snapshot_reader *reader,
                  struct manifest *manifest, struct error *err)
{
    uint64_t highest = snapshot_reader_highest(reader);

    if (highest == UINT64_MAX)
        return error_set(err, ERROR_LIMIT,
                         "there is no version above %" PRIu64
                         ": publish under another model.name",
                         highest);
    manifest->epoch = highest + 1;
    return 0;
}

/* Tries once to publish the manifest. Opening the writer fences all others, so
 * the highest epoch that is read then stays the highest until the commit. */
static int announce(const struct snapshot_publisher_config *config,
                    struct snapshot_reader *reader, struct manifest *manifest,
                    struct error *err)
{
    struct snapshot_publisher *writer = NULL;

    if (snapshot_publisher_open(config, &writer, err) < 0)
        return -1;
    int status = snapshot_reader_catch_up(reader, CATCH_UP_MS, NULL, err) < 0 ||
                         number(reader, manifest, err) < 0 ||
                         snapshot_publisher_announce(writer, manifest, err) < 0
                     ? -1
                     : 0;
    snapshot_publisher_close(writer);
    return status;
}

int publication_announce(const struct snapshot_publisher_config *config,
                         struct snapshot_reader *reader,
                         struct manifest *manifest, struct error *err)
{
    struct snapshot_publisher_config writer = *config;

    writer.role = SNAPSHOT_MANIFESTS;
    for (int meetings = 0; meetings < MEETINGS_MAX; meetings++) {
        if (announce(&writer, reader, manifest, err) == 0)
            return 0;
        if (err->code != ERROR_FENCED)
            return -1;
    }
    return error_set(err, ERROR_TEMPORARY,
                     "others published '%s' each of %d times", config->name,
                     (int)MEETINGS_MAX);
}

/* --- Publishing ------------------------------------------------------- */

/* A publisher that failed is not trusted again; a new one also ends what the
 * old one left open. */
static int open_publisher(struct publication *publication, struct error *err)
{
    return publication->publisher
               ? 0
               : snapshot_publisher_open(&publication->config,
                                         &publication->publisher, err);
}

static int close_failed(struct publication *publication)
{
    snapshot_publisher_close(publication->publisher);
    publication->publisher = NULL;
    return -1;
}

static int send_chunks(struct publication *publication,
                       const struct fit_result *result,
                       struct manifest *manifest, struct error *err)
{
    if (open_publisher(publication, err) < 0)
        return -1;
    if (snapshot_publisher_chunks(publication->publisher, result->bytes.bytes,
                                  result->bytes.size, manifest, err) == 0)
        return 0;
    return close_failed(publication);
}

/* A copy that owns nothing. */
static struct manifest bare(const struct manifest *manifest)
{
    struct manifest copy = *manifest;

    copy.ranges = copy.resume = NULL;
    copy.resume_clock = NULL;
    copy.range_count = copy.resume_count = copy.resume_clock_size = 0;
    return copy;
}

int publication_publish(struct publication *publication,
                        const struct publication_fit *fit, uint64_t *epoch,
                        struct error *err)
{
    struct manifest manifest = {.epoch = 0};

    if (send_chunks(publication, fit->result, &manifest, err) < 0 ||
        snapshot_reader_catch_up(publication->reader, CATCH_UP_MS, NULL, err) <
            0)
        return -1;
    const struct manifest *parent = publication_newest(publication);
    if (parent) {
        manifest.parent_epoch = parent->epoch;
        manifest.parent_sha256 = parent->sha256;
    }
    describe_fit(fit->config, fit->result, &manifest);
    /* Only read, and never freed through this manifest. */
    manifest.ranges = (struct offset_range *)(uintptr_t)fit->ranges;
    manifest.range_count = fit->range_count;
    if (fit->resume_clock) {
        manifest.resume = (struct offset_range *)(uintptr_t)fit->resume;
        manifest.resume_count = fit->resume_count;
        manifest.resume_clock = fit->resume_clock->bytes;
        manifest.resume_clock_size = fit->resume_clock->size;
    }
    if (publication_announce(&publication->config, publication->reader,
                             &manifest, err) < 0)
        return -1;
    *epoch = manifest.epoch;
    publication->published = bare(&manifest);
    return 0;
}

/* --- Deltas ----------------------------------------------------------- */

static int ask_chunks_low(const struct publication *publication, int64_t *low,
                          struct error *err)
{
    struct topic_extent extent;
    const struct extent_query query = {.topic = publication->config.chunks,
                                       .partition = 0,
                                       .timeout_ms = EXTENT_MS};

    if (topic_extent_find(&publication->config.kafka, &query, &extent, err) < 0)
        return -1;
    *low = extent.ends[0].low;
    topic_extent_free(&extent);
    return 0;
}

int publication_tidy(struct publication *publication, size_t *count,
                     struct error *err)
{
    const struct delta_list *list = snapshot_reader_deltas(publication->reader);
    const struct delta *useless[TIDY_MAX];
    struct delta_name names[TIDY_MAX];
    struct manifests_there there;

    *count = 0;
    if (list->count == 0)
        return 0;
    if (ask_chunks_low(publication, &there.chunks_low, err) < 0)
        return -1;
    there.snapshots =
        snapshot_reader_manifests(publication->reader, &there.count);
    size_t found =
        delta_list_useless(list, &there, DELTAS_KEPT, useless, TIDY_MAX);
    for (size_t i = 0; i < found; i++)
        names[i] = (struct delta_name){useless[i]->epoch, useless[i]->number};
    if (open_publisher(publication, err) < 0)
        return -1;
    if (snapshot_publisher_retire_deltas(publication->publisher, names, found,
                                         err) < 0)
        return close_failed(publication);
    *count = found;
    return 0;
}

const struct manifest *
publication_published(const struct publication *publication)
{
    return publication->published.epoch > 0 ? &publication->published : NULL;
}

int publication_delta(struct publication *publication,
                      const struct publication_delta *delta,
                      struct manifest *out, struct error *err)
{
    struct manifest manifest = publication->published;

    manifest.created_ms = clock_wall_ms();
    manifest.rows = delta->head->rows;
    manifest.metrics = (struct manifest_metrics){NAN, NAN, NAN, NAN, NAN, 0};
    manifest.delta = delta->head->number;
    manifest.base_sha256 = delta->head->base;
    manifest.parent_epoch = delta->head->epoch;
    manifest.parent_sha256 = delta->head->before;
    /* Only read, and never freed through this manifest. */
    manifest.ranges = (struct offset_range *)(uintptr_t)delta->ranges;
    manifest.range_count = delta->range_count;
    if (open_publisher(publication, err) < 0)
        return -1;
    if (snapshot_publisher_delta(publication->publisher, delta->bytes->bytes,
                                 delta->bytes->size, &manifest, err) < 0)
        return close_failed(publication);
    *out = bare(&manifest);
    return 0;
}

void publication_close(struct publication *publication)
{
    if (!publication)
        return;
    snapshot_publisher_close(publication->publisher);
    snapshot_reader_close(publication->reader);
    free(publication);
}
