/*
 * check_event_codec.c - events keep their meaning through their bytes, and
 * bytes that are no event are told apart, each kind by its own name.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct event_fields fields = EVENT_FIELDS_DEFAULT;
static struct buffer bytes;

static void free_bytes(void)
{
    buffer_free(&bytes);
}

#define B(text) (const uint8_t *)(text), sizeof(text) - 1

static struct id text_id(const char *text)
{
    return id_from_text(text, strlen(text));
}

static struct impression an_impression(void)
{
    return (struct impression){
        .id = text_id("imp-1"),
        .user = id_from_number(-7),
        .ad = text_id("summer"),
        .ts_ms = 1700000000123,
    };
}

#define ck_assert_id_eq(a, b) ck_assert(id_equal(&(a), &(b)))

START_TEST(an_impression_survives)
{
    struct impression in = an_impression(), out;
    struct event_extra extra[] = {
        {.name = "depth", .value = id_from_number(2)},
        {.name = "user", .value = id_from_number(9)},
        {.name = "bid", .is_real = true, .real = 0.375}};

    event_encode_impression(&fields, &in, extra, 3, &bytes);
    ck_assert_mem_eq(bytes.bytes + bytes.size - 9, "\xcb\x3f\xd8\0\0\0\0\0\0",
                     9);
    ck_assert_int_eq(
        one_impression(&fields, bytes.bytes, bytes.size, &out, NULL), EVENT_OK);
    ck_assert_id_eq(in.id, out.id);
    ck_assert_id_eq(in.user, out.user);
    ck_assert_id_eq(in.ad, out.ad);
    ck_assert_int_eq(in.ts_ms, out.ts_ms);

    struct id again = event_span_id(out.raw_user);
    ck_assert_id_eq(again, in.user);
    ck_assert_int_eq(event_span_ms(out.raw_ts), in.ts_ms);
}
END_TEST

START_TEST(raw_spans_are_copied_as_they_are)
{
    static const char map[] = "\x84\xa2id\xc4\x02"
                              "42\xa2ts\xd6\xff\x00\x00\x00\x01\xa4user\xd9\x01"
                              "7\xa2"
                              "ad\xd3\x00\x00\x00\x00\x00\x00\x00\x05";
    struct impression event;

    ck_assert_int_eq(one_impression(&fields, B(map), &event, NULL), EVENT_OK);
    ck_assert_int_eq(event.id.number, 42);
    ck_assert_int_eq(event.ts_ms, 1000);
    ck_assert_int_eq(event.user.number, 7);
    ck_assert_int_eq(event.ad.number, 5);
    event_encode_impression(&fields, &event, NULL, 0, &bytes);
    ck_assert_uint_eq(bytes.size, sizeof(map) - 1);
    ck_assert_mem_eq(bytes.bytes, map, bytes.size);
}
END_TEST

START_TEST(a_label_survives_with_and_without_its_pair)
{
    static const double clicks[] = {0, 1, 0.25};

    for (int pair = 0; pair < 2; pair++) {
        for (int i = 0; i < 3; i++) {
            struct label in = {
                .id = id_from_number(1u << 20),
                .ts_ms = 5,
                .click = clicks[i],
                .has_pair = pair,
                .user = text_id("u"),
                .ad = id_from_number(3),
            };
            struct label out;
            buffer_clear(&bytes);
            event_encode_label(&fields, &in, &bytes);
            ck_assert_int_eq(
                one_label(&fields, bytes.bytes, bytes.size, &out, NULL),
                EVENT_OK);
            ck_assert_id_eq(in.id, out.id);
            ck_assert_int_eq(out.ts_ms, 5);
            ck_assert(out.click == in.click);
            ck_assert(out.has_pair == in.has_pair);
            if (!pair)
                continue;
            ck_assert_id_eq(in.user, out.user);
            ck_assert_id_eq(in.ad, out.ad);
        }
    }
}
END_TEST

START_TEST(a_label_without_all_of_its_pair_has_none)
{
    static const struct {
        const uint8_t *bytes;
        size_t size;
    } labels[] = {
        {B("\x84\xa2id\x01\xa2ts\x01\xa5"
           "click\xc3\xa4user\x01")},
        {B("\x84\xa2id\x01\xa2ts\x01\xa5"
           "click\xc3\xa2"
           "ad\x01")},
        {B("\x85\xa2id\x01\xa2ts\x01\xa5"
           "click\xc3\xa2"
           "ad\x01\xa4user\xc0")},
    };

    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        struct label out;
        ck_assert_int_eq(
            one_label(&fields, labels[i].bytes, labels[i].size, &out, NULL),
            EVENT_OK);
        ck_assert(!out.has_pair);
    }
}
END_TEST

static struct prediction_event a_prediction(void)
{
    return (struct prediction_event){
        .raw_id = {B("\xa5imp-1")},
        .raw_ts = {B("\x05")},
        .raw_user = {B("\xf9")},
        .raw_ad = {B("\xc4\x01\xff")},
        .p = 0.0625,
        .model_version = UINT64_MAX,
        .model_hash = {1, 2, 3, 4, 5, 6, 7, 8},
        .basis = BASIS_ANONYMOUS,
        .src_partition = 7,
        .src_offset = INT64_MAX,
    };
}

static void assert_same_span(struct span a, struct span b)
{
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.bytes, b.bytes, a.size);
}

START_TEST(the_support_survives_where_there_is_one)
{
    struct prediction_event in = a_prediction(), out;

    event_encode_prediction(&in, &bytes);
    ck_assert_int_eq(one_prediction(bytes.bytes, bytes.size, &out, NULL),
                     EVENT_OK);
    ck_assert(!out.has_support);
    const size_t without = bytes.size;
    buffer_clear(&bytes);
    in.has_support = true;
    in.support = 35.25;
    in.contender = "fields";
    event_encode_prediction(&in, &bytes);
    ck_assert_int_eq(one_prediction(bytes.bytes, bytes.size, &out, NULL),
                     EVENT_OK);
    ck_assert(out.has_support);
    ck_assert_double_eq(out.support, 35.25);
    ck_assert_uint_eq(bytes.size, without + 17 + 17);
}
END_TEST

START_TEST(a_prediction_survives)
{
    struct prediction_event in = a_prediction(), out;

    event_encode_prediction(&in, &bytes);
    ck_assert_int_eq(one_prediction(bytes.bytes, bytes.size, &out, NULL),
                     EVENT_OK);
    assert_same_span(in.raw_id, out.raw_id);
    assert_same_span(in.raw_ts, out.raw_ts);
    assert_same_span(in.raw_user, out.raw_user);
    assert_same_span(in.raw_ad, out.raw_ad);
    ck_assert(in.p == out.p);
    ck_assert_uint_eq(in.model_version, out.model_version);
    ck_assert_mem_eq(in.model_hash, out.model_hash, MODEL_HASH_SIZE);
    ck_assert_int_eq(in.basis, out.basis);
    ck_assert_int_eq(in.src_partition, out.src_partition);
    ck_assert_int_eq(in.src_offset, out.src_offset);
}
END_TEST

START_TEST(the_delta_of_a_model_survives)
{
    struct prediction_event in = a_prediction(), out = {.delta = 5};

    event_encode_prediction(&in, &bytes);
    ck_assert_int_eq(one_prediction(bytes.bytes, bytes.size, &out, NULL),
                     EVENT_OK);
    ck_assert_uint_eq(out.delta, 0);
    buffer_clear(&bytes);
    in.delta = UINT32_MAX;
    memset(in.delta_hash, 9, MODEL_HASH_SIZE);
    event_encode_prediction(&in, &bytes);
    ck_assert_int_eq(one_prediction(bytes.bytes, bytes.size, &out, NULL),
                     EVENT_OK);
    ck_assert_uint_eq(out.model_version, in.model_version);
    ck_assert_mem_eq(in.model_hash, out.model_hash, MODEL_HASH_SIZE);
    ck_assert_uint_eq(out.delta, UINT32_MAX);
    ck_assert_mem_eq(in.delta_hash, out.delta_hash, MODEL_HASH_SIZE);
}
END_TEST

START_TEST(every_basis_survives)
{
    for (int basis = 0; basis < BASIS_COUNT; basis++) {
        struct prediction_event in = a_prediction(), out;
        in.basis = (enum basis)basis;
        buffer_clear(&bytes);
        event_encode_prediction(&in, &bytes);
        ck_assert_int_eq(one_prediction(bytes.bytes, bytes.size, &out, NULL),
                         EVENT_OK);
        ck_assert_int_eq(out.basis, basis);
    }
}
END_TEST

START_TEST(one_field_can_be_user_and_ad)
{
    struct event_fields both = EVENT_FIELDS_DEFAULT;
    struct impression in = an_impression(), out;

    strcpy(both.user, "x");
    strcpy(both.ad, "x");
    event_encode_impression(&both, &in, NULL, 0, &bytes);
    ck_assert_int_eq(one_impression(&both, bytes.bytes, bytes.size, &out, NULL),
                     EVENT_OK);
    ck_assert_id_eq(out.user, in.user);
    ck_assert_id_eq(out.ad, in.user);

    const char *field;
    ck_assert_int_eq(
        one_impression(&both, B("\x84\xa2id\x01\xa2ts\x01\xa1x\x01\xa1x\x01"),
                       &out, &field),
        EVENT_REPEATED);
    ck_assert_str_eq(field, "x");
}
END_TEST

START_TEST(fields_may_be_mapped_to_any_names)
{
    const struct event_fields mapped = {.id = "SessionID",
                                        .ts = "when",
                                        .user = "u",
                                        .ad = "us",
                                        .click = "label",
                                        .anonymous = ""};
    struct impression out;

    ck_assert_int_eq(
        one_impression(&mapped,
                       B("\x85\xa2us\x02\xa1u\x01\xa4when\x03\xa9Sessi"
                         "onID\x04\xa4user\xc0"),
                       &out, NULL),
        EVENT_OK);
    ck_assert_int_eq(out.user.number, 1);
    ck_assert_int_eq(out.ad.number, 2);
    ck_assert_int_eq(out.ts_ms, 3);
    ck_assert_int_eq(out.id.number, 4);
}
END_TEST

/* Further fields are found in the same walk. One that occurs twice is not seen,
 * and is not a fault. */
START_TEST(one_walk_finds_further_fields)
{
    static char names[20][8];
    struct event_scratch scratch = {0};
    struct event_reader *reader = NULL;
    struct event_extra extras[22];
    struct impression in = an_impression(), out;
    unsigned at[20], again;
    const char *about;
    struct error err;

    ck_assert_ok(event_reader_new(&fields, EVENT_IMPRESSIONS, &reader, &err),
                 err);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    for (size_t i = 0; i < 20; i++) {
        snprintf(names[i], sizeof(names[i]), "x%zu", i);
        ck_assert_ok(event_reader_want(reader, names[i], &at[i], &err), err);
        extras[i] = (struct event_extra){
            names[i], id_from_number((int64_t)(100 + i)), false, 0};
    }
    ck_assert_ok(event_reader_want(reader, "x3", &again, &err), err);
    ck_assert_uint_eq(again, at[3]);
    ck_assert_ok(event_reader_want(reader, fields.user, &again, &err), err);
    ck_assert_uint_eq(again, 2);
    event_encode_impression(&fields, &in, extras, 19, &bytes);
    struct event_record record = {.value = bytes.bytes,
                                  .value_size = bytes.size};
    ck_assert_int_eq(
        event_reader_impression(reader, &record, &scratch, &out, &about),
        EVENT_OK);
    ck_assert_id_eq(out.user, in.user);
    for (size_t i = 0; i < 19; i++) {
        ck_assert(scratch.found.seen >> at[i] & 1);
        ck_assert_int_eq(scratch.found.values[at[i]].integer,
                         (int64_t)(100 + i));
    }
    ck_assert(!(scratch.found.seen >> at[19] & 1));

#define THREE "\xa2id\x01\xa2ts\x01\xa4user\x01"
#define AD                                                                     \
    "\xa2"                                                                     \
    "ad\x01"
    static const char twice[] =
        "\x87" THREE "\xa2x1\x05" AD "\xa2x1\x06\xa2x2\x07";
    record = (struct event_record){.value = (const uint8_t *)twice,
                                   .value_size = sizeof(twice) - 1};
    ck_assert_int_eq(
        event_reader_impression(reader, &record, &scratch, &out, &about),
        EVENT_OK);
    ck_assert(!(scratch.found.seen >> at[1] & 1));
    ck_assert_int_eq(scratch.found.values[at[2]].integer, 7);
    event_reader_free(reader);
    event_scratch_free(&scratch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_codec");
    TCase *tests = tcase_create("round trips");

    tcase_add_checked_fixture(tests, NULL, free_bytes);
    tcase_add_test(tests, an_impression_survives);
    tcase_add_test(tests, raw_spans_are_copied_as_they_are);
    tcase_add_test(tests, a_label_survives_with_and_without_its_pair);
    tcase_add_test(tests, a_label_without_all_of_its_pair_has_none);
    tcase_add_test(tests, the_support_survives_where_there_is_one);
    tcase_add_test(tests, a_prediction_survives);
    tcase_add_test(tests, the_delta_of_a_model_survives);
    tcase_add_test(tests, every_basis_survives);
    tcase_add_test(tests, one_field_can_be_user_and_ad);
    tcase_add_test(tests, fields_may_be_mapped_to_any_names);
    tcase_add_test(tests, one_walk_finds_further_fields);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
