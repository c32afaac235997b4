#include "cli/commands/published_model.h"

#include "common/base/text.h"

#include "consumer/models/delta_chain.h"

#include <inttypes.h>

static int fetch(const struct published_model *which,
                 struct snapshot_reader *reader, unsigned timeout_ms,
                 struct snapshot **out, struct error *err)
{
    const struct manifest *manifest =
        snapshot_reader_find(reader, which->version);
    struct buffer bytes = {0};
    enum snapshot_refusal why;

    if (!manifest)
        return error_set(err, ERROR_UNAVAILABLE,
                         "no epoch %" PRIu64 " of '%s' on topic '%s': see "
                         "`pctr snapshot list`",
                         which->version, which->name, which->models);
    int status =
        snapshot_reader_fetch(reader, manifest, timeout_ms, &bytes, &why, err);
    if (status == 0)
        status = snapshot_decode(bytes.bytes, bytes.size, out, err);
    buffer_free(&bytes);
    if (status < 0 || which->delta == 0)
        return status;
    const struct delta_chain chain = {reader, which->version, *out, timeout_ms};
    if (delta_chain_reach(&chain, which->delta, err) == 0)
        return 0;
    snapshot_free(*out);
    return -1;
}

int published_model_fetch(const struct published_model *which,
                          const struct kafka_settings *kafka,
                          unsigned timeout_ms, struct snapshot **out,
                          struct error *err)
{
    struct snapshot_reader_config from = {.kafka = *kafka};
    struct snapshot_reader *reader = NULL;

    if (trusted_keys_read(which->trusted, &from.trusted, err) < 0)
        return -1;
    text_copy(from.name, sizeof(from.name), which->name);
    text_copy(from.models, sizeof(from.models), which->models);
    text_copy(from.chunks, sizeof(from.chunks), which->chunks);
    if (snapshot_reader_open(&from, &reader, err) < 0)
        return -1;
    int status = snapshot_reader_catch_up(reader, timeout_ms, NULL, err);
    if (status == 0)
        status = fetch(which, reader, timeout_ms, out, err);
    snapshot_reader_close(reader);
    return status;
}
