/*
 * manifest_list.h - the manifests of one model, as records of the manifest
 * topic add, retire and pin them.
 *
 *   key "click@12", value manifest   snapshot 12 of model "click" is there
 *   key "click@12", no value         it is retired
 *   key "click@12+3", value manifest its third delta (delta_list.h) is there
 *   key "click@12+3", no value       that is no longer kept
 *   key "click!pin", {"epoch": 7}    serve 7; 0 or no value: the newest
 *
 * Where keys are trusted, each of them must be signed by one.
 *
 * Epochs only rise, by at most EPOCH_JUMP_MAX at a time: otherwise one record
 * with the highest number of all would end every publication after it. Plain
 * memory, no Kafka. One thread.
 */
#ifndef CONSUMER_MANIFEST_LIST_H
#define CONSUMER_MANIFEST_LIST_H

#include "common/base/error.h"
#include "common/event/manifest.h"

#include "consumer/models/delta_list.h"
#include "consumer/models/snapshot_refusal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MANIFEST_LIST_MAX = 1024, /* beyond that the oldest are forgotten */
    RETIRED_MAX = 64,         /* of these epochs the newest are remembered */
};

#define EPOCH_JUMP_MAX (UINT64_C(1) << 32)

struct manifest_list {
    char name[64];                                /* of the model */
    struct manifest manifests[MANIFEST_LIST_MAX]; /* by epoch */
    size_t count;
    struct trusted_keys trusted; /* set by the owner; none: no check */
    uint64_t highest;            /* epoch seen, retired ones too */
    uint64_t pinned;             /* 0: none */
    int64_t pin_ms;              /* when that was said; 0: not known */
    uint64_t retired[RETIRED_MAX];
    size_t retired_count; /* all in all; the ring holds the last of them */
    struct delta_list deltas;
    struct error refusal;   /* why the last one was refused */
    bool is_newest_refused; /* nothing good came since */
};

/* A value of NULL is a tombstone; `signature` is that of a retirement, NULL:
 * none. */
struct manifest_record {
    const void *key, *value;
    size_t key_size, value_size;
    const void *signature;
    size_t signature_size;
};

int manifest_list_new(const char *name, struct manifest_list **out,
                      struct error *err) MUST_CHECK;

/* Refusals are added to `refused`, which may be NULL. Fails only with
 * ERROR_MEMORY, and then the record changed nothing: take it again later. */
int manifest_list_take(struct manifest_list *list,
                       const struct manifest_record *record,
                       uint64_t refused[REFUSED_COUNT],
                       struct error *err) MUST_CHECK;

/* NULL when there is none. */
const struct manifest *manifest_list_find(const struct manifest_list *list,
                                          uint64_t epoch);
const struct manifest *manifest_list_wanted(const struct manifest_list *list);

/* Was this epoch taken out of service by a record without a value? */
bool manifest_list_is_retired(const struct manifest_list *list, uint64_t epoch);

void manifest_list_free(struct manifest_list *list);

#endif
