/*
 * versions.h - this program and the libraries that it runs with.
 */
#ifndef CLI_VERSIONS_H
#define CLI_VERSIONS_H

#include <stdio.h>

/* "pctr 0.1.0", then a line for each library: its name and version. */
void versions_print(FILE *out);

#endif
