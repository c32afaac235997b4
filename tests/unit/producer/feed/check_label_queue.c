/*
 * check_label_queue.c - labels come out in the order of their times.
 */
#include "support/run_suite.h"

#include "common/base/random.h"

#include "producer/feed/label_queue.h"

#include <string.h>

static struct error err;

START_TEST(labels_come_out_by_time_and_then_as_they_went_in)
{
    struct label_queue queue = {0};
    uint64_t state = 7;
    enum { COUNT = 5000, TIMES = 100 };

    for (int i = 0; i < COUNT; i++) {
        const struct waiting_label label = {
            .ts_ms = (int64_t)(random_next(&state) % TIMES),
            .id = id_from_number(i)};
        ck_assert_ok(label_queue_push(&queue, &label, &err), err);
    }
    int64_t last_ms = -1, last_id = -1;
    for (int i = 0; i < COUNT; i++) {
        const struct waiting_label *first = label_queue_first(&queue);
        ck_assert_ptr_nonnull(first);
        ck_assert_int_ge(first->ts_ms, last_ms);
        if (first->ts_ms == last_ms)
            ck_assert_int_gt(first->id.number, last_id);
        last_ms = first->ts_ms;
        last_id = first->id.number;
        label_queue_pop(&queue);
    }
    ck_assert_ptr_null(label_queue_first(&queue));
    label_queue_free(&queue);
}
END_TEST

START_TEST(a_queued_label_owns_its_texts)
{
    struct label_queue queue = {0};
    char text[] = "u7 ad9 i1";
    const struct waiting_label label = {.user = id_from_text(text, 2),
                                        .ad = id_from_text(text + 3, 3),
                                        .id = id_from_text(text + 7, 2)};

    ck_assert_ok(label_queue_push(&queue, &label, &err), err);
    memset(text, 'x', sizeof(text) - 1);
    const struct waiting_label *first = label_queue_first(&queue);
    struct id user = id_from_text("u7", 2), ad = id_from_text("ad9", 3);
    struct id id = id_from_text("i1", 2);
    ck_assert(id_equal(&first->user, &user));
    ck_assert(id_equal(&first->ad, &ad));
    ck_assert(id_equal(&first->id, &id));
    label_queue_free(&queue);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("label queue");
    TCase *tests = tcase_create("order");

    tcase_add_test(tests, labels_come_out_by_time_and_then_as_they_went_in);
    tcase_add_test(tests, a_queued_label_owns_its_texts);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
