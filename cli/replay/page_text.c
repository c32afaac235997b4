#include "cli/replay/page_text.h"

#include "cli/replay/html_text.h"
#include "cli/replay/svg_plot.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

void page_name(const struct replay_view *view, size_t contender, FILE *out)
{
    char classes[SVG_CLASSES_SIZE];

    fprintf(out, "<span class=\"name\"><span class=\"%s\"></span>",
            svg_series(classes, contender, "chip"));
    html_text(out, replay_name(view, contender));
    fputs("</span>", out);
}

void page_number(FILE *out, double value, int decimals)
{
    if (isfinite(value))
        fprintf(out, "%.*f", decimals, value);
    else
        fputs("&ndash;", out);
}

void page_count(FILE *out, uint64_t count)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            fputc(',', out);
        fputc(digits[i], out);
    }
}

const char *page_time(int64_t ts_ms, char out[32])
{
    time_t seconds = (time_t)(ts_ms / 1000);
    char text[32];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%e %b %Y, %H:%M", &tm);
    snprintf(out, 32, "%s", text + (text[0] == ' '));
    return out;
}

const char *page_length(int64_t ms, char out[32])
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {
        {86400000, "day"}, {3600000, "hour"}, {60000, "minute"}, {1000, "s"}};
    size_t i = 0;

    while (i < 3 && ms % units[i].ms != 0)
        i++;
    snprintf(out, 32, "%g %s%s", (double)ms / (double)units[i].ms,
             units[i].name, i == 3 || ms == units[i].ms ? "" : "s");
    return out;
}
