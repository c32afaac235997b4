/*
 * event_prediction_nested.c - what the fields of a prediction in JSON or Avro
 * mean: hashes are hexadecimal texts in JSON, and bytes in Avro.
 */
#include "common/event/event_prediction.h"

#include "common/event/event_rules.h"
#include "common/event/event_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 64 };

/* --- Bytes as text ---------------------------------------------------- */

static int digit_of(uint8_t c, const char *digits)
{
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Base64 with its padding; returns the number of bytes, or -1. */
static int take_base64(const struct cursor_value *text,
                       uint8_t out[ID_TEXT_MAX])
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t group = 0, size = text->size;
    int count = 0;

    if (size % 4 != 0)
        return -1;
    for (int pad = 0; pad < 2 && size > 0 && text->bytes[size - 1] == '=';
         pad++)
        size--;
    for (uint32_t i = 0; i < size; i++) {
        const int digit = digit_of(text->bytes[i], digits);
        if (digit < 0)
            return -1;
        group = group << 6 | (uint32_t)digit;
        if (i % 4 == 0)
            continue;
        if (count == ID_TEXT_MAX)
            return -1;
        out[count++] = (uint8_t)(group >> (6 - 2 * (i % 4)));
    }
    return count;
}

static bool take_hash(const struct cursor_value *text,
                      uint8_t out[MODEL_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    if (text->type == CURSOR_BYTES && text->size == MODEL_HASH_SIZE) {
        memcpy(out, text->bytes, MODEL_HASH_SIZE);
        return true;
    }
    if (text->type != CURSOR_TEXT || text->size != 2 * MODEL_HASH_SIZE)
        return false;
    for (unsigned i = 0; i < text->size; i++) {
        const int digit = digit_of(text->bytes[i], digits);
        if (digit < 0)
            return false;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | digit);
    }
    return true;
}

/* --- Fields ----------------------------------------------------------- */

/* What a field is read with. */
struct reading {
    struct event_scratch *scratch;
    struct event_found *found;
    bool is_json;
};

/* In Avro a field that may be missing is there all the same, as null. */
static bool is_there(const struct reading *with, unsigned at)
{
    return with->found->seen >> at & 1 &&
           with->found->values[at].type != CURSOR_NIL;
}

/* A number, a string, or the bytes of {"bin": "..."}, whose path is `bin`. */
static enum event_fault to_id(const struct reading *with, unsigned at,
                              unsigned bin, struct span *out)
{
    struct cursor_value value = with->found->values[at];
    uint8_t bytes[ID_TEXT_MAX];
    struct id id;

    with->found->about = at;
    if (value.type == CURSOR_MAP) {
        const struct cursor_value *text = &with->found->values[bin];
        int size = -1;
        if (with->found->seen >> bin & 1 && text->type == CURSOR_TEXT)
            size = take_base64(text, bytes);
        if (size < 0)
            return EVENT_TYPE;
        value = (struct cursor_value){
            .type = CURSOR_BYTES, .size = (uint32_t)size, .bytes = bytes};
    }
    const enum event_fault fault = event_value_id(&value, &id);
    if (fault == EVENT_OK)
        *out = event_scratch_id(with->scratch, &value);
    return fault;
}

static enum event_fault to_ts(const struct reading *with, struct span *out)
{
    int64_t ms;

    with->found->about = AT_TS;
    const enum event_fault fault =
        event_value_ms(&with->found->values[AT_TS], &ms);
    if (fault == EVENT_OK)
        *out = event_scratch_integer(with->scratch, ms);
    return fault;
}

/* A double that is whole is an integer to the reader of JSON, or one that is
 * too large: its digits are read once more, so that it keeps its bits. An
 * integer of Avro has no digits, and no program of ours writes it. */
static enum event_fault to_real(const struct reading *with, unsigned at,
                                double *out)
{
    const struct cursor_value *value = &with->found->values[at];
    const struct span raw = with->found->raw[at];
    char digits[NUMBER_SIZE];
    double real;

    with->found->about = at;
    if (value->type == CURSOR_FLOAT) {
        real = value->real;
    } else if (with->is_json &&
               (value->type == CURSOR_INTEGER || value->type == CURSOR_HUGE) &&
               raw.size < sizeof(digits)) {
        memcpy(digits, raw.bytes, raw.size);
        digits[raw.size] = '\0';
        real = strtod(digits, NULL);
    } else {
        return EVENT_TYPE;
    }
    if (!isfinite(real))
        return EVENT_RANGE;
    *out = real;
    return EVENT_OK;
}

/* Both parts are there, or none. */
static enum event_fault to_delta(const struct reading *with,
                                 struct prediction_event *out)
{
    const bool has_number = is_there(with, AT_DELTA);
    const bool has_hash = is_there(with, AT_DELTA_HASH);
    const struct cursor_value *number = &with->found->values[AT_DELTA];

    out->delta = 0;
    memset(out->delta_hash, 0, MODEL_HASH_SIZE);
    if (!has_number && !has_hash)
        return EVENT_OK;
    with->found->about = AT_DELTA;
    if (!has_number || !has_hash || number->type != CURSOR_INTEGER)
        return EVENT_TYPE;
    if (number->integer < 1 || number->integer > UINT32_MAX)
        return EVENT_RANGE;
    out->delta = (uint32_t)number->integer;
    with->found->about = AT_DELTA_HASH;
    return take_hash(&with->found->values[AT_DELTA_HASH], out->delta_hash)
               ? EVENT_OK
               : EVENT_TYPE;
}

static enum event_fault to_model(const struct reading *with,
                                 struct prediction_event *out)
{
    const struct cursor_value *version = &with->found->values[AT_VERSION];

    with->found->about = AT_VERSION;
    if (version->type == CURSOR_HUGE)
        out->model_version = version->huge;
    else if (version->type != CURSOR_INTEGER)
        return EVENT_TYPE;
    else if (version->integer < 0 && with->is_json)
        return EVENT_RANGE;
    else /* in Avro the bits of one that is 2^63 or more */
        out->model_version = (uint64_t)version->integer;
    with->found->about = AT_HASH;
    return take_hash(&with->found->values[AT_HASH], out->model_hash)
               ? to_delta(with, out)
               : EVENT_TYPE;
}

static enum event_fault to_source(const struct reading *with,
                                  struct prediction_event *out)
{
    const struct cursor_value *partition = &with->found->values[AT_PARTITION];
    const struct cursor_value *offset = &with->found->values[AT_OFFSET];

    with->found->about = AT_PARTITION;
    if (partition->type != CURSOR_INTEGER)
        return EVENT_TYPE;
    if (partition->integer < 0 || partition->integer > INT32_MAX)
        return EVENT_RANGE;
    with->found->about = AT_OFFSET;
    if (offset->type != CURSOR_INTEGER)
        return EVENT_TYPE;
    if (offset->integer < 0)
        return EVENT_RANGE;
    out->src_partition = (int32_t)partition->integer;
    out->src_offset = offset->integer;
    return EVENT_OK;
}

enum event_fault event_prediction_read_nested(struct event_scratch *scratch,
                                              bool is_json,
                                              struct prediction_event *out)
{
    const struct reading with = {scratch, &scratch->found, is_json};
    struct event_found *found = &scratch->found;
    const unsigned missing =
        ~found->seen & ((1u << NESTED_PREDICTION_NEEDS) - 1);
    enum event_fault fault;

    if (missing) {
        found->about = event_plan_lowest(missing);
        return EVENT_MISSING;
    }
    if ((fault = to_id(&with, AT_ID, AT_ID_BIN, &out->raw_id)) != EVENT_OK ||
        (fault = to_ts(&with, &out->raw_ts)) != EVENT_OK ||
        (fault = to_id(&with, AT_USER, AT_USER_BIN, &out->raw_user)) !=
            EVENT_OK ||
        (fault = to_id(&with, AT_AD, AT_AD_BIN, &out->raw_ad)) != EVENT_OK ||
        (fault = to_real(&with, AT_P, &out->p)) != EVENT_OK ||
        (fault = to_model(&with, out)) != EVENT_OK)
        return fault;
    found->about = AT_BASIS;
    fault = event_prediction_basis(&found->values[AT_BASIS], &out->basis);
    if (fault != EVENT_OK || (fault = to_source(&with, out)) != EVENT_OK)
        return fault;
    out->has_support = is_there(&with, AT_NESTED_SUPPORT);
    if (out->has_support &&
        (fault = to_real(&with, AT_NESTED_SUPPORT, &out->support)) != EVENT_OK)
        return fault;
    found->about = EVENT_PLAN_MAX;
    return EVENT_OK;
}
