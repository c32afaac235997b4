/*
 * fields.h - the model "fields" before its first row, for whoever teaches it
 * row by row. Everything else goes through model_ops and field_ops (model.h).
 */
#ifndef MODEL_FIELDS_H
#define MODEL_FIELDS_H

#include "model/model.h"

/* A model that has learned nothing and answers params->start for everything,
 * for labels 0..1 and no ids. The caller frees it with model_free(). Fails
 * with ERROR_CONFIG (the lists, or start=0) and ERROR_MEMORY. */
int fields_start(const struct model_params *params, struct model **out,
                 struct error *err) MUST_CHECK;

#endif
