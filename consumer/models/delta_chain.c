#include "consumer/models/delta_chain.h"

#include "model/snapshot_delta.h"

#include <inttypes.h>
#include <stdbool.h>

struct delta *delta_chain_next(const struct snapshot_reader *reader,
                               uint64_t epoch, const struct snapshot *snapshot)
{
    return delta_list_next(snapshot_reader_deltas(reader), epoch,
                           snapshot->delta, snapshot_state(snapshot));
}

static bool is_refusal(const struct error *err)
{
    return err->code == ERROR_FORMAT || err->code == ERROR_LIMIT;
}

int delta_chain_step(const struct delta_chain *chain, struct buffer *bytes,
                     struct delta_stepped *out, struct error *err)
{
    struct delta *next =
        delta_chain_next(chain->reader, chain->epoch, chain->snapshot);

    *out = (struct delta_stepped){.step = DELTA_STEP_END};
    buffer_clear(bytes);
    if (!next)
        return 0;
    int status = snapshot_reader_fetch_delta(
        chain->reader, next, chain->timeout_ms, bytes, &out->why, err);
    if (status == 0) {
        out->why = REFUSED_FORMAT;
        status = snapshot_delta_apply(chain->snapshot, chain->epoch,
                                      bytes->bytes, bytes->size, err);
    }
    out->delta = *next;
    if (status == 0) {
        out->step = DELTA_STEP_APPLIED;
        return 0;
    }
    if (!is_refusal(err))
        return -1;
    next->is_refused = true;
    out->step = DELTA_STEP_REFUSED;
    return 0;
}

int delta_chain_reach(const struct delta_chain *chain, uint32_t number,
                      struct error *err)
{
    struct buffer bytes = {0};
    struct delta_stepped stepped = {.step = DELTA_STEP_APPLIED};
    int status = 0;

    while (status == 0 && stepped.step != DELTA_STEP_END &&
           chain->snapshot->delta < number)
        status = delta_chain_step(chain, &bytes, &stepped, err);
    buffer_free(&bytes);
    if (status == 0 && chain->snapshot->delta < number)
        return error_set(err, ERROR_UNAVAILABLE,
                         "epoch %" PRIu64 " has %u deltas that can be had, and "
                         "no delta %u",
                         chain->epoch, chain->snapshot->delta, number);
    return status;
}
