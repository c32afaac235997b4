#include "consumer/letters/redrive_ledger.h"

#include "common/kafka/kafka_close.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redrive_ledger {
    char group[128], topic[250];
    int32_t partitions;
    rd_kafka_t *client; /* asks for the group's offsets, and never joins it */
    rd_kafka_consumer_group_metadata_t *metadata;
    struct redrive_account *accounts; /* (partitions) */
};

static int connect_client(struct redrive_ledger *ledger,
                          const struct kafka_settings *kafka,
                          enum ledger_view view, struct error *err)
{
    const struct kafka_property properties[] = {
        {"group.id", ledger->group},
        {"isolation.level", view == LEDGER_AWAITS_TRANSACTIONS
                                ? "read_committed"
                                : "read_uncommitted"},
        {NULL, NULL},
    };

    return kafka_client_new(kafka, KAFKA_CONSUMER, properties, &ledger->client,
                            err);
}

int redrive_ledger_open(const struct kafka_settings *kafka,
                        const struct redrive_ledger_config *config,
                        struct redrive_ledger **out, struct error *err)
{
    const int32_t partitions = config->partitions;
    struct redrive_ledger *ledger = calloc(1, sizeof(*ledger));

    if (!ledger)
        return error_no_memory(err, "the ledger of redrive");
    snprintf(ledger->group, sizeof(ledger->group), "%s", config->group);
    snprintf(ledger->topic, sizeof(ledger->topic), "%s", config->topic);
    ledger->partitions = partitions;
    ledger->accounts = calloc((size_t)partitions, sizeof(*ledger->accounts));
    if (!ledger->accounts) {
        error_no_memory(err, "the ledger of redrive");
        goto failed;
    }
    if (connect_client(ledger, kafka, config->view, err) < 0)
        goto failed;
    ledger->metadata = rd_kafka_consumer_group_metadata_new(config->group);
    *out = ledger;
    return 0;

failed:
    redrive_ledger_close(ledger);
    return -1;
}

static rd_kafka_topic_partition_list_t *
list_partitions(const struct redrive_ledger *ledger)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(ledger->partitions);

    rd_kafka_topic_partition_list_add_range(list, ledger->topic, 0,
                                            ledger->partitions - 1);
    return list;
}

static int take(struct redrive_ledger *ledger,
                const rd_kafka_topic_partition_t *committed, struct error *err)
{
    if (committed->err)
        return error_set(err, kafka_error_code((int)committed->err),
                         "offsets of group '%s': %s", ledger->group,
                         rd_kafka_err2str(committed->err));
    if (redrive_account_parse(committed->offset < 0 ? 0 : committed->offset,
                              committed->metadata, committed->metadata_size,
                              &ledger->accounts[committed->partition], err) < 0)
        return error_wrap(err, "group '%s', partition %" PRId32, ledger->group,
                          committed->partition);
    return 0;
}

int redrive_ledger_read(struct redrive_ledger *ledger, unsigned timeout_ms,
                        struct error *err)
{
    rd_kafka_topic_partition_list_t *list = list_partitions(ledger);
    rd_kafka_resp_err_t error =
        rd_kafka_committed(ledger->client, list, (int)timeout_ms);
    int status = 0;

    error = (rd_kafka_resp_err_t)kafka_group_error(ledger->client, (int)error);
    if (error)
        status = error_set(err, kafka_error_code((int)error),
                           "offsets of group '%s': %s", ledger->group,
                           rd_kafka_err2str(error));
    for (int i = 0; status == 0 && i < list->cnt; i++)
        status = take(ledger, &list->elems[i], err);
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

struct redrive_account *redrive_ledger_account(struct redrive_ledger *ledger,
                                               int32_t partition)
{
    return &ledger->accounts[partition];
}

/* The list frees the text. */
static int fill(const struct redrive_account *account,
                rd_kafka_topic_partition_t *to, struct error *err)
{
    char text[REDRIVE_TEXT_SIZE];

    if (redrive_account_print(account, text, err) < 0)
        return -1;
    to->offset = account->base;
    if (!text[0])
        return 0;
    to->metadata = strdup(text);
    to->metadata_size = strlen(text);
    return to->metadata ? 0 : error_no_memory(err, "the ledger of redrive");
}

enum publisher_verdict redrive_ledger_send(struct redrive_ledger *ledger,
                                           struct publisher *publisher,
                                           struct error *err)
{
    rd_kafka_topic_partition_list_t *list = list_partitions(ledger);
    enum publisher_verdict verdict = PUBLISHER_OK;

    for (int i = 0; verdict == PUBLISHER_OK && i < list->cnt; i++)
        if (fill(&ledger->accounts[list->elems[i].partition], &list->elems[i],
                 err) < 0)
            verdict = PUBLISHER_ABORT;
    if (verdict == PUBLISHER_OK)
        verdict =
            publisher_send_offsets(publisher, list, ledger->metadata, err);
    rd_kafka_topic_partition_list_destroy(list);
    return verdict;
}

void redrive_ledger_close(struct redrive_ledger *ledger)
{
    if (!ledger)
        return;
    if (ledger->metadata)
        rd_kafka_consumer_group_metadata_destroy(ledger->metadata);
    kafka_close(ledger->client);
    free(ledger->accounts);
    free(ledger);
}
