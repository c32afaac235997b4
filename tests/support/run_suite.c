#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>

/* For CTest: SKIP_RETURN_CODE. */
enum { SKIPPED = 77 };

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_suite_not(Suite *suite)
{
    srunner_free(srunner_create(suite));
    return SKIPPED;
}

int run_suite_of_data(Suite *suite)
{
    if (getenv("PCTR_DATA"))
        return run_suite(suite);
    puts("skipped: PCTR_DATA names no folder with the real data");
    return run_suite_not(suite);
}
