/*
 * pin.h - what says which of the published models is served: pins, and
 * retirements.
 *
 * Both can be signed (Ed25519) with the key that signs models. A signed pin has
 * a time: a reader that has seen it takes none from before it, so an old pin
 * that is written again does nothing there. docs/event-schema.md has the bytes.
 * Plain values. Any thread.
 */
#ifndef COMMON_PIN_H
#define COMMON_PIN_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/signing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header of a record that has no value. */
#define RETIREMENT_SIGNATURE "signature"

struct pin {
    uint64_t epoch;     /* 0: the newest is served */
    int64_t created_ms; /* 0: not known */
    bool is_signed;
    uint8_t signature[SIGNATURE_SIZE];
};

/* Ends with buffer_failed(out) where memory is out. */
void pin_encode(const struct pin *pin, struct buffer *out);

/* ERROR_FORMAT; *out is then untouched. */
int pin_decode(const uint8_t *bytes, size_t size, struct pin *out,
               struct error *err) MUST_CHECK;

/* Signs the pin of the model `name`. Where `key` is NULL the pin is unsigned
 * afterwards. */
void pin_sign(struct pin *pin, const char *name, const struct signing_key *key);

/* Where keys are trusted, the pin must be signed by one of them: ERROR_FORMAT
 * says how it is not. Where none is, every pin will do. */
int pin_check_signature(const struct pin *pin, const char *name,
                        const struct trusted_keys *trusted,
                        struct error *err) MUST_CHECK;

/* What a record without a value takes out of service. */
struct retirement {
    const char *name; /* of the model */
    uint64_t epoch;
    uint32_t delta; /* of that snapshot; 0: the snapshot itself */
};

void retirement_sign(const struct retirement *retired,
                     const struct signing_key *key,
                     uint8_t out[SIGNATURE_SIZE]);

/* Checks a retirement as pin_check_signature() does a pin. A signature of
 * another size counts as none. */
int retirement_check_signature(const struct retirement *retired,
                               const uint8_t *signature, size_t size,
                               const struct trusted_keys *trusted,
                               struct error *err) MUST_CHECK;

#endif
