#include "support/real_registry.h"

#include "common/base/json_writer.h"

#include <check.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_S = 60 };

const char *real_registry_url(void)
{
    const char *url = getenv("PCTR_REGISTRY");

    return url && *url ? url : NULL;
}

static size_t take_part(char *bytes, size_t each, size_t count, void *context)
{
    buffer_append(context, bytes, each * count);
    return each * count;
}

uint32_t real_registry_put(const char *subject, const char *schema)
{
    struct buffer question = {0}, answer = {0};
    struct json_writer to = {.to = &question};
    char url[512];
    uint32_t number = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(
        NULL, "Content-Type: application/vnd.schemaregistry.v1+json");

    snprintf(url, sizeof(url), "%s/subjects/%s/versions", real_registry_url(),
             subject);
    json_writer_open(&to, '{');
    json_writer_member_text(&to, "schema", schema);
    json_writer_close(&to, '}');
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (char *)question.bytes);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)question.size);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_part);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    const CURLcode code = curl_easy_perform(curl);
    ck_assert_msg(code == CURLE_OK, "%s: %s", url, curl_easy_strerror(code));
    buffer_append(&answer, "", 1);
    const char *id = strstr((const char *)answer.bytes, "\"id\":");
    ck_assert_msg(id && sscanf(id + 5, "%" SCNu32, &number) == 1, "%s",
                  (const char *)answer.bytes);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buffer_free(&question);
    buffer_free(&answer);
    return number;
}
