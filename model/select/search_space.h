/*
 * search_space.h - the text of a search's space, taken apart. Private to
 * search.c.
 */
#ifndef MODEL_SEARCH_SPACE_H
#define MODEL_SEARCH_SPACE_H

#include "common/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SPACE_DIMENSIONS_MAX = 16,
    SPACE_VALUES_MAX = 64,
    SPACE_NAME_SIZE = 32,
    SPACE_VALUE_SIZE = 128,
};

enum space_kind { SPACE_LIST, SPACE_UNIFORM, SPACE_LOG_UNIFORM, SPACE_INT };

struct space_dimension {
    char name[SPACE_NAME_SIZE];
    enum space_kind kind;
    char values[SPACE_VALUES_MAX][SPACE_VALUE_SIZE]; /* of a list */
    size_t count;
    double low, high; /* of a distribution */
};

struct search_space {
    struct space_dimension dimensions[SPACE_DIMENSIONS_MAX];
    size_t count;
};

int search_space_parse(const char *text, struct search_space *out,
                       struct error *err) MUST_CHECK;

/* Lists only: how many combinations there are. */
bool search_space_is_finite(const struct search_space *space);
size_t search_space_combinations(const struct search_space *space);

/* "k=5 similarity=cosine": combination `index` of the grid, the first
 * dimension slowest. Cut short when it does not fit. */
void search_space_combination(const struct search_space *space, size_t index,
                              char *out, size_t size);

/* One draw of every dimension. */
void search_space_draw(const struct search_space *space, uint64_t *state,
                       char *out, size_t size);

#endif
