#include "common/base/figure_text.h"

#include <math.h>
#include <stdio.h>

const char *figure_text(double value, int decimals, char out[FIGURE_TEXT_SIZE])
{
    if (isfinite(value))
        snprintf(out, FIGURE_TEXT_SIZE, "%.*f", decimals, value);
    else
        snprintf(out, FIGURE_TEXT_SIZE, "-");
    return out;
}
