/*
 * check_event_avro_out.c - events that we write in Avro: avro-c decodes them by
 * the schema that we publish, our reader takes the same from them, and no bit
 * is lost.
 */
#include "support/one_schema.h"
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/event/event_avro.h"
#include "common/event/event_codec.h"
#include "common/event/event_json.h"
#include "common/event/event_reader.h"
#include "common/event/packer.h"

#include <avro.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { NUMBER = 0x01020304, EVENTS = 3000, SPAN_SIZE = ID_TEXT_MAX + 16 };

static uint64_t rng = 1;
static struct buffer text, bytes;
static struct event_scratch scratch;
static struct event_reader *reader; /* of the record that was read last */
static avro_value_iface_t *class;
static avro_schema_t schema;
static avro_value_t value;
static struct error err;

static void open_schema(void (*append)(struct buffer *))
{
    append(&text);
    ck_assert(!buffer_failed(&text));
    ck_assert_int_eq(avro_schema_from_json_length((const char *)text.bytes,
                                                  text.size, &schema),
                     0);
    class = avro_generic_class_from_schema(schema);
    ck_assert_int_eq(avro_generic_value_new(class, &value), 0);
    buffer_append(&text, "", 1); /* for our parser */
}

static void tear_down(void)
{
    avro_value_decref(&value);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    event_reader_free(reader);
    event_scratch_free(&scratch);
    buffer_free(&text);
    buffer_free(&bytes);
}

static const struct event_schemas *ours(void)
{
    return one_schema(NUMBER, EVENT_SCHEMA_AVRO, (const char *)text.bytes);
}

/* avro-c takes the bytes behind the head for one record, and writes the same
 * bytes, to the last one, of what it took. */
static void decode(void)
{
    static const uint8_t head[] = {0, 1, 2, 3, 4};

    ck_assert_uint_gt(bytes.size, sizeof(head));
    ck_assert_mem_eq(bytes.bytes, head, sizeof(head));
    avro_reader_t from =
        avro_reader_memory((const char *)bytes.bytes + sizeof(head),
                           (int64_t)(bytes.size - sizeof(head)));
    ck_assert_msg(avro_value_read(from, &value) == 0, "%s", avro_strerror());
    avro_reader_free(from);
    static char again[4096];
    avro_writer_t writer = avro_writer_memory(again, sizeof(again));
    ck_assert_int_eq(avro_value_write(writer, &value), 0);
    ck_assert_int_eq(avro_writer_tell(writer),
                     (int64_t)(bytes.size - sizeof(head)));
    ck_assert_mem_eq(again, bytes.bytes + sizeof(head),
                     bytes.size - sizeof(head));
    avro_writer_free(writer);
}

/* --- What avro-c has -------------------------------------------------- */

static avro_value_t field_of(const avro_value_t *of, const char *name)
{
    avro_value_t field;

    ck_assert_msg(avro_value_get_by_name(of, name, &field, NULL) == 0, "%s",
                  name);
    return field;
}

/* Of a union what it holds; *branch is which of its types that is. */
static avro_value_t branch_of(const avro_value_t *of, const char *name,
                              int *branch)
{
    avro_value_t field = field_of(of, name), inner;

    ck_assert_int_eq(avro_value_get_discriminant(&field, branch), 0);
    ck_assert_int_eq(avro_value_get_current_branch(&field, &inner), 0);
    return inner;
}

static int64_t long_of(const avro_value_t *of)
{
    int64_t number;

    ck_assert_int_eq(avro_value_get_long(of, &number), 0);
    return number;
}

static void check_double(const avro_value_t *of, double wanted)
{
    double real;

    ck_assert_int_eq(avro_value_get_double(of, &real), 0);
    ck_assert_mem_eq(&real, &wanted, sizeof(real));
}

static void check_fixed(const avro_value_t *of, const uint8_t *wanted)
{
    const void *raw;
    size_t size;

    ck_assert_int_eq(avro_value_get_fixed(of, &raw, &size), 0);
    ck_assert_uint_eq(size, MODEL_HASH_SIZE);
    ck_assert_mem_eq(raw, wanted, size);
}

static void check_text(const avro_value_t *of, const void *wanted, size_t size)
{
    const char *raw;
    size_t with_end;

    ck_assert_int_eq(avro_value_get_string(of, &raw, &with_end), 0);
    ck_assert_uint_eq(with_end, size + 1);
    ck_assert_mem_eq(raw, wanted, size);
}

/* --- Random predictions ----------------------------------------------- */

static unsigned below(unsigned bound)
{
    return (unsigned)(random_next(&rng) % bound);
}

static double random_real(void)
{
    static const double some[] = {0, -0.0, 1, DBL_MIN, DBL_MAX, 5e-324, 0.1};
    const uint64_t bits = random_next(&rng);
    double real;

    memcpy(&real, &bits, sizeof(real));
    return below(4) == 0    ? some[below(7)]
           : isfinite(real) ? real
                            : (double)(bits >> 11) * 0x1p-53;
}

static int64_t random_integer(void)
{
    static const int64_t some[] = {
        0, -1, 63, 64, -64, -65, 42, 127, -1, INT64_MAX, INT64_MIN, INT32_MAX};

    return below(3) == 0 ? some[below(12)]
                         : (int64_t)random_next(&rng) >> below(64);
}

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
    const unsigned kind = below(4);

    id->size = below(4) == 0 ? ID_TEXT_MAX : 1 + below(40);
    for (size_t i = 0; i < id->size; i++)
        id->text[i] = (uint8_t)(kind == 1 ? 'a' + below(26) : below(256));
    id->branch = kind == 0 ? 0 : kind == 1 ? 1 : 2;
    if (kind == 1 && id->size > 2)
        memcpy(id->text, "\xc3\xa9", 2); /* two bytes of UTF-8 */
    if (kind == 2)
        id->text[0] = 0xff; /* a text that is none */
    if (kind == 0)
        msgpack_pack_int64(&packer, id->number = random_integer());
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
    out->ts_ms =
        (int64_t)(random_next(&rng) % (uint64_t)(EVENT_TIME_MAX_MS + 1));
    out->ts[0] = 0xcf;
    for (int i = 0; i < 8; i++)
        out->ts[1 + i] = (uint8_t)((uint64_t)out->ts_ms >> (56 - 8 * i));
    event->raw_id = out->id.span;
    event->raw_user = out->user.span;
    event->raw_ad = out->ad.span;
    event->raw_ts = (struct span){out->ts, sizeof(out->ts)};
    event->p = random_real();
    event->model_version =
        below(2) ? versions[below(5)] : random_next(&rng) >> below(64);
    for (int i = 0; i < MODEL_HASH_SIZE; i++)
        event->model_hash[i] = (uint8_t)below(256);
    if (below(2)) {
        event->delta = below(2) ? UINT32_MAX : 1 + below(1000);
        for (int i = 0; i < MODEL_HASH_SIZE; i++)
            event->delta_hash[i] = (uint8_t)below(256);
    }
    event->basis = (enum basis)below(BASIS_COUNT);
    event->src_partition = below(2) ? INT32_MAX : (int32_t)below(100);
    event->src_offset = random_integer() & INT64_MAX;
    event->has_support = below(2);
    if (event->has_support)
        event->support = random_real();
    event->contender = below(2) ? "refit:svd factors=20" : NULL;
}

static void check_id(const char *name, const struct an_id *wanted)
{
    const void *raw;
    size_t size;
    int branch;
    avro_value_t id = branch_of(&value, name, &branch);

    ck_assert_int_eq(branch, wanted->branch);
    if (branch == 0) {
        ck_assert_int_eq(long_of(&id), wanted->number);
    } else if (branch == 1) {
        check_text(&id, wanted->text, wanted->size);
    } else {
        ck_assert_int_eq(avro_value_get_bytes(&id, &raw, &size), 0);
        ck_assert_uint_eq(size, wanted->size);
        ck_assert_mem_eq(raw, wanted->text, size);
    }
}

static void check_model(const struct prediction_event *wanted)
{
    avro_value_t model = field_of(&value, "model");
    avro_value_t version = field_of(&model, "version");
    avro_value_t hash = field_of(&model, "hash");
    int has_delta, has_hash;
    avro_value_t delta = branch_of(&model, "delta", &has_delta);
    avro_value_t delta_hash = branch_of(&model, "delta_hash", &has_hash);

    ck_assert_uint_eq((uint64_t)long_of(&version), wanted->model_version);
    check_fixed(&hash, wanted->model_hash);
    ck_assert_int_eq(has_delta, wanted->delta != 0);
    ck_assert_int_eq(has_hash, wanted->delta != 0);
    if (!wanted->delta)
        return;
    ck_assert_int_eq(long_of(&delta), wanted->delta);
    check_fixed(&delta_hash, wanted->delta_hash);
}

static void check_rest(const struct prediction_event *wanted)
{
    avro_value_t p = field_of(&value, "p"), basis = field_of(&value, "basis");
    avro_value_t src = field_of(&value, "src");
    avro_value_t partition = field_of(&src, "partition");
    avro_value_t offset = field_of(&src, "offset");
    int has_support, has_contender, symbol;
    int32_t number;
    avro_value_t support = branch_of(&value, "support", &has_support);
    avro_value_t contender = branch_of(&value, "contender", &has_contender);

    check_double(&p, wanted->p);
    ck_assert_int_eq(avro_value_get_enum(&basis, &symbol), 0);
    ck_assert_str_eq(
        avro_schema_enum_get(avro_value_get_schema(&basis), symbol),
        basis_name(wanted->basis));
    ck_assert_int_eq(avro_value_get_int(&partition, &number), 0);
    ck_assert_int_eq(number, wanted->src_partition);
    ck_assert_int_eq(long_of(&offset), wanted->src_offset);
    ck_assert_int_eq(has_support, wanted->has_support);
    if (has_support)
        check_double(&support, wanted->support);
    ck_assert_int_eq(has_contender, wanted->contender != NULL);
    if (has_contender)
        check_text(&contender, wanted->contender, strlen(wanted->contender));
}

START_TEST(avro_c_decodes_what_we_predict)
{
    struct drawn drawn;

    open_schema(event_avro_prediction_schema);
    for (int i = 0; i < EVENTS; i++) {
        draw(&drawn);
        buffer_free(&bytes); /* so that a sanitizer sees what has no room */
        event_avro_prediction(NUMBER, &drawn.event, &bytes);
        ck_assert(!buffer_failed(&bytes));
        decode();
        check_id("id", &drawn.id);
        check_id("user", &drawn.user);
        check_id("ad", &drawn.ad);
        avro_value_t ts = field_of(&value, "ts");
        ck_assert_int_eq(long_of(&ts), drawn.ts_ms);
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
    return event_reader_prediction(reader, bytes.bytes, bytes.size, &scratch,
                                   out, about);
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

    open_schema(event_avro_prediction_schema);
    const struct event_schemas *schemas = ours();
    for (int i = 0; i < EVENTS; i++) {
        draw(&drawn);
        buffer_clear(&bytes);
        event_avro_prediction(NUMBER, &drawn.event, &bytes);
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

    open_schema(event_avro_prediction_schema);
    const struct event_schemas *schemas = ours();
    for (int i = 0; i < 20; i++) {
        draw(&drawn);
        buffer_clear(&bytes);
        event_avro_prediction(NUMBER, &drawn.event, &bytes);
        const size_t whole = bytes.size;
        for (bytes.size = 0; bytes.size < whole; bytes.size++) {
            ck_assert_int_ne(take(schemas, &out, &about), EVENT_OK);
            ck_assert_ptr_null(about);
        }
        buffer_append(&bytes, "", 1);
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

    open_schema(event_avro_prediction_schema);
    draw(&drawn);
    event_avro_prediction(NUMBER, &drawn.event, &bytes);
    ck_assert_int_eq(take(NULL, &out, &about), EVENT_NO_REGISTRY);
    ck_assert_ok(event_reader_check(&none, EVENT_NO_REGISTRY, &err), err);
    ck_assert_int_eq(
        take(one_schema(1, EVENT_SCHEMA_AVRO, (const char *)text.bytes), &out,
             &about),
        EVENT_SCHEMA_UNKNOWN);
    ck_assert_int_eq(
        take(one_schema(NUMBER, EVENT_SCHEMA_PROTOBUF, NULL), &out, &about),
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

    open_schema(event_avro_prediction_schema);
    draw(&drawn);
    drawn.event.model_version &= INT64_MAX;
    buffer_append(&bytes, head, sizeof(head));
    event_json_prediction(&drawn.event, &bytes);
    ck_assert_int_eq(take(NULL, &out, &about), EVENT_OK);
    check_same(&out, &drawn);
    ck_assert_int_eq(
        take(one_schema(NUMBER, EVENT_SCHEMA_JSON, NULL), &out, &about),
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

    open_schema(event_avro_prediction_schema);
    buffer_append(&bytes, head, sizeof(head));
    buffer_append(&bytes, others[_i].bytes, others[_i].size);
    const enum event_fault fault = take(
        one_schema(NUMBER, EVENT_SCHEMA_AVRO, others[_i].schema), &out, &about);
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

/* --- Evaluations ------------------------------------------------------ */

static double random_figure(void)
{
    return below(4) == 0 ? (double)NAN : random_real();
}

static struct evaluation_event draw_evaluation(void)
{
    struct evaluation_event event = {
        .start_ms = random_integer() & 0x7fffffffffff,
        .window_ms = random_integer() & 0x7fffffffff,
        .has_version = below(2),
        .rows = (uint64_t)random_integer() & INT64_MAX,
        .click_rate = random_figure(),
        .rmse = random_figure(),
        .mae = random_figure(),
        .logloss = random_figure(),
        .normalised_entropy = random_figure(),
        .auc = random_figure(),
        .calibration = random_figure(),
        .ece = random_figure(),
        .left_out = (uint64_t)random_integer() & INT64_MAX,
        .is_early = below(2),
        .created_ms = random_integer() & 0x7fffffffffff,
    };

    if (event.has_version)
        event.version = (uint64_t)random_integer() & INT64_MAX;
    memset(event.name, 'n', 1 + below(sizeof(event.name) - 1));
    return event;
}

static void check_figure(const char *name, double wanted)
{
    int is_there;
    avro_value_t figure = branch_of(&value, name, &is_there);

    ck_assert_int_eq(is_there, !isnan(wanted));
    if (is_there)
        check_double(&figure, wanted);
}

static void check_long(const char *name, uint64_t wanted)
{
    avro_value_t number = field_of(&value, name);

    ck_assert_uint_eq((uint64_t)long_of(&number), wanted);
}

static void check_evaluation(const struct evaluation_event *wanted)
{
    avro_value_t name = field_of(&value, "name");
    avro_value_t early = field_of(&value, "early");
    int has_version, is_early;
    avro_value_t version = branch_of(&value, "version", &has_version);

    check_text(&name, wanted->name, strlen(wanted->name));
    check_long("start", (uint64_t)wanted->start_ms);
    check_long("window_ms", (uint64_t)wanted->window_ms);
    ck_assert_int_eq(has_version, wanted->has_version);
    if (has_version)
        ck_assert_uint_eq((uint64_t)long_of(&version), wanted->version);
    check_long("rows", wanted->rows);
    check_figure("click_rate", wanted->click_rate);
    check_figure("rmse", wanted->rmse);
    check_figure("mae", wanted->mae);
    check_figure("logloss", wanted->logloss);
    check_figure("normalised_entropy", wanted->normalised_entropy);
    check_figure("auc", wanted->auc);
    check_figure("calibration", wanted->calibration);
    check_figure("ece", wanted->ece);
    check_long("left_out", wanted->left_out);
    ck_assert_int_eq(avro_value_get_boolean(&early, &is_early), 0);
    ck_assert_int_eq(is_early, wanted->is_early);
    check_long("created", (uint64_t)wanted->created_ms);
}

START_TEST(an_evaluation_is_decoded_by_avro_c_and_by_us)
{
    struct evaluation_event out;
    struct buffer a = {0}, b = {0};

    open_schema(event_avro_evaluation_schema);
    const struct event_schemas *schemas = ours();
    for (int i = 0; i < EVENTS; i++) {
        const struct evaluation_event in = draw_evaluation();
        const struct event_output output = {
            .format = EVENT_FORMAT_AVRO, .has_schema = true, .schema = NUMBER};
        buffer_clear(&bytes);
        evaluation_event_write(&output, &in, &bytes);
        ck_assert(!buffer_failed(&bytes));
        decode();
        check_evaluation(&in);
        ck_assert_ok(evaluation_event_decode(schemas, bytes.bytes, bytes.size,
                                             &out, &err),
                     err);
        buffer_clear(&a);
        buffer_clear(&b);
        evaluation_event_encode(&in, &a);
        evaluation_event_encode(&out, &b);
        ck_assert_uint_eq(a.size, b.size);
        ck_assert_mem_eq(a.bytes, b.bytes, a.size);
    }
    buffer_free(&a);
    buffer_free(&b);
}
END_TEST

START_TEST(an_evaluation_without_its_schema_is_said_to_be_one)
{
    struct evaluation_event out;

    open_schema(event_avro_evaluation_schema);
    const struct evaluation_event in = draw_evaluation();
    event_avro_evaluation(NUMBER, &in, &bytes);
    ck_assert_refused(
        evaluation_event_decode(NULL, bytes.bytes, bytes.size, &out, &err), err,
        ERROR_CONFIG, "registry.url");
    ck_assert_refused(
        evaluation_event_decode(
            one_schema(1, EVENT_SCHEMA_AVRO, (const char *)text.bytes),
            bytes.bytes, bytes.size, &out, &err),
        err, ERROR_UNAVAILABLE, "16909060");
    ck_assert_refused(evaluation_event_decode(ours(), bytes.bytes,
                                              bytes.size - 1, &out, &err),
                      err, ERROR_FORMAT, "truncated");
}
END_TEST

/* --- The output ------------------------------------------------------- */

START_TEST(avro_is_not_written_without_a_number)
{
    struct event_output output = {.format = EVENT_FORMAT_AVRO};

    open_schema(event_avro_prediction_schema);
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
    tcase_add_test(tests, an_evaluation_is_decoded_by_avro_c_and_by_us);
    tcase_add_test(tests, an_evaluation_without_its_schema_is_said_to_be_one);
    tcase_add_test(tests, avro_is_not_written_without_a_number);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
