#include "model/select/search_space.h"

#include "common/base/random.h"
#include "common/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Parsing ---------------------------------------------------------- */

static int copy(char *out, size_t room, const char *text, size_t size,
                struct error *err)
{
    if (size == 0 || size >= room)
        return error_set(err, ERROR_CONFIG, "space: '%.*s': 1 to %zu bytes",
                         (int)size, text, room - 1);
    memcpy(out, text, size);
    out[size] = '\0';
    return 0;
}

/* "uniform(0.1,0.5)" */
static bool parse_distribution(const char *text, struct space_dimension *out)
{
    static const char *const names[] = {[SPACE_UNIFORM] = "uniform",
                                        [SPACE_LOG_UNIFORM] = "loguniform",
                                        [SPACE_INT] = "int"};
    size_t name = strcspn(text, "(");
    char end = '\0';
    int size = 0;

    if (sscanf(text + name, "(%lf,%lf%c%n", &out->low, &out->high, &end,
               &size) != 3 ||
        end != ')' || text[name + (size_t)size] != '\0')
        return false;
    for (int kind = SPACE_UNIFORM; kind <= (int)SPACE_INT; kind++) {
        if (strlen(names[kind]) == name &&
            strncmp(names[kind], text, name) == 0) {
            out->kind = (enum space_kind)kind;
            return true;
        }
    }
    return false;
}

static int check_distribution(const struct space_dimension *d,
                              struct error *err)
{
    bool positive = d->kind != SPACE_LOG_UNIFORM || d->low > 0;

    if (!isfinite(d->low) || !isfinite(d->high) || d->low > d->high ||
        !positive)
        return error_set(err, ERROR_CONFIG, "space: %s: %g..%g is not a range",
                         d->name, d->low, d->high);
    if (d->kind == SPACE_INT &&
        (floor(d->low) < d->low || floor(d->high) < d->high))
        return error_set(err, ERROR_CONFIG,
                         "space: %s: int(%g,%g): give whole numbers", d->name,
                         d->low, d->high);
    return 0;
}

static int parse_list(const char *text, struct space_dimension *out,
                      struct error *err)
{
    out->kind = SPACE_LIST;
    for (;;) {
        size_t size = strcspn(text, "|");
        if (out->count == SPACE_VALUES_MAX)
            return error_set(err, ERROR_LIMIT, "space: %s: more than %d values",
                             out->name, SPACE_VALUES_MAX);
        if (copy(out->values[out->count++], SPACE_VALUE_SIZE, text, size, err) <
            0)
            return -1;
        if (!text[size])
            return 0;
        text += size + 1;
    }
}

static int parse_dimension(const char *word, struct space_dimension *out,
                           struct error *err)
{
    size_t name = strcspn(word, "=");

    *out = (struct space_dimension){.kind = SPACE_LIST};
    if (!word[name])
        return error_set(err, ERROR_CONFIG,
                         "space: '%s': expected name=value|value", word);
    if (copy(out->name, sizeof(out->name), word, name, err) < 0)
        return -1;
    if (parse_distribution(word + name + 1, out))
        return check_distribution(out, err);
    if (strchr(word, '('))
        return error_set(err, ERROR_CONFIG,
                         "space: '%s': distributions are uniform(low,high), "
                         "loguniform(low,high) and int(low,high)",
                         word);
    return parse_list(word + name + 1, out, err);
}

/* Is the last dimension's name that of an earlier one? */
static int check_twice(const struct search_space *space, struct error *err)
{
    const char *last = space->dimensions[space->count - 1].name;

    for (size_t i = 0; i + 1 < space->count; i++)
        if (strcmp(space->dimensions[i].name, last) == 0)
            return error_set(err, ERROR_CONFIG, "space: '%s' is there twice",
                             last);
    return 0;
}

int search_space_parse(const char *text, struct search_space *out,
                       struct error *err)
{
    char words[2048], *rest = NULL;

    out->count = 0;
    if (strlen(text) >= sizeof(words))
        return error_set(err, ERROR_LIMIT, "space: longer than %zu bytes",
                         sizeof(words) - 1);
    text_copy(words, sizeof(words), text);
    for (char *word = strtok_r(words, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        if (out->count == SPACE_DIMENSIONS_MAX)
            return error_set(err, ERROR_LIMIT, "space: more than %d parameters",
                             SPACE_DIMENSIONS_MAX);
        if (parse_dimension(word, &out->dimensions[out->count++], err) < 0 ||
            check_twice(out, err) < 0)
            return -1;
    }
    if (out->count == 0)
        return error_set(err, ERROR_CONFIG,
                         "space: nothing to search: write k=5|10|20");
    return 0;
}

/* --- Combinations ----------------------------------------------------- */

bool search_space_is_finite(const struct search_space *space)
{
    for (size_t i = 0; i < space->count; i++)
        if (space->dimensions[i].kind != SPACE_LIST)
            return false;
    return true;
}

size_t search_space_combinations(const struct search_space *space)
{
    size_t count = 1;

    for (size_t i = 0; i < space->count; i++) {
        size_t values = space->dimensions[i].count;
        count = count > SIZE_MAX / values ? SIZE_MAX : count * values;
    }
    return count;
}

static void append(char *out, size_t size, const char *name, const char *value)
{
    size_t used = strlen(out);
    int length = snprintf(out + used, size - used, "%s%s=%s", used ? " " : "",
                          name, value);

    if (length < 0)
        out[used] = '\0';
}

void search_space_combination(const struct search_space *space, size_t index,
                              char *out, size_t size)
{
    size_t below = search_space_combinations(space);

    out[0] = '\0';
    for (size_t i = 0; i < space->count; i++) {
        const struct space_dimension *d = &space->dimensions[i];
        below /= d->count;
        append(out, size, d->name, d->values[index / below % d->count]);
    }
}

static void draw_value(const struct space_dimension *d, uint64_t *state,
                       char out[SPACE_VALUE_SIZE])
{
    double u = random_uniform(state);

    switch (d->kind) {
    case SPACE_LIST:
        snprintf(out, SPACE_VALUE_SIZE, "%s",
                 d->values[(size_t)(u * (double)d->count)]);
        break;
    case SPACE_UNIFORM:
        snprintf(out, SPACE_VALUE_SIZE, "%.9g",
                 d->low + u * (d->high - d->low));
        break;
    case SPACE_LOG_UNIFORM:
        snprintf(out, SPACE_VALUE_SIZE, "%.9g",
                 exp(log(d->low) + u * (log(d->high) - log(d->low))));
        break;
    case SPACE_INT:
        snprintf(out, SPACE_VALUE_SIZE, "%.0f",
                 floor(d->low + u * (d->high - d->low + 1)));
        break;
    }
}

void search_space_draw(const struct search_space *space, uint64_t *state,
                       char *out, size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; i < space->count; i++) {
        char value[SPACE_VALUE_SIZE];
        draw_value(&space->dimensions[i], state, value);
        append(out, size, space->dimensions[i].name, value);
    }
}
