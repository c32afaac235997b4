#include "consumer/report/replay_groups.h"

#include "common/base/array.h"
#include "common/base/basis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS_WANTED = 60, WINDOWS_MAX = 100000 };

static int no_memory(struct error *err)
{
    return error_no_memory(err, "a report");
}

static int new_figures(const struct replay_groups *groups,
                       struct evaluation **out, struct error *err)
{
    *out = calloc(groups->contenders + 1, sizeof(**out));
    return *out ? 0 : no_memory(err);
}

/* --- Windows ---------------------------------------------------------- */

static int64_t round_window(int64_t span_ms)
{
    static const int64_t minutes[] = {1,   5,    15,    60,    180,    360,
                                      720, 1440, 10080, 43200, 129600, 525600};
    size_t count = sizeof(minutes) / sizeof(minutes[0]), i = 0;

    while (i + 1 < count && span_ms / (minutes[i] * 60000) > WINDOWS_WANTED)
        i++;
    return minutes[i] * 60000;
}

static int lay_out_windows(struct replay_groups *groups,
                           const struct replay_census *census,
                           int64_t window_ms, struct error *err)
{
    int64_t span_ms = census->last_ms - census->first_ms;

    groups->window_ms = window_ms > 0 ? window_ms : round_window(span_ms);
    if (span_ms / groups->window_ms > WINDOWS_MAX)
        return error_set(err, ERROR_LIMIT,
                         "more than %d windows: raise report.window_ms",
                         WINDOWS_MAX);
    groups->first_window = census->first_ms / groups->window_ms;
    size_t count = census->rows == 0
                       ? 0
                       : (size_t)(census->last_ms / groups->window_ms -
                                  groups->first_window + 1);
    groups->windows = calloc(count + 1, sizeof(*groups->windows));
    if (!groups->windows)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct replay_window *window = &groups->windows[i];
        window->start_ms =
            (groups->first_window + (int64_t)i) * groups->window_ms;
        groups->window_count++;
        if (new_figures(groups, &window->figures, err) < 0)
            return -1;
    }
    return 0;
}

/* --- Slices ----------------------------------------------------------- */

static int add_slice(struct replay_groups *groups, const char *by,
                     size_t contender, struct replay_slice **out,
                     struct error *err)
{
    struct replay_slice *slices =
        array_with_room(groups->slices, groups->slice_count,
                        &groups->slice_room, sizeof(*slices));

    if (!slices)
        return no_memory(err);
    groups->slices = slices;
    *out = &groups->slices[groups->slice_count++];
    **out = (struct replay_slice){.by = by, .contender = contender};
    return new_figures(groups, &(*out)->figures, err);
}

static int lay_out_bases(struct replay_groups *groups, size_t contender,
                         struct error *err)
{
    for (size_t basis = 0; basis < BASIS_COUNT; basis++) {
        struct replay_slice *slice;
        if (add_slice(groups, "basis", contender, &slice, err) < 0)
            return -1;
        slice->value_size =
            (size_t)snprintf(slice->value, sizeof(slice->value), "%s",
                             basis_name((enum basis)basis));
    }
    return 0;
}

static int lay_out_support(struct replay_groups *groups, size_t contender,
                           struct error *err)
{
    static const char *const words[SUPPORT_BANDS] = {SUPPORT_BAND_WORDS};

    for (size_t band = 0; band < SUPPORT_BANDS; band++) {
        struct replay_slice *slice;
        if (add_slice(groups, "support", contender, &slice, err) < 0)
            return -1;
        slice->value_size = (size_t)snprintf(slice->value, sizeof(slice->value),
                                             "%s", words[band]);
    }
    return 0;
}

static int by_version(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* All versions that a contender had are in the swaps, each once. */
static int lay_out_versions(struct replay_groups *groups, size_t contender,
                            struct error *err)
{
    const struct replay_log *log = groups->log;
    struct version_list *list = &groups->lists[contender];

    list->first = groups->slice_count;
    list->versions = malloc((log->swap_count + 1) * sizeof(*list->versions));
    if (!list->versions)
        return no_memory(err);
    for (size_t i = 0; i < log->swap_count; i++)
        if (log->swaps[i].contender == contender)
            list->versions[list->count++] = log->swaps[i].version;
    qsort(list->versions, list->count, sizeof(*list->versions), by_version);
    for (size_t i = 0; i < list->count; i++) {
        struct replay_slice *slice;
        if (add_slice(groups, "version", contender, &slice, err) < 0)
            return -1;
        slice->value_size = (size_t)snprintf(slice->value, sizeof(slice->value),
                                             "%" PRIu64, list->versions[i]);
    }
    return 0;
}

struct value_count {
    uint64_t rows;
    uint32_t value;
};

static int by_rows(const void *a, const void *b)
{
    const struct value_count *x = a, *y = b;

    if (x->rows != y->rows)
        return x->rows > y->rows ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static int lay_out_values(struct replay_groups *groups, size_t field,
                          const struct value_count *counts, size_t count,
                          struct error *err)
{
    const struct replay_log *log = groups->log;

    for (size_t i = 0; i < count && counts[i].rows > 0; i++) {
        struct id id = id_map_id(log->names[field], counts[i].value);
        struct replay_slice *slice;
        groups->places[field][counts[i].value] =
            (uint32_t)(groups->window_count + groups->slice_count);
        if (add_slice(groups, log->config.fields[field], SIZE_MAX, &slice,
                      err) < 0)
            return -1;
        slice->value_size = id_print(&id, slice->value);
    }
    return 0;
}

/* The values with most rows. */
static int lay_out_field(struct replay_groups *groups,
                         const struct replay_census *census, size_t field,
                         size_t max, struct error *err)
{
    size_t n = id_map_count(groups->log->names[field]);
    struct value_count *counts = malloc((n + 1) * sizeof(*counts));

    groups->places[field] = malloc((n + 1) * sizeof(uint32_t));
    if (!counts || !groups->places[field]) {
        free(counts);
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        counts[i] = (struct value_count){census->values[field][i], (uint32_t)i};
        groups->places[field][i] = NO_GROUP;
    }
    qsort(counts, n, sizeof(*counts), by_rows);
    int status = lay_out_values(groups, field, counts, n < max ? n : max, err);
    free(counts);
    return status;
}

static int lay_out_slices(struct replay_groups *groups,
                          const struct replay_census *census, size_t max,
                          struct error *err)
{
    groups->lists = calloc(groups->contenders + 1, sizeof(*groups->lists));
    if (!groups->lists)
        return no_memory(err);
    for (size_t c = 0; c < groups->contenders; c++)
        if (lay_out_bases(groups, c, err) < 0)
            return -1;
    groups->first_support = groups->slice_count;
    for (size_t c = 0; c < groups->contenders; c++)
        if (lay_out_support(groups, c, err) < 0)
            return -1;
    for (size_t c = 0; c < groups->contenders; c++)
        if (lay_out_versions(groups, c, err) < 0)
            return -1;
    for (size_t field = 0; field < groups->log->field_count; field++)
        if (lay_out_field(groups, census, field, max, err) < 0)
            return -1;
    return 0;
}

int replay_groups_make(const struct replay_log *log,
                       const struct replay_census *census, int64_t window_ms,
                       size_t slices_max, struct replay_groups *out,
                       struct error *err)
{
    *out = (struct replay_groups){.log = log,
                                  .contenders = log->config.contenders};
    if (lay_out_windows(out, census, window_ms, err) < 0)
        return -1;
    return lay_out_slices(out, census, slices_max, err);
}

/* --- Rows ------------------------------------------------------------- */

size_t replay_groups_count(const struct replay_groups *groups)
{
    return groups->window_count + groups->slice_count;
}

void replay_groups_of(const struct replay_groups *groups,
                      const struct replay_row *row, size_t contender,
                      uint32_t out[ROW_GROUPS_MAX])
{
    const struct replay_answer *answer = &row->answers[contender];
    const struct version_list *list = &groups->lists[contender];
    const uint64_t *version =
        bsearch(&answer->version, list->versions, list->count,
                sizeof(*list->versions), by_version);

    out[0] = (uint32_t)(row->ts_ms / groups->window_ms - groups->first_window);
    out[1] = (uint32_t)(groups->window_count + contender * BASIS_COUNT +
                        answer->basis);
    out[2] = version ? (uint32_t)(groups->window_count + list->first +
                                  (size_t)(version - list->versions))
                     : NO_GROUP;
    out[3] = answer->support == SUPPORT_NONE
                 ? NO_GROUP
                 : (uint32_t)(groups->window_count + groups->first_support +
                              contender * SUPPORT_BANDS + answer->support);
    for (size_t field = 0; field < REPLAY_SLICES_MAX; field++)
        out[4 + field] = field < groups->log->field_count
                             ? groups->places[field][row->values[field]]
                             : NO_GROUP;
}

void replay_groups_measure(struct replay_groups *groups, size_t contender,
                           const struct evaluation_sums *sums)
{
    for (size_t i = 0; i < groups->window_count; i++) {
        struct replay_window *window = &groups->windows[i];
        window->figures[contender] = evaluation_of(&sums[i]);
        window->rows = window->figures[contender].rows;
    }
    for (size_t i = 0; i < groups->slice_count; i++) {
        struct replay_slice *slice = &groups->slices[i];
        if (slice->contender != SIZE_MAX && slice->contender != contender)
            continue;
        slice->figures[contender] =
            evaluation_of(&sums[groups->window_count + i]);
        slice->rows = slice->figures[contender].rows;
    }
}

/* --- The end ---------------------------------------------------------- */

void replay_groups_drop_empty(struct replay_groups *groups)
{
    size_t windows = 0, slices = 0;

    for (size_t i = 0; i < groups->window_count; i++) {
        if (groups->windows[i].rows > 0)
            groups->windows[windows++] = groups->windows[i];
        else
            free(groups->windows[i].figures);
    }
    for (size_t i = 0; i < groups->slice_count; i++) {
        if (groups->slices[i].rows > 0)
            groups->slices[slices++] = groups->slices[i];
        else
            free(groups->slices[i].figures);
    }
    groups->window_count = windows;
    groups->slice_count = slices;
}

void replay_groups_free(struct replay_groups *groups)
{
    for (size_t i = 0; i < groups->window_count; i++)
        free(groups->windows[i].figures);
    for (size_t i = 0; i < groups->slice_count; i++)
        free(groups->slices[i].figures);
    for (size_t c = 0; groups->lists && c < groups->contenders; c++)
        free(groups->lists[c].versions);
    for (size_t field = 0; field < REPLAY_SLICES_MAX; field++)
        free(groups->places[field]);
    free(groups->windows);
    free(groups->slices);
    free(groups->lists);
}
