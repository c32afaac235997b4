/*
 * model_watcher.c - the watching thread.
 *
 * A thread that wants to catch up draws a ticket; one look at the topic that
 * begins later serves all tickets drawn before. A look takes as long as it
 * takes: where the broker is far away, one that began anew each second would
 * never end.
 */
#include "consumer/models/model_watcher.h"

#include "common/base/clock.h"
#include "common/base/condition.h"
#include "common/base/log.h"
#include "common/base/trouble.h"

#include "consumer/models/delta_follower.h"
#include "consumer/models/local_copy.h"
#include "consumer/models/snapshot_store.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    POLL_MS = 50,
    LOOK_MS = 1000,  /* of a look, until others have their turn */
    RETRY_MS = 1000, /* after a model could not be loaded */
    FETCH_MS = 60000,
    LOAD_DEADLINE_MS = 600000,
    REMEMBERED_MAX = 64, /* refused epochs */
};

struct model_watcher {
    struct model_watcher_config config;
    struct model_board *board;
    struct snapshot_reader *reader;
    struct snapshot_store *store; /* NULL: no local copy */
    struct delta_follower *deltas;

    /* The thread's own. */
    uint64_t bad[REMEMBERED_MAX]; /* epochs not to be tried again */
    size_t bad_count;
    uint64_t loading; /* epoch that could not be loaded; 0: none */
    struct trouble load, read;
    int64_t missing_ms; /* since when its chunks are not there; 0: they are */
    int64_t retry_at_ms;
    uint64_t retired;     /* epoch in service whose retirement was logged */
    bool is_looking;      /* a look is not over, */
    uint64_t looking_for; /* and serves the tickets up to this one */

    atomic_bool stopping;
    atomic_uint_least64_t refused[REFUSED_COUNT], posted, failed;

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    uint64_t drawn, served; /* tickets */
    uint64_t wanted;
    int64_t waiting_since_ms; /* 0: the wanted model serves */
    struct error why;         /* it does not; ERROR_NONE: it does */
    int64_t unread_since_ms;  /* 0: the manifests were read to their end */
    struct error unread;      /* why they were not; ERROR_NONE: they were */
};

/* --- Counting --------------------------------------------------------- */

static void count_refusal(struct model_watcher *watcher,
                          enum snapshot_refusal why, uint64_t amount)
{
    atomic_fetch_add(&watcher->refused[why], amount);
    metrics_add(watcher->config.metrics, watcher->config.refused_family,
                (int)why, amount);
}

static void report_manifests(struct model_watcher *watcher,
                             const uint64_t refused[REFUSED_COUNT])
{
    for (int why = 0; why < REFUSED_COUNT; why++) {
        if (refused[why] == 0)
            continue;
        count_refusal(watcher, (enum snapshot_refusal)why, refused[why]);
        log_warn("manifest refused", "count=%" PRIu64 " reason=\"%s\"",
                 refused[why], snapshot_reader_refusal(watcher->reader));
    }
}

static void report_failure(struct model_watcher *watcher, const char *msg,
                           const struct error *err)
{
    atomic_fetch_add(&watcher->failed, 1);
    log_warn(msg, "error=\"%s\"", err->text);
}

/* Counts one more attempt that failed, and logs it when it is time to. */
static void tell_trouble(struct model_watcher *watcher, struct trouble *trouble,
                         const char *msg, const struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    atomic_fetch_add(&watcher->failed, 1);
    if (trouble_again(trouble, now_ms))
        log_warn(msg,
                 "attempt=%" PRIu64 " seconds=%" PRId64 " code=%s error=\"%s\"",
                 trouble->attempts, (now_ms - trouble->since_ms) / 1000,
                 error_code_name(err->code), err->text);
}

/* Notes why the wanted model does not serve; NULL: it does. */
static void note(struct model_watcher *watcher, uint64_t wanted,
                 const struct error *why)
{
    pthread_mutex_lock(&watcher->lock);
    if (!why)
        watcher->waiting_since_ms = 0;
    else if (watcher->waiting_since_ms == 0 || watcher->wanted != wanted)
        watcher->waiting_since_ms = clock_monotonic_ms();
    watcher->wanted = wanted;
    watcher->why = why ? *why : (struct error){.code = ERROR_NONE};
    pthread_mutex_unlock(&watcher->lock);
}

/* Notes why the manifests are not read to their end; NULL: they are. They say
 * which model is wanted. */
static void note_read(struct model_watcher *watcher, const struct error *why)
{
    pthread_mutex_lock(&watcher->lock);
    if (!why)
        watcher->unread_since_ms = 0;
    else if (watcher->unread_since_ms == 0)
        watcher->unread_since_ms = clock_monotonic_ms();
    watcher->unread = why ? *why : (struct error){.code = ERROR_NONE};
    pthread_mutex_unlock(&watcher->lock);
}

/* --- One snapshot ----------------------------------------------------- */

static bool is_bad(const struct model_watcher *watcher, uint64_t epoch)
{
    for (size_t i = 0; i < watcher->bad_count; i++)
        if (watcher->bad[i] == epoch)
            return true;
    return false;
}

static void refuse(struct model_watcher *watcher, uint64_t epoch,
                   enum snapshot_refusal why, const struct error *err)
{
    count_refusal(watcher, why, 1);
    log_warn("snapshot refused", "version=%" PRIu64 " reason=\"%s\"", epoch,
             err->text);
    if (watcher->bad_count == REMEMBERED_MAX) {
        watcher->bad_count--;
        memmove(watcher->bad, watcher->bad + 1,
                watcher->bad_count * sizeof(watcher->bad[0]));
    }
    watcher->bad[watcher->bad_count++] = epoch;
}

/* Takes over the snapshot. */
static int probe_and_post(struct model_watcher *watcher,
                          const struct manifest *manifest,
                          struct snapshot *snapshot, struct error *err)
{
    struct manifest copy;

    if (snapshot_probe(snapshot, err) < 0 ||
        manifest_copy(manifest, &copy, err) < 0) {
        snapshot_free(snapshot);
        return -1;
    }
    if (model_board_post(watcher->board, snapshot, &copy, err) < 0)
        return -1;
    atomic_fetch_add(&watcher->posted, 1);
    return 0;
}

static int decode_and_post(struct model_watcher *watcher,
                           const struct manifest *manifest,
                           const struct buffer *bytes,
                           enum snapshot_refusal *why, struct error *err)
{
    struct snapshot *snapshot = NULL;

    *why = REFUSED_FORMAT;
    if (snapshot_decode(bytes->bytes, bytes->size, &snapshot, err) < 0)
        return -1;
    *why = REFUSED_PROBE;
    return probe_and_post(watcher, manifest, snapshot, err);
}

static void keep_copy(struct model_watcher *watcher,
                      const struct manifest *manifest,
                      const struct buffer *bytes)
{
    struct error err;

    if (watcher->store &&
        snapshot_store_save(watcher->store, manifest, bytes->bytes, bytes->size,
                            &err) < 0)
        report_failure(watcher, "no local copy of the model", &err);
}

/* The snapshot could not be loaded this time. Only chunks that stay away for
 * the whole deadline, while the broker answers, refuse it in the end. */
static void postpone(struct model_watcher *watcher,
                     const struct manifest *manifest, const struct error *err)
{
    int64_t now_ms = clock_monotonic_ms();

    if (watcher->loading != manifest->epoch) {
        watcher->loading = manifest->epoch;
        trouble_end(&watcher->load);
        watcher->missing_ms = 0;
    }
    if (err->code != ERROR_INPUT)
        watcher->missing_ms = 0;
    else if (watcher->missing_ms == 0)
        watcher->missing_ms = now_ms;
    if (watcher->missing_ms != 0 &&
        now_ms - watcher->missing_ms >= watcher->config.load_deadline_ms) {
        refuse(watcher, manifest->epoch, REFUSED_CHUNKS, err);
        return;
    }
    tell_trouble(watcher, &watcher->load, "model not loaded, trying again",
                 err);
    note(watcher, manifest->epoch, err);
    watcher->retry_at_ms = now_ms + RETRY_MS;
}

/* Returns whether the snapshot is in service now. */
static bool activate(struct model_watcher *watcher,
                     const struct manifest *manifest)
{
    struct buffer bytes = {0};
    struct error err = {ERROR_NONE};
    enum snapshot_refusal why = REFUSED_CHUNKS;
    int64_t start_ms = clock_monotonic_ms();

    delta_follower_rest(watcher->deltas);
    int status = snapshot_reader_fetch(watcher->reader, manifest,
                                       watcher->config.fetch_timeout_ms, &bytes,
                                       &why, &err);
    if (status == 0)
        status = decode_and_post(watcher, manifest, &bytes, &why, &err);
    if (status == 0) {
        log_info("model active",
                 "version=%" PRIu64 " algorithm=%s bytes=%zu load_ms=%" PRId64,
                 manifest->epoch, manifest->algorithm, bytes.size,
                 clock_monotonic_ms() - start_ms);
        keep_copy(watcher, manifest, &bytes);
    } else if (err.code == ERROR_FORMAT || err.code == ERROR_LIMIT) {
        refuse(watcher, manifest->epoch, why, &err);
    } else {
        postpone(watcher, manifest, &err);
    }
    buffer_free(&bytes);
    return status == 0;
}

/* Was the model in service retired? Then an older one may take its place. That
 * is logged once. */
static bool is_retired(struct model_watcher *watcher, uint64_t active)
{
    if (active == 0 || !snapshot_reader_is_retired(watcher->reader, active))
        return false;
    if (watcher->retired != active) {
        size_t left;
        (void)snapshot_reader_manifests(watcher->reader, &left);
        log_warn(left > 0 ? "the model in service was retired; serving the "
                            "newest that is left"
                          : "the model in service was retired; serving it "
                            "until another one is published",
                 "version=%" PRIu64, active);
    }
    watcher->retired = active;
    return true;
}

static bool serves_delta(const struct model_watcher *watcher)
{
    const struct served_model *served = model_board_take(watcher->board);
    bool is_delta = served && served->snapshot->delta > 0;

    model_board_put(watcher->board, served);
    return is_delta;
}

/* Brings the wanted model into service: with a pin that one; without a pin the
 * newest that is good and newer than the one in service. Returns whether there
 * is nothing more to do. */
static bool serve_wanted(struct model_watcher *watcher)
{
    size_t count;
    uint64_t active = model_board_epoch(watcher->board);
    uint64_t pinned = snapshot_reader_pinned(watcher->reader);
    const struct manifest *manifests =
        snapshot_reader_manifests(watcher->reader, &count);

    if (clock_monotonic_ms() < watcher->retry_at_ms)
        return false;
    uint64_t above = is_retired(watcher, active) ? 0 : active;
    while (count-- > 0) {
        const struct manifest *manifest = &manifests[count];
        if (pinned == 0 ? manifest->epoch <= above
                        : pinned == active && !serves_delta(watcher))
            break;
        if ((pinned != 0 && manifest->epoch != pinned) ||
            is_bad(watcher, manifest->epoch))
            continue;
        if (activate(watcher, manifest))
            break;
        if (!is_bad(watcher, manifest->epoch))
            return false; /* it may work another time */
    }
    watcher->loading = 0;
    note(watcher, model_board_epoch(watcher->board), NULL);
    return true;
}

/* --- The thread ------------------------------------------------------- */

static void serve_tickets(struct model_watcher *watcher)
{
    struct error err = {ERROR_NONE};
    uint64_t refused[REFUSED_COUNT] = {0};

    pthread_mutex_lock(&watcher->lock);
    uint64_t drawn = watcher->drawn;
    /* After a failure the thread looks without a ticket, until it succeeds. */
    bool is_asked =
        watcher->served != drawn || watcher->unread.code != ERROR_NONE;
    pthread_mutex_unlock(&watcher->lock);
    if (!is_asked)
        return;

    int status = 0;
    if (!watcher->is_looking) {
        watcher->looking_for = drawn;
        status = snapshot_reader_begin_look(watcher->reader, &err);
        watcher->is_looking = status == 0;
    }
    if (status == 0)
        status =
            snapshot_reader_end_look(watcher->reader, LOOK_MS, refused, &err);
    report_manifests(watcher, refused);
    if (status < 0) {
        tell_trouble(watcher, &watcher->read, "models not read to their end",
                     &err);
        note_read(watcher, &err);
        return;
    }
    watcher->is_looking = false;
    trouble_end(&watcher->read);
    note_read(watcher, NULL);
    if (!serve_wanted(watcher) || !delta_follower_run(watcher->deltas))
        return;
    pthread_mutex_lock(&watcher->lock);
    watcher->served = watcher->looking_for;
    pthread_cond_broadcast(&watcher->changed);
    pthread_mutex_unlock(&watcher->lock);
}

static void *watch(void *context)
{
    struct model_watcher *watcher = context;

    while (!atomic_load(&watcher->stopping)) {
        struct error err = {ERROR_NONE};
        uint64_t refused[REFUSED_COUNT] = {0};

        if (snapshot_reader_poll(watcher->reader, POLL_MS, refused, &err) < 0) {
            tell_trouble(watcher, &watcher->read, "models not read", &err);
            note_read(watcher, &err);
            clock_sleep_ms(POLL_MS);
        }
        report_manifests(watcher, refused);
        if (serve_wanted(watcher))
            delta_follower_run(watcher->deltas);
        serve_tickets(watcher);
    }
    return NULL;
}

/* --- Public ----------------------------------------------------------- */

static void post_local_copy(struct model_watcher *watcher)
{
    const struct local_copy_source from = {.store = watcher->store,
                                           .name = watcher->config.reader.name,
                                           .trusted =
                                               &watcher->config.reader.trusted};
    struct local_copy copy;
    struct error err = {ERROR_NONE};

    int status = local_copy_load(&from, &copy, &err);
    if (status == 0 && !copy.snapshot)
        return;
    const uint32_t delta = status == 0 ? copy.snapshot->delta : 0;
    if (status == 0) {
        copy.why = REFUSED_PROBE;
        status = probe_and_post(watcher, &copy.manifest, copy.snapshot, &err);
    }
    if (status == 0)
        log_info("model active", "version=%" PRIu64 " delta=%u from=\"%s\"",
                 copy.manifest.epoch, delta, watcher->config.state_dir);
    else if (err.code == ERROR_FORMAT || err.code == ERROR_LIMIT)
        refuse(watcher, copy.manifest.epoch, copy.why, &err);
    else
        report_failure(watcher, "no local copy of the model", &err);
    manifest_free(&copy.manifest);
}

static int start_thread(struct model_watcher *watcher, struct error *err)
{
    int failure = pthread_create(&watcher->thread, NULL, watch, watcher);

    if (failure != 0)
        return error_set(err, ERROR_FAILED, "start a thread: %s",
                         strerror(failure));
    watcher->started = true;
    return 0;
}

static int make_lock(struct model_watcher *watcher, struct error *err)
{
    int failure = condition_init(&watcher->changed);

    if (failure == 0)
        failure = pthread_mutex_init(&watcher->lock, NULL);
    if (failure != 0)
        return error_set(err, ERROR_FAILED, "no lock to be had: %s",
                         strerror(failure));
    return 0;
}

static int open_follower(struct model_watcher *watcher, struct error *err)
{
    const struct delta_follower_config config = {
        .reader = watcher->reader,
        .board = watcher->board,
        .fetch_timeout_ms = watcher->config.fetch_timeout_ms,
        .stopping = &watcher->stopping,
        .store = watcher->store,
        .name = watcher->config.reader.name,
        .metrics = watcher->config.metrics,
        .refused_family = watcher->config.refused_family};

    return delta_follower_new(&config, &watcher->deltas, err);
}

int model_watcher_start(const struct model_watcher_config *config,
                        struct model_board *board, struct model_watcher **out,
                        struct error *err)
{
    struct model_watcher *watcher = calloc(1, sizeof(*watcher));

    if (!watcher)
        return error_no_memory(err, "the model watcher");
    watcher->config = *config;
    watcher->board = board;
    if (config->fetch_timeout_ms == 0)
        watcher->config.fetch_timeout_ms = FETCH_MS;
    if (config->load_deadline_ms == 0)
        watcher->config.load_deadline_ms = LOAD_DEADLINE_MS;
    if (make_lock(watcher, err) < 0) {
        free(watcher);
        return -1;
    }
    if (config->state_dir[0] &&
        snapshot_store_open(config->state_dir, &watcher->store, err) < 0)
        goto failed;
    if (snapshot_reader_open(&config->reader, &watcher->reader, err) < 0)
        goto failed;
    if (open_follower(watcher, err) < 0)
        goto failed;
    if (watcher->store)
        post_local_copy(watcher);
    if (start_thread(watcher, err) < 0)
        goto failed;
    *out = watcher;
    return 0;

failed:
    model_watcher_stop(watcher);
    return -1;
}

uint64_t model_watcher_ask(struct model_watcher *watcher)
{
    pthread_mutex_lock(&watcher->lock);
    uint64_t ticket = ++watcher->drawn;
    pthread_mutex_unlock(&watcher->lock);
    return ticket;
}

int model_watcher_await(struct model_watcher *watcher, uint64_t ticket,
                        unsigned timeout_ms, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    int failure = 0;

    pthread_mutex_lock(&watcher->lock);
    while (watcher->served < ticket && failure != ETIMEDOUT &&
           !atomic_load(&watcher->stopping))
        failure = condition_wait_until(&watcher->changed, &watcher->lock,
                                       deadline_ms);
    bool is_served = watcher->served >= ticket;
    struct error why =
        watcher->unread.code != ERROR_NONE ? watcher->unread : watcher->why;
    pthread_mutex_unlock(&watcher->lock);

    if (is_served)
        return 0;
    if (why.code == ERROR_NONE)
        return error_set(err, ERROR_UNAVAILABLE,
                         "the newest model was not there within %u ms",
                         timeout_ms);
    return error_set(err, why.code,
                     "the newest model was not there within %u ms: %s",
                     timeout_ms, why.text);
}

int model_watcher_catch_up(struct model_watcher *watcher, unsigned timeout_ms,
                           struct error *err)
{
    return model_watcher_await(watcher, model_watcher_ask(watcher), timeout_ms,
                               err);
}

void model_watcher_look(struct model_watcher *watcher, struct model_watch *out)
{
    pthread_mutex_lock(&watcher->lock);
    bool is_unread = watcher->unread_since_ms != 0;
    int64_t since_ms =
        is_unread ? watcher->unread_since_ms : watcher->waiting_since_ms;
    *out = (struct model_watch){
        .wanted = watcher->wanted,
        .waiting_ms = since_ms ? clock_monotonic_ms() - since_ms + 1 : 0,
        .why = is_unread ? watcher->unread : watcher->why,
    };
    pthread_mutex_unlock(&watcher->lock);
}

void model_watcher_count(const struct model_watcher *watcher,
                         struct model_watcher_counts *out)
{
    const struct delta_follower_counts deltas =
        delta_follower_counts(watcher->deltas);

    for (int why = 0; why < REFUSED_COUNT; why++)
        out->refused[why] =
            atomic_load(&watcher->refused[why]) + deltas.refused[why];
    out->posted = atomic_load(&watcher->posted) + deltas.posted;
    out->failed = atomic_load(&watcher->failed) + deltas.failed;
    out->deltas = deltas.applied;
}

void model_watcher_stop(struct model_watcher *watcher)
{
    if (!watcher)
        return;
    pthread_mutex_lock(&watcher->lock);
    atomic_store(&watcher->stopping, true);
    pthread_cond_broadcast(&watcher->changed);
    pthread_mutex_unlock(&watcher->lock);
    if (watcher->started) {
        snapshot_reader_cancel(watcher->reader);
        pthread_join(watcher->thread, NULL);
    }
    delta_follower_free(watcher->deltas);
    snapshot_reader_close(watcher->reader);
    snapshot_store_close(watcher->store);
    pthread_cond_destroy(&watcher->changed);
    pthread_mutex_destroy(&watcher->lock);
    free(watcher);
}
