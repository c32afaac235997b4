#include "consumer/report/replay_census.h"

#include <math.h>
#include <stdlib.h>

static bool is_open(const struct replay_census *census,
                    const struct replay_row *row)
{
    return isnan(row->label) || row->ts_ms >= census->settled_before_ms;
}

static bool is_answered(const struct replay_log *log,
                        const struct replay_row *row)
{
    for (size_t c = 0; c < log->config.contenders; c++)
        if (isnan(row->answers[c].p))
            return false;
    return true;
}

bool replay_census_counts(const struct replay_census *census,
                          const struct replay_log *log,
                          const struct replay_row *row)
{
    return !is_open(census, row) && is_answered(log, row);
}

static void count(struct replay_census *census, const struct replay_log *log,
                  const struct replay_row *row)
{
    if (is_open(census, row)) {
        census->open++;
        return;
    }
    if (!is_answered(log, row)) {
        census->gone++;
        return;
    }
    if (census->rows == 0 || row->ts_ms < census->first_ms)
        census->first_ms = row->ts_ms;
    if (census->rows == 0 || row->ts_ms > census->last_ms)
        census->last_ms = row->ts_ms;
    census->rows++;
    for (size_t field = 0; field < log->field_count; field++)
        census->values[field][row->values[field]]++;
}

static int count_all(struct replay_census *census, const struct replay_log *log,
                     struct error *err)
{
    struct replay_log_cursor cursor;
    const struct replay_row *row = NULL;
    int status = replay_log_read(log, &cursor, err);

    if (status < 0)
        return -1;
    while ((status = replay_log_next(&cursor, &row, err)) == 0 && row)
        count(census, log, row);
    replay_log_read_end(&cursor);
    return status;
}

int replay_census_take(const struct replay_log *log, int64_t settled_before_ms,
                       struct replay_census *out, struct error *err)
{
    struct replay_census census = {.settled_before_ms = settled_before_ms};
    int status = 0;

    for (size_t field = 0; status == 0 && field < log->field_count; field++) {
        size_t names = id_map_count(log->names[field]);
        census.values[field] = calloc(names + 1, sizeof(uint64_t));
        if (!census.values[field])
            status = error_no_memory(err, "counting %zu values of %s", names,
                                     log->config.fields[field]);
    }
    if (status == 0)
        status = count_all(&census, log, err);
    if (status < 0)
        replay_census_free(&census);
    else
        *out = census;
    return status;
}

void replay_census_free(struct replay_census *census)
{
    for (size_t field = 0; field < REPLAY_SLICES_MAX; field++) {
        free(census->values[field]);
        census->values[field] = NULL;
    }
}
