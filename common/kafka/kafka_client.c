#include "common/kafka/kafka_client.h"

#include "common/kafka/kafka_log.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <stdio.h>
#include <string.h>

enum { SECRET_SIZE = 1024 };

/* --- Our defaults ----------------------------------------------------- */

static const struct kafka_property common_defaults[] = {
    /* Small requests wait for nobody's acknowledgement. */
    {"socket.nagle.disable", "true"},
    /* A firewall that forgot the connection is noticed. */
    {"socket.keepalive.enable", "true"},
    /* Brokers close idle connections; that is not news. */
    {"log.connection.close", "false"},
    /* Back within two seconds after a broker's restart, not ten. */
    {"reconnect.backoff.max.ms", "2000"},
    /* By its default 2.16 forgets its brokers when it has lost all, and a call
     * about a transaction that was under way never returns, whatever its
     * time-out. Older libraries keep them, and do not know the property. */
    {"metadata.recovery.strategy", "none"},
    {NULL, NULL},
};

#define TEXT_OF_TOKEN(token) #token
#define TEXT_OF(macro) TEXT_OF_TOKEN(macro)

static const struct kafka_property consumer_defaults[] = {
    /* A flipped bit on the broker's disk must not become a score. */
    {"check.crcs", "true"},
    /* A typing error must not create a topic. */
    {"allow.auto.create.topics", "false"},
    /* Positions move with what was written: the owner commits them. */
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"isolation.level", "read_committed"},
    /* Where reading goes on when an offset is lost is decided by us. */
    {"auto.offset.reset", "error"},
    /* Eager: 2.0.2's cooperative-sticky loops, crashes and loses partitions. */
    {"partition.assignment.strategy", "range,roundrobin"},
    /* A member that is gone is replaced in ten seconds; one that hangs, in a
     * minute. */
    {"session.timeout.ms", "10000"},
    {"max.poll.interval.ms", "60000"},
    /* A partition that is added is seen within so long, not in 5 minutes. */
    {"topic.metadata.refresh.interval.ms", "30000"},
    /* So much is fetched ahead, by records and by bytes: with librdkafka's
     * bookkeeping at most 120 MB. Full queues cost no speed where fetching is
     * woken (consumer/read/fetch_wake.h). */
    {"queued.min.messages", TEXT_OF(KAFKA_AHEAD_RECORDS)},
    {"queued.max.messages.kbytes", TEXT_OF(KAFKA_AHEAD_KIB)},
    {"fetch.max.bytes", "2097152"},
    /* A fetch of partitions that are read to their ends keeps the others of
     * its broker waiting for so long. */
    {"fetch.wait.max.ms", "20"},
    {"receive.message.max.bytes", "33554432"},
    {NULL, NULL},
};

static const struct kafka_property producer_defaults[] = {
    /* No duplicate and no gap from the client's own retries. */
    {"enable.idempotence", "true"},
    {"acks", "all"},
    /* Enough to fill a batch at high rates, little beside a commit. */
    {"linger.ms", "5"},
    /* The bytes are the bound; a count of 100,000 is full in 0.1 s. */
    {"queue.buffering.max.messages", "1000000"},
    {"queue.buffering.max.kbytes", "131072"},
    /* The same key goes where a Java client would send it. */
    {"partitioner", "murmur2_random"},
    {NULL, NULL},
};

/* The embedded broker answers a fetch only when its wait is over, and does not
 * know the question about topics. */
static const struct kafka_property embedded_consumer[] = {
    {"fetch.wait.max.ms", "10"},
    {"allow.auto.create.topics", "true"},
    {NULL, NULL},
};

static const struct kafka_property admin_defaults[] = {
    /* Asking for a topic must not create it. */
    {"allow.auto.create.topics", "false"},
    {NULL, NULL},
};

static const struct {
    const char *prefix;
    const struct kafka_property *defaults;
} roles[] = {
    [KAFKA_CONSUMER] = {"consumer.", consumer_defaults},
    [KAFKA_PRODUCER] = {"producer.", producer_defaults},
    [KAFKA_ADMIN] = {"admin.", admin_defaults},
};

enum { ROLE_COUNT = sizeof(roles) / sizeof(roles[0]) };

/* --- Names that are refused ------------------------------------------- */

/* What people bring along from Java clients. */
static const struct kafka_property java_names[] = {
    {"key.serializer", "leave it out: pctr knows its own formats"},
    {"value.serializer", "leave it out: pctr knows its own formats"},
    {"key.deserializer", "leave it out: pctr knows its own formats"},
    {"value.deserializer", "leave it out: pctr knows its own formats"},
    {"sasl.jaas.config", "use sasl.username and sasl.password"},
    {"ssl.truststore.location", "use ssl.ca.location, a PEM file"},
    {"ssl.truststore.password", "use ssl.ca.location, a PEM file"},
    {"ssl.truststore.type", "use ssl.ca.location, a PEM file"},
    {"ssl.keystore.type", "use ssl.keystore.location, a PKCS#12 file"},
    {"ssl.truststore.certificates", "use ssl.ca.pem"},
    {"ssl.keystore.certificate.chain", "use ssl.certificate.pem"},
    {"ssl.keystore.key", "use ssl.key.pem"},
    {"max.poll.records", "the command's own batch setting decides"},
    {"fetch.max.wait.ms", "use fetch.wait.max.ms"},
    {"buffer.memory", "use queue.buffering.max.kbytes"},
    {"max.request.size", "use message.max.bytes"},
    {"partitioner.class", "use partitioner"},
    {"default.api.timeout.ms", "use socket.timeout.ms"},
    {"receive.buffer.bytes", "use socket.receive.buffer.bytes"},
    {"send.buffer.bytes", "use socket.send.buffer.bytes"},
    {NULL, NULL},
};

/* What would break a promise, or has a setting of its own. */
static const struct kafka_property reserved_names[] = {
    {"group.id", "a setting of the command names the group"},
    {"transactional.id", "it is made of group and slot"},
    {"statistics.interval.ms", "/metrics has what it would say"},
    {"enable.auto.commit", "positions move with what was written"},
    {"enable.auto.offset.store", "positions move with what was written"},
    {"enable.partition.eof", "each command needs it as it is"},
    {"isolation.level", "records of aborted transactions must not be read"},
    {"auto.offset.reset", "offset.start and offset.lost say where to read"},
    {"group.instance.id", "all workers of a process would have the same one"},
    {"enable.idempotence", "without it a retry may write a record twice"},
    {"acks", "a record that only some replicas have can be lost"},
    {"request.required.acks", "a record that only some replicas have can be "
                              "lost"},
    {"bootstrap.servers", "-b names the brokers"},
    {"metadata.broker.list", "-b names the brokers"},
    {NULL, NULL},
};

static const char *find(const struct kafka_property *settings, const char *name)
{
    for (; settings->name; settings++)
        if (strcmp(settings->name, name) == 0)
            return settings->value;
    return NULL;
}

/* Eager assignors only: 2.0.2's cooperative one loops, crashes and loses
 * partitions, and with it a scorer never gets any. */
static int check_value(const char *name, const char *value, struct error *err)
{
    const char *at = value;

    if (strcmp(name, "partition.assignment.strategy") != 0)
        return 0;
    while (*at) {
        size_t size = strcspn(at, ",");
        if (!(size == strlen("range") && strncmp(at, "range", size) == 0) &&
            !(size == strlen("roundrobin") &&
              strncmp(at, "roundrobin", size) == 0))
            return error_set(err, ERROR_CONFIG,
                             "Kafka property '%s': '%.*s' cannot be used: only "
                             "range and roundrobin give partitions up before "
                             "others get them",
                             name, (int)size, at);
        at += size;
        at += *at == ',';
    }
    return 0;
}

static int check_name(const char *name, struct error *err)
{
    const char *advice = find(java_names, name);

    if (advice)
        return error_set(err, ERROR_CONFIG,
                         "Kafka property '%s' belongs to Java clients: %s",
                         name, advice);
    advice = find(reserved_names, name);
    if (advice)
        return error_set(err, ERROR_CONFIG,
                         "Kafka property '%s' cannot be set: %s", name, advice);
    return 0;
}

static int unknown_property(rd_kafka_conf_t *conf, const char *name,
                            struct error *err)
{
    size_t count = 0;
    const char **known = rd_kafka_conf_dump(conf, &count);
    const char *nearest = NULL;
    size_t best = 4; /* further away than this is no help */

    for (size_t i = 0; i < count; i += 2) {
        size_t distance = config_name_distance(name, known[i]);
        if (distance < best) {
            best = distance;
            nearest = known[i];
        }
    }
    if (nearest)
        error_set(err, ERROR_CONFIG,
                  "unknown Kafka property '%s': did you mean '%s'?", name,
                  nearest);
    else
        error_set(err, ERROR_CONFIG,
                  "unknown Kafka property '%s': librdkafka's CONFIGURATION.md "
                  "lists them",
                  name);
    rd_kafka_conf_dump_free(known, count);
    return -1;
}

/* --- Building a configuration ----------------------------------------- */

int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                   struct error *err)
{
    char why[256];

    switch (rd_kafka_conf_set(conf, name, value, why, sizeof(why))) {
    case RD_KAFKA_CONF_OK:
        return 0;
    case RD_KAFKA_CONF_UNKNOWN:
        return unknown_property(conf, name, err);
    default:
        return error_set(err, ERROR_CONFIG, "Kafka property '%s': %s", name,
                         why);
    }
}

static int set_all(rd_kafka_conf_t *conf, const struct kafka_property *settings,
                   struct error *err)
{
    for (; settings->name; settings++)
        if (settings->value &&
            kafka_conf_set(conf, settings->name, settings->value, err) < 0)
            return -1;
    return 0;
}

/* Those that this version of the library knows. */
static int set_known(rd_kafka_conf_t *conf,
                     const struct kafka_property *settings, struct error *err)
{
    for (; settings->name; settings++) {
        size_t size = 0;
        if (rd_kafka_conf_get(conf, settings->name, NULL, &size) ==
                RD_KAFKA_CONF_OK &&
            kafka_conf_set(conf, settings->name, settings->value, err) < 0)
            return -1;
    }
    return 0;
}

/* The role that the name's prefix limits it to, or ROLE_COUNT for all. */
static int role_of(const char **name)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        size_t size = strlen(roles[role].prefix);
        if (strncmp(*name, roles[role].prefix, size) == 0) {
            *name += size;
            return role;
        }
    }
    return ROLE_COUNT;
}

/* OpenSSL does not say which file it could not read. */
static int check_file(const char *name, const char *value, struct error *err)
{
    const char suffix[] = ".location";
    const size_t size = strlen(name), own = sizeof(suffix) - 1;

    if (strncmp(name, "ssl.", 4) != 0 || size < own ||
        strcmp(name + size - own, suffix) != 0 || value[0] == '\0' ||
        strcmp(value, "probe") == 0 || access(value, R_OK) == 0)
        return 0;
    return error_set(err, ERROR_INPUT, "%s: '%s' cannot be read: %s", name,
                     value, strerror(errno));
}

static int set_property(rd_kafka_conf_t *conf, const char *name,
                        const char *value, struct error *err)
{
    char secret[SECRET_SIZE];

    if (check_name(name, err) < 0 || check_value(name, value, err) < 0 ||
        check_file(name, value, err) < 0)
        return -1;
    if (!config_is_secret(name))
        return kafka_conf_set(conf, name, value, err);
    if (config_take_secret(name, value, secret, sizeof(secret), err) < 0)
        return -1;
    int status = kafka_conf_set(conf, name, secret, err);
    explicit_bzero(secret, sizeof(secret));
    return status;
}

/* Those limited to `limit`. Those of other roles go to a configuration that
 * nobody uses, so that a mistake in any of them is found at the start. */
static int set_properties(rd_kafka_conf_t *conf,
                          const struct kafka_settings *settings, int limit,
                          struct error *err)
{
    for (size_t i = 0; i < settings->property_count; i++) {
        const struct config_property *property = &settings->properties[i];
        const char *name = property->name;
        if (role_of(&name) != limit)
            continue;
        if (set_property(conf, name, property->value, err) < 0)
            return -1;
    }
    return 0;
}

static int check_other_roles(const struct kafka_settings *settings,
                             enum kafka_role mine, struct error *err)
{
    int status = 0;
    rd_kafka_conf_t *unused = rd_kafka_conf_new();

    for (int role = 0; role < ROLE_COUNT && status == 0; role++)
        if (role != (int)mine)
            status = set_properties(unused, settings, role, err);
    rd_kafka_conf_destroy(unused);
    return status;
}

int kafka_conf(const struct kafka_settings *settings, enum kafka_role role,
               const struct kafka_property *properties, rd_kafka_conf_t **out,
               struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    rd_kafka_conf_set_log_cb(conf, kafka_log_line);
    if (kafka_conf_set(conf, "bootstrap.servers", settings->brokers, err) < 0 ||
        (settings->client_id[0] &&
         kafka_conf_set(conf, "client.id", settings->client_id, err) < 0) ||
        set_known(conf, common_defaults, err) < 0 ||
        set_all(conf, roles[role].defaults, err) < 0 ||
        (settings->embedded && role == KAFKA_CONSUMER &&
         set_all(conf, embedded_consumer, err) < 0) ||
        set_properties(conf, settings, ROLE_COUNT, err) < 0 ||
        set_properties(conf, settings, (int)role, err) < 0 ||
        check_other_roles(settings, role, err) < 0 ||
        (properties && set_all(conf, properties, err) < 0)) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    *out = conf;
    return 0;
}

int kafka_client_of(rd_kafka_conf_t *conf, enum kafka_role role,
                    rd_kafka_t **out, struct error *err)
{
    char why[256];
    rd_kafka_t *client = rd_kafka_new(
        role == KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf,
        why, sizeof(why));

    if (client) { /* it owns the configuration now */
        *out = client;
        return 0;
    }
    bool is_short =
        rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
    rd_kafka_conf_destroy(conf);
    return error_set(err, is_short ? ERROR_TEMPORARY : ERROR_CONFIG,
                     "Kafka client: %s", why);
}

int kafka_client_new(const struct kafka_settings *settings,
                     enum kafka_role role,
                     const struct kafka_property *properties, rd_kafka_t **out,
                     struct error *err)
{
    rd_kafka_conf_t *conf = NULL;

    if (kafka_conf(settings, role, properties, &conf, err) < 0)
        return -1;
    return kafka_client_of(conf, role, out, err);
}

/* A pipe and a socket for each broker and for the coordinator, and a pipe for
 * what the client tells itself. */
uint64_t kafka_descriptors(uint32_t clients, int32_t brokers)
{
    enum { PIPE = 2, SOCKET = 1 };
    uint64_t peers = (uint64_t)(brokers > 0 ? brokers : 1) + 1;

    return clients * (peers * (PIPE + SOCKET) + PIPE);
}

const char *kafka_library_version(void)
{
    return rd_kafka_version_str();
}

/* Before 2.6.1 librdkafka sends the client's nonce twice, which Kafka 4 takes
 * for a wrong password. */
static int check_scram(const struct kafka_settings *settings, struct error *err)
{
    enum { FIRST_GOOD = 0x020601ff };

    for (size_t i = 0; i < settings->property_count; i++) {
        const struct config_property *property = &settings->properties[i];
        const char *name = property->name;
        role_of(&name);
        if (strncmp(name, "sasl.mechanism", 14) == 0 &&
            strncmp(property->value, "SCRAM-", 6) == 0 &&
            rd_kafka_version() < FIRST_GOOD)
            return error_set(err, ERROR_CONFIG,
                             "%s=%s does not work with librdkafka %s, which "
                             "Kafka 4 answers with `invalid credentials`: use "
                             "librdkafka 2.6.1 or newer, or another mechanism",
                             property->name, property->value,
                             rd_kafka_version_str());
    }
    return 0;
}

int kafka_check(const struct kafka_settings *settings, struct error *err)
{
    if (check_scram(settings, err) < 0)
        return -1;
    for (int role = 0; role < ROLE_COUNT; role++) {
        rd_kafka_conf_t *conf = NULL;
        if (kafka_conf(settings, (enum kafka_role)role, NULL, &conf, err) < 0)
            return -1;
        rd_kafka_conf_destroy(conf);
    }
    return 0;
}

int kafka_check_clients(const struct kafka_settings *settings,
                        struct error *err)
{
    static const struct kafka_property in_group[] = {
        {"bootstrap.servers", ""}, {"group.id", "check-config"}, {NULL, NULL}};
    static const struct kafka_property alone[] = {{"bootstrap.servers", ""},
                                                  {NULL, NULL}};

    for (int role = 0; role < ROLE_COUNT; role++) {
        rd_kafka_conf_t *conf = NULL;
        rd_kafka_t *client = NULL;
        if (kafka_conf(settings, (enum kafka_role)role,
                       role == KAFKA_CONSUMER ? in_group : alone, &conf,
                       err) < 0)
            return -1;
        rd_kafka_conf_set_log_cb(conf, kafka_log_quiet);
        if (kafka_client_of(conf, (enum kafka_role)role, &client, err) < 0)
            return -1;
        rd_kafka_destroy(client);
    }
    return 0;
}

int kafka_check_codec(const char *name, struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int status = kafka_conf_set(conf, "compression.codec", name, err);

    rd_kafka_conf_destroy(conf);
    return status;
}

static void describe_defaults(const char *role,
                              const struct kafka_property *settings, FILE *out)
{
    for (; settings->name; settings++)
        fprintf(out, "| %s | `%s` | `%s` |\n", role, settings->name,
                settings->value);
}

void kafka_describe(FILE *out)
{
    fputs("| client | property | default |\n|---|---|---|\n", out);
    describe_defaults("all", common_defaults, out);
    describe_defaults("consumer", consumer_defaults, out);
    describe_defaults("producer", producer_defaults, out);
    describe_defaults("admin", admin_defaults, out);
}
