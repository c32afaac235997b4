/*
 * msgpack_json.h - any well-formed msgpack value as JSON.
 *
 * Text, numbers, booleans, nil, arrays and maps are what they are in JSON;
 * bytes and extensions are objects, msgpack's timestamps are milliseconds
 * since 1970. Keys of maps become text. No state: any thread.
 */
#ifndef COMMON_MSGPACK_JSON_H
#define COMMON_MSGPACK_JSON_H

#include "common/event/cursor.h"

#include "common/base/json_writer.h"

enum msgpack_bytes { BYTES_TAGGED, BYTES_HEX };

/* Takes one value with all that is in it; it must be well formed. */
void msgpack_json(struct json_writer *writer, struct cursor *cursor,
                  enum msgpack_bytes style);

/* Takes the key of a map's entry and writes it as a name. */
void msgpack_json_name(struct json_writer *writer, struct cursor *cursor,
                       struct cursor_value *key);

#endif
