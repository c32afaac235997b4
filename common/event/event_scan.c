#include "common/event/event_scan.h"

#include <assert.h>
#include <string.h>

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

/* The first letters of eight names in one word tell most names apart from a
 * key without a look at the names. */
enum {
    LETTERS = 8,
    GROUPS = (EVENT_SCAN_MAX + LETTERS - 1) / LETTERS,
};

static inline void first_letters(const struct event_scan *scan,
                                 uint64_t firsts[GROUPS])
{
    for (unsigned group = 0; group * LETTERS < scan->count; group++)
        firsts[group] = 0;
    for (unsigned i = scan->count; i-- > 0;)
        firsts[i / LETTERS] =
            firsts[i / LETTERS] << 8 | (uint8_t)scan->names[i][0];
}

/* Bits of the fields that have this name: more than one where two fields of
 * an event are mapped to the same name. */
static inline unsigned fields_of(const struct event_scan *scan,
                                 const uint64_t firsts[GROUPS],
                                 const struct cursor_value *key)
{
    unsigned fields = 0;

    if (key->type != CURSOR_TEXT || key->size == 0 ||
        key->size >= EVENT_NAME_SIZE)
        return 0;
    for (unsigned group = 0; group * LETTERS < scan->count; group++) {
        uint64_t letters = firsts[group];
        for (unsigned i = group * LETTERS; letters != 0; i++, letters >>= 8)
            if ((uint8_t)letters == key->bytes[0] &&
                is_name(key, scan->names[i]))
                fields |= 1u << i;
    }
    return fields;
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
    uint64_t firsts[GROUPS];
    unsigned repeated = 0; /* names that are not firm and occur twice */

    first_letters(scan, firsts);
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
            if (lowest(fields) < scan->firm) {
                *field = scan->names[lowest(fields)];
                return EVENT_REPEATED;
            }
            repeated |= fields;
        }
        scan->seen |= fields;
    }
    scan->seen &= ~repeated;
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

unsigned event_scan_want(struct event_scan *scan, const char *name)
{
    for (unsigned i = 0; i < scan->count; i++)
        if (strcmp(scan->names[i], name) == 0)
            return i;
    assert(scan->count < EVENT_SCAN_MAX);
    scan->names[scan->count] = name;
    return scan->count++;
}
