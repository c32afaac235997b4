#include "consumer/train/evaluation_publication.h"

#include "common/base/clock.h"
#include "common/kafka/transactional_id.h"

#include "consumer/read/merge_reader.h"

#include "producer/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_MS = 10000,
    CATCH_UP_MS = 20000,
    TRANSACTION_MS = 15000, /* a stop waits for it */
    FLUSH_MS = 15000,
    WAIT_MS = 100,
    READ_BYTES = 4 << 20,
};

struct evaluation_publication {
    struct evaluation_publication_config config;
    struct publisher *publisher; /* NULL after a failure */
    struct evaluation_event newest;
    bool has_newest;
};

/* --- What is there ---------------------------------------------------- */

static void note(struct evaluation_publication *self,
                 const struct evaluation_event *event)
{
    if (event->has_version || strcmp(event->name, self->config.name) != 0 ||
        (self->has_newest && event->start_ms < self->newest.start_ms))
        return;
    self->newest = *event;
    self->has_newest = true;
}

/* Records of others, and of nobody, are none of ours; but whose a record is
 * whose schema is not known yet, cannot be said. */
static int take(struct evaluation_publication *self,
                const struct message *message, struct error *err)
{
    struct evaluation_event event;

    if (!message->value)
        return 0;
    if (evaluation_event_decode(self->config.schemas, message->value,
                                message->value_size, &event, err) == 0)
        note(self, &event);
    else if (err->code != ERROR_FORMAT)
        return error_wrap(err, "'%s'", self->config.topic);
    return 0;
}

static int read_all(struct evaluation_publication *self,
                    struct merge_reader *reader, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + CATCH_UP_MS;
    struct merge_record record;
    enum merge_result result;

    do {
        if (merge_reader_next(reader, WAIT_MS, &result, &record, err) < 0)
            return -1;
        if (result == MERGE_RECORD && take(self, &record.message, err) < 0)
            return -1;
        if (result != MERGE_RECORD && clock_monotonic_ms() > deadline_ms)
            return error_set(err, ERROR_TEMPORARY,
                             "'%s' is not read to its end after %d ms",
                             self->config.topic, CATCH_UP_MS);
    } while (result != MERGE_END);
    return 0;
}

static int read_topic(struct evaluation_publication *self, struct error *err)
{
    const struct merge_reader_config config = {
        .kafka = self->config.kafka,
        .topics = {self->config.topic},
        .from_ms = MERGE_FROM_BEGINNING,
        .ends = true,
        .buffer_bytes = READ_BYTES,
        .timeout_ms = CONTACT_MS,
    };
    struct merge_reader *reader = NULL;

    if (merge_reader_open(&config, &reader, err) < 0)
        return -1;
    int status = read_all(self, reader, err);
    merge_reader_close(reader);
    return status;
}

/* --- Opening ---------------------------------------------------------- */

/* The publisher first: from then on nobody else adds a window, and what the
 * last one left open is settled. */
static int start(struct evaluation_publication *self, struct error *err)
{
    struct publisher_config config = {
        .kafka = self->config.kafka,
        .transaction_timeout_ms = TRANSACTION_MS,
        .topics = {self->config.topic},
    };

    const char *const topics[] = {self->config.topic, NULL};
    const struct transactional_work work = {"evaluations", self->config.name,
                                            NULL, 0, topics};
    if (kafka_has_transactions(&self->config.kafka))
        transactional_id_of(&work, config.transactional_id);
    if (publisher_open(&config, &self->publisher, err) < 0)
        return -1;
    return read_topic(self, err);
}

int evaluation_publication_open(
    const struct evaluation_publication_config *config,
    struct evaluation_publication **out, struct error *err)
{
    struct evaluation_publication *self = calloc(1, sizeof(*self));

    if (!self)
        return error_no_memory(err, "a publication");
    self->config = *config;
    if (start(self, err) < 0) {
        evaluation_publication_close(self);
        return -1;
    }
    *out = self;
    return 0;
}

const struct evaluation_event *
evaluation_publication_newest(const struct evaluation_publication *self)
{
    return self->has_newest ? &self->newest : NULL;
}

/* --- Publishing ------------------------------------------------------- */

static bool is_published(const struct evaluation_publication *self,
                         const struct evaluation_event *event)
{
    return self->has_newest &&
           event->start_ms < self->newest.start_ms + self->newest.window_ms;
}

static int send_event(struct evaluation_publication *self,
                      const struct evaluation_event *event, struct error *err)
{
    struct buffer value = {0};
    char key[EVALUATION_KEY_SIZE];
    int status = -1;

    evaluation_event_key(event, key);
    evaluation_event_write(&self->config.output, event, &value);
    const struct outgoing message = {.partition = PUBLISH_BY_KEY,
                                     .key = key,
                                     .key_size = strlen(key),
                                     .value = value.bytes,
                                     .value_size = value.size};
    if (buffer_failed(&value))
        error_no_memory(err, "an evaluation");
    else
        status = publisher_send(self->publisher, &message, err);
    buffer_free(&value);
    return status;
}

static int send_all(struct evaluation_publication *self,
                    const struct evaluation_event *events, size_t count,
                    struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (send_event(self, &events[i], err) < 0)
            return -1;
    return 0;
}

/* Messages only tell that they were purged: the abort knows about a fence. */
static int give_up(struct evaluation_publication *self, struct error *err)
{
    if (publisher_abort(self->publisher, NULL) == PUBLISHER_FENCED)
        return error_set(err, ERROR_FENCED, "a younger trainer evaluates '%s'",
                         self->config.name);
    return -1;
}

static int transact(struct evaluation_publication *self,
                    const struct evaluation_event *events, size_t count,
                    struct error *err)
{
    if (!kafka_has_transactions(&self->config.kafka))
        return send_all(self, events, count, err) < 0
                   ? -1
                   : publisher_flush(self->publisher, FLUSH_MS, err);
    if (publisher_begin(self->publisher, err) != PUBLISHER_OK)
        return -1;
    if (send_all(self, events, count, err) < 0)
        return give_up(self, err);
    switch (publisher_commit(self->publisher, err)) {
    case PUBLISHER_OK:
        return 0;
    case PUBLISHER_ABORT:
        return give_up(self, err);
    case PUBLISHER_REBUILD:
    case PUBLISHER_FENCED:
        return -1;
    }
    return -1;
}

int evaluation_publication_publish(struct evaluation_publication *self,
                                   const struct evaluation_event *events,
                                   size_t count, size_t *sent,
                                   struct error *err)
{
    if (!self->publisher && start(self, err) < 0)
        goto failed;
    while (count > 0 && is_published(self, events)) {
        events++;
        count--;
    }
    if (count > 0 && transact(self, events, count, err) < 0)
        goto failed;
    for (size_t i = 0; i < count; i++)
        note(self, &events[i]);
    *sent = count;
    return 0;

failed:
    publisher_close(self->publisher);
    self->publisher = NULL;
    return -1;
}

void evaluation_publication_close(struct evaluation_publication *self)
{
    if (!self)
        return;
    publisher_close(self->publisher);
    free(self);
}
