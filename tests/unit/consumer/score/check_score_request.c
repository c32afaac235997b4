/*
 * check_score_request.c - many pairs in one request: what is asked, and what is
 * refused with its place.
 */
#include "support/run_suite.h"

#include "common/base/buffer.h"

#include "consumer/score/score_request.h"

#include <stdlib.h>
#include <string.h>

static struct error err;
static struct field_list list;
static struct score_request request;
static char bytes[4096];

static void set_up(void)
{
    ck_assert_ok(field_list_parse("user,ad,position,site.id", &list, &err),
                 err);
}

static void tear_down(void)
{
    score_request_free(&request);
}

static int read_json(const struct field_list *fields, const char *text)
{
    snprintf(bytes, sizeof(bytes), "%s", text);
    return score_request_read_json(fields, (uint8_t *)bytes, strlen(bytes),
                                   &request, &err);
}

static void assert_pair(size_t at, const char *user, const char *ad)
{
    const struct id wanted_user = id_from_text(user, strlen(user));
    const struct id wanted_ad = id_from_text(ad, strlen(ad));

    ck_assert_uint_lt(at, request.count);
    ck_assert(id_equal(&request.questions[at].user, &wanted_user));
    ck_assert(id_equal(&request.questions[at].ad, &wanted_ad));
}

/* `value` is NULL where the field is absent. */
static void assert_field(size_t at, const char *name, const char *value)
{
    const int v = field_list_value(&list, name);
    uint64_t wanted = FIELD_ABSENT;

    ck_assert_int_ge(v, 0);
    if (value) {
        struct id id = id_from_text(value, strlen(value));
        wanted = field_list_key(&list, (uint32_t)v, &id);
    }
    ck_assert_uint_eq(request.questions[at].values[v], wanted);
}

START_TEST(one_user_has_many_ads_with_fields_of_their_own)
{
    ck_assert_ok(
        read_json(&list,
                  " {\"position\" : 1, \"ads\": [12, \"b\", {\"position\":2, "
                  "\"ad\":14}, {\"ad\":15,\"position\":null},"
                  "{\"ad\":16,\"user\":\"y\",\"site.id\":true}],\n"
                  "\"user\":\"x\",\"site.id\":\"s\",\"rank\":3,"
                  "\"other\":{\"a\":[1,{\"b\":2}]}} \n"),
        err);
    ck_assert_uint_eq(request.count, 5);
    ck_assert_uint_eq(request.rank, 3);
    assert_pair(0, "x", "12");
    assert_pair(1, "x", "b");
    assert_pair(2, "x", "14");
    assert_pair(3, "x", "15");
    assert_pair(4, "y", "16");
    static const char *const positions[] = {"1", "1", "2", NULL, "1"};
    for (size_t i = 0; i < 5; i++) {
        assert_field(i, "position", positions[i]);
        assert_field(i, "site.id", i == 4 ? "1" : "s");
        ck_assert_int_eq(request.says_user[i], i == 4);
    }
}
END_TEST

START_TEST(pairs_may_have_nothing_in_common)
{
    ck_assert_ok(read_json(NULL, "{\"pairs\":[{\"user\":1,\"ad\":2,\"x\":[]},"
                                 "{\"ad\":4,\"user\":3}]}"),
                 err);
    ck_assert_uint_eq(request.count, 2);
    ck_assert_uint_eq(request.rank, 0);
    assert_pair(0, "1", "2");
    assert_pair(1, "3", "4");
    ck_assert(request.says_user[0] && request.says_user[1]);
    ck_assert_ptr_null(request.questions[0].values);
}
END_TEST

START_TEST(without_a_list_the_object_is_the_only_pair)
{
    ck_assert_ok(read_json(&list,
                           "{\"user\":1,\"ad\":2,\"position\":3,\"site.id\":"
                           "1.5}"),
                 err);
    ck_assert_uint_eq(request.count, 1);
    assert_pair(0, "1", "2");
    assert_field(0, "position", "3");
    assert_field(0, "site.id", NULL); /* as in an impression */
}
END_TEST

START_TEST(an_empty_list_asks_for_nothing)
{
    ck_assert_ok(read_json(&list, "{\"ads\":[]}"), err);
    ck_assert_uint_eq(request.count, 0);
}
END_TEST

/* The bytes are read twice, and written once. */
START_TEST(escapes_are_resolved_wherever_they_are)
{
    ck_assert_ok(read_json(&list,
                           "{\"\\u0075ser\":\"\\u0041\\n\",\"ads\":["
                           "{\"\\u0061d\":\"\\u00e4\\ud83d\\ude00\"},\"\\/\"],"
                           "\"p\\u006fsition\":\"\\u0031\"}"),
                 err);
    ck_assert_uint_eq(request.count, 2);
    assert_pair(0, "A\n", "\u00e4\U0001F600");
    assert_pair(1, "A\n", "/");
    assert_field(1, "position", "1");
}
END_TEST

static const struct {
    const char *text;
    enum error_code code;
    const char *says;
} wrong[] = {
    {"", ERROR_FORMAT, "nothing came"},
    {" ", ERROR_FORMAT, "byte 1: the JSON ends too early"},
    {"[1]", ERROR_FORMAT, "{ is expected"},
    {"{\"user\":1", ERROR_FORMAT, "ends too early"},
    {"{\"user\":1,}", ERROR_FORMAT, "byte 10: no JSON"},
    {"{\"user\":01}", ERROR_FORMAT, "no JSON"},
    {"{\"user\":1,\"ad\":2} x", ERROR_FORMAT, "byte 18: something follows"},
    {"{\"ad\":2}", ERROR_FORMAT, "'user' is missing"},
    {"{\"user\":2}", ERROR_FORMAT, "'ad' is missing"},
    {"{\"user\":1,\"user\":1}", ERROR_FORMAT, "'user' is there twice"},
    {"{\"user\":\"\",\"ad\":2}", ERROR_FORMAT, "'user' is no id"},
    {"{\"user\":{},\"ad\":2}", ERROR_FORMAT, "'user' is no id"},
    {"{\"user\":1,\"ad\":99999999999999999999}", ERROR_FORMAT, "'ad' is no"},
    {"{\"user\":1,\"ads\":7}", ERROR_FORMAT, "'ads' is no list"},
    {"{\"user\":1,\"ads\":[1],\"pairs\":[]}", ERROR_FORMAT, "a second list"},
    {"{\"user\":1,\"ads\":[1,{\"user\":2}]}", ERROR_FORMAT,
     "ads[1]: 'ad' is missing"},
    {"{\"pairs\":[{\"ad\":2}]}", ERROR_FORMAT, "pairs[0]: 'user' is missing"},
    {"{\"user\":1,\"ads\":[1,2,null]}", ERROR_FORMAT, "ads[2]: no ad"},
    {"{\"user\":1,\"ads\":[{\"ad\":1,\"position\":1,\"position\":1}]}",
     ERROR_FORMAT, "ads[0]: 'position' is there twice"},
    {"{\"user\":1,\"ads\":[1],\"rank\":0}", ERROR_FORMAT, "'rank' is no"},
    {"{\"user\":1,\"ads\":[1],\"rank\":\"2\"}", ERROR_FORMAT, "'rank' is no"},
    {"{\"user\":1,\"ads\":[1],\"rank\":1,\"rank\":1}", ERROR_FORMAT,
     "'rank' is there twice"},
    {"{\"x\":[[[[[[[[1]]]]]]]]}", ERROR_FORMAT, "too many lists and objects"},
    {"{\"ads\":[{\"x\":[[[[[[1]]]]]]}]}", ERROR_FORMAT,
     "too many lists and objects"},
};

START_TEST(what_is_wrong_is_named_with_its_place)
{
    int status = read_json(&list, wrong[_i].text);
    ck_assert_refused(status, err, wrong[_i].code, wrong[_i].says);
    ck_assert_ptr_null(request.questions);
}
END_TEST

/* {"user":1,"ads":[0,0,...]} */
static int read_many(size_t count, const char *entry)
{
    struct buffer text = {0};

    buffer_append(&text, "{\"user\":1,\"ads\":[", 17);
    for (size_t i = 0; i < count; i++) {
        buffer_append(&text, ",", i > 0);
        buffer_append(&text, entry, strlen(entry));
    }
    buffer_append(&text, "]}", 2);
    int status =
        score_request_read_json(&list, text.bytes, text.size, &request, &err);
    buffer_free(&text);
    return status;
}

START_TEST(as_many_pairs_as_are_promised_and_no_more)
{
    ck_assert_ok(
        read_many(SCORE_REQUEST_PAIRS_MAX, "{\"ad\":1,\"position\":2}"), err);
    ck_assert_uint_eq(request.count, SCORE_REQUEST_PAIRS_MAX);
    score_request_free(&request);
    ck_assert_refused(read_many(SCORE_REQUEST_PAIRS_MAX + 1, "1"), err,
                      ERROR_LIMIT, "'ads' has more than 1000");
}
END_TEST

START_TEST(values_that_nobody_needs_are_bounded)
{
    char entry[1024] = "{\"ad\":1,\"x\":[0";

    for (int i = 0; i < 200; i++)
        strcat(entry, ",0");
    strcat(entry, "]}");
    ck_assert_refused(read_many(SCORE_REQUEST_PAIRS_MAX, entry), err,
                      ERROR_LIMIT, "too many values");
}
END_TEST

/* --- Arguments -------------------------------------------------------- */

struct pair_of_texts {
    const char *name, *value;
};

static const char *lookup(const void *context, const char *name)
{
    const struct pair_of_texts *given = context;

    for (; given->name; given++)
        if (strcmp(given->name, name) == 0)
            return given->value;
    return NULL;
}

static int read_arguments(enum score_request_form form, const char *user,
                          const char *ads, const char *n)
{
    const struct pair_of_texts given[] = {
        {form == SCORE_REQUEST_RANK ? "ads" : "ad", ads},
        {"user", user},
        {"n", n},
        {"position", "2"},
        {"site.id", ""},
        {NULL, NULL}};

    return score_request_read_arguments(form, &list, lookup, given, &request,
                                        &err);
}

START_TEST(arguments_ask_for_a_pair_with_fields)
{
    ck_assert_ok(read_arguments(SCORE_REQUEST_PAIR, "7", "a,b", NULL), err);
    ck_assert_uint_eq(request.count, 1);
    ck_assert_uint_eq(request.rank, 0);
    assert_pair(0, "7", "a,b");
    assert_field(0, "position", "2");
    assert_field(0, "site.id", NULL);
}
END_TEST

START_TEST(arguments_ask_for_the_best_of_some_ads)
{
    ck_assert_ok(read_arguments(SCORE_REQUEST_RANK, "7", "12,b,13", "2"), err);
    ck_assert_uint_eq(request.count, 3);
    ck_assert_uint_eq(request.rank, 2);
    assert_pair(0, "7", "12");
    assert_pair(1, "7", "b");
    assert_pair(2, "7", "13");
    for (size_t i = 0; i < 3; i++) {
        assert_field(i, "position", "2");
        ck_assert(!request.says_user[i]);
    }
    score_request_free(&request);
    ck_assert_ok(read_arguments(SCORE_REQUEST_RANK, "7", "12", NULL), err);
    ck_assert_uint_ge(request.rank, 1);
}
END_TEST

START_TEST(wrong_arguments_are_named)
{
    static const struct {
        enum score_request_form form;
        const char *user, *ads, *n, *says;
    } rows[] = {
        {SCORE_REQUEST_PAIR, NULL, "1", NULL, "give user="},
        {SCORE_REQUEST_PAIR, "1", NULL, NULL, "give ad="},
        {SCORE_REQUEST_RANK, "1", NULL, NULL, "give ads="},
        {SCORE_REQUEST_RANK, "1", "2,,3", NULL, "give ads="},
        {SCORE_REQUEST_RANK, "1", "2,3,", NULL, "give ads="},
        {SCORE_REQUEST_RANK, "1", "2", "0", "n= is no"},
        {SCORE_REQUEST_RANK, "1", "2", "", "n= is no"},
        {SCORE_REQUEST_RANK, "1", "2", "-1", "n= is no"},
        {SCORE_REQUEST_RANK, "1", "2", "2x", "n= is no"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status =
            read_arguments(rows[i].form, rows[i].user, rows[i].ads, rows[i].n);
        ck_assert_refused(status, err, ERROR_FORMAT, rows[i].says);
        ck_assert_ptr_null(request.questions);
    }
    char *many = malloc(2 * SCORE_REQUEST_PAIRS_MAX + 2);
    ck_assert_ptr_nonnull(many);
    memset(many, ',', 2 * SCORE_REQUEST_PAIRS_MAX + 1);
    many[2 * SCORE_REQUEST_PAIRS_MAX + 1] = '\0';
    ck_assert_refused(read_arguments(SCORE_REQUEST_RANK, "1", many, NULL), err,
                      ERROR_LIMIT, "more than 1000");
    free(many);
}
END_TEST

/* --- The order of the answer ------------------------------------------ */

START_TEST(the_best_come_first_and_ties_as_they_were_asked)
{
    const double p[] = {0.2, 0.5, 0.2, 0.9, 0.5};
    struct prediction answers[5];
    struct score_place places[5];

    for (size_t i = 0; i < 5; i++)
        answers[i] = (struct prediction){.value = p[i]};
    request.count = 5;
    ck_assert_uint_eq(score_request_order(&request, answers, places), 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_uint_eq(places[i].at, i);
    request.rank = 4;
    ck_assert_uint_eq(score_request_order(&request, answers, places), 4);
    static const size_t order[] = {3, 1, 4, 0};
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(places[i].at, order[i]);
    request.rank = 99;
    ck_assert_uint_eq(score_request_order(&request, answers, places), 5);
    ck_assert_uint_eq(places[4].at, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("score request");
    TCase *tests = tcase_create("requests");
    const int rows = sizeof(wrong) / sizeof(wrong[0]);

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, one_user_has_many_ads_with_fields_of_their_own);
    tcase_add_test(tests, pairs_may_have_nothing_in_common);
    tcase_add_test(tests, without_a_list_the_object_is_the_only_pair);
    tcase_add_test(tests, an_empty_list_asks_for_nothing);
    tcase_add_test(tests, escapes_are_resolved_wherever_they_are);
    tcase_add_loop_test(tests, what_is_wrong_is_named_with_its_place, 0, rows);
    tcase_add_test(tests, as_many_pairs_as_are_promised_and_no_more);
    tcase_add_test(tests, values_that_nobody_needs_are_bounded);
    tcase_add_test(tests, arguments_ask_for_a_pair_with_fields);
    tcase_add_test(tests, arguments_ask_for_the_best_of_some_ads);
    tcase_add_test(tests, wrong_arguments_are_named);
    tcase_add_test(tests, the_best_come_first_and_ties_as_they_were_asked);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
