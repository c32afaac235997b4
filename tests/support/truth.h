/*
 * truth.h - is each prediction what `pctr predict` says for its pair with the
 * snapshot it names?
 */
#ifndef SUPPORT_TRUTH_H
#define SUPPORT_TRUTH_H

#include "support/pipeline.h"

#include <stdint.h>

struct truth {
    uint64_t compared;   /* predictions that name a snapshot */
    uint64_t mismatched; /* another p by a bit or more, or another hash than
                            that snapshot's; without a model: not the prior */
};

/* Fetches every snapshot that is named; `anonymous` are the users that are
 * nobody, `prior` what is predicted without a model. */
struct truth truth_of(const struct pipeline *pipe,
                      const struct fixture_records *predictions,
                      const char *anonymous, double prior);

/* What `pctr predict` writes with that published version for the pairs in a
 * file ("user,ad" and lines). The caller frees. */
char *truth_answers(const struct pipeline *pipe, uint64_t version,
                    const char *pairs_path);

#endif
