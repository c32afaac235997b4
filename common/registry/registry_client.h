/*
 * registry_client.h - asks a schema registry for a schema, or for its number,
 * over HTTP (libcurl).
 *
 * Only http and https, no redirects, and an answer of at most
 * REGISTRY_ANSWER_MAX bytes. Once the program is asked to stop (stop.h), every
 * question is REGISTRY_UNAVAILABLE. One thread.
 */
#ifndef COMMON_REGISTRY_CLIENT_H
#define COMMON_REGISTRY_CLIENT_H

#include "common/base/buffer.h"
#include "common/registry/registry_settings.h"

#include <stdint.h>

enum { REGISTRY_ANSWER_MAX = 4 << 20 };

struct registry_client;

/* What came of a question. */
enum registry_result {
    REGISTRY_OK,
    REGISTRY_UNKNOWN,      /* it says that there is no such schema */
    REGISTRY_UNAUTHORIZED, /* it says: not you; or it is not trusted */
    REGISTRY_UNAVAILABLE,  /* no answer, not in time, or that it cannot */
    REGISTRY_WRONG,        /* an answer that makes no sense */
};
#define REGISTRY_RESULT_WORDS "ok|unknown|unauthorized|unavailable|wrong"

/* Fails with ERROR_CONFIG, ERROR_IO where registry.ca cannot be read, and
 * ERROR_MEMORY. The settings are copied. To be called before the process has
 * threads: libcurl asks for it. */
int registry_client_new(const struct registry_settings *settings,
                        struct registry_client **out,
                        struct error *err) MUST_CHECK;

/* Replaces the buffer by the answer. Any result but REGISTRY_OK is explained in
 * `why`. */
enum registry_result registry_client_ask(struct registry_client *client,
                                         uint32_t number, struct buffer *answer,
                                         struct error *why);

/* The same about a version of a subject, which a schema refers to. */
enum registry_result registry_client_ask_version(struct registry_client *client,
                                                 const char *subject,
                                                 int64_t version,
                                                 struct buffer *answer,
                                                 struct error *why);

/* How the number of a schema is asked for. */
enum registry_wish {
    REGISTRY_FINDS,     /* that the subject has it */
    REGISTRY_REGISTERS, /* and it gets it, where it has not */
};

/* Asks for the number that the schema, an Avro text, has as one of the
 * subject's. REGISTRY_UNKNOWN: the subject does not have it. With a result but
 * REGISTRY_OK the answer is what the registry said about it, if it did.
 * REGISTRY_WRONG with ERROR_CONFIG: it refuses the question. */
enum registry_result
registry_client_ask_number(struct registry_client *client, const char *subject,
                           const struct buffer *schema, enum registry_wish wish,
                           struct buffer *answer, struct error *why);

/* From any thread: a question that is on its way ends within about a second,
 * and so does any that comes; each is REGISTRY_UNAVAILABLE. */
void registry_client_abort(struct registry_client *client);

/* NULL is fine. */
void registry_client_free(struct registry_client *client);

#endif
