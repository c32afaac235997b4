#include "common/base/table.h"

#include "common/base/table_input.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * A row is gathered into `line` (a quoted CSV field may hold line ends) and
 * taken apart in place: fields only ever get shorter, by their quotes and
 * escapes, and are terminated where their separator was.
 */
struct table {
    struct table_input *input;
    enum table_format format;
    char separator[3]; /* "," or "\t" or "::" */
    struct buffer line;
    struct table_field fields[TABLE_COLUMNS_MAX];
    size_t field_count;
    char *names[TABLE_COLUMNS_MAX]; /* owned */
    size_t column_count;
};

/* --- Taking a line apart
 * -------------------------------------------------------- */

/* The quoted text that starts behind `at`: unescaped to `to`. Returns what
 * follows the closing quote, NULL when there is none. CSV doubles a quote
 * inside, ARFF puts a backslash before it; in CSV a backslash is itself. */
static char *take_quoted(const struct table *table, char *at, char **to)
{
    bool escapes = table->format == TABLE_ARFF;
    char quote = *at++;

    for (; *at; at++) {
        if (*at == quote && at[1] == quote)
            at++;
        else if (escapes && *at == '\\' && (at[1] == quote || at[1] == '\\'))
            at++;
        else if (*at == quote)
            return at + 1;
        *(*to)++ = *at;
    }
    return NULL;
}

static bool is_quote(const struct table *table, char c)
{
    if (table->format == TABLE_MOVIELENS)
        return false;
    return c == '"' || (table->format == TABLE_ARFF && c == '\'');
}

static char *skip_blanks(char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* One field from *at; *at goes to the next one, or to NULL after the last. */
static int take_field(struct table *table, char **at, struct error *why)
{
    size_t width = strlen(table->separator);
    char *start = table->separator[0] == '\t' ? *at : skip_blanks(*at);
    char *to = start, *end;

    if (is_quote(table, *start)) {
        end = take_quoted(table, start, &to);
        if (!end)
            return error_set(why, ERROR_FORMAT, "a quote is not closed");
        end = skip_blanks(end);
        if (*end && strncmp(end, table->separator, width) != 0)
            return error_set(why, ERROR_FORMAT,
                             "text behind the closing quote of field %zu",
                             table->field_count + 1);
    } else {
        end = strstr(start, table->separator);
        if (!end)
            end = start + strlen(start);
        to = end;
        while (to > start && (to[-1] == ' ' || to[-1] == '\t'))
            to--;
        if (table->format == TABLE_ARFF && to - start == 1 && *start == '?')
            to = start; /* a missing value */
    }
    if (table->field_count == TABLE_COLUMNS_MAX)
        return error_set(why, ERROR_LIMIT, "more than %d columns",
                         TABLE_COLUMNS_MAX);
    bool more = *end != '\0';
    *to = '\0';
    table->fields[table->field_count++] =
        (struct table_field){start, (size_t)(to - start)};
    *at = more ? end + width : NULL;
    return 0;
}

static int take_apart(struct table *table, char *line, struct error *why)
{
    table->field_count = 0;
    while (line)
        if (take_field(table, &line, why) < 0)
            return -1;
    return 0;
}

/* --- Gathering a row
 * -------------------------------------------------------------- */

/* Where a CSV row stands at the end of a line: inside a quoted field it goes
 * on behind it. Only a quote at the start of a field opens one: 5" is text. */
enum csv_place { CSV_START, CSV_PLAIN, CSV_QUOTED };

static enum csv_place csv_scan(enum csv_place place, const struct buffer *line,
                               size_t from)
{
    for (size_t i = from; i < line->size; i++) {
        uint8_t byte = line->bytes[i];
        if (byte == '"' && place != CSV_PLAIN)
            place = place == CSV_START ? CSV_QUOTED : CSV_START;
        else if (byte == ',' && place != CSV_QUOTED)
            place = CSV_START;
        else if (place == CSV_START && byte != ' ' && byte != '\t')
            place = CSV_PLAIN;
    }
    return place;
}

/* Reads one logical line, terminated. TABLE_BAD when it is too long. */
static int read_line(struct table *table, enum table_result *result,
                     struct error *why, struct error *err)
{
    bool more = true, cut = false;

    buffer_clear(&table->line);
    if (table_input_line(table->input, &table->line, &more, &cut, err) < 0)
        return -1;
    *result = more ? TABLE_ROW : TABLE_END;
    enum csv_place place = csv_scan(CSV_START, &table->line, 0);
    while (more && !cut && table->format == TABLE_CSV && place == CSV_QUOTED &&
           table->line.size < TABLE_LINE_MAX) {
        size_t before = table->line.size;
        buffer_append(&table->line, "\n", 1);
        if (table_input_line(table->input, &table->line, &more, &cut, err) < 0)
            return -1;
        place = csv_scan(place, &table->line, before);
    }
    if (cut || table->line.size > TABLE_LINE_MAX) {
        *result = TABLE_BAD;
        error_set(why, ERROR_LIMIT, "longer than %d bytes", TABLE_LINE_MAX);
    } else if (memchr(table->line.bytes, '\0', table->line.size)) {
        *result = TABLE_BAD;
        error_set(why, ERROR_FORMAT, "a NUL byte");
    }
    buffer_append(&table->line, "", 1);
    if (buffer_failed(&table->line))
        return error_no_memory(err, "the table");
    return 0;
}

static bool is_blank(const struct table *table, const char *line)
{
    if (table->format == TABLE_ARFF && *line == '%')
        return true;
    return line[strspn(line, " \t")] == '\0';
}

int table_next(struct table *table, enum table_result *result,
               const struct table_field **fields, struct error *why,
               struct error *err)
{
    char *line;

    do {
        if (read_line(table, result, why, err) < 0)
            return -1;
        if (*result != TABLE_ROW)
            return 0;
        line = (char *)table->line.bytes;
    } while (is_blank(table, line));

    if (take_apart(table, line, why) < 0) {
        *result = TABLE_BAD;
        return 0;
    }
    if (table->field_count != table->column_count) {
        *result = TABLE_BAD;
        error_set(why, ERROR_FORMAT, "%zu fields where the header has %zu",
                  table->field_count, table->column_count);
        return 0;
    }
    *fields = table->fields;
    return 0;
}

/* --- Headers
 * ---------------------------------------------------------------------- */

static int add_column(struct table *table, const char *name, struct error *err)
{
    if (table->column_count == TABLE_COLUMNS_MAX)
        return error_set(err, ERROR_LIMIT, "more than %d columns",
                         TABLE_COLUMNS_MAX);
    table->names[table->column_count] = strdup(name);
    if (!table->names[table->column_count])
        return error_no_memory(err, "the table");
    table->column_count++;
    return 0;
}

static int header_line(struct table *table, char **line, struct error *err)
{
    enum table_result result;
    struct error why = {0};

    if (read_line(table, &result, &why, err) < 0)
        return -1;
    if (result == TABLE_BAD)
        return error_set(err, ERROR_FORMAT, "line %llu: %s",
                         (unsigned long long)table_line(table), why.text);
    if (result == TABLE_END)
        return error_set(err, ERROR_FORMAT, "it ends before the first row");
    *line = (char *)table->line.bytes;
    return 0;
}

static int read_csv_header(struct table *table, struct error *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, by some editors */
    char *line;

    if (header_line(table, &line, err) < 0)
        return -1;
    if (strncmp(line, mark, 3) == 0)
        line += 3;
    if (take_apart(table, line, err) < 0)
        return error_wrap(err, "line 1");
    for (size_t i = 0; i < table->field_count; i++)
        if (add_column(table, table->fields[i].text, err) < 0)
            return -1;
    return 0;
}

/* "@attribute 'the name' numeric": the name alone. */
static int read_attribute(struct table *table, char *at, struct error *err)
{
    char *name = skip_blanks(at), *to = name;

    if (is_quote(table, *name)) {
        if (!take_quoted(table, name, &to))
            return error_set(err, ERROR_FORMAT,
                             "line %llu: a quote is not closed",
                             (unsigned long long)table_line(table));
        *to = '\0';
    } else {
        name[strcspn(name, " \t{")] = '\0';
    }
    return add_column(table, name, err);
}

static int read_arff_header(struct table *table, struct error *err)
{
    char *line;

    for (;;) {
        if (header_line(table, &line, err) < 0)
            return -1;
        line = skip_blanks(line);
        if (strncasecmp(line, "@data", 5) == 0)
            break;
        if (strncasecmp(line, "@attribute", 10) == 0 &&
            read_attribute(table, line + 10, err) < 0)
            return -1;
    }
    if (table->column_count == 0)
        return error_set(err, ERROR_FORMAT, "no @attribute before @data");
    return 0;
}

static int name_movielens_columns(struct table *table, struct error *err)
{
    static const char *const names[] = {"user_id", "item_id", "rating",
                                        "timestamp"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (add_column(table, names[i], err) < 0)
            return -1;
    return 0;
}

/* --- Opening
 * ---------------------------------------------------------------------- */

static bool ends_with(const char *path, const char *end)
{
    size_t size = strlen(path), tail = strlen(end);

    return size >= tail && strcmp(path + size - tail, end) == 0;
}

static enum table_format guess(struct table *table, const char *path)
{
    int first = table_input_peek(table->input);

    if (first == '@' || first == '%')
        return TABLE_ARFF;
    if (ends_with(path, "u.data") || ends_with(path, ".dat"))
        return TABLE_MOVIELENS;
    return TABLE_CSV;
}

static int read_header(struct table *table, const char *path, struct error *err)
{
    strcpy(table->separator, ",");
    switch (table->format) {
    case TABLE_ARFF:
        return read_arff_header(table, err);
    case TABLE_MOVIELENS:
        strcpy(table->separator, ends_with(path, ".dat") ? "::" : "\t");
        return name_movielens_columns(table, err);
    default:
        return read_csv_header(table, err);
    }
}

int table_open(const char *path, enum table_format format, struct table **out,
               struct error *err)
{
    struct table *table = calloc(1, sizeof(*table));

    if (!table)
        return error_no_memory(err, "the table");
    if (table_input_open(path, &table->input, err) < 0)
        goto failed;
    table->format = format == TABLE_AUTO ? guess(table, path) : format;
    if (read_header(table, path, err) < 0) {
        error_wrap(err, "'%s'", path);
        goto failed;
    }
    *out = table;
    return 0;

failed:
    table_close(table);
    return -1;
}

int table_column(const struct table *table, const char *name, struct error *err)
{
    char known[256] = "";
    size_t used = 0;

    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->names[i], name) == 0)
            return (int)i;
        int length = snprintf(known + used, sizeof(known) - used, "%s%s",
                              i ? ", " : "", table->names[i]);
        if (length > 0 && (size_t)length < sizeof(known) - used)
            used += (size_t)length;
    }
    return error_set(err, ERROR_CONFIG, "no column '%s': there are %s", name,
                     known);
}

size_t table_column_count(const struct table *table)
{
    return table->column_count;
}

const char *table_column_name(const struct table *table, size_t column)
{
    return table->names[column];
}

uint64_t table_line(const struct table *table)
{
    return table_input_line_number(table->input);
}

double table_progress(const struct table *table)
{
    return table_input_progress(table->input);
}

void table_close(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->column_count; i++)
        free(table->names[i]);
    table_input_close(table->input);
    buffer_free(&table->line);
    free(table);
}
