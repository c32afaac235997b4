/*
 * fuzz_score_request.c - any bytes as a request for many scores, beside
 * jansson: what is read is JSON there too, and has as many entries; its
 * questions lie in the bytes. What is refused is refused with a reason.
 */
#include "consumer/score/score_request.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t entries_of(const json_t *object)
{
    const json_t *list = json_object_get(object, "ads");

    if (!list)
        list = json_object_get(object, "pairs");
    return list ? json_array_size(list) : 1;
}

static void check_read(const struct score_request *request,
                       const struct field_list *list, const uint8_t *bytes,
                       size_t size, const json_t *object)
{
    assert(object);
    assert(entries_of(object) == request->count);
    for (size_t i = 0; i < request->count; i++) {
        const struct id *ids[] = {&request->questions[i].user,
                                  &request->questions[i].ad};
        for (int k = 0; k < 2; k++) {
            const uint8_t *text = (const uint8_t *)ids[k]->text;
            assert(!text || (text >= bytes && ids[k]->size <= size &&
                             text + ids[k]->size <= bytes + size));
        }
        assert(!list == !request->questions[i].values);
    }
}

static void read_with(const struct field_list *list, const uint8_t *bytes,
                      size_t size, const json_t *object)
{
    struct score_request request;
    struct error err;
    uint8_t *copy = malloc(size + 1);

    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    err.text[0] = '\0';
    if (score_request_read_json(list, copy, size, &request, &err) < 0) {
        assert(err.code == ERROR_FORMAT || err.code == ERROR_LIMIT);
        assert(err.text[0] && !request.questions);
    } else {
        check_read(&request, list, copy, size, object);
        score_request_free(&request);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct field_list list;
    json_error_t why;

    if (size > 65536)
        return 0;
    if (list.values == 0 &&
        field_list_parse("user,ad,position,a*b", &list, NULL) < 0)
        abort();
    json_t *object = json_loadb((const char *)bytes, size,
                                JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &why);
    /* A number that no double holds is no mistake where nobody asks for it. */
    if (!object && json_error_code(&why) == json_error_numeric_overflow)
        return 0;
    read_with(NULL, bytes, size, object);
    read_with(&list, bytes, size, object);
    json_decref(object);
    return 0;
}
