#include "consumer/train/model_publication.h"

#include "common/base/clock.h"
#include "common/base/version.h"

#include "consumer/models/snapshot_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CATCH_UP_MS = 60000 };

struct publication {
    struct snapshot_publisher_config config;
    struct snapshot_publisher *publisher;
    struct snapshot_reader *reader;
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

/* The publisher first: from then on nobody else adds an epoch. */
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
    manifest->metrics = (struct manifest_metrics){
        .rmse = result->holdout.rmse,
        .mae = result->holdout.mae,
        .logloss = result->holdout.logloss,
        .auc = result->holdout.auc,
        .normalised_entropy = result->holdout.normalised_entropy,
        .rows = result->holdout.rows,
    };
}

/* A publisher that failed is not trusted again; a new one also ends what the
 * old one left open. */
static int renew_publisher(struct publication *publication, struct error *err)
{
    if (publication->publisher)
        return 0;
    return snapshot_publisher_open(&publication->config,
                                   &publication->publisher, err);
}

int publication_publish(struct publication *publication,
                        const struct fit_config *config,
                        const struct fit_result *result,
                        const struct offset_range *ranges, size_t range_count,
                        uint64_t *epoch, struct error *err)
{
    struct manifest manifest = {.epoch = 1};

    if (renew_publisher(publication, err) < 0 ||
        snapshot_reader_catch_up(publication->reader, CATCH_UP_MS, NULL, err) <
            0)
        return -1;

    const struct manifest *parent = publication_newest(publication);
    if (parent) {
        manifest.epoch = parent->epoch + 1;
        manifest.parent_epoch = parent->epoch;
        manifest.parent_sha256 = parent->sha256;
    }
    memcpy(manifest.name, publication->config.name, sizeof(manifest.name));
    describe_fit(config, result, &manifest);
    /* Only read, and never freed through this manifest. */
    manifest.ranges = (struct offset_range *)(uintptr_t)ranges;
    manifest.range_count = range_count;
    if (snapshot_publisher_publish(publication->publisher, result->bytes.bytes,
                                   result->bytes.size, &manifest, err) < 0) {
        snapshot_publisher_close(publication->publisher);
        publication->publisher = NULL;
        return -1;
    }
    *epoch = manifest.epoch;
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
