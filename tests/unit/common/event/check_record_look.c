/*
 * check_record_look.c - records of other formats are called by their names.
 */
#include "support/run_suite.h"

#include "common/event/record_look.h"

#include <stdlib.h>
#include <string.h>

#define B(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    enum record_look look;
} records[] = {
    {B(""), LOOK_NOTHING},
    {B("\x80"), LOOK_MSGPACK},
    {B("\x81\xa2id\x01"), LOOK_MSGPACK},
    {B("\x81\xd9\x02id\x01"), LOOK_MSGPACK},
    {B("\xde\x00\x01\xa2id\x01"), LOOK_MSGPACK},
    {B("\xdf\x00\x00\x00\x01\xa2id\x01"), LOOK_MSGPACK},
    {B("\x81\xc4\x02id\x01"), LOOK_MSGPACK_BYTES},
    {B("\xde\x00\x01"), LOOK_BINARY},
    {B("\x81"), LOOK_BINARY},
    {B("{\"id\": 1}"), LOOK_JSON},
    {B(" \r\n\t{\"id\": \"\xc3\xa9\"}"), LOOK_JSON},
    {B("{}"), LOOK_JSON},
    {B("{"), LOOK_JSON},
    {B("\xef\xbb\xbf{\"id\":1}"), LOOK_JSON_MARK},
    {B("\xef\xbb\xbfid;ad"), LOOK_TEXT},
    {B("[{\"id\": 1}]"), LOOK_JSON_ARRAY},
    {B("\0\0\0\0\x07{\"id\":1}"), LOOK_REGISTRY_JSON},
    {B("\0\0\0\0\x07\0\x08imp-1"), LOOK_REGISTRY_AVRO},
    {B("\0\0\0\0\x07\x0aimp-1\x0e"), LOOK_REGISTRY_AVRO},
    {B("\0\0\0\0\x07\0\x0a\x05imp-1\x10\x07"), LOOK_REGISTRY_PROTOBUF},
    {B("\0\0\0\0\x07\x04\x02\0\x0a\x05imp-1\x10\x07"), LOOK_REGISTRY_PROTOBUF},
    {B("\0\0\0\0\x07\0\x0a\x06imp-1"), LOOK_REGISTRY_AVRO},
    {B("\0\0\0\0\x07\0\0\x05imp-1"), LOOK_REGISTRY_AVRO},
    {B("\x0a\x05imp-1\x10\xcb\x96\xc3\xff\xbc\x31\x19\0\0\0\0\0\0\xf0\x3f"),
     LOOK_PROTOBUF},
    {B("\x0b\x08\x01\x0c"), LOOK_BINARY},
    {B("\0\0\0\0\x07"), LOOK_BINARY},
    {B("Obj\x01\x04\x14"), LOOK_AVRO_CONTAINER},
    {B("{'id': 1, 'ts': 2}"), LOOK_PYTHON},
    {B("imp-1,1700000000123,7,42"), LOOK_CSV},
    {B("imp-1;1700000000123;7;42\r\n"), LOOK_CSV},
    {B("imp-1\t1700000000123\t7\t42"), LOOK_CSV},
    {B("imp-1,7\n,,"), LOOK_TEXT},
    {B("<event id=\"1\"/>"), LOOK_XML},
    {B("id=1 user=7"), LOOK_TEXT},
    {B("  "), LOOK_TEXT},
    {B("{\0\"\0i\0d\0\"\0"), LOOK_UTF16},
    {B("\xff\xfe{\0\"\0"), LOOK_UTF16},
    {B("\0{\0\""), LOOK_UTF16},
    {B("\x1f\x8b\x08\x00"), LOOK_COMPRESSED},
    {B("\x28\xb5\x2f\xfd\x20"), LOOK_COMPRESSED},
    {B("\x08\x96\x01\x12\x03"), LOOK_BINARY},
    {B("\x93\x01\x02\x03"), LOOK_BINARY},
    {B("\xc1"), LOOK_BINARY},
};
enum { RECORDS = sizeof(records) / sizeof(records[0]) };

START_TEST(a_format_is_known_by_its_first_bytes)
{
    const uint8_t *bytes = (const uint8_t *)records[_i].bytes;

    ck_assert_str_eq(record_look_name(record_look_at(bytes, records[_i].size)),
                     record_look_name(records[_i].look));
}
END_TEST

/* The copy ends where its bytes end: a sanitizer sees a look beyond. */
START_TEST(a_cut_record_is_looked_at_within_its_bounds)
{
    for (size_t size = 0; size <= records[_i].size; size++) {
        uint8_t *cut = malloc(size ? size : 1);
        memcpy(cut, records[_i].bytes, size);
        enum record_look look = record_look_at(cut, size);
        ck_assert_int_lt(look, LOOK_COUNT);
        ck_assert(size > 0 || look == LOOK_NOTHING);
        free(cut);
    }
}
END_TEST

START_TEST(every_look_has_a_name)
{
    for (int look = 0; look < LOOK_COUNT; look++)
        ck_assert_uint_gt(strlen(record_look_name((enum record_look)look)), 2);
}
END_TEST

START_TEST(a_letter_says_what_it_looks_like)
{
    char text[256];

    record_look_explain("trailing", (const uint8_t *)"[{}]", 4, text,
                        sizeof(text));
    ck_assert_str_eq(text, "trailing: the record looks like a JSON array; let "
                           "the producer write one object a record");
    record_look_explain("missing", (const uint8_t *)"\x80", 1, text,
                        sizeof(text));
    ck_assert_str_eq(text, "missing: the record looks like a msgpack map");
}
END_TEST

/* Only the first bytes of a long record are looked at. */
START_TEST(a_long_protobuf_record_is_known)
{
    uint8_t record[2000] = {0, 0, 0, 0, 7, 0, 0x08, 1, 0x12, 0xc6, 0x0f};
    char text[256];

    ck_assert_int_eq(record_look_at(record, sizeof(record)),
                     LOOK_REGISTRY_PROTOBUF);
    record_look_explain("invalid", record, sizeof(record), text, sizeof(text));
    ck_assert_str_eq(
        text, "invalid: the record looks like Protobuf of a schema registry; "
              "Protobuf is not read: let the producer write JSON "
              "(value.serializer=KafkaJsonSchemaSerializer) or msgpack");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record look");
    TCase *tests = tcase_create("looks");

    tcase_add_loop_test(tests, a_format_is_known_by_its_first_bytes, 0,
                        RECORDS);
    tcase_add_loop_test(tests, a_cut_record_is_looked_at_within_its_bounds, 0,
                        RECORDS);
    tcase_add_test(tests, every_look_has_a_name);
    tcase_add_test(tests, a_letter_says_what_it_looks_like);
    tcase_add_test(tests, a_long_protobuf_record_is_known);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
