#include "cli/data/dataset_file.h"

#include "common/base/id_set.h"
#include "common/base/text.h"

#include "producer/feed/event_source.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value is one of the two that every row has. */
static bool is_pair_value(const char *name)
{
    return strcmp(name, "user") == 0 || strcmp(name, "ad") == 0;
}

/* Writes the columns that hold the other values, with commas between. */
static void list_columns(const struct field_list *fields, char out[512])
{
    size_t used = 0;

    for (uint32_t v = 0; v < fields->values; v++) {
        if (is_pair_value(fields->names[v]))
            continue;
        if (used > 0)
            out[used++] = ',';
        strcpy(out + used, fields->names[v]); /* parts of a shorter text */
        used += strlen(fields->names[v]);
    }
    if (used == 0)
        text_copy(out, 512, "none");
}

/* In the order of list_columns(). */
static void fill_keys(const struct source_row *row, struct dataset *dataset)
{
    const struct field_list *fields = &dataset->fields;
    uint64_t *keys = dataset_keys(dataset, dataset->count - 1);
    size_t extra = 0;

    for (uint32_t v = 0; v < fields->values; v++) {
        const char *name = fields->names[v];
        const struct id *value = strcmp(name, "user") == 0 ? &row->user
                                 : strcmp(name, "ad") == 0
                                     ? &row->ad
                                     : &row->extras[extra++].value;
        if (!value->text || value->size > 0)
            keys[v] = field_list_key(fields, v, value);
    }
}

static struct table_source_config
source_config(const struct dataset_file *settings,
              const struct field_list *fields, enum dataset_times times,
              const char *path)
{
    struct table_source_config config = {
        .path = path,
        .table = settings->table,
        .click_min = settings->click_min,
        .extras = "none",
        .any_label = true,
    };

    snprintf(config.user, sizeof(config.user), "%s", settings->user);
    snprintf(config.ad, sizeof(config.ad), "%s", settings->ad);
    snprintf(config.click, sizeof(config.click), "%s", settings->click);
    bool is_unused = times == TIMES_UNUSED && !settings->ts[0];
    snprintf(config.ts, sizeof(config.ts), "%s",
             is_unused ? "none" : settings->ts);
    if (fields->count > 0)
        list_columns(fields, config.extras);
    return config;
}

static int read_rows(struct event_source *source, const struct id_set *nobody,
                     struct dataset *dataset, struct error *err)
{
    for (;;) {
        enum source_result result;
        struct source_row row;
        struct error why = {0};
        uint64_t line = 0;
        if (source->ops->next(source, &result, &row, &line, &why, err) < 0)
            return -1;
        if (result == SOURCE_END)
            return 0;
        if (result == SOURCE_REJECTED)
            return error_set(err, ERROR_FORMAT, "line %llu: %s",
                             (unsigned long long)line, why.text);
        const struct id *user =
            id_set_has(nobody, &row.user) ? NULL : &row.user;
        if (dataset_add(dataset, user, &row.ad, row.click, row.ts_ms, err) < 0)
            return -1;
        if (dataset->fields.count > 0)
            fill_keys(&row, dataset);
    }
}

static int choose_scale(const struct dataset_file *settings,
                        const struct dataset *dataset, struct scale *scale,
                        struct error *err)
{
    char text[sizeof(settings->scale)], *end_of_low, *end_of_high;

    *scale = dataset_scale(dataset);
    if (!settings->scale[0])
        return 0;
    /* Parted first: "0." would be taken for a number. */
    text_copy(text, sizeof(text), settings->scale);
    char *dots = strstr(text, "..");
    if (dots && dots > text) {
        *dots = '\0';
        scale->low = strtod(text, &end_of_low);
        scale->high = strtod(dots + 2, &end_of_high);
        if (!*end_of_low && !*end_of_high && dots[2] && isfinite(scale->low) &&
            isfinite(scale->high) && scale->low <= scale->high)
            return 0;
    }
    return error_set(err, ERROR_CONFIG,
                     "scale: '%s': write lowest..highest, such as 0..1",
                     settings->scale);
}

static int read_file(const struct dataset_file *settings,
                     enum dataset_times times, const char *path,
                     struct dataset *dataset, struct error *err)
{
    struct table_source_config config =
        source_config(settings, &dataset->fields, times, path);
    struct event_source *source = NULL;
    struct id_set *nobody = NULL;

    if (id_set_new(settings->anonymous, &nobody, err) < 0)
        return -1;
    int status = table_source_open(&config, &source, err);
    if (status < 0) {
        id_set_free(nobody);
        return -1;
    }
    status = read_rows(source, nobody, dataset, err);
    event_source_close(source);
    id_set_free(nobody);
    return status < 0 ? error_wrap(err, "'%s'", path) : 0;
}

int dataset_file_params(const struct dataset_file *settings,
                        const struct model_ops *ops,
                        struct model_params *params, struct error *err)
{
    char text[sizeof(settings->fields) + sizeof("fields=")];

    if (!ops->fields || !settings->fields[0] || params->fields[0])
        return 0;
    snprintf(text, sizeof(text), "fields=%s", settings->fields);
    for (char *at = text; *at; at++)
        if (*at == ',')
            *at = '+'; /* a comma parts two parameters */
    return params_set(ops, text, params, err);
}

int dataset_file_read_all(const struct dataset_file *settings,
                          const struct dataset_paths *from, size_t *first,
                          struct dataset **out, struct scale *scale,
                          struct error *err)
{
    struct dataset *dataset = NULL;
    struct field_list fields = {0};

    if (settings->fields[0] &&
        field_list_parse(settings->fields, &fields, err) < 0)
        return -1;
    int status = dataset_new(&dataset, err);
    if (status == 0)
        dataset_set_fields(dataset, &fields);
    for (size_t i = 0; status == 0 && i < from->count; i++) {
        first[i] = dataset->count;
        status = read_file(settings, from->times, from->paths[i], dataset, err);
    }
    if (status == 0)
        status = choose_scale(settings, dataset, scale, err);
    if (status < 0) {
        dataset_free(dataset);
        return -1;
    }
    first[from->count] = dataset->count;
    *out = dataset;
    return 0;
}

int dataset_file_read(const struct dataset_file *settings, const char *path,
                      struct dataset **out, struct scale *scale,
                      struct error *err)
{
    size_t first[2];

    return dataset_file_read_all(
        settings, &(struct dataset_paths){&path, 1, TIMES_UNUSED}, first, out,
        scale, err);
}
