#include "common/base/digest.h"

#include <sodium.h>

struct digest digest_of(const void *data, size_t size)
{
    struct digest digest;
    crypto_hash_sha256(digest.bytes, data, size);
    return digest;
}

void digest_of_sealed(const void *data, size_t size, struct digest *body,
                      struct digest *whole)
{
    const uint8_t *bytes = data;
    crypto_hash_sha256_state state, forked;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, bytes, size - DIGEST_SIZE);
    forked = state;
    crypto_hash_sha256_final(&forked, body->bytes);
    crypto_hash_sha256_update(&state, bytes + size - DIGEST_SIZE, DIGEST_SIZE);
    crypto_hash_sha256_final(&state, whole->bytes);
}

const char *digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE])
{
    return sodium_bin2hex(out, DIGEST_HEX_SIZE, digest->bytes, DIGEST_SIZE);
}
