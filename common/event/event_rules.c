#include "common/event/event_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)EVENT_FIELD_SIZE == (int)EVENT_PATH_SIZE,
               "a setting holds the longest path");

int event_rules_add(struct event_rules *rules, const char *setting,
                    const char *path, struct error *err)
{
    if (event_plan_add(&rules->plan, path, err) < 0)
        return error_wrap(err, "%s", setting);
    const unsigned at = rules->plan.count - 1;
    if (rules->plan.paths[at].place != EVENT_IN_VALUE)
        rules->beside |= 1u << at;
    rules->has_headers |= rules->plan.paths[at].place == EVENT_IN_HEADER;
    return 0;
}

/* Without blanks around, and without the quotes that may be around. */
static void copy_literal(char *to, const char *from, size_t size)
{
    while (size > 0 && *from == ' ')
        from++, size--;
    while (size > 0 && from[size - 1] == ' ')
        size--;
    if (size >= 2 && (*from == '"' || *from == '\'') && from[size - 1] == *from)
        from++, size -= 2;
    memcpy(to, from, size);
    to[size] = '\0';
}

/* PATH==VALUE */
static int read_filter(struct event_rules *rules, const char *setting,
                       const char *text, struct error *err)
{
    const char *equal = strstr(text, "==");
    char path[EVENT_FILTER_SIZE];

    if (*text == '\0')
        return 0;
    if (!equal || strlen(text) >= sizeof(path))
        return error_set(err, ERROR_CONFIG,
                         "%s: '%s' is not PATH==VALUE, as in type==click",
                         setting, text);
    copy_literal(path, text, (size_t)(equal - text));
    copy_literal(rules->wanted, equal + 2, strlen(equal + 2));
    if (event_rules_add(rules, setting, path, err) < 0)
        return -1;
    rules->has_filter = true;
    return 0;
}

static int read_click_value(struct event_rules *rules, const char *part,
                            size_t size, struct error *err)
{
    struct click_value *value = &rules->click_values[rules->click_value_count];
    const char *colon = NULL;
    char *end;

    for (const char *at = part; at < part + size; at++)
        if (*at == ':')
            colon = at;
    if (rules->click_value_count == CLICK_VALUES_MAX)
        return error_set(err, ERROR_CONFIG,
                         "field.click.values: more than %d values",
                         CLICK_VALUES_MAX);
    if (!colon || colon == part ||
        (size_t)(colon - part) >= sizeof(value->text))
        return error_set(err, ERROR_CONFIG,
                         "field.click.values: '%.*s' is not VALUE:NUMBER, as "
                         "in click:1,view:0",
                         (int)size, part);
    copy_literal(value->text, part, (size_t)(colon - part));
    errno = 0;
    value->click = strtod(colon + 1, &end);
    if (end == colon + 1 || end != part + size ||
        !(value->click >= 0 && value->click <= 1))
        return error_set(err, ERROR_CONFIG,
                         "field.click.values: '%.*s' is not a number from 0 "
                         "to 1",
                         (int)(part + size - colon - 1), colon + 1);
    rules->click_value_count++;
    return 0;
}

static int read_click_values(struct event_rules *rules, const char *text,
                             struct error *err)
{
    while (*text) {
        size_t size = strcspn(text, ",");
        if (read_click_value(rules, text, size, err) < 0)
            return -1;
        text += size;
        text += *text == ',';
    }
    return 0;
}

static int read_four(struct event_rules *rules,
                     const struct event_fields *fields, struct error *err)
{
    if (event_rules_add(rules, "field.id", fields->id, err) < 0 ||
        event_rules_add(rules, "field.ts", fields->ts, err) < 0 ||
        event_rules_add(rules, "field.user", fields->user, err) < 0 ||
        event_rules_add(rules, "field.ad", fields->ad, err) < 0)
        return -1;
    rules->schemas = fields->schemas;
    rules->ts_unit = (enum event_time_unit)fields->ts_unit;
    rules->has_plain_ts =
        !(rules->beside >> AT_TS & 1) &&
        (rules->ts_unit == EVENT_TIME_MS || rules->ts_unit == EVENT_TIME_AUTO);
    return 0;
}

static int check_registry(const struct event_rules *rules, const char *setting,
                          struct error *err)
{
    if (rules->format != EVENT_FORMAT_AVRO || rules->schemas)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "%s: avro needs registry.url, which says where the "
                     "schemas of records are",
                     setting);
}

static int read_impressions(struct event_rules *rules,
                            const struct event_fields *fields,
                            struct error *err)
{
    rules->format = (enum event_format)fields->impressions_format;
    rules->fields = IMPRESSION_FIELDS;
    if (read_four(rules, fields, err) < 0 ||
        check_registry(rules, "format.impressions", err) < 0)
        return -1;
    return read_filter(rules, "filter.impressions", fields->impressions_filter,
                       err);
}

static int read_labels(struct event_rules *rules,
                       const struct event_fields *fields, struct error *err)
{
    rules->format = (enum event_format)fields->labels_format;
    rules->fields = LABEL_FIELDS;
    if (read_four(rules, fields, err) < 0 ||
        check_registry(rules, "format.labels", err) < 0 ||
        event_rules_add(rules, "field.click", fields->click, err) < 0 ||
        read_click_values(rules, fields->click_values, err) < 0)
        return -1;
    return read_filter(rules, "filter.labels", fields->labels_filter, err);
}

/* Nobody but this program writes predictions. */
static int read_predictions(struct event_rules *rules,
                            const struct event_fields *fields,
                            struct error *err)
{
    static const struct event_fields ours = EVENT_FIELDS_DEFAULT;
    static const char *const further[] = {"p", "model", "basis", "src"};
    static const char *const within[] = {
        "model.version",    "model.hash", "src.partition", "src.offset",
        "id.bin",           "user.bin",   "ad.bin",        "model.delta",
        "model.delta_hash", "support"};

    rules->format = EVENT_FORMAT_MSGPACK;
    rules->fields = PREDICTION_FIELDS;
    if (read_four(rules, &ours, err) < 0)
        return -1;
    rules->schemas = fields ? fields->schemas : NULL;
    for (size_t i = 0; i < sizeof(further) / sizeof(further[0]); i++)
        if (event_rules_add(rules, "a prediction", further[i], err) < 0)
            return -1;
    rules->nested = rules->plan;
    for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++)
        if (event_plan_add(&rules->nested, within[i], err) < 0)
            return -1;
    rules->nested.firm = rules->nested.count;
    return event_rules_add(rules, "a prediction", "support", err);
}

int event_rules_read(struct event_rules *rules,
                     const struct event_fields *fields, enum event_kind kind,
                     struct error *err)
{
    int status = -1;

    switch (kind) {
    case EVENT_IMPRESSIONS:
        status = read_impressions(rules, fields, err);
        break;
    case EVENT_LABELS:
        status = read_labels(rules, fields, err);
        break;
    case EVENT_PREDICTIONS:
        status = read_predictions(rules, fields, err);
        break;
    }
    rules->plan.firm = rules->plan.count;
    return status;
}
