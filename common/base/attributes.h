/*
 * attributes.h - the compiler extensions this project allows itself.
 *
 * All are hints: a compiler without them builds the same program.
 */
#ifndef COMMON_ATTRIBUTES_H
#define COMMON_ATTRIBUTES_H

#if defined(__GNUC__)
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define MUST_CHECK
#define PRINTF_LIKE(text, first)
#define PREFETCH(address) ((void)(address))
#endif

#endif
