#include "common/base/signing.h"

#include "common/base/file.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 4096, PATH_SIZE = 520 };
#define SECRET_WORD "pctr-signing-key-1"
#define PUBLIC_WORD "pctr-public-key-1"

_Static_assert(SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519");
_Static_assert(SIGNING_SECRET_SIZE == crypto_sign_SECRETKEYBYTES, "Ed25519");
_Static_assert(SIGNING_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");

static int write_key(const char *path, const char *word, const uint8_t *key,
                     size_t size, struct error *err)
{
    char hex[2 * SIGNING_SECRET_SIZE + 1], line[256];

    if (access(path, F_OK) == 0)
        return error_set(err, ERROR_IO,
                         "'%s' is there already: a key is never overwritten",
                         path);
    sodium_bin2hex(hex, sizeof(hex), key, size);
    int length = snprintf(line, sizeof(line), "%s %s\n", word, hex);
    int status = strcmp(word, SECRET_WORD) == 0
                     ? file_replace_private(path, line, (size_t)length, err)
                     : file_replace(path, line, (size_t)length, err);
    sodium_memzero(hex, sizeof(hex));
    sodium_memzero(line, sizeof(line));
    return status;
}

int signing_key_make(const char *path, struct error *err)
{
    uint8_t public[SIGNING_PUBLIC_SIZE], secret[SIGNING_SECRET_SIZE];
    char public_path[PATH_SIZE];

    if (strlen(path) + sizeof(".pub") > sizeof(public_path))
        return error_set(err, ERROR_LIMIT, "path too long: '%.100s'", path);
    snprintf(public_path, sizeof(public_path), "%s.pub", path);
    if (sodium_init() < 0)
        return error_set(err, ERROR_FAILED, "no random numbers to be had");
    crypto_sign_keypair(public, secret);
    int status = write_key(path, SECRET_WORD, secret, sizeof(secret), err);
    if (status == 0)
        status =
            write_key(public_path, PUBLIC_WORD, public, sizeof(public), err);
    sodium_memzero(secret, sizeof(secret));
    return status;
}

static int read_key(const char *path, const char *word, uint8_t *key,
                    size_t size, struct error *err)
{
    uint8_t *bytes = NULL;
    size_t length, used = 0, word_size = strlen(word);
    const char *end = NULL;

    if (file_read(path, FILE_MAX, &bytes, &length, err) < 0)
        return -1;
    const char *text = (const char *)bytes;
    bool is_good = length > word_size + 2 * size &&
                   memcmp(text, word, word_size) == 0 &&
                   text[word_size] == ' ' &&
                   sodium_hex2bin(key, size, text + word_size + 1, 2 * size,
                                  NULL, &used, &end) == 0 &&
                   used == size;
    sodium_memzero(bytes, length);
    free(bytes);
    return is_good ? 0
                   : error_set(err, ERROR_FORMAT,
                               "'%s' is not a key: it must begin with '%s' and "
                               "have %zu hexadecimal digits",
                               path, word, 2 * size);
}

int signing_key_read(const char *path, struct signing_key *out,
                     struct error *err)
{
    struct signing_key key = {.is_there = true};
    struct stat is;

    if (!path[0]) {
        *out = (struct signing_key){.is_there = false};
        return 0;
    }
    if (stat(path, &is) == 0 && (is.st_mode & S_IROTH))
        return error_set(err, ERROR_CONFIG,
                         "signing.key: everybody may read '%s': chmod 600 it",
                         path);
    if (read_key(path, SECRET_WORD, key.secret, sizeof(key.secret), err) < 0)
        return error_wrap(err, "signing.key");
    *out = key;
    return 0;
}

void signing_key_sign(const struct signing_key *key, const void *bytes,
                      size_t size, uint8_t out[SIGNATURE_SIZE])
{
    crypto_sign_detached(out, NULL, bytes, size, key->secret);
}

int trusted_keys_read(const char *paths, struct trusted_keys *out,
                      struct error *err)
{
    struct trusted_keys trusted = {.count = 0};

    while (*paths) {
        char path[PATH_SIZE];
        size_t size = strcspn(paths, ",");
        if (size >= sizeof(path))
            return error_set(err, ERROR_CONFIG, "trusted.keys: path too long");
        memcpy(path, paths, size);
        path[size] = '\0';
        if (trusted.count == TRUSTED_KEYS_MAX)
            return error_set(err, ERROR_CONFIG,
                             "trusted.keys: more than %d keys",
                             TRUSTED_KEYS_MAX);
        if (read_key(path, PUBLIC_WORD, trusted.keys[trusted.count++],
                     SIGNING_PUBLIC_SIZE, err) < 0)
            return error_wrap(err, "trusted.keys");
        paths += size + (paths[size] == ',');
    }
    *out = trusted;
    return 0;
}

bool trusted_keys_verify(const struct trusted_keys *trusted, const void *bytes,
                         size_t size, const uint8_t signature[SIGNATURE_SIZE])
{
    for (size_t i = 0; i < trusted->count; i++)
        if (crypto_sign_verify_detached(signature, bytes, size,
                                        trusted->keys[i]) == 0)
            return true;
    return false;
}
