/*
 * basis.h - how much of a prediction was learned.
 *
 * Not an error: new users, new ads and nobody are normal. The words are part
 * of the prediction record (docs/event-schema.md).
 */
#ifndef COMMON_BASIS_H
#define COMMON_BASIS_H

enum basis {
    BASIS_LEARNED,   /* user and ad both known to the model */
    BASIS_PARTIAL,   /* one of them known */
    BASIS_FALLBACK,  /* neither: the mean of the training rows */
    BASIS_ANONYMOUS, /* the user id means nobody; the ad may be known */
    BASIS_NONE,      /* there was no model yet: the configured prior */
    BASIS_ASSUMED,   /* all is known, but of a value that the impression lacks
                        and that was taken from field.default */
    BASIS_COUNT
};
#define BASIS_WORDS "learned|partial|fallback|anonymous|none|assumed"

/* "learned"; the text is static. */
const char *basis_name(enum basis basis);

#endif
