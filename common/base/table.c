#include "common/base/table.h"

#include "common/base/quoted.h"
#include "common/base/table_guess.h"
#include "common/base/table_input.h"
#include "common/base/text.h"

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
    char separator[TABLE_SEPARATOR_SIZE]; /* "," or "\t" or "::" */
    bool is_pending;                      /* `line` was read and not taken */
    uint64_t row_line;                    /* where the last row begins */
    struct buffer line;
    struct table_field fields[TABLE_COLUMNS_MAX];
    size_t field_count;
    char *names[TABLE_COLUMNS_MAX]; /* owned */
    bool numeric[TABLE_COLUMNS_MAX];
    size_t column_count;
};

/* --- Taking a line apart ---------------------------------------------- */

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

/* Around a field; a tab that separates is no blank. */
static bool is_blank_byte(const struct table *table, char c)
{
    return c == ' ' || (c == '\t' && table->separator[0] != '\t');
}

static char *skip_field_blanks(const struct table *table, char *at)
{
    while (is_blank_byte(table, *at))
        at++;
    return at;
}

/* One field from *at; *at goes to the next one, or to NULL after the last. */
static int take_field(struct table *table, char **at, struct error *why)
{
    size_t width = strlen(table->separator);
    char *start = skip_field_blanks(table, *at);
    char *to = start, *end;

    if (is_quote(table, *start)) {
        end = quoted_take(start,
                          table->format == TABLE_ARFF ? QUOTED_BACKSLASHES
                                                      : QUOTED_DOUBLED,
                          &to);
        if (!end)
            return error_set(why, ERROR_FORMAT, "a quote is not closed");
        end = skip_field_blanks(table, end);
        if (*end && strncmp(end, table->separator, width) != 0)
            return error_set(why, ERROR_FORMAT,
                             "text behind the closing quote of field %zu",
                             table->field_count + 1);
    } else {
        end = strstr(start, table->separator);
        if (!end)
            end = start + strlen(start);
        to = end;
        while (to > start && is_blank_byte(table, to[-1]))
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

/* --- Gathering a row -------------------------------------------------- */

/* Where a CSV row stands at the end of a line: inside a quoted field it goes
 * on behind it. Only a quote at the start of a field opens one: 5" is text. */
enum csv_place { CSV_START, CSV_PLAIN, CSV_QUOTED };

static enum csv_place csv_scan(const struct table *table, enum csv_place place,
                               size_t from)
{
    const struct buffer *line = &table->line;
    uint8_t separator = (uint8_t)table->separator[0];

    for (size_t i = from; i < line->size; i++) {
        uint8_t byte = line->bytes[i];
        if (byte == '"' && place != CSV_PLAIN)
            place = place == CSV_START ? CSV_QUOTED : CSV_START;
        else if (byte == separator && place != CSV_QUOTED)
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

    if (!table->is_pending) {
        buffer_clear(&table->line);
        if (table_input_line(table->input, &table->line, &more, &cut, err) < 0)
            return -1;
    }
    table->is_pending = false;
    table->row_line = table_input_line_number(table->input);
    *result = more ? TABLE_ROW : TABLE_END;
    enum csv_place place = csv_scan(table, CSV_START, 0);
    while (more && !cut && table->format == TABLE_CSV && place == CSV_QUOTED &&
           table->line.size < TABLE_LINE_MAX) {
        size_t before = table->line.size;
        buffer_append(&table->line, "\n", 1);
        if (table_input_line(table->input, &table->line, &more, &cut, err) < 0)
            return -1;
        place = csv_scan(table, place, before);
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

/* A blank line of a file with tabs may be a row of empty fields, but no row
 * of use. */
static bool is_blank(const struct table *table, const char *line)
{
    line += strspn(line, " \t");
    return *line == '\0' || (table->format == TABLE_ARFF && *line == '%');
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

    if (table->format == TABLE_ARFF && *skip_blanks(line) == '{')
        return error_set(err, ERROR_FORMAT,
                         "line %llu: this is sparse ARFF, which is not "
                         "supported: write rows with all their values",
                         (unsigned long long)table->row_line);
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

/* --- Headers ---------------------------------------------------------- */

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
                         (unsigned long long)table->row_line, why.text);
    if (result == TABLE_END)
        return error_set(err, ERROR_FORMAT, "it ends before the first row");
    *line = (char *)table->line.bytes;
    return 0;
}

/* A file whose columns are mostly called by numbers has no header: its first
 * row would be lost in silence. */
static int check_names(const struct table *table, struct error *err)
{
    size_t numbers = 0;

    for (size_t i = 0; i < table->column_count; i++)
        numbers += table_is_number(table->names[i]);
    if (numbers == 0 || numbers * 2 < table->column_count)
        return 0;
    return error_set(err, ERROR_CONFIG,
                     "line 1 looks like a row and not like a header: give "
                     "--header=no, and columns by number, as --column.user=1 "
                     "(or --header=yes)");
}

/* RecBole's files say the type of a column behind its name. */
static void cut_type(char *name)
{
    static const char *const types[] = {":token", ":float", ":token_seq",
                                        ":float_seq"};
    char *colon = strrchr(name, ':');

    for (size_t i = 0; colon && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(colon, types[i]) == 0)
            *colon = '\0';
}

/* Columns of a file without a header are called by their numbers; its first
 * line is a row. */
static int number_columns(struct table *table, struct error *err)
{
    char name[24], *line;
    struct buffer copy = {0};

    if (header_line(table, &line, err) < 0)
        return -1;
    buffer_append(&copy, table->line.bytes, table->line.size);
    if (buffer_failed(&copy))
        return error_no_memory(err, "the table");
    int status = take_apart(table, (char *)copy.bytes, err);
    buffer_free(&copy);
    for (size_t i = 0; status == 0 && i < table->field_count; i++) {
        snprintf(name, sizeof(name), "%zu", i + 1);
        status = add_column(table, name, err);
    }
    table->line.size--; /* the end mark that read_line() puts there */
    table->is_pending = true;
    return status < 0 ? error_wrap(err, "line 1") : 0;
}

static int read_csv_header(struct table *table, int header, struct error *err)
{
    char *line;

    if (header == HEADER_NO)
        return number_columns(table, err);
    if (header_line(table, &line, err) < 0)
        return -1;
    if (take_apart(table, line, err) < 0)
        return error_wrap(err, "line 1");
    for (size_t i = 0; i < table->field_count; i++) {
        if (add_column(table, table->fields[i].text, err) < 0)
            return -1;
        cut_type(table->names[i]);
    }
    return header == HEADER_YES ? 0 : check_names(table, err);
}

/* "@attribute 'the name' numeric". */
static int read_attribute(struct table *table, char *at, struct error *err)
{
    static const char *const numeric[] = {"numeric", "real", "integer"};
    char *name = skip_blanks(at), *to = name, *type;

    if (is_quote(table, *name)) {
        type = quoted_take(name, QUOTED_BACKSLASHES, &to);
        if (!type)
            return error_set(err, ERROR_FORMAT,
                             "line %llu: a quote is not closed",
                             (unsigned long long)table->row_line);
    } else {
        type = to = name + strcspn(name, " \t{");
    }
    char behind = *type;
    char *word = behind ? skip_blanks(type + (behind != '{')) : type;
    bool is_numeric = false;
    for (size_t i = 0; i < sizeof(numeric) / sizeof(numeric[0]); i++)
        is_numeric |= behind != '{' &&
                      strncasecmp(word, numeric[i], strlen(numeric[i])) == 0;
    *to = '\0';
    if (add_column(table, name, err) < 0)
        return -1;
    table->numeric[table->column_count - 1] = is_numeric;
    return 0;
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
    enum { LEAST = 3, MOST = 4 };

    if (number_columns(table, err) < 0)
        return -1;
    if (table->column_count < LEAST || table->column_count > MOST)
        return error_set(err, ERROR_FORMAT,
                         "line 1: %zu fields, and MovieLens has user, item, "
                         "rating and timestamp",
                         table->column_count);
    for (size_t i = 0; i < table->column_count; i++) {
        free(table->names[i]);
        table->names[i] = strdup(names[i]);
        if (!table->names[i])
            return error_no_memory(err, "the table");
    }
    return 0;
}

/* --- Opening ---------------------------------------------------------- */

/* Reads the first line that is not blank and leaves it to the next
 * read_line(). */
static int peek_line(struct table *table, struct error *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, by some editors */
    bool more = true, cut = false;

    do {
        buffer_clear(&table->line);
        if (table_input_line(table->input, &table->line, &more, &cut, err) < 0)
            return -1;
        if (table_input_line_number(table->input) == 1 &&
            table->line.size >= 3 && memcmp(table->line.bytes, mark, 3) == 0) {
            table->line.size -= 3;
            memmove(table->line.bytes, table->line.bytes + 3, table->line.size);
        }
        buffer_append(&table->line, "", 1);
        if (buffer_failed(&table->line))
            return error_no_memory(err, "the table");
        table->line.size--;
    } while (more && !cut &&
             table->line.bytes[strspn((char *)table->line.bytes, " \t")] ==
                 '\0' &&
             !memchr(table->line.bytes, '\0', table->line.size));
    if (cut)
        return error_set(err, ERROR_LIMIT, "line 1: longer than %d bytes",
                         TABLE_LINE_MAX);
    table->is_pending = more;
    return 0;
}

static void choose_separator(struct table *table, const char *given)
{
    const bool is_tab = strcmp(given, "tab") == 0 || strcmp(given, "\\t") == 0;

    if (*given)
        given = is_tab ? "\t" : given;
    else if (table->format == TABLE_ARFF)
        given = ",";
    else
        given = table_guess_separator((const char *)table->line.bytes);
    text_copy(table->separator, sizeof(table->separator), given);
}

/* Excel's first line "sep=;" is about the file, and not of it. */
static int skip_separator(struct table *table, const char **given,
                          char named[TABLE_SEPARATOR_SIZE], struct error *err)
{
    const char *line = (const char *)table->line.bytes;

    if (table_input_line_number(table->input) != 1 ||
        table->line.size != strlen("sep=x") || strncmp(line, "sep=", 4) != 0)
        return 0;
    if (!**given) {
        text_copy(named, TABLE_SEPARATOR_SIZE, line + strlen("sep="));
        *given = named;
    }
    return peek_line(table, err);
}

static int check_line_ends(const struct table *table, struct error *err)
{
    const char *line = (const char *)table->line.bytes;

    if (!strchr(line, '\r') || strchr(line, '"'))
        return 0;
    return error_set(err, ERROR_FORMAT,
                     "its lines end with a carriage return alone, as on old "
                     "Macs: tr '\\r' '\\n' makes them lines");
}

static int read_header(struct table *table, int header, struct error *err)
{
    switch (table->format) {
    case TABLE_ARFF:
        return read_arff_header(table, err);
    case TABLE_MOVIELENS:
        return name_movielens_columns(table, err);
    default:
        return read_csv_header(table, header, err);
    }
}

int table_open(const char *path, const struct table_options *options,
               struct table **out, struct error *err)
{
    static const struct table_options usual;
    struct table *table = calloc(1, sizeof(*table));
    char named[TABLE_SEPARATOR_SIZE];

    options = options ? options : &usual;
    if (!table)
        return error_no_memory(err, "the table");
    const char *separator = options->separator;
    if (table_input_open(path, &table->input, err) < 0)
        goto failed;
    if (peek_line(table, err) < 0 ||
        skip_separator(table, &separator, named, err) < 0 ||
        check_line_ends(table, err) < 0)
        goto wrong;
    table->format = options->format == TABLE_AUTO
                        ? table_guess_format((const char *)table->line.bytes,
                                             options->header)
                        : (enum table_format)options->format;
    choose_separator(table, separator);
    if (read_header(table, options->header, err) < 0)
        goto wrong;
    *out = table;
    return 0;

wrong:
    error_wrap(err, "'%s'", path);
failed:
    table_close(table);
    return -1;
}

bool table_column_is_numeric(const struct table *table, size_t column)
{
    return table->numeric[column];
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
    return table->row_line;
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
