/*
 * check_event_faults.c - any bytes give an event or one fault, and the fault
 * that says what is wrong.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/event/event_codec.h"
#include "common/event/event_reader.h"

#include <stdlib.h>
#include <string.h>

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;

#define B(text) (const uint8_t *)(text), sizeof(text) - 1
#define ID "\xa2id\x01"
#define TS "\xa2ts\x01"
#define USER "\xa4user\x01"
#define AD                                                                     \
    "\xa2"                                                                     \
    "ad\x01"
#define CLICK                                                                  \
    "\xa5"                                                                     \
    "click\xc3"
#define SEVEN_ARRAYS "\x91\x91\x91\x91\x91\x91\x91"
#define TEN(x) x x x x x x x x x x
/* 256 letters: one too many for an id. */
#define LONG_TEXT TEN(TEN("xx")) TEN("xxxxx") "xxxxxx"

struct row {
    const uint8_t *bytes;
    size_t size;
    enum event_fault fault;
    const char *field;
};

/* clang-format off */
static const struct row impressions[] = {
    {B("\x84" ID TS USER AD),                         EVENT_OK, NULL},
    {B("\x84" AD USER TS ID),                         EVENT_OK, NULL},
    {B("\x85" ID TS USER AD "\xa1z\x91\xc0"),         EVENT_OK, NULL},
    {B("\x85\x91\xc0\x01" ID TS USER AD),             EVENT_OK, NULL},
    {B("\xde\x00\x04" ID TS USER AD),                 EVENT_OK, NULL},
    {B("\xdf\x00\x00\x00\x04" ID TS USER AD),         EVENT_OK, NULL},
    {B("\x86" ID TS USER AD "\xa1z\x01\xa1z\x01"),    EVENT_OK, NULL},
    {B("\x85" ID TS USER AD "\xa1z" SEVEN_ARRAYS "\x01"), EVENT_OK, NULL},
    /* every kind of id and time */
    {B("\x84\xa2id\xff" TS USER AD),                  EVENT_OK, NULL},
    {B("\x84\xa2id\xcf\x7f\xff\xff\xff\xff\xff\xff\xff" TS USER AD), EVENT_OK, NULL},
    {B("\x84\xa2id\xd3\x80\x00\x00\x00\x00\x00\x00\x00" TS USER AD), EVENT_OK, NULL},
    {B("\x84\xa2id\xc4\x01\x00" TS USER AD),          EVENT_OK, NULL},
    {B("\x84\xa2id\xdb\x00\x00\x00\x01x" TS USER AD), EVENT_OK, NULL},
    {B("\x84" ID "\xa2ts\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x01" USER AD), EVENT_OK, NULL},
    {B("\x84" ID "\xa2ts\xc7\x0c\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" USER AD), EVENT_OK, NULL},

    {B(""),                                           EVENT_EMPTY, NULL},
    {B("\x84" ID TS USER "\xa2" "ad"),                EVENT_TRUNCATED, NULL},
    {B("\x8f\x01"),                                   EVENT_TRUNCATED, NULL},
    {B("\xdf\xff\xff\xff\xff"),                       EVENT_TRUNCATED, NULL},
    {B("\xdd\xff\xff\xff\xff"),                       EVENT_TRUNCATED, NULL},
    {B("\x81\x01\xdf\xff\xff\xff\xff"),               EVENT_TRUNCATED, NULL},
    {B("\x81\x01\xc6\xff\xff\xff\xff"),               EVENT_TRUNCATED, NULL},
    {B("\x81\x01\xc9\xff\xff\xff\xff\x01"),           EVENT_TRUNCATED, NULL},
    {B("\x81\xdb\xff\xff\xff\xff\x01"),               EVENT_TRUNCATED, NULL},
    {B("\x84" ID TS USER AD "\xc0"),                  EVENT_TRAILING, NULL},
    {B("\x90\x90"),                                   EVENT_TRAILING, NULL},
    {B("\xc1"),                                       EVENT_INVALID, NULL},
    {B("\x81\xc1\x01"),                               EVENT_INVALID, NULL},
    {B("\x81\x01\x91\xc1"),                           EVENT_INVALID, NULL},
    {B("\xc0"),                                       EVENT_NOT_A_MAP, NULL},
    {B("\x01"),                                       EVENT_NOT_A_MAP, NULL},
    {B("\xa1{"),                                      EVENT_NOT_A_MAP, NULL},
    {B("\x91\x80"),                                   EVENT_NOT_A_MAP, NULL},
    {B("\x85" ID TS USER AD "\xa1z" SEVEN_ARRAYS "\x91\x01"), EVENT_TOO_DEEP, NULL},
    {B(SEVEN_ARRAYS "\x91\x90"),                      EVENT_TOO_DEEP, NULL},
    {B(SEVEN_ARRAYS SEVEN_ARRAYS SEVEN_ARRAYS SEVEN_ARRAYS "\x91\x91\x90"), EVENT_TOO_DEEP, NULL},
    {B("\x80"),                                       EVENT_MISSING, "id"},
    {B("\x83" TS USER AD),                            EVENT_MISSING, "id"},
    {B("\x83" ID USER AD),                            EVENT_MISSING, "ts"},
    {B("\x83" ID TS AD),                              EVENT_MISSING, "user"},
    {B("\x83" ID TS USER),                            EVENT_MISSING, "ad"},
    {B("\x84\xc4\x02id\x01" TS USER AD),              EVENT_MISSING, "id"},
    {B("\x84\xa3idx\x01" TS USER AD),                 EVENT_MISSING, "id"},
    {B("\x84\xa1i\x01" TS USER AD),                   EVENT_MISSING, "id"},
    {B("\x84\xa0\x01" TS USER AD),                    EVENT_MISSING, "id"},
    {B("\x84\xa3id\x00\x01" TS USER AD),              EVENT_MISSING, "id"},
    {B("\x84\xa2id\xc0" TS USER AD),                  EVENT_TYPE, "id"},
    {B("\x84\xa2id\xc2" TS USER AD),                  EVENT_TYPE, "id"},
    {B("\x84\xa2id\xca\x3f\x80\x00\x00" TS USER AD),  EVENT_TYPE, "id"},
    {B("\x84\xa2id\x90" TS USER AD),                  EVENT_TYPE, "id"},
    {B("\x84\xa2id\x80" TS USER AD),                  EVENT_TYPE, "id"},
    {B("\x84\xa2id\xd4\x01\x01" TS USER AD),          EVENT_TYPE, "id"},
    {B("\x84" ID "\xa2ts\xa1" "x" USER AD),           EVENT_TYPE, "ts"},
    {B("\x84" ID "\xa2ts\xc0" USER AD),               EVENT_TYPE, "ts"},
    {B("\x84" ID "\xa2ts\xd4\xff\x01" USER AD),       EVENT_TYPE, "ts"},
    {B("\x84" ID "\xa2ts\xd6\x05\x00\x00\x00\x01" USER AD), EVENT_TYPE, "ts"},
    {B("\x84" ID TS "\xa4user\xc3" AD),               EVENT_TYPE, "user"},
    {B("\x84" ID TS "\xa4user\x81\x01\x01" AD),       EVENT_TYPE, "user"},
    {B("\x84" ID TS USER "\xa2" "ad\xc0"),            EVENT_TYPE, "ad"},
    {B("\x84" ID "\xa2ts\xff" USER AD),               EVENT_RANGE, "ts"},
    {B("\x84" ID "\xa2ts\xcf\xff\xff\xff\xff\xff\xff\xff\xff" USER AD), EVENT_RANGE, "ts"},
    {B("\x84" ID "\xa2ts\xcf\x7f\xff\xff\xff\xff\xff\xff\xff" USER AD), EVENT_RANGE, "ts"},
    {B("\x84" ID "\xa2ts\xd7\xff\xff\xff\xff\xff\x00\x00\x00\x01" USER AD), EVENT_RANGE, "ts"},
    {B("\x84" ID "\xa2ts\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" USER AD), EVENT_RANGE, "ts"},
    {B("\x84" ID "\xa2ts\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff" USER AD), EVENT_RANGE, "ts"},
    {B("\x84\xa2id\xcf\x80\x00\x00\x00\x00\x00\x00\x00" TS USER AD), EVENT_RANGE, "id"},
    {B("\x84\xa2id\xa0" TS USER AD),                  EVENT_ID_LENGTH, "id"},
    {B("\x84" ID TS "\xa4user\xc4\x00" AD),           EVENT_ID_LENGTH, "user"},
    {B("\x84" ID TS USER "\xa2" "ad\xda\x01\x00" LONG_TEXT), EVENT_ID_LENGTH, "ad"},
    {B("\x85" ID TS USER AD AD),                      EVENT_REPEATED, "ad"},
    {B("\x85" ID ID TS USER AD),                      EVENT_REPEATED, "id"},
};

static const struct row labels[] = {
    {B("\x83" ID TS CLICK),                           EVENT_OK, NULL},
    {B("\x83" ID TS "\xa5" "click\x00"),              EVENT_OK, NULL},
    {B("\x83" ID TS "\xa5" "click\x01"),              EVENT_OK, NULL},
    {B("\x83" ID TS "\xa5" "click\xca\x3f\x80\x00\x00"), EVENT_OK, NULL},
    {B("\x83" ID TS "\xa5" "click\xcb\x80\x00\x00\x00\x00\x00\x00\x00"), EVENT_OK, NULL},
    {B("\x85" ID TS CLICK USER AD),                   EVENT_OK, NULL},
    {B("\x82" TS CLICK),                              EVENT_MISSING, "id"},
    {B("\x82" ID CLICK),                              EVENT_MISSING, "ts"},
    {B("\x82" ID TS),                                 EVENT_MISSING, "click"},
    {B("\x83" ID TS "\xa5" "click\xc0"),              EVENT_TYPE, "click"},
    {B("\x83" ID TS "\xa5" "click\xa1" "x"),          EVENT_TYPE, "click"},
    {B("\x83" ID TS "\xa5" "click\x90"),              EVENT_TYPE, "click"},
    {B("\x83" ID "\xa2ts\xc3" CLICK),                 EVENT_TYPE, "ts"},
    {B("\x83\xa2id\xc3" TS CLICK),                    EVENT_TYPE, "id"},
    {B("\x85" ID TS CLICK "\xa4user\xc3" AD),         EVENT_TYPE, "user"},
    {B("\x85" ID TS CLICK USER "\xa2" "ad\xc3"),      EVENT_TYPE, "ad"},
    {B("\x83" ID TS "\xa5" "click\x02"),              EVENT_RANGE, "click"},
    {B("\x83" ID TS "\xa5" "click\xff"),              EVENT_RANGE, "click"},
    {B("\x83" ID TS "\xa5" "click\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), EVENT_RANGE, "click"},
    {B("\x83" ID TS "\xa5" "click\xca\x7f\xc0\x00\x00"), EVENT_RANGE, "click"},
    {B("\x83" ID TS "\xa5" "click\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"), EVENT_RANGE, "click"},
    {B("\x83" ID TS "\xa5" "click\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"), EVENT_RANGE, "click"},
    {B("\x83" ID TS "\xa5" "click\xcb\x3f\xf0\x00\x00\x00\x00\x00\x01"), EVENT_RANGE, "click"},
    {B("\x85" ID TS CLICK "\xa4user\xa0" AD),         EVENT_ID_LENGTH, "user"},
    {B("\x84" ID TS CLICK CLICK),                     EVENT_REPEATED, "click"},
};

#define MODEL "\xa5model\x92\x01\xc4\x08" "12345678"
#define HALF "\xa1p\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00"
#define BASIS "\xa5" "basis\xa7learned"
#define SRC "\xa3src\x92\x00\x00"

static const struct row predictions[] = {
    {B("\x88" ID TS USER AD HALF MODEL BASIS SRC),    EVENT_OK, NULL},
    {B("\x88" ID TS USER AD HALF MODEL BASIS "\xa3src\x93\x00\x00\xc0"), EVENT_OK, NULL},
    {B("\x87" ID TS USER AD MODEL BASIS SRC),         EVENT_MISSING, "p"},
    {B("\x87" ID TS USER AD HALF BASIS SRC),          EVENT_MISSING, "model"},
    {B("\x87" ID TS USER AD HALF MODEL SRC),          EVENT_MISSING, "basis"},
    {B("\x87" ID TS USER AD HALF MODEL BASIS),        EVENT_MISSING, "src"},
    {B("\x88" ID TS USER AD "\xa1p\x01" MODEL BASIS SRC), EVENT_TYPE, "p"},
    {B("\x88" ID TS USER AD "\xa1p\xca\x7f\x80\x00\x00" MODEL BASIS SRC), EVENT_RANGE, "p"},
    {B("\x88" ID TS USER AD HALF "\xa5model\x01" BASIS SRC), EVENT_TYPE, "model"},
    {B("\x88" ID TS USER AD HALF "\xa5model\x91\x01" BASIS SRC), EVENT_TYPE, "model"},
    {B("\x88" ID TS USER AD HALF "\xa5model\x92\x01\xc4\x01x" BASIS SRC), EVENT_TYPE, "model"},
    {B("\x88" ID TS USER AD HALF "\xa5model\x92\xc0\xc4\x08" "12345678" BASIS SRC), EVENT_TYPE, "model"},
    {B("\x88" ID TS USER AD HALF "\xa5model\x92\xff\xc4\x08" "12345678" BASIS SRC), EVENT_RANGE, "model"},
    {B("\x88" ID TS USER AD HALF MODEL "\xa5" "basis\x01" SRC), EVENT_TYPE, "basis"},
    {B("\x88" ID TS USER AD HALF MODEL "\xa5" "basis\xa5guess" SRC), EVENT_RANGE, "basis"},
    {B("\x88" ID TS USER AD HALF MODEL BASIS "\xa3src\x92\x00\xc0"), EVENT_TYPE, "src"},
    {B("\x88" ID TS USER AD HALF MODEL BASIS "\xa3src\x92\xff\x00"), EVENT_RANGE, "src"},
    {B("\x88" ID TS USER AD HALF MODEL BASIS "\xa3src\x92\x00\xff"), EVENT_RANGE, "src"},
    {B("\x88\xa2id\xc3" TS USER AD HALF MODEL BASIS SRC), EVENT_TYPE, "id"},
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Writes into memory of exactly the record's size, so that a read behind its
 * end is seen by the sanitizer; `out` must stay untouched on a fault. */
#define CHECK_DECODER(name, type, call)                                        \
    static enum event_fault name(const uint8_t *from, size_t size,             \
                                 const char **field)                           \
    {                                                                          \
        uint8_t *bytes = malloc(size + (size == 0));                           \
        type out, before;                                                      \
        memcpy(bytes, from, size);                                             \
        memset(&out, 0x5a, sizeof(out));                                       \
        memset(&before, 0x5a, sizeof(before));                                 \
        enum event_fault fault = call;                                         \
        if (fault != EVENT_OK)                                                 \
            ck_assert_mem_eq(&out, &before, sizeof(out));                      \
        free(bytes);                                                           \
        return fault;                                                          \
    }

CHECK_DECODER(decode_impression, struct impression,
              one_impression(&fields, bytes, size, &out, field))
CHECK_DECODER(decode_label, struct label,
              one_label(&fields, bytes, size, &out, field))
CHECK_DECODER(decode_prediction, struct prediction_event,
              one_prediction(bytes, size, &out, field))

typedef enum event_fault decoder(const uint8_t *, size_t, const char **);

static const struct {
    decoder *decode;
    const struct row *rows;
    size_t count;
} tables[] = {
    {decode_impression, impressions, COUNT(impressions)},
    {decode_label, labels, COUNT(labels)},
    {decode_prediction, predictions, COUNT(predictions)},
};

START_TEST(each_fault_has_its_name)
{
    for (size_t i = 0; i < tables[_i].count; i++) {
        const struct row *row = &tables[_i].rows[i];
        const char *field = "unset";
        enum event_fault fault =
            tables[_i].decode(row->bytes, row->size, &field);
        ck_assert_msg(fault == row->fault, "row %zu: %s, not %s", i,
                      event_fault_name(fault), event_fault_name(row->fault));
        if (row->field)
            ck_assert_msg(field && strcmp(field, row->field) == 0,
                          "row %zu: field %s", i, field ? field : "NULL");
        else
            ck_assert_msg(!field, "row %zu: field %s", i, field);
    }
}
END_TEST

START_TEST(an_event_cut_anywhere_is_truncated)
{
    for (size_t i = 0; i < tables[_i].count; i++) {
        const struct row *row = &tables[_i].rows[i];
        if (row->fault != EVENT_OK)
            continue;
        for (size_t size = 1; size < row->size; size++)
            ck_assert_int_eq(tables[_i].decode(row->bytes, size, NULL),
                             EVENT_TRUNCATED);
    }
}
END_TEST

START_TEST(every_fault_occurs_in_the_tables_or_the_bombs)
{
    bool seen[EVENT_FAULT_COUNT] = {
        [EVENT_TOO_MANY] = true,       [EVENT_TOO_LARGE] = true,
        [EVENT_PASSED_OVER] = true,    /* of a filter: check_event_reader.c */
        [EVENT_SCHEMA_UNKNOWN] = true, /* of a registry: check_event_avro.c */
        [EVENT_SCHEMA_UNFIT] = true,   [EVENT_NO_REGISTRY] = true};

    for (size_t table = 0; table < COUNT(tables); table++)
        for (size_t i = 0; i < tables[table].count; i++)
            seen[tables[table].rows[i].fault] = true;
    for (int fault = 0; fault < EVENT_FAULT_COUNT; fault++)
        ck_assert_msg(seen[fault], "%s",
                      event_fault_name((enum event_fault)fault));
}
END_TEST

START_TEST(a_megabyte_of_nils_is_too_many_values)
{
    size_t size = EVENT_BYTES_MAX;
    uint8_t *bytes = malloc(size + 1);
    uint32_t count = (uint32_t)(size - 5);

    memset(bytes, 0xc0, size + 1);
    bytes[0] = 0xdd;
    for (int i = 0; i < 4; i++)
        bytes[1 + i] = (uint8_t)(count >> (24 - 8 * i));
    ck_assert_int_eq(decode_impression(bytes, size, NULL), EVENT_TOO_MANY);
    ck_assert_int_eq(decode_impression(bytes, size + 1, NULL), EVENT_TOO_LARGE);
    free(bytes);
}
END_TEST

/* 4,096 values: the map, four fields, and an array of 4,086 behind its key. */
START_TEST(the_limit_on_values_is_exact)
{
    static const char head[] = "\x85" ID TS USER AD "\xa1z\xdc";

    for (unsigned extra = 0; extra < 2; extra++) {
        unsigned count = EVENT_VALUES_MAX - 11 + extra;
        uint8_t bytes[5000];
        size_t size = sizeof(head) - 1;
        memcpy(bytes, head, size);
        bytes[size++] = (uint8_t)(count >> 8);
        bytes[size++] = (uint8_t)count;
        memset(bytes + size, 0xc0, count);
        ck_assert_int_eq(decode_impression(bytes, size + count, NULL),
                         extra ? EVENT_TOO_MANY : EVENT_OK);
    }
}
END_TEST

START_TEST(the_words_are_the_names)
{
    char words[256] = "";

    for (int fault = 0; fault < EVENT_FAULT_COUNT; fault++) {
        strcat(words, fault ? "|" : "");
        strcat(words, event_fault_name((enum event_fault)fault));
    }
    ck_assert_str_eq(words, EVENT_FAULT_WORDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_faults");
    TCase *tests = tcase_create("tables");

    tcase_add_loop_test(tests, each_fault_has_its_name, 0, COUNT(tables));
    tcase_add_loop_test(tests, an_event_cut_anywhere_is_truncated, 0,
                        COUNT(tables));
    tcase_add_test(tests, every_fault_occurs_in_the_tables_or_the_bombs);
    tcase_add_test(tests, a_megabyte_of_nils_is_too_many_values);
    tcase_add_test(tests, the_limit_on_values_is_exact);
    tcase_add_test(tests, the_words_are_the_names);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
