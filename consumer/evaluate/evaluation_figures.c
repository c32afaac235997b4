#include "consumer/evaluate/evaluation_figures.h"

#include "common/base/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Versions in their order, and of each first those with a label. */
static int by_version(const void *a, const void *b)
{
    const struct judged *x = a, *y = b;

    if (x->version != y->version)
        return x->version < y->version ? -1 : 1;
    return isnan(x->label) - isnan(y->label);
}

static size_t count_versions(const struct judged *rows, size_t count)
{
    size_t versions = 0;

    for (size_t i = 0; i < count; i++)
        versions += i == 0 || rows[i].version != rows[i - 1].version;
    return versions;
}

/* The rows with labels, without gaps, version by version. */
struct columns {
    double *labels, *predictions;
    size_t count;
};

/* The rows of one version from `first` on; returns the first of the next. */
static size_t take_version(const struct judged *rows, size_t first,
                           size_t count, struct columns *columns,
                           struct evaluation_version *out)
{
    size_t at = first;

    *out = (struct evaluation_version){.version = rows[first].version};
    for (; at < count && rows[at].version == out->version; at++) {
        if (isnan(rows[at].label)) {
            out->left_out++;
            continue;
        }
        columns->labels[columns->count] = rows[at].label;
        columns->predictions[columns->count] = rows[at].p;
        columns->count++;
    }
    return at;
}

static int measure(const struct judged *rows, size_t count,
                   struct columns *columns, struct evaluation_window *out,
                   struct error *err)
{
    for (size_t at = 0, v = 0; at < count; v++) {
        struct evaluation_version *version = &out->versions[v];
        size_t begin = columns->count;
        at = take_version(rows, at, count, columns, version);
        if (evaluate(columns->labels + begin, columns->predictions + begin,
                     columns->count - begin, &version->figures, err) < 0)
            return -1;
    }
    return evaluate(columns->labels, columns->predictions, columns->count,
                    &out->all, err);
}

int evaluation_figures_make(struct judged *rows, size_t count,
                            struct evaluation_window *out, struct error *err)
{
    struct columns columns = {calloc(count + 1, sizeof(double)),
                              calloc(count + 1, sizeof(double)), 0};

    if (count > 0)
        qsort(rows, count, sizeof(*rows), by_version);
    out->version_count = count_versions(rows, count);
    out->versions = calloc(out->version_count + 1, sizeof(*out->versions));
    int status = -1;
    if (!columns.labels || !columns.predictions || !out->versions)
        error_no_memory(err, "judging %zu rows", count);
    else
        status = measure(rows, count, &columns, out, err);
    free(columns.labels);
    free(columns.predictions);
    if (status < 0)
        evaluation_window_free(out);
    return status;
}

void evaluation_window_free(struct evaluation_window *window)
{
    free(window->versions);
    window->versions = NULL;
    window->version_count = 0;
}

int evaluation_results_push(struct evaluation_results *results,
                            struct evaluation_window *window, struct error *err)
{
    struct evaluation_window *list = array_with_room(
        results->list, results->count, &results->room, sizeof(*list));

    if (!list) {
        evaluation_window_free(window);
        return error_no_memory(err, "%zu windows", results->count);
    }
    results->list = list;
    results->list[results->count++] = *window;
    return 0;
}

bool evaluation_results_shift(struct evaluation_results *results,
                              struct evaluation_window *out)
{
    if (results->count == 0)
        return false;
    *out = results->list[0];
    results->count--;
    memmove(results->list, results->list + 1,
            results->count * sizeof(*results->list));
    return true;
}

void evaluation_results_free(struct evaluation_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        evaluation_window_free(&results->list[i]);
    free(results->list);
    *results = (struct evaluation_results){.count = 0};
}
