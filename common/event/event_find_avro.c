/*
 * event_find_avro.c - the finder of fields in Avro: runs the program of the
 * writer's schema over the bytes of a record.
 */
#include "common/event/avro_cursor.h"
#include "common/event/avro_program.h"
#include "common/event/event_walk.h"

struct avro_walk {
    struct event_walk base;
    const struct avro_program *program;
    struct avro_cursor cursor;
};

static enum event_fault run(struct avro_walk *walk, uint32_t at);

static inline enum event_fault pass_varints(struct avro_cursor *cursor,
                                            uint32_t count)
{
    enum event_fault fault = EVENT_OK;
    int64_t number;

    while (count-- > 0 && fault == EVENT_OK)
        fault = avro_take_long(cursor, &number);
    return fault;
}

/* --- Values that are taken -------------------------------------------- */

static enum event_fault take_enum(struct avro_walk *walk,
                                  const struct avro_step *step,
                                  struct cursor_value *value)
{
    const struct writer_schema *schema = walk->program->schema;
    uint32_t symbol;
    enum event_fault fault =
        avro_take_choice(&walk->cursor, step->count, &symbol);

    if (fault != EVENT_OK)
        return fault;
    const struct writer_name name = schema->symbols[step->arg + symbol];
    value->type = CURSOR_TEXT;
    value->bytes = (const uint8_t *)writer_schema_text(schema, name);
    value->size = name.size;
    return EVENT_OK;
}

static inline enum event_fault take_number(struct avro_walk *walk,
                                           const struct avro_step *step,
                                           struct cursor_value *value)
{
    const enum writer_time time = step->code == AVRO_TAKE_TIME
                                      ? (enum writer_time)step->arg
                                      : WRITER_NO_TIME;
    const bool is_int = step->code == AVRO_TAKE_INT || time == WRITER_DAYS;

    value->type = CURSOR_INTEGER;
    if (time != WRITER_NO_TIME)
        walk->base.found->in_ms |= 1u << step->path;
    return avro_take_integer(&walk->cursor, is_int ? WRITER_INT : WRITER_LONG,
                             time, &value->integer);
}

static inline enum event_fault take_value(struct avro_walk *walk,
                                          const struct avro_step *step)
{
    struct event_found *found = walk->base.found;
    struct cursor_value *value = &found->values[step->path];
    const uint8_t *const start = walk->cursor.at;
    enum event_fault fault = EVENT_OK;

    switch (step->code) {
    case AVRO_TAKE_NULL:
        value->type = CURSOR_NIL;
        break;
    case AVRO_TAKE_BOOLEAN:
        value->type = CURSOR_BOOL;
        fault = avro_take_boolean(&walk->cursor, &value->boolean);
        break;
    case AVRO_TAKE_FLOAT:
        value->type = CURSOR_FLOAT;
        fault = avro_take_float(&walk->cursor, &value->real);
        break;
    case AVRO_TAKE_DOUBLE:
        value->type = CURSOR_FLOAT;
        fault = avro_take_double(&walk->cursor, &value->real);
        break;
    case AVRO_TAKE_BYTES:
    case AVRO_TAKE_TEXT:
        value->type = step->code == AVRO_TAKE_TEXT ? CURSOR_TEXT : CURSOR_BYTES;
        fault = avro_take_text(&walk->cursor, &value->bytes, &value->size);
        break;
    case AVRO_TAKE_FIXED:
        value->type = CURSOR_BYTES;
        value->bytes = walk->cursor.at;
        value->size = step->arg;
        fault = avro_pass(&walk->cursor, step->arg);
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
    found->raw[step->path] =
        (struct span){start, (uint32_t)(walk->cursor.at - start)};
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

/* --- Arrays and maps -------------------------------------------------- */

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

/* Goes to the next block that has a wanted entry, or whose size it does not
 * say; *count is 0 at the end. */
static enum event_fault next_block(struct avro_walk *walk,
                                   const struct avro_step *step, unsigned each,
                                   uint32_t *count)
{
    enum event_fault fault;
    int64_t size;

    do {
        fault = avro_take_block(&walk->cursor, each, count, &size);
        if (fault != EVENT_OK || *count == 0 || size < 0 || step->count > 0)
            return fault;
        fault = avro_pass(&walk->cursor, (uint64_t)size);
    } while (fault == EVENT_OK);
    return fault;
}

static enum event_fault walk_items(struct avro_walk *walk,
                                   const struct avro_step *step)
{
    const struct avro_member *members = walk->program->members + step->arg;
    enum event_fault fault;
    uint32_t index = 0, count;

    while ((fault = next_block(walk, step, 1, &count)) == EVENT_OK &&
           count > 0) {
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

    while ((fault = next_block(walk, step, 2, &count)) == EVENT_OK &&
           count > 0) {
        for (; count > 0 && fault == EVENT_OK; count--) {
            fault = avro_take_text(&walk->cursor, &name, &name_size);
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

/* --- The walk --------------------------------------------------------- */

static inline enum event_fault
take_branch(struct avro_walk *walk, const struct avro_step *step, uint32_t *at)
{
    uint32_t branch;
    enum event_fault fault =
        avro_take_choice(&walk->cursor, step->count, &branch);

    if (fault == EVENT_OK)
        *at = walk->program->targets[step->arg + branch];
    return fault;
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
            fault = avro_pass(&walk->cursor, step->arg);
            break;
        case AVRO_PASS_VARINTS:
            fault = pass_varints(&walk->cursor, step->arg);
            break;
        case AVRO_PASS_TEXT:
            fault = avro_take_text(&walk->cursor, &text, &size);
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
                             .cursor = {bytes, bytes + size, EVENT_VALUES_MAX}};

    if (size > EVENT_BYTES_MAX)
        return EVENT_TOO_LARGE;
    out->seen = 0;
    out->in_ms = 0;
    const enum event_fault fault = run(&walk, 0);
    if (fault != EVENT_OK)
        return fault;
    return walk.cursor.at == walk.cursor.end ? event_walk_end(&walk.base)
                                             : EVENT_TRAILING;
}
