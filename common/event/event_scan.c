#include "common/event/event_scan.h"

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

/* A loop is faster than a call for a handful of bytes. A zero byte in the key
 * is no end of a name. */
static inline bool is_name(const struct cursor_value *key, const char *name)
{
    for (uint32_t i = 0; i < key->size; i++)
        if (key->bytes[i] != (uint8_t)name[i] || name[i] == '\0')
            return false;
    return name[key->size] == '\0';
}

/* Bits of the fields that have this name: more than one where two fields of
 * an event are mapped to the same name. */
static inline unsigned fields_of(const struct event_scan *scan, uint64_t firsts,
                                 const struct cursor_value *key)
{
    unsigned fields = 0;

    if (key->type != CURSOR_TEXT || key->size == 0 ||
        key->size >= EVENT_NAME_SIZE)
        return 0;
    for (unsigned i = 0; firsts != 0; i++, firsts >>= 8)
        if ((uint8_t)firsts == key->bytes[0] && is_name(key, scan->names[i]))
            fields |= 1u << i;
    return fields;
}

/* The first letters of all names in one word: they tell most names apart. */
static inline uint64_t first_letters(const struct event_scan *scan)
{
    uint64_t firsts = 0;

    for (unsigned i = scan->count; i-- > 0;)
        firsts = firsts << 8 | (uint8_t)scan->names[i][0];
    return firsts;
}

/* Takes a whole value, of a container its contents too. */
static inline enum cursor_fault
take_whole(struct cursor *cursor, unsigned depth, struct cursor_value *value)
{
    enum cursor_fault fault = cursor_take(cursor, value);

    if (fault == CURSOR_OK && cursor_is_container(value))
        fault = cursor_skip_contents(cursor, value, depth + 1);
    return fault;
}

static unsigned lowest(unsigned fields)
{
    unsigned at = 0;

    while (!(fields >> at & 1))
        at++;
    return at;
}

/* The same value for further fields of the same name. */
static void repeat(struct event_scan *scan, unsigned from, unsigned fields)
{
    for (unsigned i = from + 1; fields >> i; i++) {
        if (!(fields >> i & 1))
            continue;
        scan->values[i] = scan->values[from];
        scan->raw[i] = scan->raw[from];
    }
}

/* A value is taken where it stays: copying what was just written in smaller
 * pieces would stall. */
static enum cursor_fault take_field(struct event_scan *scan,
                                    struct cursor *cursor, unsigned fields)
{
    const unsigned at = lowest(fields);
    const uint8_t *start = cursor->at;

    enum cursor_fault fault = take_whole(cursor, 1, &scan->values[at]);
    scan->raw[at] = (struct span){start, (uint32_t)(cursor->at - start)};
    if (fault == CURSOR_OK && fields >> at != 1)
        repeat(scan, at, fields);
    return fault;
}

static enum event_fault scan_entries(struct event_scan *scan,
                                     struct cursor *cursor, uint32_t entries,
                                     const char **field)
{
    const uint64_t firsts = first_letters(scan);

    for (uint32_t entry = 0; entry < entries; entry++) {
        struct cursor_value key, ignored;

        enum cursor_fault fault = take_whole(cursor, 1, &key);
        if (fault != CURSOR_OK)
            return form_fault(fault);
        const unsigned fields = fields_of(scan, firsts, &key);
        fault = fields == 0 ? take_whole(cursor, 1, &ignored)
                            : take_field(scan, cursor, fields);
        if (fault != CURSOR_OK)
            return form_fault(fault);
        if (scan->seen & fields) {
            *field = scan->names[lowest(fields)];
            return EVENT_REPEATED;
        }
        scan->seen |= fields;
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
