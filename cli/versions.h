/*
 * versions.h - this program and the libraries that it runs with.
 */
#ifndef CLI_VERSIONS_H
#define CLI_VERSIONS_H

#include "common/base/metrics.h"

#include <stdio.h>

/* "pctr 0.1.0", then a line for each library: its name and version. */
void versions_print(FILE *out);

/* The same as labels of pctr_build_info. The texts are static. */
enum { VERSION_LABELS = 12 };
void versions_label(struct metric_label labels[VERSION_LABELS]);

#endif
