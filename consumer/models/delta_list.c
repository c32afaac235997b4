#include "consumer/models/delta_list.h"

#include "common/base/array.h"

#include "model/snapshot_delta.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const struct delta *delta, uint64_t epoch,
                      uint32_t number)
{
    return delta->epoch == epoch && delta->number == number;
}

struct delta *delta_list_next(const struct delta_list *list, uint64_t epoch,
                              uint32_t number, const struct digest *state)
{
    for (size_t i = list->count; i-- > 0;) {
        struct delta *delta = &list->deltas[i];
        if (is_number(delta, epoch, number + 1) && !delta->is_refused &&
            digest_equals(&delta->before, state))
            return delta;
    }
    return NULL;
}

const struct delta *delta_list_find(const struct delta_list *list,
                                    uint64_t epoch, uint32_t number,
                                    const uint8_t *hash, size_t hash_size)
{
    for (size_t i = list->count; i-- > 0;) {
        const struct delta *delta = &list->deltas[i];
        if (is_number(delta, epoch, number) && delta->is_linked &&
            (hash_size == 0 ||
             memcmp(delta->sha256.bytes, hash, hash_size) == 0))
            return delta;
    }
    return NULL;
}

uint32_t delta_list_newest(const struct delta_list *list, uint64_t epoch)
{
    uint32_t newest = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct delta *delta = &list->deltas[i];
        if (delta->epoch == epoch && delta->is_linked && delta->number > newest)
            newest = delta->number;
    }
    return newest;
}

/* --- Taking one ------------------------------------------------------- */

static struct delta delta_of(const struct manifest *from)
{
    struct delta delta = {.epoch = from->epoch,
                          .number = from->delta,
                          .created_ms = from->created_ms,
                          .rows = from->rows,
                          .sha256 = from->sha256,
                          .base = from->base_sha256,
                          .before = from->parent_sha256,
                          .is_signed = from->is_signed,
                          .size = from->size,
                          .packed_size = from->packed_size,
                          .chunk_count = from->chunk_count,
                          .chunk_size = from->chunk_size,
                          .first_chunk_offset = from->first_chunk_offset};

    memcpy(delta.snapshot_id, from->snapshot_id, SNAPSHOT_ID_SIZE);
    memcpy(delta.signature, from->signature, SIGNATURE_SIZE);
    return delta;
}

static bool has_predecessor(const struct delta_list *list, uint64_t epoch,
                            uint32_t number, const struct digest *before)
{
    return delta_list_find(list, epoch, number - 1, before->bytes,
                           DIGEST_SIZE) != NULL;
}

static bool is_there(const struct delta_list *list,
                     const struct manifest *manifest)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct delta *delta = &list->deltas[i];
        if (is_number(delta, manifest->epoch, manifest->delta) &&
            digest_equals(&delta->sha256, &manifest->sha256) &&
            digest_equals(&delta->before, &manifest->parent_sha256))
            return true;
    }
    return false;
}

/* Those that waited for a delta that is linked now are linked as well. */
static void link_waiting(struct delta_list *list)
{
    bool is_changed = true;

    while (is_changed) {
        is_changed = false;
        for (size_t i = 0; i < list->count; i++) {
            struct delta *delta = &list->deltas[i];
            if (delta->is_linked ||
                !has_predecessor(list, delta->epoch, delta->number,
                                 &delta->before))
                continue;
            delta->is_linked = is_changed = true;
        }
    }
}

static enum delta_place refuse(const struct manifest *delta, const char *what,
                               struct error *why)
{
    error_set(why, ERROR_FORMAT, "delta %u of epoch %" PRIu64 ": %s",
              delta->delta, delta->epoch, what);
    return DELTA_REFUSED;
}

static enum delta_place place_of(const struct delta_list *list,
                                 const struct manifest *snapshot,
                                 const struct manifest *delta,
                                 struct error *why)
{
    if (!digest_equals(&delta->base_sha256, &snapshot->sha256))
        return refuse(delta, "of another snapshot", why);
    if (delta->delta > SNAPSHOT_DELTAS_MAX)
        return refuse(delta, "there are never so many", why);
    if (is_there(list, delta))
        return refuse(delta, "it was there before", why);
    if (delta->delta == 1)
        return digest_equals(&delta->parent_sha256, &snapshot->sha256)
                   ? DELTA_CONTINUES
                   : refuse(delta, "it does not continue its snapshot", why);
    if (has_predecessor(list, delta->epoch, delta->delta,
                        &delta->parent_sha256))
        return DELTA_CONTINUES;
    refuse(delta, "the one that it continues is not there (yet)", why);
    return DELTA_WAITS;
}

int delta_list_add(struct delta_list *list, const struct manifest *snapshot,
                   const struct manifest *delta, enum delta_place *place,
                   struct error *why, struct error *err)
{
    *place = place_of(list, snapshot, delta, why);
    if (*place == DELTA_REFUSED)
        return 0;
    if (list->count == DELTA_LIST_MAX) {
        list->count--;
        memmove(list->deltas, list->deltas + 1,
                list->count * sizeof(*list->deltas));
    }
    struct delta *deltas = array_with_room(list->deltas, list->count,
                                           &list->room, sizeof(*deltas));
    if (!deltas)
        return error_no_memory(err, "%zu deltas", list->count);
    list->deltas = deltas;
    deltas[list->count] = delta_of(delta);
    deltas[list->count++].is_linked = *place == DELTA_CONTINUES;
    if (*place == DELTA_CONTINUES)
        link_waiting(list);
    return 0;
}

void delta_list_remove(struct delta_list *list, uint64_t epoch, uint32_t number)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (list->deltas[i].epoch != epoch ||
            (number != 0 && list->deltas[i].number != number))
            list->deltas[kept++] = list->deltas[i];
    list->count = kept;
}

/* --- Which are of no use ---------------------------------------------- */

static const struct manifest *snapshot_of(const struct manifests_there *there,
                                          uint64_t epoch)
{
    for (size_t i = there->count; i-- > 0;)
        if (there->snapshots[i].epoch == epoch)
            return &there->snapshots[i];
    return NULL;
}

/* The lowest epoch whose deltas are kept: those of the newest snapshot always
 * are. */
static uint64_t lowest_kept(const struct delta_list *list,
                            const struct manifests_there *there, size_t kept)
{
    uint64_t lowest = UINT64_MAX;
    size_t sum = 0;

    for (size_t i = there->count; i-- > 0;) {
        const struct manifest *snapshot = &there->snapshots[i];
        for (size_t d = 0; d < list->count; d++)
            sum += list->deltas[d].epoch == snapshot->epoch;
        if (lowest != UINT64_MAX &&
            (sum > kept || snapshot->first_chunk_offset < there->chunks_low))
            break;
        lowest = snapshot->epoch;
    }
    return lowest;
}

size_t delta_list_useless(const struct delta_list *list,
                          const struct manifests_there *there, size_t kept,
                          const struct delta **out, size_t room)
{
    const uint64_t lowest = lowest_kept(list, there, kept);
    size_t count = 0;

    for (size_t i = 0; i < list->count && count < room; i++) {
        const struct delta *delta = &list->deltas[i];
        if (delta->epoch < lowest || !snapshot_of(there, delta->epoch))
            out[count++] = delta;
    }
    return count;
}

struct manifest delta_manifest(const struct delta *delta, const char *name)
{
    struct manifest manifest = {.format = MANIFEST_FORMAT,
                                .epoch = delta->epoch,
                                .delta = delta->number,
                                .created_ms = delta->created_ms,
                                .rows = delta->rows,
                                .base_sha256 = delta->base,
                                .parent_epoch = delta->epoch,
                                .parent_sha256 = delta->before,
                                .is_signed = delta->is_signed,
                                .sha256 = delta->sha256,
                                .size = delta->size,
                                .packed_size = delta->packed_size,
                                .chunk_count = delta->chunk_count,
                                .chunk_size = delta->chunk_size,
                                .first_chunk_offset =
                                    delta->first_chunk_offset};

    memcpy(manifest.name, name, strnlen(name, sizeof(manifest.name) - 1));
    memcpy(manifest.snapshot_id, delta->snapshot_id, SNAPSHOT_ID_SIZE);
    memcpy(manifest.signature, delta->signature, SIGNATURE_SIZE);
    return manifest;
}

void delta_list_free(struct delta_list *list)
{
    free(list->deltas);
    *list = (struct delta_list){.count = 0};
}
