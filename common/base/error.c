#include "common/base/error.h"

#include "common/base/text.h"

#undef error_set /* the analyzer's, not ours: see error.h */
#undef error_no_memory
#undef error_wrap

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int status;
} codes[] = {
    [ERROR_NONE] = {"none", 0},
    [ERROR_FAILED] = {"failed", 1},
    [ERROR_USAGE] = {"usage", 2},
    [ERROR_FORMAT] = {"format", 65},
    [ERROR_LIMIT] = {"limit", 65},
    [ERROR_INPUT] = {"input", 66},
    [ERROR_UNAVAILABLE] = {"unavailable", 69},
    [ERROR_IO] = {"io", 73},
    [ERROR_TEMPORARY] = {"temporary", 75},
    [ERROR_MEMORY] = {"memory", 75},
    [ERROR_AUTH] = {"auth", 77},
    [ERROR_CONFIG] = {"config", 78},
    [ERROR_FENCED] = {"fenced", 79},
    [ERROR_STOPPED] = {"stopped", 0},
};

/* Texts end up inside msg="..." of a log line, whatever they quote. */
static void make_printable(char *text)
{
    for (char *c = text; *c; c++) {
        if (*c == '"')
            *c = '\'';
        else if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    }
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (!err)
        return -1;

    va_list args;
    va_start(args, format);
    if (vsnprintf(err->text, sizeof(err->text), format, args) < 0)
        err->text[0] = '\0';
    va_end(args);
    err->code = code;
    make_printable(err->text);
    return -1;
}

int error_no_memory(struct error *err, const char *format, ...)
{
    static const char lead[] = "out of memory for ";

    if (!err)
        return -1;

    va_list args;
    va_start(args, format);
    text_copy(err->text, sizeof(err->text), lead);
    if (vsnprintf(err->text + strlen(lead), sizeof(err->text) - strlen(lead),
                  format, args) < 0)
        err->text[strlen(lead)] = '\0';
    va_end(args);
    err->code = ERROR_MEMORY;
    make_printable(err->text);
    return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
    if (!err)
        return -1;

    struct error inner = *err;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof(err->text)) {
        size_t room = sizeof(err->text) - (size_t)length;
        if (snprintf(err->text + length, room, ": %s", inner.text) < 0)
            err->text[length] = '\0';
    }
    make_printable(err->text);
    return -1;
}

int error_exit_status(enum error_code code)
{
    return codes[code].status;
}

const char *error_code_name(enum error_code code)
{
    return codes[code].name;
}
