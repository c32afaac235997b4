#include "common/digest.h"

#include <sodium.h>

struct digest digest_of(const void *data, size_t size)
{
    struct digest digest;
    crypto_hash_sha256(digest.bytes, data, size);
    return digest;
}

const char *digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE])
{
    return sodium_bin2hex(out, DIGEST_HEX_SIZE, digest->bytes, DIGEST_SIZE);
}
