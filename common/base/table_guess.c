#include "common/base/table_guess.h"

#include <stdlib.h>
#include <string.h>

bool table_is_number(const char *text)
{
    char *end;

    strtod(text, &end);
    return end != text && *end == '\0';
}

/* Whether the line has `most` + 1 fields or one less, and all are numbers. */
static bool are_numbers(const char *line, const char *separator, size_t least,
                        size_t most)
{
    size_t count = 0, width = strlen(separator);

    for (;;) {
        char field[64];
        const char *end = strstr(line, separator);
        size_t size = end ? (size_t)(end - line) : strlen(line);
        if (size == 0 || size >= sizeof(field))
            return false;
        memcpy(field, line, size);
        field[size] = '\0';
        if (!table_is_number(field))
            return false;
        count++;
        if (!end)
            return count >= least && count <= most;
        line = end + width;
    }
}

enum table_format table_guess_format(const char *line, int header)
{
    char first = line[strspn(line, " \t")];

    if (first == '@' || first == '%')
        return TABLE_ARFF;
    if (header == HEADER_AUTO &&
        (are_numbers(line, "::", 3, 4) || are_numbers(line, "\t", 4, 4)))
        return TABLE_MOVIELENS;
    return TABLE_CSV;
}

/* How often the separator stands in the line, outside of quotes. */
static size_t count_separators(const char *line, const char *separator)
{
    size_t count = 0, width = strlen(separator);
    bool is_quoted = false;

    for (; *line; line++) {
        if (*line == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && strncmp(line, separator, width) == 0)
            count++;
    }
    return count;
}

const char *table_guess_separator(const char *line)
{
    static const char *const usual[] = {",", "\t", ";", "|", "::"};
    const char *found = usual[0];
    size_t most = 0;

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        size_t count = count_separators(line, usual[i]);
        if (count > most) {
            most = count;
            found = usual[i];
        }
    }
    return found;
}
