#include "producer/publisher_verdict.h"

#include <librdkafka/rdkafka.h>

static const struct {
    rd_kafka_resp_err_t error;
    enum publisher_verdict verdict;
} by_name[] = {
    {RD_KAFKA_RESP_ERR__FENCED, PUBLISHER_FENCED},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, PUBLISHER_FENCED},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, PUBLISHER_FENCED},
    /* 2.0.2 says "abort"; Kafka 4 made it fatal since going on can write
     * twice (KAFKA-18019). */
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, PUBLISHER_REBUILD},
};

enum publisher_verdict publisher_verdict_of(rd_kafka_error_t *error,
                                            const char *what, struct error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    enum publisher_verdict verdict = rd_kafka_error_txn_requires_abort(error)
                                         ? PUBLISHER_ABORT
                                         : PUBLISHER_REBUILD;

    for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
        if (by_name[i].error == code)
            verdict = by_name[i].verdict;
    error_set(err,
              verdict == PUBLISHER_FENCED ? ERROR_FENCED
                                          : kafka_error_code(code),
              "%s: %s", what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return verdict;
}
