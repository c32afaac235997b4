/*
 * number_text.h - numbers as decimal text.
 *
 * The text has no end: each function returns how many characters it wrote.
 * Nothing is allocated. Any thread, in the locale "C".
 */
#ifndef COMMON_NUMBER_TEXT_H
#define COMMON_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { NUMBER_TEXT_SIZE = 40 }; /* room for any of them */

size_t number_text_unsigned(uint64_t value, char out[NUMBER_TEXT_SIZE]);
size_t number_text_integer(int64_t value, char out[NUMBER_TEXT_SIZE]);

/* Writes a finite number as printf's %.15g does, or with 16 or 17 digits where
 * 15 do not lead back to the same bits. */
size_t number_text_real(double value, char out[NUMBER_TEXT_SIZE]);

#endif
