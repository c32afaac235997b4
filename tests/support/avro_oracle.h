/*
 * avro_oracle.h - avro-c as the judge of what we write in Avro, by the schema
 * that we publish; and random values to write.
 *
 * There is one oracle. Nothing here fails quietly: what goes wrong ends the
 * test.
 */
#ifndef SUPPORT_AVRO_ORACLE_H
#define SUPPORT_AVRO_ORACLE_H

#include "common/base/buffer.h"
#include "common/event/event_schemas.h"

#include <avro.h>
#include <stddef.h>
#include <stdint.h>

enum { AVRO_ORACLE_NUMBER = 0x01020304, AVRO_ORACLE_EVENTS = 3000 };

struct avro_oracle {
    struct buffer text;  /* of the schema, with a zero at its end */
    struct buffer bytes; /* of a record: the test writes them */
    avro_value_iface_t *class;
    avro_schema_t schema;
    avro_value_t value; /* of the record that was decoded last */
    uint64_t random_state;
};

extern struct avro_oracle oracle;

void avro_oracle_open(void (*append)(struct buffer *));
void avro_oracle_close(void);

/* For our own readers: the schema has AVRO_ORACLE_NUMBER. */
const struct event_schemas *avro_oracle_schemas(void);

/* avro-c takes the bytes behind the head for one record, and writes the same
 * bytes, to the last one, of what it took. */
void avro_oracle_decode(void);

avro_value_t avro_oracle_field(const avro_value_t *of, const char *name);

/* Of a union what it holds; *branch is which of its types that is. */
avro_value_t avro_oracle_branch(const avro_value_t *of, const char *name,
                                int *branch);

int64_t avro_oracle_long(const avro_value_t *of);
void avro_oracle_check_double(const avro_value_t *of, double wanted);
void avro_oracle_check_fixed(const avro_value_t *of, const uint8_t *wanted);
void avro_oracle_check_text(const avro_value_t *of, const void *wanted,
                            size_t size);

unsigned avro_oracle_below(unsigned bound);
double avro_oracle_real(void);
int64_t avro_oracle_integer(void);

#endif
