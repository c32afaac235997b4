#include "producer/snapshot_publisher.h"

#include "common/base/buffer.h"
#include "common/event/pin.h"
#include "common/kafka/transactional_id.h"

#include "producer/publisher.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
    PACK_LEVEL = 3,
    KEY_SIZE = SNAPSHOT_ID_SIZE + 4,
    KEY_TEXT_SIZE = 128, /* of a record of the manifest topic */
    FLUSH_MS = 50000,
};

enum { TOPIC_MODELS, TOPIC_CHUNKS };

struct snapshot_publisher {
    struct snapshot_publisher_config config;
    struct publisher *publisher;
};

static bool has_transactions(const struct snapshot_publisher_config *config)
{
    return kafka_has_transactions(&config->kafka) &&
           config->role != SNAPSHOT_PINS;
}

int snapshot_publisher_open(const struct snapshot_publisher_config *config,
                            struct snapshot_publisher **out, struct error *err)
{
    struct snapshot_publisher *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "the snapshot publisher");
    self->config = *config;

    struct publisher_config to = {
        .kafka = config->kafka,
        .transaction_timeout_ms = SNAPSHOT_TRANSACTION_MS,
        .compression = "none", /* the chunks are packed already */
        .topics = {self->config.models, self->config.chunks},
        .wants_offsets = true,
    };
    const bool has_chunks = config->role == SNAPSHOT_CHUNKS;
    const char *const topics[] = {
        self->config.models, has_chunks ? self->config.chunks : NULL, NULL};
    const struct transactional_work work = {
        has_chunks ? "trainer" : "manifests", config->name, NULL, 0, topics};
    if (has_transactions(config))
        transactional_id_of(&work, to.transactional_id);
    if (publisher_open(&to, &self->publisher, err) < 0) {
        free(self);
        return -1;
    }
    *out = self;
    return 0;
}

void snapshot_publisher_close(struct snapshot_publisher *self)
{
    if (!self)
        return;
    publisher_close(self->publisher);
    free(self);
}

/* --- One transaction around what is sent ------------------------------ */

static int begin(struct snapshot_publisher *self, struct error *err)
{
    if (!has_transactions(&self->config))
        return 0;
    return publisher_begin(self->publisher, err) == PUBLISHER_OK ? 0 : -1;
}

/* Commits what was sent, or aborts the transaction where something failed. A
 * producer that cannot even abort is closed by its owner, and the broker ends
 * the transaction by its timeout. */
static int finish(struct snapshot_publisher *self, int sent, struct error *err)
{
    if (!has_transactions(&self->config))
        return sent < 0 ? -1 : publisher_flush(self->publisher, FLUSH_MS, err);
    if (sent == 0 && publisher_commit(self->publisher, err) == PUBLISHER_OK)
        return 0;
    switch (publisher_abort(self->publisher, NULL)) {
    case PUBLISHER_OK:
        return -1;
    case PUBLISHER_FENCED: /* the messages only tell that they were purged */
        return error_set(err, ERROR_FENCED, "a younger process publishes '%s'",
                         self->config.name);
    default:
        return error_wrap(err, "publish (and the abort failed too)");
    }
}

/* --- Chunks ----------------------------------------------------------- */

static void put_u32(uint8_t out[4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static void make_key(const struct manifest *manifest, uint32_t seq,
                     uint8_t key[KEY_SIZE])
{
    memcpy(key, manifest->snapshot_id, SNAPSHOT_ID_SIZE);
    for (int i = 0; i < 4; i++) /* big endian: keys sort as they are sent */
        key[SNAPSHOT_ID_SIZE + i] = (uint8_t)(seq >> (24 - 8 * i));
}

static int send_chunk(struct snapshot_publisher *self,
                      const struct manifest *manifest, uint32_t seq,
                      const uint8_t *bytes, uint32_t size, struct error *err)
{
    uint8_t key[KEY_SIZE], texts[4][4];

    make_key(manifest, seq, key);
    put_u32(texts[0], seq);
    put_u32(texts[1], manifest->chunk_count);
    put_u32(texts[2], size);
    put_u32(texts[3], (uint32_t)crc32(0, bytes, size));
    const struct record_header headers[] = {
        {"snap-id", manifest->snapshot_id, SNAPSHOT_ID_SIZE},
        {"seq", texts[0], 4},
        {"count", texts[1], 4},
        {"size", texts[2], 4},
        {"crc32", texts[3], 4},
    };
    const struct outgoing message = {
        .topic = TOPIC_CHUNKS,
        .partition = 0,
        .key = key,
        .key_size = sizeof(key),
        .value = bytes,
        .value_size = size,
        .headers = headers,
        .header_count = sizeof(headers) / sizeof(headers[0]),
    };
    return publisher_send(self->publisher, &message, err);
}

/* Sends all chunks and notes where the first one went. */
static int send_chunks(struct snapshot_publisher *self,
                       const struct buffer *packed, struct manifest *manifest,
                       struct error *err)
{
    for (uint32_t seq = 0; seq < manifest->chunk_count; seq++) {
        size_t first = (size_t)seq * manifest->chunk_size;
        size_t left = packed->size - first;
        uint32_t size =
            left < manifest->chunk_size ? (uint32_t)left : manifest->chunk_size;
        if (send_chunk(self, manifest, seq, packed->bytes + first, size, err) <
            0)
            return -1;
        if (seq == 0) {
            if (publisher_flush(self->publisher, FLUSH_MS, err) < 0)
                return -1;
            manifest->first_chunk_offset =
                publisher_last_offset(self->publisher, TOPIC_CHUNKS, 0);
        }
    }
    return publisher_flush(self->publisher, FLUSH_MS, err);
}

/* --- The manifest topic ----------------------------------------------- */

static int send_record(struct snapshot_publisher *self, const char *key,
                       const void *value, size_t size, struct error *err)
{
    const struct outgoing message = {
        .topic = TOPIC_MODELS,
        .partition = 0,
        .key = key,
        .key_size = strlen(key),
        .value = value,
        .value_size = size,
    };
    return publisher_send(self->publisher, &message, err);
}

/* `delta` 0 is the snapshot. */
static size_t write_key(char key[KEY_TEXT_SIZE], const char *name,
                        uint64_t epoch, uint32_t delta)
{
    int size = delta ? snprintf(key, KEY_TEXT_SIZE, "%s@%" PRIu64 "+%u", name,
                                epoch, delta)
                     : snprintf(key, KEY_TEXT_SIZE, "%s@%" PRIu64, name, epoch);

    return (size_t)size;
}

static int send_manifest(struct snapshot_publisher *self,
                         const struct manifest *manifest, struct error *err)
{
    struct buffer bytes = {0};
    char key[KEY_TEXT_SIZE];
    int status = -1;

    struct manifest out = *manifest;
    if (manifest_sign(&out, &self->config.signing, err) < 0)
        return -1;
    write_key(key, manifest->name, manifest->epoch, manifest->delta);
    manifest_encode(&out, &bytes);
    if (buffer_failed(&bytes))
        error_no_memory(err, "the snapshot publisher");
    else
        status = send_record(self, key, bytes.bytes, bytes.size, err);
    buffer_free(&bytes);
    return status;
}

/* --- Publishing ------------------------------------------------------- */

static int pack(const uint8_t *bytes, size_t size, struct buffer *packed,
                struct error *err)
{
    uint8_t *to = buffer_reserve(packed, ZSTD_compressBound(size));

    if (!to)
        return error_no_memory(err, "the pack");
    size_t used = ZSTD_compress(to, packed->room, bytes, size, PACK_LEVEL);
    if (ZSTD_isError(used))
        return error_set(err, ERROR_FAILED, "pack: %s",
                         ZSTD_getErrorName(used));
    packed->size = used;
    return 0;
}

static void describe(struct snapshot_publisher *self, const uint8_t *bytes,
                     size_t size, size_t packed_size, struct manifest *manifest)
{
    uint32_t chunk = self->config.chunk_bytes;

    manifest->format = MANIFEST_FORMAT;
    snprintf(manifest->name, sizeof(manifest->name), "%s", self->config.name);
    randombytes_buf(manifest->snapshot_id, SNAPSHOT_ID_SIZE);
    manifest->size = size;
    manifest->packed_size = packed_size;
    manifest->chunk_size = chunk;
    manifest->chunk_count = (uint32_t)((packed_size + chunk - 1) / chunk);
    manifest->sha256 = digest_of(bytes, size);
}

enum sent_parts { CHUNKS_ALONE, CHUNKS_AND_MANIFEST };

/* Sends the bytes in one transaction, and fills in what the manifest says of
 * them. */
static int publish(struct snapshot_publisher *self, const uint8_t *bytes,
                   size_t size, enum sent_parts parts,
                   struct manifest *manifest, struct error *err)
{
    struct buffer packed = {0};
    int status = pack(bytes, size, &packed, err);

    if (status == 0) {
        describe(self, bytes, size, packed.size, manifest);
        status = begin(self, err);
    }
    if (status == 0) {
        int sent = send_chunks(self, &packed, manifest, err);
        if (sent == 0 && parts == CHUNKS_AND_MANIFEST)
            sent = send_manifest(self, manifest, err);
        status = finish(self, sent, err);
    }
    buffer_free(&packed);
    return status;
}

int snapshot_publisher_chunks(struct snapshot_publisher *self,
                              const uint8_t *bytes, size_t size,
                              struct manifest *manifest, struct error *err)
{
    return publish(self, bytes, size, CHUNKS_ALONE, manifest, err);
}

int snapshot_publisher_delta(struct snapshot_publisher *self,
                             const uint8_t *bytes, size_t size,
                             struct manifest *manifest, struct error *err)
{
    return publish(self, bytes, size, CHUNKS_AND_MANIFEST, manifest, err);
}

int snapshot_publisher_announce(struct snapshot_publisher *self,
                                const struct manifest *manifest,
                                struct error *err)
{
    if (begin(self, err) < 0)
        return -1;
    return finish(self, send_manifest(self, manifest, err), err);
}

int snapshot_publisher_pin(struct snapshot_publisher *self, uint64_t epoch,
                           int64_t created_ms, struct error *err)
{
    struct pin pin = {.epoch = epoch, .created_ms = created_ms};
    struct buffer bytes = {0};
    char key[KEY_TEXT_SIZE];

    snprintf(key, sizeof(key), "%s!pin", self->config.name);
    pin_sign(&pin, self->config.name, &self->config.signing);
    pin_encode(&pin, &bytes);
    int status = buffer_failed(&bytes) ? error_no_memory(err, "a pin")
                                       : begin(self, err);
    if (status == 0)
        status = finish(
            self, send_record(self, key, bytes.bytes, bytes.size, err), err);
    buffer_free(&bytes);
    return status;
}

static int send_retirement(struct snapshot_publisher *self,
                           const struct retirement *retired, struct error *err)
{
    uint8_t signature[SIGNATURE_SIZE];
    char key[KEY_TEXT_SIZE];
    const struct record_header header = {RETIREMENT_SIGNATURE, signature,
                                         SIGNATURE_SIZE};
    const struct signing_key *signing = &self->config.signing;
    const struct outgoing message = {
        .topic = TOPIC_MODELS,
        .partition = 0,
        .key = key,
        .key_size =
            write_key(key, retired->name, retired->epoch, retired->delta),
        .headers = &header,
        .header_count = signing->is_there};

    if (signing->is_there)
        retirement_sign(retired, signing, signature);
    return publisher_send(self->publisher, &message, err);
}

int snapshot_publisher_retire(struct snapshot_publisher *self, uint64_t epoch,
                              struct error *err)
{
    const struct retirement retired = {.name = self->config.name,
                                       .epoch = epoch};

    if (begin(self, err) < 0)
        return -1;
    return finish(self, send_retirement(self, &retired, err), err);
}

int snapshot_publisher_retire_deltas(struct snapshot_publisher *self,
                                     const struct delta_name *deltas,
                                     size_t count, struct error *err)
{
    int sent = 0;

    if (count == 0)
        return 0;
    if (begin(self, err) < 0)
        return -1;
    for (size_t i = 0; i < count && sent == 0; i++) {
        const struct retirement retired = {self->config.name, deltas[i].epoch,
                                           deltas[i].number};
        sent = send_retirement(self, &retired, err);
    }
    return finish(self, sent, err);
}
