#include "common/event/flat_schema.h"

#include "common/base/utf8.h"
#include "common/event/avro_writer.h"
#include "common/event/cursor.h"

#include <assert.h>
#include <string.h>

/* --- The schema ------------------------------------------------------- */

#define ID_TYPE "[\"long\", \"string\", \"bytes\"]"
#define MAYBE_TYPE                                                             \
    "[\"null\", \"long\", \"string\", \"bytes\"], \"default\": null"
#define TIME_TYPE "{\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}"
#define CLICK_TYPE "[\"boolean\", \"double\", \"string\"]"
#define EXTRA_TYPE                                                             \
    "[\"null\", \"long\", \"double\", \"string\", \"bytes\"], \"default\": "   \
    "null"

static void append(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

bool flat_schema_is_name(const char *name, size_t size)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    bool is_name = size > 0 && !(name[0] >= '0' && name[0] <= '9');

    for (size_t i = 0; i < size && is_name; i++)
        is_name = name[i] != '\0' && strchr(letters, name[i]);
    return is_name;
}

void flat_schema_begin(struct buffer *out, const char *name, const char *doc)
{
    append(out, "{\n  \"type\": \"record\",\n  \"name\": \"");
    append(out, name);
    append(out, "\",\n  \"namespace\": \"pctr\",\n  \"doc\": \"");
    append(out, doc);
    append(out, "\",\n  \"fields\": [");
}

static const char *type_text(enum flat_type type)
{
    switch (type) {
    case FLAT_ID:
        return ID_TYPE;
    case FLAT_MAYBE:
        return MAYBE_TYPE;
    case FLAT_TIME:
        return TIME_TYPE;
    case FLAT_CLICK:
        return CLICK_TYPE;
    case FLAT_TEXT:
        return "\"string\"";
    case FLAT_EXTRA:
        return EXTRA_TYPE;
    }
    return "\"null\"";
}

void flat_schema_add(struct buffer *out, const char *name, size_t size,
                     enum flat_type type)
{
    const bool is_first = out->size > 0 && out->bytes[out->size - 1] == '[';

    append(out, is_first ? "\n    {\"name\": \"" : ",\n    {\"name\": \"");
    buffer_append(out, name, size);
    append(out, "\", \"type\": ");
    append(out, type_text(type));
    append(out, "}");
}

void flat_schema_end(struct buffer *out)
{
    append(out, "\n  ]\n}\n");
}

/* --- Values ----------------------------------------------------------- */

/* The branches of a field's union, by what a value is; -1: it may be no such
 * thing. */
struct branches {
    int null, boolean, number, real, text, bytes;
};

static const struct branches branches_of[] = {
    [FLAT_ID] = {-1, -1, 0, -1, 1, 2},
    [FLAT_MAYBE] = {0, -1, 1, -1, 2, 3},
    [FLAT_TIME] = {-1, -1, -1, -1, -1, -1},
    [FLAT_CLICK] = {-1, 0, -1, 1, 2, -1},
    [FLAT_TEXT] = {-1, -1, -1, -1, -1, -1},
    [FLAT_EXTRA] = {0, -1, 1, 2, 3, 4},
};

static uint8_t *put_branch(uint8_t *at, int branch)
{
    assert(branch >= 0);
    return avro_put_choice(at, (unsigned)branch);
}

static uint8_t *put_union(uint8_t *at, const struct branches *may,
                          const struct cursor_value *value)
{
    const bool is_bytes = value->type == CURSOR_BYTES ||
                          (value->type == CURSOR_TEXT && may->bytes >= 0 &&
                           !utf8_is_valid(value->bytes, value->size));

    switch (value->type) {
    case CURSOR_BOOL:
        return avro_put_fixed(put_branch(at, may->boolean),
                              value->boolean ? "\1" : "\0", 1);
    case CURSOR_INTEGER:
        return avro_put_long(put_branch(at, may->number), value->integer);
    case CURSOR_FLOAT:
        return avro_put_double(put_branch(at, may->real), value->real);
    case CURSOR_TEXT:
    case CURSOR_BYTES:
        return avro_put_text(put_branch(at, is_bytes ? may->bytes : may->text),
                             value->bytes, value->size);
    default:
        return put_branch(at, may->null);
    }
}

void flat_schema_write(enum flat_type type, struct span value,
                       struct buffer *out)
{
    struct cursor_value taken = {.type = CURSOR_NIL};
    uint8_t *const start =
        buffer_reserve(out, 1 + AVRO_LONG_MAX + (size_t)value.size);
    uint8_t *at = start;

    if (!start)
        return;
    if (value.bytes) { /* of our own packer */
        struct cursor cursor = cursor_over(value.bytes, value.size, 1);
        (void)cursor_take(&cursor, &taken);
    }
    if (type == FLAT_TIME)
        at = avro_put_long(at, taken.integer);
    else if (type == FLAT_TEXT)
        at = avro_put_text(at, taken.bytes, taken.size);
    else
        at = put_union(at, &branches_of[type], &taken);
    out->size += (size_t)(at - start);
}
