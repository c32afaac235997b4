/*
 * avro_program.h - how the fields of a plan are taken off records that were
 * written with one schema.
 *
 * Avro's bytes do not say what they are: their order is the schema's. So each
 * schema is compiled once, for the fields that are wanted, into steps that pass
 * over bytes or take a value where it is. A field is found by its name, or by
 * an alias of it where no field of its record has that name. Only as many steps
 * are made as CURSOR_DEPTH_MAX and AVRO_STEPS_MAX allow. A program does not
 * change once it is made: any thread may use it. It borrows from its schema.
 */
#ifndef COMMON_AVRO_PROGRAM_H
#define COMMON_AVRO_PROGRAM_H

#include "common/base/attributes.h"
#include "common/base/error.h"
#include "common/event/event_plan.h"
#include "common/event/writer_schema.h"

#include <stdint.h>

enum { AVRO_STEPS_MAX = 1 << 16, AVRO_ROUTINES_MAX = 4096 };

enum avro_code {
    AVRO_RETURN,
    AVRO_PASS,         /* `arg` bytes */
    AVRO_PASS_VARINTS, /* `arg` of them */
    AVRO_PASS_TEXT,    /* a size, and so many bytes */
    AVRO_TAKE_NULL,
    AVRO_TAKE_BOOLEAN,
    AVRO_TAKE_INT,
    AVRO_TAKE_LONG,
    AVRO_TAKE_TIME, /* `arg`: enum writer_time */
    AVRO_TAKE_FLOAT,
    AVRO_TAKE_DOUBLE,
    AVRO_TAKE_BYTES,
    AVRO_TAKE_TEXT,
    AVRO_TAKE_FIXED, /* `arg` bytes */
    AVRO_TAKE_ENUM,  /* `arg`: first symbol; `count` of them */
    AVRO_COPY,       /* what `path` has taken is that of path `arg`, too */
    AVRO_TAKE_MAP,   /* the head of a container, which follows */
    AVRO_TAKE_ARRAY,
    AVRO_BRANCH,   /* a union of `count`: goes on at targets[arg + branch] */
    AVRO_JUMP,     /* goes on at step `arg` */
    AVRO_CALL,     /* routine `arg` */
    AVRO_ITEMS,    /* an array: `count` members from members[arg] on are wanted,
                      and the routine of the others is behind them */
    AVRO_ENTRIES,  /* a map, likewise */
    AVRO_TOO_DEEP, /* a container that may not be open here */
    AVRO_NOT_A_MAP, /* a record of the queue that is none */
};

struct avro_step {
    uint8_t code, path;
    uint16_t count;
    uint32_t arg;
};

/* A member of an array or map that is wanted. */
struct avro_member {
    struct event_step step; /* its name or index */
    const char *text;       /* that the name is in; of the plan's path */
    unsigned paths;
    uint32_t routine;
};

struct avro_program {
    const struct writer_schema *schema;
    struct avro_step *steps;
    uint32_t *targets, *routines; /* numbers of steps */
    struct avro_member *members;
};

/* The plan must stay where it is. Fails with ERROR_LIMIT where the schema needs
 * too many steps, and with ERROR_MEMORY. */
int avro_program_compile(const struct writer_schema *schema,
                         const struct event_plan *plan,
                         struct avro_program **out,
                         struct error *err) MUST_CHECK;

/* NULL is fine. */
void avro_program_free(struct avro_program *program);

#endif
