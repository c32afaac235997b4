#include "common/event/msgpack_json.h"

#include "common/base/utf8.h"
#include "common/event/event_value.h"

static void write_extension(struct json_writer *writer,
                            const struct cursor_value *value)
{
    int64_t ms;

    if (event_value_ms(value, &ms) == EVENT_OK) {
        json_writer_integer(writer, ms);
        return;
    }
    json_writer_open(writer, '{');
    json_writer_name(writer, "ext");
    json_writer_integer(writer, value->extension);
    json_writer_name(writer, "bin");
    json_writer_base64(writer, value->bytes, value->size);
    json_writer_close(writer, '}');
}

static void write_bytes(struct json_writer *writer,
                        const struct cursor_value *value,
                        enum msgpack_bytes style)
{
    if (style == BYTES_HEX) {
        json_writer_hex(writer, value->bytes, value->size);
        return;
    }
    json_writer_open(writer, '{');
    json_writer_name(writer, "bin");
    json_writer_base64(writer, value->bytes, value->size);
    json_writer_close(writer, '}');
}

static void write_scalar(struct json_writer *writer,
                         const struct cursor_value *value,
                         enum msgpack_bytes style)
{
    switch (value->type) {
    case CURSOR_BOOL:
        json_writer_boolean(writer, value->boolean);
        break;
    case CURSOR_INTEGER:
        json_writer_integer(writer, value->integer);
        break;
    case CURSOR_HUGE:
        json_writer_unsigned(writer, value->huge);
        break;
    case CURSOR_FLOAT:
        json_writer_real(writer, value->real);
        break;
    case CURSOR_TEXT:
        json_writer_bytes(writer, value->bytes, value->size);
        break;
    case CURSOR_BYTES:
        write_bytes(writer, value, style);
        break;
    case CURSOR_EXTENSION:
        write_extension(writer, value);
        break;
    default:
        json_writer_null(writer);
    }
}

/* What is no text is named by its msgpack bytes, numbers by their digits. */
void msgpack_json_name(struct json_writer *writer, struct cursor *cursor,
                       struct cursor_value *key)
{
    const uint8_t *start = cursor->at;
    struct buffer text = {0};
    struct json_writer inner = {.to = &text};

    (void)cursor_take(cursor, key); /* well formed, says the caller */
    if (cursor_is_container(key))
        (void)cursor_skip_contents(cursor, key, 1);
    if (key->type == CURSOR_TEXT && utf8_is_valid(key->bytes, key->size)) {
        json_writer_name_sized(writer, (const char *)key->bytes, key->size);
        return;
    }
    if (key->type == CURSOR_INTEGER || key->type == CURSOR_HUGE)
        write_scalar(&inner, key, BYTES_HEX);
    else
        json_writer_hex(&inner, start, (size_t)(cursor->at - start));
    bool quoted = text.size > 0 && text.bytes[0] == '"';
    json_writer_name_sized(writer, (const char *)text.bytes + quoted,
                           text.size - 2 * quoted);
    buffer_free(&text);
}

void msgpack_json(struct json_writer *writer, struct cursor *cursor,
                  enum msgpack_bytes style)
{
    struct {
        uint32_t left;
        bool is_map;
    } open[CURSOR_DEPTH_MAX];
    unsigned depth = 0;

    do {
        struct cursor_value value, key;

        if (depth > 0 && open[depth - 1].left == 0) {
            json_writer_close(writer, open[depth - 1].is_map ? '}' : ']');
            depth--;
            continue;
        }
        if (depth > 0) {
            open[depth - 1].left--;
            if (open[depth - 1].is_map)
                msgpack_json_name(writer, cursor, &key);
        }
        if (cursor_take(cursor, &value) != CURSOR_OK)
            return;
        if (!cursor_is_container(&value)) {
            write_scalar(writer, &value, style);
        } else if (depth < CURSOR_DEPTH_MAX) {
            json_writer_open(writer, value.type == CURSOR_MAP ? '{' : '[');
            open[depth].left = value.size;
            open[depth++].is_map = value.type == CURSOR_MAP;
        }
    } while (depth > 0);
}
