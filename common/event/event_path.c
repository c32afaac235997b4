#include "common/event/event_path.h"

#include <stdbool.h>
#include <string.h>

/* What is read and how far the reading has come. */
struct reading {
    struct event_path path;
    const char *at; /* in path.text */
};

static int complain(const struct reading *reading, const char *why,
                    struct error *err)
{
    return error_set(err, ERROR_CONFIG, "'%s' is not a path of a field: %s",
                     reading->path.text, why);
}

/* The number that a step is; EVENT_PATH_NO_INDEX where it is none. */
static uint32_t index_in(const char *name, size_t size)
{
    uint32_t index = 0;

    if (size == 0 || size > 7 || (size > 1 && name[0] == '0'))
        return EVENT_PATH_NO_INDEX;
    for (size_t i = 0; i < size; i++) {
        if (name[i] < '0' || name[i] > '9')
            return EVENT_PATH_NO_INDEX;
        index = index * 10 + (uint32_t)(name[i] - '0');
    }
    return index;
}

static int add_step(struct reading *reading, const char *name, size_t size,
                    struct error *err)
{
    struct event_path *path = &reading->path;

    if (size == 0)
        return complain(reading, "a name is empty", err);
    if (path->count == EVENT_PATH_STEPS_MAX)
        return complain(reading, "it has more than 8 steps", err);
    path->steps[path->count++] = (struct event_step){
        .at = (uint8_t)(name - path->text),
        .size = (uint8_t)size,
        .index = index_in(name, size),
    };
    return 0;
}

/* [0], ['name'] or ["name"]. */
static int read_bracket(struct reading *reading, struct error *err)
{
    const char *name = reading->at + 1;
    const char quote = *name;
    const char *end;

    if (quote == '\'' || quote == '"') {
        name++;
        end = strchr(name, quote);
        if (!end || end[1] != ']')
            return complain(reading,
                            "a quoted name does not end with a quote "
                            "and ]",
                            err);
        reading->at = end + 2;
    } else {
        end = strchr(name, ']');
        if (!end || index_in(name, (size_t)(end - name)) == EVENT_PATH_NO_INDEX)
            return complain(reading,
                            "[ ] holds neither an index nor a quoted "
                            "name",
                            err);
        reading->at = end + 1;
    }
    return add_step(reading, name, (size_t)(end - name), err);
}

static int read_steps(struct reading *reading, struct error *err)
{
    bool is_first = true;

    if (reading->at[0] == '$' &&
        (reading->at[1] == '.' || reading->at[1] == '[')) {
        reading->at++;
        is_first = false;
    }
    do {
        if (*reading->at == '[') {
            if (read_bracket(reading, err) < 0)
                return -1;
        } else {
            if (!is_first && *reading->at++ != '.')
                return complain(reading, "a . or [ is missing behind a ]", err);
            size_t size = strcspn(reading->at, ".[");
            const char *name = reading->at;
            reading->at += size;
            if (add_step(reading, name, size, err) < 0)
                return -1;
        }
        is_first = false;
    } while (*reading->at);
    return 0;
}

static int read_beside(struct reading *reading, struct error *err)
{
    static const struct {
        const char *word;
        enum event_place place;
    } places[] = {{"@key", EVENT_IN_KEY},
                  {"@timestamp", EVENT_IN_TIMESTAMP},
                  {"@partition", EVENT_IN_PARTITION}};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(reading->path.text, places[i].word) != 0)
            continue;
        reading->path.place = places[i].place;
        return 0;
    }
    return complain(reading,
                    "what stands beside the value is @key, @timestamp, "
                    "@partition or header:NAME; a field that begins with @ is "
                    "written $['@name']",
                    err);
}

int event_path_parse(const char *text, struct event_path *out,
                     struct error *err)
{
    static const char header[] = "header:";
    struct reading reading = {.path = {.place = EVENT_IN_VALUE}};
    size_t size = strlen(text);
    int status;

    if (size == 0)
        return error_set(err, ERROR_CONFIG, "the path of a field is empty");
    if (size >= EVENT_PATH_SIZE)
        return error_set(err, ERROR_CONFIG,
                         "the path of a field is longer than %d bytes: '%.40s"
                         "...'",
                         EVENT_PATH_SIZE - 1, text);
    memcpy(reading.path.text, text, size + 1);
    reading.at = reading.path.text;
    if (*text == '@') {
        status = read_beside(&reading, err);
    } else if (strncmp(text, header, sizeof(header) - 1) == 0) {
        reading.path.place = EVENT_IN_HEADER;
        status = add_step(&reading, reading.at + sizeof(header) - 1,
                          size - (sizeof(header) - 1), err);
    } else {
        status = read_steps(&reading, err);
    }
    if (status == 0)
        *out = reading.path;
    return status;
}
