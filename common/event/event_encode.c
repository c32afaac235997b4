/*
 * event_encode.c - events to msgpack maps, fields in the order that the
 * decoder meets fastest.
 */
#include "common/event/event_codec.h"
#include "common/event/event_json.h"
#include "common/event/packer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    ENTRIES_MAX = 5,     /* mapped fields of an event */
    NUMBER_SIZE_MAX = 9, /* bytes of an integer or a float */
};

/* One field to be written: a span, or an id, or a time, or a click. */
struct entry {
    const char *name;
    struct span raw; /* when there are bytes */
    enum { ENTRY_ID, ENTRY_TIME, ENTRY_CLICK } kind;
    struct id id;
    int64_t ms;
    double click;
};

static void pack_name(msgpack_packer *packer, const char *name)
{
    packer_text(packer, name, strlen(name));
}

static void pack_id(msgpack_packer *packer, const struct id *id)
{
    if (id->text)
        packer_text(packer, id->text, id->size);
    else
        msgpack_pack_int64(packer, id->number);
}

/* 0 and 1 are booleans, as most producers write them. */
static void pack_click(msgpack_packer *packer, double click)
{
    if (click == 0)
        msgpack_pack_false(packer);
    else if (click == 1)
        msgpack_pack_true(packer);
    else
        msgpack_pack_double(packer, click);
}

static void pack_entry(msgpack_packer *packer, const struct entry *entry)
{
    pack_name(packer, entry->name);
    if (entry->raw.bytes)
        packer_raw(packer, entry->raw.bytes, entry->raw.size);
    else if (entry->kind == ENTRY_ID)
        pack_id(packer, &entry->id);
    else if (entry->kind == ENTRY_TIME)
        msgpack_pack_int64(packer, entry->ms);
    else
        pack_click(packer, entry->click);
}

static void pack_extra(msgpack_packer *packer, const struct event_extra *extra)
{
    pack_name(packer, extra->name);
    if (extra->is_real)
        msgpack_pack_double(packer, extra->real);
    else
        pack_id(packer, &extra->value);
}

static bool is_named(const struct entry *entries, size_t count,
                     const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].name, name) == 0)
            return true;
    return false;
}

/* Two fields of an event may be mapped to one name: it is written once. */
static size_t drop_repeated(struct entry *entries, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (!is_named(entries, kept, entries[i].name))
            entries[kept++] = entries[i];
    return kept;
}

static void pack_impression(const struct event_fields *fields,
                            const struct impression *event,
                            const struct event_extra *extras,
                            size_t extra_count, struct buffer *out)
{
    msgpack_packer packer = packer_into(out);
    struct entry entries[ENTRIES_MAX] = {
        {fields->id, event->raw_id, ENTRY_ID, .id = event->id},
        {fields->ts, event->raw_ts, ENTRY_TIME, .ms = event->ts_ms},
        {fields->user, event->raw_user, ENTRY_ID, .id = event->user},
        {fields->ad, event->raw_ad, ENTRY_ID, .id = event->ad},
    };
    size_t count = drop_repeated(entries, 4);

    size_t extra = 0;
    for (size_t i = 0; i < extra_count; i++)
        extra += !is_named(entries, count, extras[i].name);
    msgpack_pack_map(&packer, count + extra);
    for (size_t i = 0; i < count; i++)
        pack_entry(&packer, &entries[i]);
    for (size_t i = 0; i < extra_count; i++) {
        if (is_named(entries, count, extras[i].name))
            continue;
        pack_extra(&packer, &extras[i]);
    }
}

static void pack_label(const struct event_fields *fields,
                       const struct label *event, struct buffer *out)
{
    msgpack_packer packer = packer_into(out);
    struct entry entries[ENTRIES_MAX] = {
        {fields->id, .kind = ENTRY_ID, .id = event->id},
        {fields->ts, .kind = ENTRY_TIME, .ms = event->ts_ms},
        {fields->click, .kind = ENTRY_CLICK, .click = event->click},
        {fields->user, .kind = ENTRY_ID, .id = event->user},
        {fields->ad, .kind = ENTRY_ID, .id = event->ad},
    };
    size_t count = drop_repeated(entries, event->has_pair ? 5 : 3);

    msgpack_pack_map(&packer, count);
    for (size_t i = 0; i < count; i++)
        pack_entry(&packer, &entries[i]);
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

void event_encode_impression(const struct event_fields *fields,
                             const struct impression *event,
                             const struct event_extra *extras,
                             size_t extra_count, struct buffer *out)
{
    const size_t start = out->size;

    pack_impression(fields, event, extras, extra_count, out);
    if (fields->impressions_format == EVENT_FORMAT_JSON)
        turn_into_json(out, start);
}

void event_encode_label(const struct event_fields *fields,
                        const struct label *event, struct buffer *out)
{
    const size_t start = out->size;

    pack_label(fields, event, out);
    if (fields->labels_format == EVENT_FORMAT_JSON)
        turn_into_json(out, start);
}

static void pack_span(msgpack_packer *packer, const char *name,
                      struct span span)
{
    packer_raw(packer, name, strlen(name));
    packer_raw(packer, span.bytes, span.size);
}

/* Once for every event that is scored: names are bytes that are msgpack
 * already, and memory is asked for once. */
void event_encode_prediction(const struct prediction_event *event,
                             struct buffer *out)
{
    const size_t names = 64, basis = 16;
    const char *contender = event->contender;
    const size_t numbers = 5 * (size_t)NUMBER_SIZE_MAX;
    const size_t spans = (size_t)event->raw_id.size + event->raw_ts.size +
                         event->raw_user.size + event->raw_ad.size;
    msgpack_packer packer = packer_into(out);

    if (!buffer_reserve(out, names + basis + numbers + spans +
                                 2 * (size_t)MODEL_HASH_SIZE))
        return;
    msgpack_pack_map(&packer, contender ? 9 : 8);
    pack_span(&packer, "\xa2id", event->raw_id);
    pack_span(&packer, "\xa2ts", event->raw_ts);
    pack_span(&packer, "\xa4user", event->raw_user);
    pack_span(&packer,
              "\xa2"
              "ad",
              event->raw_ad);
    packer_raw(&packer, "\xa1p", 2);
    msgpack_pack_double(&packer, event->p);
    packer_raw(&packer, event->delta ? "\xa5model\x94" : "\xa5model\x92", 7);
    msgpack_pack_uint64(&packer, event->model_version);
    packer_bytes(&packer, event->model_hash, MODEL_HASH_SIZE);
    if (event->delta) {
        msgpack_pack_uint32(&packer, event->delta);
        packer_bytes(&packer, event->delta_hash, MODEL_HASH_SIZE);
    }
    packer_raw(&packer,
               "\xa5"
               "basis",
               6);
    pack_name(&packer, basis_name(event->basis));
    packer_raw(&packer, "\xa3src\x92", 5);
    msgpack_pack_int32(&packer, event->src_partition);
    msgpack_pack_int64(&packer, event->src_offset);
    if (contender) {
        pack_name(&packer, "contender");
        pack_name(&packer, contender);
    }
}
