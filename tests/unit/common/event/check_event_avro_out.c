/*
 * check_event_avro_out.c - events that we write in Avro: avro-c decodes them by
 * the schema that we publish, our reader takes the same from them, and no bit
 * is lost.
 */
#include "support/avro_oracle.h"
#include "support/one_schema.h"
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/event/event_avro.h"
#include "common/event/event_codec.h"
#include "common/event/event_json.h"
#include "common/event/event_reader.h"
#include "common/event/packer.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SPAN_SIZE = ID_TEXT_MAX + 16 };

static struct event_scratch scratch;
static struct event_reader *reader; /* of the record that was read last */
static struct error err;

static void tear_down(void)
{
    event_reader_free(reader);
    event_scratch_free(&scratch);
    avro_oracle_close();
}

/* --- Random predictions ----------------------------------------------- */

/* An id as msgpack, and what it is. */
struct an_id {
    uint8_t raw[SPAN_SIZE];
    struct span span;
    int branch; /* of the union */
    int64_t number;
    uint8_t text[ID_TEXT_MAX];
    size_t size;
};

static void draw_id(struct an_id *id)
{
    struct buffer packed = {0};
    msgpack_packer packer = packer_into(&packed);
    const unsigned kind = avro_oracle_below(4);

    id->size =
        avro_oracle_below(4) == 0 ? ID_TEXT_MAX : 1 + avro_oracle_below(40);
    for (size_t i = 0; i < id->size; i++)
        id->text[i] = (uint8_t)(kind == 1 ? 'a' + avro_oracle_below(26)
                                          : avro_oracle_below(256));
    id->branch = kind == 0 ? 0 : kind == 1 ? 1 : 2;
    if (kind == 1 && id->size > 2)
        memcpy(id->text, "\xc3\xa9", 2); /* two bytes of UTF-8 */
    if (kind == 2)
        id->text[0] = 0xff; /* a text that is none */
    if (kind == 0)
        msgpack_pack_int64(&packer, id->number = avro_oracle_integer());
    else if (kind == 3)
        packer_bytes(&packer, id->text, id->size);
    else
        packer_text(&packer, (const char *)id->text, id->size);
    ck_assert_uint_le(packed.size, sizeof(id->raw));
    memcpy(id->raw, packed.bytes, packed.size);
    id->span = (struct span){id->raw, (uint32_t)packed.size};
    buffer_free(&packed);
}

struct drawn {
    struct prediction_event event;
    struct an_id id, user, ad;
    uint8_t ts[9];
    int64_t ts_ms;
};

static void draw(struct drawn *out)
{
    static const uint64_t versions[] = {0, 12, INT64_MAX,
                                        (uint64_t)INT64_MAX + 1, UINT64_MAX};
    struct prediction_event *event = &out->event;

    memset(event, 0, sizeof(*event));
    draw_id(&out->id);
    draw_id(&out->user);
    draw_id(&out->ad);
    out->ts_ms = (int64_t)(random_next(&oracle.random_state) %
                           (uint64_t)(EVENT_TIME_MAX_MS + 1));
    out->ts[0] = 0xcf;
    for (int i = 0; i < 8; i++)
        out->ts[1 + i] = (uint8_t)((uint64_t)out->ts_ms >> (56 - 8 * i));
    event->raw_id = out->id.span;
    event->raw_user = out->user.span;
    event->raw_ad = out->ad.span;
    event->raw_ts = (struct span){out->ts, sizeof(out->ts)};
    event->p = avro_oracle_real();
    event->model_version =
        avro_oracle_below(2)
            ? versions[avro_oracle_below(5)]
            : random_next(&oracle.random_state) >> avro_oracle_below(64);
    for (int i = 0; i < MODEL_HASH_SIZE; i++)
        event->model_hash[i] = (uint8_t)avro_oracle_below(256);
    if (avro_oracle_below(2)) {
        event->delta =
            avro_oracle_below(2) ? UINT32_MAX : 1 + avro_oracle_below(1000);
        for (int i = 0; i < MODEL_HASH_SIZE; i++)
            event->delta_hash[i] = (uint8_t)avro_oracle_below(256);
    }
    event->basis = (enum basis)avro_oracle_below(BASIS_COUNT);
    event->src_partition =
        avro_oracle_below(2) ? INT32_MAX : (int32_t)avro_oracle_below(100);
    event->src_offset = avro_oracle_integer() & INT64_MAX;
    event->has_support = avro_oracle_below(2);
    if (event->has_support)
        event->support = avro_oracle_real();
    event->contender = avro_oracle_below(2) ? "refit:svd factors=20" : NULL;
}

static void check_id(const char *name, const struct an_id *wanted)
{
    const void *raw;
    size_t size;
    int branch;
    avro_value_t id = avro_oracle_branch(&oracle.value, name, &branch);

    ck_assert_int_eq(branch, wanted->branch);
    if (branch == 0) {
        ck_assert_int_eq(avro_oracle_long(&id), wanted->number);
    } else if (branch == 1) {
        avro_oracle_check_text(&id, wanted->text, wanted->size);
    } else {
        ck_assert_int_eq(avro_value_get_bytes(&id, &raw, &size), 0);
        ck_assert_uint_eq(size, wanted->size);
        ck_assert_mem_eq(raw, wanted->text, size);
    }
}

static void check_model(const struct prediction_event *wanted)
{
    avro_value_t model = avro_oracle_field(&oracle.value, "model");
    avro_value_t version = avro_oracle_field(&model, "version");
    avro_value_t hash = avro_oracle_field(&model, "hash");
    int has_delta, has_hash;
    avro_value_t delta = avro_oracle_branch(&model, "delta", &has_delta);
    avro_value_t delta_hash =
        avro_oracle_branch(&model, "delta_hash", &has_hash);

    ck_assert_uint_eq((uint64_t)avro_oracle_long(&version),
                      wanted->model_version);
    avro_oracle_check_fixed(&hash, wanted->model_hash);
    ck_assert_int_eq(has_delta, wanted->delta != 0);
    ck_assert_int_eq(has_hash, wanted->delta != 0);
    if (!wanted->delta)
        return;
    ck_assert_int_eq(avro_oracle_long(&delta), wanted->delta);
    avro_oracle_check_fixed(&delta_hash, wanted->delta_hash);
}

static void check_rest(const struct prediction_event *wanted)
{
    avro_value_t p = avro_oracle_field(&oracle.value, "p"),
                 basis = avro_oracle_field(&oracle.value, "basis");
    avro_value_t src = avro_oracle_field(&oracle.value, "src");
    avro_value_t partition = avro_oracle_field(&src, "partition");
    avro_value_t offset = avro_oracle_field(&src, "offset");
    int has_support, has_contender, symbol;
    int32_t number;
    avro_value_t support =
        avro_oracle_branch(&oracle.value, "support", &has_support);
    avro_value_t contender =
        avro_oracle_branch(&oracle.value, "contender", &has_contender);

    avro_oracle_check_double(&p, wanted->p);
    ck_assert_int_eq(avro_value_get_enum(&basis, &symbol), 0);
    ck_assert_str_eq(
        avro_schema_enum_get(avro_value_get_schema(&basis), symbol),
        basis_name(wanted->basis));
    ck_assert_int_eq(avro_value_get_int(&partition, &number), 0);
    ck_assert_int_eq(number, wanted->src_partition);
    ck_assert_int_eq(avro_oracle_long(&offset), wanted->src_offset);
    ck_assert_int_eq(has_support, wanted->has_support);
    if (has_support)
        avro_oracle_check_double(&support, wanted->support);
    ck_assert_int_eq(has_contender, wanted->contender != NULL);
    if (has_contender)
        avro_oracle_check_text(&contender, wanted->contender,
                               strlen(wanted->contender));
}

START_TEST(avro_c_decodes_what_we_predict)
{
    struct drawn drawn;

    avro_oracle_open(event_avro_prediction_schema);
    for (int i = 0; i < AVRO_ORACLE_EVENTS; i++) {
        draw(&drawn);
        buffer_free(
            &oracle.bytes); /* so that a sanitizer sees what has no room */
        event_avro_prediction(AVRO_ORACLE_NUMBER, &drawn.event, &oracle.bytes);
        ck_assert(!buffer_failed(&oracle.bytes));
        avro_oracle_decode();
        check_id("id", &drawn.id);
        check_id("user", &drawn.user);
        check_id("ad", &drawn.ad);
        avro_value_t ts = avro_oracle_field(&oracle.value, "ts");
        ck_assert_int_eq(avro_oracle_long(&ts), drawn.ts_ms);
        check_model(&drawn.event);
        check_rest(&drawn.event);
    }
}
END_TEST

/* --- Our own reader --------------------------------------------------- */

static enum event_fault take(const struct event_schemas *schemas,
                             struct prediction_event *out, const char **about)
{
    const struct event_fields fields = {.schemas = schemas};

    event_reader_free(reader);
    reader = NULL;
    ck_assert_ok(event_reader_new(&fields, EVENT_PREDICTIONS, &reader, &err),
                 err);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    return event_reader_prediction(reader, oracle.bytes.bytes,
                                   oracle.bytes.size, &scratch, out, about);
}

/* Texts that are no UTF-8 come back as bytes. */
static void check_same_id(struct span raw, const struct an_id *wanted)
{
    struct span was = wanted->span;
    uint8_t as_bytes[SPAN_SIZE] = {0xc4, (uint8_t)wanted->size};

    if (wanted->branch == 2) {
        memcpy(as_bytes + 2, wanted->text, wanted->size);
        was = (struct span){as_bytes, (uint32_t)wanted->size + 2};
    }
    ck_assert_uint_eq(raw.size, was.size);
    ck_assert_mem_eq(raw.bytes, was.bytes, was.size);
}

static void check_same(const struct prediction_event *out,
                       const struct drawn *drawn)
{
    const struct prediction_event *in = &drawn->event;
    const struct model_state was = prediction_model(in),
                             is = prediction_model(out);

    check_same_id(out->raw_id, &drawn->id);
    check_same_id(out->raw_user, &drawn->user);
    check_same_id(out->raw_ad, &drawn->ad);
    ck_assert_int_eq(event_span_ms(out->raw_ts), drawn->ts_ms);
    ck_assert_mem_eq(&out->p, &in->p, sizeof(in->p));
    ck_assert_int_eq(model_state_order(&was, &is), 0);
    ck_assert_int_eq(out->basis, in->basis);
    ck_assert_int_eq(out->src_partition, in->src_partition);
    ck_assert_int_eq(out->src_offset, in->src_offset);
    ck_assert_int_eq(out->has_support, in->has_support);
    ck_assert_mem_eq(&out->support, &in->support, sizeof(in->support));
}

START_TEST(our_reader_takes_what_we_predict)
{
    struct drawn drawn;
    struct prediction_event out;
    const char *about;

    avro_oracle_open(event_avro_prediction_schema);
    const struct event_schemas *schemas = avro_oracle_schemas();
    for (int i = 0; i < AVRO_ORACLE_EVENTS; i++) {
        draw(&drawn);
        buffer_clear(&oracle.bytes);
        event_avro_prediction(AVRO_ORACLE_NUMBER, &drawn.event, &oracle.bytes);
        event_scratch_clear(&scratch);
        ck_assert_int_eq(take(schemas, &out, &about), EVENT_OK);
        check_same(&out, &drawn);
    }
}
END_TEST

START_TEST(a_prediction_that_is_cut_is_none)
{
    struct drawn drawn;
    struct prediction_event out;
    const char *about;

    avro_oracle_open(event_avro_prediction_schema);
    const struct event_schemas *schemas = avro_oracle_schemas();
    for (int i = 0; i < 20; i++) {
        draw(&drawn);
        buffer_clear(&oracle.bytes);
        event_avro_prediction(AVRO_ORACLE_NUMBER, &drawn.event, &oracle.bytes);
        const size_t whole = oracle.bytes.size;
        for (oracle.bytes.size = 0; oracle.bytes.size < whole;
             oracle.bytes.size++) {
            ck_assert_int_ne(take(schemas, &out, &about), EVENT_OK);
            ck_assert_ptr_null(about);
        }
        buffer_append(&oracle.bytes, "", 1);
        ck_assert_int_eq(take(schemas, &out, &about), EVENT_TRAILING);
    }
}
END_TEST

START_TEST(without_its_schema_a_prediction_is_not_to_blame)
{
    const struct event_fields none = {.schemas = NULL};
    struct drawn drawn;
    struct prediction_event out;
    const char *about;

    avro_oracle_open(event_avro_prediction_schema);
    draw(&drawn);
    event_avro_prediction(AVRO_ORACLE_NUMBER, &drawn.event, &oracle.bytes);
    ck_assert_int_eq(take(NULL, &out, &about), EVENT_NO_REGISTRY);
    ck_assert_ok(event_reader_check(&none, EVENT_NO_REGISTRY, &err), err);
    ck_assert_int_eq(
        take(one_schema(1, EVENT_SCHEMA_AVRO, (const char *)oracle.text.bytes),
             &out, &about),
        EVENT_SCHEMA_UNKNOWN);
    ck_assert_int_eq(
        take(one_schema(AVRO_ORACLE_NUMBER, EVENT_SCHEMA_PROTOBUF, NULL), &out,
             &about),
        EVENT_SCHEMA_UNFIT);
}
END_TEST

/* JSON behind the head of a registry, with its schema or without a registry. */
START_TEST(a_prediction_in_json_may_have_a_head)
{
    static const uint8_t head[] = {0, 1, 2, 3, 4};
    struct drawn drawn;
    struct prediction_event out;
    const char *about;

    avro_oracle_open(event_avro_prediction_schema);
    draw(&drawn);
    drawn.event.model_version &= INT64_MAX;
    buffer_append(&oracle.bytes, head, sizeof(head));
    event_json_prediction(&drawn.event, &oracle.bytes);
    ck_assert_int_eq(take(NULL, &out, &about), EVENT_OK);
    check_same(&out, &drawn);
    ck_assert_int_eq(
        take(one_schema(AVRO_ORACLE_NUMBER, EVENT_SCHEMA_JSON, NULL), &out,
             &about),
        EVENT_OK);
    check_same(&out, &drawn);
}
END_TEST

/* --- Other schemas ---------------------------------------------------- */

#define HEAD                                                                   \
    "{\"type\":\"record\",\"name\":\"P\",\"fields\":["                         \
    "{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"ts\",\"type\":\"long\"}," \
    "{\"name\":\"user\",\"type\":\"long\"},{\"name\":\"ad\",\"type\":\"long\"" \
    "},"
#define PARTS(hash)                                                            \
    "{\"name\":\"model\",\"type\":{\"type\":\"record\",\"name\":\"M\","        \
    "\"fields\":[{\"name\":\"version\",\"type\":\"long\"},{\"name\":\"hash\"," \
    "\"type\":" hash "}]}},{\"name\":\"basis\",\"type\":{\"type\":\"enum\","   \
    "\"name\":\"B\",\"symbols\":[\"none\",\"guessed\"]}},{\"name\":\"src\","   \
    "\"type\":{\"type\":\"record\",\"name\":\"S\",\"fields\":[{\"name\":"      \
    "\"partition\",\"type\":\"long\"},{\"name\":\"offset\",\"type\":\"long\"}" \
    "]}}]}"
#define REAL "{\"name\":\"p\",\"type\":\"double\"},"
#define WHOLE "{\"name\":\"p\",\"type\":\"long\"},"
#define HASH "{\"type\":\"fixed\",\"name\":\"H\",\"size\":8}"
#define SHORT_HASH "{\"type\":\"fixed\",\"name\":\"H\",\"size\":7}"
#define FOUR "\x02\x04\x06\x08"
#define HALF "\0\0\0\0\0\0\xe0\x3f"
#define SEVEN "1234567"

/* What an older version, a later one, or a stranger registered. */
static const struct {
    const char *schema;
    const char *bytes;
    size_t size;
    enum event_fault fault;
    const char *about;
} others[] = {
    {HEAD REAL PARTS(HASH), FOUR HALF "\x18" SEVEN "8\0\x06\x08", 24, EVENT_OK,
     NULL},
    {HEAD REAL PARTS(HASH), FOUR HALF "\x18" SEVEN "8\x02\x06\x08", 24,
     EVENT_RANGE, "basis"},
    {HEAD REAL PARTS(HASH), FOUR HALF "\x18" SEVEN "8\0\x05\x08", 24,
     EVENT_RANGE, "src.partition"},
    {HEAD REAL PARTS(SHORT_HASH), FOUR HALF "\x18" SEVEN "\0\x06\x08", 23,
     EVENT_TYPE, "model.hash"},
    {HEAD WHOLE PARTS(HASH), FOUR "\x02\x18" SEVEN "8\0\x06\x08", 17,
     EVENT_TYPE, "p"},
    {HEAD WHOLE PARTS(HASH), FOUR "\x62\x18" SEVEN "8\0\x06\x08", 17,
     EVENT_TYPE, "p"}, /* 49, whose byte is a digit */
    {HEAD PARTS(HASH), FOUR "\x18" SEVEN "8\0\x06\x08", 16, EVENT_MISSING, "p"},
    {"{\"type\":\"array\",\"items\":\"long\"}", "\0", 1, EVENT_NOT_A_MAP, NULL},
};

START_TEST(another_schema_is_read_as_it_says)
{
    static const uint8_t head[] = {0, 1, 2, 3, 4};
    struct prediction_event out;
    const char *about;

    avro_oracle_open(event_avro_prediction_schema);
    buffer_append(&oracle.bytes, head, sizeof(head));
    buffer_append(&oracle.bytes, others[_i].bytes, others[_i].size);
    const enum event_fault fault = take(
        one_schema(AVRO_ORACLE_NUMBER, EVENT_SCHEMA_AVRO, others[_i].schema),
        &out, &about);
    ck_assert_str_eq(event_fault_name(fault),
                     event_fault_name(others[_i].fault));
    ck_assert_pstr_eq(about, others[_i].about);
    if (fault != EVENT_OK)
        return;
    ck_assert(out.p == 0.5);
    ck_assert_uint_eq(out.model_version, 12);
    ck_assert_uint_eq(out.delta, 0);
    ck_assert(!out.has_support);
    ck_assert_int_eq(out.basis, BASIS_NONE);
}
END_TEST
/* --- The output ------------------------------------------------------- */

START_TEST(avro_is_not_written_without_a_number)
{
    struct event_output output = {.format = EVENT_FORMAT_AVRO};

    avro_oracle_open(event_avro_prediction_schema);
    ck_assert_refused(event_output_check(&output, "format.predictions", &err),
                      err, ERROR_CONFIG, "format.predictions: avro needs");
    output.has_schema = true;
    ck_assert_ok(event_output_check(&output, "format.predictions", &err), err);
    output = (struct event_output){.format = EVENT_FORMAT_JSON};
    ck_assert_ok(event_output_check(&output, "format.predictions", &err), err);
}
END_TEST
int main(void)
{
    Suite *suite = suite_create("event_avro_out");
    TCase *tests = tcase_create("written");

    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, avro_c_decodes_what_we_predict);
    tcase_add_test(tests, our_reader_takes_what_we_predict);
    tcase_add_test(tests, a_prediction_that_is_cut_is_none);
    tcase_add_test(tests, without_its_schema_a_prediction_is_not_to_blame);
    tcase_add_test(tests, a_prediction_in_json_may_have_a_head);
    tcase_add_loop_test(tests, another_schema_is_read_as_it_says, 0,
                        sizeof(others) / sizeof(others[0]));
    tcase_add_test(tests, avro_is_not_written_without_a_number);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
