/*
 * manifest_decode.c - manifests out of bytes that nobody vouches for.
 */
#include "common/event/cursor.h"
#include "common/event/manifest_fields.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    RANGES = MANIFEST_FIELD_COUNT, /* behind the table, in the bits of what
                                      was seen: those that need not be there */
    MEASURED,
    SIGNATURE,
    RESUME,
    CLOCK,
    DELTA,
    BASE,
    FIELDS_KNOWN,
    VALUES_MAX = 8 * MANIFEST_RANGE_PARTS * PARTITIONS_MAX,
};
_Static_assert(FIELDS_KNOWN <= 64, "one bit each");

static const char *const further[FIELDS_KNOWN - MANIFEST_FIELD_COUNT] = {
    "ranges",       "measured_rows", "signature",   "resume",
    "resume_clock", "delta",         "base_sha256",
};

static const struct manifest_field measured = {
    "measured_rows", MANIFEST_U64, offsetof(struct manifest, measured_rows), 8,
    "rows that the measured model was fit on"};

static const struct manifest_field of_delta[] = {
    {"delta", MANIFEST_U32, offsetof(struct manifest, delta), 4},
    {"base_sha256", MANIFEST_BYTES, offsetof(struct manifest, base_sha256),
     DIGEST_SIZE},
};

static int wrong(struct error *err, const char *name, const char *what)
{
    return error_set(err, ERROR_FORMAT, "manifest: %s: %s", name, what);
}

static int broken(struct error *err, enum cursor_fault fault)
{
    static const char *const why[] = {
        [CURSOR_OK] = "sound",
        [CURSOR_TRUNCATED] = "cut short",
        [CURSOR_INVALID] = "not msgpack",
        [CURSOR_TOO_DEEP] = "nested too deep",
        [CURSOR_TOO_MANY] = "too many values",
    };
    return error_set(err, ERROR_FORMAT, "manifest: %s", why[fault]);
}

static bool is_text(const struct cursor_value *value, const char *text)
{
    return value->type == CURSOR_TEXT && value->size == strlen(text) &&
           memcmp(value->bytes, text, value->size) == 0;
}

/* Text that can stand in a log line and on a terminal. */
static int read_text(const struct cursor_value *value, const char *name,
                     char *to, size_t room, struct error *err)
{
    if (value->type != CURSOR_TEXT)
        return wrong(err, name, "not a text");
    if (value->size >= room)
        return error_set(err, ERROR_LIMIT,
                         "manifest: %s: %u bytes, at most %zu", name,
                         value->size, room - 1);
    for (uint32_t i = 0; i < value->size; i++)
        if (value->bytes[i] < ' ' || value->bytes[i] == 0x7f ||
            value->bytes[i] == '"')
            return wrong(err, name, "has an unprintable byte");
    memcpy(to, value->bytes, value->size);
    to[value->size] = '\0';
    return 0;
}

static int read_unsigned(const struct cursor_value *value, const char *name,
                         uint64_t max, uint64_t *to, struct error *err)
{
    uint64_t number;

    if (value->type == CURSOR_HUGE)
        number = value->huge;
    else if (value->type == CURSOR_INTEGER && value->integer >= 0)
        number = (uint64_t)value->integer;
    else
        return wrong(err, name, "not a natural number");
    if (number > max)
        return error_set(err, ERROR_LIMIT,
                         "manifest: %s: %" PRIu64 ", at most %" PRIu64, name,
                         number, max);
    *to = number;
    return 0;
}

static int read_f64(const struct cursor_value *value, const char *name,
                    double *to, struct error *err)
{
    switch (value->type) {
    case CURSOR_NIL:
        *to = (double)NAN;
        return 0;
    case CURSOR_INTEGER:
        *to = (double)value->integer;
        return 0;
    case CURSOR_FLOAT:
        *to = value->real;
        return 0;
    default:
        return wrong(err, name, "not a number");
    }
}

static int read_field(const struct manifest_field *field,
                      const struct cursor_value *value,
                      struct manifest *manifest, struct error *err)
{
    void *to = (char *)manifest + field->offset;
    uint64_t number;

    switch (field->kind) {
    case MANIFEST_TEXT:
        return read_text(value, field->name, to, field->size, err);
    case MANIFEST_F64:
        return read_f64(value, field->name, to, err);
    case MANIFEST_BYTES:
        if (value->type != CURSOR_BYTES || value->size != field->size)
            return wrong(err, field->name, "not bytes of the right length");
        memcpy(to, value->bytes, field->size);
        return 0;
    case MANIFEST_U32:
        if (read_unsigned(value, field->name, UINT32_MAX, &number, err) < 0)
            return -1;
        *(uint32_t *)to = (uint32_t)number;
        return 0;
    case MANIFEST_U64:
        return read_unsigned(value, field->name, UINT64_MAX, to, err);
    case MANIFEST_I64:
        if (read_unsigned(value, field->name, INT64_MAX, &number, err) < 0)
            return -1;
        *(int64_t *)to = (int64_t)number;
        return 0;
    }
    return 0;
}

static int read_range(struct cursor *cursor, const char *name,
                      struct offset_range *to, struct error *err)
{
    struct cursor_value array, parts[MANIFEST_RANGE_PARTS];
    uint64_t partition, first, next;
    enum cursor_fault fault = cursor_take(cursor, &array);

    if (fault != CURSOR_OK)
        return broken(err, fault);
    if (array.type != CURSOR_ARRAY || array.size != MANIFEST_RANGE_PARTS)
        return wrong(err, name, "not arrays of four");
    for (unsigned i = 0; i < MANIFEST_RANGE_PARTS; i++) {
        fault = cursor_take(cursor, &parts[i]);
        if (fault != CURSOR_OK)
            return broken(err, fault);
    }
    if (read_text(&parts[0], name, to->topic, sizeof(to->topic), err) < 0 ||
        read_unsigned(&parts[1], name, INT32_MAX, &partition, err) < 0 ||
        read_unsigned(&parts[2], name, INT64_MAX, &first, err) < 0 ||
        read_unsigned(&parts[3], name, INT64_MAX, &next, err) < 0)
        return -1;
    if (first > next)
        return wrong(err, name, "one ends before it starts");
    to->partition = (int32_t)partition;
    to->first = (int64_t)first;
    to->next = (int64_t)next;
    return 0;
}

/* What was read is the manifest's, also on failure. */
static int read_ranges(struct cursor *cursor, const struct cursor_value *array,
                       const char *name, struct offset_range **list,
                       size_t *count, struct error *err)
{
    if (array->type != CURSOR_ARRAY)
        return wrong(err, name, "not an array");
    if (array->size > PARTITIONS_MAX)
        return error_set(err, ERROR_LIMIT, "manifest: %u %s, at most %d",
                         array->size, name, PARTITIONS_MAX);
    if (array->size == 0)
        return 0;
    *list = calloc(array->size, sizeof(**list));
    if (!*list)
        return error_no_memory(err, "the manifest");
    *count = array->size;
    for (size_t i = 0; i < *count; i++)
        if (read_range(cursor, name, &(*list)[i], err) < 0)
            return -1;
    return 0;
}

static int read_clock(const struct cursor_value *value,
                      struct manifest *manifest, struct error *err)
{
    if (value->type != CURSOR_BYTES || value->size == 0 ||
        value->size > MANIFEST_CLOCK_MAX)
        return wrong(err, "resume_clock", "not bytes, or none, or too many");
    manifest->resume_clock = malloc(value->size);
    if (!manifest->resume_clock)
        return error_no_memory(err, "the manifest");
    memcpy(manifest->resume_clock, value->bytes, value->size);
    manifest->resume_clock_size = value->size;
    return 0;
}

static int read_signature(const struct cursor_value *value,
                          struct manifest *manifest, struct error *err)
{
    if (value->type != CURSOR_BYTES || value->size != SIGNATURE_SIZE)
        return wrong(err, "signature", "not bytes of the right length");
    memcpy(manifest->signature, value->bytes, SIGNATURE_SIZE);
    manifest->is_signed = true;
    return 0;
}

/* The position in the table or behind it, or -1 for a field of a later
 * version. */
static int find_field(const struct cursor_value *key)
{
    for (int i = 0; i < MANIFEST_FIELD_COUNT; i++)
        if (is_text(key, manifest_fields[i].name))
            return i;
    for (int i = RANGES; i < FIELDS_KNOWN; i++)
        if (is_text(key, further[i - RANGES]))
            return i;
    return -1;
}

static int skip(struct cursor *cursor, const struct cursor_value *value,
                struct error *err)
{
    enum cursor_fault fault = CURSOR_OK;

    if (cursor_is_container(value))
        fault = cursor_skip_contents(cursor, value, 2);
    return fault == CURSOR_OK ? 0 : broken(err, fault);
}

/* A key, and the head of the value behind it. */
static int take_entry(struct cursor *cursor, int *field,
                      struct cursor_value *value, struct error *err)
{
    struct cursor_value key;
    enum cursor_fault fault = cursor_take(cursor, &key);

    if (fault != CURSOR_OK)
        return broken(err, fault);
    if (skip(cursor, &key, err) < 0)
        return -1;
    fault = cursor_take(cursor, value);
    *field = find_field(&key);
    return fault == CURSOR_OK ? 0 : broken(err, fault);
}

static int take_map(struct cursor *cursor, struct cursor_value *map,
                    struct error *err)
{
    enum cursor_fault fault = cursor_take(cursor, map);

    if (fault != CURSOR_OK)
        return broken(err, fault);
    if (map->type != CURSOR_MAP)
        return error_set(err, ERROR_FORMAT, "manifest: not a map");
    return 0;
}

/* Goes first: a newer format may have changed any other field. */
static int check_format(struct cursor cursor, struct error *err)
{
    struct cursor_value map, value;
    struct manifest found = {0};
    int field;

    if (take_map(&cursor, &map, err) < 0)
        return -1;
    for (uint32_t i = 0; i < map.size; i++) {
        if (take_entry(&cursor, &field, &value, err) < 0 ||
            skip(&cursor, &value, err) < 0)
            return -1;
        if (field == 0 &&
            read_field(&manifest_fields[0], &value, &found, err) < 0)
            return -1;
    }
    if (!cursor_at_end(&cursor))
        return error_set(err, ERROR_FORMAT, "manifest: goes on behind its end");
    if (found.format == 0)
        return wrong(err, "format", "missing");
    if (found.format > MANIFEST_FORMAT)
        return error_set(err, ERROR_FORMAT,
                         "manifest: format %u is newer than this program's %d: "
                         "update the program",
                         found.format, MANIFEST_FORMAT);
    return 0;
}

static const char *field_name(int field)
{
    return field >= RANGES ? further[field - RANGES]
                           : manifest_fields[field].name;
}

/* The value of a field that this version knows. */
static int read_known(struct cursor *cursor, int field,
                      const struct cursor_value *value,
                      struct manifest *manifest, struct error *err)
{
    switch (field) {
    case MEASURED:
        return read_field(&measured, value, manifest, err);
    case SIGNATURE:
        return read_signature(value, manifest, err);
    case RANGES:
        return read_ranges(cursor, value, "ranges", &manifest->ranges,
                           &manifest->range_count, err);
    case RESUME:
        return read_ranges(cursor, value, "resume", &manifest->resume,
                           &manifest->resume_count, err);
    case CLOCK:
        return read_clock(value, manifest, err);
    case DELTA:
    case BASE:
        return read_field(&of_delta[field - DELTA], value, manifest, err);
    default:
        return read_field(&manifest_fields[field], value, manifest, err);
    }
}

static uint64_t bit_of(int field)
{
    return (uint64_t)1 << field;
}

static int read_fields(struct cursor cursor, struct manifest *manifest,
                       struct error *err)
{
    struct cursor_value map, value;
    uint64_t seen = 0;
    int field;

    if (take_map(&cursor, &map, err) < 0)
        return -1;
    for (uint32_t i = 0; i < map.size; i++) {
        if (take_entry(&cursor, &field, &value, err) < 0)
            return -1;
        if (field >= 0 && seen & bit_of(field))
            return wrong(err, field_name(field), "occurs twice");
        int status = field < 0
                         ? skip(&cursor, &value, err)
                         : read_known(&cursor, field, &value, manifest, err);
        if (status < 0)
            return -1;
        seen |= field >= 0 ? bit_of(field) : 0;
    }
    for (int i = 0; i <= RANGES; i++)
        if (!(seen & bit_of(i)))
            return wrong(err, field_name(i), "missing");
    if (seen & bit_of(DELTA) && manifest->delta == 0)
        return wrong(err, "delta", "0 is no delta");
    if (!(seen & bit_of(DELTA)) != !(seen & bit_of(BASE)))
        return wrong(err, "delta", "without base_sha256, or the other way");
    return 0;
}

/* The numbers agree with each other and with what a reader will hold. */
static int check_sizes(const struct manifest *manifest, struct error *err)
{
    if (manifest->epoch == 0)
        return wrong(err, "epoch", "0 means no model");
    if (manifest->name[0] == '\0')
        return wrong(err, "name", "empty");
    if (manifest->size == 0 || manifest->size > MANIFEST_SNAPSHOT_MAX)
        return error_set(err, ERROR_LIMIT,
                         "manifest: size: %" PRIu64 " is outside 1..%d",
                         manifest->size, MANIFEST_SNAPSHOT_MAX);
    if (manifest->chunk_size == 0 || manifest->chunk_size > MANIFEST_CHUNK_MAX)
        return error_set(err, ERROR_LIMIT,
                         "manifest: chunk_size: %u is outside 1..%d",
                         manifest->chunk_size, MANIFEST_CHUNK_MAX);
    /* What cannot be packed grows by less than this. */
    if (manifest->packed_size == 0 ||
        manifest->packed_size > manifest->size + manifest->size / 128 + 65536)
        return wrong(err, "packed_size", "does not fit size");
    if ((manifest->packed_size - 1) / manifest->chunk_size + 1 !=
        manifest->chunk_count)
        return wrong(err, "chunk_count",
                     "does not fit packed_size and chunk_size");
    return 0;
}

int manifest_decode(const uint8_t *bytes, size_t size, struct manifest *out,
                    struct error *err)
{
    struct cursor cursor = cursor_over(bytes, size, VALUES_MAX);
    struct manifest manifest = {0};

    if (check_format(cursor, err) < 0)
        return -1;
    if (read_fields(cursor, &manifest, err) < 0 ||
        check_sizes(&manifest, err) < 0) {
        manifest_free(&manifest);
        return -1;
    }
    *out = manifest;
    return 0;
}
