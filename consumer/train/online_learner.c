#include "consumer/train/online_learner.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include "consumer/learn/online.h"
#include "consumer/learn/resume_points.h"
#include "consumer/train/model_gate.h"
#include "consumer/train/trainer_metrics.h"

#include "model/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A model with what it was made from. */
struct made {
    struct fit_result result;
    struct offset_range *ranges; /* (count) learned from */
    struct offset_range *resume; /* (count) to be read again */
    size_t count;
    struct buffer clock;
    bool has_clock;
};

struct online_learner {
    struct online_learner_config config;
    struct metrics *metrics;
    struct retrain_policy policy;
    struct online *online;
    struct resume_points *points;
    struct offset_range *before; /* (before_count) what the model that it went
                                    on from had learned from */
    size_t before_count;
    struct made made; /* until it is released */
    bool has_model;
    struct learner_counts counts;
};

int online_learner_new(const struct online_learner_config *config,
                       struct metrics *metrics, struct online_learner **out,
                       struct error *err)
{
    struct online_learner *learner = calloc(1, sizeof(*learner));

    if (!learner)
        return error_no_memory(err, "a learner");
    learner->config = *config;
    learner->policy = config->policy;
    learner->metrics = metrics;
    if (online_new(&config->fit, &learner->online, err) < 0 ||
        (config->tracks && online_track(learner->online, err) < 0) ||
        resume_points_new(config->margin_ms, &learner->points, err) < 0) {
        online_learner_free(learner);
        return -1;
    }
    *out = learner;
    return 0;
}

static void free_made(struct made *made)
{
    fit_result_free(&made->result);
    free(made->ranges);
    free(made->resume);
    buffer_free(&made->clock);
    *made = (struct made){.count = 0};
}

void online_learner_free(struct online_learner *learner)
{
    if (!learner)
        return;
    free_made(&learner->made);
    free(learner->before);
    resume_points_free(learner->points);
    online_free(learner->online);
    free(learner);
}

const struct field_list *
online_learner_fields(const struct online_learner *learner)
{
    return online_fields(learner->online);
}

/* --- Going on --------------------------------------------------------- */

static int take_model(struct online_learner *learner,
                      const struct buffer *bytes, struct error *err)
{
    struct snapshot *snapshot = NULL;

    if (snapshot_decode(bytes->bytes, bytes->size, &snapshot, err) < 0)
        return -1;
    struct model *model = snapshot->model;
    uint64_t rows = snapshot->rows;
    snapshot->model = NULL;
    snapshot_free(snapshot);
    return online_resume(learner->online, model, rows, err);
}

int online_learner_resume(struct online_learner *learner,
                          const struct manifest *manifest,
                          const struct buffer *bytes, int64_t now_ms,
                          struct error *err)
{
    struct offset_range *before = NULL;

    if (!manifest_has_resume(manifest))
        return error_set(err, ERROR_CONFIG,
                         "the published model did not learn row by row");
    if (offset_ranges_copy(manifest->ranges, manifest->range_count, &before,
                           err) < 0)
        return -1;
    if (take_model(learner, bytes, err) < 0) {
        free(before);
        return -1;
    }
    free(learner->before);
    learner->before = before;
    learner->before_count = manifest->range_count;
    retrain_policy_start(&learner->policy, now_ms,
                         online_counts(learner->online).rows);
    return 0;
}

/* --- Learning --------------------------------------------------------- */

int online_learner_take(struct online_learner *learner,
                        const struct join_outcome *outcome, struct error *err)
{
    return online_take(learner->online, outcome, err);
}

bool online_learner_is_to_note(const struct online_learner *learner,
                               const struct intake *intake)
{
    return resume_points_is_due(learner->points, intake);
}

int online_learner_note(struct online_learner *learner,
                        const struct trainer_reading *reading,
                        struct error *err)
{
    return resume_points_add(learner->points, reading->intake, reading->ranges,
                             reading->count, err);
}

void online_learner_request(struct online_learner *learner)
{
    retrain_policy_request(&learner->policy);
}

bool online_learner_is_due(const struct online_learner *learner, int64_t now_ms)
{
    return !learner->has_model && online_has_started(learner->online) &&
           retrain_policy_is_due(&learner->policy, now_ms,
                                 online_counts(learner->online).rows);
}

/* --- A model ---------------------------------------------------------- */

static const struct offset_range *find(const struct offset_range *ranges,
                                       size_t count,
                                       const struct offset_range *like)
{
    for (size_t i = 0; i < count; i++)
        if (ranges[i].partition == like->partition &&
            strcmp(ranges[i].topic, like->topic) == 0)
            return &ranges[i];
    return NULL;
}

/* What the model has learned from began where that of the one before did. */
static int make_ranges(const struct online_learner *learner,
                       const struct trainer_reading *reading, struct made *made,
                       struct error *err)
{
    made->count = reading->count;
    if (offset_ranges_copy(reading->ranges, reading->count, &made->ranges,
                           err) < 0)
        return -1;
    for (size_t i = 0; i < made->count; i++) {
        const struct offset_range *before =
            find(learner->before, learner->before_count, &made->ranges[i]);
        if (before && before->first < made->ranges[i].first)
            made->ranges[i].first = before->first;
    }
    return 0;
}

/* A partition that was added behind the point is read again from where it
 * began. */
static int make_resume(const struct online_learner *learner,
                       const struct trainer_reading *reading, struct made *made,
                       struct error *err)
{
    const struct resume_point *point =
        resume_points_find(learner->points, reading->intake);

    if (!point || point->clock.size > MANIFEST_CLOCK_MAX) {
        log_warn("a trainer that starts will read all records again",
                 "reason=\"%s\"",
                 point ? "there are too many partitions"
                       : "there is no record to go on from");
        return 0;
    }
    if (offset_ranges_copy(reading->ranges, reading->count, &made->resume,
                           err) < 0)
        return -1;
    for (size_t i = 0; i < made->count; i++) {
        const struct offset_range *from =
            find(point->ranges, point->count, &made->resume[i]);
        if (from)
            made->resume[i].first = from->next;
    }
    buffer_append(&made->clock, point->clock.bytes, point->clock.size);
    made->has_clock = true;
    return buffer_failed(&made->clock)
               ? error_no_memory(err, "a point to go on from")
               : 0;
}

static int make(const struct online_learner *learner,
                const struct trainer_reading *reading, struct made *made,
                struct error *err)
{
    int64_t start_ns = clock_monotonic_ns();

    if (make_ranges(learner, reading, made, err) < 0 ||
        make_resume(learner, reading, made, err) < 0 ||
        online_result(learner->online, &made->result, err) < 0)
        return -1;
    made->result.seconds = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    return 0;
}

static int too_little(const struct online_learner *learner, struct error *err)
{
    return error_set(err, ERROR_UNAVAILABLE,
                     "too little to learn from: %" PRIu64
                     " rows with a label, and retrain.min_rows is %" PRIu64,
                     online_counts(learner->online).rows,
                     learner->config.policy.rows_min);
}

/* A model that cannot be made costs no more than itself. */
static int skip(struct online_learner *learner, const struct error *why,
                struct error *err)
{
    if (learner->config.once || why->code == ERROR_MEMORY) {
        *err = *why;
        return -1;
    }
    learner->counts.skipped++;
    metrics_add(learner->metrics, TRAINER_FITS, FIT_SKIPPED, 1);
    log_error("there is no model to publish", "reason=\"%s\"", why->text);
    return 0;
}

int online_learner_make(struct online_learner *learner,
                        const struct trainer_reading *reading,
                        const struct manifest *published, int64_t now_ms,
                        struct error *err)
{
    struct made made = {.count = 0};
    struct error why;

    if (learner->config.once && online_start_now(learner->online, err) < 0)
        return -1;
    const struct online_counts now = online_counts(learner->online);
    const uint64_t rows = now.rows;
    if (learner->config.once && learner->before && now.corrected == 0 &&
        rows == learner->policy.trained_answered) {
        log_info("nothing new is learned, the newest model stays",
                 "rows=%" PRIu64, rows);
        return 0;
    }
    if (!online_has_started(learner->online) || rows == 0 ||
        rows < learner->config.policy.rows_min)
        return learner->config.once ? too_little(learner, err) : 0;
    retrain_policy_start(&learner->policy, now_ms, rows);
    learner->counts.started++;
    if (make(learner, reading, &made, &why) < 0) {
        free_made(&made);
        return skip(learner, &why, err);
    }
    if (!model_gate_passes(&made.result, &learner->config.fit.scale, published,
                           learner->metrics)) {
        learner->counts.refused++;
        free_made(&made);
        return 0;
    }
    free_made(&learner->made);
    learner->made = made;
    learner->has_model = true;
    online_forget_changes(learner->online);
    return 0;
}

bool online_learner_has_model(const struct online_learner *learner)
{
    return learner->has_model;
}

struct publication_fit
online_learner_model(const struct online_learner *learner)
{
    const struct made *made = &learner->made;

    return (struct publication_fit){
        .config = &learner->config.fit,
        .result = &made->result,
        .ranges = made->ranges,
        .range_count = made->count,
        .resume = made->has_clock ? made->resume : NULL,
        .resume_count = made->has_clock ? made->count : 0,
        .resume_clock = made->has_clock ? &made->clock : NULL,
    };
}

void online_learner_release(struct online_learner *learner)
{
    free_made(&learner->made);
    learner->has_model = false;
}

/* --- Deltas ----------------------------------------------------------- */

static uint64_t count_changes(const void *learner)
{
    return online_changes(((const struct online_learner *)learner)->online);
}

static int make_delta(void *from, const struct trainer_reading *reading,
                      struct snapshot_delta *head, struct learned_delta *out,
                      struct error *err)
{
    struct online_learner *learner = from;
    struct made made = {.count = 0};
    struct learned_delta delta = {.changes = online_changes(learner->online)};

    int status = make_ranges(learner, reading, &made, err);
    delta.ranges = made.ranges;
    delta.count = made.count;
    if (status == 0)
        status = online_delta(learner->online, head, &delta.bytes, err);
    if (status < 0) {
        learned_delta_free(&delta);
        return -1;
    }
    online_forget_changes(learner->online);
    *out = delta;
    return 0;
}

static void request(void *learner)
{
    online_learner_request(learner);
}

struct delta_source online_learner_deltas(struct online_learner *learner)
{
    return (struct delta_source){.learner = learner,
                                 .changes = count_changes,
                                 .make = make_delta,
                                 .request = request};
}

struct learner_counts
online_learner_counts(const struct online_learner *learner)
{
    return learner->counts;
}

size_t online_learner_bytes(const struct online_learner *learner)
{
    return sizeof(*learner) + online_bytes(learner->online);
}
