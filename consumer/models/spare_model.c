#include "consumer/models/spare_model.h"

#include "common/base/bytes_reader.h"
#include "common/base/digest.h"

#include "model/snapshot_delta.h"

#include <stdbool.h>

/* Applying more than this again is no cheaper than a copy. */
enum { MISSED_MAX = 16 << 20 };

static bool missed_too_much(const struct spare_model *spare)
{
    return buffer_failed(&spare->missed) || spare->missed.size > MISSED_MAX;
}

static void drop_before(struct spare_model *spare)
{
    model_board_put(spare->board, spare->before);
    spare->before = NULL;
}

static int catch_up(struct snapshot *snapshot, uint64_t epoch,
                    const struct buffer *missed)
{
    struct bytes_reader from = {.at = missed->bytes, .left = missed->size};
    struct error ignored;

    while (from.left > 0) {
        const size_t size = (size_t)bytes_read_u64(&from);
        const uint8_t *bytes = bytes_read(&from, size);
        if (!bytes ||
            snapshot_delta_apply(snapshot, epoch, bytes, size, &ignored) < 0)
            return -1;
    }
    return 0;
}

/* The snapshot before the one in service comes to hand, if nobody else holds it
 * and it can take what it missed. */
static void reclaim_before(struct spare_model *spare)
{
    const uint64_t epoch = spare->before->manifest.epoch;

    spare->snapshot = model_board_reclaim(spare->board, spare->before);
    if (!spare->snapshot) {
        drop_before(spare);
        return;
    }
    spare->before = NULL;
    if (catch_up(spare->snapshot, epoch, &spare->missed) < 0) {
        snapshot_free(spare->snapshot);
        spare->snapshot = NULL;
    }
}

static bool is_same_state(const struct snapshot *a, const struct snapshot *b)
{
    return a->delta == b->delta && digest_equals(&a->sha256, &b->sha256) &&
           digest_equals(snapshot_state(a), snapshot_state(b));
}

int spare_model_prepare(struct spare_model *spare,
                        const struct served_model *served, struct error *err)
{
    if (!spare->snapshot && spare->before)
        reclaim_before(spare);
    buffer_clear(&spare->missed);
    if (spare->snapshot && is_same_state(spare->snapshot, served->snapshot))
        return 0;
    spare_model_forget(spare);
    if (snapshot_copy(served->snapshot, &spare->snapshot, err) < 0)
        return -1;
    spare->copies++;
    return 0;
}

void spare_model_applied(struct spare_model *spare, const struct buffer *delta)
{
    if (missed_too_much(spare))
        return;
    buffer_append_u64(&spare->missed, delta->size);
    buffer_append(&spare->missed, delta->bytes, delta->size);
}

struct snapshot *spare_model_take(struct spare_model *spare)
{
    struct snapshot *snapshot = spare->snapshot;

    spare->snapshot = NULL;
    return snapshot;
}

void spare_model_replaced(struct spare_model *spare,
                          const struct served_model *served)
{
    drop_before(spare);
    spare->before = served;
    if (missed_too_much(spare))
        spare_model_forget(spare);
}

void spare_model_forget(struct spare_model *spare)
{
    drop_before(spare);
    snapshot_free(spare->snapshot);
    spare->snapshot = NULL;
    buffer_free(&spare->missed);
}
