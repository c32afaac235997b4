/*
 * check_event_path.c - what people write for a field, and where it leads.
 */
#include "support/run_suite.h"

#include "common/event/event_path.h"

#include <stdio.h>
#include <string.h>

static struct error err;

/* A path as its steps: "context|user|id", an index in front of a colon where a
 * step is one. */
static void print(const struct event_path *path, char *out, size_t size)
{
    static const char *const places[] = {
        [EVENT_IN_VALUE] = "",
        [EVENT_IN_KEY] = "key",
        [EVENT_IN_TIMESTAMP] = "timestamp",
        [EVENT_IN_PARTITION] = "partition",
        [EVENT_IN_HEADER] = "header|",
    };
    size_t at = (size_t)snprintf(out, size, "%s", places[path->place]);

    for (unsigned i = 0; i < path->count; i++) {
        const struct event_step *step = &path->steps[i];
        at += (size_t)snprintf(out + at, size - at, "%s", i ? "|" : "");
        if (step->index != EVENT_PATH_NO_INDEX)
            at += (size_t)snprintf(out + at, size - at, "%u:", step->index);
        at += (size_t)snprintf(out + at, size - at, "%.*s", (int)step->size,
                               path->text + step->at);
    }
}

static const struct {
    const char *text, *steps;
} paths[] = {
    {"user", "user"},
    {"user id", "user id"},
    {"user-id", "user-id"},
    {"$user", "$user"},
    {"context.user.id", "context|user|id"},
    {"$.context.user.id", "context|user|id"},
    {"$['context']['user.id']", "context|user.id"},
    {"['a.b'].c", "a.b|c"},
    {"$[\"it's\"]", "it's"},
    {"items[0].id", "items|0:0|id"},
    {"items.0.id", "items|0:0|id"},
    {"items[12][3]", "items|12:12|3:3"},
    {"items.01", "items|01"},
    {"$.@timestamp", "@timestamp"},
    {"a.b.c.d.e.f.g.h", "a|b|c|d|e|f|g|h"},
    {"@key", "key"},
    {"@timestamp", "timestamp"},
    {"@partition", "partition"},
    {"header:ce_id", "header|ce_id"},
    {"header:a.b", "header|a.b"},
    {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
};
enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

START_TEST(a_path_is_read_as_people_write_it)
{
    struct event_path path;
    char text[200];

    ck_assert_ok(event_path_parse(paths[_i].text, &path, &err), err);
    print(&path, text, sizeof(text));
    ck_assert_str_eq(text, paths[_i].steps);
    ck_assert_str_eq(path.text, paths[_i].text);
}
END_TEST

static const struct {
    const char *text, *complaint;
} mistakes[] = {
    {"", "the path of a field is empty"},
    {"a..b", "'a..b' is not a path of a field: a name is empty"},
    {".a", "'.a' is not a path of a field: a name is empty"},
    {"a.", "'a.' is not a path of a field: a name is empty"},
    {"$.", "'$.' is not a path of a field: a name is empty"},
    {"a['']", "'a['']' is not a path of a field: a name is empty"},
    {"header:", "'header:' is not a path of a field: a name is empty"},
    {"a[x]", "'a[x]' is not a path of a field: [ ] holds neither an index nor "
             "a quoted name"},
    {"a[-1]", "'a[-1]' is not a path of a field: [ ] holds neither an index "
              "nor a quoted name"},
    {"a[*]", "'a[*]' is not a path of a field: [ ] holds neither an index nor "
             "a quoted name"},
    {"a[0", "'a[0' is not a path of a field: [ ] holds neither an index nor a "
            "quoted name"},
    {"a[99999999]", "'a[99999999]' is not a path of a field: [ ] holds neither "
                    "an index nor a quoted name"},
    {"a['b]", "'a['b]' is not a path of a field: a quoted name does not end "
              "with a quote and ]"},
    {"a[0]b", "'a[0]b' is not a path of a field: a . or [ is missing behind a "
              "]"},
    {"a.b.c.d.e.f.g.h.i", "'a.b.c.d.e.f.g.h.i' is not a path of a field: it "
                          "has more than 8 steps"},
    {"@keys", "'@keys' is not a path of a field: what stands beside the value "
              "is @key, @timestamp, @partition or header:NAME; a field that "
              "begins with @ is written $['@name']"},
};
enum { MISTAKES = sizeof(mistakes) / sizeof(mistakes[0]) };

START_TEST(a_mistake_in_a_path_is_explained)
{
    struct event_path path = {.count = 7};

    ck_assert_int_eq(event_path_parse(mistakes[_i].text, &path, &err), -1);
    ck_assert_str_eq(err.text, mistakes[_i].complaint);
    ck_assert_int_eq(err.code, ERROR_CONFIG);
    ck_assert_uint_eq(path.count, 7); /* untouched */
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
    struct event_path path;
    char text[EVENT_PATH_SIZE + 1];

    memset(text, 'a', sizeof(text));
    text[EVENT_PATH_SIZE - 1] = '\0';
    ck_assert_ok(event_path_parse(text, &path, &err), err);
    ck_assert_uint_eq(path.steps[0].size, EVENT_PATH_SIZE - 1);
    text[EVENT_PATH_SIZE - 1] = 'a';
    text[EVENT_PATH_SIZE] = '\0';
    ck_assert_int_eq(event_path_parse(text, &path, &err), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("event path");
    TCase *tests = tcase_create("paths");

    tcase_add_loop_test(tests, a_path_is_read_as_people_write_it, 0, PATHS);
    tcase_add_loop_test(tests, a_mistake_in_a_path_is_explained, 0, MISTAKES);
    tcase_add_test(tests, a_path_that_is_too_long_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
