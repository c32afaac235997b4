/*
 * prediction_details.h - the columns of CSV that say more of a prediction than
 * its p: the same for the pairs of a file and for the impressions of a topic.
 */
#ifndef CLI_PREDICTION_DETAILS_H
#define CLI_PREDICTION_DETAILS_H

#include "model/model.h"

#include <stdio.h>

/* Their names, behind a comma. */
const char *prediction_details_head(const struct model *model);

/* The values of them, behind a comma, of an answer of that model. */
void prediction_details_print(FILE *out, const struct prediction *answer);

#endif
