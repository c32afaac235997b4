#include "common/registry/registry_references.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 512 };

/* What was asked for already, and what came of it. */
struct resolving {
    struct registry_client *client;
    struct buffer bytes; /* of the newest answer */
    json_t *seen;        /* object: "VERSION SUBJECT" */
    json_t *definitions; /* array of texts */
    struct error *why;
};

static enum registry_result resolve_all(struct resolving *with,
                                        const json_t *references);

static enum registry_result no_memory(struct resolving *with)
{
    error_no_memory(with->why, "the references of a schema");
    return REGISTRY_WRONG;
}

/* The text of an answer, behind all that it refers to. */
static enum registry_result take(struct resolving *with, const json_t *answer)
{
    json_t *text = json_object_get(answer, "schema");
    const enum registry_result result =
        resolve_all(with, json_object_get(answer, "references"));

    if (result != REGISTRY_OK)
        return result;
    if (!json_is_string(text)) {
        error_set(with->why, ERROR_FORMAT,
                  "the registry's answer about a reference has no schema");
        return REGISTRY_WRONG;
    }
    return json_array_append(with->definitions, text) == 0 ? REGISTRY_OK
                                                           : no_memory(with);
}

static enum registry_result ask(struct resolving *with, const char *subject,
                                int64_t version)
{
    json_error_t said;
    enum registry_result result = registry_client_ask_version(
        with->client, subject, version, &with->bytes, with->why);

    if (result == REGISTRY_UNKNOWN) {
        error_set(with->why, ERROR_FORMAT,
                  "the schema refers to version %" PRId64
                  " of the subject '%.128s', which the registry does not have",
                  version, subject);
        return REGISTRY_WRONG;
    }
    if (result != REGISTRY_OK)
        return result;
    json_t *answer =
        json_loadb((const char *)with->bytes.bytes, with->bytes.size, 0, &said);
    if (!answer) {
        error_set(with->why, ERROR_FORMAT,
                  "the registry's answer about the subject '%.128s' is no JSON",
                  subject);
        return REGISTRY_WRONG;
    }
    result = take(with, answer);
    json_decref(answer);
    return result;
}

/* It recurses once for each reference at most, since none is followed twice. */
static enum registry_result resolve_one(struct resolving *with,
                                        const json_t *reference)
{
    const char *subject =
        json_string_value(json_object_get(reference, "subject"));
    const json_t *number = json_object_get(reference, "version");
    const json_int_t version = json_integer_value(number);
    char key[KEY_SIZE];

    if (!subject || !json_is_integer(number) ||
        strlen(subject) >= KEY_SIZE - 32) {
        error_set(with->why, ERROR_FORMAT,
                  "the schema has a reference without a subject and a version");
        return REGISTRY_WRONG;
    }
    snprintf(key, sizeof(key), "%" JSON_INTEGER_FORMAT " %s", version, subject);
    if (json_object_get(with->seen, key))
        return REGISTRY_OK;
    if (json_object_size(with->seen) == REGISTRY_REFERENCES_MAX) {
        error_set(with->why, ERROR_LIMIT,
                  "the schema refers to more than %d others",
                  REGISTRY_REFERENCES_MAX);
        return REGISTRY_WRONG;
    }
    if (json_object_set_new(with->seen, key, json_true()) < 0)
        return no_memory(with);
    return ask(with, subject, version);
}

static enum registry_result resolve_all(struct resolving *with,
                                        const json_t *references)
{
    enum registry_result result = REGISTRY_OK;

    for (size_t i = 0; i < json_array_size(references) && result == REGISTRY_OK;
         i++)
        result = resolve_one(with, json_array_get(references, i));
    return result;
}

/* The answer with what was found in the place of the answer. */
static enum registry_result replace(struct resolving *with, json_t *root,
                                    struct buffer *answer)
{
    char *text = NULL;

    if (json_object_set(root, "definitions", with->definitions) == 0)
        text = json_dumps(root, JSON_COMPACT);
    if (!text)
        return no_memory(with);
    buffer_clear(answer);
    buffer_append(answer, text, strlen(text));
    free(text);
    return buffer_failed(answer) ? no_memory(with) : REGISTRY_OK;
}

enum registry_result registry_references_resolve(struct registry_client *client,
                                                 struct buffer *answer,
                                                 struct error *why)
{
    struct resolving with = {.client = client, .why = why};
    enum registry_result result = REGISTRY_OK;
    json_error_t said;

    json_t *root =
        json_loadb((const char *)answer->bytes, answer->size, 0, &said);
    const char *type = json_string_value(json_object_get(root, "schemaType"));
    const json_t *references = json_object_get(root, "references");
    const bool is_avro = !type || strcmp(type, "AVRO") == 0;
    if (is_avro && json_array_size(references) > 0) {
        with.seen = json_object();
        with.definitions = json_array();
        result = with.seen && with.definitions ? resolve_all(&with, references)
                                               : no_memory(&with);
        if (result == REGISTRY_OK)
            result = replace(&with, root, answer);
    }
    json_decref(root);
    json_decref(with.seen);
    json_decref(with.definitions);
    buffer_free(&with.bytes);
    return result;
}
