/*
 * check_logistic.c - the logistic function: close to the truth, and the same
 * bits on every machine.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "model/maths/logistic.h"

#include <math.h>
#include <string.h>

START_TEST(it_is_as_good_as_the_c_library)
{
    double worst = 0;

    for (int i = -51000; i <= 51000; i++) {
        double x = 0.0137 * i;
        double wanted = 1 / (1 + exp(-x));
        worst = fmax(worst, fabs(logistic(x) - wanted) / wanted);
    }
    ck_assert_double_lt(worst, 1e-15);
    ck_assert(logistic(0) == 0.5);
}
END_TEST

/* One number stands for the bits of a hundred thousand answers. */
START_TEST(the_bits_never_change)
{
    uint64_t state = 1, digest = 0;

    for (int i = 0; i < 100000; i++) {
        double p = logistic(70 * random_uniform(&state) - 35);
        uint64_t bits;
        memcpy(&bits, &p, sizeof(bits));
        digest = random_mix(digest ^ bits);
    }
    ck_assert_uint_eq(digest, 9340029706015722922u);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("logistic");
    TCase *tests = tcase_create("logistic");

    tcase_add_test(tests, it_is_as_good_as_the_c_library);
    tcase_add_test(tests, the_bits_never_change);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
