#include "cli/data/csv_text.h"

#include "common/base/utf8.h"

#include <stdbool.h>
#include <string.h>

/* What a terminal obeys at `at`, or -1. *step is how long it is. */
static int control_at(const uint8_t *at, size_t left, size_t *step)
{
    *step = utf8_sequence(at, left);
    if (*step == 0) {
        *step = 1;
        return at[0] < 0xa0 ? at[0] : -1;
    }
    int control = utf8_control(at, *step);
    return control == '\n' || control == '\t' ? -1 : control;
}

static void print_bytes(FILE *out, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0, step; at < size; at += step) {
        int control = control_at(bytes + at, size - at, &step);
        if (control >= 0) {
            fprintf(out, step == 2 ? "\\u%04x" : "\\x%02x", (unsigned)control);
            continue;
        }
        if (bytes[at] == '"')
            fputc('"', out);
        fwrite(bytes + at, 1, step, out);
    }
}

static bool would_run(const struct id *id)
{
    return id->text && id->size > 0 && id->text[0] &&
           strchr("=+-@\t", id->text[0]);
}

void csv_print_id(FILE *out, const struct id *id, enum csv_cells cells)
{
    char text[ID_PRINT_SIZE];
    size_t size = id_print(id, text);
    bool is_quoted = memchr(text, ',', size) || memchr(text, '"', size) ||
                     memchr(text, '\n', size);

    if (is_quoted)
        fputc('"', out);
    if (cells == CSV_SAFE && would_run(id))
        fputc('\'', out);
    print_bytes(out, (const uint8_t *)text, size);
    if (is_quoted)
        fputc('"', out);
}
