/*
 * check_event_json.c - events in JSON are the events they were: ids keep their
 * types and bytes, and a number keeps every bit.
 */
#include "support/one_event.h"
#include "support/run_suite.h"

#include "common/event/evaluation_event.h"
#include "common/event/event_codec.h"
#include "common/event/event_json.h"

#include <math.h>
#include <string.h>

#define SPAN(text)                                                             \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }

static struct buffer bytes;

static void tear_down(void)
{
    buffer_free(&bytes);
}

static struct prediction_event a_prediction(void)
{
    return (struct prediction_event){
        .raw_id = SPAN("\xa5imp-1"),
        .raw_ts = SPAN("\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x7b"),
        .raw_user = SPAN("\x07"),
        .raw_ad = SPAN("\xa2"
                       "42"),
        .p = 0.0625,
        .model_version = 12,
        .model_hash = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
        .basis = BASIS_LEARNED,
        .src_partition = 3,
        .src_offset = 256,
    };
}

static void write_json(const struct prediction_event *event)
{
    buffer_clear(&bytes);
    event_json_prediction(event, &bytes);
    ck_assert(!buffer_failed(&bytes));
}

static struct prediction_event there_and_back(const struct prediction_event *in)
{
    struct prediction_event out;
    const char *about = NULL;

    write_json(in);
    enum event_fault fault =
        one_prediction(bytes.bytes, bytes.size, &out, &about);
    ck_assert_msg(fault == EVENT_OK, "%s: %s: %.*s", event_fault_name(fault),
                  about ? about : "", (int)bytes.size,
                  (const char *)bytes.bytes);
    return out;
}

static void assert_same_span(struct span a, struct span b)
{
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.bytes, b.bytes, a.size);
}

START_TEST(a_prediction_survives)
{
    const struct prediction_event in = a_prediction();
    const struct prediction_event out = there_and_back(&in);

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
    struct prediction_event in = a_prediction();

    ck_assert_uint_eq(there_and_back(&in).delta, 0);
    in.delta = 7;
    memset(in.delta_hash, 9, MODEL_HASH_SIZE);
    const struct prediction_event out = there_and_back(&in);
    ck_assert_mem_eq(in.model_hash, out.model_hash, MODEL_HASH_SIZE);
    ck_assert_uint_eq(out.delta, 7);
    ck_assert_mem_eq(in.delta_hash, out.delta_hash, MODEL_HASH_SIZE);
}
END_TEST

START_TEST(the_support_survives_where_there_is_one)
{
    static const double supports[] = {0, 1, 35.25, 1e300, 0.1};
    struct prediction_event in = a_prediction();

    ck_assert(!there_and_back(&in).has_support);
    in.has_support = true;
    for (size_t i = 0; i < sizeof(supports) / sizeof(supports[0]); i++) {
        in.support = supports[i];
        const struct prediction_event out = there_and_back(&in);
        ck_assert(out.has_support);
        ck_assert_mem_eq(&in.support, &out.support, sizeof(in.support));
    }
}
END_TEST

/* Ids as msgpack: what comes back is the same bytes. */
static const struct span ids[] = {
    SPAN("\x00"),
    SPAN("\xff"),
    SPAN("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"),
    SPAN("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
    SPAN("\xcf\x00\x20\x00\x00\x00\x00\x00\x01"), /* 2^53 + 1 */
    SPAN("\xa1"
         "7"),
    SPAN("\xaa"
         "a\"\\/\n\x1b\x7f\xc2\x9b!"),
    SPAN("\xa7\xf0\x9f\x98\x80\xe2\x82\xac"),
    SPAN("\xa3\x00\x01\x02"),
    SPAN("\xc4\x01\x00"),
    SPAN("\xc4\x02\xff\xfe"),
    SPAN("\xc4\x03\x01\x02\x03"),
    SPAN("\xc4\x04"
         "text"),
};

START_TEST(an_id_survives_with_its_type)
{
    struct prediction_event in = a_prediction();

    in.raw_id = in.raw_user = in.raw_ad = ids[_i];
    const struct prediction_event out = there_and_back(&in);
    assert_same_span(ids[_i], out.raw_id);
    assert_same_span(ids[_i], out.raw_user);
    assert_same_span(ids[_i], out.raw_ad);
    for (size_t i = 0; i < bytes.size; i++)
        ck_assert_uint_ge(bytes.bytes[i], ' ');
}
END_TEST

START_TEST(the_longest_id_survives)
{
    uint8_t longest[2 + ID_TEXT_MAX] = {0xc4, ID_TEXT_MAX};
    struct prediction_event in = a_prediction();

    for (unsigned i = 0; i < ID_TEXT_MAX; i++)
        longest[2 + i] = (uint8_t)(255 - i);
    in.raw_user = (struct span){longest, sizeof(longest)};
    assert_same_span(in.raw_user, there_and_back(&in).raw_user);
    longest[0] = 0xd9;
    memset(longest + 2, 0x01, ID_TEXT_MAX); /* each byte an escape of six */
    assert_same_span(in.raw_user, there_and_back(&in).raw_user);
}
END_TEST

static void check_p(double p)
{
    struct prediction_event in = a_prediction();

    in.p = p;
    const struct prediction_event out = there_and_back(&in);
    ck_assert_msg(memcmp(&p, &out.p, sizeof(p)) == 0, "%a became %a", p, out.p);
}

START_TEST(a_probability_keeps_every_bit)
{
    static const double some[] = {
        0,    1,         0.1,  1.0 / 3, 5e-324,
        3.75, 0x1p-1022, 1e22, -2.5,    0x1.fffffffffffffp-1,
        -0.0, 1e300};
    uint64_t state = 1;

    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
        check_p(some[i]);
    for (int i = 0; i < 20000; i++) {
        double p;
        state = state * UINT64_C(6364136223846793005) + 1;
        const uint64_t bits = state ^ state >> 29;
        memcpy(&p, &bits, sizeof(p));
        if (isfinite(p))
            check_p(p);
        check_p((double)(bits >> 11) * 0x1p-53);
    }
}
END_TEST

START_TEST(a_time_is_written_in_ms)
{
    struct prediction_event in = a_prediction();

    in.raw_ts = (struct span)SPAN("\xd6\xff\x65\x53\xf1\x00");
    write_json(&in);
    buffer_append(&bytes, "", 1);
    ck_assert_ptr_nonnull(
        strstr((const char *)bytes.bytes, "\"ts\":1700000000000,"));
}
END_TEST

#define HEAD "{\"id\":1,\"ts\":2,\"user\":3,\"ad\":4,\"p\":0.5,"
#define DELTA(parts)                                                           \
    "\"model\":{\"version\":1,\"hash\":\"0123456789abcdef\"," parts "},"
#define MODEL "\"model\":{\"version\":1,\"hash\":\"0123456789abcdef\"},"
#define TAIL "\"basis\":\"none\",\"src\":{\"partition\":0,\"offset\":1}}"

static const struct {
    const char *json;
    enum event_fault fault;
    const char *about;
} faults[] = {
    {HEAD MODEL TAIL, EVENT_OK, NULL},
    {" " HEAD "\"later\":[1,{\"p\":2}]," MODEL TAIL " ", EVENT_OK, NULL},
    {HEAD MODEL TAIL "x", EVENT_TRAILING, NULL},
    {HEAD MODEL "\"p\":1," TAIL, EVENT_REPEATED, "p"},
    {HEAD TAIL, EVENT_MISSING, "model"},
    {HEAD MODEL "\"support\":3," TAIL, EVENT_OK, NULL},
    {HEAD MODEL "\"support\":\"3\"," TAIL, EVENT_TYPE, "support"},
    {HEAD MODEL "\"support\":1e999," TAIL, EVENT_RANGE, "support"},
    {HEAD MODEL "\"support\":1,\"support\":1," TAIL, EVENT_REPEATED, "support"},
    {HEAD "\"model\":{\"hash\":\"0123456789abcdef\"}," TAIL, EVENT_MISSING,
     "model.version"},
    {HEAD "\"model\":{\"version\":-1,\"hash\":\"0123456789abcdef\"}," TAIL,
     EVENT_RANGE, "model.version"},
    {HEAD "\"model\":{\"version\":1,\"hash\":\"0123456789abcdeF\"}," TAIL,
     EVENT_TYPE, "model.hash"},
    {HEAD "\"model\":{\"version\":1,\"hash\":\"0123\"}," TAIL, EVENT_TYPE,
     "model.hash"},
    {HEAD DELTA("\"delta\":3") TAIL, EVENT_TYPE, "model.delta"},
    {HEAD DELTA("\"delta\":0,\"delta_hash\":\"0123456789abcdef\"") TAIL,
     EVENT_RANGE, "model.delta"},
    {HEAD DELTA("\"delta\":\"3\",\"delta_hash\":\"0123456789abcdef\"") TAIL,
     EVENT_TYPE, "model.delta"},
    {HEAD DELTA("\"delta\":3,\"delta_hash\":\"0123\"") TAIL, EVENT_TYPE,
     "model.delta_hash"},
    {HEAD MODEL "\"basis\":\"?\",\"src\":{\"partition\":0,\"offset\":1}}",
     EVENT_RANGE, "basis"},
    {HEAD MODEL "\"basis\":\"none\",\"src\":{\"partition\":-1,\"offset\":1}}",
     EVENT_RANGE, "src.partition"},
    {HEAD MODEL
     "\"basis\":\"none\",\"src\":{\"partition\":0,\"offset\":\"1\"}}",
     EVENT_TYPE, "src.offset"},
    {HEAD MODEL "\"basis\":\"none\",\"src\":[0,1]}", EVENT_MISSING,
     "src.partition"},
    {"{\"id\":1,\"ts\":2,\"user\":3,\"ad\":4,\"p\":\"0.5\"," MODEL TAIL,
     EVENT_TYPE, "p"},
    {"{\"id\":1,\"ts\":2,\"user\":3,\"ad\":4,\"p\":1e999," MODEL TAIL,
     EVENT_RANGE, "p"},
    {"{\"id\":{\"bin\":\"QUI=\"},\"ts\":2,\"user\":3,\"ad\":4,\"p\":1," MODEL
         TAIL,
     EVENT_OK, NULL},
    {"{\"id\":{\"bin\":\"QUI\"},\"ts\":2,\"user\":3,\"ad\":4,\"p\":1," MODEL
         TAIL,
     EVENT_TYPE, "id"},
    {"{\"id\":{\"bin\":\"Q I=\"},\"ts\":2,\"user\":3,\"ad\":4,\"p\":1," MODEL
         TAIL,
     EVENT_TYPE, "id"},
    {"{\"id\":{},\"ts\":2,\"user\":3,\"ad\":4,\"p\":1," MODEL TAIL, EVENT_TYPE,
     "id"},
    {"{\"id\":{\"bin\":\"\"},\"ts\":2,\"user\":3,\"ad\":4,\"p\":1," MODEL TAIL,
     EVENT_ID_LENGTH, "id"},
    {"{\"id\":1,\"ts\":-2,\"user\":3,\"ad\":4,\"p\":1," MODEL TAIL, EVENT_RANGE,
     "ts"},
};

START_TEST(other_json_is_no_prediction)
{
    struct prediction_event out;
    const char *about = NULL;
    const enum event_fault fault =
        one_prediction((const uint8_t *)faults[_i].json,
                       strlen(faults[_i].json), &out, &about);

    ck_assert_str_eq(event_fault_name(fault),
                     event_fault_name(faults[_i].fault));
    ck_assert_str_eq(about ? about : "-",
                     faults[_i].about ? faults[_i].about : "-");
}
END_TEST

START_TEST(impressions_and_labels_are_written_as_json)
{
    struct event_fields fields = EVENT_FIELDS_DEFAULT;
    const struct impression impression = {.id = id_from_text("i\n1", 3),
                                          .ts_ms = 1700000000123,
                                          .user = id_from_number(7),
                                          .ad = id_from_text("a", 1)};
    const struct event_extra extra = {
        .name = "depth", .is_real = true, .real = 0.1};
    struct impression again;
    struct label label = {.id = id_from_number(1), .ts_ms = 2, .click = 1};

    fields.impressions_format = fields.labels_format = EVENT_FORMAT_JSON;
    buffer_append(&bytes, "before", 6); /* what is there stays */
    event_encode_impression(&fields, &impression, &extra, 1, &bytes);
    buffer_append(&bytes, "", 1);
    ck_assert_str_eq((const char *)bytes.bytes,
                     "before{\"id\":\"i\\n1\",\"ts\":1700000000123,\"user\":7,"
                     "\"ad\":\"a\",\"depth\":0.1}");
    ck_assert_int_eq(
        one_impression(&fields, bytes.bytes + 6, bytes.size - 7, &again, NULL),
        EVENT_OK);
    ck_assert(id_equal(&again.id, &impression.id));
    buffer_clear(&bytes);
    event_encode_label(&fields, &label, &bytes);
    buffer_append(&bytes, "", 1);
    ck_assert_str_eq((const char *)bytes.bytes,
                     "{\"id\":1,\"ts\":2,\"click\":true}");
}
END_TEST

START_TEST(an_evaluation_survives)
{
    const struct evaluation_event in = {.name = "click",
                                        .start_ms = 1699999200000,
                                        .window_ms = 3600000,
                                        .has_version = true,
                                        .version = 12,
                                        .rows = 1000,
                                        .click_rate = 1,
                                        .rmse = 0.1,
                                        .mae = 1.0 / 3,
                                        .logloss = 0,
                                        .normalised_entropy = 1e-300,
                                        .auc = NAN,
                                        .calibration = 2,
                                        .ece = 0.0625,
                                        .left_out = 3,
                                        .is_early = true,
                                        .created_ms = 1700000000000};
    struct evaluation_event out;
    struct error err;
    struct buffer a = {0}, b = {0};

    evaluation_event_write(&(struct event_output){.format = EVENT_FORMAT_JSON},
                           &in, &bytes);
    ck_assert_uint_eq(bytes.bytes[0], '{');
    ck_assert_ok(
        evaluation_event_decode(NULL, bytes.bytes, bytes.size, &out, &err),
        err);
    evaluation_event_encode(&in, &a);
    evaluation_event_encode(&out, &b);
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.bytes, b.bytes, a.size);
    for (size_t size = 0; size < bytes.size; size++)
        ck_assert_int_eq(
            evaluation_event_decode(NULL, bytes.bytes, size, &out, &err), -1);
    buffer_append(&bytes, "x", 1);
    ck_assert_refused(
        evaluation_event_decode(NULL, bytes.bytes, bytes.size, &out, &err), err,
        ERROR_FORMAT, "behind its end");
    buffer_free(&a);
    buffer_free(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_json");
    TCase *tests = tcase_create("events");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, a_prediction_survives);
    tcase_add_test(tests, the_delta_of_a_model_survives);
    tcase_add_test(tests, the_support_survives_where_there_is_one);
    tcase_add_loop_test(tests, an_id_survives_with_its_type, 0,
                        sizeof(ids) / sizeof(ids[0]));
    tcase_add_test(tests, the_longest_id_survives);
    tcase_add_test(tests, a_probability_keeps_every_bit);
    tcase_add_test(tests, a_time_is_written_in_ms);
    tcase_add_loop_test(tests, other_json_is_no_prediction, 0,
                        sizeof(faults) / sizeof(faults[0]));
    tcase_add_test(tests, impressions_and_labels_are_written_as_json);
    tcase_add_test(tests, an_evaluation_survives);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
