#include "cli/replay/svg_plot.h"

#include "cli/replay/html_text.h"

#include <math.h>
#include <time.h>

enum {
    TICK_PIXELS = 50, /* between two numbers of an axis, about */
    TIME_TICKS_WANTED = 12,
    HOUR_MS = 3600000,
};

/* --- The frame -------------------------------------------------------- */

static int inner_width(const struct svg_plot *plot)
{
    return plot->width - plot->left - plot->right;
}

static int inner_height(const struct svg_plot *plot)
{
    return plot->height - plot->top - plot->bottom;
}

double svg_x(const struct svg_plot *plot, double x)
{
    return plot->left +
           (x - plot->x_low) / (plot->x_high - plot->x_low) * inner_width(plot);
}

double svg_y(const struct svg_plot *plot, double y)
{
    return plot->height - plot->bottom -
           (y - plot->y_low) / (plot->y_high - plot->y_low) *
               inner_height(plot);
}

void svg_open(const struct svg_plot *plot, const char *label)
{
    fprintf(plot->out,
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" "
            "aria-labelledby=\"%s-title\"><title id=\"%s-title\">",
            plot->width, plot->height, plot->id, plot->id);
    html_text(plot->out, label);
    fprintf(plot->out,
            "</title><defs><clipPath id=\"%s\"><rect x=\"%d\" y=\"%d\" "
            "width=\"%d\" height=\"%d\"/></clipPath></defs>\n",
            plot->id, plot->left, plot->top, inner_width(plot),
            inner_height(plot));
}

void svg_close(const struct svg_plot *plot)
{
    fputs("</svg>\n", plot->out);
}

/* --- Axes ------------------------------------------------------------- */

/* Returns a step of 1, 2 or 5 times a power of ten. */
static double round_step(double span, int pixels)
{
    double raw = span * TICK_PIXELS / pixels,
           power = pow(10, floor(log10(raw)));
    double head = raw / power;

    return (head < 1.5 ? 1 : head < 3.5 ? 2 : head < 7.5 ? 5 : 10) * power;
}

static int decimals_of(double step)
{
    double digits = -floor(log10(step) + 1e-9);

    return digits > 0 ? (int)digits : 0;
}

static void tick_x(const struct svg_plot *plot, double x, const char *text)
{
    double at = svg_x(plot, x);
    int bottom = plot->height - plot->bottom;

    fprintf(plot->out,
            "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" "
            "y2=\"%d\"/><text class=\"tick\" x=\"%.1f\" y=\"%d\" "
            "text-anchor=\"middle\">%s</text>\n",
            at, at, plot->top, bottom, at, bottom + 16, text);
}

static void tick_y(const struct svg_plot *plot, double y, const char *text)
{
    double at = svg_y(plot, y);

    fprintf(plot->out,
            "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" "
            "y2=\"%.1f\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" "
            "text-anchor=\"end\">%s</text>\n",
            plot->left, plot->width - plot->right, at, at, plot->left - 7,
            at + 4, text);
}

static void axis(const struct svg_plot *plot, double low, double high,
                 int pixels,
                 void (*tick)(const struct svg_plot *, double, const char *))
{
    double step = round_step(high - low, pixels);
    char text[32];

    for (double i = ceil(low / step - 1e-9); i * step <= high + 1e-9 * step;
         i++) {
        snprintf(text, sizeof(text), "%.*f", decimals_of(step),
                 i == 0 ? 0.0 : i * step);
        tick(plot, i * step, text);
    }
}

void svg_axis_x(const struct svg_plot *plot, const char *title)
{
    axis(plot, plot->x_low, plot->x_high, inner_width(plot), tick_x);
    fprintf(plot->out,
            "<text class=\"axis\" x=\"%d\" y=\"%d\" "
            "text-anchor=\"middle\">%s</text>\n",
            plot->left + inner_width(plot) / 2, plot->height - 4, title);
}

void svg_axis_y(const struct svg_plot *plot, const char *title)
{
    int middle = plot->top + inner_height(plot) / 2;

    axis(plot, plot->y_low, plot->y_high, inner_height(plot), tick_y);
    fprintf(plot->out,
            "<text class=\"axis\" transform=\"translate(15 %d) rotate(-90)\" "
            "text-anchor=\"middle\">%s</text>\n",
            middle, title);
}

/* Steps of time: years and months differ in length, so ticks are counted in
 * the calendar. */
enum unit { UNIT_HOUR, UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR };

struct time_step {
    enum unit unit;
    int count;
    double ms; /* about */
};

static struct time_step choose_step(double span_ms)
{
    static const struct time_step steps[] = {
        {UNIT_HOUR, 1, 3.6e6},    {UNIT_HOUR, 3, 1.08e7},
        {UNIT_HOUR, 6, 2.16e7},   {UNIT_HOUR, 12, 4.32e7},
        {UNIT_DAY, 1, 8.64e7},    {UNIT_DAY, 2, 1.728e8},
        {UNIT_WEEK, 1, 6.048e8},  {UNIT_MONTH, 1, 2.63e9},
        {UNIT_MONTH, 3, 7.89e9},  {UNIT_MONTH, 6, 1.578e10},
        {UNIT_YEAR, 1, 3.156e10}, {UNIT_YEAR, 2, 6.312e10},
        {UNIT_YEAR, 5, 1.578e11}, {UNIT_YEAR, 10, 3.156e11},
    };
    size_t last = sizeof(steps) / sizeof(steps[0]) - 1, i = 0;

    while (i < last && span_ms / steps[i].ms > TIME_TICKS_WANTED)
        i++;
    return steps[i];
}

/* Returns the number of the unit that the time is in. */
static int64_t unit_of(enum unit unit, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    switch (unit) {
    case UNIT_HOUR:
        return ms / HOUR_MS;
    case UNIT_DAY:
        return ms / HOUR_MS / 24;
    case UNIT_WEEK: /* from Monday on; 1970 began with a Thursday */
        return (ms / HOUR_MS / 24 + 3) / 7;
    case UNIT_MONTH:
        return (int64_t)tm.tm_year * 12 + tm.tm_mon;
    case UNIT_YEAR:
        return tm.tm_year + 1900;
    }
    return 0;
}

static int64_t unit_start_ms(enum unit unit, int64_t count)
{
    struct tm tm = {.tm_mday = 1};

    if (unit == UNIT_HOUR)
        return count * HOUR_MS;
    if (unit == UNIT_DAY)
        return count * HOUR_MS * 24;
    if (unit == UNIT_WEEK)
        return (count * 7 - 3) * HOUR_MS * 24;
    tm.tm_year = (int)(unit == UNIT_MONTH ? count / 12 : count - 1900);
    tm.tm_mon = (int)(unit == UNIT_MONTH ? count % 12 : 0);
    return (int64_t)timegm(&tm) * 1000;
}

static void print_tick(enum unit unit, int64_t ms, char out[32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];

    gmtime_r(&seconds, &tm);
    if (unit == UNIT_YEAR)
        strftime(text, sizeof(text), "%Y", &tm);
    else if (unit == UNIT_MONTH)
        strftime(text, sizeof(text), "%b %Y", &tm);
    else if (unit == UNIT_HOUR && tm.tm_hour > 0)
        strftime(text, sizeof(text), "%H:%M", &tm);
    else
        strftime(text, sizeof(text), "%e %b", &tm);
    snprintf(out, 32, "%s", text + (text[0] == ' '));
}

void svg_axis_time(const struct svg_plot *plot)
{
    struct time_step step = choose_step(plot->x_high - plot->x_low);
    int64_t at = unit_of(step.unit, (int64_t)plot->x_low) / step.count;
    char text[32];

    for (;; at++) {
        int64_t ms = unit_start_ms(step.unit, at * step.count);
        if ((double)ms > plot->x_high)
            return;
        if ((double)ms < plot->x_low)
            continue;
        print_tick(step.unit, ms, text);
        tick_x(plot, (double)ms, text);
    }
}

/* --- Marks ------------------------------------------------------------ */

static void title(FILE *out, const char *text)
{
    fputs("<title>", out);
    html_text(out, text);
    fputs("</title>", out);
}

void svg_line(const struct svg_plot *plot, const double *xs, const double *ys,
              size_t n, const char *classes)
{
    bool pen = false;

    fprintf(plot->out, "<path clip-path=\"url(#%s)\" class=\"line %s\" d=\"",
            plot->id, classes);
    for (size_t i = 0; i < n; i++) {
        bool drawn = isfinite(xs[i]) && isfinite(ys[i]);
        if (drawn)
            fprintf(plot->out, "%c%.1f %.1f", pen ? 'L' : 'M',
                    svg_x(plot, xs[i]), svg_y(plot, ys[i]));
        pen = drawn;
    }
    fputs("\"/>\n", plot->out);
}

void svg_segment(const struct svg_plot *plot, struct svg_point from,
                 struct svg_point to, const char *classes)
{
    fprintf(plot->out,
            "<line clip-path=\"url(#%s)\" class=\"%s\" x1=\"%.1f\" "
            "y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
            plot->id, classes, svg_x(plot, from.x), svg_y(plot, from.y),
            svg_x(plot, to.x), svg_y(plot, to.y));
}

void svg_bar(const struct svg_plot *plot, struct svg_point low,
             struct svg_point high, const char *classes)
{
    double left = svg_x(plot, low.x), top = svg_y(plot, high.y);

    fprintf(plot->out,
            "<rect clip-path=\"url(#%s)\" class=\"%s\" x=\"%.1f\" y=\"%.1f\" "
            "width=\"%.1f\" height=\"%.1f\"/>\n",
            plot->id, classes, left, top, fmax(svg_x(plot, high.x) - left, 0.5),
            svg_y(plot, low.y) - top);
}

void svg_dot(const struct svg_plot *plot, struct svg_point at, double radius,
             const char *classes, const char *tip)
{
    if (!isfinite(at.x) || !isfinite(at.y))
        return;
    fprintf(plot->out,
            "<circle clip-path=\"url(#%s)\" class=\"%s\" cx=\"%.1f\" "
            "cy=\"%.1f\" r=\"%.1f\">",
            plot->id, classes, svg_x(plot, at.x), svg_y(plot, at.y), radius);
    if (tip)
        title(plot->out, tip);
    fputs("</circle>\n", plot->out);
}

void svg_column(const struct svg_plot *plot, double x1, double x2,
                const char *classes, const char *tip)
{
    double left = svg_x(plot, x1);

    fprintf(plot->out,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" "
            "height=\"%d\">",
            classes, left, plot->top, svg_x(plot, x2) - left,
            inner_height(plot));
    title(plot->out, tip);
    fputs("</rect>\n", plot->out);
}

void svg_words(const struct svg_plot *plot, const char *words)
{
    fprintf(plot->out,
            "<text class=\"axis\" x=\"%d\" y=\"%d\" "
            "text-anchor=\"middle\">",
            plot->left + inner_width(plot) / 2,
            plot->top + inner_height(plot) / 2 + 4);
    html_text(plot->out, words);
    fputs("</text>\n", plot->out);
}

const char *svg_series(char out[SVG_CLASSES_SIZE], size_t series,
                       const char *more)
{
    snprintf(out, SVG_CLASSES_SIZE, "s%zu k%zu%s %s",
             series % SVG_SERIES_COLOURS, series,
             series < SVG_SERIES_COLOURS ? "" : " again", more);
    return out;
}
