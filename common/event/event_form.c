#include "common/event/event_form.h"

#include "common/base/utf8.h"
#include "common/event/avro_writer.h"
#include "common/event/event_json.h"
#include "common/event/packer.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum {
    BESIDE = EVENT_LAYOUT_MAX, /* a place that is not in the value */
    VALUE_SIZE = ID_TEXT_MAX + 16,
};

/* --- Reading the settings --------------------------------------------- */

static const char *setting_of(const struct event_rules *rules, unsigned at)
{
    static const char *const settings[] = {"field.id", "field.ts", "field.user",
                                           "field.ad", "field.click"};

    if (at < rules->fields)
        return settings[at];
    return rules->fields == IMPRESSION_FIELDS ? "filter.impressions"
                                              : "filter.labels";
}

static bool is_the_senders(unsigned at, enum event_place place)
{
    return (at == AT_USER && place == EVENT_IN_KEY) ||
           (at == AT_TS && place == EVENT_IN_TIMESTAMP);
}

/* Which field is written as the n-th: user and ad are the last of a label,
 * which may lack them. */
static unsigned nth_written(const struct event_rules *rules, unsigned n)
{
    static const unsigned of_label[] = {AT_ID, AT_TS, AT_CLICK, AT_USER, AT_AD};

    return rules->fields == LABEL_FIELDS && n < LABEL_FIELDS ? of_label[n] : n;
}

/* What a field of the n-th place is in Avro. */
static enum flat_type type_of(const struct event_rules *rules, unsigned at)
{
    if (at == rules->fields)
        return FLAT_TEXT; /* of the filter */
    if (at == AT_TS)
        return FLAT_TIME;
    if (rules->fields == LABEL_FIELDS && at == AT_CLICK)
        return FLAT_CLICK;
    return rules->fields == LABEL_FIELDS && at != AT_ID ? FLAT_MAYBE : FLAT_ID;
}

/* Reads the settings of a writer, which needs no schemas of others. In Avro
 * times are of a logical type, whatever the unit of numbers is. */
static int read_rules(struct event_rules *rules,
                      const struct event_fields *fields, enum event_kind kind,
                      struct error *err)
{
    struct event_fields ours = *fields;
    int *format =
        kind == EVENT_LABELS ? &ours.labels_format : &ours.impressions_format;
    const int wanted = *format;

    if (wanted == EVENT_FORMAT_AVRO) {
        *format = EVENT_FORMAT_MSGPACK;
        ours.ts_unit = EVENT_TIME_MS;
    }
    if (event_rules_read(rules, &ours, kind, err) < 0)
        return -1;
    rules->format = (enum event_format)wanted;
    return 0;
}

int event_form_read(struct event_form *form, const struct event_fields *fields,
                    enum event_kind kind, struct error *err)
{
    struct event_rules *rules = &form->rules;

    memset(form, 0, sizeof(*form));
    if (read_rules(rules, fields, kind, err) < 0)
        return -1;
    for (unsigned n = 0; n < rules->fields + rules->has_filter; n++) {
        const unsigned at = nth_written(rules, n);
        const struct event_path *path = &rules->plan.paths[at];
        form->places[at] = BESIDE;
        if (is_the_senders(at, path->place))
            continue;
        const unsigned before = form->layout.count;
        if (event_layout_add(&form->layout, path, &form->places[at], err) < 0)
            return error_wrap(err, "%s", setting_of(rules, at));
        if (form->places[at] == before)
            form->types[before] = type_of(rules, at);
    }
    return 0;
}

static int add_field(const struct event_path *path, enum flat_type type,
                     struct buffer *out, struct error *err)
{
    const char *name = path->text + path->steps[0].at;

    if (path->count > 1 || !flat_schema_is_name(name, path->steps[0].size))
        return error_set(err, ERROR_CONFIG,
                         "the field '%s' cannot be written in Avro: a name of "
                         "letters, digits and _ is wanted, without a digit in "
                         "front",
                         path->text);
    flat_schema_add(out, name, path->steps[0].size, type);
    return 0;
}

static int add_extra(const struct event_form *form, const char *const *extras,
                     size_t at, struct buffer *out, struct error *err)
{
    const char *name = extras[at];

    if (event_form_has(form, name))
        return 0;
    if (!flat_schema_is_name(name, strlen(name)))
        return error_set(err, ERROR_CONFIG,
                         "the column '%.100s' cannot be a field of Avro, whose "
                         "names are of letters, digits and _, without a digit "
                         "in front: leave it out (extras)",
                         name);
    for (size_t i = 0; i < at; i++)
        if (strcmp(extras[i], name) == 0)
            return error_set(err, ERROR_CONFIG,
                             "the column '%.100s' is there twice", name);
    flat_schema_add(out, name, strlen(name), FLAT_EXTRA);
    return 0;
}

/* Words that the settings have are strings of Avro. */
static int check_words(const struct event_rules *rules, struct error *err)
{
    bool is_fine =
        utf8_is_valid((const uint8_t *)rules->wanted, strlen(rules->wanted));

    for (unsigned i = 0; i < rules->click_value_count; i++)
        is_fine &= utf8_is_valid((const uint8_t *)rules->click_values[i].text,
                                 strlen(rules->click_values[i].text));
    return is_fine ? 0
                   : error_set(err, ERROR_CONFIG,
                               "a word of a filter or of field.click.values is "
                               "no UTF-8, which strings of Avro are");
}

int event_form_schema(const struct event_form *form, const char *const *extras,
                      size_t extra_count, struct buffer *out, struct error *err)
{
    const bool is_label = form->rules.fields == LABEL_FIELDS;

    if (check_words(&form->rules, err) < 0)
        return -1;
    flat_schema_begin(out, is_label ? "Label" : "Impression",
                      is_label ? "whether an impression was clicked"
                               : "an ad that was shown to a user");
    for (unsigned i = 0; i < form->layout.count; i++)
        if (add_field(&form->layout.paths[i], form->types[i], out, err) < 0)
            return -1;
    for (size_t i = 0; i < extra_count; i++)
        if (add_extra(form, extras, i, out, err) < 0)
            return -1;
    flat_schema_end(out);
    return 0;
}

void event_form_set_schema(struct event_form *form, uint32_t schema)
{
    form->schema = schema;
    form->has_schema = true;
}

bool event_form_has_user_key(const struct event_form *form)
{
    return form->rules.plan.paths[AT_USER].place == EVENT_IN_KEY;
}

bool event_form_has(const struct event_form *form, const char *name)
{
    return event_layout_has(&form->layout, name);
}

/* --- Values ----------------------------------------------------------- */

/* The values of one event, by their place in the layout. */
struct values {
    const struct event_form *form;
    struct span spans[EVENT_LAYOUT_MAX + 1]; /* and one that is not written */
    uint8_t memory[LABEL_FIELDS + 1][VALUE_SIZE];
};

/* A packer into the memory of a value, whose span the caller then ends. Two
 * fields may have one path: the first one's value counts. */
struct slot {
    struct buffer bytes; /* borrows the memory, and is large enough */
    msgpack_packer packer;
};

static void open_slot(struct values *values, unsigned at, struct slot *slot)
{
    slot->bytes = (struct buffer){.bytes = values->memory[at],
                                  .room = sizeof(values->memory[at])};
    slot->packer = packer_into(&slot->bytes);
}

static void put_span(struct values *values, unsigned at, struct span span)
{
    struct span *to = &values->spans[values->form->places[at]];

    if (!to->bytes)
        *to = span;
}

static void close_slot(struct values *values, unsigned at,
                       const struct slot *slot)
{
    put_span(values, at,
             (struct span){slot->bytes.bytes, (uint32_t)slot->bytes.size});
}

static void pack_text(msgpack_packer *packer, const char *text)
{
    packer_text(packer, text, strlen(text));
}

static void pack_id(msgpack_packer *packer, const struct id *id)
{
    if (id->text)
        packer_text(packer, id->text, id->size);
    else
        msgpack_pack_int64(packer, id->number);
}

/* In the unit that readers take numbers for; AUTO takes milliseconds. */
static void pack_time(msgpack_packer *packer, enum event_time_unit unit,
                      int64_t ms)
{
    if (unit == EVENT_TIME_S && ms % 1000 == 0)
        msgpack_pack_int64(packer, ms / 1000);
    else if (unit == EVENT_TIME_S)
        msgpack_pack_double(packer, (double)ms / 1000);
    else if (unit == EVENT_TIME_US)
        msgpack_pack_int64(packer, ms * 1000);
    else if (unit == EVENT_TIME_NS && ms > INT64_MAX / 1000000)
        msgpack_pack_double(packer, (double)ms * 1e6);
    else if (unit == EVENT_TIME_NS)
        msgpack_pack_int64(packer, ms * 1000000);
    else
        msgpack_pack_int64(packer, ms);
}

static void put_id(struct values *values, unsigned at, struct span raw,
                   const struct id *id)
{
    struct slot slot;

    if (raw.bytes) {
        put_span(values, at, raw);
        return;
    }
    open_slot(values, at, &slot);
    pack_id(&slot.packer, id);
    close_slot(values, at, &slot);
}

static void put_time(struct values *values, struct span raw, int64_t ms)
{
    struct slot slot;

    if (raw.bytes && values->form->rules.format != EVENT_FORMAT_AVRO) {
        put_span(values, AT_TS, raw);
        return;
    }
    open_slot(values, AT_TS, &slot);
    pack_time(&slot.packer, values->form->rules.ts_unit, ms);
    close_slot(values, AT_TS, &slot);
}

static const char *word_of_click(const struct event_rules *rules, double click)
{
    for (unsigned i = 0; i < rules->click_value_count; i++)
        if (rules->click_values[i].click == click)
            return rules->click_values[i].text;
    return NULL;
}

/* 0 and 1 are booleans, as most producers write them. */
static void put_click(struct values *values, double click)
{
    const char *word = word_of_click(&values->form->rules, click);
    struct slot slot;

    open_slot(values, AT_CLICK, &slot);
    if (word)
        pack_text(&slot.packer, word);
    else if (click == 0)
        msgpack_pack_false(&slot.packer);
    else if (click == 1)
        msgpack_pack_true(&slot.packer);
    else
        msgpack_pack_double(&slot.packer, click);
    close_slot(values, AT_CLICK, &slot);
}

static void put_filter(struct values *values)
{
    const struct event_rules *rules = &values->form->rules;
    struct slot slot;

    if (!rules->has_filter)
        return;
    open_slot(values, rules->fields, &slot);
    pack_text(&slot.packer, rules->wanted);
    close_slot(values, rules->fields, &slot);
}

/* --- Records ---------------------------------------------------------- */

static void pack_extra(msgpack_packer *packer, const struct event_extra *extra)
{
    pack_text(packer, extra->name);
    if (extra->is_real)
        msgpack_pack_double(packer, extra->real);
    else
        pack_id(packer, &extra->value);
}

/* The record that was written behind `start` becomes JSON. */
static void turn_into_json(struct buffer *out, size_t start)
{
    struct buffer json = {0};

    if (buffer_failed(out))
        return;
    event_json_value(out->bytes + start, out->size - start, &json);
    out->size = start;
    if (buffer_failed(&json))
        out->failed = true;
    else
        buffer_append(out, json.bytes, json.size);
    buffer_free(&json);
}

/* The values in the order of the schema. */
static void write_avro(const struct values *values, struct buffer *out)
{
    const struct event_form *form = values->form;
    uint8_t *at = buffer_reserve(out, EVENT_SCHEMA_HEAD);

    assert(form->has_schema);
    if (!at)
        return;
    avro_put_head(at, form->schema);
    out->size += EVENT_SCHEMA_HEAD;
    for (unsigned i = 0; i < form->layout.count; i++)
        flat_schema_write(form->types[i], values->spans[i], out);
}

static void write_avro_extra(const struct event_extra *extra,
                             struct buffer *out)
{
    uint8_t memory[VALUE_SIZE];
    struct buffer bytes = {.bytes = memory, .room = sizeof(memory)};
    msgpack_packer packer = packer_into(&bytes);

    assert(extra->value.size <= ID_TEXT_MAX); /* as all that readers take */
    if (extra->is_real)
        msgpack_pack_double(&packer, extra->real);
    else
        pack_id(&packer, &extra->value);
    flat_schema_write(FLAT_EXTRA,
                      (struct span){bytes.bytes, (uint32_t)bytes.size}, out);
}

void event_form_impression(const struct event_form *form,
                           const struct impression *event,
                           const struct event_extra *extras, size_t extra_count,
                           struct buffer *out)
{
    const size_t start = out->size;
    struct values values = {.form = form};
    msgpack_packer packer = packer_into(out);
    size_t more = 0;

    put_id(&values, AT_ID, event->raw_id, &event->id);
    put_time(&values, event->raw_ts, event->ts_ms);
    put_id(&values, AT_USER, event->raw_user, &event->user);
    put_id(&values, AT_AD, event->raw_ad, &event->ad);
    put_filter(&values);
    for (size_t i = 0; i < extra_count; i++)
        more += !event_form_has(form, extras[i].name);
    if (form->rules.format == EVENT_FORMAT_AVRO) {
        write_avro(&values, out);
        for (size_t i = 0; i < extra_count; i++)
            if (!event_form_has(form, extras[i].name))
                write_avro_extra(&extras[i], out);
        return;
    }
    event_layout_write(&form->layout, values.spans, more, out);
    for (size_t i = 0; i < extra_count; i++)
        if (!event_form_has(form, extras[i].name))
            pack_extra(&packer, &extras[i]);
    if (form->rules.format == EVENT_FORMAT_JSON)
        turn_into_json(out, start);
}

void event_form_label(const struct event_form *form, const struct label *event,
                      struct buffer *out)
{
    const struct span none = {0};
    const size_t start = out->size;
    struct values values = {.form = form};

    put_id(&values, AT_ID, none, &event->id);
    put_time(&values, none, event->ts_ms);
    put_click(&values, event->click);
    put_filter(&values);
    if (event->has_pair) {
        put_id(&values, AT_USER, none, &event->user);
        put_id(&values, AT_AD, none, &event->ad);
    }
    if (form->rules.format == EVENT_FORMAT_AVRO) {
        write_avro(&values, out);
        return;
    }
    event_layout_write(&form->layout, values.spans, 0, out);
    if (form->rules.format == EVENT_FORMAT_JSON)
        turn_into_json(out, start);
}
