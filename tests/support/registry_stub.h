/*
 * registry_stub.h - a schema registry in this process, that answers as a test
 * says: well, late, wrongly, or not at all.
 */
#ifndef SUPPORT_REGISTRY_STUB_H
#define SUPPORT_REGISTRY_STUB_H

#include <stdint.h>

enum stub_mood {
    STUB_GOOD,
    STUB_REFUSES, /* 401 */
    STUB_FAILS,   /* 500 */
    STUB_BABBLES, /* 200, and no JSON */
    STUB_FLOODS,  /* 100 MB */
};

struct registry_stub;

/* Listens on a free port of the loopback. */
struct registry_stub *registry_stub_start(void);

/* The same with TLS: key and certificate of the server, as PEM, are copied. */
struct registry_stub *registry_stub_start_secure(const char *key,
                                                 const char *certificate);

/* Listens again on the same port, after registry_stub_hang_up(). */
void registry_stub_listen(struct registry_stub *stub);
void registry_stub_hang_up(struct registry_stub *stub);

/* "http://127.0.0.1:PORT", or https, with a path below which it answers. */
const char *registry_stub_url(const struct registry_stub *stub);

/* What it says about a number. The texts must stay; a type of NULL is Avro. */
void registry_stub_put(struct registry_stub *stub, uint32_t number,
                       const char *type, const char *schema);

/* A version of a subject, of its own number. `references` is the array of them
 * as JSON, for a number as well; NULL: none. The texts must stay. */
void registry_stub_put_version(struct registry_stub *stub, uint32_t number,
                               const char *subject, unsigned version,
                               const char *schema, const char *references);

/* The number of the newest version of a subject; 0: it has none. Schemas get
 * there by questions, too (POST /subjects/S/versions). */
uint32_t registry_stub_number(struct registry_stub *stub, const char *subject);

/* Questions with a body are answered with this; the text must stay. NULL: as a
 * registry answers them. */
void registry_stub_say(struct registry_stub *stub, unsigned status,
                       const char *text);

void registry_stub_set_mood(struct registry_stub *stub, enum stub_mood mood);

/* Each answer takes that long. */
void registry_stub_set_delay(struct registry_stub *stub, unsigned ms);

/* Only questions with this Authorization are answered; NULL: all. */
void registry_stub_set_secret(struct registry_stub *stub, const char *value);

unsigned registry_stub_questions(struct registry_stub *stub);

void registry_stub_stop(struct registry_stub *stub);

#endif
