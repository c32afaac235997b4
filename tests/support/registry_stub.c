#include "support/registry_stub.h"

#include "common/base/json_writer.h"

#include <check.h>
#include <inttypes.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SCHEMAS_MAX = 64, FLOOD_BYTES = 100 << 20 };

struct stub_schema {
    uint32_t number;
    const char *type, *text;
    const char *subject, *references; /* NULL: none */
    unsigned version;
};

struct registry_stub {
    struct MHD_Daemon *daemon;
    uint16_t port;
    char url[64];
    pthread_mutex_t lock;
    struct stub_schema schemas[SCHEMAS_MAX];
    size_t count;
    enum stub_mood mood;
    unsigned delay_ms, questions;
    const char *secret;
    unsigned said_status;
    const char *said; /* NULL: what a registry says */
    char *
        owned[2 * SCHEMAS_MAX]; /* texts that came by questions, and subjects */
    size_t owned_count;
    char *key, *certificate; /* NULL: no TLS */
};

static ssize_t flood(void *context, uint64_t at, char *out, size_t room)
{
    (void)context;
    if (at >= FLOOD_BYTES)
        return MHD_CONTENT_READER_END_OF_STREAM;
    memset(out, ' ', room);
    return (ssize_t)room;
}

static struct MHD_Response *respond(const char *text, size_t size)
{
    return MHD_create_response_from_buffer(size, (void *)(uintptr_t)text,
                                           MHD_RESPMEM_MUST_COPY);
}

static struct MHD_Response *describe(const struct stub_schema *schema)
{
    struct buffer body = {0};
    struct json_writer to = {.to = &body};

    json_writer_open(&to, '{');
    if (schema->type)
        json_writer_member_text(&to, "schemaType", schema->type);
    json_writer_member_text(&to, "schema", schema->text);
    if (schema->references) {
        json_writer_name(&to, "references");
        buffer_append(&body, schema->references, strlen(schema->references));
    }
    json_writer_close(&to, '}');
    struct MHD_Response *response =
        respond((const char *)body.bytes, body.size);
    buffer_free(&body);
    return response;
}

/* The answer of a registry that is well. */
static struct MHD_Response *look_up(const struct registry_stub *stub,
                                    const char *path, unsigned *status)
{
    static const char none[] = "{\"error_code\":40403,\"message\":\"no\"}";
    uint32_t number = 0;
    char subject[256];

    for (size_t i = 0; i < stub->count; i++) {
        snprintf(subject, sizeof(subject), "/root/subjects/%s/versions/%u",
                 stub->schemas[i].subject ? stub->schemas[i].subject : "",
                 stub->schemas[i].version);
        if (strcmp(path, subject) == 0)
            return describe(&stub->schemas[i]);
    }
    if (sscanf(path, "/root/schemas/ids/%" SCNu32, &number) == 1)
        for (size_t i = 0; i < stub->count; i++)
            if (stub->schemas[i].number == number)
                return describe(&stub->schemas[i]);
    *status = 404;
    return respond(none, sizeof(none) - 1);
}

/* --- Questions with a body -------------------------------------------- */

static struct MHD_Response *refuse(unsigned code, unsigned *status)
{
    char text[64];

    *status = code / 100;
    const int size = snprintf(text, sizeof(text),
                              "{\"error_code\":%u,\"message\":\"no\"}", code);
    return respond(text, (size_t)size);
}

static const char *own(struct registry_stub *stub, const char *text)
{
    ck_assert_uint_lt(stub->owned_count, 2 * SCHEMAS_MAX);
    return stub->owned[stub->owned_count++] = strdup(text);
}

/* A further version of the subject, with the next number. */
static const struct stub_schema *add(struct registry_stub *stub,
                                     const char *subject, const char *text)
{
    struct stub_schema *schema = &stub->schemas[stub->count];

    ck_assert_uint_lt(stub->count, SCHEMAS_MAX);
    *schema = (struct stub_schema){.number = 100 + (uint32_t)stub->count,
                                   .text = own(stub, text),
                                   .subject = own(stub, subject),
                                   .version = 1 + (unsigned)stub->count};
    stub->count++;
    return schema;
}

/* POST /subjects/S, and /subjects/S/versions, which registers. */
static struct MHD_Response *look_for(struct registry_stub *stub,
                                     const char *path, const char *text,
                                     unsigned *status)
{
    const struct stub_schema *found = NULL;
    char subject[256] = "", answer[64];
    bool is_known = false;

    sscanf(path, "/root/subjects/%255[^/]", subject);
    for (size_t i = 0; i < stub->count; i++) {
        const struct stub_schema *schema = &stub->schemas[i];
        const bool is_of =
            schema->subject && strcmp(schema->subject, subject) == 0;
        is_known |= is_of;
        if (is_of && strcmp(schema->text, text) == 0)
            found = schema;
    }
    if (!found && strstr(path, "/versions"))
        found = add(stub, subject, text);
    if (!found)
        return refuse(is_known ? 40403 : 40401, status);
    const int size =
        snprintf(answer, sizeof(answer), "{\"id\":%" PRIu32 "}", found->number);
    return respond(answer, (size_t)size);
}

static struct MHD_Response *look_in(struct registry_stub *stub,
                                    const char *path, const struct buffer *body,
                                    unsigned *status)
{
    if (stub->said) {
        *status = stub->said_status;
        return respond(stub->said, strlen(stub->said));
    }
    json_t *question =
        json_loadb((const char *)body->bytes, body->size, 0, NULL);
    const char *text = json_string_value(json_object_get(question, "schema"));
    struct MHD_Response *response =
        text ? look_for(stub, path, text, status) : refuse(42201, status);
    json_decref(question);
    return response;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection,
                              const char *path, const char *method,
                              const char *version, const char *data,
                              size_t *size, void **state)
{
    struct registry_stub *stub = context;
    const bool is_post = strcmp(method, "POST") == 0;
    unsigned status = 200;
    struct MHD_Response *response;
    struct buffer *body = *state;

    (void)version;
    if (is_post && !body) { /* the head only; the body comes in parts */
        *state = calloc(1, sizeof(*body));
        return *state ? MHD_YES : MHD_NO;
    }
    if (*size > 0) {
        if (body)
            buffer_append(body, data, *size);
        *size = 0;
        return MHD_YES;
    }
    pthread_mutex_lock(&stub->lock);
    stub->questions++;
    const unsigned delay_ms = stub->delay_ms;
    const char *given = MHD_lookup_connection_value(
        connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    const bool is_let_in =
        !stub->secret || (given && strcmp(given, stub->secret) == 0);
    if (stub->mood == STUB_REFUSES || !is_let_in) {
        status = 401;
        response = respond("no", 2);
    } else if (stub->mood == STUB_FAILS) {
        status = 500;
        response = respond("no", 2);
    } else if (stub->mood == STUB_BABBLES) {
        response = respond("<html>", 6);
    } else if (stub->mood == STUB_FLOODS) {
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1 << 16,
                                                     flood, NULL, NULL);
    } else if (is_post) {
        response = look_in(stub, path, body, &status);
    } else {
        response = look_up(stub, path, &status);
    }
    pthread_mutex_unlock(&stub->lock);
    nanosleep(
        &(struct timespec){delay_ms / 1000, (long)(delay_ms % 1000) * 1000000},
        NULL);
    const enum MHD_Result result =
        MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    if (body)
        buffer_free(body);
    free(body);
    *state = NULL;
    return result;
}

void registry_stub_listen(struct registry_stub *stub)
{
    const struct sockaddr_in where = {.sin_family = AF_INET,
                                      .sin_port = htons(stub->port),
                                      .sin_addr.s_addr =
                                          htonl(INADDR_LOOPBACK)};

    const unsigned threads =
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;
    if (stub->key)
        stub->daemon = MHD_start_daemon(
            threads | MHD_USE_TLS, 0, NULL, NULL, answer, stub,
            MHD_OPTION_SOCK_ADDR, &where, MHD_OPTION_LISTENING_ADDRESS_REUSE,
            1u, MHD_OPTION_HTTPS_MEM_KEY, stub->key, MHD_OPTION_HTTPS_MEM_CERT,
            stub->certificate, MHD_OPTION_END);
    else
        stub->daemon = MHD_start_daemon(
            threads, 0, NULL, NULL, answer, stub, MHD_OPTION_SOCK_ADDR, &where,
            MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
    ck_assert_ptr_nonnull(stub->daemon);
    stub->port =
        MHD_get_daemon_info(stub->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void registry_stub_hang_up(struct registry_stub *stub)
{
    MHD_stop_daemon(stub->daemon);
    stub->daemon = NULL;
}

struct registry_stub *registry_stub_start_secure(const char *key,
                                                 const char *certificate)
{
    struct registry_stub *stub = calloc(1, sizeof(*stub));

    ck_assert_ptr_nonnull(stub);
    stub->key = key ? strdup(key) : NULL;
    stub->certificate = certificate ? strdup(certificate) : NULL;
    pthread_mutex_init(&stub->lock, NULL);
    registry_stub_listen(stub);
    snprintf(stub->url, sizeof(stub->url), "%s://127.0.0.1:%u/root",
             key ? "https" : "http", stub->port);
    return stub;
}

struct registry_stub *registry_stub_start(void)
{
    return registry_stub_start_secure(NULL, NULL);
}

const char *registry_stub_url(const struct registry_stub *stub)
{
    return stub->url;
}

static void put(struct registry_stub *stub, struct stub_schema schema)
{
    size_t at = 0;

    pthread_mutex_lock(&stub->lock);
    while (at < stub->count && stub->schemas[at].number != schema.number)
        at++;
    ck_assert_uint_lt(at, SCHEMAS_MAX);
    stub->schemas[at] = schema;
    stub->count += at == stub->count;
    pthread_mutex_unlock(&stub->lock);
}

void registry_stub_put(struct registry_stub *stub, uint32_t number,
                       const char *type, const char *schema)
{
    put(stub,
        (struct stub_schema){.number = number, .type = type, .text = schema});
}

void registry_stub_put_version(struct registry_stub *stub, uint32_t number,
                               const char *subject, unsigned version,
                               const char *schema, const char *references)
{
    put(stub, (struct stub_schema){.number = number,
                                   .text = schema,
                                   .subject = subject,
                                   .references = references,
                                   .version = version});
}

uint32_t registry_stub_number(struct registry_stub *stub, const char *subject)
{
    uint32_t number = 0;

    pthread_mutex_lock(&stub->lock);
    for (size_t i = 0; i < stub->count; i++)
        if (stub->schemas[i].subject &&
            strcmp(stub->schemas[i].subject, subject) == 0)
            number = stub->schemas[i].number;
    pthread_mutex_unlock(&stub->lock);
    return number;
}

void registry_stub_say(struct registry_stub *stub, unsigned status,
                       const char *text)
{
    pthread_mutex_lock(&stub->lock);
    stub->said_status = status;
    stub->said = text;
    pthread_mutex_unlock(&stub->lock);
}

void registry_stub_set_mood(struct registry_stub *stub, enum stub_mood mood)
{
    pthread_mutex_lock(&stub->lock);
    stub->mood = mood;
    pthread_mutex_unlock(&stub->lock);
}

void registry_stub_set_delay(struct registry_stub *stub, unsigned ms)
{
    pthread_mutex_lock(&stub->lock);
    stub->delay_ms = ms;
    pthread_mutex_unlock(&stub->lock);
}

void registry_stub_set_secret(struct registry_stub *stub, const char *value)
{
    pthread_mutex_lock(&stub->lock);
    stub->secret = value;
    pthread_mutex_unlock(&stub->lock);
}

unsigned registry_stub_questions(struct registry_stub *stub)
{
    pthread_mutex_lock(&stub->lock);
    const unsigned questions = stub->questions;
    pthread_mutex_unlock(&stub->lock);
    return questions;
}

void registry_stub_stop(struct registry_stub *stub)
{
    if (stub->daemon)
        registry_stub_hang_up(stub);
    pthread_mutex_destroy(&stub->lock);
    for (size_t i = 0; i < stub->owned_count; i++)
        free(stub->owned[i]);
    free(stub->key);
    free(stub->certificate);
    free(stub);
}
