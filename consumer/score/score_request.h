/*
 * score_request.h - what somebody asks a scorer at once: one pair, many pairs,
 * or one user with many ads, each with the fields that are known of it.
 *
 * As JSON, where an entry may be an ad alone, and has what stands outside of
 * the list unless it says otherwise:
 *
 *   {"user": 7, "position": 1, "ads": [12, {"ad": 13, "position": 2}],
 *    "rank": 10}
 *
 * "pairs" is another word for "ads". Without a list the object is the only
 * entry. As arguments by name, user=7&ad=12&position=1, or
 * user=7&ads=12,13&n=10&position=1.
 *
 * Values of fields are what they are in an impression (field_scan.h), under the
 * field's name; what the model has no field for is passed over. Bytes, pairs
 * and depth are bounded, and nobody vouches for the bytes. Any thread.
 */
#ifndef CONSUMER_SCORE_REQUEST_H
#define CONSUMER_SCORE_REQUEST_H

#include "common/base/attributes.h"
#include "common/base/error.h"

#include "consumer/score/score_question.h"

#include "model/rows/field_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SCORE_REQUEST_PAIRS_MAX = 1000,
    SCORE_REQUEST_BYTES_MAX = 512 << 10, /* of JSON */
};

/* Zeroed is empty. */
struct score_request {
    struct score_question *questions; /* (count), in the order of the request */
    bool *says_user;  /* (count) the entry names a user of its own */
    uint64_t *values; /* (count, values of the list) */
    size_t count;
    size_t rank; /* how many of the best are wanted; 0: all, in order */
};

/* A question's place in an answer. */
struct score_place {
    size_t at; /* which of the questions */
    double p;
};

/* What a request that is not JSON is made of: the argument of a name; NULL: it
 * is not there. */
typedef const char *score_request_get_fn(const void *context, const char *name);

enum score_request_form {
    SCORE_REQUEST_PAIR, /* user and ad */
    SCORE_REQUEST_RANK, /* user, ads with commas between them, n */
    SCORE_REQUEST_JSON,
};

/* Reads JSON. `list` has the fields of the model; NULL: it has none. The
 * questions borrow the bytes, in which escapes are resolved. Fails with
 * ERROR_FORMAT (what is wrong, and where), ERROR_LIMIT (more pairs than
 * SCORE_REQUEST_PAIRS_MAX, or values that nobody could need for them) and
 * ERROR_MEMORY; *out is then empty. */
int score_request_read_json(const struct field_list *list, uint8_t *bytes,
                            size_t size, struct score_request *out,
                            struct error *err) MUST_CHECK;

/* Reads the arguments of a form that is not JSON; their texts are borrowed.
 * Fails in the same way. */
int score_request_read_arguments(enum score_request_form form,
                                 const struct field_list *list,
                                 score_request_get_fn *get, const void *context,
                                 struct score_request *out,
                                 struct error *err) MUST_CHECK;

/* Writes the places (count) in the order of the answer: by falling probability
 * where there is a rank, and those that are alike as in the request; else as in
 * the request. Returns how many of them are wanted. */
size_t score_request_order(const struct score_request *request,
                           const struct prediction *answers,
                           struct score_place *places);

/* The request is empty then. */
void score_request_free(struct score_request *request);

#endif
