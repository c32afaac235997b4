#include "common/event/avro_program.h"

#include "common/base/buffer.h"
#include "common/event/cursor.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A value to make steps for: which, and which paths lead to it. */
struct spot {
    uint32_t node;
    uint32_t depth; /* containers that are open around it */
    uint32_t taken; /* steps of the paths that led here */
    unsigned paths;
};

struct compiling {
    const struct writer_schema *schema;
    const struct event_plan *plan;
    struct buffer steps, targets, routines, members;
    struct buffer spots; /* one for each routine */
    uint32_t barrier;    /* a jump ends here: steps before are not merged */
    struct error *err;
};

#define NO_STEP UINT32_MAX

static int compile(struct compiling *with, struct spot spot);

/* --- Putting steps ---------------------------------------------------- */

static uint32_t step_count(const struct compiling *with)
{
    return (uint32_t)(with->steps.size / sizeof(struct avro_step));
}

static int add(struct compiling *with, struct buffer *to, const void *item,
               size_t size)
{
    buffer_append(to, item, size);
    return buffer_failed(to)
               ? error_no_memory(with->err, "the program of an Avro schema")
               : 0;
}

static int put(struct compiling *with, enum avro_code code, unsigned path,
               uint32_t arg)
{
    const struct avro_step step = {
        .code = (uint8_t)code, .path = (uint8_t)path, .arg = arg};

    if (step_count(with) == AVRO_STEPS_MAX)
        return error_set(with->err, ERROR_LIMIT,
                         "the Avro schema needs more than %d steps",
                         AVRO_STEPS_MAX);
    return add(with, &with->steps, &step, sizeof(step));
}

static struct avro_step *step_at(struct compiling *with, uint32_t at)
{
    return (struct avro_step *)(void *)with->steps.bytes + at;
}

/* Passes over `arg` more of what the last step may pass over already. */
static int put_pass(struct compiling *with, enum avro_code code, uint32_t arg)
{
    const uint32_t count = step_count(with);

    if (count > with->barrier && step_at(with, count - 1)->code == code) {
        step_at(with, count - 1)->arg += arg;
        return 0;
    }
    return put(with, code, 0, arg);
}

/* The steps to come may be jumped to. */
static uint32_t put_label(struct compiling *with)
{
    with->barrier = step_count(with);
    return with->barrier;
}

/* Puts a step that takes the value of some paths. */
static int put_take(struct compiling *with, enum avro_code code, unsigned paths,
                    uint32_t arg)
{
    const unsigned first = event_plan_lowest(paths);

    if (put(with, code, first, arg) < 0)
        return -1;
    for (unsigned i = first + 1; paths >> i; i++)
        if (paths >> i & 1 && put(with, AVRO_COPY, first, i) < 0)
            return -1;
    return 0;
}

/* --- Single values ---------------------------------------------------- */

static int pass_scalar(struct compiling *with, const struct writer_node *node)
{
    switch (node->type) {
    case WRITER_NULL:
        return 0;
    case WRITER_BOOLEAN:
        return put_pass(with, AVRO_PASS, 1);
    case WRITER_FLOAT:
        return put_pass(with, AVRO_PASS, 4);
    case WRITER_DOUBLE:
        return put_pass(with, AVRO_PASS, 8);
    case WRITER_FIXED:
        return put_pass(with, AVRO_PASS, node->size);
    case WRITER_BYTES:
    case WRITER_STRING:
        return put(with, AVRO_PASS_TEXT, 0, 0);
    default:
        return put_pass(with, AVRO_PASS_VARINTS, 1);
    }
}

static int take_number(struct compiling *with, const struct writer_node *node,
                       unsigned paths)
{
    if (node->time != WRITER_NO_TIME)
        return put_take(with, AVRO_TAKE_TIME, paths, node->time);
    return put_take(with,
                    node->type == WRITER_INT ? AVRO_TAKE_INT : AVRO_TAKE_LONG,
                    paths, 0);
}

static int take_enum(struct compiling *with, const struct writer_node *node,
                     unsigned paths)
{
    const uint32_t at = step_count(with);

    if (node->size > UINT16_MAX)
        return error_set(with->err, ERROR_LIMIT,
                         "the Avro schema has an enum of %u symbols",
                         node->size);
    if (put_take(with, AVRO_TAKE_ENUM, paths, node->first) < 0)
        return -1;
    step_at(with, at)->count = (uint16_t)node->size;
    return 0;
}

static int take_scalar(struct compiling *with, const struct writer_node *node,
                       unsigned paths)
{
    switch (node->type) {
    case WRITER_NULL:
        return put_take(with, AVRO_TAKE_NULL, paths, 0);
    case WRITER_BOOLEAN:
        return put_take(with, AVRO_TAKE_BOOLEAN, paths, 0);
    case WRITER_FLOAT:
        return put_take(with, AVRO_TAKE_FLOAT, paths, 0);
    case WRITER_DOUBLE:
        return put_take(with, AVRO_TAKE_DOUBLE, paths, 0);
    case WRITER_FIXED:
        return put_take(with, AVRO_TAKE_FIXED, paths, node->size);
    case WRITER_BYTES:
        return put_take(with, AVRO_TAKE_BYTES, paths, 0);
    case WRITER_STRING:
        return put_take(with, AVRO_TAKE_TEXT, paths, 0);
    case WRITER_ENUM:
        return take_enum(with, node, paths);
    default:
        return take_number(with, node, paths);
    }
}

/* --- Values with parts ------------------------------------------------ */

/* The routine of a spot, which is made once. */
static int find_routine(struct compiling *with, struct spot spot,
                        uint32_t *routine)
{
    const struct spot *spots = (const void *)with->spots.bytes;
    const uint32_t count = (uint32_t)(with->spots.size / sizeof(struct spot));

    if (spot.paths == 0)
        spot.taken = 0;
    for (*routine = 0; *routine < count; ++*routine)
        if (memcmp(&spots[*routine], &spot, sizeof(spot)) == 0)
            return 0;
    if (count == AVRO_ROUTINES_MAX)
        return error_set(with->err, ERROR_LIMIT,
                         "the Avro schema needs more than %d routines",
                         AVRO_ROUTINES_MAX);
    return add(with, &with->spots, &spot, sizeof(spot));
}

/* The jumps behind the branches are a chain, each naming the one before, until
 * their target is known. */
static void end_jumps(struct compiling *with, uint32_t last)
{
    const uint32_t end = put_label(with);

    while (last != NO_STEP) {
        struct avro_step *jump = step_at(with, last);
        last = jump->arg;
        jump->arg = end;
    }
}

static int compile_union(struct compiling *with, struct spot spot)
{
    const struct writer_node *node = &with->schema->nodes[spot.node];
    const uint32_t *branches = with->schema->branches + node->first;
    const uint32_t first = (uint32_t)(with->targets.size / sizeof(uint32_t));
    const uint32_t at = step_count(with);
    uint32_t jump = NO_STEP;

    if (put(with, AVRO_BRANCH, 0, first) < 0)
        return -1;
    step_at(with, at)->count = (uint16_t)node->size;
    for (uint32_t i = 0; i < node->size; i++)
        if (add(with, &with->targets, &jump, sizeof(jump)) < 0)
            return -1;
    for (uint32_t i = 0; i < node->size; i++) {
        const uint32_t label = put_label(with);
        memcpy(with->targets.bytes + (first + i) * sizeof(label), &label,
               sizeof(label));
        spot.node = branches[i];
        if (compile(with, spot) < 0)
            return -1;
        if (i + 1 == node->size)
            break;
        if (put(with, AVRO_JUMP, 0, jump) < 0)
            return -1;
        jump = step_count(with) - 1;
    }
    end_jumps(with, jump);
    return 0;
}

static bool is_named(const struct compiling *with, struct writer_name name,
                     const struct event_path *path, uint32_t step)
{
    return writer_name_is(with->schema->names, name,
                          path->text + path->steps[step].at,
                          path->steps[step].size);
}

/* The field of a record that a path leads through, by name before alias; the
 * number of fields where there is none. */
static uint32_t field_of(const struct compiling *with,
                         const struct writer_node *record,
                         const struct event_path *path, uint32_t step)
{
    const struct writer_field *fields = with->schema->fields;

    for (uint32_t i = 0; i < record->size; i++)
        if (is_named(with, fields[record->first + i].name, path, step))
            return i;
    for (uint32_t i = 0; i < record->size; i++) {
        const struct writer_field *field = &fields[record->first + i];
        for (uint32_t a = 0; a < field->alias_count; a++)
            if (is_named(with, with->schema->aliases[field->alias_first + a],
                         path, step))
                return i;
    }
    return record->size;
}

/* Is it a record of single values? */
static bool is_flat(const struct compiling *with,
                    const struct writer_node *record)
{
    const struct writer_field *fields = with->schema->fields;

    for (uint32_t i = 0; i < record->size; i++)
        if (with->schema->nodes[fields[record->first + i].node].type >=
            WRITER_ARRAY)
            return false;
    return true;
}

/* Makes the steps of the fields one behind the other. */
static int compile_fields(struct compiling *with, struct spot spot)
{
    const struct writer_node *record = &with->schema->nodes[spot.node];
    const struct writer_field *fields = with->schema->fields;
    uint32_t leads_to[EVENT_PLAN_MAX] = {0};

    for (unsigned i = 0; spot.paths >> i; i++)
        if (spot.paths >> i & 1)
            leads_to[i] =
                field_of(with, record, &with->plan->paths[i], spot.taken);
    for (uint32_t f = 0; f < record->size; f++) {
        struct spot field = {fields[record->first + f].node, spot.depth + 1,
                             spot.taken + 1, 0};
        for (unsigned i = 0; spot.paths >> i; i++)
            if (spot.paths >> i & 1 && leads_to[i] == f)
                field.paths |= 1u << i;
        if (compile(with, field) < 0)
            return -1;
    }
    return 0;
}

/* Records without wanted fields share routines, or a schema whose types use
 * each other would need more steps than there is room for. */
static int compile_record(struct compiling *with, struct spot spot)
{
    uint32_t routine;

    if (spot.depth == CURSOR_DEPTH_MAX)
        return put(with, AVRO_TOO_DEEP, 0, 0);
    if (spot.paths || is_flat(with, &with->schema->nodes[spot.node]))
        return compile_fields(with, spot);
    if (find_routine(with, spot, &routine) < 0)
        return -1;
    return put(with, AVRO_CALL, 0, routine);
}

static bool is_same_step(const struct event_path *a, const struct event_path *b,
                         uint32_t step)
{
    return a->steps[step].size == b->steps[step].size &&
           memcmp(a->text + a->steps[step].at, b->text + b->steps[step].at,
                  a->steps[step].size) == 0;
}

/* Adds a member for the lowest path and those of the same name or index, which
 * are taken out of *paths. */
static int add_member(struct compiling *with, struct spot spot, uint32_t items,
                      unsigned *paths)
{
    const unsigned first = event_plan_lowest(*paths);
    const struct event_path *path = &with->plan->paths[first];
    struct avro_member member = {.step = path->steps[spot.taken],
                                 .text = path->text};

    for (unsigned i = first; *paths >> i; i++)
        if (*paths >> i & 1 &&
            is_same_step(path, &with->plan->paths[i], spot.taken))
            member.paths |= 1u << i;
    *paths &= ~member.paths;
    if (find_routine(
            with,
            (struct spot){items, spot.depth + 1, spot.taken + 1, member.paths},
            &member.routine) < 0)
        return -1;
    return add(with, &with->members, &member, sizeof(member));
}

static int compile_items(struct compiling *with, struct spot spot)
{
    const struct writer_node *node = &with->schema->nodes[spot.node];
    struct avro_member others = {.text = NULL};
    const uint32_t first =
        (uint32_t)(with->members.size / sizeof(struct avro_member));
    const uint32_t at = step_count(with);
    const bool is_array = node->type == WRITER_ARRAY;
    unsigned paths = spot.paths;
    uint16_t count = 0;

    if (spot.depth == CURSOR_DEPTH_MAX)
        return put(with, AVRO_TOO_DEEP, 0, 0);
    for (unsigned i = 0; is_array && spot.paths >> i; i++)
        if (spot.paths >> i & 1 &&
            with->plan->paths[i].steps[spot.taken].index == EVENT_PATH_NO_INDEX)
            paths &= ~(1u << i);
    for (; paths; count++)
        if (add_member(with, spot, node->first, &paths) < 0)
            return -1;
    if (find_routine(with, (struct spot){node->first, spot.depth + 1, 0, 0},
                     &others.routine) < 0 ||
        add(with, &with->members, &others, sizeof(others)) < 0 ||
        put(with, is_array ? AVRO_ITEMS : AVRO_ENTRIES, 0, first) < 0)
        return -1;
    step_at(with, at)->count = count;
    return 0;
}

/* --- Any value -------------------------------------------------------- */

static int compile(struct compiling *with, struct spot spot)
{
    const struct writer_node *node = &with->schema->nodes[spot.node];
    const unsigned ends =
        spot.taken > 0 ? spot.paths & with->plan->ends[spot.taken - 1] : 0;

    if (node->type == WRITER_UNION)
        return compile_union(with, spot);
    if (spot.depth == 0 && node->type != WRITER_RECORD &&
        node->type != WRITER_MAP)
        return put(with, AVRO_NOT_A_MAP, 0, 0);
    if (node->type < WRITER_ARRAY)
        return ends ? take_scalar(with, node, ends) : pass_scalar(with, node);
    if (ends &&
        put_take(with,
                 node->type == WRITER_ARRAY ? AVRO_TAKE_ARRAY : AVRO_TAKE_MAP,
                 ends, 0) < 0)
        return -1;
    spot.paths &= ~ends;
    return node->type == WRITER_RECORD ? compile_record(with, spot)
                                       : compile_items(with, spot);
}

/* A routine of a record is that of its fields: it does not call itself. */
static int compile_routine(struct compiling *with, struct spot spot)
{
    const bool is_record = with->schema->nodes[spot.node].type == WRITER_RECORD;

    return is_record && spot.paths == 0 && spot.depth < CURSOR_DEPTH_MAX
               ? compile_fields(with, spot)
               : compile(with, spot);
}

/* Makes the routines, of which each may ask for more. */
static int compile_all(struct compiling *with)
{
    uint32_t routine = 0;
    const struct spot root = {0, 0, 0, with->plan->in_value};

    if (find_routine(with, root, &routine) < 0)
        return -1;
    for (; routine < with->spots.size / sizeof(struct spot); routine++) {
        const struct spot spot =
            ((const struct spot *)(const void *)with->spots.bytes)[routine];
        const uint32_t label = put_label(with);
        if (add(with, &with->routines, &label, sizeof(label)) < 0 ||
            compile_routine(with, spot) < 0 || put(with, AVRO_RETURN, 0, 0) < 0)
            return -1;
    }
    return 0;
}

int avro_program_compile(const struct writer_schema *schema,
                         const struct event_plan *plan,
                         struct avro_program **out, struct error *err)
{
    struct compiling with = {.schema = schema, .plan = plan, .err = err};
    struct avro_program *program = calloc(1, sizeof(*program));
    int status = program
                     ? compile_all(&with)
                     : error_no_memory(err, "the program of an Avro schema");

    buffer_free(&with.spots);
    if (status < 0) {
        free(program);
        buffer_free(&with.steps);
        buffer_free(&with.targets);
        buffer_free(&with.routines);
        buffer_free(&with.members);
        return -1;
    }
    *program = (struct avro_program){.schema = schema,
                                     .steps = (void *)with.steps.bytes,
                                     .targets = (void *)with.targets.bytes,
                                     .routines = (void *)with.routines.bytes,
                                     .members = (void *)with.members.bytes};
    *out = program;
    return 0;
}

void avro_program_free(struct avro_program *program)
{
    if (!program)
        return;
    free(program->steps);
    free(program->targets);
    free(program->routines);
    free(program->members);
    free(program);
}
