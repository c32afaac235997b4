#include "common/registry/published_schema.h"

#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/stop.h"
#include "common/registry/registry_answer.h"
#include "common/registry/registry_client.h"
#include "common/registry/registry_copies.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum {
    SUBJECT_SIZE = 272,
    FIRST_PAUSE_MS = 100, /* after a question in vain; it doubles */
    MOST_PAUSE_MS = 2000, /* up to this */
    REFUSALS_MAX = 5,     /* in a row, as a reader's */
};

/* What is asked, and what came of it. */
struct asking {
    const struct published_schema *schema;
    struct registry_client *client;
    struct writer_schema *ours;
    char subject[SUBJECT_SIZE];
    struct buffer answer;
    struct error why; /* of the last question in vain */
    uint32_t number;
};

/* --- One question ----------------------------------------------------- */

static enum registry_result wrong(struct asking *asking, const char *what)
{
    error_set(&asking->why, ERROR_UNAVAILABLE,
              "%s makes no sense about the subject '%s': %s",
              asking->schema->settings->url, asking->subject, what);
    return REGISTRY_WRONG;
}

/* {"id": 7, ...} */
static enum registry_result read_number(struct asking *asking)
{
    json_t *answer = json_loadb((const char *)asking->answer.bytes,
                                asking->answer.size, 0, NULL);
    const json_t *id = json_object_get(answer, "id");
    const json_int_t number = json_is_integer(id) ? json_integer_value(id) : -1;

    json_decref(answer);
    if (number < 0 || number > INT32_MAX)
        return wrong(asking, "its answer has no id of a schema");
    asking->number = (uint32_t)number;
    return REGISTRY_OK;
}

/* The registry says what is below the number. */
static enum registry_result check_number(struct asking *asking)
{
    struct registry_answer *answer = NULL;
    enum registry_result result = registry_client_ask(
        asking->client, asking->number, &asking->answer, &asking->why);

    if (result == REGISTRY_UNKNOWN)
        return wrong(asking, "it has no schema of the id that it gave");
    if (result != REGISTRY_OK)
        return result;
    if (registry_answer_read(asking->answer.bytes, asking->answer.size, &answer,
                             &asking->why) < 0)
        return wrong(asking, "its answer about the id that it gave is none");
    if (answer->schema.kind != EVENT_SCHEMA_AVRO ||
        !writer_schema_is_same(answer->schema.avro, asking->ours))
        result = wrong(asking, "it has another schema below the id it gave");
    registry_answer_free(answer);
    return result;
}

static enum registry_result ask(struct asking *asking)
{
    const struct published_schema *schema = asking->schema;
    enum registry_result result = registry_client_ask_number(
        asking->client, asking->subject, schema->text,
        schema->settings->registers ? REGISTRY_REGISTERS : REGISTRY_FINDS,
        &asking->answer, &asking->why);

    if (result == REGISTRY_OK)
        result = read_number(asking);
    return result == REGISTRY_OK ? check_number(asking) : result;
}

/* --- What it comes to ------------------------------------------------- */

/* The registry refuses: its own words say why. */
static int refused(const struct asking *asking, struct error *err)
{
    const struct published_schema *schema = asking->schema;
    json_t *answer = json_loadb((const char *)asking->answer.bytes,
                                asking->answer.size, 0, NULL);
    const char *words = json_string_value(json_object_get(answer, "message"));

    if (schema->settings->registers)
        error_set(err, ERROR_CONFIG,
                  "registry.register: %s does not take %s as a schema of the "
                  "subject '%s': %s (%.200s)",
                  schema->settings->url, schema->file, asking->subject,
                  asking->why.text, words ? words : "no words");
    else
        error_set(err, ERROR_CONFIG,
                  "the subject '%s' does not have our schema: set "
                  "registry.register=true, or register %s below it. %s "
                  "(%.200s)",
                  asking->subject, schema->file, asking->why.text,
                  words ? words : "no words: is registry.url right?");
    json_decref(answer);
    return -1;
}

/* What is asked: where the registry says another number, it is of another
 * subject or schema. */
static int key_of(const struct asking *asking, struct digest *out,
                  struct error *err)
{
    struct buffer all = {0};

    buffer_append(&all, asking->subject, strlen(asking->subject) + 1);
    buffer_append(&all, asking->schema->text->bytes,
                  asking->schema->text->size);
    const bool has_failed = buffer_failed(&all);
    if (!has_failed)
        *out = digest_of(all.bytes, all.size);
    buffer_free(&all);
    return has_failed ? error_no_memory(err, "a schema") : 0;
}

/* The registry is away: a number that it gave before will do. */
static int fall_back(struct asking *asking,
                     const struct registry_copies *copies, struct error *err)
{
    struct digest key;

    if (key_of(asking, &key, err) < 0)
        return -1;
    if (!registry_copies_read_number(copies, &key, &asking->number)) {
        *err = asking->why;
        return error_wrap(err, "the number of the schema of '%s'",
                          asking->subject);
    }
    log_warn("the schema registry does not answer: the number of our schema is "
             "that of a copy",
             "subject=%s number=%" PRIu32 " reason=\"%s\"", asking->subject,
             asking->number, asking->why.text);
    return 0;
}

static int keep(const struct asking *asking,
                const struct registry_copies *copies, struct error *err)
{
    struct digest key;

    if (key_of(asking, &key, err) < 0)
        return -1;
    registry_copies_write_number(copies, &key, asking->number);
    registry_copies_write(copies, asking->number, &asking->answer);
    log_info("our schema is published", "subject=%s number=%" PRIu32,
             asking->subject, asking->number);
    return 0;
}

/* Waits, but no longer than until the end. False: there is no time left. */
static bool pause_before(int64_t end_ms, struct backoff *backoff)
{
    const int64_t until_ms = clock_monotonic_ms() + backoff_next(backoff);

    while (!stop_requested() && clock_monotonic_ms() < until_ms)
        clock_sleep_ms(until_ms - clock_monotonic_ms() < STOP_SLICE_MS
                           ? until_ms - clock_monotonic_ms()
                           : STOP_SLICE_MS);
    return !stop_requested() && clock_monotonic_ms() < end_ms;
}

/* Asks until there is an answer that counts, or the time is over. */
static enum registry_result insist(struct asking *asking)
{
    const int64_t end_ms =
        clock_monotonic_ms() + asking->schema->settings->wait_ms;
    struct backoff backoff = {FIRST_PAUSE_MS, MOST_PAUSE_MS, 0};
    enum registry_result result;
    unsigned refusals = 0;

    do {
        result = ask(asking);
        refusals = result == REGISTRY_UNAUTHORIZED ? refusals + 1 : 0;
        if (result == REGISTRY_OK || result == REGISTRY_UNKNOWN ||
            refusals == REFUSALS_MAX ||
            (result == REGISTRY_WRONG && asking->why.code == ERROR_CONFIG))
            break;
    } while (pause_before(end_ms, &backoff));
    return result;
}

static int find_number(struct asking *asking, struct error *err)
{
    const struct published_schema *schema = asking->schema;
    const struct registry_copies copies = {schema->folder ? schema->folder : "",
                                           schema->settings->url};

    const enum registry_result result = insist(asking);
    if (result == REGISTRY_OK)
        return keep(asking, &copies, err);
    if (stop_requested())
        return stop_error(err);
    if (result == REGISTRY_UNAVAILABLE)
        return fall_back(asking, &copies, err);
    if (result == REGISTRY_UNKNOWN || asking->why.code == ERROR_CONFIG)
        return refused(asking, err);
    *err = asking->why;
    if (err->code != ERROR_AUTH) /* an answer of a megabyte, for one */
        err->code = ERROR_UNAVAILABLE;
    return error_wrap(err, "the number of the schema of '%s'", asking->subject);
}

int published_schema_number(const struct published_schema *schema,
                            uint32_t *number, struct error *err)
{
    struct asking asking = {.schema = schema};
    int status = -1;

    snprintf(asking.subject, sizeof(asking.subject), "%s-value", schema->topic);
    if (buffer_failed(schema->text))
        return error_no_memory(err, "the text of a schema");
    if (writer_schema_parse((const char *)schema->text->bytes,
                            schema->text->size, &asking.ours, err) == 0 &&
        registry_client_new(schema->settings, &asking.client, err) == 0)
        status = find_number(&asking, err);
    if (status == 0)
        *number = asking.number;
    registry_client_free(asking.client);
    writer_schema_free(asking.ours);
    buffer_free(&asking.answer);
    return status;
}
