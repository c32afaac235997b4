#include "model/snapshot_delta.h"

#include "common/base/bytes_reader.h"
#include "model/bias_delta.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[8] = {'P', 'C', 'T', 'R', 'D', 'E', 'L', 'T'};

const struct digest *snapshot_state(const struct snapshot *snapshot)
{
    return snapshot->delta > 0 ? &snapshot->delta_sha256 : &snapshot->sha256;
}

/* --- Writing ---------------------------------------------------------- */

void snapshot_delta_begin(const struct snapshot_delta *head, struct buffer *to)
{
    buffer_append(to, magic, sizeof(magic));
    buffer_append_u32(to, SNAPSHOT_DELTA_VERSION);
    buffer_append_u32(to, head->number);
    buffer_append_u64(to, head->epoch);
    buffer_append(to, head->base.bytes, DIGEST_SIZE);
    buffer_append(to, head->before.bytes, DIGEST_SIZE);
    buffer_append_u64(to, head->rows);
}

int snapshot_delta_end(const struct buffer *bytes, size_t start,
                       struct error *err)
{
    if (buffer_failed(bytes))
        return error_no_memory(err, "the delta");
    if (bytes->size - start > SNAPSHOT_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, "delta: %zu bytes, at most %zu",
                         bytes->size - start, SNAPSHOT_BYTES_MAX);
    return 0;
}

int snapshot_delta_encode(const struct snapshot_delta *head,
                          const struct model *model, struct buffer *to,
                          struct error *err)
{
    const size_t start = to->size;

    snapshot_delta_begin(head, to);
    model->ops->changes->save(model, to);
    return snapshot_delta_end(to, start, err);
}

/* --- Reading ---------------------------------------------------------- */

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_FORMAT, "delta: %s", why);
}

static int read_digest(struct bytes_reader *from, struct digest *out)
{
    const uint8_t *bytes = bytes_read(from, DIGEST_SIZE);

    if (!bytes)
        return -1;
    memcpy(out->bytes, bytes, DIGEST_SIZE);
    return 0;
}

static int read_head(struct bytes_reader *from, struct snapshot_delta *out,
                     struct error *err)
{
    const uint8_t *begin = bytes_read(from, sizeof(magic));

    if (!begin || memcmp(begin, magic, sizeof(magic)) != 0)
        return refuse(err, "these are not the bytes of one");
    uint32_t version = bytes_read_u32(from);
    if (version > SNAPSHOT_DELTA_VERSION)
        return error_set(err, ERROR_FORMAT,
                         "delta format %u is newer than this program reads "
                         "(%d): upgrade pctr",
                         version, SNAPSHOT_DELTA_VERSION);
    out->number = bytes_read_u32(from);
    out->epoch = bytes_read_u64(from);
    if (read_digest(from, &out->base) < 0 ||
        read_digest(from, &out->before) < 0)
        return refuse(err, "cut short");
    out->rows = bytes_read_u64(from);
    if (bytes_reader_failed(from))
        return refuse(err, "cut short");
    if (version != SNAPSHOT_DELTA_VERSION || out->number == 0 ||
        out->number > SNAPSHOT_DELTAS_MAX || out->epoch == 0)
        return refuse(err, "its head makes no sense");
    return 0;
}

int snapshot_delta_head(const uint8_t *bytes, size_t size,
                        struct snapshot_delta *out, struct error *err)
{
    struct bytes_reader from = {.at = bytes, .left = size};
    struct snapshot_delta head;

    if (read_head(&from, &head, err) < 0)
        return -1;
    *out = head;
    return 0;
}

/* --- Applying --------------------------------------------------------- */

bool snapshot_delta_is_for(const struct model *model)
{
    const struct model_ops *ops = model->ops;
    struct model_biases biases;

    return ops->changes || (ops->biases && ops->biases->find(model, &biases));
}

static int check_place(const struct snapshot *snapshot, uint64_t epoch,
                       const struct snapshot_delta *head, struct error *err)
{
    if (head->epoch != epoch)
        return error_set(err, ERROR_FORMAT,
                         "delta: of epoch %" PRIu64 ", not of %" PRIu64,
                         head->epoch, epoch);
    if (!digest_equals(&head->base, &snapshot->sha256))
        return refuse(err, "of another snapshot");
    if (head->number != snapshot->delta + 1)
        return error_set(err, ERROR_FORMAT,
                         "delta: number %u where %u should be", head->number,
                         snapshot->delta + 1);
    if (!digest_equals(&head->before, snapshot_state(snapshot)))
        return refuse(err, "it continues another state");
    return 0;
}

/* What lies behind the head. */
static int apply_body(struct snapshot *snapshot, struct bytes_reader *from,
                      struct error *err)
{
    const struct model_ops *ops = snapshot->model->ops;

    if (!ops->changes)
        return bias_delta_apply(snapshot, from, err);
    ops->changes->apply(snapshot->model, from);
    if (bytes_reader_failed(from))
        return bytes_reader_refuse(
            from, "delta: cut short, out of order or not finite", err);
    return 0;
}

int snapshot_delta_apply(struct snapshot *snapshot, uint64_t epoch,
                         const uint8_t *bytes, size_t size, struct error *err)
{
    struct bytes_reader from = {.at = bytes, .left = size};
    struct snapshot_delta head;

    if (!snapshot_delta_is_for(snapshot->model))
        return error_set(err, ERROR_FORMAT, "delta: model %s takes none",
                         snapshot->model->ops->name);
    if (read_head(&from, &head, err) < 0 ||
        check_place(snapshot, epoch, &head, err) < 0 ||
        apply_body(snapshot, &from, err) < 0)
        return -1;
    if (head.rows > snapshot->rows)
        snapshot->rows = head.rows;
    snapshot->delta = head.number;
    snapshot->delta_sha256 = digest_of(bytes, size);
    return 0;
}

static int copy_model(const struct model *model, struct model **out,
                      struct error *err)
{
    const struct model_ops *ops = model->ops;

    return ops->changes ? ops->changes->copy(model, out, err)
                        : ops->biases->copy(model, out, err);
}

int snapshot_copy(const struct snapshot *snapshot, struct snapshot **out,
                  struct error *err)
{
    const struct model_ops *ops = snapshot->model->ops;
    const bool has_ids =
        id_map_count(snapshot->users) > 0 || id_map_count(snapshot->ads) > 0;

    if (!snapshot_delta_is_for(snapshot->model) || (ops->changes && has_ids))
        return error_set(err, ERROR_FORMAT,
                         "delta: the snapshot's model takes none");
    struct snapshot *copy = calloc(1, sizeof(*copy));
    if (!copy)
        return error_no_memory(err, "a copy of the snapshot");
    copy->rows = snapshot->rows;
    copy->sha256 = snapshot->sha256;
    copy->delta = snapshot->delta;
    copy->delta_sha256 = snapshot->delta_sha256;
    if (copy_model(snapshot->model, &copy->model, err) < 0 ||
        id_map_copy(snapshot->users, &copy->users, err) < 0 ||
        id_map_copy(snapshot->ads, &copy->ads, err) < 0) {
        snapshot_free(copy);
        return -1;
    }
    *out = copy;
    return 0;
}
