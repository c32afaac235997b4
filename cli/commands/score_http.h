/*
 * score_http.h - /score and /rank of `pctr score`: what the model in service
 * says right now.
 *
 *   GET /score?user=7&ad=12                a pair, with fields by name
 *   GET /rank?user=7&ads=12,13,14&n=2      the best of some ads
 *   POST /score                            many pairs (score_request.h)
 */
#ifndef CLI_SCORE_HTTP_H
#define CLI_SCORE_HTTP_H

#include "cli/serve/status_server.h"

#include "consumer/score/scorer.h"

/* The routes that a scorer has; ends with a path that is NULL. Their context
 * begins with a struct score_http. */
extern const struct status_route score_http_routes[];

/* Borrowed: it must outlive the server. */
struct score_http {
    struct scorer *scorer;
};

#endif
