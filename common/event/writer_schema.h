/*
 * writer_schema.h - an Avro schema as its producer registered it, checked and
 * held in arrays.
 *
 * The text is JSON that nobody vouches for: its size, its nesting and the
 * number of its types are bounded, and a name that is used must be defined
 * before. Aliases and logical times are kept; defaults and docs are not, since
 * a reader of records as they were written needs neither. A schema does not
 * change once it is made: any thread may use it.
 */
#ifndef COMMON_WRITER_SCHEMA_H
#define COMMON_WRITER_SCHEMA_H

#include "common/base/attributes.h"
#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    WRITER_TEXT_MAX = 1 << 20,    /* bytes of a schema's text */
    WRITER_NODES_MAX = 8192,      /* types, each as often as it is written */
    WRITER_DEPTH_MAX = 64,        /* types within types, as they are written */
    WRITER_FIXED_MAX = 1 << 20,   /* bytes of a value of type fixed */
    WRITER_NAME_MAX = 512,        /* bytes of a name with its namespace */
    WRITER_BRANCHES_MAX = 0x7fff, /* of a union */
};

enum writer_type {
    WRITER_NULL,
    WRITER_BOOLEAN,
    WRITER_INT,
    WRITER_LONG,
    WRITER_FLOAT,
    WRITER_DOUBLE,
    WRITER_BYTES,
    WRITER_STRING,
    WRITER_FIXED,
    WRITER_ENUM,
    WRITER_ARRAY,
    WRITER_MAP,
    WRITER_UNION,
    WRITER_RECORD,
};

/* What an int or a long counts, by its logical type. */
enum writer_time {
    WRITER_NO_TIME,
    WRITER_DAYS,
    WRITER_MILLIS,
    WRITER_MICROS,
    WRITER_NANOS,
};

/* A piece of the schema's names, which are not terminated. */
struct writer_name {
    uint32_t at, size;
};

struct writer_node {
    enum writer_type type;
    enum writer_time time;
    uint32_t size;  /* fixed: bytes; enum: symbols; union: branches; record:
                       fields */
    uint32_t first; /* enum: in symbols; union: in branches; record: in fields;
                       array, map: the node of the items */
};

struct writer_field {
    struct writer_name name;
    uint32_t node;
    uint32_t alias_first, alias_count; /* in aliases */
};

/* The root is node 0. */
struct writer_schema {
    char *names;
    struct writer_node *nodes;
    struct writer_field *fields;
    struct writer_name *symbols, *aliases;
    uint32_t *branches; /* nodes */
    uint32_t node_count;
    size_t memory; /* bytes that it takes */
};

/* Fails with ERROR_FORMAT where the text is no Avro schema, with ERROR_LIMIT
 * and with ERROR_MEMORY. */
int writer_schema_parse(const char *text, size_t size,
                        struct writer_schema **out,
                        struct error *err) MUST_CHECK;

/* A schema that is written in several texts: the last one is the schema, and
 * those before it define names that later ones use. */
struct writer_text {
    const char *text;
    size_t size;
};

/* `count` is at least 1. Fails as writer_schema_parse() does. */
int writer_schema_parse_all(const struct writer_text *texts, size_t count,
                            struct writer_schema **out,
                            struct error *err) MUST_CHECK;

/* `names` are those of the schema, or of one that is being read. */
static inline bool writer_name_is(const char *names, struct writer_name name,
                                  const char *text, size_t size)
{
    return name.size == size && memcmp(names + name.at, text, size) == 0;
}

static inline const char *writer_schema_text(const struct writer_schema *schema,
                                             struct writer_name name)
{
    return schema->names + name.at;
}

/* Are records that were written by one of them read in the same way by the
 * other? Types, fields, symbols and logical times must be the same, in the same
 * order; docs, defaults, aliases and names of types do not count. */
bool writer_schema_is_same(const struct writer_schema *a,
                           const struct writer_schema *b);

/* NULL is fine. */
void writer_schema_free(struct writer_schema *schema);

#endif
