#include "common/registry/registry_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Avro that cannot be read is of another kind. Fails without memory only. */
static int read_avro(const char *text, size_t size, struct registry_answer *out,
                     struct error *err)
{
    struct error why;

    if (writer_schema_parse(text, size, &out->schema.avro, &why) == 0) {
        out->schema.kind = EVENT_SCHEMA_AVRO;
        out->memory += out->schema.avro->memory;
        return 0;
    }
    if (why.code == ERROR_MEMORY) {
        *err = why;
        return -1;
    }
    snprintf(out->why, sizeof(out->why), "%.255s", why.text);
    return 0;
}

static int read_schema(const json_t *answer, struct registry_answer *out,
                       struct error *err)
{
    const json_t *schema = json_object_get(answer, "schema");
    const char *type = json_string_value(json_object_get(answer, "schemaType"));
    const char *text = json_string_value(schema);

    if (!text)
        return error_set(err, ERROR_FORMAT,
                         "the registry's answer has no schema");
    out->digest = digest_of(text, json_string_length(schema));
    if (!type || strcmp(type, "AVRO") == 0)
        return read_avro(text, json_string_length(schema), out, err);
    if (strcmp(type, "JSON") == 0)
        out->schema.kind = EVENT_SCHEMA_JSON;
    else if (strcmp(type, "PROTOBUF") == 0)
        out->schema.kind = EVENT_SCHEMA_PROTOBUF;
    if (out->schema.kind == EVENT_SCHEMA_PROTOBUF)
        snprintf(out->why, sizeof(out->why), "Protobuf is not read");
    else if (out->schema.kind == EVENT_SCHEMA_OTHER)
        snprintf(out->why, sizeof(out->why),
                 "schemas of type %.64s are not read", type);
    return 0;
}

int registry_answer_read(const void *bytes, size_t size,
                         struct registry_answer **out, struct error *err)
{
    struct registry_answer *read = calloc(1, sizeof(*read));
    json_error_t why;

    if (!read)
        return error_no_memory(err, "a schema");
    read->schema.kind = EVENT_SCHEMA_OTHER;
    read->memory = sizeof(*read);
    json_t *answer = json_loadb(bytes, size, 0, &why);
    int status = answer ? read_schema(answer, read, err)
                        : error_set(err, ERROR_FORMAT,
                                    "the registry's answer is no JSON: line "
                                    "%d: %s",
                                    why.line, why.text);
    json_decref(answer);
    if (status < 0) {
        registry_answer_free(read);
        return -1;
    }
    *out = read;
    return 0;
}

void registry_answer_free(struct registry_answer *answer)
{
    if (!answer)
        return;
    writer_schema_free(answer->schema.avro);
    free(answer);
}
