/*
 * fuzz_evaluation.c - any bytes as an evaluation. What is accepted must
 * survive being written and read again, to the byte.
 */
#include "common/event/evaluation_event.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct evaluation_event event, again;
    struct buffer first = {0}, second = {0};
    struct error err;

    if (evaluation_event_decode(NULL, bytes, size, &event, &err) < 0) {
        assert(err.code != ERROR_NONE && err.text[0]);
        return 0;
    }
    evaluation_event_encode(&event, &first);
    int status =
        evaluation_event_decode(NULL, first.bytes, first.size, &again, &err);
    assert(status == 0);
    (void)status;
    evaluation_event_encode(&again, &second);
    assert(first.size == second.size);
    assert(memcmp(first.bytes, second.bytes, first.size) == 0);
    buffer_free(&first);
    buffer_free(&second);
    return 0;
}
