#include "common/event/event_prediction.h"

#include "common/event/event_rules.h"
#include "common/event/event_value.h"

#include <math.h>
#include <string.h>

static enum event_fault to_real(const struct cursor_value *value, double *out)
{
    if (value->type != CURSOR_FLOAT)
        return EVENT_TYPE;
    if (!isfinite(value->real))
        return EVENT_RANGE;
    *out = value->real;
    return EVENT_OK;
}

/* The first elements of an array, at most `count`; returns how many there are.
 * Its form is known to be good, and more elements may be added one day. */
static uint32_t take_parts(struct span raw, uint32_t count,
                           struct cursor_value *parts)
{
    struct cursor cursor = cursor_over(raw.bytes, raw.size, EVENT_VALUES_MAX);
    struct cursor_value array;
    uint32_t taken = 0;

    if (cursor_take(&cursor, &array) != CURSOR_OK || array.type != CURSOR_ARRAY)
        return 0;
    while (taken < count && taken < array.size &&
           cursor_take(&cursor, &parts[taken]) == CURSOR_OK &&
           !cursor_is_container(&parts[taken]))
        taken++;
    return taken;
}

/* What lies behind the hash of the snapshot. */
static enum event_fault to_delta(const struct cursor_value two[2],
                                 struct prediction_event *out)
{
    if (two[0].type != CURSOR_INTEGER || two[1].type != CURSOR_BYTES ||
        two[1].size != MODEL_HASH_SIZE)
        return EVENT_TYPE;
    if (two[0].integer < 1 || two[0].integer > UINT32_MAX)
        return EVENT_RANGE;
    out->delta = (uint32_t)two[0].integer;
    memcpy(out->delta_hash, two[1].bytes, MODEL_HASH_SIZE);
    return EVENT_OK;
}

static enum event_fault to_model(struct span raw, struct prediction_event *out)
{
    struct cursor_value parts[4];
    const uint32_t count = take_parts(raw, 4, parts);

    out->delta = 0;
    memset(out->delta_hash, 0, MODEL_HASH_SIZE);
    if (count < 2 || parts[1].type != CURSOR_BYTES ||
        parts[1].size != MODEL_HASH_SIZE)
        return EVENT_TYPE;
    if (parts[0].type == CURSOR_HUGE)
        out->model_version = parts[0].huge;
    else if (parts[0].type != CURSOR_INTEGER)
        return EVENT_TYPE;
    else if (parts[0].integer < 0)
        return EVENT_RANGE;
    else
        out->model_version = (uint64_t)parts[0].integer;
    memcpy(out->model_hash, parts[1].bytes, MODEL_HASH_SIZE);
    return count == 4 ? to_delta(parts + 2, out) : EVENT_OK;
}

enum event_fault event_prediction_basis(const struct cursor_value *value,
                                        enum basis *out)
{
    if (value->type != CURSOR_TEXT)
        return EVENT_TYPE;
    for (int basis = 0; basis < BASIS_COUNT; basis++) {
        const char *name = basis_name((enum basis)basis);
        if (strlen(name) == value->size &&
            memcmp(name, value->bytes, value->size) == 0) {
            *out = (enum basis)basis;
            return EVENT_OK;
        }
    }
    return EVENT_RANGE;
}

static enum event_fault to_source(struct span raw, struct prediction_event *out)
{
    struct cursor_value two[2];

    if (take_parts(raw, 2, two) < 2 || two[0].type != CURSOR_INTEGER ||
        two[1].type != CURSOR_INTEGER)
        return EVENT_TYPE;
    if (two[0].integer < 0 || two[0].integer > INT32_MAX || two[1].integer < 0)
        return EVENT_RANGE;
    out->src_partition = (int32_t)two[0].integer;
    out->src_offset = two[1].integer;
    return EVENT_OK;
}

/* The fields that an impression has, too. */
static enum event_fault read_four(struct event_found *found)
{
    const struct cursor_value *values = found->values;
    enum event_fault fault;
    struct id id;
    int64_t ms;

    found->about = AT_ID;
    if ((fault = event_value_id(&values[AT_ID], &id)) != EVENT_OK)
        return fault;
    found->about = AT_TS;
    if ((fault = event_value_ms(&values[AT_TS], &ms)) != EVENT_OK)
        return fault;
    found->about = AT_USER;
    if ((fault = event_value_id(&values[AT_USER], &id)) != EVENT_OK)
        return fault;
    found->about = AT_AD;
    return event_value_id(&values[AT_AD], &id);
}

static enum event_fault read_answer(struct event_found *found,
                                    struct prediction_event *out)
{
    enum event_fault fault;

    found->about = AT_P;
    if ((fault = to_real(&found->values[AT_P], &out->p)) != EVENT_OK)
        return fault;
    found->about = AT_MODEL;
    if ((fault = to_model(found->raw[AT_MODEL], out)) != EVENT_OK)
        return fault;
    found->about = AT_BASIS;
    if ((fault = event_prediction_basis(&found->values[AT_BASIS],
                                        &out->basis)) != EVENT_OK)
        return fault;
    found->about = AT_SRC;
    if ((fault = to_source(found->raw[AT_SRC], out)) != EVENT_OK)
        return fault;
    out->has_support = found->seen >> AT_SUPPORT & 1;
    if (!out->has_support)
        return EVENT_OK;
    found->about = AT_SUPPORT;
    return to_real(&found->values[AT_SUPPORT], &out->support);
}

enum event_fault event_prediction_read(struct event_found *found,
                                       struct prediction_event *out)
{
    const unsigned missing = ~found->seen & ((1u << PREDICTION_FIELDS) - 1);
    enum event_fault fault;

    if (missing) {
        found->about = event_plan_lowest(missing);
        return EVENT_MISSING;
    }
    if ((fault = read_four(found)) != EVENT_OK ||
        (fault = read_answer(found, out)) != EVENT_OK)
        return fault;
    found->about = EVENT_PLAN_MAX;
    out->raw_id = found->raw[AT_ID];
    out->raw_ts = found->raw[AT_TS];
    out->raw_user = found->raw[AT_USER];
    out->raw_ad = found->raw[AT_AD];
    return EVENT_OK;
}
