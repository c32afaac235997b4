/*
 * table_source.c - impressions out of the rows of a file.
 */
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/table.h"
#include "common/base/text.h"

#include "producer/feed/event_source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NONE = -1 };

struct table_source {
    struct event_source source;
    struct table_source_config config;
    struct table *table;
    int id, ts, user, ad, click; /* columns; NONE where there is none */
    int extras[TABLE_COLUMNS_MAX];
    struct event_extra values[TABLE_COLUMNS_MAX];
    uint64_t cut[TABLE_COLUMNS_MAX]; /* values of an extra, too long */
    size_t extra_count;
    uint64_t rows;
    bool is_told; /* about ids like 1.0 */
};

/* --- Which columns ---------------------------------------------------- */

/* A column that need not be there. */
static int choose_optional(const struct table *table, const char *setting,
                           const char *name, const char *usual, int *column,
                           struct error *err)
{
    *column = NONE;
    if (strcmp(name, "none") == 0 ||
        (!*name && table_usual_column(table, usual) < 0))
        return 0;
    *column = table_choose_column(table, setting, name, usual, err);
    return *column < 0 ? -1 : 0;
}

static int choose_columns(struct table_source *s, struct error *err)
{
    const struct table_source_config *c = &s->config;

    if (choose_optional(s->table, "column.id", c->id, "", &s->id, err) < 0 ||
        choose_optional(s->table, "column.ts", c->ts, TABLE_USUAL_TIME, &s->ts,
                        err) < 0)
        return -1;
    s->user = table_choose_column(s->table, "column.user", c->user,
                                  TABLE_USUAL_USER, err);
    if (s->user < 0)
        return -1;
    s->ad =
        table_choose_column(s->table, "column.ad", c->ad, TABLE_USUAL_AD, err);
    if (s->ad < 0)
        return -1;
    s->click = table_choose_column(s->table, "column.click", c->click,
                                   TABLE_USUAL_CLICK, err);
    return s->click < 0 ? -1 : 0;
}

static bool is_taken(const struct table_source *s, int column)
{
    return column == s->id || column == s->ts || column == s->user ||
           column == s->ad || column == s->click;
}

/* In a list with commas, whatever the case. */
static bool is_listed(const char *list, const char *name)
{
    while (*list) {
        size_t size = strcspn(list, ",");
        if (strlen(name) == size && strncasecmp(name, list, size) == 0)
            return true;
        list += size + (list[size] == ',');
    }
    return false;
}

static void choose_all(struct table_source *s)
{
    for (int c = 0; c < (int)table_column_count(s->table); c++)
        if (!is_taken(s, c) &&
            !is_listed(s->config.without,
                       table_column_name(s->table, (size_t)c)))
            s->extras[s->extra_count++] = c;
}

static int choose_extra(struct table_source *s, const char *name,
                        struct error *err)
{
    int column = table_column(s->table, name, err);

    if (column < 0)
        return error_wrap(err, "extras");
    if (column == s->click)
        return error_set(err, ERROR_CONFIG,
                         "extras: '%s' is the label, an impression must not "
                         "tell it; name other columns",
                         name);
    if (s->extra_count == TABLE_COLUMNS_MAX)
        return error_set(err, ERROR_CONFIG, "extras: too many columns");
    s->extras[s->extra_count++] = column;
    return 0;
}

static int choose_extras(struct table_source *s, struct error *err)
{
    char list[sizeof(s->config.extras)], *rest = NULL;

    if (strcmp(s->config.extras, "none") == 0)
        return 0;
    if (strcmp(s->config.extras, "all") == 0) {
        choose_all(s);
        return 0;
    }
    text_copy(list, sizeof(list), s->config.extras);
    for (char *name = strtok_r(list, ",", &rest); name;
         name = strtok_r(NULL, ",", &rest))
        if (choose_extra(s, name, err) < 0)
            return -1;
    return 0;
}

/* --- Rows ------------------------------------------------------------- */

/* "17.0": a number that some program made a decimal one. */
static bool is_decimal(const struct table_field *field)
{
    size_t digits = strspn(field->text, "0123456789");

    return digits > 0 && strcmp(field->text + digits, ".0") == 0;
}

static int read_id(struct table_source *s, const struct table_field *fields,
                   int column, const char *what, struct id *out,
                   struct error *why)
{
    const struct table_field *field = &fields[column];
    bool is_numeric = table_column_is_numeric(s->table, (size_t)column);

    if (field->size == 0 || field->size > ID_TEXT_MAX)
        return error_set(why, ERROR_FORMAT, "%s: %zu bytes, 1 to %d are fine",
                         what, field->size, ID_TEXT_MAX);
    *out = table_id(s->table, (size_t)column, field);
    if (!is_numeric && !s->is_told && is_decimal(field)) {
        s->is_told = true;
        log_warn("ids look like decimal numbers; 1.0 is another id than 1",
                 "column=\"%s\" id=%s",
                 table_column_name(s->table, (size_t)column), field->text);
    }
    return 0;
}

static int read_number(const struct table_field *field, const char *what,
                       double *out, struct error *why)
{
    char *end;
    double number = strtod(field->text, &end);

    if (end == field->text || *end || !isfinite(number))
        return error_set(why, ERROR_FORMAT, "%s: '%.40s' is not a number", what,
                         field->text);
    *out = number;
    return 0;
}

static int read_click(const struct table_source *s,
                      const struct table_field *field, double *out,
                      struct error *why)
{
    double number = 0;

    if (read_number(field, "click", &number, why) < 0)
        return -1;
    if (s->config.click_min > 0) {
        *out = number >= s->config.click_min;
        return 0;
    }
    if (!s->config.any_label && (number < 0 || number > 1))
        return error_set(why, ERROR_FORMAT,
                         "click: %g is outside 0..1 (for ratings say what "
                         "counts as a click: --click.min)",
                         number);
    *out = number;
    return 0;
}

/* 14102100 is the hour that began 2014-10-21 00:00 UTC. */
static int read_hour(double number, int64_t *out, struct error *why)
{
    char text[32];
    unsigned hour = number >= 0 && number < 1e8 ? (unsigned)number : 0;

    snprintf(text, sizeof(text), "20%02u-%02u-%02uT%02u:00Z", hour / 1000000,
             hour / 10000 % 100, hour / 100 % 100, hour % 100);
    return clock_parse(text, out, why);
}

/* The unit of a number by its size: in seconds, 10^11 would be the year 5138,
 * and 10^8 is 1973. */
static int find_unit(double number)
{
    number = fabs(number);
    return number < 1e11   ? TIME_S
           : number < 1e14 ? TIME_MS
           : number < 1e17 ? TIME_US
                           : TIME_NS;
}

/* "2019-01-01 10:00:00" is what databases write for 2019-01-01T10:00:00Z. */
static int read_date(const struct table_field *field, int64_t *out,
                     struct error *why)
{
    char text[40];

    if (field->size == 0)
        return error_set(why, ERROR_FORMAT, "time: it is empty");
    if (field->size + 2 < sizeof(text)) {
        memcpy(text, field->text, field->size + 1);
        if (field->size > 10 && text[10] == ' ')
            text[10] = 'T';
        if (field->size > 10 && text[field->size - 1] != 'Z')
            strcpy(text + field->size, "Z");
        if (clock_parse(text, out, why) == 0)
            return 0;
    }
    return error_set(why, ERROR_FORMAT,
                     "time: '%.40s' is no number and no time", field->text);
}

static int read_time(const struct table_source *s,
                     const struct table_field *field, int64_t *out,
                     struct error *why)
{
    static const double ms[] = {
        [TIME_S] = 1e3, [TIME_MS] = 1, [TIME_US] = 1e-3, [TIME_NS] = 1e-6};
    char *end;
    double number = strtod(field->text, &end);
    int unit = s->config.ts_unit;

    if (end == field->text || *end || !isfinite(number)) {
        if (read_date(field, out, why) < 0)
            return -1;
    } else if (unit == TIME_YYMMDDHH) {
        if (read_hour(number, out, why) < 0)
            return -1;
    } else {
        if (unit == TIME_AUTO && !s->config.any_label && fabs(number) < 1e8)
            return error_set(why, ERROR_FORMAT,
                             "time: %.15g would be a time before 1973: say "
                             "what it counts (--ts.unit)",
                             number);
        number *= ms[unit == TIME_AUTO ? find_unit(number) : unit];
        if (fabs(number) > 4e15)
            return error_set(why, ERROR_FORMAT, "time: '%.40s' is out of range",
                             field->text);
        *out = (int64_t)number;
    }
    if (*out < 0 && !s->config.any_label)
        return error_set(why, ERROR_FORMAT,
                         "time: '%.40s' is before 1970, which Kafka cannot "
                         "hold",
                         field->text);
    return 0;
}

/* Readers of events take no field of more than ID_TEXT_MAX bytes. A longer text
 * is cut between two characters. */
static struct id read_extra(struct table_source *s, size_t i,
                            const struct table_field *field)
{
    size_t size = field->size;

    if (size > ID_TEXT_MAX) {
        s->cut[i]++;
        size = ID_TEXT_MAX;
        for (size_t back = 0; back < 4; back++)
            if ((field->text[ID_TEXT_MAX - back] & 0xc0) != 0x80) {
                size = ID_TEXT_MAX - back;
                break;
            }
    }
    return id_from_text(field->text, size);
}

static void tell_cut(const struct table_source *s)
{
    for (size_t i = 0; i < s->extra_count; i++)
        if (s->cut[i] > 0)
            log_warn("values of a column are too long for a field and were cut",
                     "column=\"%s\" values=%llu max_bytes=%d",
                     table_column_name(s->table, (size_t)s->extras[i]),
                     (unsigned long long)s->cut[i], ID_TEXT_MAX);
}

static int read_row(struct table_source *s, const struct table_field *fields,
                    struct source_row *row, struct error *why)
{
    *row = (struct source_row){
        .id = id_from_number((int64_t)(s->config.id_start + s->rows - 1)),
        .has_time = s->ts != NONE,
        .extras = s->values,
        .extra_count = s->extra_count,
    };
    if (read_id(s, fields, s->user, "user", &row->user, why) < 0 ||
        read_id(s, fields, s->ad, "ad", &row->ad, why) < 0 ||
        read_click(s, &fields[s->click], &row->click, why) < 0)
        return -1;
    if (s->id != NONE && read_id(s, fields, s->id, "id", &row->id, why) < 0)
        return -1;
    if (s->ts != NONE && read_time(s, &fields[s->ts], &row->ts_ms, why) < 0)
        return -1;
    for (size_t i = 0; i < s->extra_count; i++) {
        const struct table_field *field = &fields[s->extras[i]];
        s->values[i] = (struct event_extra){
            .name = table_column_name(s->table, (size_t)s->extras[i]),
            .value = read_extra(s, i, field)};
    }
    return 0;
}

static int table_source_next(struct event_source *source,
                             enum source_result *result, struct source_row *row,
                             uint64_t *line, struct error *why,
                             struct error *err)
{
    struct table_source *s = (struct table_source *)source;
    const struct table_field *fields = NULL;
    enum table_result got;

    if (table_next(s->table, &got, &fields, why, err) < 0)
        return -1;
    *line = table_line(s->table);
    *result = SOURCE_END;
    if (got == TABLE_END)
        return 0;
    s->rows++;
    bool good = got == TABLE_ROW && read_row(s, fields, row, why) == 0;
    *result = good ? SOURCE_ROW : SOURCE_REJECTED;
    return 0;
}

/* A file is read once more; standard input cannot be. */
static int table_source_count(struct event_source *source, uint64_t *rows,
                              struct error *err)
{
    const struct table_source *s = (const struct table_source *)source;
    struct table *table = NULL;
    enum table_result result = TABLE_ROW;
    const struct table_field *fields;
    struct error why;

    *rows = 0;
    if (strcmp(s->config.path, "-") == 0)
        return 0;
    if (table_open(s->config.path, &s->config.table, &table, err) < 0)
        return -1;
    int status = 0;
    while (status == 0 && result != TABLE_END) {
        status = table_next(table, &result, &fields, &why, err);
        *rows += status == 0 && result != TABLE_END;
    }
    table_close(table);
    return status;
}

static size_t table_source_extras(const struct event_source *source,
                                  const char **names)
{
    const struct table_source *s = (const struct table_source *)source;

    for (size_t i = 0; i < s->extra_count; i++)
        names[i] = table_column_name(s->table, (size_t)s->extras[i]);
    return s->extra_count;
}

static void table_source_close(struct event_source *source)
{
    struct table_source *s = (struct table_source *)source;

    tell_cut(s);
    table_close(s->table);
    free(s);
}

static const struct event_source_ops table_source_ops = {
    .next = table_source_next,
    .extras = table_source_extras,
    .count = table_source_count,
    .close = table_source_close,
};

int table_source_open(const struct table_source_config *config,
                      struct event_source **out, struct error *err)
{
    struct table_source *s = calloc(1, sizeof(*s));

    if (!s)
        return error_no_memory(err, "the table source");
    s->source.ops = &table_source_ops;
    s->config = *config;
    if (table_open(config->path, &config->table, &s->table, err) < 0 ||
        choose_columns(s, err) < 0 || choose_extras(s, err) < 0) {
        table_source_close(&s->source);
        return -1;
    }
    *out = &s->source;
    return 0;
}

void event_source_close(struct event_source *source)
{
    if (source)
        source->ops->close(source);
}
