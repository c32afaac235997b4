#include "consumer/letters/letter_text.h"

#include "common/event/event_schemas.h"
#include "common/event/record_look.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *reason, *text;
} texts[] = {
    {"empty", "the record has no value"},
    {"truncated", "the value ends too early"},
    {"trailing", "there are bytes behind the value"},
    {"invalid", "the value is neither msgpack nor JSON"},
    {"not_a_map", "the value is not a map of fields"},
    {"too_deep", "maps and arrays are nested too deep"},
    {"too_many", "the map has too many values"},
    {"missing", "it is missing"},
    {"type", "its type does not fit: ids are whole numbers or text, times are "
             "numbers or text of RFC 3339"},
    {"range", "its value is out of range"},
    {"id_length", "an id must have 1 to 255 bytes"},
    {"repeated", "it occurs twice"},
    {"too_large", "the value is larger than an event may be"},
    {"schema_unknown", "the schema registry did not tell its schema"},
    {"schema_unfit", "records of its schema cannot be read"},
};

static bool is_of_form(const char *reason)
{
    static const char *const forms[] = {"truncated", "trailing", "invalid",
                                        "not_a_map", "schema_unfit"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (strcmp(reason, forms[i]) == 0)
            return true;
    return false;
}

/* The form of a value may be at fault because it has another format. */
static bool has_name(enum record_look look)
{
    return look != LOOK_NOTHING && look != LOOK_MSGPACK && look != LOOK_BINARY;
}

void letter_text(const char *reason, const char *field, const uint8_t *value,
                 size_t size, char out[LETTER_TEXT_SIZE])
{
    const enum record_look look = record_look_at(value, size);
    const char *text = NULL;
    char named[96] = "";

    if (strcmp(reason, "missing") == 0 && look == LOOK_MSGPACK_BYTES)
        text = "the keys of the map are msgpack bin, not str";
    for (size_t i = 0; !text && i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(texts[i].reason, reason) == 0)
            text = texts[i].text;
    if (!text)
        text = reason;
    if (strncmp(reason, "schema_", 7) == 0 &&
        event_schema_has_head(value, size))
        snprintf(named, sizeof(named), "%s (number %" PRIu32 ")", text,
                 event_schema_number(value));
    if (named[0])
        text = named;
    if (field)
        snprintf(out, LETTER_TEXT_SIZE, "field '%.200s': %s", field, text);
    else if (is_of_form(reason) && has_name(look))
        record_look_explain(text, value, size, out, LETTER_TEXT_SIZE);
    else
        snprintf(out, LETTER_TEXT_SIZE, "%s", text);
}
