/*
 * published_model.h - a model off the topics, as it was at one of its deltas.
 */
#ifndef CLI_PUBLISHED_MODEL_H
#define CLI_PUBLISHED_MODEL_H

#include "common/base/error.h"
#include "common/kafka/kafka_client.h"

#include "model/snapshot.h"

#include <stdint.h>

struct published_model {
    char models[250], chunks[250]; /* topics */
    char name[64], trusted[1024];
    uint64_t version; /* epoch of the snapshot */
    uint32_t delta;   /* the last that is applied to it; 0: none */
};

/* The caller frees the snapshot. Fails as snapshot_reader_fetch() and
 * delta_chain_reach(); ERROR_UNAVAILABLE also where there is no such version.
 */
int published_model_fetch(const struct published_model *which,
                          const struct kafka_settings *kafka,
                          unsigned timeout_ms, struct snapshot **out,
                          struct error *err) MUST_CHECK;

#endif
