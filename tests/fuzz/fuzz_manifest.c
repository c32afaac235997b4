/*
 * fuzz_manifest.c - any bytes as a manifest. What is accepted must survive
 * being written and read again, to the byte.
 */
#include "common/event/manifest.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct manifest manifest, again;
    struct buffer first = {0}, second = {0};
    struct error err;

    if (manifest_decode(bytes, size, &manifest, &err) < 0) {
        assert(err.code != ERROR_NONE && err.text[0]);
        return 0;
    }
    manifest_encode(&manifest, &first);
    int status = manifest_decode(first.bytes, first.size, &again, &err);
    assert(status == 0);
    (void)status;
    manifest_encode(&again, &second);
    assert(first.size == second.size);
    assert(memcmp(first.bytes, second.bytes, first.size) == 0);
    manifest_free(&manifest);
    manifest_free(&again);
    buffer_free(&first);
    buffer_free(&second);
    return 0;
}
