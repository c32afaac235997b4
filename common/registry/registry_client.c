#include "common/registry/registry_client.h"

#include "common/base/json_writer.h"
#include "common/base/stop.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1024 };

#define ACCEPT                                                                 \
    "Accept: application/vnd.schemaregistry.v1+json, application/json"
#define CONTENT_TYPE "Content-Type: application/vnd.schemaregistry.v1+json"

struct registry_client {
    struct registry_settings settings;
    char base[512]; /* the URL without slashes at its end */
    CURL *curl;
    struct curl_slist *headers;
    struct curl_slist *post_headers; /* of questions with a body */
    char why[CURL_ERROR_SIZE];
    atomic_bool is_aborted;
};

/* Takes a part of an answer; less than all of it ends the transfer. */
static size_t take_part(char *bytes, size_t each, size_t count, void *context)
{
    struct buffer *answer = context;

    if (count * each > REGISTRY_ANSWER_MAX - answer->size)
        return 0;
    buffer_append(answer, bytes, count * each);
    return buffer_failed(answer) ? 0 : count * each;
}

/* libcurl asks at least once a second whether to go on. */
static int must_end(void *context, curl_off_t down_all, curl_off_t down,
                    curl_off_t up_all, curl_off_t up)
{
    const struct registry_client *client = context;

    (void)down_all, (void)down, (void)up_all, (void)up;
    return client->is_aborted || stop_requested();
}

/* Sets what all questions have in common. */
static CURLcode set_up(struct registry_client *client)
{
    const struct registry_settings *settings = &client->settings;
    CURL *curl = client->curl;
    CURLcode code = CURLE_OK;

    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->why);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_part);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, must_end);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)settings->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)REGISTRY_ANSWER_MAX);
    code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "pctr");
    if (code == CURLE_OK && settings->ca[0])
        code = curl_easy_setopt(curl, CURLOPT_CAINFO, settings->ca);
    if (code == CURLE_OK && settings->user[0]) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        code = curl_easy_setopt(curl, CURLOPT_USERNAME, settings->user);
        if (code == CURLE_OK)
            code = curl_easy_setopt(curl, CURLOPT_PASSWORD, settings->password);
    }
    if (code == CURLE_OK && settings->token[0]) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        code = curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, settings->token);
    }
    return code;
}

/* NULL where there is no memory; the list is freed then. */
static struct curl_slist *add_header(struct curl_slist *list, const char *text)
{
    struct curl_slist *longer = list ? curl_slist_append(list, text) : NULL;

    if (!longer)
        curl_slist_free_all(list);
    return longer;
}

int registry_client_new(const struct registry_settings *settings,
                        struct registry_client **out, struct error *err)
{
    if (registry_settings_check(settings, err) < 0)
        return -1;
    if (settings->ca[0] && access(settings->ca, R_OK) != 0)
        return error_set(err, ERROR_IO, "registry.ca: read '%s': %s",
                         settings->ca, strerror(errno));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(err, ERROR_FAILED, "libcurl does not start");
    struct registry_client *client = calloc(1, sizeof(*client));
    if (!client)
        return error_no_memory(err, "the client of the schema registry");
    client->settings = *settings;
    memcpy(client->base, settings->url, sizeof(client->base));
    size_t size = strlen(client->base);
    while (size > 0 && client->base[size - 1] == '/')
        client->base[--size] = '\0';
    client->curl = curl_easy_init();
    client->headers = curl_slist_append(NULL, ACCEPT);
    client->post_headers =
        add_header(curl_slist_append(NULL, ACCEPT), CONTENT_TYPE);
    const CURLcode code =
        client->curl && client->headers && client->post_headers
            ? set_up(client)
            : CURLE_OUT_OF_MEMORY;
    if (code != CURLE_OK) {
        registry_client_free(client);
        return code == CURLE_OUT_OF_MEMORY
                   ? error_no_memory(err, "the client of the schema registry")
                   : error_set(err, ERROR_CONFIG, "registry.url: %s",
                               curl_easy_strerror(code));
    }
    *out = client;
    return 0;
}

/* What a transfer that did not end well means. */
static enum registry_result failed(struct registry_client *client,
                                   CURLcode code, struct error *why)
{
    if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED) {
        error_set(why, ERROR_LIMIT, "the answer of %s has more than %d bytes",
                  client->base, REGISTRY_ANSWER_MAX);
        return REGISTRY_WRONG;
    }
    const char *said = client->why[0] ? client->why : curl_easy_strerror(code);
    if (code == CURLE_PEER_FAILED_VERIFICATION ||
        code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_ISSUER_ERROR) {
        error_set(why, ERROR_AUTH,
                  "%s is not trusted: %s: registry.ca names the file of the "
                  "certificates that its own is signed by",
                  client->base, said);
        return REGISTRY_UNAUTHORIZED;
    }
    error_set(why, ERROR_UNAVAILABLE, "%s: %s", client->base, said);
    return REGISTRY_UNAVAILABLE;
}

static enum registry_result judge(struct registry_client *client, long status,
                                  struct error *why)
{
    switch (status) {
    case 200:
        return REGISTRY_OK;
    case 401:
    case 403:
        error_set(why, ERROR_AUTH,
                  "%s says %ld: it does not let this program in: look at "
                  "registry.user, registry.password and registry.token",
                  client->base, status);
        return REGISTRY_UNAUTHORIZED;
    case 404:
        error_set(why, ERROR_UNAVAILABLE, "%s has no such schema",
                  client->base);
        return REGISTRY_UNKNOWN;
    default:
        break;
    }
    const bool may_pass = status >= 500 || status == 408 || status == 429;
    error_set(why, may_pass ? ERROR_UNAVAILABLE : ERROR_CONFIG, "%s says %ld",
              client->base, status);
    return may_pass ? REGISTRY_UNAVAILABLE : REGISTRY_WRONG;
}

/* Asks for what is at the path below the registry's URL. */
static enum registry_result ask(struct registry_client *client,
                                const char *path, struct buffer *answer,
                                struct error *why)
{
    char url[sizeof(client->base) + PATH_SIZE];
    long status = 0;

    buffer_clear(answer);
    client->why[0] = '\0';
    snprintf(url, sizeof(url), "%s%s", client->base, path);
    CURLcode code = curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, answer);
    if (code == CURLE_OK)
        code = curl_easy_perform(client->curl);
    if (code != CURLE_OK)
        return failed(client, code, why);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    return judge(client, status, why);
}

enum registry_result registry_client_ask(struct registry_client *client,
                                         uint32_t number, struct buffer *answer,
                                         struct error *why)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "/schemas/ids/%" PRIu32, number);
    return ask(client, path, answer, why);
}

/* The path of a subject, and what follows it. */
static bool path_of(const struct registry_client *client, const char *subject,
                    const char *rest, char out[PATH_SIZE], struct error *why)
{
    char *escaped = curl_easy_escape(client->curl, subject, 0);
    const int size =
        escaped ? snprintf(out, PATH_SIZE, "/subjects/%s%s", escaped, rest)
                : -1;

    curl_free(escaped);
    if (size >= 0 && size < PATH_SIZE)
        return true;
    error_set(why, ERROR_LIMIT, "the subject '%.64s...' has a name too long",
              subject);
    return false;
}

enum registry_result registry_client_ask_version(struct registry_client *client,
                                                 const char *subject,
                                                 int64_t version,
                                                 struct buffer *answer,
                                                 struct error *why)
{
    char path[PATH_SIZE], rest[40];

    snprintf(rest, sizeof(rest), "/versions/%" PRId64, version);
    buffer_clear(answer);
    return path_of(client, subject, rest, path, why)
               ? ask(client, path, answer, why)
               : REGISTRY_WRONG;
}

/* Asks with a body; further questions have none. */
static enum registry_result post(struct registry_client *client,
                                 const char *path, const struct buffer *body,
                                 struct buffer *answer, struct error *why)
{
    CURL *curl = client->curl;

    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->post_headers);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->size);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)body->bytes);
    const enum registry_result result = ask(client, path, answer, why);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
    return result;
}

enum registry_result
registry_client_ask_number(struct registry_client *client, const char *subject,
                           const struct buffer *schema, enum registry_wish wish,
                           struct buffer *answer, struct error *why)
{
    struct buffer body = {0};
    struct json_writer to = {.to = &body};
    char path[PATH_SIZE];
    enum registry_result result = REGISTRY_UNAVAILABLE;

    buffer_clear(answer);
    if (!path_of(client, subject, wish == REGISTRY_FINDS ? "" : "/versions",
                 path, why))
        return REGISTRY_WRONG;
    json_writer_open(&to, '{');
    json_writer_name(&to, "schema");
    json_writer_text_sized(&to, schema->bytes, schema->size);
    json_writer_close(&to, '}');
    if (buffer_failed(&body))
        error_no_memory(why, "a question to the schema registry");
    else
        result = post(client, path, &body, answer, why);
    buffer_free(&body);
    return result;
}

void registry_client_abort(struct registry_client *client)
{
    client->is_aborted = true;
}

void registry_client_free(struct registry_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    curl_slist_free_all(client->headers);
    curl_slist_free_all(client->post_headers);
    free(client);
}
