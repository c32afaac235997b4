/*
 * avro_event.h - records in Avro, written by hand, and read as impressions.
 *
 * There is one record at a time. Nothing here fails quietly: what goes wrong
 * ends the test.
 */
#ifndef SUPPORT_AVRO_EVENT_H
#define SUPPORT_AVRO_EVENT_H

#include "common/base/buffer.h"
#include "common/event/event_reader.h"
#include "common/event/event_schemas.h"

#include <stddef.h>
#include <stdint.h>

#define AVRO_LONG(name) "{\"name\":\"" name "\",\"type\":\"long\"}"
#define AVRO_RECORD_OF(fields)                                                 \
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
/* The schema of avro_put_flat(). */
#define AVRO_FLAT                                                              \
    AVRO_RECORD_OF(AVRO_LONG("id") "," AVRO_LONG("ts") "," AVRO_LONG(          \
        "user") "," AVRO_LONG("ad"))
#define AVRO_NOW_MS INT64_C(1700000000123)

enum { AVRO_NUMBER = 7, AVRO_LONG_SIZE = 10 };

extern struct buffer avro_record;

/* Writes the number, at most AVRO_LONG_SIZE bytes; returns how many. */
size_t avro_write_long(uint8_t *out, int64_t number);

/* Begins a record: a head that names schema AVRO_NUMBER. */
void avro_begin(void);
void avro_put_byte(unsigned byte);
void avro_put_long(int64_t number);
void avro_put_text(const char *text);
/* The whole of one: id 1, ts AVRO_NOW_MS, user 300, ad -4. */
void avro_put_flat(void);

/* Impressions and labels in Avro, with times of any unit. */
struct event_fields avro_fields(const struct event_schemas *schemas);

/* Reads the record with a reader of its own. */
enum event_fault avro_take(const struct event_fields *fields,
                           struct impression *out);
/* Reads it with this reader. */
enum event_fault avro_take_with(struct event_reader *reader,
                                struct impression *out);

void avro_free(void);

#endif
