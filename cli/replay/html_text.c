#include "cli/replay/html_text.h"

#include "common/base/utf8.h"

#include <string.h>

static const char *escape_of(const uint8_t *at, size_t step)
{
    int control = step > 0 ? utf8_control(at, step) : 0;

    if (control >= 0 && control != '\n' && control != '\t')
        return "&#xfffd;";
    switch (*at) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(FILE *out, const char *text)
{
    html_text_sized(out, text, strlen(text));
}

void html_text_sized(FILE *out, const char *text, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)text;

    for (size_t at = 0, step; at < size; at += step) {
        step = utf8_sequence(bytes + at, size - at);
        const char *escape = escape_of(bytes + at, step);
        step = step > 0 ? step : 1;
        if (escape)
            fputs(escape, out);
        else
            fwrite(bytes + at, 1, step, out);
    }
}
