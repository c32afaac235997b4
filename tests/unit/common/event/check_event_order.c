/*
 * check_event_order.c - what a reader remembers of the last record never
 * changes what it says of the next one.
 */
#include "support/run_suite.h"

#include "common/event/event_reader.h"

#include <stdlib.h>
#include <string.h>

#define J(text) text, sizeof(text) - 1
#define AD                                                                     \
    "\xa2"                                                                     \
    "ad"
#define NIL "\xc0"

/* clang-format off */
static const struct {
    const char *bytes;
    size_t size;
} records[] = {
    {J("{\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42,\"x\":5}")},
    {J("{\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42,\"x\":5,\"x\":6}")},
    {J("{\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42,\"ad\":42}")},
    {J("{\"id\":2\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{,\"id\":2,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"id\":2,\"ts\":1700000000123,\"user\":7,,\"ad\":42}")},
    {J("{\"id\":2,\"ts\":1700000000123,\"user\":7,\"ad\":42,}")},
    {J("{\"id\":2,\"ts\":1700000000123,\"user\":07,\"ad\":42}")},
    {J("{\"id\":2,\"ts\":1700000000123,\"user\":1e1,\"ad\":4.0}")},
    {J("{\"id\":2,\"ts\":1700000000123,\"user\":-7,\"ad\":123456789012345678}")},
    {J("{\"id\":2,\"ts\":1700000000123,\"user\":12345678,\"ad\":0}")},
    {J("{\"id\":2,\"ts\":1700000000123,\"user\":1234567890123456,\"ad\":123456789}")},
    {J("{\"ts\":1700000000123,\"id\":\"a\",\"ad\":\"long enough for words\",\"user\":\"\"}")},
    {J("{\"ts\":1700000000123,\"id\":\"\\u0061\",\"ad\":\"\xc3\xa9\",\"user\":\"u\"}")},
    {J("{\"ts\":1700000000123,\"id\":\"a\",\"ad\":\"\xc3\",\"user\":\"u\"}")},
    {J("{\"ts\":1700000000123,\"id\":\"a\",\"ad\":\"tab\there\",\"user\":\"u\"}")},
    {J("{ \"id\": 1, \"ts\": 1700000000123, \"user\": \"7\", \"ad\": 42 }")},
    {J("{ \"id\": 1, \"ts\": 1700000000123, \"user\": true, \"ad\": null }")},
    {J("{\"id\":1,\"c\":{\"u\":3,\"ts\":4},\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"id\":1,\"c\":{\"u\":3},\"c\":{\"u\":3},\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"c\":[{\"u\":3},{\"u\":4}],\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"c\":{\"v\":1,\"u\":{\"u\":3}},\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"\\u0069d\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"a_long_name_of_a_field\":1,\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"campaign_id\":9,\"campaign_no\":8,\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"campaign_no\":9,\"campaign_id\":8,\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    /* the third name is the first one of its object, or is not */
    {J("{\"x\":1,\"c\":[0,{\"v\":1}],\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"c\":[0,{\"u\":1\"v\":1}],\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"c\":[0,{\"u\":1,\"v\":1}],\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{\"x\":1,\"c\":[0,{,\"v\":1}],\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42}")},
    {J("{}")},
    {J("[]")},
    {J("\x84\xa2id\x01\xa2ts\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xa4user\x07" AD "\x2a")},
    {J("\x84\xa2id\x01\xa2ts\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b\xa4user\xcf\xff\xff\xff\xff\xff\xff\xff\xff" AD "\x2a")},
    {J("\x84\xa4user\xcd\x01\x00\xa2id\xa3" "abc" AD "\xcc\x80\xa2ts\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b")},
    {J("\x84\xa4user\xff\xa2id\xc4\x01\x09" AD "\xd0\x80\xa2ts\xce\x65\x53\xf1\x00")},
    {J("\x85\xa1x\x01\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a")},
    {J("\x86\xa1x\x01\xa1x\x02\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a")},
    {J("\x86" AD NIL "\xa1x\x02\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a")},
    {J("\x85\xa1" "c\x82\xa1u\x03\xa2ts\x04\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a")},
    {J("\x86\xab" "campaign_id\x09\xab" "campaign_no\x08\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a")},
    {J("\x86\xab" "campaign_no\x09\xab" "campaign_id\x08\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a")},
    {J("\x85\x01\x01\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a")},
    {J("\x85\xc1\x01\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a")},
    {J("\x84\xa2id\x01\xa2ts\x01\xa4user\x91\x07" AD "\x2a")},
    {J("\x84\xa2id\x01\xa2ts\x01\xa4user\x07" AD "\x2a\x2a")},
};
/* clang-format on */
enum { RECORDS = sizeof(records) / sizeof(records[0]), WANTED = 4 };

static const char *const wanted[WANTED] = {"x", "c.u", "campaign_id", "c[1].u"};

/* All that a reader says of a record. */
struct answer {
    enum event_fault fault;
    char about[EVENT_FIELD_SIZE];
    struct impression event;
    unsigned seen;
    int64_t further[WANTED];
};

static struct error err;

static struct event_reader *reader_of(unsigned at[WANTED])
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct event_reader *reader = NULL;

    fields.impressions_format = EVENT_FORMAT_AUTO;
    ck_assert_ok(event_reader_new(&fields, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    for (int i = 0; i < WANTED; i++)
        ck_assert_ok(event_reader_want(reader, wanted[i], &at[i], &err), err);
    return reader;
}

static void ask(struct event_reader *reader, const unsigned at[WANTED],
                struct event_scratch *scratch, const uint8_t *bytes,
                size_t size, struct answer *out)
{
    const struct event_record record = {.value = bytes, .value_size = size};
    const char *about;

    memset(out, 0, sizeof(*out));
    event_scratch_clear(scratch);
    ck_assert_ok(event_scratch_ready(scratch, &err), err);
    out->fault =
        event_reader_impression(reader, &record, scratch, &out->event, &about);
    if (about)
        strcpy(out->about, about);
    if (out->fault != EVENT_OK)
        return;
    out->seen = scratch->found.seen;
    for (int i = 0; i < WANTED; i++)
        if (out->seen >> at[i] & 1)
            out->further[i] = scratch->found.values[at[i]].integer;
}

static bool is_same_span(struct span a, struct span b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_same(const struct answer *a, const struct answer *b)
{
    if (a->fault != b->fault || strcmp(a->about, b->about) != 0)
        return false;
    return a->fault != EVENT_OK ||
           (a->seen == b->seen &&
            memcmp(a->further, b->further, sizeof(a->further)) == 0 &&
            id_equal(&a->event.id, &b->event.id) &&
            id_equal(&a->event.user, &b->event.user) &&
            id_equal(&a->event.ad, &b->event.ad) &&
            a->event.ts_ms == b->event.ts_ms &&
            is_same_span(a->event.raw_id, b->event.raw_id) &&
            is_same_span(a->event.raw_ts, b->event.raw_ts) &&
            is_same_span(a->event.raw_user, b->event.raw_user) &&
            is_same_span(a->event.raw_ad, b->event.raw_ad));
}

/* The record, whole and cut anywhere, in memory of its exact size; asked of a
 * reader that has read the record `last`, and of one that has read nothing. */
START_TEST(any_record_may_follow_any_other)
{
    struct event_scratch one = {0}, two = {0};
    unsigned at[WANTED];

    for (int next = 0; next < RECORDS; next++) {
        struct event_reader *old = reader_of(at);
        for (size_t size = records[next].size; size > 0; size--) {
            struct event_reader *fresh = reader_of(at);
            uint8_t *bytes = malloc(size);
            struct answer before, got, right;
            memcpy(bytes, records[next].bytes, size);
            ask(old, at, &one, (const uint8_t *)records[_i].bytes,
                records[_i].size, &before);
            ask(old, at, &one, bytes, size, &got);
            ask(fresh, at, &two, bytes, size, &right);
            ck_assert_msg(is_same(&got, &right),
                          "%zu bytes of record %d behind record %d: %s, not %s",
                          size, next, _i, event_fault_name(got.fault),
                          event_fault_name(right.fault));
            free(bytes);
            event_reader_free(fresh);
        }
        event_reader_free(old);
    }
    event_scratch_free(&one);
    event_scratch_free(&two);
}
END_TEST

/* A field that is wanted after a record was read. */
START_TEST(a_further_field_is_found_at_once)
{
    static const char json[] =
        "{\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":42,\"y\":5}";
    struct event_scratch scratch = {0};
    unsigned at[WANTED], more;
    struct event_reader *reader = reader_of(at);
    struct answer answer;

    ask(reader, at, &scratch, (const uint8_t *)json, sizeof(json) - 1, &answer);
    ck_assert_ok(event_reader_want(reader, "y", &more, &err), err);
    ask(reader, at, &scratch, (const uint8_t *)json, sizeof(json) - 1, &answer);
    ck_assert_int_eq(answer.fault, EVENT_OK);
    ck_assert(answer.seen >> more & 1);
    ck_assert_int_eq(scratch.found.values[more].integer, 5);
    event_reader_free(reader);
    event_scratch_free(&scratch);
}
END_TEST

/* Names and values count alike, whether they are known or not. */
START_TEST(the_limit_on_values_holds_for_known_names)
{
    static const char end[] =
        "],\"id\":1,\"ts\":1700000000123,\"user\":7,\"ad\":4}";
    static char json[1 << 16];
    struct event_scratch scratch = {0};
    unsigned at[WANTED];
    struct event_reader *reader = reader_of(at);
    struct answer answer;

    for (int round = 0; round < 3; round++) {
        /* 4,096 values: the map, an array in a member, four fields. */
        for (int extra = 0; extra < 2; extra++) {
            size_t size = 0;
            json[size++] = '{';
            memcpy(json + size, J("\"z\":[1"));
            size += 6;
            for (int i = 1; i < EVENT_VALUES_MAX - 11 + extra; i++) {
                json[size++] = ',';
                json[size++] = '1';
            }
            memcpy(json + size, end, sizeof(end));
            size += sizeof(end) - 1;
            ask(reader, at, &scratch, (const uint8_t *)json, size, &answer);
            ck_assert_int_eq(answer.fault, extra ? EVENT_TOO_MANY : EVENT_OK);
        }
    }
    event_reader_free(reader);
    event_scratch_free(&scratch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event order");
    TCase *tests = tcase_create("records");

    tcase_add_loop_test(tests, any_record_may_follow_any_other, 0, RECORDS);
    tcase_add_test(tests, a_further_field_is_found_at_once);
    tcase_add_test(tests, the_limit_on_values_holds_for_known_names);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
