#include "support/join_outcomes.h"

#include <check.h>

void join_outcomes_take(struct join *join, float labels[], size_t count)
{
    struct join_outcome outcome;

    while (join_next(join, &outcome)) {
        ck_assert_uint_lt(outcome.sequence, count);
        labels[outcome.sequence] = outcome.label;
    }
    struct join_books books = join_books(join);
    ck_assert(join_books_balance(&books));
}
