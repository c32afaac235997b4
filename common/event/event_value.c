#include "common/event/event_value.h"

#include <assert.h>
#include <string.h>

enum { TIMESTAMP = -1 }; /* msgpack's extension type for times */

enum event_fault event_value_id(const struct cursor_value *value,
                                struct id *out)
{
    if (event_value_is_id(value)) {
        *out = event_value_as_id(value);
        return EVENT_OK;
    }
    switch (value->type) {
    case CURSOR_TEXT:
    case CURSOR_BYTES:
        return EVENT_ID_LENGTH;
    case CURSOR_HUGE:
        return EVENT_RANGE;
    default:
        return EVENT_TYPE;
    }
}

/* The three sizes of msgpack's timestamp: seconds; nanoseconds in 30 bits and
 * seconds in 34; nanoseconds and signed seconds. */
static enum event_fault from_timestamp(const struct cursor_value *value,
                                       int64_t *ms)
{
    uint64_t seconds, nanoseconds = 0;

    switch (value->size) {
    case 4:
        seconds = cursor_big_endian(value->bytes, 4);
        break;
    case 8:
        seconds = cursor_big_endian(value->bytes, 8);
        nanoseconds = seconds >> 34;
        seconds &= ((uint64_t)1 << 34) - 1;
        break;
    case 12:
        nanoseconds = cursor_big_endian(value->bytes, 4);
        seconds = cursor_big_endian(value->bytes + 4, 8);
        break;
    default:
        return EVENT_TYPE;
    }
    /* A negative number of seconds is a very high one here. */
    if (nanoseconds > 999999999 || seconds > EVENT_TIME_MAX_MS / 1000)
        return EVENT_RANGE;
    *ms = (int64_t)(seconds * 1000 + nanoseconds / 1000000);
    return EVENT_OK;
}

enum event_fault event_value_ms(const struct cursor_value *value, int64_t *ms)
{
    if (value->type == CURSOR_INTEGER) {
        if (value->integer < 0 || value->integer > EVENT_TIME_MAX_MS)
            return EVENT_RANGE;
        *ms = value->integer;
        return EVENT_OK;
    }
    if (value->type == CURSOR_EXTENSION && value->extension == TIMESTAMP)
        return from_timestamp(value, ms);
    return value->type == CURSOR_HUGE ? EVENT_RANGE : EVENT_TYPE;
}

/* A text that says one of the two. */
static enum event_fault click_of_text(const struct cursor_value *text,
                                      double *out)
{
    static const struct {
        const char *word;
        double click;
    } words[] = {{"1", 1}, {"0", 0}, {"true", 1}, {"false", 0}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text->size != strlen(words[i].word) ||
            memcmp(text->bytes, words[i].word, text->size) != 0)
            continue;
        *out = words[i].click;
        return EVENT_OK;
    }
    return EVENT_TYPE;
}

enum event_fault event_value_click(const struct cursor_value *value,
                                   double *out)
{
    double click;

    switch (value->type) {
    case CURSOR_BOOL:
        click = value->boolean ? 1 : 0;
        break;
    case CURSOR_INTEGER:
        click = (double)value->integer;
        break;
    case CURSOR_FLOAT:
        click = value->real;
        break;
    case CURSOR_TEXT:
        return click_of_text(value, out);
    case CURSOR_HUGE:
        return EVENT_RANGE;
    default:
        return EVENT_TYPE;
    }
    if (!(click >= 0 && click <= 1))
        return EVENT_RANGE;
    *out = click;
    return EVENT_OK;
}

static struct cursor_value only_value(struct span span)
{
    struct cursor cursor = cursor_over(span.bytes, span.size, 1);
    struct cursor_value value;

    enum cursor_fault fault = cursor_take(&cursor, &value);
    assert(fault == CURSOR_OK);
    (void)fault;
    return value;
}

struct id event_span_id(struct span span)
{
    struct cursor_value value = only_value(span);

    assert(event_value_is_id(&value));
    return event_value_as_id(&value);
}

int64_t event_span_ms(struct span span)
{
    struct cursor_value value = only_value(span);
    int64_t ms = 0;

    enum event_fault fault = event_value_ms(&value, &ms);
    assert(fault == EVENT_OK);
    (void)fault;
    return ms;
}
