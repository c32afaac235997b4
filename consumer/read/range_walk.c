#include "consumer/read/range_walk.h"

#include "common/base/stop.h"

enum { BUFFER_BYTES = 64 * 1024 * 1024 };

static int read_all(const struct range_walk *walk, struct merge_reader *reader,
                    struct error *err)
{
    while (!stop_requested()) {
        enum merge_result result;
        struct merge_record record;
        if (merge_reader_next(reader, STOP_SLICE_MS, &result, &record, err) < 0)
            return -1;
        if (result == MERGE_END)
            return 0;
        if (result == MERGE_RECORD &&
            walk->on_record(walk->context, &record.message, err) < 0)
            return -1;
        if (walk->goes_on &&
            !walk->goes_on(walk->context, result == MERGE_NOTHING
                                              ? WALK_IDLE
                                              : WALK_RECORD_CAME))
            return 0;
    }
    return 0;
}

int range_walk_run(const struct range_walk *walk,
                   const struct offset_range *ranges, size_t count,
                   struct error *err)
{
    const struct merge_reader_config config = {
        .kafka = *walk->kafka,
        .topics = {walk->topic},
        .ranges = ranges,
        .range_count = count,
        .grows = walk->grows,
        .buffer_bytes = BUFFER_BYTES,
        .timeout_ms = walk->timeout_ms,
    };
    struct merge_reader *reader = NULL;
    int status = merge_reader_open(&config, &reader, err);

    if (status == 0)
        status = read_all(walk, reader, err);
    merge_reader_close(reader);
    return status;
}

int range_walk_next(struct merge_reader *reader, struct merge_record *record,
                    bool *found, struct error *err)
{
    enum merge_result result = MERGE_NOTHING;

    while (result == MERGE_NOTHING) {
        if (stop_requested())
            return stop_error(err);
        if (merge_reader_next(reader, STOP_SLICE_MS, &result, record, err) < 0)
            return -1;
    }
    *found = result == MERGE_RECORD;
    return 0;
}
