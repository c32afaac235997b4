#include "consumer/train/record_source.h"

#include "common/base/log.h"

#include <stdlib.h>

struct record_source {
    struct merge_reader_config reading;
    struct merge_reader *reader;
    struct manifest manifest; /* a copy; without ranges: begins anew */
    bool is_again;
};

static int open_rest(struct record_source *source, struct error *err)
{
    struct merge_reader_config config = source->reading;

    config.behind = source->manifest.ranges;
    config.behind_count = source->manifest.range_count;
    if (config.behind)
        config.from_ms = MERGE_FROM_BEGINNING;
    merge_reader_close(source->reader);
    source->reader = NULL;
    source->is_again = false;
    return merge_reader_open(&config, &source->reader, err);
}

/* Labels of impressions that are gone find nothing then. */
static int open_again(struct record_source *source, struct error *err)
{
    struct merge_reader_config config = source->reading;
    struct error why;

    config.ranges = source->manifest.resume;
    config.range_count = source->manifest.resume_count;
    config.ends = true;
    config.grows = false;
    config.from_ms = MERGE_FROM_BEGINNING;
    if (merge_reader_open(&config, &source->reader, &why) == 0) {
        source->is_again = true;
        return 0;
    }
    if (why.code != ERROR_UNAVAILABLE) {
        *err = why;
        return -1;
    }
    log_warn("the newest impressions of the model are not joined again",
             "reason=\"%s\"", why.text);
    return open_rest(source, err);
}

int record_source_open(const struct merge_reader_config *reading,
                       const struct manifest *manifest,
                       struct record_source **out, struct error *err)
{
    struct record_source *source = calloc(1, sizeof(*source));

    if (!source)
        return error_no_memory(err, "the records of a trainer");
    source->reading = *reading;
    if ((manifest && manifest_copy(manifest, &source->manifest, err) < 0) ||
        (source->manifest.resume_count > 0 ? open_again(source, err)
                                           : open_rest(source, err)) < 0) {
        record_source_close(source);
        return -1;
    }
    *out = source;
    return 0;
}

bool record_source_is_again(const struct record_source *source)
{
    return source->is_again;
}

int record_source_next(struct record_source *source, unsigned wait_ms,
                       enum merge_result *result, struct merge_record *record,
                       struct error *err)
{
    if (merge_reader_next(source->reader, wait_ms, result, record, err) < 0)
        return -1;
    if (*result != MERGE_END || !source->is_again)
        return 0;
    *result = MERGE_NOTHING;
    return open_rest(source, err);
}

const struct offset_range *record_source_ranges(struct record_source *source,
                                                size_t *count)
{
    return merge_reader_ranges(source->reader, count);
}

bool record_source_caught_up(const struct record_source *source)
{
    return !source->is_again && merge_reader_caught_up(source->reader);
}

uint64_t record_source_lag(const struct record_source *source)
{
    return merge_reader_lag(source->reader);
}

void record_source_close(struct record_source *source)
{
    if (!source)
        return;
    merge_reader_close(source->reader);
    manifest_free(&source->manifest);
    free(source);
}
