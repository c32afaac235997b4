/*
 * digest.h - SHA-256 (by libsodium) and its hexadecimal form.
 */
#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 2 * DIGEST_SIZE + 1 };

struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

struct digest digest_of(const void *data, size_t size);

static inline bool digest_equals(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

/* Makes two digests of data that ends with its own digest, in one pass: *body
 * of all bytes before the last DIGEST_SIZE, *whole of all. size >= DIGEST_SIZE.
 */
void digest_of_sealed(const void *data, size_t size, struct digest *body,
                      struct digest *whole);

/* Lower case, terminated; returns out. */
const char *digest_hex(const struct digest *digest, char out[DIGEST_HEX_SIZE]);

#endif
