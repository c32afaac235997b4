/*
 * id.h - the name of a user, an ad or an impression.
 *
 * Producers write ids as integers, text or bytes, and different producers
 * write the same id differently. Here 42, "42" and the bytes 34 32 are one
 * id: text that is the canonical decimal form of an int64 is that integer.
 * Anything else ("042", "u7") is compared byte by byte.
 *
 * An id is a plain value that borrows its text: valid for as long as the
 * bytes it was made from.
 */
#ifndef COMMON_ID_H
#define COMMON_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ID_TEXT_MAX = 255,                  /* bytes; longer ids are refused */
    ID_PRINT_SIZE = ID_TEXT_MAX + 1,    /* room for id_print() */
    ID_SAFE_SIZE = 4 * ID_TEXT_MAX + 1, /* room for id_print_safe() */
};

struct id {
    const char *text; /* borrowed, not terminated; NULL for an integer */
    uint32_t size;    /* of text, in bytes */
    int64_t number;   /* when text is NULL */
};

static inline struct id id_from_number(int64_t number)
{
    return (struct id){.number = number};
}

/* id_from_text() of a text that begins as a number does. */
struct id id_from_numeral(const char *text, size_t size);

/* size must be at most ID_TEXT_MAX. */
static inline struct id id_from_text(const char *text, size_t size)
{
    if (size > 0 && (*text == '-' || (*text >= '0' && *text <= '9')))
        return id_from_numeral(text, size);
    return (struct id){.text = text, .size = (uint32_t)size};
}

bool id_equal(const struct id *a, const struct id *b);

/* Stable over runs and machines: the order of ties and the slots of a model
 * rely on it. Tables use id_keyed_hash(). */
uint64_t id_hash(const struct id *id);

/* The key of a table whose ids strangers choose. With a stable hash they could
 * choose ids that all want one place; so each table draws a key of its own. */
struct id_key {
    uint64_t words[2];
};

struct id_key id_key_random(void);

/* SipHash-1-3 (Aumasson and Bernstein 2012) of the number, or of the text. */
uint64_t id_keyed_hash(const struct id *id, const struct id_key *key);

/* Writes the id as terminated text; returns its length. Bytes are written as
 * they are. */
size_t id_print(const struct id *id, char out[ID_PRINT_SIZE]);

/* Writes the id as terminated text for a terminal, as utf8_print() does. */
size_t id_print_safe(const struct id *id, char out[ID_SAFE_SIZE]);

#endif
