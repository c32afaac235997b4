/*
 * bench_bare_loop.c - consume and produce the same bytes with librdkafka and
 * nothing else: what a scorer in the same mode is measured against.
 *
 *   bench_bare_loop BROKERS GROUP IN OUT ROWS COMMIT_MS LINGER_MS
 *
 * COMMIT_MS 0 is at-least-once: a flush, then the positions, every second.
 * Above 0 it is exactly-once: a transaction of that length. ROWS 0 goes on
 * until it is killed. No recovery: any error ends it.
 */
#include "common/base/clock.h"

#include <librdkafka/rdkafka.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 10000, WAIT_MS = 10, POSITIONS_MS = 1000, PARTITIONS_MAX = 256 };

struct loop {
    const char *group, *in;
    int64_t rows, commit_ms;
    rd_kafka_t *from, *to;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *out;
    int64_t next[PARTITIONS_MAX]; /* 0: nothing taken */
    bool open;
    int64_t opened_ms;
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_bare_loop: %s: %s\n", what, why);
    exit(1);
}

static void must(rd_kafka_resp_err_t failed, const char *what)
{
    if (failed)
        die(what, rd_kafka_err2str(failed));
}

static void must_not(rd_kafka_error_t *error, const char *what)
{
    if (error)
        die(what, rd_kafka_error_string(error));
}

/* NULL ends the pairs of name and value. */
static rd_kafka_t *client(rd_kafka_type_t type, ...)
{
    char why[256];
    const char *name;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    va_list pairs;

    va_start(pairs, type);
    while ((name = va_arg(pairs, const char *)))
        if (rd_kafka_conf_set(conf, name, va_arg(pairs, const char *), why,
                              sizeof(why)))
            die(name, why);
    va_end(pairs);
    rd_kafka_t *made = rd_kafka_new(type, conf, why, sizeof(why));
    if (!made)
        die("client", why);
    return made;
}

/* The settings that matter for speed are the scorer's. */
static void open_consumer(struct loop *loop, const char *brokers)
{
    loop->from = client(
        RD_KAFKA_CONSUMER, "bootstrap.servers", brokers, "group.id",
        loop->group, "auto.offset.reset", "earliest", "enable.auto.commit",
        "false", "enable.auto.offset.store", "false", "isolation.level",
        "read_committed", "check.crcs", "true", "queued.min.messages",
        "1000000", "queued.max.messages.kbytes", "49152", "fetch.max.bytes",
        "8388608", "socket.nagle.disable", "true", NULL);
    rd_kafka_poll_set_consumer(loop->from);
    loop->queue = rd_kafka_queue_get_consumer(loop->from);

    rd_kafka_topic_partition_list_t *topics =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, loop->in, RD_KAFKA_PARTITION_UA);
    must(rd_kafka_subscribe(loop->from, topics), "subscribe");
    rd_kafka_topic_partition_list_destroy(topics);
}

static void open_producer(struct loop *loop, const char *brokers,
                          const char *out, const char *linger_ms)
{
    const struct rd_kafka_metadata *metadata = NULL;
    const bool atomic = loop->commit_ms > 0;

    loop->to = client(
        RD_KAFKA_PRODUCER, "bootstrap.servers", brokers, "linger.ms", linger_ms,
        "enable.idempotence", "true", "delivery.report.only.error", "true",
        "queue.buffering.max.messages", "1000000", "queue.buffering.max.kbytes",
        "131072", "socket.nagle.disable", "true",
        atomic ? "transactional.id" : NULL, loop->group, NULL);
    loop->out = rd_kafka_topic_new(loop->to, out, NULL);
    must(rd_kafka_metadata(loop->to, 0, loop->out, &metadata, 10000), out);
    rd_kafka_metadata_destroy(metadata);
    if (atomic)
        must_not(rd_kafka_init_transactions(loop->to, 30000), "init");
}

static void copy(struct loop *loop, const rd_kafka_message_t *message)
{
    if (message->err)
        die("consume", rd_kafka_message_errstr(message));
    loop->next[message->partition] = message->offset + 1;
    while (rd_kafka_produce(loop->out, message->partition, RD_KAFKA_MSG_F_COPY,
                            message->payload, message->len, message->key,
                            message->key_len, NULL) < 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            must(rd_kafka_last_error(), "produce");
        rd_kafka_poll(loop->to, WAIT_MS);
    }
}

static void begin(struct loop *loop)
{
    if (loop->open)
        return;
    loop->open = true;
    loop->opened_ms = clock_monotonic_ms();
    if (loop->commit_ms > 0)
        must_not(rd_kafka_begin_transaction(loop->to), "begin");
}

/* Returns how many were copied. */
static int64_t turn(struct loop *loop)
{
    static rd_kafka_message_t *batch[BATCH];

    batch[0] = rd_kafka_consumer_poll(loop->from, WAIT_MS);
    rd_kafka_poll(loop->to, 0);
    if (!batch[0])
        return 0;
    begin(loop);
    ssize_t count =
        1 + rd_kafka_consume_batch_queue(loop->queue, 0, batch + 1, BATCH - 1);
    for (ssize_t i = 0; i < count; i++) {
        copy(loop, batch[i]);
        rd_kafka_message_destroy(batch[i]);
    }
    return count;
}

static void commit_with(struct loop *loop,
                        rd_kafka_topic_partition_list_t *next)
{
    if (loop->commit_ms == 0) {
        must(rd_kafka_flush(loop->to, 60000), "flush");
        must(rd_kafka_commit(loop->from, next, 1), "commit");
        return;
    }
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata(loop->from);
    must_not(rd_kafka_send_offsets_to_transaction(loop->to, next, group, 30000),
             "send offsets");
    rd_kafka_consumer_group_metadata_destroy(group);
    must_not(rd_kafka_commit_transaction(loop->to, 30000), "commit");
}

static void commit(struct loop *loop)
{
    rd_kafka_topic_partition_list_t *next =
        rd_kafka_topic_partition_list_new(PARTITIONS_MAX);

    for (int32_t p = 0; p < PARTITIONS_MAX; p++)
        if (loop->next[p] > 0)
            rd_kafka_topic_partition_list_add(next, loop->in, p)->offset =
                loop->next[p];
    commit_with(loop, next);
    rd_kafka_topic_partition_list_destroy(next);
    loop->open = false;
}

static void run(struct loop *loop)
{
    const int64_t interval_ms =
        loop->commit_ms > 0 ? loop->commit_ms : POSITIONS_MS;

    for (int64_t done = 0; loop->rows == 0 || done < loop->rows;) {
        done += turn(loop);
        if (loop->open && clock_monotonic_ms() - loop->opened_ms >= interval_ms)
            commit(loop);
    }
    if (loop->open)
        commit(loop);
}

int main(int argc, char **argv)
{
    static struct loop loop;

    if (argc != 8) {
        fputs("usage: bench_bare_loop BROKERS GROUP IN OUT ROWS COMMIT_MS "
              "LINGER_MS\n",
              stderr);
        return 2;
    }
    loop.group = argv[2];
    loop.in = argv[3];
    loop.rows = strtoll(argv[5], NULL, 10);
    loop.commit_ms = strtoll(argv[6], NULL, 10);
    open_producer(&loop, argv[1], argv[4], argv[7]);
    open_consumer(&loop, argv[1]);
    run(&loop);

    rd_kafka_topic_destroy(loop.out);
    rd_kafka_destroy(loop.to);
    rd_kafka_queue_destroy(loop.queue);
    rd_kafka_consumer_close(loop.from);
    rd_kafka_destroy(loop.from);
    return 0;
}
