#include "support/avro_oracle.h"

#include "support/one_schema.h"
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/event/event.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct avro_oracle oracle = {.random_state = 1};

void avro_oracle_open(void (*append)(struct buffer *))
{
    append(&oracle.text);
    ck_assert(!buffer_failed(&oracle.text));
    ck_assert_int_eq(
        avro_schema_from_json_length((const char *)oracle.text.bytes,
                                     oracle.text.size, &oracle.schema),
        0);
    oracle.class = avro_generic_class_from_schema(oracle.schema);
    ck_assert_int_eq(avro_generic_value_new(oracle.class, &oracle.value), 0);
    buffer_append(&oracle.text, "", 1); /* for our parser */
}

const struct event_schemas *avro_oracle_schemas(void)
{
    return one_schema(AVRO_ORACLE_NUMBER, EVENT_SCHEMA_AVRO,
                      (const char *)oracle.text.bytes);
}

/* avro-c takes the bytes behind the head for one record, and writes the same
 * bytes, to the last one, of what it took. */
void avro_oracle_decode(void)
{
    static const uint8_t head[] = {0, 1, 2, 3, 4};

    ck_assert_uint_gt(oracle.bytes.size, sizeof(head));
    ck_assert_mem_eq(oracle.bytes.bytes, head, sizeof(head));
    avro_reader_t from =
        avro_reader_memory((const char *)oracle.bytes.bytes + sizeof(head),
                           (int64_t)(oracle.bytes.size - sizeof(head)));
    ck_assert_msg(avro_value_read(from, &oracle.value) == 0, "%s",
                  avro_strerror());
    avro_reader_free(from);
    static char again[4096];
    avro_writer_t writer = avro_writer_memory(again, sizeof(again));
    ck_assert_int_eq(avro_value_write(writer, &oracle.value), 0);
    ck_assert_int_eq(avro_writer_tell(writer),
                     (int64_t)(oracle.bytes.size - sizeof(head)));
    ck_assert_mem_eq(again, oracle.bytes.bytes + sizeof(head),
                     oracle.bytes.size - sizeof(head));
    avro_writer_free(writer);
}

/* --- What avro-c has -------------------------------------------------- */

avro_value_t avro_oracle_field(const avro_value_t *of, const char *name)
{
    avro_value_t field;

    ck_assert_msg(avro_value_get_by_name(of, name, &field, NULL) == 0, "%s",
                  name);
    return field;
}

/* Of a union what it holds; *branch is which of its types that is. */
avro_value_t avro_oracle_branch(const avro_value_t *of, const char *name,
                                int *branch)
{
    avro_value_t field = avro_oracle_field(of, name), inner;

    ck_assert_int_eq(avro_value_get_discriminant(&field, branch), 0);
    ck_assert_int_eq(avro_value_get_current_branch(&field, &inner), 0);
    return inner;
}

int64_t avro_oracle_long(const avro_value_t *of)
{
    int64_t number;

    ck_assert_int_eq(avro_value_get_long(of, &number), 0);
    return number;
}

void avro_oracle_check_double(const avro_value_t *of, double wanted)
{
    double real;

    ck_assert_int_eq(avro_value_get_double(of, &real), 0);
    ck_assert_mem_eq(&real, &wanted, sizeof(real));
}

void avro_oracle_check_fixed(const avro_value_t *of, const uint8_t *wanted)
{
    const void *raw;
    size_t size;

    ck_assert_int_eq(avro_value_get_fixed(of, &raw, &size), 0);
    ck_assert_uint_eq(size, MODEL_HASH_SIZE);
    ck_assert_mem_eq(raw, wanted, size);
}

void avro_oracle_check_text(const avro_value_t *of, const void *wanted,
                            size_t size)
{
    const char *raw;
    size_t with_end;

    ck_assert_int_eq(avro_value_get_string(of, &raw, &with_end), 0);
    ck_assert_uint_eq(with_end, size + 1);
    ck_assert_mem_eq(raw, wanted, size);
}

unsigned avro_oracle_below(unsigned bound)
{
    return (unsigned)(random_next(&oracle.random_state) % bound);
}

double avro_oracle_real(void)
{
    static const double some[] = {0, -0.0, 1, DBL_MIN, DBL_MAX, 5e-324, 0.1};
    const uint64_t bits = random_next(&oracle.random_state);
    double real;

    memcpy(&real, &bits, sizeof(real));
    return avro_oracle_below(4) == 0 ? some[avro_oracle_below(7)]
           : isfinite(real)          ? real
                                     : (double)(bits >> 11) * 0x1p-53;
}

int64_t avro_oracle_integer(void)
{
    static const int64_t some[] = {
        0, -1, 63, 64, -64, -65, 42, 127, -1, INT64_MAX, INT64_MIN, INT32_MAX};

    return avro_oracle_below(3) == 0
               ? some[avro_oracle_below(12)]
               : (int64_t)random_next(&oracle.random_state) >>
                     avro_oracle_below(64);
}

void avro_oracle_close(void)
{
    avro_value_decref(&oracle.value);
    avro_value_iface_decref(oracle.class);
    avro_schema_decref(oracle.schema);
    buffer_free(&oracle.text);
    buffer_free(&oracle.bytes);
}
