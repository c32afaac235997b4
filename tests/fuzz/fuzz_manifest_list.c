/*
 * fuzz_manifest_list.c - any records as those of the manifest topic, pins among
 * them. Whatever comes: epochs rise along the list, it keeps its bound, and
 * what is wanted is on it.
 */
#include "common/base/buffer.h"

#include "consumer/models/manifest_list.h"

#include "pieces.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct manifest_list *list)
{
    const struct manifest *wanted = manifest_list_wanted(list);

    assert(list->count <= MANIFEST_LIST_MAX);
    for (size_t i = 0; i < list->count; i++) {
        assert(strcmp(list->manifests[i].name, "click") == 0);
        assert(list->manifests[i].epoch <= list->highest);
        assert(i == 0 ||
               list->manifests[i - 1].epoch < list->manifests[i].epoch);
        assert(manifest_list_find(list, list->manifests[i].epoch) ==
               &list->manifests[i]);
    }
    assert(list->deltas.count <= DELTA_LIST_MAX);
    for (size_t i = 0; i < list->deltas.count; i++)
        assert(manifest_list_find(list, list->deltas.deltas[i].epoch));
    assert(!wanted || (wanted >= list->manifests &&
                       wanted < list->manifests + list->count));
    assert(!wanted || list->pinned == 0 || wanted->epoch == list->pinned);
}

static struct manifest small(uint64_t epoch)
{
    return (struct manifest){.format = MANIFEST_FORMAT,
                             .name = "click",
                             .epoch = epoch,
                             .size = 1,
                             .packed_size = 1,
                             .chunk_count = 1,
                             .chunk_size = 1};
}

/* A good manifest under any epoch, so that more than refusals happens. */
static void good(struct buffer *to, uint64_t epoch)
{
    struct manifest manifest = small(epoch);

    strcpy(manifest.algorithm, "svd");
    manifest_encode(&manifest, to);
}

/* Likewise a delta of it, which continues one of few states. */
static void good_delta(struct buffer *to, uint64_t epoch, uint32_t number,
                       uint64_t states)
{
    struct manifest manifest = small(epoch);

    manifest.delta = number;
    manifest.sha256.bytes[0] = states & 3;
    manifest.parent_sha256.bytes[0] = states >> 2 & 3;
    manifest_encode(&manifest, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pieces pieces = {bytes, size};
    struct manifest_list *list = NULL;
    struct error err;
    uint64_t refused[REFUSED_COUNT] = {0}, last = 0;

    if (manifest_list_new("click", &list, &err) < 0)
        return 0;
    while (pieces.size > 0) {
        struct manifest_record record = {0};
        struct buffer value = {0};
        char key[48];
        uint64_t kind = pieces_number(&pieces, 1);
        uint64_t epoch =
            pieces_number(&pieces, kind & 128 ? 8 : 1) + (kind & 64 ? last : 0);
        snprintf(key, sizeof(key), "click@%llu", (unsigned long long)epoch);
        record.key = kind % 4 == 2 ? "click!pin" : key;
        record.key_size = strlen(record.key);
        if (kind % 4 == 0) {
            uint64_t states = kind & 32 ? pieces_number(&pieces, 1) : 0;
            uint32_t number = 1 + (uint32_t)(states >> 6);
            if (kind & 32) {
                snprintf(key, sizeof(key), "click@%llu+%u",
                         (unsigned long long)epoch, number);
                record.key_size = strlen(key);
                good_delta(&value, epoch, number, states);
            } else {
                good(&value, epoch);
            }
            record.value = value.bytes;
            record.value_size = value.size;
        } else if (kind % 4 != 1) {
            if (kind % 4 == 3)
                record.key = pieces_bytes(&pieces, 1, &record.key_size);
            record.value = pieces_bytes(&pieces, 2, &record.value_size);
        }
        last = epoch;
        if (manifest_list_take(list, &record, refused, &err) == 0)
            check(list);
        buffer_free(&value);
    }
    manifest_list_free(list);
    return 0;
}
