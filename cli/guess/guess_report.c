#include "cli/guess/guess_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 1024, PATH_WIDTH_MAX = 44, TYPES_SIZE = 96 };

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
put(struct buffer *out, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (size > 0)
        buffer_append(out, line,
                      (size_t)size < sizeof(line) ? (size_t)size
                                                  : sizeof(line) - 1);
}

/* --- What was seen ---------------------------------------------------- */

static void put_looks(const struct guess_report *report, struct buffer *out)
{
    const uint64_t *looks = field_survey_looks(report->survey);

    put(out, "# records  look like\n");
    for (int look = 0; look < LOOK_COUNT; look++) {
        const char *advice = record_look_advice((enum record_look)look);
        if (looks[look] == 0)
            continue;
        put(out, "# %7" PRIu64 "  %s", looks[look],
            record_look_name((enum record_look)look));
        /* What can be read needs no advice. */
        if (advice && look != LOOK_JSON && look != LOOK_REGISTRY_JSON &&
            (look != LOOK_REGISTRY_AVRO ||
             field_survey_avro(report->survey) == 0))
            put(out, "; %s", advice);
        put(out, "\n");
    }
}

static void print_types(const struct surveyed_field *field,
                        char out[TYPES_SIZE])
{
    static const char *const names[SURVEY_TYPES] = {
        [SURVEY_NULL] = "null",       [SURVEY_BOOLEAN] = "boolean",
        [SURVEY_INTEGER] = "integer", [SURVEY_REAL] = "real",
        [SURVEY_TEXT] = "text",       [SURVEY_BYTES] = "bytes",
        [SURVEY_TIME] = "time",       [SURVEY_EXTENSION] = "extension",
        [SURVEY_OBJECT] = "object",   [SURVEY_ARRAY] = "array",
    };
    size_t size = 0;

    out[0] = '\0';
    for (int type = 0; type < SURVEY_TYPES; type++)
        if (field->types[type] > 0)
            size += (size_t)snprintf(out + size, TYPES_SIZE - size, "%s%s",
                                     size > 0 ? ", " : "", names[type]);
}

static int path_width(const struct field_survey *survey)
{
    size_t width = 5;

    for (size_t i = 0; i < field_survey_count(survey); i++) {
        const size_t size = strlen(field_survey_at(survey, i)->path);
        if (size > width)
            width = size;
    }
    return (int)(width < PATH_WIDTH_MAX ? width : PATH_WIDTH_MAX);
}

static void put_fields(const struct guess_report *report, struct buffer *out)
{
    struct field_survey *survey = report->survey;
    const double maps = (double)field_survey_maps(survey);
    const int width = path_width(survey);
    const uint64_t left_out = field_survey_left_out(survey);
    size_t of;

    put(out, "#\n# %-*s  in      different  type and example\n", width,
        "field");
    for (size_t i = 0; i < field_survey_count(survey); i++) {
        const struct surveyed_field *field = field_survey_at(survey, i);
        const size_t different = field_survey_different(survey, i, &of);
        char types[TYPES_SIZE];
        print_types(field, types);
        put(out, "# %-*s  %5.1f %%  ", width, field->path,
            100 * (double)field->records / maps);
        if (of > 0)
            put(out, "%8zu%s  %s", different,
                of == SURVEY_VALUES_MAX ? "+" : " ", types);
        else
            put(out, "%8s   %s", "-", types);
        if (field->example[0])
            put(out, "  %s", field->example);
        put(out, "\n");
    }
    if (left_out > 0)
        put(out,
            "# %" PRIu64 " more had no room, or a name that no setting can "
            "hold\n",
            left_out);
}

/* --- What it looks like ----------------------------------------------- */

static const char *unit_name(enum event_time_unit unit)
{
    static const char *const names[] = {"ms", "s", "us", "ns", "auto"};

    return names[unit];
}

static void put_role(const struct guess_report *report, enum guess_role role,
                     struct buffer *out)
{
    const struct field_guess *guess = report->guess;
    const struct surveyed_field *field = guess->fields[role];
    const struct surveyed_field *other = guess->others[role];

    if (!field) {
        if (role != GUESS_CLICK)
            put(out, "# %-5s  no field looks like it: set field.%s\n",
                field_guess_name(role), field_guess_name(role));
        return;
    }
    put(out, "# %-5s  %s", field_guess_name(role), field->path);
    if (role == GUESS_TS && field->text_times > 0)
        put(out, ", a date as text");
    else if (role == GUESS_TS && guess->unit != EVENT_TIME_AUTO)
        put(out, ", in %s", unit_name(guess->unit));
    if (role == GUESS_TS && strcmp(field->path, "@timestamp") == 0)
        put(out, ", the record's own time");
    if (other)
        put(out, "; or %s", other->path);
    put(out, "\n");
}

static void put_zoneless(const struct guess_report *report, struct buffer *out)
{
    for (size_t i = 0; i < field_survey_count(report->survey); i++) {
        const struct surveyed_field *field = field_survey_at(report->survey, i);
        if (field->zoneless > 0)
            put(out,
                "# %s is a date that is not RFC 3339, which has a zone: "
                "2023-11-14T22:13:20Z\n",
                field->path);
    }
}

static void put_roles(const struct guess_report *report, struct buffer *out)
{
    static const char *const kinds[] = {
        [GUESS_IMPRESSIONS] = "impressions",
        [GUESS_LABELS] = "labels, which name their impression by id",
        [GUESS_OUTCOMES] = "impressions that say whether they were clicked",
        [GUESS_MIXED] = "impressions and clicks in one topic",
    };

    put(out, "#\n# It looks like %s:\n", kinds[report->guess->kind]);
    for (int role = 0; role < GUESS_ROLES; role++)
        if (report->guess->kind != GUESS_LABELS ||
            report->guess->fields[role] ||
            (role != GUESS_USER && role != GUESS_AD))
            put_role(report, (enum guess_role)role, out);
    put_zoneless(report, out);
}

/* --- Settings --------------------------------------------------------- */

static void put_formats(const struct field_guess *guess, bool is_impressions,
                        bool is_labels, const char *topic, struct buffer *out)
{
    if (is_impressions)
        put(out, "topic.impressions=%s\nformat.impressions=%s\n", topic,
            guess->format);
    if (is_labels)
        put(out, "topic.labels=%s\nformat.labels=%s\n", topic, guess->format);
}

static void put_click_values(const struct field_guess *guess,
                             struct buffer *out)
{
    const struct surveyed_field *field = guess->words_of;

    if (!field)
        return;
    put(out, "field.click.values=%s:1", guess->click_word->text);
    for (uint32_t i = 0; i < field->word_count; i++)
        if (&field->words[i] != guess->click_word &&
            guess->kind != GUESS_MIXED &&
            field_guess_can_set(field->words[i].text))
            put(out, ",%s:0", field->words[i].text);
    put(out, "\n");
}

static void put_settings(const struct guess_report *report, struct buffer *out)
{
    const struct field_guess *guess = report->guess;
    const bool is_labels = guess->kind != GUESS_IMPRESSIONS;
    const bool is_impressions = guess->kind != GUESS_LABELS;

    put(out, "#\n# Look it over; score, train and replay read this file with "
             "-F.\n\n");
    if (report->brokers && report->brokers[0])
        put(out, "brokers=%s\n", report->brokers);
    put_formats(guess, is_impressions, is_labels, report->topic, out);
    if (field_survey_avro(report->survey) > 0)
        put(out, "registry.url=%s\n", report->registry);
    for (int role = 0; role < GUESS_ROLES; role++)
        if (guess->fields[role] && (role != GUESS_CLICK || is_labels))
            put(out, "field.%s=%s\n", field_guess_name((enum guess_role)role),
                guess->fields[role]->path);
    if (guess->unit != EVENT_TIME_AUTO)
        put(out, "field.ts.unit=%s\n", unit_name(guess->unit));
    put_click_values(guess, out);
    if (guess->kind == GUESS_MIXED)
        put(out, "filter.impressions=%s==%s\nfilter.labels=%s==%s\n",
            guess->words_of->path, guess->view_word->text,
            guess->words_of->path, guess->click_word->text);
    if (guess->kind == GUESS_OUTCOMES)
        put(out, "join=labels\n");
}

void guess_report_write(const struct guess_report *report, struct buffer *out)
{
    put(out,
        "# Topic %s: %" PRIu64 " records were looked at, of %" PRIu64
        " offsets.\n#\n",
        report->topic, field_survey_records(report->survey), report->size);
    put_looks(report, out);
    if (report->guess->kind == GUESS_NOTHING) {
        put(out, "#\n# No record has fields that can be read: there is nothing "
                 "to set.\n");
        return;
    }
    put_fields(report, out);
    put_roles(report, out);
    put_settings(report, out);
}
