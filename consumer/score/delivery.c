#include "consumer/score/delivery.h"

#include "common/base/broken.h"

#include <assert.h>
#include <stdlib.h>

enum {
    HURRY_MS = 10,
    FLUSH_MS = 30000, /* well below max.poll.interval.ms */
};

struct delivery {
    struct delivery_config config;
    struct publisher *publisher; /* NULL after a rebuild that failed */
    struct error late; /* what a hurried flush was told; the commit tells it */
};

int delivery_open(const struct delivery_config *config, struct delivery **out,
                  struct error *err)
{
    struct delivery *delivery = calloc(1, sizeof(*delivery));

    if (!delivery)
        return error_no_memory(err, "the delivery");
    delivery->config = *config;
    if (publisher_open(&config->publisher, &delivery->publisher, err) < 0) {
        free(delivery);
        return -1;
    }
    *out = delivery;
    return 0;
}

static bool is_transactional(const struct delivery *delivery)
{
    return delivery->config.mode == DELIVERY_EXACTLY_ONCE;
}

enum publisher_verdict delivery_begin(struct delivery *delivery,
                                      struct error *err)
{
    if (!is_transactional(delivery))
        return PUBLISHER_OK;
    enum publisher_verdict verdict = publisher_begin(delivery->publisher, err);
    crash_plan_pass(&delivery->config.plan, CRASH_AFTER_BEGIN);
    return verdict;
}

int delivery_send(struct delivery *delivery, const struct outgoing *message,
                  struct error *err)
{
    return publisher_send(delivery->publisher, message, err);
}

size_t delivery_send_many(struct delivery *delivery,
                          const struct outgoing *messages, size_t count,
                          struct error *err)
{
    return publisher_send_many(delivery->publisher, messages, count, err);
}

enum publisher_verdict delivery_verdict(const struct error *err)
{
    return err->code == ERROR_FENCED ? PUBLISHER_FENCED : PUBLISHER_REBUILD;
}

/* The two mistakes of is_broken() that a transaction is there to prevent. */
static enum publisher_verdict commit_apart(struct delivery *delivery,
                                           struct subscriber *from,
                                           struct error *err)
{
    struct crash_plan *plan = &delivery->config.plan;

    crash_plan_pass(plan, CRASH_AFTER_PRODUCE);
    if (is_broken(BROKEN_COMMIT_FIRST) && subscriber_commit(from, err) < 0)
        return PUBLISHER_ABORT;
    crash_plan_pass(plan, CRASH_AFTER_SEND_OFFSETS);
    crash_plan_pass(plan, CRASH_BEFORE_COMMIT);
    enum publisher_verdict verdict = publisher_commit(delivery->publisher, err);
    crash_plan_pass(plan, CRASH_AFTER_COMMIT);
    if (verdict == PUBLISHER_OK && is_broken(BROKEN_COMMIT_APART) &&
        subscriber_commit(from, err) < 0)
        return PUBLISHER_REBUILD;
    return verdict;
}

static enum publisher_verdict commit_transaction(struct delivery *delivery,
                                                 struct subscriber *from,
                                                 struct error *err)
{
    struct crash_plan *plan = &delivery->config.plan;
    const rd_kafka_topic_partition_list_t *next = subscriber_next(from);

    assert(next); /* nobody begins a transaction for nothing */
    if (is_broken(BROKEN_COMMIT_FIRST) || is_broken(BROKEN_COMMIT_APART))
        return commit_apart(delivery, from, err);
    crash_plan_pass(plan, CRASH_AFTER_PRODUCE);
    if (is_broken(BROKEN_ABORT_COMMITS) && crash_plan_aborts(plan)) {
        error_set(err, ERROR_TEMPORARY, "aborted, or so it seems");
        return PUBLISHER_ABORT;
    }
    const rd_kafka_consumer_group_metadata_t *group = subscriber_group(from);
    if (!group) {
        error_set(err, ERROR_TEMPORARY, "the group has expelled this member");
        return PUBLISHER_ABORT;
    }
    enum publisher_verdict verdict =
        publisher_send_offsets(delivery->publisher, next, group, err);
    if (verdict != PUBLISHER_OK)
        return verdict;
    crash_plan_pass(plan, CRASH_AFTER_SEND_OFFSETS);
    if (crash_plan_aborts(plan)) {
        error_set(err, ERROR_TEMPORARY, "aborted by the test's wish");
        return PUBLISHER_ABORT;
    }
    crash_plan_pass(plan, CRASH_BEFORE_COMMIT);
    verdict = publisher_commit(delivery->publisher, err);
    if (verdict != PUBLISHER_OK)
        return verdict;
    crash_plan_pass(plan, CRASH_AFTER_COMMIT);
    subscriber_mark_committed(from);
    return PUBLISHER_OK;
}

static bool is_all_delivered(const struct delivery *delivery)
{
    struct publisher_counts counts = publisher_counts(delivery->publisher);

    return counts.delivered == counts.sent;
}

static enum publisher_verdict commit_positions(struct delivery *delivery,
                                               struct subscriber *from,
                                               enum delivery_wait wait,
                                               struct error *err)
{
    struct crash_plan *plan = &delivery->config.plan;

    crash_plan_pass(plan, CRASH_AFTER_PRODUCE);
    if (publisher_flush(delivery->publisher, FLUSH_MS, err) < 0)
        return delivery_verdict(err);
    /* A hurried flush was told of it. */
    if (publisher_counts(delivery->publisher).failed > 0) {
        *err = delivery->late;
        return delivery_verdict(err);
    }
    crash_plan_pass(plan, CRASH_BEFORE_COMMIT);
    if ((wait == DELIVERY_WAIT ? subscriber_commit(from, err)
                               : subscriber_commit_later(from, err)) < 0)
        return PUBLISHER_ABORT;
    crash_plan_pass(plan, CRASH_AFTER_COMMIT);
    return PUBLISHER_OK;
}

enum publisher_verdict delivery_commit(struct delivery *delivery,
                                       struct subscriber *from,
                                       enum delivery_wait wait,
                                       struct error *err)
{
    return is_transactional(delivery)
               ? commit_transaction(delivery, from, err)
               : commit_positions(delivery, from, wait, err);
}

enum publisher_verdict delivery_abort(struct delivery *delivery,
                                      struct error *err)
{
    if (is_broken(BROKEN_ABORT_COMMITS))
        return publisher_commit(delivery->publisher, err);
    return is_transactional(delivery)
               ? publisher_abort(delivery->publisher, err)
               : PUBLISHER_OK; /* sent is sent: it will come twice */
}

int delivery_rebuild(struct delivery *delivery, struct error *err)
{
    publisher_close(delivery->publisher);
    delivery->publisher = NULL;
    return publisher_open(&delivery->config.publisher, &delivery->publisher,
                          err);
}

bool delivery_hurry(struct delivery *delivery)
{
    if (is_transactional(delivery))
        return true;
    if (!is_all_delivered(delivery) &&
        publisher_flush(delivery->publisher, HURRY_MS, &delivery->late) < 0)
        return false;
    return is_all_delivered(delivery);
}

void delivery_serve(struct delivery *delivery)
{
    publisher_serve(delivery->publisher);
}

int32_t delivery_place(const struct delivery *delivery, size_t topic,
                       int32_t partition)
{
    return publisher_place(delivery->publisher, topic, partition);
}

void delivery_close(struct delivery *delivery)
{
    if (!delivery)
        return;
    publisher_close(delivery->publisher);
    free(delivery);
}
