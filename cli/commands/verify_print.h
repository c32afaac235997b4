/*
 * verify_print.h - the findings and the account of `pctr verify`, for people or
 * as JSON lines on standard output.
 */
#ifndef CLI_VERIFY_PRINT_H
#define CLI_VERIFY_PRINT_H

#include "common/base/error.h"

#include "consumer/verify/reproduction.h"

#include <stdbool.h>
#include <stdint.h>

struct verify_print {
    const char *predictions, *impressions; /* topics; borrowed */
    bool json;
};

/* Prints a finding in full: its place, what the prediction names, and the
 * prediction as it was and as it is now. ERROR_IO or ERROR_MEMORY. */
int verify_print_finding(const struct verify_print *how,
                         const struct reproduction_finding *finding,
                         struct error *err) MUST_CHECK;

struct verify_account {
    uint64_t read, taken; /* predictions; a sample takes fewer */
    double seconds;
    const struct reproduction_counts *counts;
};

int verify_print_account(const struct verify_print *how,
                         const struct verify_account *account,
                         struct error *err) MUST_CHECK;

#endif
