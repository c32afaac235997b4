/*
 * run_suite.h - the main() that all Check programs share, and assertions that
 * show the error text.
 */
#ifndef SUPPORT_RUN_SUITE_H
#define SUPPORT_RUN_SUITE_H

#include "common/base/error.h"

#include <check.h>

/* Fails with the message that the code under test wrote. */
#define ck_assert_ok(call, err)                                                \
    ck_assert_msg((call) == 0, "%s failed: %s", #call, (err).text)

/* The call must fail with the code, and its text must contain `part`. */
#define ck_assert_refused(call, err, expected, part)                           \
    do {                                                                       \
        ck_assert_msg((call) < 0, "%s was accepted", #call);                   \
        ck_assert_msg((err).code == (expected), "%s: code %s, text: %s",       \
                      #call, error_code_name((err).code), (err).text);         \
        ck_assert_msg(strstr((err).text, part) != NULL, "%s: text: %s", #call, \
                      (err).text);                                             \
    } while (0)

/* Runs the suite and frees it; returns main()'s status. */
int run_suite(Suite *suite);

/* Frees the suite, which is skipped; returns main()'s status. */
int run_suite_not(Suite *suite);

/* run_suite() for tests of the real data in the folder PCTR_DATA; where that is
 * unset they are skipped. */
int run_suite_of_data(Suite *suite);

#endif
