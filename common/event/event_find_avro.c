/*
 * event_find_avro.c - the finder of fields in Avro: runs the program of the
 * writer's schema over the bytes of a record.
 */
#include "common/event/avro_program.h"
#include "common/event/event_walk.h"

/* One walk. Each item of an array is one of the values that are left, and each
 * key and value of a map. */
struct avro_walk {
    struct event_walk base;
    const struct avro_program *program;
    const uint8_t *at, *end;
    uint32_t values_left;
};

static enum event_fault run(struct avro_walk *walk, uint32_t at);

/* --- Numbers and texts -----------------------------------------------------
 */

/* The rest of a number of more than one byte. */
static enum event_fault take_long_rest(struct avro_walk *walk, uint64_t *out)
{
    uint64_t bits = *out & 0x7f;

    for (unsigned shift = 7; walk->at < walk->end; shift += 7) {
        const uint8_t byte = *walk->at++;
        if (shift == 63 && byte > 1)
            return EVENT_INVALID;
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = bits;
            return EVENT_OK;
        }
    }
    return EVENT_TRUNCATED;
}

/* Seven bits a byte, the lowest first; the lowest bit is the sign. */
static inline enum event_fault take_long(struct avro_walk *walk, int64_t *out)
{
    enum event_fault fault = EVENT_OK;

    if (walk->at == walk->end)
        return EVENT_TRUNCATED;
    uint64_t bits = *walk->at++;
    if (bits >= 0x80)
        fault = take_long_rest(walk, &bits);
    *out = (int64_t)(bits >> 1 ^ (0 - (bits & 1)));
    return fault;
}

static inline enum event_fault pass(struct avro_walk *walk, uint64_t size)
{
    if (size > (uint64_t)(walk->end - walk->at))
        return EVENT_TRUNCATED;
    walk->at += size;
    return EVENT_OK;
}

static inline enum event_fault pass_varints(struct avro_walk *walk,
                                            uint32_t count)
{
    enum event_fault fault = EVENT_OK;
    int64_t number;

    while (count-- > 0 && fault == EVENT_OK)
        fault = take_long(walk, &number);
    return fault;
}

/* A size and so many bytes, which begin at *text. */
static inline enum event_fault take_text(struct avro_walk *walk,
                                         const uint8_t **text, uint32_t *size)
{
    int64_t count;
    enum event_fault fault = take_long(walk, &count);

    if (fault != EVENT_OK)
        return fault;
    if (count < 0)
        return EVENT_INVALID;
    *text = walk->at;
    *size = (uint32_t)count; /* of those that are there, a record's at most */
    return pass(walk, (uint64_t)count);
}

/* Little endian. */
static inline uint64_t fixed_bits(const uint8_t *at, unsigned width)
{
    uint64_t bits = 0;

    for (unsigned i = width; i-- > 0;)
        bits = bits << 8 | at[i];
    return bits;
}

/* --- Values that are taken -------------------------------------------------
 */

static enum event_fault take_real(struct avro_walk *walk, unsigned width,
                                  struct cursor_value *value)
{
    if ((size_t)(walk->end - walk->at) < width)
        return EVENT_TRUNCATED;
    const uint64_t bits = fixed_bits(walk->at, width);
    const uint32_t half = (uint32_t)bits;
    float single;

    value->type = CURSOR_FLOAT;
    if (width == sizeof(single)) {
        memcpy(&single, &half, sizeof(single));
        value->real = (double)single;
    } else {
        memcpy(&value->real, &bits, sizeof(bits));
    }
    walk->at += width;
    return EVENT_OK;
}

static enum event_fault take_boolean(struct avro_walk *walk,
                                     struct cursor_value *value)
{
    if (walk->at == walk->end)
        return EVENT_TRUNCATED;
    if (*walk->at > 1)
        return EVENT_INVALID;
    value->type = CURSOR_BOOL;
    value->boolean = *walk->at++ == 1;
    return EVENT_OK;
}

static enum event_fault take_enum(struct avro_walk *walk,
                                  const struct avro_step *step,
                                  struct cursor_value *value)
{
    const struct writer_schema *schema = walk->program->schema;
    int64_t symbol;
    enum event_fault fault = take_long(walk, &symbol);

    if (fault != EVENT_OK)
        return fault;
    if (symbol < 0 || symbol >= step->count)
        return EVENT_INVALID;
    const struct writer_name name = schema->symbols[step->arg + symbol];
    value->type = CURSOR_TEXT;
    value->bytes = (const uint8_t *)writer_schema_text(schema, name);
    value->size = name.size;
    return EVENT_OK;
}

/* Whole milliseconds, rounded down. */
static int64_t to_ms(int64_t count, enum writer_time time)
{
    const int64_t per_ms = time == WRITER_NANOS    ? 1000000
                           : time == WRITER_MICROS ? 1000
                                                   : 1;

    if (time == WRITER_DAYS) /* an int */
        return count * 86400000;
    return count / per_ms - (count % per_ms < 0);
}

static inline enum event_fault take_number(struct avro_walk *walk,
                                           const struct avro_step *step,
                                           struct cursor_value *value)
{
    enum event_fault fault = take_long(walk, &value->integer);
    const bool is_int =
        step->code == AVRO_TAKE_INT ||
        (step->code == AVRO_TAKE_TIME && step->arg == WRITER_DAYS);

    if (fault != EVENT_OK)
        return fault;
    value->type = CURSOR_INTEGER;
    if (is_int && (value->integer < INT32_MIN || value->integer > INT32_MAX))
        return EVENT_INVALID;
    if (step->code != AVRO_TAKE_TIME)
        return EVENT_OK;
    value->integer = to_ms(value->integer, (enum writer_time)step->arg);
    walk->base.found->in_ms |= 1u << step->path;
    return EVENT_OK;
}

static inline enum event_fault take_value(struct avro_walk *walk,
                                          const struct avro_step *step)
{
    struct event_found *found = walk->base.found;
    struct cursor_value *value = &found->values[step->path];
    const uint8_t *const start = walk->at;
    enum event_fault fault = EVENT_OK;

    switch (step->code) {
    case AVRO_TAKE_NULL:
        value->type = CURSOR_NIL;
        break;
    case AVRO_TAKE_BOOLEAN:
        fault = take_boolean(walk, value);
        break;
    case AVRO_TAKE_FLOAT:
        fault = take_real(walk, sizeof(float), value);
        break;
    case AVRO_TAKE_DOUBLE:
        fault = take_real(walk, sizeof(double), value);
        break;
    case AVRO_TAKE_BYTES:
    case AVRO_TAKE_TEXT:
        value->type = step->code == AVRO_TAKE_TEXT ? CURSOR_TEXT : CURSOR_BYTES;
        fault = take_text(walk, &value->bytes, &value->size);
        break;
    case AVRO_TAKE_FIXED:
        value->type = CURSOR_BYTES;
        value->bytes = walk->at;
        value->size = step->arg;
        fault = pass(walk, step->arg);
        break;
    case AVRO_TAKE_ENUM:
        fault = take_enum(walk, step, value);
        break;
    case AVRO_TAKE_MAP:
    case AVRO_TAKE_ARRAY:
        value->type = step->code == AVRO_TAKE_MAP ? CURSOR_MAP : CURSOR_ARRAY;
        value->size = 0;
        break;
    default:
        fault = take_number(walk, step, value);
        break;
    }
    found->raw[step->path] = (struct span){start, (uint32_t)(walk->at - start)};
    event_walk_found(&walk->base, 1u << step->path);
    return fault;
}

/* The value of one path is that of another, too. */
static void copy_value(struct avro_walk *walk, const struct avro_step *step)
{
    struct event_found *found = walk->base.found;

    found->values[step->arg] = found->values[step->path];
    found->raw[step->arg] = found->raw[step->path];
    found->in_ms |= (found->in_ms >> step->path & 1) << step->arg;
    event_walk_found(&walk->base, 1u << step->arg);
}

/* --- Arrays and maps -------------------------------------------------------
 */

/* A block begins with the number of its entries: 0 at the end, and negative
 * where the number of its bytes follows, *size; else that is -1. */
static enum event_fault take_block(struct avro_walk *walk, unsigned values_each,
                                   uint32_t *count, int64_t *size)
{
    int64_t entries;
    enum event_fault fault = take_long(walk, &entries);

    *size = -1;
    if (fault == EVENT_OK && entries < 0) {
        fault = take_long(walk, size);
        if (fault == EVENT_OK && (*size < 0 || entries == INT64_MIN))
            fault = EVENT_INVALID;
        entries = fault == EVENT_OK ? -entries : 0;
    }
    if (fault != EVENT_OK)
        return fault;
    if (entries > walk->values_left / values_each)
        return EVENT_TOO_MANY;
    walk->values_left -= (uint32_t)entries * values_each;
    *count = (uint32_t)entries;
    return EVENT_OK;
}

static const struct avro_member *at_index(const struct avro_member *member,
                                          uint32_t count, uint32_t index)
{
    for (; count > 0; count--, member++)
        if (member->step.index == index)
            break;
    return member; /* behind those that are wanted: that of the others */
}

static const struct avro_member *of_name(const struct avro_member *member,
                                         uint32_t count, const uint8_t *name,
                                         uint32_t size)
{
    for (; count > 0; count--, member++)
        if (member->step.size == size &&
            memcmp(member->text + member->step.at, name, size) == 0)
            break;
    return member;
}

static enum event_fault run_member(struct avro_walk *walk,
                                   const struct avro_member *member)
{
    return run(walk, walk->program->routines[member->routine]);
}

static enum event_fault walk_items(struct avro_walk *walk,
                                   const struct avro_step *step)
{
    const struct avro_member *members = walk->program->members + step->arg;
    enum event_fault fault;
    uint32_t index = 0, count;
    int64_t size;

    while ((fault = take_block(walk, 1, &count, &size)) == EVENT_OK &&
           count > 0) {
        if (size >= 0 && step->count == 0) {
            fault = pass(walk, (uint64_t)size);
            count = 0;
        }
        for (; count > 0 && fault == EVENT_OK; count--, index++)
            fault = run_member(walk, at_index(members, step->count, index));
        if (fault != EVENT_OK)
            return fault;
    }
    return fault;
}

static enum event_fault walk_entries(struct avro_walk *walk,
                                     const struct avro_step *step)
{
    const struct avro_member *members = walk->program->members + step->arg;
    enum event_fault fault;
    const uint8_t *name;
    uint32_t count, name_size;
    unsigned met = 0;
    int64_t size;

    while ((fault = take_block(walk, 2, &count, &size)) == EVENT_OK &&
           count > 0) {
        if (size >= 0 && step->count == 0) {
            fault = pass(walk, (uint64_t)size);
            count = 0;
        }
        for (; count > 0 && fault == EVENT_OK; count--) {
            fault = take_text(walk, &name, &name_size);
            if (fault != EVENT_OK)
                return fault;
            const struct avro_member *member =
                of_name(members, step->count, name, name_size);
            /* A name may come twice, and lead further each time. */
            walk->base.repeated |= met & member->paths;
            met |= member->paths;
            fault = run_member(walk, member);
        }
        if (fault != EVENT_OK)
            return fault;
    }
    return fault;
}

/* --- The walk --------------------------------------------------------------
 */

static enum event_fault take_branch(struct avro_walk *walk,
                                    const struct avro_step *step, uint32_t *at)
{
    int64_t branch;
    enum event_fault fault = take_long(walk, &branch);

    if (fault != EVENT_OK)
        return fault;
    if (branch < 0 || branch >= step->count)
        return EVENT_INVALID;
    *at = walk->program->targets[step->arg + branch];
    return EVENT_OK;
}

/* Runs one routine. A program opens no more than CURSOR_DEPTH_MAX containers,
 * so routines call routines no deeper than that. */
static enum event_fault run(struct avro_walk *walk, uint32_t at)
{
    enum event_fault fault = EVENT_OK;
    const uint8_t *text;
    uint32_t size;

    while (fault == EVENT_OK) {
        const struct avro_step *step = &walk->program->steps[at++];
        switch (step->code) {
        case AVRO_RETURN:
            return EVENT_OK;
        case AVRO_PASS:
            fault = pass(walk, step->arg);
            break;
        case AVRO_PASS_VARINTS:
            fault = pass_varints(walk, step->arg);
            break;
        case AVRO_PASS_TEXT:
            fault = take_text(walk, &text, &size);
            break;
        case AVRO_COPY:
            copy_value(walk, step);
            break;
        case AVRO_BRANCH:
            fault = take_branch(walk, step, &at);
            break;
        case AVRO_JUMP:
            at = step->arg;
            break;
        case AVRO_CALL:
            fault = run(walk, walk->program->routines[step->arg]);
            break;
        case AVRO_ITEMS:
            fault = walk_items(walk, step);
            break;
        case AVRO_ENTRIES:
            fault = walk_entries(walk, step);
            break;
        case AVRO_TOO_DEEP:
            return EVENT_TOO_DEEP;
        case AVRO_NOT_A_MAP:
            return EVENT_NOT_A_MAP;
        default:
            fault = take_value(walk, step);
            break;
        }
    }
    return fault;
}

enum event_fault event_find_in_avro(const struct event_plan *plan,
                                    const struct avro_program *program,
                                    const uint8_t *bytes, size_t size,
                                    struct event_found *out)
{
    struct avro_walk walk = {.base = {.plan = plan, .found = out},
                             .program = program,
                             .at = bytes,
                             .end = bytes + size,
                             .values_left = EVENT_VALUES_MAX};

    if (size > EVENT_BYTES_MAX)
        return EVENT_TOO_LARGE;
    out->seen = 0;
    out->in_ms = 0;
    const enum event_fault fault = run(&walk, 0);
    if (fault != EVENT_OK)
        return fault;
    return walk.at == walk.end ? event_walk_end(&walk.base) : EVENT_TRAILING;
}
