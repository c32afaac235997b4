#include "consumer/train/trainer_resume.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <inttypes.h>
#include <string.h>

/* A topic that the model has not learned from would be read anew. */
static bool has_topics(const struct trainer_config *config,
                       const struct manifest *manifest)
{
    size_t impressions = 0, labels = 0;

    for (size_t i = 0; i < manifest->resume_count; i++) {
        const char *topic = manifest->resume[i].topic;
        impressions += strcmp(topic, config->impressions) == 0;
        labels += strcmp(topic, config->labels) == 0;
    }
    return impressions + labels == manifest->resume_count && labels > 0 &&
           (impressions > 0) == (config->intake.mode == JOIN_IMPRESSIONS);
}

static int take_newest(const struct trainer_config *config,
                       const struct resuming *into,
                       const struct manifest *newest, struct error *err)
{
    struct buffer bytes = {0};

    if (!manifest_has_resume(newest) || !has_topics(config, newest))
        return error_set(err, ERROR_CONFIG,
                         "it did not learn row by row from these topics");
    int status = model_outlet_fetch_newest(into->outlet, &bytes, err);
    if (status == 0)
        status = intake_load_clock(into->intake, newest->resume_clock,
                                   newest->resume_clock_size, err);
    if (status == 0)
        status = online_learner_resume(into->online, newest, &bytes,
                                       clock_monotonic_ms(), err);
    buffer_free(&bytes);
    return status;
}

int trainer_resume(const struct trainer_config *config, struct resuming *into,
                   const struct manifest **resumed, struct error *err)
{
    const struct manifest *newest = model_outlet_newest(into->outlet);
    struct error why;

    *resumed = NULL;
    if (!newest)
        return 0;
    if (take_newest(config, into, newest, &why) == 0) {
        log_info("going on from the newest model",
                 "version=%" PRIu64 " rows=%" PRIu64, newest->epoch,
                 newest->rows);
        *resumed = newest;
        return 0;
    }
    if (why.code != ERROR_CONFIG && why.code != ERROR_FORMAT &&
        why.code != ERROR_LIMIT && why.code != ERROR_INPUT) {
        *err = why;
        return error_wrap(err, "go on from version %" PRIu64, newest->epoch);
    }
    log_warn("the newest model is not gone on from: all is read and learned "
             "anew",
             "version=%" PRIu64 " reason=\"%s\"", newest->epoch, why.text);
    intake_free(into->intake);
    into->intake = NULL;
    return intake_new(&config->intake, &into->intake, err);
}
