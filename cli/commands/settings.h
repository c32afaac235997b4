/*
 * settings.h - rows of settings that several commands share.
 *
 * The name of a topic or of a field of events is one setting of the whole
 * pipeline: it has one row, one default and one sentence, whatever command
 * uses it. FIELD is the macro of the command that names a member of its
 * settings.
 */
#ifndef CLI_COMMANDS_SETTINGS_H
#define CLI_COMMANDS_SETTINGS_H

#include "common/base/config.h"
#include "common/event/event_time.h"

#include "consumer/learn/intake.h"

#include <stdint.h>

/* The longest time of a setting: longer than any click takes. */
#define TEN_YEARS_MS 315360000000.0

/* Times as a table can hold them; an intake counts in signed ms. */
struct intake_times {
    uint64_t window_ms, late_ms, age_ms;
};

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): a member's name takes none */

#define TOPIC_IMPRESSIONS_KEY(member) \
    {GROUP_TOPICS | RARE, "topic.impressions", CONFIG_TOPIC, FIELD(member), "pctr.impressions", 1, 0, NULL, "impressions: which user saw which ad, and when"}
#define TOPIC_LABELS_KEY(member) \
    {GROUP_TOPICS | RARE, "topic.labels", CONFIG_TOPIC, FIELD(member), "pctr.labels", 1, 0, NULL, "labels: clicks, and other outcomes of impressions"}
#define TOPIC_PREDICTIONS_KEY(member) \
    {GROUP_TOPICS | RARE, "topic.predictions", CONFIG_TOPIC, FIELD(member), "pctr.predictions", 1, 0, NULL, "predictions of the scorers"}
#define TOPIC_DEAD_LETTERS_KEY(member) \
    {GROUP_TOPICS | RARE, "topic.dead_letters", CONFIG_TOPIC, FIELD(member), "pctr.dead-letters", 1, 0, NULL, "records that could not be read, each with its reason"}
#define TOPIC_EVALUATIONS_KEY(member) \
    {GROUP_TOPICS | RARE, "topic.evaluations", CONFIG_TOPIC, FIELD(member), "pctr.evaluations", 1, 0, NULL, "how good the models in service were, window by window"}
#define TOPIC_MODELS_KEY(member) \
    {GROUP_TOPICS | RARE, "topic.models", CONFIG_TOPIC, FIELD(member), "pctr.models", 1, 0, NULL, "manifests of the published models"}
#define TOPIC_CHUNKS_KEY(member) \
    {GROUP_TOPICS | RARE, "topic.chunks", CONFIG_TOPIC, FIELD(member), "pctr.model-chunks", 1, 0, NULL, "bytes of the published models"}
#define TOPIC_MODEL_KEYS(models, chunks) \
    TOPIC_MODELS_KEY(models), \
    TOPIC_CHUNKS_KEY(chunks)

#define TRUSTED_KEYS_KEY(member) \
    {GROUP_MODEL | RARE, "trusted.keys", CONFIG_TEXT, FIELD(member), "", 0, 0, NULL, "files of public keys, comma separated; models must be signed by one of them; empty: unsigned models will do"}
#define SIGNING_KEY_KEY(member) \
    {GROUP_MODEL | RARE, "signing.key", CONFIG_TEXT, FIELD(member), "", 0, 0, NULL, "file of the key that signs published models (pctr snapshot keygen); empty: they are not signed"}

#define FIELD_KEY(name, member) \
    {GROUP_FIELDS | RARE, "field." name, CONFIG_TEXT, FIELD(member), name, 1, 0, NULL,
#define IMPRESSION_FIELD_KEYS(fields) \
    FIELD_KEY("id", fields.id)     "field with the unique id of the impression"}, \
    FIELD_KEY("ts", fields.ts)     "field with the event time: a number, a msgpack timestamp, or text of RFC 3339"}, \
    FIELD_KEY("user", fields.user) "field with the user's id"}, \
    FIELD_KEY("ad", fields.ad)     "field with the ad's id"}
#define CLICK_FIELD_KEY(fields) \
    FIELD_KEY("click", fields.click) "field of a label from 0 to 1; above 0 it is a click"}
#define FORMAT_IMPRESSIONS_KEYS(fields) \
    {GROUP_FIELDS, "format.impressions", CONFIG_CHOICE, FIELD(fields.impressions_format), "auto", 0, 0, EVENT_FORMAT_WORDS, "how impressions are written; auto: by the first byte of each record"}, \
    {GROUP_FIELDS | RARE, "field.ts.unit", CONFIG_CHOICE, FIELD(fields.ts_unit), "auto", 0, 0, EVENT_TIME_UNIT_WORDS, "unit of event times that are numbers; auto: by their magnitude"}, \
    {GROUP_FIELDS | RARE, "filter.impressions", CONFIG_TEXT, FIELD(fields.impressions_filter), "", 0, 0, NULL, "which records are impressions, as type==view; empty: all"}
#define FORMAT_LABELS_KEYS(fields) \
    {GROUP_FIELDS, "format.labels", CONFIG_CHOICE, FIELD(fields.labels_format), "auto", 0, 0, EVENT_FORMAT_WORDS, "how labels are written; auto: by the first byte of each record"}, \
    {GROUP_FIELDS | RARE, "field.click.values", CONFIG_TEXT, FIELD(fields.click_values), "", 0, 0, NULL, "values of field.click with their meaning from 0 to 1, as click:1,view:0"}, \
    {GROUP_FIELDS | RARE, "filter.labels", CONFIG_TEXT, FIELD(fields.labels_filter), "", 0, 0, NULL, "which records are labels, as type==click; empty: all"}
#define FORMAT_PREDICTIONS_KEY(fields) \
    {GROUP_FIELDS, "format.predictions", CONFIG_CHOICE, FIELD(fields.predictions.format), "msgpack", 0, 0, EVENT_FORMAT_OUT_WORDS, "how predictions are written; readers take all"}
#define FORMAT_FEED_KEYS(fields) \
    {GROUP_FIELDS, "format.impressions", CONFIG_CHOICE, FIELD(fields.impressions_format), "auto", 0, 0, EVENT_FORMAT_WORDS, "how impressions are written; auto: msgpack; avro: by a schema that registry.url has"}, \
    {GROUP_FIELDS, "format.labels", CONFIG_CHOICE, FIELD(fields.labels_format), "auto", 0, 0, EVENT_FORMAT_WORDS, "how labels are written; auto: msgpack; avro: by a schema that registry.url has"}, \
    {GROUP_FIELDS | RARE, "field.ts.unit", CONFIG_CHOICE, FIELD(fields.ts_unit), "auto", 0, 0, EVENT_TIME_UNIT_WORDS, "unit that event times are written in; auto: milliseconds"}, \
    {GROUP_FIELDS | RARE, "field.click.values", CONFIG_TEXT, FIELD(fields.click_values), "", 0, 0, NULL, "words that field.click is written as, with their meaning from 0 to 1, as click:1,view:0"}, \
    {GROUP_FIELDS | RARE, "filter.impressions", CONFIG_TEXT, FIELD(fields.impressions_filter), "", 0, 0, NULL, "a field that all impressions carry, as type==view"}, \
    {GROUP_FIELDS | RARE, "filter.labels", CONFIG_TEXT, FIELD(fields.labels_filter), "", 0, 0, NULL, "a field that all labels carry, as type==click"}
#define REGISTRY_KEYS(registry) \
    {GROUP_FIELDS, "registry.url", CONFIG_TEXT, FIELD(registry.url), "", 0, 0, NULL, "schema registry of records in Avro, as https://host:8081; empty: none"}, \
    {GROUP_FIELDS | RARE, "registry.user", CONFIG_TEXT, FIELD(registry.user), "", 0, 0, NULL, "user of the registry; empty: it asks for none"}, \
    {GROUP_FIELDS | RARE, "registry.password", CONFIG_SECRET, FIELD(registry.password), "", 0, 0, NULL, "password of that user"}, \
    {GROUP_FIELDS | RARE, "registry.token", CONFIG_SECRET, FIELD(registry.token), "", 0, 0, NULL, "bearer token for the registry, in place of a user"}, \
    {GROUP_FIELDS | RARE, "registry.ca", CONFIG_TEXT, FIELD(registry.ca), "", 0, 0, NULL, "file of certificates that the registry's is signed by; empty: those of the system"}, \
    {GROUP_FIELDS | RARE, "registry.dir", CONFIG_TEXT, FIELD(registry.dir), "", 0, 0, NULL, "folder for copies of schemas, for a time without the registry; empty: state.dir where there is one"}, \
    {GROUP_FIELDS | RARE, "registry.wait_ms", CONFIG_U32, FIELD(registry.wait_ms), "5000", 100, 20000, NULL, "how long a record waits for its schema before it becomes a dead letter, once for as long as the registry is away"}, \
    {GROUP_FIELDS | RARE, "registry.timeout_ms", CONFIG_U32, FIELD(registry.timeout_ms), "5000", 100, 60000, NULL, "how long to wait for an answer of the registry"}
#define REGISTER_KEY(registry) \
    {GROUP_FIELDS | RARE, "registry.register", CONFIG_BOOL, FIELD(registry.registers), "false", 0, 0, NULL, "register our schemas where the registry does not have them, as TOPIC-value; false: they must be there"}
#define DEFAULT_FIELD_KEY(fields) \
    {GROUP_FIELDS | RARE, "field.default", CONFIG_TEXT, FIELD(fields.defaults), "", 0, 0, NULL, "values of fields that a question lacks, as position:1+depth:1; for models of fields"}
#define ANONYMOUS_FIELD_KEY(fields) \
    {GROUP_FIELDS, "field.anonymous", CONFIG_TEXT, FIELD(fields.anonymous), "", 0, 0, NULL, "user ids that stand for an unknown person, comma separated"}

#define CSV_SAFE_KEY(member) \
    {GROUP_DATA | RARE, "csv.safe", CONFIG_BOOL, FIELD(member), "false", 0, 0, NULL, "put an apostrophe in front of ids that a spreadsheet would run (=, +, -, @ or a tab first)"}

#define TIMEOUT_KEY(member, fallback) \
    {GROUP_KAFKA | RARE, "timeout_ms", CONFIG_U32, FIELD(member), fallback, 100, 600000, NULL, "how long to wait for an answer of the broker"}
#define MODEL_NAME_KEY(member) \
    {GROUP_MODEL, "model.name", CONFIG_TEXT, FIELD(member), "click", 1, 0, NULL, "name under which models are published"}
#define NO_MODEL_P_KEY(member) \
    {GROUP_MODEL | RARE, "no_model.p", CONFIG_F64, FIELD(member), "0.05", 0, 1, NULL, "click probability that is predicted while there is no model"}
#define RANGE_KEYS(first, end) \
    {GROUP_DATA, "from", CONFIG_TEXT, FIELD(first), "", 0, 0, NULL, "first record: a time, a span before now as -15m (s, m, h, d), or an offset as @123; empty: the oldest"}, \
    {GROUP_DATA, "to",   CONFIG_TEXT, FIELD(end),   "", 0, 0, NULL, "first record that is left out, written as --from; empty: the end of now"}

#define JOIN_KEYS(intake, times) \
    {GROUP_LEARNING, "join.window_ms", CONFIG_U64, FIELD(times.window_ms), "600000", 0, TEN_YEARS_MS, NULL, "event time that a click may take; an impression without one is then learned as not clicked"}, \
    {GROUP_LEARNING | RARE, "join.late_ms", CONFIG_U64, FIELD(times.late_ms), "1200000", 0, TEN_YEARS_MS, NULL, "event time after the window in which a click still corrects its impression"}, \
    {GROUP_LIMITS | RARE, "join.pending_max", CONFIG_U32, FIELD(intake.join.pending_max), "2000000", 1, 500000000, NULL, "impressions and labels that the join remembers, about 72 bytes each, and 8 for each field of a model that learns online"}
#define TRAINING_KEYS(intake, times) \
    {GROUP_LIMITS | RARE, "training.max_rows", CONFIG_U64, FIELD(intake.log.rows_max), "5000000", 1, 2147483647, NULL, "newest rows to learn from, 24 bytes each, and 60 more while a model of the family is fitted"}, \
    {GROUP_LIMITS | RARE, "training.max_ids", CONFIG_U64, FIELD(intake.log.ids_max), "4000000", 1, 4294967295.0, NULL, "users and ads together that a model knows; beyond it those with the fewest rows become unknown"}, \
    {GROUP_LEARNING | RARE, "training.max_age_ms", CONFIG_U64, FIELD(times.age_ms), "0", 0, TEN_YEARS_MS, NULL, "event time to learn from; 0: training.max_rows alone decides"}, \
    CONFIG_WAS("log.rows", "training.max_rows"), \
    CONFIG_WAS("log.age_ms", "training.max_age_ms")
#define FETCH_MEMORY_KEY(member) \
    {GROUP_LIMITS | RARE, "fetch.max_bytes", CONFIG_U64, FIELD(member), "33554432", 1048576, 17179869184.0, NULL, "memory for records fetched ahead, of all partitions together"}, \
    CONFIG_WAS("buffer_bytes", "fetch.max_bytes")

#define SERVICE_KEYS(member, usual_port) \
    {GROUP_HTTP, "http.address", CONFIG_TEXT, FIELD(member.address), "127.0.0.1", 1, 0, NULL, "address to listen on; 0.0.0.0 for all, as a pod needs it"}, \
    {GROUP_HTTP, "http.port",    CONFIG_U32,  FIELD(member.port), usual_port, 0, 65535, NULL, "port of /metrics, /livez, /readyz and /version; 0: none"}, \
    {GROUP_HTTP | RARE, "http.probe_port", CONFIG_U32, FIELD(member.probe_port), "0", 0, 65535, NULL, "second port, for /livez and /readyz only, which no client of http.port can block; 0: none"}, \
    {GROUP_PROCESS | RARE, "shutdown.deadline_ms", CONFIG_U32, FIELD(member.deadline_ms), "30000", 0, 600000, NULL, "time after SIGTERM until the process ends whatever it is doing; 0: no deadline"}

/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

static inline void intake_times_take(const struct intake_times *times,
                                     struct intake_config *out)
{
    out->join.window_ms = (int64_t)times->window_ms;
    out->join.late_ms = (int64_t)times->late_ms;
    out->log.age_ms = (int64_t)times->age_ms;
}

#endif
