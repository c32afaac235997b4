/*
 * letter_text.h - why a record is a dead letter, as one line for people.
 */
#ifndef CONSUMER_LETTER_TEXT_H
#define CONSUMER_LETTER_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { LETTER_TEXT_SIZE = 512 };

/* `reason` is a fault of an event ("missing"); `field` is the one it is about,
 * or NULL. A value whose form is at fault is called by the format that it
 * looks like. */
void letter_text(const char *reason, const char *field, const uint8_t *value,
                 size_t size, char out[LETTER_TEXT_SIZE]);

#endif
