/*
 * fit_rows.h - the rows of a fit, one behind the other, with the values of a
 * list of fields.
 *
 * Rows that carry fields come in the order in which they came in; else there
 * are pairs alone, which come by user, and whose indices then stand for the
 * ids. One thread.
 */
#ifndef MODEL_FIT_ROWS_H
#define MODEL_FIT_ROWS_H

#include "common/base/attributes.h"
#include "common/base/error.h"

#include "model/rows/field_list.h"
#include "model/rows/ratings.h"

#include <stddef.h>
#include <stdint.h>

/* Made by fit_rows_over(); there is nothing to free. */
struct fit_rows {
    const struct ratings *train;   /* borrowed, */
    const struct field_list *list; /* and this too */
    uint8_t columns[FIELDS_MAX];   /* of the list's values in the rows' */
    int user_value, ad_value;      /* in the list; -1: not there */
    uint32_t user;                 /* of the newest row, without fields */
};

struct fit_row {
    uint32_t user, ad; /* indices */
    double label;
};

/* ERROR_CONFIG: the rows lack a field of the list. */
int fit_rows_over(const struct ratings *train, const struct field_list *list,
                  struct fit_rows *out, struct error *err) MUST_CHECK;

/* Reads row i, which is the one behind the last, with its values (those of the
 * list). */
struct fit_row fit_rows_read(struct fit_rows *rows, size_t i, uint64_t *values);

#endif
