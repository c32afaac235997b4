/*
 * check_event_form_avro.c - impressions and labels that are fed in Avro: avro-c
 * decodes them by the schema that goes along, the reader of the same settings
 * takes the same events, and names that Avro does not have are refused.
 */
#include "support/one_schema.h"
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/event/event_form.h"
#include "common/event/event_reader.h"

#include <avro.h>
#include <stdio.h>
#include <string.h>

enum { NUMBER = 70000, EVENTS = 2000 };

static struct error err;
static struct event_fields fields;
static struct event_form form;
static struct buffer text, bytes;
static struct event_scratch scratch;
static avro_value_iface_t *class;
static avro_schema_t schema;
static avro_value_t value;
static uint64_t rng = 1;

static void set_up(void)
{
    fields = (struct event_fields)EVENT_FIELDS_DEFAULT;
    fields.impressions_format = fields.labels_format = EVENT_FORMAT_AVRO;
}

static void tear_down(void)
{
    avro_value_decref(&value);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    event_scratch_free(&scratch);
    buffer_free(&text);
    buffer_free(&bytes);
}

static void set(char field[EVENT_FIELD_SIZE], const char *path)
{
    snprintf(field, EVENT_FIELD_SIZE, "%s", path);
}

/* Reads the settings, and lets avro-c and our reader know the schema. */
static void open_form(enum event_kind kind, const char *const *extras,
                      size_t count)
{
    ck_assert_ok(event_form_read(&form, &fields, kind, &err), err);
    buffer_clear(&text);
    ck_assert_ok(event_form_schema(&form, extras, count, &text, &err), err);
    ck_assert_int_eq(avro_schema_from_json_length((const char *)text.bytes,
                                                  text.size, &schema),
                     0);
    class = avro_generic_class_from_schema(schema);
    ck_assert_int_eq(avro_generic_value_new(class, &value), 0);
    event_form_set_schema(&form, NUMBER);
    buffer_append(&text, "", 1);
    fields.schemas =
        one_schema(NUMBER, EVENT_SCHEMA_AVRO, (const char *)text.bytes);
}

/* avro-c takes the bytes behind the head, and writes the same of them. */
static void decode(void)
{
    static const uint8_t head[] = {0, 0, 1, 0x11, 0x70};
    static char again[8192];

    ck_assert(!buffer_failed(&bytes));
    ck_assert_mem_eq(bytes.bytes, head, sizeof(head));
    avro_reader_t reader =
        avro_reader_memory((const char *)bytes.bytes + sizeof(head),
                           (int64_t)(bytes.size - sizeof(head)));
    ck_assert_msg(avro_value_read(reader, &value) == 0, "%s", avro_strerror());
    avro_reader_free(reader);
    avro_writer_t writer = avro_writer_memory(again, sizeof(again));
    ck_assert_int_eq(avro_value_write(writer, &value), 0);
    ck_assert_int_eq(avro_writer_tell(writer),
                     (int64_t)(bytes.size - sizeof(head)));
    ck_assert_mem_eq(again, bytes.bytes + sizeof(head),
                     bytes.size - sizeof(head));
    avro_writer_free(writer);
}

/* The value as avro-c prints it, which the caller frees. */
static char *decoded(void)
{
    char *json;

    decode();
    ck_assert_int_eq(avro_value_to_json(&value, 1, &json), 0);
    return json;
}

static void expect(const char *json)
{
    char *is = decoded();

    ck_assert_str_eq(is, json);
    free(is);
}

/* --- Random events ---------------------------------------------------- */

static unsigned below(unsigned bound)
{
    return (unsigned)(random_next(&rng) % bound);
}

static struct id draw_id(char memory[ID_TEXT_MAX])
{
    const size_t size = 1 + below(below(3) ? 20 : ID_TEXT_MAX);
    const unsigned kind = below(3);

    if (kind == 0)
        return id_from_number((int64_t)random_next(&rng) >> below(64));
    memory[0] = 'i';
    for (size_t i = 1; i < size; i++)
        memory[i] = (char)(kind == 1 ? 'a' + (int)below(26) : (int)below(256));
    return id_from_text(memory, size);
}

struct drawn {
    char id[ID_TEXT_MAX], user[ID_TEXT_MAX], ad[ID_TEXT_MAX],
        extra[ID_TEXT_MAX];
    struct impression event;
    struct event_extra extras[3];
};

static void draw(struct drawn *out)
{
    out->event = (struct impression){
        .id = draw_id(out->id),
        .user = draw_id(out->user),
        .ad = draw_id(out->ad),
        .ts_ms =
            (int64_t)(random_next(&rng) % (uint64_t)(EVENT_TIME_MAX_MS + 1))};
    out->extras[0] =
        (struct event_extra){.name = "depth", .value = draw_id(out->extra)};
    out->extras[1] = (struct event_extra){
        .name = "p", .is_real = true, .real = below(1000) / 1000.0};
    out->extras[2] = (struct event_extra){.name = "ad", .value = {.number = 1}};
}

static const char *const names[] = {"depth", "p", "ad"};

static struct event_reader *open_reader(enum event_kind kind)
{
    struct event_reader *reader = NULL;

    ck_assert_ok(event_reader_new(&fields, kind, &reader, &err), err);
    ck_assert_ok(event_scratch_ready(&scratch, &err), err);
    return reader;
}

static struct event_record record(void)
{
    return (struct event_record){.value = bytes.bytes,
                                 .value_size = bytes.size,
                                 .key = (const uint8_t *)"42",
                                 .key_size = 2,
                                 .timestamp_ms = 1700000000123};
}

START_TEST(impressions_come_back)
{
    struct drawn drawn;
    struct impression out;
    const char *about;
    unsigned depth, p;

    open_form(EVENT_IMPRESSIONS, names, 3);
    struct event_reader *reader = open_reader(EVENT_IMPRESSIONS);
    ck_assert_ok(event_reader_want(reader, "depth", &depth, &err), err);
    ck_assert_ok(event_reader_want(reader, "p", &p, &err), err);
    for (int i = 0; i < EVENTS; i++) {
        draw(&drawn);
        buffer_free(&bytes); /* so that a sanitizer sees what has no room */
        event_form_impression(&form, &drawn.event, drawn.extras, 3, &bytes);
        decode();
        event_scratch_clear(&scratch);
        ck_assert_ok(event_scratch_ready(&scratch, &err), err);
        const struct event_record of = record();
        ck_assert_int_eq(
            event_reader_impression(reader, &of, &scratch, &out, &about),
            EVENT_OK);
        ck_assert(id_equal(&out.id, &drawn.event.id));
        ck_assert(id_equal(&out.user, &drawn.event.user));
        ck_assert(id_equal(&out.ad, &drawn.event.ad));
        ck_assert_int_eq(out.ts_ms, drawn.event.ts_ms);
        ck_assert(scratch.found.seen >> depth & 1 &&
                  scratch.found.seen >> p & 1);
        ck_assert_mem_eq(&scratch.found.values[p].real, &drawn.extras[1].real,
                         sizeof(double));
        const struct id extra = event_span_id(
            event_scratch_id(&scratch, &scratch.found.values[depth]));
        ck_assert(id_equal(&extra, &drawn.extras[0].value));
    }
    event_reader_free(reader);
}
END_TEST

START_TEST(labels_come_back)
{
    static const double clicks[] = {0, 1, 0.25};
    struct drawn drawn;
    struct label out;
    const char *about;

    open_form(EVENT_LABELS, NULL, 0);
    struct event_reader *reader = open_reader(EVENT_LABELS);
    for (int i = 0; i < EVENTS; i++) {
        draw(&drawn);
        const struct label in = {.id = drawn.event.id,
                                 .ts_ms = drawn.event.ts_ms,
                                 .click = clicks[below(3)],
                                 .has_pair = below(2),
                                 .user = drawn.event.user,
                                 .ad = drawn.event.ad};
        buffer_free(&bytes);
        event_form_label(&form, &in, &bytes);
        decode();
        event_scratch_clear(&scratch);
        ck_assert_ok(event_scratch_ready(&scratch, &err), err);
        const struct event_record of = record();
        ck_assert_int_eq(
            event_reader_label(reader, &of, &scratch, &out, &about), EVENT_OK);
        ck_assert(id_equal(&out.id, &in.id));
        ck_assert_int_eq(out.ts_ms, in.ts_ms);
        ck_assert(out.click == in.click);
        ck_assert_int_eq(out.has_pair, in.has_pair);
        if (in.has_pair)
            ck_assert(id_equal(&out.user, &in.user) &&
                      id_equal(&out.ad, &in.ad));
    }
    event_reader_free(reader);
}
END_TEST

/* --- Settings --------------------------------------------------------- */

static const struct impression impression = {
    .id = {.text = "imp-1", .size = 5},
    .user = {.number = 42},
    .ad = {.text = "a", .size = 1},
    .ts_ms = INT64_C(1700000000123),
};

/* The unit of numbers does not count: the schema says milliseconds. */
START_TEST(names_and_places_are_those_of_the_settings)
{
    const struct event_extra extra = {.name = "ad",
                                      .value = {.text = "\xff", .size = 1}};
    static const char *const one[] = {"ad"};
    struct impression out;
    const char *about;

    fields.ts_unit = EVENT_TIME_S;
    set(fields.id, "$.imp");
    set(fields.user, "@key");
    set(fields.ad, "$['keyword']");
    strcpy(fields.impressions_filter, "type==view");
    open_form(EVENT_IMPRESSIONS, one, 1);
    event_form_impression(&form, &impression, &extra, 1, &bytes);
    expect("{\"imp\": {\"string\": \"imp-1\"}, \"ts\": 1700000000123, "
           "\"keyword\": {\"string\": \"a\"}, \"type\": \"view\", \"ad\": "
           "{\"bytes\": \"\\u00FF\"}}");
    struct event_reader *reader = open_reader(EVENT_IMPRESSIONS);
    const struct event_record of = record();
    ck_assert_int_eq(
        event_reader_impression(reader, &of, &scratch, &out, &about), EVENT_OK);
    ck_assert(id_equal(&out.user, &impression.user));
    ck_assert_int_eq(out.ts_ms, impression.ts_ms);
    event_reader_free(reader);
}
END_TEST

START_TEST(a_time_of_the_record_is_no_field)
{
    set(fields.ts, "@timestamp");
    set(fields.user, "ad");
    open_form(EVENT_IMPRESSIONS, NULL, 0);
    event_form_impression(&form, &impression, NULL, 0, &bytes);
    expect("{\"id\": {\"string\": \"imp-1\"}, \"ad\": {\"long\": 42}}");
}
END_TEST

START_TEST(words_of_clicks_are_strings)
{
    const struct label label = {.id = {.number = 1}, .ts_ms = 2, .click = 1};
    struct label out;
    const char *about;

    strcpy(fields.click_values, "clicked:1,seen:0");
    open_form(EVENT_LABELS, NULL, 0);
    event_form_label(&form, &label, &bytes);
    expect("{\"id\": {\"long\": 1}, \"ts\": 2, \"click\": {\"string\": "
           "\"clicked\"}, \"user\": null, \"ad\": null}");
    struct event_reader *reader = open_reader(EVENT_LABELS);
    const struct event_record of = record();
    ck_assert_int_eq(event_reader_label(reader, &of, &scratch, &out, &about),
                     EVENT_OK);
    ck_assert(out.click == 1);
    event_reader_free(reader);
}
END_TEST

static const struct {
    const char *user, *extra, *filter, *why;
} refused[] = {
    {"context.user", NULL, "", "the field 'context.user' cannot be written"},
    {"user-id", NULL, "", "the field 'user-id' cannot be written"},
    {"7up", NULL, "", "the field '7up'"},
    {"$['us er']", NULL, "", "cannot be written in Avro"},
    {"user", NULL, "a.b==1", "the field 'a.b' cannot"},
    {"user", NULL, "kind==\xff", "no UTF-8"},
    {"user", "site.id", "", "the column 'site.id' cannot be a field of Avro"},
    {"user", "", "", "the column '' cannot"},
    {"user", "1st", "", "the column '1st'"},
    {"user",
     "gr\xc3\xb6\xc3\x9f"
     "e",
     "", "cannot be a field of Avro"},
    {"user", "depth", "", "the column 'depth' is there twice"},
};

START_TEST(what_avro_has_no_name_for_is_refused)
{
    const char *const extras[] = {"depth", refused[_i].extra};

    set(fields.user, refused[_i].user);
    strcpy(fields.impressions_filter, refused[_i].filter);
    ck_assert_ok(event_form_read(&form, &fields, EVENT_IMPRESSIONS, &err), err);
    ck_assert_refused(event_form_schema(&form, extras,
                                        refused[_i].extra ? 2 : 1, &text, &err),
                      err, ERROR_CONFIG, refused[_i].why);
    fields = (struct event_fields)EVENT_FIELDS_DEFAULT; /* for tear_down() */
    fields.impressions_format = EVENT_FORMAT_AVRO;
    open_form(EVENT_IMPRESSIONS, NULL, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event_form_avro");
    TCase *tests = tcase_create("written");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, impressions_come_back);
    tcase_add_test(tests, labels_come_back);
    tcase_add_test(tests, names_and_places_are_those_of_the_settings);
    tcase_add_test(tests, a_time_of_the_record_is_no_field);
    tcase_add_test(tests, words_of_clicks_are_strings);
    tcase_add_loop_test(tests, what_avro_has_no_name_for_is_refused, 0,
                        sizeof(refused) / sizeof(refused[0]));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
