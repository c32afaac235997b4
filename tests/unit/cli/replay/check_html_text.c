/*
 * check_html_text.c - strangers' text stands for itself in a page.
 */
#include "support/run_suite.h"

#include "cli/replay/html_text.h"

#include <stdlib.h>

static const struct {
    const char *text, *written;
} rows[] = {
    {"plain \xc3\xa9", "plain \xc3\xa9"},
    {"<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"},
    {"a & \"b\" 'c'", "a &amp; &quot;b&quot; &#39;c&#39;"},
    {"two\nlines\t", "two\nlines\t"},
    {"\x1b[31m", "&#xfffd;[31m"},
    {"\xc2\x9b\x9b", "&#xfffd;&#xfffd;"},
    {"caf\xe9<", "caf&#xfffd;&lt;"},
};

START_TEST(text_stands_for_itself)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    html_text(out, rows[_i].text);
    fclose(out);
    ck_assert_str_eq(text, rows[_i].written);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("html_text");
    TCase *tests = tcase_create("text");

    tcase_add_loop_test(tests, text_stands_for_itself, 0,
                        sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
