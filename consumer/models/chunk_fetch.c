#include "consumer/models/chunk_fetch.h"

#include "common/base/clock.h"
#include "common/base/stop.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
    PARTITION = 0,
    SLICE_MS = 100,
    END_MS = 1000, /* how long a chunk is waited for at the topic's end */
    WATERMARK_MS = 5000,
};

/* --- Putting together ------------------------------------------------- */

static uint32_t expected_size(const struct manifest *manifest, uint32_t seq)
{
    if (seq + 1 < manifest->chunk_count)
        return manifest->chunk_size;
    return (uint32_t)(manifest->packed_size - (uint64_t)manifest->chunk_size *
                                                  (manifest->chunk_count - 1));
}

int chunk_append(const struct manifest *manifest, const struct chunk *chunk,
                 uint32_t *next, struct buffer *packed, struct error *err)
{
    if (memcmp(chunk->snapshot_id, manifest->snapshot_id, SNAPSHOT_ID_SIZE) !=
        0)
        return 0;
    if (chunk->count != manifest->chunk_count)
        return error_set(err, ERROR_FORMAT, "chunk of %u, the manifest says %u",
                         chunk->count, manifest->chunk_count);
    if (chunk->seq != *next)
        return error_set(err, ERROR_FORMAT, "chunk %u where %u should be",
                         chunk->seq, *next);
    if (chunk->byte_count != expected_size(manifest, chunk->seq) ||
        chunk->size != chunk->byte_count)
        return error_set(err, ERROR_FORMAT, "chunk %u has %zu bytes, not %u",
                         chunk->seq, chunk->byte_count,
                         expected_size(manifest, chunk->seq));
    if (crc32(0, chunk->bytes, (uInt)chunk->byte_count) != chunk->crc32)
        return error_set(err, ERROR_FORMAT, "chunk %u: wrong checksum",
                         chunk->seq);

    buffer_append(packed, chunk->bytes, chunk->byte_count);
    if (buffer_failed(packed))
        return error_no_memory(err, "the chunk fetch");
    ++*next;
    return 0;
}

int chunk_unpack(const struct manifest *manifest, const struct buffer *packed,
                 struct buffer *out, enum snapshot_refusal *why,
                 struct error *err)
{
    *why = REFUSED_FORMAT;
    if (ZSTD_findFrameCompressedSize(packed->bytes, packed->size) !=
        packed->size)
        return error_set(err, ERROR_FORMAT,
                         "the chunks are not one whole zstd frame");
    /* Before a byte is unpacked: a small frame can promise a lot. */
    if (ZSTD_getFrameContentSize(packed->bytes, packed->size) != manifest->size)
        return error_set(err, ERROR_FORMAT,
                         "the frame does not hold the %" PRIu64
                         " bytes of the manifest",
                         manifest->size);

    uint8_t *to = buffer_reserve(out, manifest->size);
    if (!to)
        return error_no_memory(err, "the chunk fetch");
    size_t size =
        ZSTD_decompress(to, manifest->size, packed->bytes, packed->size);
    if (ZSTD_isError(size))
        return error_set(err, ERROR_FORMAT, "unpack: %s",
                         ZSTD_getErrorName(size));

    struct digest digest = digest_of(to, manifest->size);
    *why = REFUSED_DIGEST;
    if (size != manifest->size || !digest_equals(&digest, &manifest->sha256))
        return error_set(err, ERROR_FORMAT,
                         "the SHA-256 is not the manifest's");
    out->size += size;
    return 0;
}

/* --- Off the topic ---------------------------------------------------- */

static int header(const rd_kafka_headers_t *headers, const char *name,
                  size_t size, const uint8_t **value, struct error *err)
{
    const void *found = NULL;
    size_t found_size = 0;

    if (!headers ||
        rd_kafka_header_get_last(headers, name, &found, &found_size) != 0)
        return error_set(err, ERROR_FORMAT, "chunk without header '%s'", name);
    if (found_size != size)
        return error_set(err, ERROR_FORMAT,
                         "chunk header '%s' has %zu bytes, not %zu", name,
                         found_size, size);
    *value = found;
    return 0;
}

static int header_u32(const rd_kafka_headers_t *headers, const char *name,
                      uint32_t *out, struct error *err)
{
    const uint8_t *b;

    if (header(headers, name, 4, &b, err) < 0)
        return -1;
    *out = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
    return 0;
}

static int read_chunk(const rd_kafka_message_t *message, struct chunk *out,
                      struct error *err)
{
    rd_kafka_headers_t *headers = NULL;

    rd_kafka_message_headers(message, &headers);
    if (header(headers, "snap-id", SNAPSHOT_ID_SIZE, &out->snapshot_id, err) <
            0 ||
        header_u32(headers, "seq", &out->seq, err) < 0 ||
        header_u32(headers, "count", &out->count, err) < 0 ||
        header_u32(headers, "size", &out->size, err) < 0 ||
        header_u32(headers, "crc32", &out->crc32, err) < 0)
        return -1;
    out->bytes = message->payload;
    out->byte_count = message->len;
    return 0;
}

/* The broker does not have the offset that was asked for: it is gone for good,
 * or not there yet. */
static int explain_range(const struct chunk_source *from,
                         const struct manifest *manifest, struct error *err)
{
    int64_t low = 0, high = 0;
    rd_kafka_resp_err_t failed = rd_kafka_query_watermark_offsets(
        from->client, rd_kafka_topic_name(from->topic), PARTITION, &low, &high,
        WATERMARK_MS);

    if (failed)
        return error_set(err, kafka_error_code(failed),
                         "where do the chunks begin? %s",
                         rd_kafka_err2str(failed));
    if (manifest->first_chunk_offset < low)
        return error_set(err, ERROR_FORMAT,
                         "the chunks are no longer on the topic");
    return error_set(
        err, ERROR_INPUT,
        "the topic ends at offset %" PRId64 ", before the first chunk", high);
}

static int collect(const struct chunk_source *from,
                   const struct manifest *manifest, unsigned timeout_ms,
                   struct buffer *packed, struct error *err)
{
    uint32_t next = 0;
    bool is_at_end = false;
    int64_t heard_ms = clock_monotonic_ms();

    while (next < manifest->chunk_count) {
        int64_t silence_ms = clock_monotonic_ms() - heard_ms;
        if (is_at_end && silence_ms >= END_MS)
            return error_set(err, ERROR_INPUT,
                             "the topic ends at chunk %u of %u", next,
                             manifest->chunk_count);
        if (stop_requested())
            return stop_error(err);
        if (silence_ms >= timeout_ms || atomic_load(from->cancelled))
            return error_set(err, ERROR_UNAVAILABLE,
                             "chunk %u of %u did not come in time", next,
                             manifest->chunk_count);
        rd_kafka_poll(from->client, 0);
        rd_kafka_message_t *message =
            rd_kafka_consume(from->topic, PARTITION, SLICE_MS);
        if (!message)
            continue;

        struct chunk chunk;
        int status = 0;
        switch (message->err) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            heard_ms = clock_monotonic_ms();
            is_at_end = false;
            status = read_chunk(message, &chunk, err);
            if (status == 0)
                status = chunk_append(manifest, &chunk, &next, packed, err);
            break;
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            is_at_end = true;
            break;
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            status = explain_range(from, manifest, err);
            break;
        default:
            status = error_set(err, kafka_error_code(message->err),
                               "chunks on '%s': %s",
                               rd_kafka_topic_name(from->topic),
                               rd_kafka_message_errstr(message));
        }
        rd_kafka_message_destroy(message);
        if (status < 0)
            return -1;
    }
    return 0;
}

int chunk_fetch(const struct chunk_source *from,
                const struct manifest *manifest, unsigned timeout_ms,
                struct buffer *out, enum snapshot_refusal *why,
                struct error *err)
{
    struct buffer packed = {0};

    *why = REFUSED_CHUNKS;
    if (rd_kafka_consume_start(from->topic, PARTITION,
                               manifest->first_chunk_offset) != 0)
        return error_set(err, ERROR_UNAVAILABLE, "chunks on '%s': %s",
                         rd_kafka_topic_name(from->topic),
                         rd_kafka_err2str(rd_kafka_last_error()));
    int status = collect(from, manifest, timeout_ms, &packed, err);
    rd_kafka_consume_stop(from->topic, PARTITION);

    if (status == 0)
        status = chunk_unpack(manifest, &packed, out, why, err);
    buffer_free(&packed);
    return status;
}
