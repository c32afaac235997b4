/*
 * check_fields.c - the model "fields" beside a second implementation in
 * Python: keys to the last bit, and every number of its state after each of
 * fifteen steps (tests/golden/fields_hash.json, fields_online.json).
 */
#include "support/run_suite.h"

#include "common/base/bytes_reader.h"

#include "model/algorithms/fields.h"
#include "model/rows/dataset.h"
#include "model/rows/field_list.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct error err;

static json_t *golden(const char *name)
{
    char path[512];
    json_error_t why;

    snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
    json_t *root = json_load_file(path, 0, &why);
    ck_assert_msg(root != NULL, "%s: %s", path, why.text);
    return root;
}

static struct id json_id(const json_t *value)
{
    if (json_is_integer(value))
        return id_from_number(json_integer_value(value));
    return id_from_text(json_string_value(value), json_string_length(value));
}

static uint64_t hex_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    ck_assert_ptr_nonnull(text);
    return strtoull(text, NULL, 16);
}

static long long whole(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static double real(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static struct field_list list_of(const char *text)
{
    struct field_list list;

    ck_assert_ok(field_list_parse(text, &list, &err), err);
    return list;
}

/* --- Keys ------------------------------------------------------------- */

START_TEST(keys_are_those_of_the_other_implementation)
{
    json_t *root = golden("fields_hash.json"), *entry;
    size_t i;

    json_array_foreach(json_object_get(root, "id_hash"), i, entry)
    {
        struct id id = json_id(json_object_get(entry, "id"));
        ck_assert(id_hash(&id) == hex_of(entry, "hash"));
    }
    json_array_foreach(json_object_get(root, "field_salt"), i, entry)
    {
        struct field_list list =
            list_of(json_string_value(json_object_get(entry, "field")));
        ck_assert(list.salts[0] == hex_of(entry, "hash"));
    }
    json_array_foreach(json_object_get(root, "key"), i, entry)
    {
        struct field_list list =
            list_of(json_string_value(json_object_get(entry, "field")));
        struct id value = json_id(json_object_get(entry, "value"));
        uint64_t key = field_list_key(&list, 0, &value);
        ck_assert(key == hex_of(entry, "key"));
        ck_assert_int_eq((long long)(key >> 44), whole(entry, "slot20"));
        ck_assert_int_eq((long long)(key >> 54), whole(entry, "slot10"));
    }
    json_array_foreach(json_object_get(root, "cross"), i, entry)
    {
        struct field_list list =
            list_of(json_string_value(json_object_get(entry, "fields")));
        const json_t *values = json_object_get(entry, "values");
        uint64_t of_values[2], key;
        for (uint32_t v = 0; v < 2; v++) {
            struct id id = json_id(json_array_get(values, v));
            of_values[v] = field_list_key(&list, v, &id);
        }
        field_list_keys(&list, of_values, &key);
        ck_assert(key == hex_of(entry, "key"));
    }
    json_decref(root);
}
END_TEST

START_TEST(a_list_is_read_in_its_order)
{
    struct field_list list = list_of("user,ad*position+position,ad");
    char title[FIELD_TITLE_SIZE];

    ck_assert_uint_eq(list.count, 4);
    ck_assert_uint_eq(list.values, 3);
    ck_assert_str_eq(field_list_title(&list, 1, title), "ad*position");
    ck_assert_int_eq(field_list_value(&list, "position"), 2);
    ck_assert_int_eq(field_list_value(&list, "query"), -1);
}
END_TEST

START_TEST(a_list_that_makes_no_sense_is_refused)
{
    static const char *const wrong[] = {"",        ",",  "user,user",
                                        "a*b,a*b", "a*", "*a"};
    struct field_list list;
    char long_name[100] = "";

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_refused(field_list_parse(wrong[i], &list, &err), err,
                          ERROR_CONFIG, "fields");
    memset(long_name, 'n', FIELD_NAME_SIZE);
    ck_assert_refused(field_list_parse(long_name, &list, &err), err,
                      ERROR_CONFIG, "63");
}
END_TEST

START_TEST(absent_and_unseen_values_spread_to_crosses)
{
    struct field_list list = list_of("a*b");
    uint64_t key;

    field_list_keys(&list, (const uint64_t[]){FIELD_ABSENT, 77}, &key);
    ck_assert(key == FIELD_ABSENT);
    field_list_keys(&list, (const uint64_t[]){FIELD_UNSEEN, FIELD_ABSENT},
                    &key);
    ck_assert(key == FIELD_ABSENT);
    field_list_keys(&list, (const uint64_t[]){77, FIELD_UNSEEN}, &key);
    ck_assert(key == FIELD_UNSEEN);
}
END_TEST

START_TEST(numbers_are_given_to_fields_by_title)
{
    struct field_list list = list_of("user,ad,user*ad");
    double numbers[FIELDS_MAX];

    ck_assert_ok(field_list_numbers(&list, "", 7, numbers, &err), err);
    ck_assert_double_eq(numbers[2], 7);
    ck_assert_ok(field_list_numbers(&list, "3+user*ad:0.5", 7, numbers, &err),
                 err);
    ck_assert_double_eq(numbers[0], 3);
    ck_assert_double_eq(numbers[2], 0.5);
    ck_assert_refused(field_list_numbers(&list, "query:3", 7, numbers, &err),
                      err, ERROR_CONFIG, "query");
    ck_assert_refused(field_list_numbers(&list, "user:0", 7, numbers, &err),
                      err, ERROR_CONFIG, "above 0");
    ck_assert_refused(field_list_numbers(&list, "user:x", 7, numbers, &err),
                      err, ERROR_CONFIG, "write a number");
}
END_TEST

/* --- Learning --------------------------------------------------------- */

enum { BITS = 10, SLOTS = 1 << BITS, PLAIN_FIELDS = 4 };
static const char *const plain[PLAIN_FIELDS] = {"user", "ad", "advertiser",
                                                "position"};

/* The numbers of a model, out of the bytes that it is saved as. */
struct state {
    double m0, q0, m[SLOTS], q[SLOTS];
};

static void skip_text(struct bytes_reader *from)
{
    ck_assert_ptr_nonnull(bytes_read(from, bytes_read_u32(from)));
}

static void read_state(const struct model *model, struct state *out)
{
    struct buffer bytes = {0};

    memset(out, 0, sizeof(*out));
    model_save(model, &bytes);
    struct bytes_reader from = {.at = bytes.bytes, .left = bytes.size};
    skip_text(&from); /* name */
    skip_text(&from); /* parameters */
    ck_assert_ptr_nonnull(bytes_read(&from, 3 * 4 + 5 * 8));
    uint32_t count = bytes_read_u32(&from);
    for (uint32_t f = 0; f < count; f++)
        skip_text(&from);
    ck_assert_ptr_nonnull(bytes_read(&from, 2 * 4 + 2 * 8 * (size_t)count));
    out->m0 = bytes_read_f64(&from);
    out->q0 = bytes_read_f64(&from);
    for (uint32_t n = bytes_read_u32(&from); n > 0; n--) {
        uint32_t slot = bytes_read_u32(&from);
        ck_assert_uint_lt(slot, SLOTS);
        out->m[slot] = bytes_read_f64(&from);
        out->q[slot] = bytes_read_f64(&from);
    }
    ck_assert(!bytes_reader_failed(&from) && from.left == 0);
    buffer_free(&bytes);
}

static struct model *start(const char *text)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(fields_start(&params, &model, &err), err);
    return model;
}

static void values_of(const struct field_list *list, const json_t *row,
                      uint64_t values[FIELDS_MAX])
{
    for (int i = 0; i < PLAIN_FIELDS; i++) {
        int value = field_list_value(list, plain[i]);
        const json_t *given = json_object_get(row, plain[i]);
        struct id id = json_is_null(given) ? (struct id){0} : json_id(given);
        ck_assert_int_ge(value, 0);
        values[value] = json_is_null(given)
                            ? FIELD_ABSENT
                            : field_list_key(list, (uint32_t)value, &id);
    }
}

static void check_near(double got, double wanted, double tolerance)
{
    ck_assert_msg(fabs(got - wanted) <= tolerance * fmax(fabs(wanted), 1e-3),
                  "%.17g instead of %.17g", got, wanted);
}

static const char whole_list[] =
    "fields=user+ad+advertiser+position+advertiser*position "
    "lambda=10+user:2+position:4 memory=user:0.5 bits=10 start=0.25 ";

/* Learns, corrects and takes back; every number after every step. */
static void check_steps(const char *precision, double tolerance)
{
    json_t *root = golden("fields_online.json"), *step, *touched;
    const json_t *rows = json_object_get(root, "rows");
    static struct state state;
    char text[256];
    size_t i, t;

    snprintf(text, sizeof(text), "%sprecision=%s", whole_list, precision);
    struct model *model = start(text);
    json_array_foreach(json_object_get(root, "steps"), i, step)
    {
        const char *event = json_string_value(json_object_get(step, "event"));
        uint64_t values[FIELDS_MAX];
        struct prediction p;
        values_of(model_fields(model),
                  json_array_get(rows, (size_t)whole(step, "row")), values);
        model_answer(model,
                     &(struct questions){.pairs = &(struct pair){0, 0},
                                         .values = values},
                     1, &p);
        check_near(p.value, real(step, "p_before"), tolerance);
        if (strcmp(event, "learn") == 0)
            model->ops->fields->learn(model, values,
                                      (const double[]){real(step, "label")}, 1);
        else
            model->ops->fields->correct(model, values,
                                        strcmp(event, "flip") == 0 ? 1 : -1);
        if (strcmp(precision, "double") != 0)
            continue;
        read_state(model, &state);
        check_near(state.m0, real(step, "m0"), tolerance);
        check_near(state.q0, real(step, "q0"), tolerance);
        json_array_foreach(json_object_get(step, "touched"), t, touched)
        {
            size_t slot = (size_t)whole(touched, "slot");
            check_near(state.m[slot], real(touched, "m"), tolerance);
            check_near(state.q[slot], real(touched, "q"), tolerance);
        }
    }
    ck_assert_uint_eq(i, 15);
    model_free(model);
    json_decref(root);
}

START_TEST(each_step_is_that_of_the_other_implementation)
{
    check_steps("double", 1e-12);
}
END_TEST

START_TEST(single_precision_is_close)
{
    check_steps("single", 1e-5);
}
END_TEST

/* --- Rows with fields ------------------------------------------------- */

enum { ROWS = 300 };

static struct dataset *some_rows(const char *fields)
{
    struct field_list list = list_of(fields);
    struct dataset *dataset = NULL;

    ck_assert_ok(dataset_new(&dataset, &err), err);
    dataset_set_fields(dataset, &list);
    for (int64_t i = 0; i < ROWS; i++) {
        struct id user = id_from_number(i * i % 23), ad = id_from_number(i % 7);
        struct id position = id_from_number(i % 3);
        ck_assert_ok(dataset_add(dataset, i % 11 ? &user : NULL, &ad,
                                 (i * 7 + i / 3) % 5 == 0, i, &err),
                     err);
        uint64_t *keys = dataset_keys(dataset, (size_t)i);
        keys[0] = field_list_key(&list, 0, &user);
        keys[1] = field_list_key(&list, 1, &ad);
        if (i % 4)
            keys[2] = field_list_key(&list, 2, &position);
    }
    return dataset;
}

static struct model *fit(const struct dataset *dataset, const size_t *places,
                         size_t n, const char *text, struct trainset **train)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, text, &params, &err), err);
    ck_assert_ok(
        trainset_build(dataset, places, n, (struct scale){0, 1}, train, &err),
        err);
    ck_assert_ok(model_fit(ops, (*train)->ratings, &params, NULL, &model, &err),
                 err);
    return model;
}

/* Every second row, handed in backwards: learned by a fit, and one by one. */
START_TEST(a_fit_learns_its_rows_in_their_order)
{
    static const char text[] = "fields=user+ad+position+ad*position bits=10 "
                               "start=0.25 precision=double";
    struct dataset *dataset = some_rows("user,ad,position");
    static size_t places[ROWS / 2];
    struct trainset *train = NULL;

    for (size_t i = 0; i < ROWS / 2; i++)
        places[ROWS / 2 - 1 - i] = 2 * i + 1;
    struct model *model = fit(dataset, places, ROWS / 2, text, &train);
    struct model *pupil = start(text);
    for (size_t i = 1; i < ROWS; i += 2)
        pupil->ops->fields->learn(pupil, dataset_keys(dataset, i),
                                  &dataset->rows[i].value, 1);
    for (size_t i = 0; i < ROWS; i++) {
        struct prediction a, b;
        const struct questions ask = {.pairs = &(struct pair){0, 0},
                                      .values = dataset_keys(dataset, i)};
        model_answer(model, &ask, 1, &a);
        model_answer(pupil, &ask, 1, &b);
        ck_assert(a.value == b.value && a.basis == b.basis);
    }
    model_free(model);
    model_free(pupil);
    trainset_free(train);
    dataset_free(dataset);
}
END_TEST

START_TEST(basis_and_support_follow_the_fields_that_are_there)
{
    struct dataset *dataset = some_rows("user,ad,position");
    struct trainset *train = NULL;
    struct model *model =
        fit(dataset, NULL, ROWS, "fields=user+ad+position", &train);
    const struct field_list *list = model_fields(model);
    struct id user = id_from_number(1), new_user = id_from_number(5555);
    struct id ad = id_from_number(3);
    uint64_t rows[4][3] = {
        {field_list_key(list, 0, &user), field_list_key(list, 1, &ad)},
        {field_list_key(list, 0, &new_user), field_list_key(list, 1, &ad)},
        {field_list_key(list, 0, &new_user)},
        {FIELD_ABSENT, field_list_key(list, 1, &ad)}};
    struct pair pairs[4] = {{0, 0}};
    struct prediction out[4];

    model_answer(model, &(struct questions){.pairs = pairs, .values = rows[0]},
                 4, out);
    ck_assert_int_eq(out[0].basis, BASIS_LEARNED);
    ck_assert_int_eq(out[1].basis, BASIS_PARTIAL);
    ck_assert_int_eq(out[2].basis, BASIS_FALLBACK);
    ck_assert_int_eq(out[3].basis, BASIS_LEARNED);
    ck_assert_double_eq(out[1].support, 0);
    ck_assert_double_eq(out[2].support, 0);
    /* ad 3 has 43 of 300 rows; user 1 has 26 */
    ck_assert_double_eq_tol(out[3].support, 43, 5);
    ck_assert_double_eq_tol(out[0].support, 26, 5);
    model_free(model);
    trainset_free(train);
    dataset_free(dataset);
}
END_TEST

/* Callers that know pairs alone get the answer without the other fields. */
START_TEST(a_pair_is_answered_by_the_keys_of_its_ids)
{
    struct dataset *dataset = some_rows("user,ad,position");
    struct trainset *train = NULL;
    struct model *model =
        fit(dataset, NULL, ROWS, "fields=user+ad+position+user*ad", &train);

    for (size_t i = 0; i < ROWS; i++) {
        const struct rating *row = &train->fields.rows[i];
        uint64_t values[3] = {dataset_keys(dataset, i)[0],
                              dataset_keys(dataset, i)[1], FIELD_ABSENT};
        struct pair pair = {row->user, row->item};
        struct prediction by_pair, by_values;
        if (row->user == INDEX_UNKNOWN)
            continue;
        model_predict(model, &pair, 1, &by_pair);
        model_answer(model,
                     &(struct questions){.pairs = &pair, .values = values}, 1,
                     &by_values);
        ck_assert(by_pair.value == by_values.value);
    }
    model_free(model);
    trainset_free(train);
    dataset_free(dataset);
}
END_TEST

START_TEST(fields_that_the_rows_do_not_have_are_refused)
{
    struct dataset *dataset = some_rows("user,ad,position");
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct trainset *train = NULL;
    struct model *model = NULL;

    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_ok(params_set(ops, "fields=user+query", &params, &err), err);
    ck_assert_ok(
        trainset_build(dataset, NULL, ROWS, (struct scale){0, 1}, &train, &err),
        err);
    ck_assert_refused(
        model_fit(ops, train->ratings, &params, NULL, &model, &err), err,
        ERROR_CONFIG, "query");
    trainset_free(train);
    dataset_free(dataset);
}
END_TEST

START_TEST(a_model_without_rows_needs_a_rate)
{
    const struct model_ops *ops = NULL;
    struct model_params params;
    struct model *model = NULL;

    ck_assert_ok(model_find("fields", &ops, &err), err);
    ck_assert_ok(params_start(ops, &params, &err), err);
    ck_assert_refused(fields_start(&params, &model, &err), err, ERROR_CONFIG,
                      "start");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fields");
    TCase *keys = tcase_create("keys");
    TCase *learning = tcase_create("learning");
    TCase *rows = tcase_create("rows");

    tcase_add_test(keys, keys_are_those_of_the_other_implementation);
    tcase_add_test(keys, a_list_is_read_in_its_order);
    tcase_add_test(keys, a_list_that_makes_no_sense_is_refused);
    tcase_add_test(keys, absent_and_unseen_values_spread_to_crosses);
    tcase_add_test(keys, numbers_are_given_to_fields_by_title);
    tcase_add_test(learning, each_step_is_that_of_the_other_implementation);
    tcase_add_test(learning, single_precision_is_close);
    tcase_add_test(rows, a_fit_learns_its_rows_in_their_order);
    tcase_add_test(rows, basis_and_support_follow_the_fields_that_are_there);
    tcase_add_test(rows, a_pair_is_answered_by_the_keys_of_its_ids);
    tcase_add_test(rows, fields_that_the_rows_do_not_have_are_refused);
    tcase_add_test(rows, a_model_without_rows_needs_a_rate);
    suite_add_tcase(suite, keys);
    suite_add_tcase(suite, learning);
    suite_add_tcase(suite, rows);
    return run_suite(suite);
}
