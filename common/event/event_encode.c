/*
 * event_encode.c - events to msgpack maps.
 */
#include "common/event/event_codec.h"
#include "common/event/event_form.h"
#include "common/event/packer.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { NUMBER_SIZE_MAX = 9 }; /* bytes of an integer or a float */

static void pack_name(msgpack_packer *packer, const char *name)
{
    packer_text(packer, name, strlen(name));
}

/* What the settings are is the caller's to know. */
static void read_form(struct event_form *form,
                      const struct event_fields *fields, enum event_kind kind)
{
    struct error err;
    const int status = event_form_read(form, fields, kind, &err);

    assert(status == 0);
    (void)status;
}

void event_encode_impression(const struct event_fields *fields,
                             const struct impression *event,
                             const struct event_extra *extras,
                             size_t extra_count, struct buffer *out)
{
    struct event_form form;

    read_form(&form, fields, EVENT_IMPRESSIONS);
    event_form_impression(&form, event, extras, extra_count, out);
}

void event_encode_label(const struct event_fields *fields,
                        const struct label *event, struct buffer *out)
{
    struct event_form form;

    read_form(&form, fields, EVENT_LABELS);
    event_form_label(&form, event, out);
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
    const size_t names = 72, basis = 16;
    const char *contender = event->contender;
    const size_t numbers = 6 * (size_t)NUMBER_SIZE_MAX;
    const size_t spans = (size_t)event->raw_id.size + event->raw_ts.size +
                         event->raw_user.size + event->raw_ad.size;
    msgpack_packer packer = packer_into(out);

    if (!buffer_reserve(out, names + basis + numbers + spans +
                                 2 * (size_t)MODEL_HASH_SIZE))
        return;
    msgpack_pack_map(&packer,
                     8u + (event->has_support ? 1 : 0) + (contender ? 1 : 0));
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
    if (event->has_support) {
        packer_raw(&packer, "\xa7support", 8);
        msgpack_pack_double(&packer, event->support);
    }
    if (contender) {
        pack_name(&packer, "contender");
        pack_name(&packer, contender);
    }
}
