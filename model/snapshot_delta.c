#include "model/snapshot_delta.h"

#include "common/base/bytes_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[8] = {'P', 'C', 'T', 'R', 'D', 'E', 'L', 'T'};

const struct digest *snapshot_state(const struct snapshot *snapshot)
{
    return snapshot->delta > 0 ? &snapshot->delta_sha256 : &snapshot->sha256;
}

/* --- Writing ---------------------------------------------------------- */

int snapshot_delta_encode(const struct snapshot_delta *head,
                          const struct model *model, struct buffer *to,
                          struct error *err)
{
    const size_t start = to->size;

    buffer_append(to, magic, sizeof(magic));
    buffer_append_u32(to, SNAPSHOT_DELTA_VERSION);
    buffer_append_u32(to, head->number);
    buffer_append_u64(to, head->epoch);
    buffer_append(to, head->base.bytes, DIGEST_SIZE);
    buffer_append(to, head->before.bytes, DIGEST_SIZE);
    buffer_append_u64(to, head->rows);
    model->ops->changes->save(model, to);
    if (buffer_failed(to))
        return error_no_memory(err, "the delta");
    if (to->size - start > SNAPSHOT_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, "delta: %zu bytes, at most %zu",
                         to->size - start, SNAPSHOT_BYTES_MAX);
    return 0;
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

int snapshot_delta_apply(struct snapshot *snapshot, uint64_t epoch,
                         const uint8_t *bytes, size_t size, struct error *err)
{
    struct bytes_reader from = {.at = bytes, .left = size};
    const struct model_ops *ops = snapshot->model->ops;
    struct snapshot_delta head;

    if (!ops->changes)
        return error_set(err, ERROR_FORMAT, "delta: model %s takes none",
                         ops->name);
    if (read_head(&from, &head, err) < 0 ||
        check_place(snapshot, epoch, &head, err) < 0)
        return -1;
    ops->changes->apply(snapshot->model, &from);
    if (bytes_reader_failed(&from))
        return bytes_reader_refuse(
            &from, "delta: cut short, out of order or not finite", err);
    if (head.rows > snapshot->rows)
        snapshot->rows = head.rows;
    snapshot->delta = head.number;
    snapshot->delta_sha256 = digest_of(bytes, size);
    return 0;
}

int snapshot_copy(const struct snapshot *snapshot, struct snapshot **out,
                  struct error *err)
{
    const struct model_ops *ops = snapshot->model->ops;

    if (!ops->changes || id_map_count(snapshot->users) > 0 ||
        id_map_count(snapshot->ads) > 0)
        return error_set(err, ERROR_FORMAT,
                         "delta: the snapshot's model takes none");
    struct snapshot *copy = calloc(1, sizeof(*copy));
    if (!copy)
        return error_no_memory(err, "a copy of the snapshot");
    copy->rows = snapshot->rows;
    copy->sha256 = snapshot->sha256;
    copy->delta = snapshot->delta;
    copy->delta_sha256 = snapshot->delta_sha256;
    if (id_map_new(&copy->users, err) < 0 || id_map_new(&copy->ads, err) < 0 ||
        ops->changes->copy(snapshot->model, &copy->model, err) < 0) {
        snapshot_free(copy);
        return -1;
    }
    *out = copy;
    return 0;
}
