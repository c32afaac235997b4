#include "common/registry/registry_answer.h"

#include "common/base/buffer.h"
#include "common/registry/registry_references.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The texts of an answer: what the schema refers to, and the schema. */
struct texts {
    struct writer_text at[REGISTRY_REFERENCES_MAX + 1];
    size_t count;
};

static int read_texts(const json_t *answer, struct texts *texts,
                      struct error *err)
{
    const bool refers =
        json_array_size(json_object_get(answer, "references")) > 0;
    const json_t *definitions =
        refers ? json_object_get(answer, "definitions") : NULL;
    const size_t count = json_array_size(definitions);

    if (count > REGISTRY_REFERENCES_MAX)
        return error_set(err, ERROR_LIMIT, "the schema refers to %zu others",
                         count);
    texts->count = 0;
    for (size_t i = 0; i <= count; i++) {
        const json_t *text = i < count ? json_array_get(definitions, i)
                                       : json_object_get(answer, "schema");
        if (!json_is_string(text))
            return error_set(err, ERROR_FORMAT,
                             "the registry's answer has no schema");
        texts->at[texts->count++] = (struct writer_text){
            json_string_value(text), json_string_length(text)};
    }
    return 0;
}

static int make_digest(const struct texts *texts, struct digest *out,
                       struct error *err)
{
    struct buffer all = {0};

    for (size_t i = 0; i < texts->count; i++) {
        if (i > 0)
            buffer_append(&all, "", 1);
        buffer_append(&all, texts->at[i].text, texts->at[i].size);
    }
    const bool has_failed = buffer_failed(&all);
    if (!has_failed)
        *out = digest_of(all.bytes, all.size);
    buffer_free(&all);
    return has_failed ? error_no_memory(err, "a schema") : 0;
}

/* Avro that cannot be read is of another kind. Fails without memory only. */
static int read_avro(const struct texts *texts, struct registry_answer *out,
                     struct error *err)
{
    struct error why;

    if (writer_schema_parse_all(texts->at, texts->count, &out->schema.avro,
                                &why) == 0) {
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
    const char *type = json_string_value(json_object_get(answer, "schemaType"));
    struct texts texts;

    if (read_texts(answer, &texts, err) < 0 ||
        make_digest(&texts, &out->digest, err) < 0)
        return -1;
    if (!type || strcmp(type, "AVRO") == 0)
        return read_avro(&texts, out, err);
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
