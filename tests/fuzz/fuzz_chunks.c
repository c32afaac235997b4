/*
 * fuzz_chunks.c - any chunks for any manifest: never more bytes than it allows,
 * and never bytes of another digest.
 */
#include "common/base/digest.h"

#include "consumer/models/chunk_fetch.h"

#include "pieces.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pieces pieces = {bytes, size};
    struct manifest manifest = {.format = MANIFEST_FORMAT};
    struct buffer packed = {0}, out = {0};
    struct error err;
    enum snapshot_refusal why = REFUSED_COUNT;
    uint32_t next = 0;
    int status = 0;

    /* As manifest_decode() would let it through. */
    manifest.chunk_size = 1 + (uint32_t)pieces_number(&pieces, 1);
    manifest.packed_size = 1 + pieces_number(&pieces, 2) % 1024;
    manifest.chunk_count =
        (uint32_t)((manifest.packed_size - 1) / manifest.chunk_size + 1);
    manifest.size = 1 + pieces_number(&pieces, 2);
    manifest.sha256 = digest_of("right", 5);
    while (status == 0 && pieces.size > 0 && next < manifest.chunk_count) {
        uint64_t how = pieces_number(&pieces, 1);
        static const uint8_t other[SNAPSHOT_ID_SIZE] = {1};
        struct chunk chunk = {
            .snapshot_id = how & 1 ? other : manifest.snapshot_id,
            .seq = next + (how & 2 ? 1 : 0),
            .count = manifest.chunk_count + (how & 4 ? 1 : 0)};
        chunk.bytes = pieces_bytes(&pieces, 1, &chunk.byte_count);
        chunk.size = (uint32_t)chunk.byte_count + (how & 8 ? 1 : 0);
        chunk.crc32 =
            (uint32_t)crc32(0, chunk.bytes, (unsigned)chunk.byte_count) ^
            (how & 16 ? 1 : 0);
        uint32_t before = next;
        size_t had = packed.size;
        status = chunk_append(&manifest, &chunk, &next, &packed, &err);
        assert(next == before || next == before + 1);
        assert(packed.size <= manifest.packed_size);
        assert(status < 0 || packed.size == had ||
               packed.size == had + chunk.byte_count);
        assert(status == 0 || err.text[0]);
        assert(status < 0 || !(how & 30) || how & 1);
    }
    if (chunk_unpack(&manifest, &packed, &out, &why, &err) == 0) {
        struct digest digest = digest_of(out.bytes, out.size);
        assert(out.size == manifest.size);
        assert(memcmp(&digest, &manifest.sha256, sizeof(digest)) == 0);
    } else {
        assert(err.code == ERROR_MEMORY || why < REFUSED_COUNT);
    }
    buffer_free(&packed);
    buffer_free(&out);
    return 0;
}
