#include "consumer/train/model_outlet.h"

#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/figure_text.h"
#include "common/base/log.h"

#include "consumer/train/trainer_metrics.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    PAUSE_MS = 5000,      /* before the second attempt, and twice as long */
    PAUSE_MAX_MS = 60000, /* before each further one, up to this */
};

struct model_outlet {
    enum outlet_patience patience;
    struct metrics *metrics;
    struct publication *publication;
    struct backoff pause;
    unsigned attempts; /* that failed, for the model at hand */
    int64_t due_ms;    /* monotonic: when the next attempt is made */
    struct model_outlet_counts counts;
};

int model_outlet_open(const struct snapshot_publisher_config *config,
                      enum outlet_patience patience, struct metrics *metrics,
                      struct model_outlet **out, struct error *err)
{
    struct model_outlet *outlet = calloc(1, sizeof(*outlet));

    if (!outlet)
        return error_no_memory(err, "the outlet of models");
    outlet->patience = patience;
    outlet->metrics = metrics;
    outlet->pause =
        (struct backoff){.first_ms = PAUSE_MS, .most_ms = PAUSE_MAX_MS};
    if (publication_open(config, &outlet->publication, err) < 0) {
        model_outlet_close(outlet);
        return -1;
    }
    *out = outlet;
    return 0;
}

const struct manifest *model_outlet_newest(const struct model_outlet *outlet)
{
    return publication_newest(outlet->publication);
}

int model_outlet_fetch_newest(struct model_outlet *outlet, struct buffer *out,
                              struct error *err)
{
    return publication_fetch_newest(outlet->publication, out, err);
}

bool model_outlet_is_due(const struct model_outlet *outlet, int64_t now_ms)
{
    return now_ms >= outlet->due_ms;
}

/* --- Sending ---------------------------------------------------------- */

static void show_model(struct model_outlet *outlet,
                       const struct publication_fit *model, uint64_t epoch)
{
    const struct fit_result *result = model->result;
    const struct evaluation *holdout = &result->holdout;
    struct metrics *metrics = outlet->metrics;

    outlet->counts.published++;
    outlet->counts.epoch = epoch;
    outlet->counts.holdout = *holdout;
    metrics_add(metrics, TRAINER_FITS, FIT_PUBLISHED, 1);
    metrics_add(metrics, TRAINER_PUBLISHED, 0, 1);
    metrics_observe(metrics, TRAINER_FIT_SECONDS, result->seconds);
    metrics_set(metrics, TRAINER_SAMPLES, 0, (double)result->rows);
    metrics_set(metrics, TRAINER_EPOCH, 0, (double)epoch);
    metrics_set(metrics, TRAINER_LAST_PUBLICATION, 0,
                (double)clock_wall_ms() / 1e3);
    metrics_set(metrics, TRAINER_HOLDOUT_ROWS, 0, (double)holdout->rows);
    metrics_set(metrics, TRAINER_HOLDOUT_RMSE, 0, holdout->rmse);
    metrics_set(metrics, TRAINER_HOLDOUT_MAE, 0, holdout->mae);
    metrics_set(metrics, TRAINER_HOLDOUT_LOGLOSS, 0, holdout->logloss);
    metrics_set(metrics, TRAINER_HOLDOUT_AUC, 0, holdout->auc);
    metrics_set(metrics, TRAINER_HOLDOUT_ENTROPY, 0,
                holdout->normalised_entropy);
    char rmse[FIGURE_TEXT_SIZE], mae[FIGURE_TEXT_SIZE],
        logloss[FIGURE_TEXT_SIZE], auc[FIGURE_TEXT_SIZE],
        entropy[FIGURE_TEXT_SIZE];
    log_info("model published",
             "version=%" PRIu64 " algorithm=%s rows=%" PRIu64
             " users=%u ads=%u bytes=%zu fit_seconds=%.3f holdout_rows=%zu "
             "rmse=%s mae=%s logloss=%s auc=%s normalised_entropy=%s",
             epoch, model->config->ops->name, result->rows, result->users,
             result->ads, result->bytes.size, result->seconds, holdout->rows,
             figure_text(holdout->rmse, 5, rmse),
             figure_text(holdout->mae, 5, mae),
             figure_text(holdout->logloss, 5, logloss),
             figure_text(holdout->auc, 5, auc),
             figure_text(holdout->normalised_entropy, 5, entropy));
}

/* Whether waiting may end this trouble. */
static bool is_worth_waiting(const struct error *why)
{
    switch (why->code) {
    case ERROR_FENCED: /* there is a younger trainer */
    case ERROR_LIMIT:  /* there are no more versions */
    case ERROR_MEMORY:
    case ERROR_AUTH:
    case ERROR_CONFIG:
        return false;
    default:
        return true;
    }
}

static int attempt_failed(struct model_outlet *outlet, const struct error *why,
                          struct error *err)
{
    outlet->counts.failed++;
    outlet->attempts++;
    metrics_add(outlet->metrics, TRAINER_PUBLICATION_FAILURES, 0, 1);
    if (!is_worth_waiting(why) ||
        (outlet->patience == OUTLET_TRIES_TWICE && outlet->attempts > 1)) {
        *err = *why;
        return error_wrap(err, "publish");
    }
    int64_t pause_ms = backoff_next(&outlet->pause);
    outlet->due_ms = clock_monotonic_ms() + pause_ms;
    log_warn("publication failed, once more later",
             "attempt=%u pause_ms=%" PRId64 " reason=\"%s\"", outlet->attempts,
             pause_ms, why->text);
    return 0;
}

/* Deltas that are not taken off the topic now are taken off after the next
 * model. */
static void tidy(struct model_outlet *outlet)
{
    struct error why;
    size_t count = 0;

    if (publication_tidy(outlet->publication, &count, &why) < 0)
        log_warn("old deltas stay on the topic", "reason=\"%s\"", why.text);
    else if (count > 0)
        log_info("old deltas are off the topic", "deltas=%zu", count);
}

int model_outlet_send(struct model_outlet *outlet, struct bad_records *letters,
                      const struct publication_fit *model, bool *is_sent,
                      struct error *err)
{
    struct error why;
    uint64_t epoch = 0;

    if (bad_records_flush(letters, &why) < 0 ||
        publication_publish(outlet->publication, model, &epoch, &why) < 0) {
        if (attempt_failed(outlet, &why, err) < 0)
            return -1;
        *is_sent = false;
        return 0;
    }
    show_model(outlet, model, epoch);
    outlet->attempts = 0;
    backoff_reset(&outlet->pause);
    tidy(outlet);
    *is_sent = true;
    return 0;
}

const struct manifest *model_outlet_published(const struct model_outlet *outlet)
{
    return publication_published(outlet->publication);
}

int model_outlet_send_delta(struct model_outlet *outlet,
                            const struct publication_delta *delta,
                            struct manifest *sent, bool *is_sent,
                            struct error *err)
{
    struct error why;

    *is_sent = publication_delta(outlet->publication, delta, sent, &why) == 0;
    if (*is_sent)
        return 0;
    outlet->counts.failed++;
    metrics_add(outlet->metrics, TRAINER_PUBLICATION_FAILURES, 0, 1);
    if (!is_worth_waiting(&why)) {
        *err = why;
        return error_wrap(err, "publish");
    }
    log_warn("delta not published, a snapshot follows", "reason=\"%s\"",
             why.text);
    return 0;
}

struct model_outlet_counts
model_outlet_counts(const struct model_outlet *outlet)
{
    return outlet->counts;
}

void model_outlet_close(struct model_outlet *outlet)
{
    if (!outlet)
        return;
    publication_close(outlet->publication);
    free(outlet);
}
