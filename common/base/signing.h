/*
 * signing.h - Ed25519 signatures (by libsodium), and the files of their keys.
 *
 *   pctr-signing-key-1 <128 hexadecimal digits>     mode 0600, for the trainer
 *   pctr-public-key-1 <64 hexadecimal digits>       for everybody who verifies
 *
 * Plain values; a zeroed key is no key. Any thread.
 */
#ifndef COMMON_SIGNING_H
#define COMMON_SIGNING_H

#include "common/base/attributes.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIGNATURE_SIZE = 64,
    SIGNING_SECRET_SIZE = 64,
    SIGNING_PUBLIC_SIZE = 32,
    TRUSTED_KEYS_MAX = 8, /* the old and the new one, while keys change */
};

struct signing_key {
    bool is_there;
    uint8_t secret[SIGNING_SECRET_SIZE];
};

/* A signature by any of them is good. None at all: nothing is verified. */
struct trusted_keys {
    size_t count;
    uint8_t keys[TRUSTED_KEYS_MAX][SIGNING_PUBLIC_SIZE];
};

/* Makes a pair of keys in the files PATH and PATH.pub. ERROR_IO, also where one
 * of them is there already: a key is never overwritten. */
int signing_key_make(const char *path, struct error *err) MUST_CHECK;

/* ERROR_INPUT, ERROR_FORMAT; ERROR_CONFIG when others may read the file. An
 * empty path is no key. */
int signing_key_read(const char *path, struct signing_key *out,
                     struct error *err) MUST_CHECK;

void signing_key_sign(const struct signing_key *key, const void *bytes,
                      size_t size, uint8_t out[SIGNATURE_SIZE]);

/* Files of public keys, comma separated; an empty list trusts no key, and so
 * verifies nothing. ERROR_INPUT, ERROR_FORMAT, ERROR_CONFIG (too many). */
int trusted_keys_read(const char *paths, struct trusted_keys *out,
                      struct error *err) MUST_CHECK;

bool trusted_keys_verify(const struct trusted_keys *trusted, const void *bytes,
                         size_t size, const uint8_t signature[SIGNATURE_SIZE]);

#endif
