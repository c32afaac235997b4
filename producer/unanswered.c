#include "producer/unanswered.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

/* Of Kafka's protocol: the requests that change a transaction. */
enum {
    ADD_PARTITIONS_TO_TXN = 24,
    ADD_OFFSETS_TO_TXN = 25,
    END_TXN = 26,
    TXN_OFFSET_COMMIT = 28,
};

static const char owner[] = "pctr";

struct unanswered {
    atomic_long requests;
};

/* librdkafka tells of an answer twice: on the thread of the broker, which also
 * sends, and on the one that takes the answer. The first time counts. */
static _Thread_local bool is_sender;

static bool is_counted(int16_t request)
{
    return request == ADD_PARTITIONS_TO_TXN || request == ADD_OFFSETS_TO_TXN ||
           request == END_TXN || request == TXN_OFFSET_COMMIT;
}

static rd_kafka_resp_err_t on_sent(rd_kafka_t *client, int socket,
                                   const char *broker, int32_t broker_id,
                                   int16_t request, int16_t version, int32_t id,
                                   size_t size, void *context)
{
    struct unanswered *self = context;

    (void)client, (void)socket, (void)broker, (void)broker_id;
    (void)version, (void)id, (void)size;
    is_sender = true;
    if (is_counted(request))
        atomic_fetch_add(&self->requests, 1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Also called for a request that failed without an answer; `failed` says so. */
static rd_kafka_resp_err_t
on_received(rd_kafka_t *client, int socket, const char *broker,
            int32_t broker_id, int16_t request, int16_t version, int32_t id,
            size_t size, int64_t rtt, rd_kafka_resp_err_t failed, void *context)
{
    struct unanswered *self = context;

    (void)client, (void)socket, (void)broker, (void)broker_id;
    (void)version, (void)id, (void)size, (void)rtt;
    if (is_sender && is_counted(request) && !failed)
        atomic_fetch_sub(&self->requests, 1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_client(rd_kafka_t *client,
                                     const rd_kafka_conf_t *conf, void *context,
                                     char *why, size_t size)
{
    rd_kafka_resp_err_t failed = rd_kafka_interceptor_add_on_request_sent(
        client, owner, on_sent, context);

    (void)conf, (void)why, (void)size;
    if (failed)
        return failed;
    return rd_kafka_interceptor_add_on_response_received(client, owner,
                                                         on_received, context);
}

int unanswered_new(rd_kafka_conf_t *conf, struct unanswered **out,
                   struct error *err)
{
    struct unanswered *self = malloc(sizeof(*self));

    if (!self)
        return error_no_memory(err, "the count of a producer's requests");
    atomic_init(&self->requests, 0);
    rd_kafka_resp_err_t failed =
        rd_kafka_conf_interceptor_add_on_new(conf, owner, on_client, self);
    if (failed) {
        free(self);
        return error_set(err, ERROR_FAILED, "watch a producer's requests: %s",
                         rd_kafka_err2str(failed));
    }
    *out = self;
    return 0;
}

bool unanswered_any(const struct unanswered *self)
{
    return atomic_load(&self->requests) > 0;
}

void unanswered_free(struct unanswered *self)
{
    free(self);
}
