/*
 * kafka_topic.c - asking for topics and creating them, over a short-lived
 * client: the answer, or the reason why there is none, within the time given.
 */
#include "common/clock.h"
#include "common/kafka_client.h"
#include "common/kafka_log.h"

#include <librdkafka/rdkafka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLICE_MS = 250,
    /* After "all brokers down": time for the second address of a name. */
    LAST_CHANCE_MS = 1500,
};

struct contact {
    const struct kafka_settings *settings;
    rd_kafka_t *client;
    int64_t deadline_ms;
    bool down;
    struct error reason; /* why no broker answers, as far as we know */
};

/* --- Getting in touch -------------------------------------------------------
 */

/* "host:1/bootstrap: Connect to ipv4#... failed: Connection refused (after
 * 0ms in state CONNECT)" becomes "connection refused". */
static void tell_reason(struct error *reason, enum error_code code,
                        const char *text)
{
    const char *found = strstr(text, "failed: ");

    if (found)
        text = found + strlen("failed: ");
    int size = (int)strlen(text);
    found = strstr(text, " (after ");
    if (found)
        size = (int)(found - text);
    error_set(reason, code, "%.*s", size, text);
    reason->text[0] = (char)tolower((unsigned char)reason->text[0]);
}

static void on_trouble(rd_kafka_t *client, int error, const char *text,
                       void *opaque)
{
    struct contact *contact = opaque;

    (void)client;
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        tell_reason(&contact->reason, kafka_error_code(error), text);
    } else if (!contact->down) {
        int64_t last_chance = clock_monotonic_ms() + LAST_CHANCE_MS;
        contact->down = true;
        if (last_chance < contact->deadline_ms)
            contact->deadline_ms = last_chance;
    }
}

static int contact_open(struct contact *contact,
                        const struct kafka_settings *settings,
                        unsigned timeout_ms, struct error *err)
{
    char why[256];
    rd_kafka_conf_t *conf;

    memset(contact, 0, sizeof(*contact));
    contact->settings = settings;
    contact->deadline_ms = clock_monotonic_ms() + timeout_ms;
    error_set(&contact->reason, ERROR_UNAVAILABLE, "no answer in %u ms",
              timeout_ms);
    if (kafka_conf(settings, KAFKA_ADMIN, &conf, err) < 0)
        return -1;
    rd_kafka_conf_set_opaque(conf, contact);
    rd_kafka_conf_set_error_cb(conf, on_trouble);
    rd_kafka_conf_set_log_cb(conf, kafka_log_quiet);
    /* A consumer, because only a consumer can ask without creating. */
    contact->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (contact->client)
        return 0;
    rd_kafka_conf_destroy(conf);
    return error_set(err, ERROR_CONFIG, "Kafka client: %s", why);
}

static void contact_close(struct contact *contact)
{
    if (contact->client)
        rd_kafka_destroy_flags(contact->client,
                               RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static int no_broker(const struct contact *contact, struct error *err)
{
    const struct error *reason = &contact->reason;

    if (reason->code == ERROR_AUTH)
        return error_set(err, ERROR_AUTH, "broker at %s: %s",
                         contact->settings->brokers, reason->text);
    return error_set(err, ERROR_UNAVAILABLE,
                     "no broker at %s: %s; is Kafka running there?",
                     contact->settings->brokers, reason->text);
}

static bool is_silence(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__TRANSPORT ||
           error == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

/* --- The number of partitions -----------------------------------------------
 */

static int take_metadata(const struct rd_kafka_metadata *metadata,
                         const char *name, struct kafka_topic *out,
                         struct error *err)
{
    rd_kafka_resp_err_t error = metadata->topic_cnt == 1
                                    ? metadata->topics[0].err
                                    : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;

    if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return error_set(err, ERROR_UNAVAILABLE,
                         "no topic '%s': `pctr topics` creates it", name);
    if (error)
        return error_set(err, kafka_error_code(error), "topic '%s': %s", name,
                         rd_kafka_err2str(error));
    out->partitions = metadata->topics[0].partition_cnt;
    return 0;
}

/* A topic is without a leader for a moment after its creation. */
static bool is_settling(const struct rd_kafka_metadata *metadata)
{
    return metadata->topic_cnt == 1 &&
           metadata->topics[0].err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

static int ask_metadata(struct contact *contact, rd_kafka_topic_t *topic,
                        struct kafka_topic *out, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;

    while (clock_monotonic_ms() < contact->deadline_ms) {
        error =
            rd_kafka_metadata(contact->client, 0, topic, &metadata, SLICE_MS);
        rd_kafka_poll(contact->client, 0);
        if (error ? !is_silence(error) : !is_settling(metadata))
            break;
        if (!error) {
            rd_kafka_metadata_destroy(metadata);
            clock_sleep_ms(SLICE_MS / 10);
            error = RD_KAFKA_RESP_ERR__TIMED_OUT;
        }
    }
    if (is_silence(error))
        return no_broker(contact, err);
    if (error)
        return error_set(err, kafka_error_code(error), "topic '%s': %s",
                         out->name, rd_kafka_err2str(error));
    int status = take_metadata(metadata, out->name, out, err);
    rd_kafka_metadata_destroy(metadata);
    return status;
}

static int describe_partitions(struct contact *contact, struct kafka_topic *out,
                               struct error *err)
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

/* --- Requests of the admin interface ----------------------------------------
 */

/* Waits for the answer to the request that was put on `queue`; NULL where
 * none came in time. */
static rd_kafka_event_t *await(struct contact *contact, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = NULL;

    while (!event && clock_monotonic_ms() < contact->deadline_ms) {
        event = rd_kafka_queue_poll(queue, SLICE_MS);
        rd_kafka_poll(contact->client, 0);
    }
    return event;
}

static int remaining_ms(const struct contact *contact)
{
    int64_t left = contact->deadline_ms - clock_monotonic_ms();

    return left > 1 ? (int)left : 1;
}

static rd_kafka_AdminOptions_t *new_options(const struct contact *contact,
                                            rd_kafka_admin_op_t operation)
{
    char why[128];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(contact->client, operation);
    rd_kafka_resp_err_t error = rd_kafka_AdminOptions_set_request_timeout(
        options, remaining_ms(contact), why, sizeof(why));

    (void)error; /* only a negative time is refused */
    return options;
}

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
static int describe_configs(struct contact *contact, struct kafka_topic *out,
                            struct error *err)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(contact->client);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, out->name);
    rd_kafka_AdminOptions_t *options =
        new_options(contact, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);

    rd_kafka_DescribeConfigs(contact->client, &resource, 1, options, queue);
    rd_kafka_event_t *event = await(contact, queue);
    bool silent = !event || is_silence(rd_kafka_event_error(event));
    if (event && !rd_kafka_event_error(event))
        take_configs(event, out);

    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_queue_destroy(queue);
    return silent ? no_broker(contact, err) : 0;
}

int kafka_topic_describe(const struct kafka_settings *settings,
                         const char *topic, unsigned timeout_ms,
                         struct kafka_topic *out, struct error *err)
{
    struct contact contact;
    int status = -1;

    memset(out, 0, sizeof(*out));
    if (strlen(topic) >= sizeof(out->name))
        return error_set(err, ERROR_CONFIG, "topic '%.40s...': too long",
                         topic);
    strcpy(out->name, topic);
    if (contact_open(&contact, settings, timeout_ms, err) == 0 &&
        describe_partitions(&contact, out, err) == 0)
        status = settings->embedded ? 0 : describe_configs(&contact, out, err);
    contact_close(&contact);
    return status;
}

/* --- Creating ---------------------------------------------------------------
 */

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

static int take_created(const struct contact *contact, rd_kafka_event_t *event,
                        const char *name, bool *created, struct error *err)
{
    size_t count = 0;
    rd_kafka_resp_err_t error =
        event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    const char *why = event ? rd_kafka_event_error_string(event) : NULL;

    if (is_silence(error))
        return no_broker(contact, err);
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

int kafka_topic_create(const struct kafka_settings *settings,
                       const struct kafka_topic_plan *plan, unsigned timeout_ms,
                       bool *created, struct error *err)
{
    struct contact contact;

    if (settings->embedded)
        return error_set(err, ERROR_CONFIG,
                         "create topic '%s': the embedded broker's topics are "
                         "made at its start",
                         plan->name);
    rd_kafka_NewTopic_t *topic = new_topic(plan, err);
    if (!topic)
        return -1;
    if (contact_open(&contact, settings, timeout_ms, err) < 0) {
        rd_kafka_NewTopic_destroy(topic);
        return -1;
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(contact.client);
    rd_kafka_AdminOptions_t *options =
        new_options(&contact, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(contact.client, &topic, 1, options, queue);
    rd_kafka_event_t *event = await(&contact, queue);
    int status = take_created(&contact, event, plan->name, created, err);

    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(topic);
    contact_close(&contact);
    return status;
}
