#include "common/kafka/kafka_contact.h"

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/stop.h"
#include "common/kafka/kafka_close.h"
#include "common/kafka/kafka_log.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* After "all brokers down": time for the second address of a name. */
enum { LAST_CHANCE_MS = 1500 };

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

/* librdkafka names a broker that we were given "HOST:PORT/bootstrap", and one
 * that a broker told us of "HOST:PORT/NUMBER", either with "PROTOCOL://" in
 * front. The second may be an address that only other machines can reach. */
static void note_address(struct kafka_contact *contact, const char *text)
{
    const char *from = strstr(text, "://");
    size_t colon = strcspn(text, " ");

    if (from && from < text + colon)
        text = from + strlen("://");
    size_t size = strcspn(text, "/ ");
    if (text[size] != '/' || text[size + 1] < '0' || text[size + 1] > '9' ||
        size >= sizeof(contact->advertised))
        return;
    memcpy(contact->advertised, text, size);
    contact->advertised[size] = '\0';
}

/* librdkafka takes whoever says nothing for a broker of 2015: "Local: Timed
 * out: probably due to broker version < 0.10". */
static bool is_silence_explained(const char *text)
{
    return strstr(text, "ApiVersionRequest failed: Local: Timed out") != NULL;
}

/* With TLS 1.3 a broker refuses the certificate of a client after the
 * handshake: to librdkafka a connection that broke, with OpenSSL's words for
 * the alert. Alerts 42 to 49 and 116 are about certificates. */
static bool is_certificate_refused(const char *text)
{
    const char *at = strstr(text, "SSL alert number ");
    int alert = 0;

    return at && sscanf(at, "SSL alert number %d", &alert) == 1 &&
           ((alert >= 42 && alert <= 49) || alert == 116);
}

/* The system has no thread or descriptor left for the client: the broker is
 * not to blame. */
static bool is_shortage(int error, const char *text)
{
    return error == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE ||
           strstr(text, "Too many open files") != NULL;
}

/* By OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h). */
static const struct {
    int number;
    const char *words;
} certificate_faults[] = {
    {9, "its certificate is not valid yet"},
    {10, "its certificate has expired"},
    {18, "its certificate is signed by itself, and ssl.ca.location lacks it"},
    {19, "its certificate is of an authority that ssl.ca.location lacks"},
    {20, "its certificate is of an authority that ssl.ca.location lacks"},
    {21, "its certificate is of an authority that ssl.ca.location lacks"},
    {62, "its certificate is for another host"},
    {64, "its certificate is for another address"},
};

/* On a thread of librdkafka's, which tells the application only that a
 * certificate could not be verified. 0: it stays refused. */
static int on_certificate(rd_kafka_t *client, const char *name, int32_t id,
                          int *fault, int depth, const char *certificate,
                          size_t size, char *why, size_t why_size, void *opaque)
{
    struct kafka_contact *contact = opaque;

    (void)client, (void)name, (void)id, (void)depth;
    (void)certificate, (void)size;
    if (*fault == 0)
        return 1;
    atomic_store(&contact->certificate_fault, *fault);
    snprintf(why, why_size, "OpenSSL's error %d", *fault);
    return 0;
}

static void tell_certificate(struct kafka_contact *contact, const char *text)
{
    const int fault = atomic_load(&contact->certificate_fault);

    for (size_t i = 0;
         i < sizeof(certificate_faults) / sizeof(certificate_faults[0]); i++)
        if (certificate_faults[i].number == fault) {
            error_set(&contact->reason, ERROR_AUTH, "%s",
                      certificate_faults[i].words);
            return;
        }
    tell_reason(&contact->reason, ERROR_AUTH, text);
}

static void on_trouble(rd_kafka_t *client, int error, const char *text,
                       void *opaque)
{
    struct kafka_contact *contact = opaque;

    (void)client;
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        note_address(contact, text);
        if (is_shortage(error, text)) {
            tell_reason(&contact->reason, ERROR_TEMPORARY, text);
        } else if (strstr(text, "certificate verify failed")) {
            tell_certificate(contact, text);
        } else if (is_certificate_refused(text)) {
            tell_reason(&contact->reason, ERROR_AUTH, text);
            error_wrap(&contact->reason,
                       "it refuses our certificate (expired, or of an "
                       "authority that it does not trust?)");
        } else if (!is_silence_explained(text)) {
            tell_reason(&contact->reason, kafka_error_code(error), text);
        }
    } else if (!contact->down) {
        int64_t last_chance = clock_monotonic_ms() + LAST_CHANCE_MS;
        contact->down = true;
        if (last_chance < contact->deadline_ms)
            contact->deadline_ms = last_chance;
    }
}

int kafka_contact_open(struct kafka_contact *contact,
                       const struct kafka_settings *settings,
                       unsigned timeout_ms, struct error *err)
{
    rd_kafka_conf_t *conf = NULL;

    memset(contact, 0, sizeof(*contact));
    contact->settings = settings;
    contact->opened_ms = clock_monotonic_ms();
    contact->deadline_ms = contact->opened_ms + timeout_ms;
    if (kafka_conf(settings, KAFKA_ADMIN, NULL, &conf, err) < 0)
        return -1;
    rd_kafka_conf_set_opaque(conf, contact);
    rd_kafka_conf_set_error_cb(conf, on_trouble);
    rd_kafka_conf_set_log_cb(conf, kafka_log_quiet);
    /* A librdkafka without TLS has no use for it. */
    (void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
    return kafka_client_of(conf, KAFKA_ADMIN, &contact->client, err);
}

void kafka_contact_close(struct kafka_contact *contact)
{
    kafka_close(contact->client);
}

int kafka_contact_no_broker(const struct kafka_contact *contact,
                            struct error *err)
{
    const struct error *reason = &contact->reason;
    const char *brokers = contact->settings->brokers;
    struct error silence;

    if (stop_requested())
        return stop_error(err);
    if (reason->code == ERROR_AUTH)
        return error_set(err, ERROR_AUTH, "broker at %s: %s%s", brokers,
                         reason->text,
                         strstr(reason->text, "unexpected eof")
                             ? " (is TLS spoken there? see security.protocol)"
                             : "");
    if (reason->code == ERROR_TEMPORARY)
        return error_set(err, ERROR_TEMPORARY,
                         "broker at %s: %s: this process may have too few "
                         "threads or file descriptors (ulimit -u, and -n, of "
                         "which it may have %" PRIu64 ")",
                         brokers, reason->text, descriptors_limit());
    if (reason->code == ERROR_NONE) {
        error_set(&silence, ERROR_UNAVAILABLE, "no answer in %" PRId64 " ms%s",
                  clock_monotonic_ms() - contact->opened_ms,
                  contact->down ? ", or one that is not Kafka's (does it want "
                                  "TLS? see security.protocol)"
                                : "");
        reason = &silence;
    }
    if (contact->advertised[0] && !strstr(brokers, contact->advertised))
        return error_set(err, ERROR_UNAVAILABLE,
                         "the broker at %s answers and says that it is to be "
                         "reached at %s, which fails from here: %s; see its "
                         "advertised.listeners",
                         brokers, contact->advertised, reason->text);
    return error_set(err, ERROR_UNAVAILABLE,
                     "no broker at %s: %s; is Kafka running there?", brokers,
                     reason->text);
}

bool kafka_contact_is_silence(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__TRANSPORT ||
           error == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

bool kafka_contact_goes_on(const struct kafka_contact *contact)
{
    return clock_monotonic_ms() < contact->deadline_ms && !stop_requested();
}

rd_kafka_event_t *kafka_contact_await(struct kafka_contact *contact,
                                      rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = NULL;

    while (!event && kafka_contact_goes_on(contact)) {
        event = rd_kafka_queue_poll(queue, KAFKA_CONTACT_SLICE_MS);
        rd_kafka_poll(contact->client, 0);
    }
    return event;
}

static int remaining_ms(const struct kafka_contact *contact)
{
    int64_t left = contact->deadline_ms - clock_monotonic_ms();

    return left > 1 ? (int)left : 1;
}

rd_kafka_AdminOptions_t *
kafka_contact_options(const struct kafka_contact *contact,
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
