/*
 * movers_print.h - movers as a table and as JSON.
 */
#ifndef CLI_MOVERS_PRINT_H
#define CLI_MOVERS_PRINT_H

#include "cli/snapshot/snapshot_movers.h"
#include "common/base/json_writer.h"

/* `what` they are: "ads". */
void movers_print(const struct movers *movers, const char *what);
void movers_write(struct json_writer *to, const struct movers *movers);

#endif
