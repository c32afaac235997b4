/*
 * kafka_topic.c - what a topic is like, and making one.
 */
#include "common/base/clock.h"

#include "common/base/text.h"
#include "common/kafka/kafka_client.h"
#include "common/kafka/kafka_contact.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The number of partitions ----------------------------------------- */

static int take_topic(const struct rd_kafka_metadata *metadata,
                      const char *name, struct kafka_topic *out,
                      struct error *err)
{
    rd_kafka_resp_err_t error = metadata->topic_cnt == 1
                                    ? metadata->topics[0].err
                                    : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        out->is_missing = true;
        return error_set(
            err, ERROR_UNAVAILABLE,
            "no topic '%s': `pctr topics` creates it (its --topic.* "
            "options take other names)",
            name);
    }
    if (error)
        return error_set(err, kafka_error_code(error), "topic '%s': %s", name,
                         rd_kafka_err2str(error));
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    out->partitions = topic->partition_cnt;
    for (int i = 0; i < topic->partition_cnt; i++) {
        const struct rd_kafka_metadata_partition *is = &topic->partitions[i];
        if (i == 0 || is->replica_cnt < out->replicas)
            out->replicas = is->replica_cnt;
        if (i == 0 || is->isr_cnt < out->insync_replicas)
            out->insync_replicas = is->isr_cnt;
        out->leaderless += is->leader < 0;
    }
    return 0;
}

/* For a moment after its creation a topic has no leader, and some brokers have
 * not heard of it. */
static bool is_settling(const struct kafka_contact *contact,
                        const struct rd_kafka_metadata *metadata)
{
    rd_kafka_resp_err_t error = metadata->topic_cnt == 1
                                    ? metadata->topics[0].err
                                    : RD_KAFKA_RESP_ERR_NO_ERROR;

    return error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           (contact->fresh && error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

static int ask_metadata(struct kafka_contact *contact, rd_kafka_topic_t *topic,
                        struct kafka_topic *out, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;

    while (kafka_contact_goes_on(contact)) {
        error = rd_kafka_metadata(contact->client, 0, topic, &metadata,
                                  KAFKA_CONTACT_SLICE_MS);
        rd_kafka_poll(contact->client, 0);
        if (error ? !kafka_contact_is_silence(error)
                  : !is_settling(contact, metadata))
            break;
        if (!error) {
            rd_kafka_metadata_destroy(metadata);
            clock_sleep_ms(KAFKA_CONTACT_SLICE_MS / 10);
            error = RD_KAFKA_RESP_ERR__TIMED_OUT;
        }
    }
    if (kafka_contact_is_silence(error))
        return kafka_contact_no_broker(contact, err);
    if (error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
        return error_set(err, ERROR_CONFIG,
                         "%s does not answer as a broker does to its clients: "
                         "is it the port of a controller?",
                         contact->settings->brokers);
    if (error)
        return error_set(err, kafka_error_code(error), "topic '%s': %s",
                         out->name, rd_kafka_err2str(error));
    out->brokers = metadata->broker_cnt;
    int status = take_topic(metadata, out->name, out, err);
    rd_kafka_metadata_destroy(metadata);
    return status;
}

static int describe_partitions(struct kafka_contact *contact,
                               struct kafka_topic *out, struct error *err)
{
    rd_kafka_topic_t *topic =
        rd_kafka_topic_new(contact->client, out->name, NULL);

    if (!topic)
        return error_set(err, ERROR_CONFIG, "topic '%s': %s", out->name,
                         rd_kafka_err2str(rd_kafka_last_error()));
    int status = ask_metadata(contact, topic, out, err);
    rd_kafka_topic_destroy(topic);
    return status;
}

/* --- Configuration ---------------------------------------------------- */

static int64_t number_of(const rd_kafka_ConfigEntry_t *entry)
{
    const char *text = rd_kafka_ConfigEntry_value(entry);

    return text ? strtoll(text, NULL, 10) : 0;
}

static void take_entry(const rd_kafka_ConfigEntry_t *entry,
                       struct kafka_topic *out)
{
    const char *name = rd_kafka_ConfigEntry_name(entry);
    const char *text = rd_kafka_ConfigEntry_value(entry);

    if (strcmp(name, "retention.ms") == 0)
        out->retention_ms = number_of(entry);
    else if (strcmp(name, "max.message.bytes") == 0)
        out->max_message_bytes = number_of(entry);
    else if (strcmp(name, "min.insync.replicas") == 0)
        out->min_insync_replicas = number_of(entry);
    else if (strcmp(name, "cleanup.policy") == 0)
        out->compacted = text && strstr(text, "compact");
}

static void take_configs(rd_kafka_event_t *event, struct kafka_topic *out)
{
    size_t count = 0;
    const rd_kafka_DescribeConfigs_result_t *result =
        rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(result, &count);

    if (count != 1 || rd_kafka_ConfigResource_error(resources[0]))
        return;
    const rd_kafka_ConfigEntry_t **entries =
        rd_kafka_ConfigResource_configs(resources[0], &count);
    for (size_t i = 0; i < count; i++)
        take_entry(entries[i], out);
    out->configured = true;
}

/* A broker that cannot or may not tell leaves `configured` false: the
 * embedded one knows no such request, and an ACL may forbid it. */
static int describe_configs(struct kafka_contact *contact,
                            struct kafka_topic *out, struct error *err)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(contact->client);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, out->name);
    rd_kafka_AdminOptions_t *options =
        kafka_contact_options(contact, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);

    rd_kafka_DescribeConfigs(contact->client, &resource, 1, options, queue);
    rd_kafka_event_t *event = kafka_contact_await(contact, queue);
    bool silent =
        !event || kafka_contact_is_silence(rd_kafka_event_error(event));
    if (event && !rd_kafka_event_error(event))
        take_configs(event, out);

    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_queue_destroy(queue);
    return silent ? kafka_contact_no_broker(contact, err) : 0;
}

int kafka_topic_describe(const struct kafka_settings *settings,
                         const char *topic, unsigned timeout_ms,
                         struct kafka_topic *out, struct error *err)
{
    struct kafka_contact contact;
    int status = -1;

    memset(out, 0, sizeof(*out));
    if (strlen(topic) >= sizeof(out->name))
        return error_set(err, ERROR_CONFIG, "topic '%.40s...': too long",
                         topic);
    text_copy(out->name, sizeof(out->name), topic);
    if (kafka_contact_open(&contact, settings, timeout_ms, err) == 0 &&
        describe_partitions(&contact, out, err) == 0)
        status = settings->embedded ? 0 : describe_configs(&contact, out, err);
    kafka_contact_close(&contact);
    return status;
}

/* --- Creating --------------------------------------------------------- */

static rd_kafka_NewTopic_t *new_topic(const struct kafka_topic_plan *plan,
                                      struct error *err)
{
    char why[256];
    size_t count = sizeof(plan->configs) / sizeof(plan->configs[0]);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        plan->name, plan->partitions, plan->replicas, why, sizeof(why));

    if (!topic) {
        error_set(err, ERROR_CONFIG, "create topic '%s': %s", plan->name, why);
        return NULL;
    }
    for (size_t i = 0; i < count && plan->configs[i][0]; i++) {
        rd_kafka_resp_err_t error = rd_kafka_NewTopic_set_config(
            topic, plan->configs[i][0], plan->configs[i][1]);
        if (error) {
            error_set(err, ERROR_CONFIG, "create topic '%s': %s: %s",
                      plan->name, plan->configs[i][0], rd_kafka_err2str(error));
            rd_kafka_NewTopic_destroy(topic);
            return NULL;
        }
    }
    return topic;
}

static int take_created(const struct kafka_contact *contact,
                        rd_kafka_event_t *event, const char *name,
                        bool *created, struct error *err)
{
    size_t count = 0;
    rd_kafka_resp_err_t error =
        event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    const char *why = event ? rd_kafka_event_error_string(event) : NULL;

    if (kafka_contact_is_silence(error))
        return kafka_contact_no_broker(contact, err);
    if (!error) {
        const rd_kafka_topic_result_t **topics =
            rd_kafka_CreateTopics_result_topics(
                rd_kafka_event_CreateTopics_result(event), &count);
        error = rd_kafka_topic_result_error(topics[0]);
        why = rd_kafka_topic_result_error_string(topics[0]);
    }
    *created = !error;
    if (!error || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return 0;
    return error_set(err, kafka_error_code(error), "create topic '%s': %s",
                     name, why ? why : rd_kafka_err2str(error));
}

static int await_known(struct kafka_contact *contact, const char *name,
                       struct error *err)
{
    struct kafka_topic topic;

    contact->fresh = true;
    snprintf(topic.name, sizeof(topic.name), "%s", name);
    return describe_partitions(contact, &topic, err);
}

int kafka_topic_create(const struct kafka_settings *settings,
                       const struct kafka_topic_plan *plan, unsigned timeout_ms,
                       bool *created, struct error *err)
{
    struct kafka_contact contact;

    if (settings->embedded)
        return error_set(err, ERROR_CONFIG,
                         "create topic '%s': the embedded broker's topics are "
                         "made at its start",
                         plan->name);
    rd_kafka_NewTopic_t *topic = new_topic(plan, err);
    if (!topic)
        return -1;
    if (kafka_contact_open(&contact, settings, timeout_ms, err) < 0) {
        rd_kafka_NewTopic_destroy(topic);
        return -1;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(contact.client);
    rd_kafka_AdminOptions_t *options =
        kafka_contact_options(&contact, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(contact.client, &topic, 1, options, queue);
    rd_kafka_event_t *event = kafka_contact_await(&contact, queue);
    int status = take_created(&contact, event, plan->name, created, err);
    if (status == 0 && *created)
        status = await_known(&contact, plan->name, err);

    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    kafka_contact_close(&contact);
    return status;
}
