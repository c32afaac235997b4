#include "common/event_scan.h"

_Static_assert((int)EVENT_DEPTH_MAX == (int)CURSOR_DEPTH_MAX,
               "the limit that is documented is the one that holds");

static enum event_fault form_fault(enum cursor_fault fault)
{
    static const enum event_fault faults[] = {
        [CURSOR_OK] = EVENT_OK,
        [CURSOR_TRUNCATED] = EVENT_TRUNCATED,
        [CURSOR_INVALID] = EVENT_INVALID,
        [CURSOR_TOO_DEEP] = EVENT_TOO_DEEP,
        [CURSOR_TOO_MANY] = EVENT_TOO_MANY,
    };
    return faults[fault];
}

/* A loop is faster than a call for a handful of bytes, and the first one
 * tells most names apart. A zero byte in the key is no end of a name. */
static bool is_name(const struct cursor_value *key, const char *name)
{
    for (uint32_t i = 0; i < key->size; i++)
        if (key->bytes[i] != (uint8_t)name[i] || name[i] == '\0')
            return false;
    return name[key->size] == '\0';
}

/* Bits of the fields that have this name: more than one where two fields of
 * an event are mapped to the same name. */
static unsigned fields_of(const struct event_scan *scan,
                          const struct cursor_value *key)
{
    unsigned fields = 0;

    if (key->type != CURSOR_TEXT || key->size == 0 ||
        key->size >= EVENT_NAME_SIZE)
        return 0;
    for (unsigned i = 0; i < scan->count; i++)
        if (is_name(key, scan->names[i]))
            fields |= 1u << i;
    return fields;
}

/* Takes a whole value, of a container its contents too. */
static enum cursor_fault take_whole(struct cursor *cursor, unsigned depth,
                                    struct cursor_value *value)
{
    enum cursor_fault fault = cursor_take(cursor, value);

    if (fault == CURSOR_OK && cursor_is_container(value))
        fault = cursor_skip_contents(cursor, value, depth + 1);
    return fault;
}

static enum event_fault note(struct event_scan *scan, unsigned fields,
                             const struct cursor_value *value, struct span raw,
                             const char **field)
{
    for (unsigned i = 0; fields != 0; i++, fields >>= 1) {
        if (!(fields & 1))
            continue;
        if (scan->seen & 1u << i) {
            *field = scan->names[i];
            return EVENT_REPEATED;
        }
        scan->seen |= 1u << i;
        scan->values[i] = *value;
        scan->raw[i] = raw;
    }
    return EVENT_OK;
}

static enum event_fault scan_entries(struct event_scan *scan,
                                     struct cursor *cursor, uint32_t entries,
                                     const char **field)
{
    for (uint32_t entry = 0; entry < entries; entry++) {
        struct cursor_value key, value;

        enum cursor_fault fault = take_whole(cursor, 1, &key);
        if (fault != CURSOR_OK)
            return form_fault(fault);
        unsigned fields = fields_of(scan, &key);
        const uint8_t *start = cursor->at;
        fault = take_whole(cursor, 1, &value);
        if (fault != CURSOR_OK)
            return form_fault(fault);
        if (fields == 0)
            continue;
        struct span raw = {start, (uint32_t)(cursor->at - start)};
        enum event_fault noted = note(scan, fields, &value, raw, field);
        if (noted != EVENT_OK)
            return noted;
    }
    return EVENT_OK;
}

enum event_fault event_scan_record(struct event_scan *scan,
                                   const uint8_t *bytes, size_t size,
                                   const char **field)
{
    if (size == 0)
        return EVENT_EMPTY;
    if (size > EVENT_BYTES_MAX)
        return EVENT_TOO_LARGE;

    struct cursor cursor = cursor_over(bytes, size, EVENT_VALUES_MAX);
    struct cursor_value record;
    enum cursor_fault fault = cursor_take(&cursor, &record);
    if (fault != CURSOR_OK)
        return form_fault(fault);

    enum event_fault result = EVENT_OK;
    scan->seen = 0;
    if (record.type == CURSOR_MAP)
        result = scan_entries(scan, &cursor, record.size, field);
    else if (record.type == CURSOR_ARRAY)
        result = form_fault(cursor_skip_contents(&cursor, &record, 1));
    if (result != EVENT_OK)
        return result;
    if (!cursor_at_end(&cursor))
        return EVENT_TRAILING;
    return record.type == CURSOR_MAP ? EVENT_OK : EVENT_NOT_A_MAP;
}
