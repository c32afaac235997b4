#include "support/avro_event.h"

#include "support/run_suite.h"

#include "common/event/event_time.h"

#include <string.h>

struct buffer avro_record;
static struct event_scratch scratch;
static struct error err;

/* --- Writing ---------------------------------------------------------- */

size_t avro_write_long(uint8_t *out, int64_t number)
{
    uint64_t bits = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
    size_t size = 0;

    for (; bits >= 0x80; bits >>= 7)
        out[size++] = (uint8_t)((bits & 0x7f) | 0x80);
    out[size++] = (uint8_t)bits;
    return size;
}

void avro_begin(void)
{
    const uint8_t head[] = {0, 0, 0, 0, AVRO_NUMBER};

    buffer_clear(&avro_record);
    buffer_append(&avro_record, head, sizeof(head));
}

void avro_put_byte(unsigned byte)
{
    const uint8_t one = (uint8_t)byte;

    buffer_append(&avro_record, &one, 1);
}

void avro_put_long(int64_t number)
{
    uint8_t bytes[AVRO_LONG_SIZE];

    buffer_append(&avro_record, bytes, avro_write_long(bytes, number));
}

void avro_put_text(const char *text)
{
    avro_put_long((int64_t)strlen(text));
    buffer_append(&avro_record, text, strlen(text));
}

void avro_put_flat(void)
{
    avro_begin();
    avro_put_long(1);
    avro_put_long(AVRO_NOW_MS);
    avro_put_long(300);
    avro_put_long(-4);
}

/* --- Reading ---------------------------------------------------------- */

struct event_fields avro_fields(const struct event_schemas *schemas)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;

    fields.impressions_format = fields.labels_format = EVENT_FORMAT_AVRO;
    fields.ts_unit = EVENT_TIME_AUTO;
    fields.schemas = schemas;
    return fields;
}

enum event_fault avro_take_with(struct event_reader *reader,
                                struct impression *out)
{
    const struct event_record of = {.value = avro_record.bytes,
                                    .value_size = avro_record.size};
    const char *about;

    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    return event_reader_impression(reader, &of, &scratch, out, &about);
}

enum event_fault avro_take(const struct event_fields *fields,
                           struct impression *out)
{
    struct event_reader *reader = NULL;

    ck_assert_ok(event_reader_new(fields, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    const enum event_fault fault = avro_take_with(reader, out);
    event_reader_free(reader);
    return fault;
}

void avro_free(void)
{
    event_scratch_free(&scratch);
    buffer_free(&avro_record);
}
