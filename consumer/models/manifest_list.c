#include "consumer/models/manifest_list.h"

#include "common/event/pin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forget(struct manifest_list *list, size_t at)
{
    delta_list_remove(&list->deltas, list->manifests[at].epoch, 0);
    manifest_free(&list->manifests[at]);
    list->count--;
    memmove(&list->manifests[at], &list->manifests[at + 1],
            (list->count - at) * sizeof(list->manifests[0]));
}

/* An epoch that is retired was there once, and is not used again. */
static void retire(struct manifest_list *list, uint64_t epoch)
{
    list->retired[list->retired_count++ % RETIRED_MAX] = epoch;
    if (epoch > list->highest)
        list->highest = epoch;
    for (size_t i = 0; i < list->count; i++)
        if (list->manifests[i].epoch == epoch) {
            forget(list, i);
            return;
        }
}

static void count_refusal(struct manifest_list *list, enum snapshot_refusal why,
                          uint64_t refused[REFUSED_COUNT])
{
    list->is_newest_refused = true;
    if (refused)
        refused[why]++;
}

/* What the key of a record names: a delta where `delta` is not 0. */
struct named {
    uint64_t epoch;
    uint32_t delta;
};

static void take_retirement(struct manifest_list *list,
                            const struct named *named,
                            const struct manifest_record *record,
                            uint64_t refused[REFUSED_COUNT])
{
    const struct retirement retired = {list->name, named->epoch, named->delta};

    if (retirement_check_signature(&retired, record->signature,
                                   record->signature_size, &list->trusted,
                                   &list->refusal) < 0)
        count_refusal(list, REFUSED_SIGNATURE, refused);
    else if (named->delta)
        delta_list_remove(&list->deltas, named->epoch, named->delta);
    else
        retire(list, named->epoch);
}

static bool is_jump(const struct manifest_list *list, uint64_t epoch)
{
    return epoch > list->highest && epoch - list->highest > EPOCH_JUMP_MAX;
}

static void refuse_jump(struct manifest_list *list, uint64_t epoch,
                        uint64_t refused[REFUSED_COUNT])
{
    error_set(&list->refusal, ERROR_FORMAT,
              "epoch %" PRIu64 " is further above epoch %" PRIu64
              " than any publication leads",
              epoch, list->highest);
    count_refusal(list, REFUSED_EPOCH, refused);
}

/* Takes over what the manifest owns. */
static void accept_manifest(struct manifest_list *list,
                            struct manifest *manifest,
                            uint64_t refused[REFUSED_COUNT])
{
    if (manifest->epoch <= list->highest) {
        error_set(&list->refusal, ERROR_FORMAT,
                  "epoch %" PRIu64 " after epoch %" PRIu64, manifest->epoch,
                  list->highest);
        count_refusal(list, REFUSED_EPOCH, refused);
        manifest_free(manifest);
        return;
    }
    if (list->count == MANIFEST_LIST_MAX)
        forget(list, 0);
    list->highest = manifest->epoch;
    list->is_newest_refused = false;
    list->manifests[list->count++] = *manifest;
}

/* Decodes the record into a manifest that may be taken. -1 where it may not:
 * `err` has ERROR_MEMORY, or ERROR_NONE where the record was refused. */
static int read_manifest(struct manifest_list *list, const struct named *named,
                         const struct manifest_record *record,
                         uint64_t refused[REFUSED_COUNT], struct manifest *out,
                         struct error *err)
{
    struct error *refusal = &list->refusal;
    struct manifest manifest = {.format = 0};
    enum snapshot_refusal why = REFUSED_MANIFEST;

    err->code = ERROR_NONE;
    int status =
        manifest_decode(record->value, record->value_size, &manifest, refusal);
    if (status == 0 &&
        (manifest.epoch != named->epoch || manifest.delta != named->delta ||
         strcmp(manifest.name, list->name) != 0))
        status =
            error_set(refusal, ERROR_FORMAT,
                      "manifest of '%s' epoch %" PRIu64 ", delta %u, under "
                      "the key of '%s' epoch %" PRIu64 ", delta %u",
                      manifest.name, manifest.epoch, manifest.delta, list->name,
                      named->epoch, named->delta);
    if (status == 0) {
        why = REFUSED_SIGNATURE;
        status = manifest_check_signature(&manifest, &list->trusted, refusal);
    }
    if (status == 0) {
        *out = manifest;
        return 0;
    }
    manifest_free(&manifest);
    if (refusal->code == ERROR_MEMORY)
        *err = *refusal;
    else
        count_refusal(list, why, refused);
    return -1;
}

static int take_manifest(struct manifest_list *list, const struct named *named,
                         const struct manifest_record *record,
                         uint64_t refused[REFUSED_COUNT], struct error *err)
{
    struct manifest manifest;

    if (is_jump(list, named->epoch)) {
        refuse_jump(list, named->epoch, refused);
        return 0;
    }
    if (!record->value) {
        take_retirement(list, named, record, refused);
        return 0;
    }
    if (read_manifest(list, named, record, refused, &manifest, err) < 0)
        return err->code == ERROR_NONE ? 0 : -1;
    accept_manifest(list, &manifest, refused);
    return 0;
}

/* The newest snapshot is as good as it was. */
static void count_unchained(uint64_t refused[REFUSED_COUNT])
{
    if (refused)
        refused[REFUSED_CHAIN]++;
}

/* Deltas of a snapshot that is no longer there are as good as gone. */
static int take_delta(struct manifest_list *list, const struct named *named,
                      const struct manifest_record *record,
                      uint64_t refused[REFUSED_COUNT], struct error *err)
{
    const struct manifest *snapshot = manifest_list_find(list, named->epoch);
    enum delta_place place;
    struct manifest manifest;

    if (!record->value) {
        take_retirement(list, named, record, refused);
        return 0;
    }
    if (!snapshot && named->epoch <= list->highest)
        return 0;
    if (read_manifest(list, named, record, refused, &manifest, err) < 0)
        return err->code == ERROR_NONE ? 0 : -1;
    int status = 0;
    if (!snapshot) {
        error_set(&list->refusal, ERROR_FORMAT,
                  "delta %u of epoch %" PRIu64 ", which is not there",
                  named->delta, named->epoch);
        count_unchained(refused);
    } else {
        struct error why = {.code = ERROR_NONE};
        status = delta_list_add(&list->deltas, snapshot, &manifest, &place,
                                &why, err);
        if (status == 0 && place != DELTA_CONTINUES) {
            list->refusal = why;
            count_unchained(refused);
        }
    }
    manifest_free(&manifest);
    return status;
}

/* An old pin that is written again is signed, too; whoever has seen a newer one
 * does not take it. */
static int check_pin(const struct manifest_list *list, const struct pin *pin,
                     struct error *why)
{
    if (pin_check_signature(pin, list->name, &list->trusted, why) < 0)
        return -1;
    if (list->trusted.count > 0 && pin->created_ms < list->pin_ms)
        return error_set(why, ERROR_FORMAT,
                         "the pin of epoch %" PRIu64
                         " was made before the one that is in force",
                         pin->epoch);
    return 0;
}

static void take_pin(struct manifest_list *list,
                     const struct manifest_record *record,
                     uint64_t refused[REFUSED_COUNT])
{
    struct pin pin = {.epoch = 0}; /* a tombstone is no pin */

    if (record->value && pin_decode(record->value, record->value_size, &pin,
                                    &list->refusal) < 0) {
        count_refusal(list, REFUSED_MANIFEST, refused);
        return;
    }
    if (check_pin(list, &pin, &list->refusal) < 0) {
        count_refusal(list, REFUSED_SIGNATURE, refused);
        return;
    }
    list->pinned = pin.epoch;
    list->pin_ms = pin.created_ms;
}

/* Reads "@12" or "@12+3", what a key has behind the name. */
static bool read_name(const char *rest, struct named *out)
{
    char *end = NULL;

    if (*rest != '@' || rest[1] < '0' || rest[1] > '9' ||
        (rest[1] == '0' && rest[2] != '\0')) /* compaction would keep both */
        return false;
    *out = (struct named){.epoch = strtoull(rest + 1, &end, 10)};
    if (*end == '\0')
        return true;
    if (*end != '+' || end[1] < '1' || end[1] > '9')
        return false;
    unsigned long long number = strtoull(end + 1, &end, 10);
    out->delta = (uint32_t)number;
    return *end == '\0' && number <= UINT32_MAX;
}

/* Any other key belongs to another model. */
int manifest_list_take(struct manifest_list *list,
                       const struct manifest_record *record,
                       uint64_t refused[REFUSED_COUNT], struct error *err)
{
    char key[128];
    size_t name_size = strlen(list->name);

    if (!record->key || record->key_size >= sizeof(key) ||
        record->key_size <= name_size ||
        memcmp(record->key, list->name, name_size) != 0)
        return 0;
    memcpy(key, record->key, record->key_size);
    key[record->key_size] = '\0';

    const char *rest = key + name_size;
    if (strcmp(rest, "!pin") == 0) {
        take_pin(list, record, refused);
        return 0;
    }
    struct named named;
    if (!read_name(rest, &named))
        return 0;
    return named.delta ? take_delta(list, &named, record, refused, err)
                       : take_manifest(list, &named, record, refused, err);
}

const struct manifest *manifest_list_find(const struct manifest_list *list,
                                          uint64_t epoch)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->manifests[i].epoch == epoch)
            return &list->manifests[i];
    return NULL;
}

const struct manifest *manifest_list_wanted(const struct manifest_list *list)
{
    if (list->pinned != 0)
        return manifest_list_find(list, list->pinned);
    return list->count > 0 ? &list->manifests[list->count - 1] : NULL;
}

bool manifest_list_is_retired(const struct manifest_list *list, uint64_t epoch)
{
    for (size_t i = 0; i < list->retired_count && i < RETIRED_MAX; i++)
        if (list->retired[i] == epoch)
            return true;
    return false;
}

int manifest_list_new(const char *name, struct manifest_list **out,
                      struct error *err)
{
    struct manifest_list *list = calloc(1, sizeof(*list));

    if (!list)
        return error_no_memory(err, "the manifest list");
    snprintf(list->name, sizeof(list->name), "%s", name);
    *out = list;
    return 0;
}

void manifest_list_free(struct manifest_list *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->count; i++)
        manifest_free(&list->manifests[i]);
    delta_list_free(&list->deltas);
    free(list);
}
