#include "support/oracle.h"

#include "support/run_suite.h"

#include "model/measure/evaluation.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 256, NAME_MAX_BYTES = 16 };

/* --- Opening ---------------------------------------------------------- */

static uint32_t add(struct id_map *map, const char *name)
{
    struct error err;
    struct id id = id_from_text(name, strlen(name));
    uint32_t index;

    ck_assert_ok(id_map_add(map, &id, &index, &err), err);
    return index;
}

static size_t read_rows(struct oracle *oracle, const char *data_set,
                        struct rating *rows)
{
    char path[512], line[128];
    size_t count = 0;

    snprintf(path, sizeof(path), "%s/%s.csv", GOLDEN_DIR, data_set);
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "cannot open '%s'", path);
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), in)); /* the header */
    while (fgets(line, sizeof(line), in)) {
        char user[NAME_MAX_BYTES], item[NAME_MAX_BYTES], value[NAME_MAX_BYTES];
        ck_assert_uint_lt(count, ROWS_MAX);
        ck_assert_int_eq(
            sscanf(line, "%15[^,],%15[^,],%15s", user, item, value), 3);
        rows[count++] =
            (struct rating){add(oracle->users, user), add(oracle->items, item),
                            strtod(value, NULL)};
    }
    fclose(in);
    return count;
}

static double number_at(const json_t *array, size_t index)
{
    const json_t *value = json_array_get(array, index);

    ck_assert(json_is_number(value));
    return json_number_value(value);
}

static json_t *member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    ck_assert_msg(value != NULL, "the oracle has no '%s'", name);
    return value;
}

struct oracle *oracle_open(const char *data_set)
{
    struct oracle *oracle = calloc(1, sizeof(*oracle));
    struct rating rows[ROWS_MAX];
    struct error err;
    json_error_t why;

    ck_assert_ptr_nonnull(oracle);
    oracle->root = json_load_file(GOLDEN_DIR "/oracle.json", 0, &why);
    ck_assert_msg(oracle->root != NULL, "oracle.json: %s", why.text);
    oracle->set = member(oracle->root, data_set);
    ck_assert_ok(id_map_new(&oracle->users, &err), err);
    ck_assert_ok(id_map_new(&oracle->items, &err), err);

    size_t count = read_rows(oracle, data_set, rows);
    const json_t *range = member(oracle->set, "rating_scale");
    struct scale scale = {number_at(range, 0), number_at(range, 1)};
    ck_assert_ok(
        ratings_build(
            &(struct numbered_rows){rows, count, id_map_count(oracle->users),
                                    id_map_count(oracle->items), scale},
            &oracle->ratings, &err),
        err);
    return oracle;
}

void oracle_close(struct oracle *oracle)
{
    ratings_free(oracle->ratings);
    id_map_free(oracle->users);
    id_map_free(oracle->items);
    json_decref(oracle->root);
    free(oracle);
}

struct dataset *oracle_dataset(const char *data_set)
{
    struct oracle named = {0};
    struct rating rows[ROWS_MAX];
    struct dataset *dataset = NULL;
    struct error err;

    ck_assert_ok(dataset_new(&dataset, &err), err);
    ck_assert_ok(id_map_new(&named.users, &err), err);
    ck_assert_ok(id_map_new(&named.items, &err), err);
    size_t count = read_rows(&named, data_set, rows);
    for (size_t i = 0; i < count; i++) {
        struct id user = id_map_id(named.users, rows[i].user);
        struct id item = id_map_id(named.items, rows[i].item);
        ck_assert_ok(dataset_add(dataset, &user, &item, rows[i].value, 0, &err),
                     err);
    }
    id_map_free(named.users);
    id_map_free(named.items);
    return dataset;
}

/* --- Asking ----------------------------------------------------------- */

static json_t *configuration_of(const struct oracle *oracle, const char *name)
{
    return member(member(oracle->set, "results"), name);
}

static uint32_t find(const struct id_map *map, const char *text, size_t size)
{
    struct id id = id_from_text(text, size);

    return id_map_find(map, &id);
}

size_t oracle_predictions(const struct oracle *oracle,
                          const char *configuration, struct pair *pairs,
                          double *values)
{
    json_t *all =
        member(configuration_of(oracle, configuration), "pred_unclipped");
    const char *name;
    json_t *value;
    size_t count = 0;

    json_object_foreach(all, name, value)
    {
        const char *comma = strchr(name, ',');
        ck_assert_ptr_nonnull(comma);
        ck_assert_uint_lt(count, ORACLE_PAIRS_MAX);
        pairs[count] =
            (struct pair){find(oracle->users, name, (size_t)(comma - name)),
                          find(oracle->items, comma + 1, strlen(comma + 1))};
        values[count++] = json_number_value(value);
    }
    return count;
}

double oracle_number(const struct oracle *oracle, const char *configuration,
                     const char *name)
{
    const json_t *value = member(configuration_of(oracle, configuration), name);

    ck_assert(json_is_number(value));
    return json_number_value(value);
}

bool oracle_refuses(const struct oracle *oracle, const char *configuration)
{
    return json_object_get(configuration_of(oracle, configuration),
                           "fit_error") != NULL;
}

static void read_biases(const json_t *from, const struct id_map *map,
                        double *out)
{
    for (uint32_t i = 0; i < id_map_count(map); i++) {
        char name[ID_PRINT_SIZE];
        struct id id = id_map_id(map, i);
        id_print(&id, name);
        out[i] = json_number_value(member(from, name));
    }
}

void oracle_biases(const struct oracle *oracle, const char *configuration,
                   double *user, double *item)
{
    const json_t *result = configuration_of(oracle, configuration);

    read_biases(member(result, "bu"), oracle->users, user);
    read_biases(member(result, "bi"), oracle->items, item);
}

double oracle_similarity(const struct oracle *oracle, const char *configuration,
                         size_t a, size_t b)
{
    const json_t *matrix =
        member(configuration_of(oracle, configuration), "sim");

    return number_at(json_array_get(matrix, a), b);
}

/* --- Comparing -------------------------------------------------------- */

struct model *oracle_fit(const struct oracle *oracle, const char *model,
                         const char *text)
{
    const struct model_ops *ops;
    struct model_params params;
    struct model *fitted = NULL;
    struct error err;

    ck_assert_ok(model_find(model, &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(model_fit(ops, oracle->ratings, &params, NULL, &fitted, &err),
                 err);
    return fitted;
}

static void compare_number(const struct oracle *oracle,
                           const char *configuration, const char *name,
                           double got, double tolerance)
{
    double expected = oracle_number(oracle, configuration, name);

    ck_assert_msg(fabs(got - expected) <= tolerance,
                  "%s: %s is %.17g, the reference says %.17g", configuration,
                  name, got, expected);
}

/* On the training rows, clipped. */
static void compare_errors(const struct oracle *oracle,
                           const char *configuration, const struct model *model,
                           double tolerance)
{
    const struct ratings *rows = oracle->ratings;
    double labels[ROWS_MAX], values[ROWS_MAX], fcp;
    uint32_t users[ROWS_MAX];
    struct evaluation quality;
    struct error err;
    size_t n = 0, impossible = 0;

    for (uint32_t u = 0; u < rows->users; u++) {
        for (size_t at = rows->user_first[u]; at < rows->user_first[u + 1];
             at++, n++) {
            struct pair pair = {u, rows->by_user[at].other};
            struct prediction out;
            model_predict(model, &pair, 1, &out);
            users[n] = u;
            labels[n] = rows->by_user[at].value;
            values[n] = out.value;
            impossible += out.impossible;
        }
    }
    ck_assert_ok(evaluate(labels, values, n, &quality, &err), err);
    ck_assert_ok(evaluate_fcp(users, labels, values, n, &fcp, &err), err);
    compare_number(oracle, configuration, "train_rmse", quality.rmse,
                   tolerance);
    compare_number(oracle, configuration, "train_mae", quality.mae, tolerance);
    compare_number(oracle, configuration, "train_mse", quality.mse, tolerance);
    compare_number(oracle, configuration, "train_fcp", fcp, tolerance);
    compare_number(oracle, configuration, "n_impossible", (double)impossible,
                   0);
}

void oracle_compare(const struct oracle *oracle, const char *configuration,
                    const struct model *model, enum oracle_pairs which,
                    double tolerance)
{
    struct pair pairs[ORACLE_PAIRS_MAX];
    struct prediction out[ORACLE_PAIRS_MAX];
    double values[ORACLE_PAIRS_MAX];

    size_t n = oracle_predictions(oracle, configuration, pairs, values);
    model_predict_unclipped(model, pairs, n, out);
    for (size_t i = 0; i < n; i++) {
        if (which == ORACLE_KNOWN_PAIRS && out[i].basis != BASIS_LEARNED)
            continue;
        ck_assert_msg(fabs(out[i].value - values[i]) <= tolerance,
                      "%s: user %u, item %u: %.17g, the reference says %.17g",
                      configuration, pairs[i].user, pairs[i].item, out[i].value,
                      values[i]);
    }
    compare_errors(oracle, configuration, model, tolerance);
}

void oracle_check(const struct oracle *oracle, const char *configuration,
                  const char *model, const char *params, double tolerance)
{
    struct model *fitted = oracle_fit(oracle, model, params);

    oracle_compare(oracle, configuration, fitted, ORACLE_ALL_PAIRS, tolerance);
    model_free(fitted);
}
