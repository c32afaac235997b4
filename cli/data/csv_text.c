#include "cli/data/csv_text.h"

#include <stdio.h>
#include <string.h>

void csv_print_text(const char *text)
{
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

void csv_print_id(const struct id *id)
{
    char text[ID_PRINT_SIZE];

    id_print(id, text);
    csv_print_text(text);
}
