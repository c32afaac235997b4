#include "consumer/learn/stream_time.h"

#include <stdlib.h>

enum {
    AHEAD_MS = 60 * 1000, /* producers' clocks differ by less */
    SKEW_MAX_MS = 30 * 60 * 1000,
    IDLE_MS = 60 * 1000, /* of record time, and in records: */
    IDLE_RECORDS = 4096,
    LOOK_EVERY = 256,
    UNTIMED_MAX = 10000, /* before a topic is taken to have no times at all */
};

/* This number is March 1973 in ms, and the year 5138 in seconds. */
static const int64_t seconds_max = INT64_C(100000000000);

const char *odd_time_name(enum odd_time kind)
{
    static const char *const names[ODD_TIMES] = {
        "untimed", "ahead", "skewed", "future", "seconds", "late", "jumped"};

    return names[kind];
}

struct stream_time stream_time_from(int64_t reach_ms, int64_t ahead_ms)
{
    return (struct stream_time){.reach_ms = reach_ms,
                                .ahead_ms = ahead_ms,
                                .now_ms = INT64_MIN,
                                .highest_ms = INT64_MIN,
                                .pace_ms = INT64_MIN,
                                .untimed_ms = INT64_MIN,
                                .slowest = SIZE_MAX,
                                .looked_ms = INT64_MIN};
}

void stream_time_free(struct stream_time *time)
{
    free(time->lanes);
    free(time->lags);
    time->lanes = NULL;
    time->lags = NULL;
    time->lane_count = 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Times are not negative, but for INT64_MIN: none yet. */
static int64_t distance(int64_t from, int64_t to)
{
    if (from < 0)
        return to < 0 ? 0 : INT64_MAX;
    return to < 0 ? INT64_MIN : to - from;
}

/* --- Stamps ----------------------------------------------------------- */

/* The time at which the record takes its turn among the others. */
static int64_t place(const struct stream_origin *origin)
{
    return origin->record_ms - origin->ahead_ms;
}

/* The latest time that the record may count as. */
static int64_t latest(const struct stream_time *time,
                      const struct stream_origin *origin)
{
    return origin->read_ms > INT64_MAX - time->ahead_ms
               ? INT64_MAX
               : origin->read_ms + time->ahead_ms;
}

/* The time that the record is believed to be of; INT64_MAX: unknown. */
static int64_t believe(const struct stream_time *time, int64_t event_ms,
                       const struct stream_origin *origin,
                       struct stream_stamp *stamp)
{
    bool is_timed =
        origin->record_ms >= 0 &&
        !(origin->record_ms < seconds_max && event_ms >= seconds_max);

    stamp->is_odd[ODD_UNTIMED] = !is_timed;
    if (!is_timed)
        return time->is_timed ? time->pace_ms : latest(time, origin);
    stamp->is_odd[ODD_FUTURE] = origin->record_ms > latest(time, origin);
    return least(origin->record_ms, latest(time, origin));
}

struct stream_stamp stream_time_stamp(const struct stream_time *time,
                                      int64_t event_ms,
                                      const struct stream_origin *origin)
{
    struct stream_stamp stamp = {.ts_ms = event_ms};
    int64_t record_ms = believe(time, event_ms, origin, &stamp);
    int64_t ahead_ms =
        record_ms == INT64_MAX ? 0 : distance(record_ms, event_ms);

    if (ahead_ms > SKEW_MAX_MS)
        stamp.ts_ms = record_ms;
    stamp.counts_ms = least(stamp.ts_ms, record_ms);
    if (origin->ahead_ms > 0)
        stamp.counts_ms = least(stamp.counts_ms, place(origin));
    stamp.is_odd[ODD_JUMPED] = origin->ahead_ms > 0;
    stamp.is_odd[ODD_SKEWED] = ahead_ms > SKEW_MAX_MS;
    stamp.is_odd[ODD_AHEAD] = ahead_ms > AHEAD_MS && ahead_ms <= SKEW_MAX_MS;
    stamp.is_odd[ODD_SECONDS] = event_ms > 0 && event_ms < seconds_max &&
                                record_ms != INT64_MAX &&
                                record_ms >= seconds_max;
    stamp.is_odd[ODD_LATE] =
        distance(stamp.ts_ms, time->now_ms) > time->reach_ms;
    return stamp;
}

/* --- Watermarks ------------------------------------------------------- */

static int make_lane(struct stream_time *time, size_t lane, struct error *err)
{
    if (lane < time->lane_count)
        return 0;

    size_t count = lane + 16;
    int64_t *lags = realloc(time->lags, count * sizeof(*lags));
    if (lags)
        time->lags = lags;
    struct stream_lane *lanes =
        lags ? realloc(time->lanes, count * sizeof(*lanes)) : NULL;
    if (!lanes)
        return error_no_memory(err, "the times of %zu partitions", count);
    for (size_t i = time->lane_count; i < count; i++)
        lanes[i] = (struct stream_lane){.is_known = false};
    time->lanes = lanes;
    time->lane_count = count;
    return 0;
}

static int64_t watermark(const struct stream_time *time,
                         const struct stream_lane *lane)
{
    return time->pace_ms - lane->lag_ms;
}

static bool holds(const struct stream_time *time,
                  const struct stream_lane *lane)
{
    return lane->is_known &&
           distance(lane->raised_ms, time->pace_ms) <= IDLE_MS &&
           time->records - lane->raised_at <= IDLE_RECORDS &&
           distance(watermark(time, lane), time->now_ms) <= time->reach_ms;
}

static int by_lag(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* The middle one says how late events are here; of two it is the later one. */
static int64_t middle_lag(struct stream_time *time)
{
    size_t count = 0;

    for (size_t i = 0; i < time->lane_count; i++)
        if (holds(time, &time->lanes[i]))
            time->lags[count++] = time->lanes[i].lag_ms;
    if (count == 0)
        return 0;
    qsort(time->lags, count, sizeof(*time->lags), by_lag);
    return time->lags[count / 2];
}

/* Looks for the lane that is furthest behind of those that hold. */
static void look(struct stream_time *time)
{
    time->looked_at = time->records;
    time->looked_ms = time->pace_ms;
    time->lag_max_ms = middle_lag(time) + time->reach_ms;
    time->slowest = SIZE_MAX;
    for (size_t i = 0; i < time->lane_count; i++) {
        const struct stream_lane *lane = &time->lanes[i];
        if (holds(time, lane) && lane->lag_ms <= time->lag_max_ms &&
            (time->slowest == SIZE_MAX ||
             lane->lag_ms > time->lanes[time->slowest].lag_ms))
            time->slowest = i;
    }
}

/* The slowest lane changes seldom: all are looked at only when it was raised
 * itself, or when it is time to see whether one is idle. */
static void find_slowest(struct stream_time *time, size_t raised, bool is_new)
{
    const struct stream_lane *lane = &time->lanes[raised];

    if (is_new || time->slowest == raised ||
        time->slowest >= time->lane_count ||
        time->records - time->looked_at >= LOOK_EVERY ||
        distance(time->looked_ms, time->pace_ms) > IDLE_MS / 4)
        look(time);
    else if (lane->lag_ms > time->lanes[time->slowest].lag_ms &&
             lane->lag_ms <= time->lag_max_ms && holds(time, lane))
        time->slowest = raised;
}

static void move(struct stream_time *time)
{
    int64_t ms = time->highest_ms;

    if (time->slowest < time->lane_count)
        ms = least(ms, watermark(time, &time->lanes[time->slowest]));
    if (ms > time->now_ms)
        time->now_ms = ms;
}

/* A record without a time does not move it: it may be the oldest on its topic,
 * dated by a stranger. But where no record has a time, there is nothing else to
 * go by. */
static bool may_move(const struct stream_time *time,
                     const struct stream_stamp *stamp)
{
    return !stamp->is_odd[ODD_UNTIMED] ||
           (!time->is_timed && time->records > UNTIMED_MAX);
}

static void keep_pace(struct stream_time *time,
                      const struct stream_stamp *stamp,
                      const struct stream_origin *origin)
{
    bool is_timed = !stamp->is_odd[ODD_UNTIMED];
    int64_t pace_ms =
        is_timed ? least(place(origin), origin->read_ms) : stamp->counts_ms;

    if (pace_ms > time->pace_ms || (is_timed && !time->is_timed))
        time->pace_ms = pace_ms;
    time->is_timed = time->is_timed || is_timed;
}

static void raise_watermark(struct stream_time *time, struct stream_lane *lane,
                            int64_t counts_ms)
{
    if (lane->is_known && counts_ms <= lane->watermark_ms)
        return;
    *lane = (struct stream_lane){.watermark_ms = counts_ms,
                                 .lag_ms = time->pace_ms - counts_ms,
                                 .raised_ms = time->pace_ms,
                                 .raised_at = time->records,
                                 .is_known = true};
    if (counts_ms > time->highest_ms)
        time->highest_ms = counts_ms;
}

int stream_time_take(struct stream_time *time, const struct stream_stamp *stamp,
                     const struct stream_origin *origin, struct error *err)
{
    if (make_lane(time, origin->lane, err) < 0)
        return -1;
    time->records++;
    for (int kind = 0; kind < ODD_TIMES; kind++)
        time->counts[kind] += stamp->is_odd[kind];
    if (!may_move(time, stamp)) {
        if (stamp->counts_ms > time->untimed_ms)
            time->untimed_ms = stamp->counts_ms;
        return 0;
    }
    keep_pace(time, stamp, origin);
    bool is_new = !time->lanes[origin->lane].is_known;
    raise_watermark(time, &time->lanes[origin->lane], stamp->counts_ms);
    find_slowest(time, origin->lane, is_new);
    move(time);
    return 0;
}

void stream_time_rest(struct stream_time *time)
{
    if (!time->is_timed && time->untimed_ms > time->highest_ms)
        time->highest_ms = time->untimed_ms;
    for (size_t i = 0; i < time->lane_count; i++)
        time->lanes[i].is_known = false;
    time->slowest = SIZE_MAX;
    move(time);
}

/* --- Saving ----------------------------------------------------------- */

/* u32 1 where records have times, six i64 and two u64 (below), u64 of the
 * slowest lane; u32 lanes, and for each u32 1 where it is known, three i64 and
 * a u64. */
enum { LANE_BYTES = 36, SAVED_LANES_MAX = 1 << 16 };

static void save_i64(struct buffer *to, int64_t value)
{
    buffer_append_u64(to, (uint64_t)value);
}

static int64_t load_i64(struct bytes_reader *from)
{
    return (int64_t)bytes_read_u64(from);
}

void stream_time_save(const struct stream_time *time, struct buffer *to)
{
    size_t count = time->lane_count;

    while (count > 0 && !time->lanes[count - 1].is_known)
        count--;
    buffer_append_u32(to, time->is_timed);
    save_i64(to, time->now_ms);
    save_i64(to, time->highest_ms);
    save_i64(to, time->pace_ms);
    save_i64(to, time->untimed_ms);
    save_i64(to, time->lag_max_ms);
    save_i64(to, time->looked_ms);
    buffer_append_u64(to, time->records);
    buffer_append_u64(to, time->looked_at);
    buffer_append_u64(to, time->slowest);
    buffer_append_u32(to, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct stream_lane *lane = &time->lanes[i];
        buffer_append_u32(to, lane->is_known);
        save_i64(to, lane->watermark_ms);
        save_i64(to, lane->lag_ms);
        save_i64(to, lane->raised_ms);
        buffer_append_u64(to, lane->raised_at);
    }
}

static void load_lanes(struct stream_time *time, struct bytes_reader *from,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct stream_lane *lane = &time->lanes[i];
        lane->is_known = bytes_read_u32(from) != 0;
        lane->watermark_ms = load_i64(from);
        lane->lag_ms = load_i64(from);
        lane->raised_ms = load_i64(from);
        lane->raised_at = bytes_read_u64(from);
    }
}

int stream_time_load(struct stream_time *time, struct bytes_reader *from,
                     struct error *err)
{
    struct stream_time loaded =
        stream_time_from(time->reach_ms, time->ahead_ms);

    loaded.is_timed = bytes_read_u32(from) != 0;
    loaded.now_ms = load_i64(from);
    loaded.highest_ms = load_i64(from);
    loaded.pace_ms = load_i64(from);
    loaded.untimed_ms = load_i64(from);
    loaded.lag_max_ms = load_i64(from);
    loaded.looked_ms = load_i64(from);
    loaded.records = bytes_read_u64(from);
    loaded.looked_at = bytes_read_u64(from);
    loaded.slowest = (size_t)bytes_read_u64(from);
    uint32_t count = bytes_read_u32(from);
    if (bytes_reader_failed(from) || count > SAVED_LANES_MAX ||
        count > from->left / LANE_BYTES)
        return error_set(err, ERROR_FORMAT, "a saved stream time is cut short");
    if (count > 0 && make_lane(&loaded, count - 1, err) < 0) {
        stream_time_free(&loaded);
        return -1;
    }
    load_lanes(&loaded, from, count);
    stream_time_free(time);
    *time = loaded;
    return 0;
}
