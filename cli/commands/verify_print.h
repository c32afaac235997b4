/*
 * verify_print.h - what `pctr verify` found, for people or as JSON lines on
 * standard output.
 */
#ifndef CLI_FINDING_PRINT_H
#define CLI_FINDING_PRINT_H

#include "consumer/verify/reproduction.h"

#include <stdbool.h>
#include <stdint.h>

/* In full: where it is, what it names, what it was and is. */
void finding_print(const struct finding *finding, const char *predictions,
                   const char *impressions, bool json);

struct verify_account {
    uint64_t read, taken; /* predictions; a sample takes fewer */
    double seconds;
    const struct reproduction_counts *counts;
};

void verify_account_print(const struct verify_account *account, bool json);

#endif
