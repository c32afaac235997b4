#include "support/model_trail.h"

#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/event/event_codec.h"

#include <inttypes.h>
#include <stdlib.h>

static struct error err;

struct published_models published_models(const struct pipeline *pipe)
{
    struct fixture_records records =
        kafka_fixture_read(pipe->names[PIPE_MODELS]);
    struct published_models all = {.snapshots = 0};

    for (size_t i = 0; i < records.count; i++) {
        struct manifest manifest;
        if (!records.at[i].value)
            continue;
        ck_assert_ok(manifest_decode(records.at[i].value,
                                     records.at[i].value_size, &manifest, &err),
                     err);
        manifest_free(&manifest);
        if (manifest.delta == 0) {
            all.newest = manifest;
            all.snapshots++;
        } else {
            all.newest_delta = manifest;
            all.deltas++;
        }
    }
    fixture_records_free(&records);
    return all;
}

static int by_state(const void *left, const void *right)
{
    return model_state_order(left, right);
}

static struct model_state state_of(const struct fixture_record *prediction)
{
    struct prediction_event event;

    ck_assert_int_eq(
        one_prediction(prediction->value, prediction->value_size, &event, NULL),
        EVENT_OK);
    return prediction_model(&event);
}

static void check_order(const struct model_state *before,
                        const struct model_state *state)
{
    ck_assert_msg(state->version > before->version ||
                      model_state_order(state, before) >= 0,
                  "delta %u of version %" PRIu64 " came behind delta %u of "
                  "version %" PRIu64,
                  state->delta, state->version, before->delta, before->version);
}

struct named_models named_models(const struct fixture_records *predictions)
{
    struct model_state *states =
        calloc(predictions->count + 1, sizeof(*states));
    struct named_models named = {.states = 0};

    ck_assert_ptr_nonnull(states);
    for (size_t i = 0; i < predictions->count; i++) {
        const struct fixture_record *at = &predictions->at[i];
        states[i + 1] = state_of(at);
        if (i > 0 && at->partition == at[-1].partition)
            check_order(&states[i], &states[i + 1]);
    }
    /* The first one, of zeros, is "none yet". */
    qsort(states, predictions->count + 1, sizeof(*states), by_state);
    for (size_t i = 1; i <= predictions->count; i++) {
        if (model_state_order(&states[i], &states[i - 1]) == 0)
            continue;
        named.states++;
        named.snapshots += states[i].delta == 0;
        named.deltas += states[i].delta > 0;
        named.last = states[i];
    }
    free(states);
    return named;
}
