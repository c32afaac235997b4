/*
 * event_writers.h - the programs of the schemas that one reader has met.
 *
 * A part of the reader (event_reader.h). A program is compiled when a schema is
 * met first, and is found by its number then. Bounded: beyond
 * EVENT_WRITERS_MAX, the programs of some other schema are given up. Zeroed is
 * empty and valid. One thread.
 */
#ifndef COMMON_EVENT_WRITERS_H
#define COMMON_EVENT_WRITERS_H

#include "common/event/avro_program.h"
#include "common/event/event_codec.h"
#include "common/event/event_schemas.h"

#include <stdint.h>

enum { EVENT_WRITERS_MAX = 64 };

struct event_writer {
    uint32_t number;
    const struct event_schema *schema; /* NULL: the place is free */
    struct avro_program *program;      /* NULL: none can be made */
};

struct event_writers {
    struct event_writer all[EVENT_WRITERS_MAX];
    unsigned next;                   /* the place to be given up next */
    unsigned version;                /* of the schemas */
    const struct event_writer *last; /* that was found; NULL: none */
};

/* Finds what wrote a record, by the number in its head. EVENT_SCHEMA_UNKNOWN:
 * its schema is not to be had, or there is no memory for it; no more is
 * remembered of that. EVENT_SCHEMA_UNFIT: records of such a schema cannot be
 * read. EVENT_OK: of Avro, there is a program. The plan must stay as it is. */
enum event_fault event_writers_find(struct event_writers *writers,
                                    const struct event_schemas *schemas,
                                    const struct event_plan *plan,
                                    const uint8_t *head,
                                    const struct event_writer **out);

/* Gives all programs up. */
void event_writers_clear(struct event_writers *writers);

#endif
