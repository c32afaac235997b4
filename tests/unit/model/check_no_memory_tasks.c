/*
 * check_no_memory_tasks.c - every allocation of what is done with models fails
 * once: the task then fails with a text and frees what it had.
 */
#include "support/failing_memory.h"
#include "support/run_suite.h"

#include "model/ask/fold_in.h"
#include "model/ask/similar.h"
#include "model/ask/top.h"
#include "model/ask/truncated_svd.h"
#include "model/measure/ranking.h"
#include "model/model.h"
#include "model/rows/id_bound.h"
#include "model/select/cross_validation.h"
#include "model/select/search.h"
#include "model/select/splitter.h"
#include "model/snapshot.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { DATA_ROWS = 60, ALLOCATIONS_MAX = 10000 };

static struct error err;

static struct ratings *some_rows(void)
{
    struct rating rows[DATA_ROWS];
    struct ratings *ratings = NULL;

    for (uint32_t i = 0; i < DATA_ROWS; i++)
        rows[i] = (struct rating){i % 7, i * i % 5, i % 3 == 0};
    rows[0].user = INDEX_UNKNOWN;
    if (ratings_build(&(struct numbered_rows){rows, DATA_ROWS, 7, 5, {0, 1}},
                      &ratings, &err) < 0)
        return NULL;
    return ratings;
}

static struct dataset *data; /* made before anything fails */
static struct ratings *train;
static struct model *factors;

static struct dataset *make_data(void)
{
    struct dataset *made = NULL;

    if (dataset_new(&made, &err) < 0)
        return NULL;
    for (int64_t i = 0; i < DATA_ROWS; i++) {
        struct id user = id_from_number(i % 7),
                  item = id_from_number(i * i % 5);
        if (dataset_add(made, i ? &user : NULL, &item, i % 3 == 0, i, &err) <
            0) {
            dataset_free(made);
            return NULL;
        }
    }
    return made;
}

static struct model *fit_svd(void)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(model_find("svd", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, "factors=3", &params, &err), err);
    ck_assert_ok(model_fit(ops, train, &params, NULL, &model, &err), err);
    return model;
}

static void prepare(void)
{
    data = make_data();
    train = some_rows();
    ck_assert(data && train);
    factors = fit_svd();
}

static void clean(void)
{
    dataset_free(data);
    ratings_free(train);
    model_free(factors);
}

static int make_dataset(void)
{
    struct dataset *made = make_data();

    dataset_free(made);
    return made ? 0 : -1;
}

static int cut_training_set(void)
{
    struct trainset *set = NULL;
    struct id_map *users = NULL, *items = NULL;

    int status = trainset_build(data, NULL, data->count, (struct scale){0, 1},
                                &set, &err);
    if (status == 0)
        status = trainset_ids(set, data, &users, &items, &err);
    id_map_free(users);
    id_map_free(items);
    trainset_free(set);
    return status;
}

static int add_row(struct training_set *set, size_t i)
{
    struct id user = id_from_number((int64_t)i % 7);
    struct id ad = id_from_number((int64_t)(i * i % 5));

    set->rows[i].value = i % 3 == 0;
    if (id_map_add(set->users, &user, &set->rows[i].user, &err) < 0)
        return -1;
    return id_map_add(set->ads, &ad, &set->rows[i].item, &err);
}

static int bound_ids(void)
{
    struct training_set *set = NULL;
    int status = training_set_new(DATA_ROWS, 0, DATA_ROWS, &set, &err);

    for (size_t i = 0; i < DATA_ROWS && status == 0; i++)
        status = add_row(set, i);
    if (status == 0)
        status = id_bound_apply(set, 4, &err);
    training_set_free(set);
    return status;
}

static int split_all_ways(void)
{
    static const size_t bounds[] = {0, 30, 30, 60};
    struct folds *folds[6] = {NULL};

    int status =
        split_k_fold(DATA_ROWS, 3, ROWS_SHUFFLED, 0, &folds[0], &err) < 0 ||
                split_repeated_k_fold(DATA_ROWS, 3, 2, 0, &folds[1], &err) <
                    0 ||
                split_shuffle(
                    DATA_ROWS,
                    &(struct shuffle_split){2, 0.2, -1, ROWS_SHUFFLED, 0},
                    &folds[2], &err) < 0 ||
                split_leave_one_out(data, 2, 0, 0, &folds[3], &err) < 0 ||
                split_by_time(data, 3, &folds[4], &err) < 0 ||
                split_predefined(bounds, 1, &folds[5], &err) < 0
            ? -1
            : 0;
    for (int i = 0; i < 6; i++)
        folds_free(folds[i]);
    return status;
}

static int search_and_validate(void)
{
    const struct model_ops *ops = NULL;
    struct model_params base;
    struct folds *folds = NULL;
    struct search_plan *grid = NULL, *drawn = NULL;
    struct search_results *results = NULL;
    atomic_size_t finished = 0;
    int status = -1;

    if (model_find("knn", &ops, &err) == 0 &&
        params_start(ops, &base, &err) == 0 &&
        split_k_fold(DATA_ROWS, 2, ROWS_IN_ORDER, 0, &folds, &err) == 0 &&
        search_random(ops, &base, "k=1|2|3", &(struct search_draw){2, 0},
                      &drawn, &err) == 0 &&
        search_grid(ops, &base, "k=1|2", &grid, &err) == 0) {
        grid->measures = (struct measures){
            .train = true, .ranking_k = 3, .ranking_threshold = 0.5};
        status = search_run(grid,
                            &(struct search_job){.dataset = data,
                                                 .scale = {0, 1},
                                                 .folds = folds,
                                                 .threads = 1,
                                                 .finished = &finished},
                            &results, &err);
    }
    search_results_free(results);
    search_plan_free(grid);
    search_plan_free(drawn);
    folds_free(folds);
    return status;
}

static int compare_all_ways(void)
{
    for (int by = SIMILAR_MSD; by <= SIMILAR_SVD; by++) {
        const struct similar_settings settings = {
            .by = by, .users = true, .min_support = 1, .factors = 2};
        struct similar *similar = NULL;
        struct similar_entry entry;
        if (similar_new(train, &settings, &similar, &err) < 0)
            return -1;
        similar_nearest(similar, 0, 1, &entry);
        similar_free(similar);
    }
    return 0;
}

static int rank(void)
{
    struct top_entry entries[3];
    struct top_request request = {.user = 1, .out = entries};

    return top_rank(factors, &request, 1, 3, &err);
}

static int decompose(void)
{
    struct truncated_svd *svd = NULL;
    int status = truncated_svd_fit(train, 2, 0, NULL, &svd, &err);

    truncated_svd_free(svd);
    return status;
}

static int fold_in_a_user(void)
{
    static const struct rated known[] = {{0, 1}, {1, 0}};
    struct folded *folded = NULL;
    int status = fold_in(factors, FOLD_USER, known, 2, &folded, &err);

    free(folded);
    return status;
}

static int keep_a_snapshot(void)
{
    struct snapshot whole = {.model = factors, .rows = 1}, *read = NULL;
    struct buffer bytes = {0};
    int status = -1;

    if (id_map_new(&whole.users, &err) == 0 &&
        id_map_new(&whole.ads, &err) == 0) {
        status = 0;
        for (int64_t i = 0; i < 7 && status == 0; i++) {
            struct id id = id_from_number(i);
            uint32_t index;
            status = id_map_add(whole.users, &id, &index, &err);
            if (i < 5 && status == 0)
                status = id_map_add(whole.ads, &id, &index, &err);
        }
    }
    if (status == 0)
        status = snapshot_encode(&whole, &bytes, &err);
    if (status == 0)
        status = snapshot_decode(bytes.bytes, bytes.size, &read, &err);
    snapshot_free(read);
    buffer_free(&bytes);
    id_map_free(whole.users);
    id_map_free(whole.ads);
    return status;
}

static int measure(void)
{
    static const double labels[] = {0, 1, 1, 0};
    static const double said[] = {0.1, 0.7, 0.4, 0.5};
    static const uint32_t users[] = {0, 0, 1, 1};
    struct evaluation evaluation;
    struct ranking ranking;
    double fcp;

    if (evaluate(labels, said, 4, &evaluation, &err) < 0 ||
        evaluate_fcp(users, labels, said, 4, &fcp, &err) < 0)
        return -1;
    return evaluate_ranking(&(struct ranking_rows){users, labels, said, 4},
                            &(struct ranking_rule){2, 0.5}, &ranking, &err);
}

static int calibrate(void)
{
    static const struct pair pairs[] = {{0, 0}, {1, 1}, {2, 2}};
    static const double labels[] = {0, 1, 1};

    return model_calibrate(factors, pairs, labels, 3, &err);
}

static int (*const tasks[])(void) = {
    make_dataset,        cut_training_set, bound_ids, split_all_ways,
    search_and_validate, compare_all_ways, rank,      decompose,
    fold_in_a_user,      keep_a_snapshot,  measure,   calibrate,
};
enum { TASKS = sizeof(tasks) / sizeof(tasks[0]) };

/* What a task had when it failed is freed: the sanitizer looks. */
START_TEST(a_task_fails_and_says_so_until_it_works)
{
    long n = 0;

    for (int status = -1; status < 0; n++) {
        ck_assert_msg(n < ALLOCATIONS_MAX, "%s", err.text);
        err.text[0] = '\0';
        failing_memory_after(n);
        status = tasks[_i]();
        failing_memory_after(-1);
        ck_assert(status == 0 || err.text[0] != '\0');
    }
    ck_assert_int_gt(n, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("no memory for tasks");
    TCase *tests = tcase_create("each allocation fails once");

    tcase_add_checked_fixture(tests, prepare, clean);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_task_fails_and_says_so_until_it_works, 0,
                        TASKS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
