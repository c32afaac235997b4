/*
 * fuzz_snapshot.c - no bytes may crash the loader, and what it accepts must
 * answer.
 *
 * The digest would keep every mutation out, so it is made to fit first: the
 * loader behind it is what is tried here. Flipped digests have unit tests.
 */
#include "common/base/digest.h"

#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *sealed(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    if (!copy)
        abort();
    memcpy(copy, data, size);
    if (size >= DIGEST_SIZE) {
        struct digest digest = digest_of(copy, size - DIGEST_SIZE);
        memcpy(copy + size - DIGEST_SIZE, digest.bytes, DIGEST_SIZE);
    }
    return copy;
}

/* Saying the same thing again: what was loaded is loaded a second time. */
static void check_round_trip(const struct snapshot *snapshot)
{
    struct buffer bytes = {0};
    struct snapshot *again = NULL;
    struct error err;

    if (snapshot_encode(snapshot, &bytes, &err) < 0 ||
        snapshot_decode(bytes.bytes, bytes.size, &again, &err) < 0)
        abort();
    snapshot_free(again);
    buffer_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshot *snapshot = NULL;
    struct error err;
    uint8_t *bytes = sealed(data, size);

    if (snapshot_decode(bytes, size, &snapshot, &err) == 0) {
        (void)!snapshot_probe(snapshot, &err);
        check_round_trip(snapshot);
    }
    snapshot_free(snapshot);
    free(bytes);
    return 0;
}
