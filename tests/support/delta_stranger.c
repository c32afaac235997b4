#include "support/delta_stranger.h"

#include "support/model_trail.h"
#include "support/run_suite.h"

#include "common/base/text.h"

#include "model/algorithms/fields.h"
#include "model/registry.h"
#include "model/snapshot_delta.h"

#include "producer/snapshot_publisher.h"

#include <stdlib.h>

struct delta_stranger {
    const struct pipeline *pipe;
    struct published_models found;
    struct snapshot_publisher *publisher;
    struct snapshot_delta first, second; /* heads of good ones */
    struct buffer first_bytes, second_bytes;
};

static struct error err;

const char *delta_offence_reason(enum delta_offence offence)
{
    static const char *const reasons[DELTA_OFFENCES] = {
        [DELTA_DOUBLED] = "it was there before",
        [DELTA_FOREIGN] = "of another snapshot",
        [DELTA_MISSING] = "the one that it continues is not there (yet)",
        [DELTA_CUT] = "cut short",
        [DELTA_EARLY] = "the one that it continues is not there (yet)",
    };

    return reasons[offence];
}

/* --- Bytes of deltas -------------------------------------------------- */

/* Changes the intercept alone. */
static void make_fields_delta(const struct snapshot_delta *head,
                              const char *text, double rate, struct buffer *out)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *fields = NULL;

    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    params.start = rate;
    ck_assert_ok(fields_start(&params, &fields, &err), err);
    ck_assert_ok(ops->changes->track(fields, &err), err);
    ck_assert_ok(snapshot_delta_encode(head, fields, out, &err), err);
    model_free(fields);
}

/* Has a new user alone. */
static void make_bias_delta(const struct snapshot_delta *head, double rate,
                            struct buffer *out)
{
    const struct id user = id_from_number((int64_t)(rate * 1e9));
    struct id_map *users = NULL;
    uint32_t index;

    ck_assert_ok(id_map_new(&users, &err), err);
    ck_assert_ok(id_map_add(users, &user, &index, &err), err);
    snapshot_delta_begin(head, out);
    id_map_save(users, out);
    for (int i = 0; i < 3; i++) /* ads that are new, biases that changed */
        buffer_append_u32(out, 0);
    id_map_free(users);
}

static void make_delta(const struct snapshot_delta *head, const char *params,
                       double rate, struct buffer *out)
{
    if (params)
        make_fields_delta(head, params, rate, out);
    else
        make_bias_delta(head, rate, out);
}

/* --- The stranger ----------------------------------------------------- */

static struct snapshot_publisher *open_publisher(const struct pipeline *pipe)
{
    struct snapshot_publisher_config to = {.kafka = kafka_fixture_settings(),
                                           .role = SNAPSHOT_CHUNKS,
                                           .chunk_bytes = 1000};
    struct snapshot_publisher *publisher = NULL;

    text_copy(to.name, sizeof(to.name), pipe->names[PIPE_MODEL]);
    text_copy(to.models, sizeof(to.models), pipe->names[PIPE_MODELS]);
    text_copy(to.chunks, sizeof(to.chunks), pipe->names[PIPE_CHUNKS]);
    ck_assert_ok(snapshot_publisher_open(&to, &publisher, &err), err);
    return publisher;
}

struct delta_stranger *delta_stranger_open(const struct pipeline *pipe,
                                           const char *params)
{
    struct delta_stranger *stranger = calloc(1, sizeof(*stranger));

    ck_assert_ptr_nonnull(stranger);
    stranger->pipe = pipe;
    stranger->publisher = open_publisher(pipe);
    stranger->found = published_models(pipe);
    const struct manifest *snapshot = &stranger->found.newest;
    const struct manifest *delta = &stranger->found.newest_delta;
    ck_assert_uint_eq(delta->epoch, snapshot->epoch);
    stranger->first = (struct snapshot_delta){.epoch = snapshot->epoch,
                                              .base = snapshot->sha256,
                                              .number = delta->delta + 1,
                                              .before = delta->sha256,
                                              .rows = delta->rows};
    make_delta(&stranger->first, params, 0.2, &stranger->first_bytes);
    stranger->second = stranger->first;
    stranger->second.number++;
    stranger->second.before =
        digest_of(stranger->first_bytes.bytes, stranger->first_bytes.size);
    make_delta(&stranger->second, params, 0.3, &stranger->second_bytes);
    return stranger;
}

void delta_stranger_close(struct delta_stranger *stranger)
{
    snapshot_publisher_close(stranger->publisher);
    buffer_free(&stranger->first_bytes);
    buffer_free(&stranger->second_bytes);
    free(stranger);
}

uint64_t delta_stranger_epoch(const struct delta_stranger *stranger)
{
    return stranger->found.newest.epoch;
}

uint32_t delta_stranger_number(const struct delta_stranger *stranger)
{
    return stranger->found.newest_delta.delta;
}

/* Publishes `size` of the bytes as what the head says. */
static void publish(struct delta_stranger *stranger,
                    const struct snapshot_delta *head,
                    const struct buffer *bytes, size_t size)
{
    struct manifest manifest = stranger->found.newest;

    manifest.delta = head->number;
    manifest.base_sha256 = head->base;
    manifest.parent_sha256 = head->before;
    ck_assert_ok(snapshot_publisher_delta(stranger->publisher, bytes->bytes,
                                          size, &manifest, &err),
                 err);
}

static void write_again(const char *topic)
{
    struct fixture_records records = kafka_fixture_read(topic);
    const struct fixture_record *last = &records.at[records.count - 1];
    const struct outgoing record = {.key = last->key,
                                    .key_size = last->key_size,
                                    .value = last->value,
                                    .value_size = last->value_size};

    kafka_fixture_send(topic, &record);
    fixture_records_free(&records);
}

void delta_stranger_commit(struct delta_stranger *stranger,
                           enum delta_offence offence)
{
    const struct buffer *bytes = &stranger->first_bytes;
    struct snapshot_delta other = stranger->first;

    switch (offence) {
    case DELTA_DOUBLED:
        write_again(stranger->pipe->names[PIPE_MODELS]);
        break;
    case DELTA_FOREIGN:
        other.base.bytes[0]++;
        publish(stranger, &other, bytes, bytes->size);
        break;
    case DELTA_MISSING:
        other.before.bytes[0]++;
        publish(stranger, &other, bytes, bytes->size);
        break;
    case DELTA_CUT:
        publish(stranger, &stranger->first, bytes, bytes->size - 1);
        break;
    case DELTA_EARLY:
        publish(stranger, &stranger->second, &stranger->second_bytes,
                stranger->second_bytes.size);
        break;
    case DELTA_OFFENCES:
        ck_abort();
    }
}

uint32_t delta_stranger_complete(struct delta_stranger *stranger)
{
    publish(stranger, &stranger->first, &stranger->first_bytes,
            stranger->first_bytes.size);
    return stranger->second.number;
}
