/*
 * packer.h - msgpack-c's packer, writing into a buffer.
 *
 *   msgpack_packer packer = packer_into(buffer);
 *   msgpack_pack_map(&packer, 3);
 *
 * Failures stay in the buffer: buffer_failed() after the last value.
 */
#ifndef COMMON_PACKER_H
#define COMMON_PACKER_H

#include "common/base/buffer.h"

#include <msgpack.h>
#include <string.h>

/* Callers reserve once for many values; then this is a copy and no call. */
static inline int packer_write(void *buffer, const char *bytes, size_t size)
{
    struct buffer *to = buffer;

    if (to->room - to->size >= size && !to->failed) {
        memcpy(to->bytes + to->size, bytes, size);
        to->size += size;
    } else {
        buffer_append(to, bytes, size);
    }
    return to->failed ? -1 : 0;
}

static inline msgpack_packer packer_into(struct buffer *buffer)
{
    return (msgpack_packer){.data = buffer, .callback = packer_write};
}

static inline void packer_text(msgpack_packer *packer, const char *text,
                               size_t size)
{
    msgpack_pack_str(packer, size);
    msgpack_pack_str_body(packer, text, size);
}

static inline void packer_bytes(msgpack_packer *packer, const void *bytes,
                                size_t size)
{
    msgpack_pack_bin(packer, size);
    msgpack_pack_bin_body(packer, bytes, size);
}

/* Bytes that are msgpack already. */
static inline void packer_raw(msgpack_packer *packer, const void *bytes,
                              size_t size)
{
    packer->callback(packer->data, bytes, size);
}

#endif
