/*
 * snapshot_reader.c - follows the manifest topic with librdkafka's simple
 * consumer, which needs no group: nothing is committed, and every reader sees
 * everything.
 */
#include "consumer/models/snapshot_reader.h"

#include "common/base/clock.h"
#include "common/base/stop.h"
#include "common/event/pin.h"
#include "common/kafka/kafka_close.h"

#include "consumer/models/chunk_fetch.h"
#include "consumer/models/manifest_list.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITION = 0,
    SLICE_MS = 100,
};

struct snapshot_reader {
    struct snapshot_reader_config config;
    rd_kafka_t *client;
    rd_kafka_topic_t *models, *chunks;
    bool reading;         /* of `models` */
    bool at_end;          /* of `models`, since the last restart */
    int64_t next;         /* offset to read in `models` */
    struct error refusal; /* `models` may not be read; ERROR_NONE: as far as is
                             known, it may */

    struct manifest_list *list;
    atomic_bool cancelled;
};

/* --- Reading ---------------------------------------------------------- */

static void pause_reading(struct snapshot_reader *reader)
{
    if (reader->reading)
        rd_kafka_consume_stop(reader->models, PARTITION);
    reader->reading = false;
}

/* From where it was; the broker says anew where the end is. */
static int restart(struct snapshot_reader *reader, struct error *err)
{
    pause_reading(reader);
    reader->at_end = false;
    reader->reading =
        rd_kafka_consume_start(reader->models, PARTITION, reader->next) == 0;
    if (!reader->reading)
        return error_set(err, ERROR_UNAVAILABLE, "read topic '%s': %s",
                         reader->config.models,
                         rd_kafka_err2str(rd_kafka_last_error()));
    return 0;
}

static int take_record(struct snapshot_reader *reader,
                       const rd_kafka_message_t *message,
                       uint64_t refused[REFUSED_COUNT], struct error *err)
{
    struct manifest_record record = {.key = message->key,
                                     .value = message->payload,
                                     .key_size = message->key_len,
                                     .value_size = message->len};
    rd_kafka_headers_t *headers = NULL;

    if (!record.value && rd_kafka_message_headers(message, &headers) == 0)
        rd_kafka_header_get_last(headers, RETIREMENT_SIGNATURE,
                                 &record.signature, &record.signature_size);
    return manifest_list_take(reader->list, &record, refused, err);
}

/* That a topic may not be read is told once; then nothing comes of it, until
 * it may be read again. */
static int take_error(struct snapshot_reader *reader,
                      const rd_kafka_message_t *message, struct error *err)
{
    error_set(err, kafka_error_code(message->err), "topic '%s': %s",
              reader->config.models, rd_kafka_message_errstr(message));
    if (err->code == ERROR_AUTH)
        reader->refusal = *err;
    return -1;
}

/* Takes one message; *nothing: none came within wait_ms. */
static int step(struct snapshot_reader *reader, unsigned wait_ms, bool *nothing,
                uint64_t refused[REFUSED_COUNT], struct error *err)
{
    int status = 0;

    rd_kafka_poll(reader->client, 0);
    rd_kafka_message_t *message =
        rd_kafka_consume(reader->models, PARTITION, (int)wait_ms);
    *nothing = !message;
    if (!message)
        return 0;
    switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        reader->refusal.code = ERROR_NONE;
        status = take_record(reader, message, refused, err);
        if (status == 0)
            reader->next = message->offset + 1;
        else
            pause_reading(reader); /* this record is read again */
        break;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        reader->refusal.code = ERROR_NONE;
        reader->at_end = true;
        break;
    default:
        status = take_error(reader, message, err);
    }
    rd_kafka_message_destroy(message);
    return status;
}

int snapshot_reader_poll(struct snapshot_reader *reader, unsigned wait_ms,
                         uint64_t refused[REFUSED_COUNT], struct error *err)
{
    bool nothing = false;

    if (!reader->reading && restart(reader, err) < 0)
        return -1;
    if (step(reader, wait_ms, &nothing, refused, err) < 0)
        return -1;
    while (!nothing)
        if (step(reader, 0, &nothing, refused, err) < 0)
            return -1;
    return 0;
}

static int not_in_time(const struct snapshot_reader *reader,
                       unsigned timeout_ms, struct error *err)
{
    if (reader->refusal.code == ERROR_NONE)
        return error_set(err, ERROR_UNAVAILABLE,
                         "topic '%s' was not read to its end within %u ms",
                         reader->config.models, timeout_ms);
    *err = reader->refusal;
    return -1;
}

int snapshot_reader_begin_look(struct snapshot_reader *reader,
                               struct error *err)
{
    return restart(reader, err);
}

int snapshot_reader_end_look(struct snapshot_reader *reader,
                             unsigned timeout_ms,
                             uint64_t refused[REFUSED_COUNT], struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;

    if (!reader->reading && restart(reader, err) < 0)
        return -1;
    while (!reader->at_end) {
        bool nothing;
        int64_t left_ms = deadline_ms - clock_monotonic_ms();
        if (stop_requested())
            return stop_error(err);
        if (left_ms <= 0 || atomic_load(&reader->cancelled))
            return not_in_time(reader, timeout_ms, err);
        unsigned wait_ms = left_ms < SLICE_MS ? (unsigned)left_ms : SLICE_MS;
        if (step(reader, wait_ms, &nothing, refused, err) < 0)
            return -1;
    }
    return 0;
}

int snapshot_reader_catch_up(struct snapshot_reader *reader,
                             unsigned timeout_ms,
                             uint64_t refused[REFUSED_COUNT], struct error *err)
{
    if (snapshot_reader_begin_look(reader, err) < 0)
        return -1;
    return snapshot_reader_end_look(reader, timeout_ms, refused, err);
}

/* --- Answers ---------------------------------------------------------- */

const struct manifest *
snapshot_reader_manifests(const struct snapshot_reader *reader, size_t *count)
{
    *count = reader->list->count;
    return reader->list->manifests;
}

const struct manifest *
snapshot_reader_find(const struct snapshot_reader *reader, uint64_t epoch)
{
    return manifest_list_find(reader->list, epoch);
}

const struct manifest *
snapshot_reader_wanted(const struct snapshot_reader *reader)
{
    return manifest_list_wanted(reader->list);
}

uint64_t snapshot_reader_pinned(const struct snapshot_reader *reader)
{
    return reader->list->pinned;
}

int64_t snapshot_reader_pin_ms(const struct snapshot_reader *reader)
{
    return reader->list->pin_ms;
}

uint64_t snapshot_reader_highest(const struct snapshot_reader *reader)
{
    return reader->list->highest;
}

bool snapshot_reader_is_retired(const struct snapshot_reader *reader,
                                uint64_t epoch)
{
    return manifest_list_is_retired(reader->list, epoch);
}

const char *snapshot_reader_newest_refusal(const struct snapshot_reader *reader)
{
    return reader->list->is_newest_refused ? reader->list->refusal.text : NULL;
}

const char *snapshot_reader_refusal(const struct snapshot_reader *reader)
{
    return reader->list->refusal.text;
}

void snapshot_reader_cancel(struct snapshot_reader *reader)
{
    atomic_store(&reader->cancelled, true);
}

int snapshot_reader_fetch(struct snapshot_reader *reader,
                          const struct manifest *manifest, unsigned timeout_ms,
                          struct buffer *out, enum snapshot_refusal *why,
                          struct error *err)
{
    if (chunk_fetch(&(struct chunk_source){reader->client, reader->chunks,
                                           &reader->cancelled},
                    manifest, timeout_ms, out, why, err) < 0)
        return manifest->delta
                   ? error_wrap(err, "delta %u of '%s' epoch %" PRIu64,
                                manifest->delta, manifest->name,
                                manifest->epoch)
                   : error_wrap(err, "snapshot '%s' epoch %" PRIu64,
                                manifest->name, manifest->epoch);
    return 0;
}

const struct delta_list *
snapshot_reader_deltas(const struct snapshot_reader *reader)
{
    return &reader->list->deltas;
}

int snapshot_reader_fetch_delta(struct snapshot_reader *reader,
                                const struct delta *delta, unsigned timeout_ms,
                                struct buffer *out, enum snapshot_refusal *why,
                                struct error *err)
{
    const struct manifest chunks = delta_manifest(delta, reader->config.name);

    return snapshot_reader_fetch(reader, &chunks, timeout_ms, out, why, err);
}

/* --- Open and close --------------------------------------------------- */

static int check_topic(const struct snapshot_reader *reader, const char *name,
                       struct error *err)
{
    enum { TIMEOUT_MS = 10000 };
    struct kafka_topic topic;

    if (kafka_topic_describe(&reader->config.kafka, name, TIMEOUT_MS, &topic,
                             err) < 0)
        return -1;
    if (topic.partitions != 1)
        return error_set(err, ERROR_CONFIG,
                         "topic '%s' has %d partitions, must have 1: see "
                         "`pctr topics`",
                         name, topic.partitions);
    return 0;
}

static int connect_client(struct snapshot_reader *reader, struct error *err)
{
    static const struct kafka_property properties[] = {
        /* The two topics share a connection, and a request that waits for one
         * of them keeps the other waiting. */
        {"fetch.wait.max.ms", "50"},
        {"enable.partition.eof", "true"},
        /* A topic of manifests that was made anew is read from its beginning:
         * no position in it is anybody's account. */
        {"auto.offset.reset", "earliest"},
        {NULL, NULL},
    };

    return kafka_client_new(&reader->config.kafka, KAFKA_CONSUMER, properties,
                            &reader->client, err);
}

/* Chunks that are gone are an answer, and no reason to begin elsewhere. */
static int open_topics(struct snapshot_reader *reader, struct error *err)
{
    char why[256];
    rd_kafka_topic_conf_t *conf = rd_kafka_topic_conf_new();

    if (rd_kafka_topic_conf_set(conf, "auto.offset.reset", "error", why,
                                sizeof(why)) != RD_KAFKA_CONF_OK) {
        rd_kafka_topic_conf_destroy(conf);
        return error_set(err, ERROR_CONFIG, "topic settings: %s", why);
    }
    reader->chunks =
        rd_kafka_topic_new(reader->client, reader->config.chunks, conf);
    reader->models =
        rd_kafka_topic_new(reader->client, reader->config.models, NULL);
    if (!reader->chunks || !reader->models)
        return error_set(err, ERROR_CONFIG, "topics '%s', '%s': %s",
                         reader->config.chunks, reader->config.models,
                         rd_kafka_err2str(rd_kafka_last_error()));
    return 0;
}

int snapshot_reader_open(const struct snapshot_reader_config *config,
                         struct snapshot_reader **out, struct error *err)
{
    struct snapshot_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return error_no_memory(err, "the snapshot reader");
    reader->config = *config;
    reader->next = RD_KAFKA_OFFSET_BEGINNING;
    if (manifest_list_new(config->name, &reader->list, err) < 0)
        goto failed;
    reader->list->trusted = config->trusted;
    if (check_topic(reader, config->models, err) < 0 ||
        check_topic(reader, config->chunks, err) < 0 ||
        connect_client(reader, err) < 0 || open_topics(reader, err) < 0 ||
        restart(reader, err) < 0)
        goto failed;
    *out = reader;
    return 0;

failed:
    snapshot_reader_close(reader);
    return -1;
}

void snapshot_reader_close(struct snapshot_reader *reader)
{
    if (!reader)
        return;
    if (reader->reading)
        rd_kafka_consume_stop(reader->models, PARTITION);
    if (reader->models)
        rd_kafka_topic_destroy(reader->models);
    if (reader->chunks)
        rd_kafka_topic_destroy(reader->chunks);
    kafka_close(reader->client);
    manifest_list_free(reader->list);
    free(reader);
}
