/*
 * check_cat_page.c - the examples of docs/cat.md: each record of the page is
 * printed as the page says, to the byte.
 */
#include "support/run_suite.h"

#include "cli/json/record_json.h"

#include "common/base/file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXAMPLES_MAX = 32,
    LINE_SIZE = 2048,
    HEADERS_MAX = 8,
    PAGE_MAX = 1 << 20
};

static struct error err;

struct example {
    enum record_kind kind;
    char topic[64], key[64], wanted[LINE_SIZE];
    uint8_t value[512];
    size_t value_size;
    bool has_key, has_value;
    char names[HEADERS_MAX][32], texts[HEADERS_MAX][64];
    size_t header_count;
};

static struct example examples[EXAMPLES_MAX];
static size_t example_count;

/* --- The page --------------------------------------------------------- */

static enum record_kind kind_of(const char *word)
{
    const char *words = RECORD_KIND_WORDS;

    for (int kind = 0;; kind++) {
        size_t size = strcspn(words, "|");
        if (strlen(word) == size && strncmp(words, word, size) == 0)
            return (enum record_kind)kind;
        ck_assert_msg(words[size], "the page has records of kind '%s'", word);
        words += size + 1;
    }
}

static void take_value(struct example *to, const char *text)
{
    to->has_value = true;
    for (char *end; *text; text = end + strspn(end, " ")) {
        ck_assert(isxdigit((unsigned char)*text));
        ck_assert_uint_lt(to->value_size, sizeof(to->value));
        to->value[to->value_size++] = (uint8_t)strtoul(text, &end, 16);
    }
}

static void take_line(struct example *to, const char *line)
{
    if (strncmp(line, "key ", 4) == 0) {
        snprintf(to->key, sizeof(to->key), "%s", line + 4);
        to->has_key = true;
    } else if (strncmp(line, "header ", 7) == 0) {
        size_t i = to->header_count++;
        ck_assert_uint_lt(i, HEADERS_MAX);
        ck_assert_int_eq(
            sscanf(line + 7, "%31s %63s", to->names[i], to->texts[i]), 2);
    } else {
        ck_assert_msg(strncmp(line, "value ", 6) == 0, "'%s'", line);
        take_value(to, line + 6);
    }
}

static void read_page(void)
{
    uint8_t *page = NULL;
    size_t size;
    struct example *at = NULL;
    bool is_json = false;

    example_count = 0;
    memset(examples, 0, sizeof(examples));
    ck_assert_ok(file_read(CAT_PAGE, PAGE_MAX, &page, &size, &err), err);
    char *rest = (char *)page;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (strncmp(line, "```record ", 10) == 0) {
            ck_assert_uint_lt(example_count, EXAMPLES_MAX);
            at = &examples[example_count++];
            at->kind = kind_of(line + 10);
            snprintf(at->topic, sizeof(at->topic), "pctr.%s", line + 10);
            is_json = false;
        } else if (strcmp(line, "```json") == 0) {
            is_json = true;
        } else if (strcmp(line, "```") == 0) {
            if (is_json)
                at = NULL;
            is_json = false;
        } else if (at && is_json) {
            snprintf(at->wanted, sizeof(at->wanted), "%s\n", line);
        } else if (at && *line) {
            take_line(at, line);
        }
    }
    free(page);
    ck_assert_uint_ge(example_count, 10);
}

/* --- The lines -------------------------------------------------------- */

static void print_example(const struct example *of, struct buffer *out)
{
    const struct event_fields fields = EVENT_FIELDS_DEFAULT;
    struct record_header headers[HEADERS_MAX];
    const struct message message = {
        .key = of->has_key ? (const uint8_t *)of->key : NULL,
        .key_size = strlen(of->key),
        .value = of->has_value ? of->value : NULL,
        .value_size = of->value_size,
        .partition = 3,
        .offset = 1234,
        .timestamp_ms = 1700000000123};
    const struct record record = {.topic = of->topic,
                                  .message = &message,
                                  .headers = headers,
                                  .header_count = of->header_count};

    for (size_t i = 0; i < of->header_count; i++)
        headers[i] = (struct record_header){of->names[i], of->texts[i],
                                            strlen(of->texts[i])};
    struct record_readers readers;
    struct error why;
    if (record_readers_open(&fields, &readers, &why) < 0)
        abort();
    record_json(&record, of->kind, &readers, out);
    record_readers_close(&readers);
    buffer_append(out, "", 1);
}

START_TEST(the_page_says_what_cat_prints)
{
    for (size_t i = 0; i < example_count; i++) {
        struct buffer line = {0};
        print_example(&examples[i], &line);
        ck_assert_str_eq((const char *)line.bytes, examples[i].wanted);
        buffer_free(&line);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cat_page");
    TCase *tests = tcase_create("docs/cat.md");

    tcase_add_checked_fixture(tests, read_page, NULL);
    tcase_add_test(tests, the_page_says_what_cat_prints);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
