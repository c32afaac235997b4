/*
 * event_decode.c - msgpack maps to events: what the values that a scan found
 * mean.
 */
#include "common/event/event_scan.h"
#include "common/event/event_value.h"

#include <math.h>
#include <string.h>

const char *event_fault_name(enum event_fault fault)
{
    static const char *const names[EVENT_FAULT_COUNT] = {
        [EVENT_OK] = "ok",
        [EVENT_EMPTY] = "empty",
        [EVENT_TRUNCATED] = "truncated",
        [EVENT_TRAILING] = "trailing",
        [EVENT_INVALID] = "invalid",
        [EVENT_NOT_A_MAP] = "not_a_map",
        [EVENT_TOO_DEEP] = "too_deep",
        [EVENT_TOO_MANY] = "too_many",
        [EVENT_MISSING] = "missing",
        [EVENT_TYPE] = "type",
        [EVENT_RANGE] = "range",
        [EVENT_ID_LENGTH] = "id_length",
        [EVENT_REPEATED] = "repeated",
        [EVENT_TOO_LARGE] = "too_large",
        [EVENT_PASSED_OVER] = "passed_over",
    };
    return names[fault];
}

/* Puts the field's name where the caller learns it. */
static enum event_fault blame(const struct event_scan *scan, unsigned at,
                              enum event_fault fault, const char **field)
{
    if (fault != EVENT_OK)
        *field = scan->names[at];
    return fault;
}

static enum event_fault require(const struct event_scan *scan, unsigned needed,
                                const char **field)
{
    unsigned missing = needed & ~scan->seen;

    for (unsigned i = 0; missing >> i; i++)
        if (missing >> i & 1)
            return blame(scan, i, EVENT_MISSING, field);
    return EVENT_OK;
}

/* --- The three events ------------------------------------------------- */

enum { AT_ID, AT_TS, AT_USER, AT_AD, IMPRESSION_FIELDS };

static inline enum event_fault read_impression(const struct event_scan *scan,
                                               struct impression *out,
                                               const char **field)
{
    enum event_fault fault;
    const unsigned all = (1u << IMPRESSION_FIELDS) - 1;

    if ((scan->seen & all) != all)
        return require(scan, all, field);
    if ((fault = event_value_id(&scan->values[AT_ID], &out->id)) != EVENT_OK)
        return blame(scan, AT_ID, fault, field);
    if ((fault = event_value_ms(&scan->values[AT_TS], &out->ts_ms)) != EVENT_OK)
        return blame(scan, AT_TS, fault, field);
    if ((fault = event_value_id(&scan->values[AT_USER], &out->user)) !=
        EVENT_OK)
        return blame(scan, AT_USER, fault, field);
    if ((fault = event_value_id(&scan->values[AT_AD], &out->ad)) != EVENT_OK)
        return blame(scan, AT_AD, fault, field);
    out->raw_id = scan->raw[AT_ID];
    out->raw_ts = scan->raw[AT_TS];
    out->raw_user = scan->raw[AT_USER];
    out->raw_ad = scan->raw[AT_AD];
    return EVENT_OK;
}

void event_scan_impression_fields(struct event_scan *scan,
                                  const struct event_fields *fields)
{
    scan->names[AT_ID] = fields->id;
    scan->names[AT_TS] = fields->ts;
    scan->names[AT_USER] = fields->user;
    scan->names[AT_AD] = fields->ad;
    scan->count = scan->firm = IMPRESSION_FIELDS;
}

enum event_fault event_scan_impression(struct event_scan *scan,
                                       const uint8_t *bytes, size_t size,
                                       struct impression *out,
                                       const char **field)
{
    struct impression event;
    const char *about = NULL;
    enum event_fault fault = event_scan_record(scan, bytes, size, &about);

    if (fault == EVENT_OK)
        fault = read_impression(scan, &event, &about);
    if (fault == EVENT_OK)
        *out = event;
    if (field)
        *field = about;
    return fault;
}

enum event_fault event_decode_impression(const struct event_fields *fields,
                                         const uint8_t *bytes, size_t size,
                                         struct impression *out,
                                         const char **field)
{
    struct event_scan scan;

    event_scan_impression_fields(&scan, fields);
    return event_scan_impression(&scan, bytes, size, out, field);
}

enum { AT_CLICK = IMPRESSION_FIELDS, LABEL_FIELDS };

/* User and ad may be absent, or nil. */
static enum event_fault read_pair(const struct event_scan *scan,
                                  struct label *out, const char **field)
{
    bool has_user =
        scan->seen & 1u << AT_USER && scan->values[AT_USER].type != CURSOR_NIL;
    bool has_ad =
        scan->seen & 1u << AT_AD && scan->values[AT_AD].type != CURSOR_NIL;

    enum event_fault fault =
        has_user ? event_value_id(&scan->values[AT_USER], &out->user)
                 : EVENT_OK;
    if (fault != EVENT_OK)
        return blame(scan, AT_USER, fault, field);
    fault = has_ad ? event_value_id(&scan->values[AT_AD], &out->ad) : EVENT_OK;
    if (fault != EVENT_OK)
        return blame(scan, AT_AD, fault, field);
    out->has_pair = has_user && has_ad;
    return EVENT_OK;
}

static enum event_fault read_label(const struct event_scan *scan,
                                   struct label *out, const char **field)
{
    enum event_fault fault =
        require(scan, 1u << AT_ID | 1u << AT_TS | 1u << AT_CLICK, field);

    if (fault != EVENT_OK)
        return fault;
    if ((fault = event_value_id(&scan->values[AT_ID], &out->id)) != EVENT_OK)
        return blame(scan, AT_ID, fault, field);
    if ((fault = event_value_ms(&scan->values[AT_TS], &out->ts_ms)) != EVENT_OK)
        return blame(scan, AT_TS, fault, field);
    if ((fault = event_value_click(&scan->values[AT_CLICK], &out->click)) !=
        EVENT_OK)
        return blame(scan, AT_CLICK, fault, field);
    return read_pair(scan, out, field);
}

void event_scan_label_fields(struct event_scan *scan,
                             const struct event_fields *fields)
{
    event_scan_impression_fields(scan, fields);
    scan->names[AT_CLICK] = fields->click;
    scan->count = scan->firm = LABEL_FIELDS;
}

enum event_fault event_scan_label(struct event_scan *scan, const uint8_t *bytes,
                                  size_t size, struct label *out,
                                  const char **field)
{
    struct label event = {0};
    const char *about = NULL;
    enum event_fault fault = event_scan_record(scan, bytes, size, &about);

    if (fault == EVENT_OK)
        fault = read_label(scan, &event, &about);
    if (fault == EVENT_OK)
        *out = event;
    if (field)
        *field = about;
    return fault;
}

enum event_fault event_decode_label(const struct event_fields *fields,
                                    const uint8_t *bytes, size_t size,
                                    struct label *out, const char **field)
{
    struct event_scan scan;

    event_scan_label_fields(&scan, fields);
    return event_scan_label(&scan, bytes, size, out, field);
}

/* --- Predictions ------------------------------------------------------ */

enum {
    AT_P = IMPRESSION_FIELDS,
    AT_MODEL,
    AT_BASIS,
    AT_SRC,
    PREDICTION_FIELDS
};

static enum event_fault to_p(const struct cursor_value *value, double *out)
{
    if (value->type != CURSOR_FLOAT)
        return EVENT_TYPE;
    if (!isfinite(value->real))
        return EVENT_RANGE;
    *out = value->real;
    return EVENT_OK;
}

/* The first two elements of an array. Its form is known to be good, and more
 * elements may be added one day. */
static bool take_two(struct span raw, struct cursor_value two[2])
{
    struct cursor cursor = cursor_over(raw.bytes, raw.size, EVENT_VALUES_MAX);
    struct cursor_value array;

    return cursor_take(&cursor, &array) == CURSOR_OK &&
           array.type == CURSOR_ARRAY && array.size >= 2 &&
           cursor_take(&cursor, &two[0]) == CURSOR_OK &&
           cursor_take(&cursor, &two[1]) == CURSOR_OK;
}

static enum event_fault to_model(struct span raw, struct prediction_event *out)
{
    struct cursor_value two[2];

    if (!take_two(raw, two) || two[1].type != CURSOR_BYTES ||
        two[1].size != MODEL_HASH_SIZE)
        return EVENT_TYPE;
    if (two[0].type == CURSOR_HUGE)
        out->model_version = two[0].huge;
    else if (two[0].type != CURSOR_INTEGER)
        return EVENT_TYPE;
    else if (two[0].integer < 0)
        return EVENT_RANGE;
    else
        out->model_version = (uint64_t)two[0].integer;
    memcpy(out->model_hash, two[1].bytes, MODEL_HASH_SIZE);
    return EVENT_OK;
}

static enum event_fault to_basis(const struct cursor_value *value,
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

    if (!take_two(raw, two) || two[0].type != CURSOR_INTEGER ||
        two[1].type != CURSOR_INTEGER)
        return EVENT_TYPE;
    if (two[0].integer < 0 || two[0].integer > INT32_MAX || two[1].integer < 0)
        return EVENT_RANGE;
    out->src_partition = (int32_t)two[0].integer;
    out->src_offset = two[1].integer;
    return EVENT_OK;
}

static enum event_fault read_prediction(const struct event_scan *scan,
                                        struct prediction_event *out,
                                        const char **field)
{
    struct impression same; /* as the impression's: checked the same way */
    enum event_fault fault =
        require(scan, (1u << PREDICTION_FIELDS) - 1, field);

    if (fault != EVENT_OK ||
        (fault = read_impression(scan, &same, field)) != EVENT_OK)
        return fault;
    if ((fault = to_p(&scan->values[AT_P], &out->p)) != EVENT_OK)
        return blame(scan, AT_P, fault, field);
    if ((fault = to_model(scan->raw[AT_MODEL], out)) != EVENT_OK)
        return blame(scan, AT_MODEL, fault, field);
    if ((fault = to_basis(&scan->values[AT_BASIS], &out->basis)) != EVENT_OK)
        return blame(scan, AT_BASIS, fault, field);
    if ((fault = to_source(scan->raw[AT_SRC], out)) != EVENT_OK)
        return blame(scan, AT_SRC, fault, field);
    out->raw_id = same.raw_id;
    out->raw_ts = same.raw_ts;
    out->raw_user = same.raw_user;
    out->raw_ad = same.raw_ad;
    return EVENT_OK;
}

enum event_fault event_decode_prediction(const uint8_t *bytes, size_t size,
                                         struct prediction_event *out,
                                         const char **field)
{
    static const char *const names[PREDICTION_FIELDS] = {
        "id", "ts", "user", "ad", "p", "model", "basis", "src"};
    struct event_scan scan;
    struct prediction_event event = {.contender = NULL};
    const char *about = NULL;

    memcpy(scan.names, names, sizeof(names));
    scan.count = scan.firm = PREDICTION_FIELDS;
    enum event_fault fault = event_scan_record(&scan, bytes, size, &about);
    if (fault == EVENT_OK)
        fault = read_prediction(&scan, &event, &about);
    if (fault == EVENT_OK)
        *out = event;
    if (field)
        *field = about;
    return fault;
}
