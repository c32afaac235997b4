/*
 * check_factor_oracle.c - every factor model of the reference, number by
 * number, on both data sets.
 */
#include "support/oracle.h"
#include "support/run_suite.h"

#include <string.h>

#define TOLERANCE 1e-9

/* clang-format off */
static const struct {
    const char *configuration, *model, *params;
} cases[] = {
    {"SVD/rs=0,n_factors=4,n_epochs=5", "svd", "factors=4 epochs=5"},
    {"SVD/rs=0/defaults", "svd", ""},
    {"SVD/const init_mean=.1,init_std_dev=0,n_factors=3,n_epochs=5,lr_all=.05",
     "svd", "init_mean=0.1 init_std=0 factors=3 epochs=5 lr_all=0.05"},
    {"SVD/biased=False,rs=0,n_factors=4,n_epochs=20,lr_all=.05",
     "svd", "biased=false factors=4 epochs=20 lr_all=0.05"},
    {"SVD/per-param: const init .2, n_factors=2,n_epochs=3,lr_bu=.01,lr_bi=.02,lr_pu=.03,lr_qi=.04,reg_bu=.1,reg_bi=.2,reg_pu=.3,reg_qi=.4",
     "svd", "init_mean=0.2 init_std=0 factors=2 epochs=3 lr_bu=0.01 lr_bi=0.02 lr_pu=0.03 lr_qi=0.04 reg_bu=0.1 reg_bi=0.2 reg_pu=0.3 reg_qi=0.4"},
    {"SVDpp/rs=0,n_factors=4,n_epochs=5", "svdpp", "factors=4 epochs=5"},
    {"SVDpp/const init_mean=.1,init_std_dev=0,n_factors=3,n_epochs=5,lr_all=.05",
     "svdpp", "init_mean=0.1 init_std=0 factors=3 epochs=5 lr_all=0.05"},
    {"NMF/rs=0,n_factors=4,n_epochs=10", "nmf", "factors=4 epochs=10"},
    {"NMF/const init_low=init_high=.5,n_factors=3,n_epochs=10",
     "nmf", "init_low=0.5 init_high=0.5 factors=3 epochs=10"},
    {"NMF/biased,rs=0,n_factors=4,n_epochs=10",
     "nmf", "biased=true factors=4 epochs=10"},
    {"CoClustering/rs=0,2x2,n_epochs=5",
     "co-clustering", "clusters_u=2 clusters_i=2 epochs=5"},
    {"CoClustering/rs=0/defaults", "co-clustering", ""},
};
/* clang-format on */
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

START_TEST(predictions_and_errors_are_the_reference)
{
    static const char *const data_sets[] = {"click", "star"};

    for (int set = 0; set < 2; set++) {
        struct oracle *oracle = oracle_open(data_sets[set]);
        struct model *model =
            oracle_fit(oracle, cases[_i].model, cases[_i].params);
        /* An unknown id falls back to a mean here, not to that of all. */
        enum oracle_pairs which = strcmp(cases[_i].model, "co-clustering") == 0
                                      ? ORACLE_KNOWN_PAIRS
                                      : ORACLE_ALL_PAIRS;
        oracle_compare(oracle, cases[_i].configuration, model, which,
                       TOLERANCE);
        model_free(model);
        oracle_close(oracle);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("factor models");
    TCase *tests = tcase_create("against the reference");

    tcase_add_loop_test(tests, predictions_and_errors_are_the_reference, 0,
                        CASES);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
