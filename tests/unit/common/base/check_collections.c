/*
 * check_collections.c - the list that grows, the heap and the table of slots,
 * beside ways that are too simple to be wrong.
 */
#include "support/run_suite.h"

#include "common/base/array.h"
#include "common/base/heap.h"
#include "common/base/random.h"
#include "common/base/slot_table.h"

#include <stdint.h>
#include <stdlib.h>

enum { ITEMS = 200, STEPS = 20000, PLACES = 512 };

/* --- The list --------------------------------------------------------- */

START_TEST(a_list_grows_by_doubling_and_keeps_what_it_holds)
{
    size_t room = 0, grown = 0;
    uint32_t *list = NULL;

    for (uint32_t i = 0; i < 1000; i++) {
        size_t before = room;
        list = array_with_room(list, i, &room, sizeof(*list));
        ck_assert_ptr_nonnull(list);
        ck_assert_uint_gt(room, i);
        grown += room != before;
        list[i] = i;
    }
    ck_assert_uint_lt(grown, 10);
    for (uint32_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(list[i], i);
    free(list);
}
END_TEST

START_TEST(a_list_beyond_all_memory_stays_as_it_is)
{
    size_t room = SIZE_MAX / 4;
    int item;

    ck_assert_ptr_null(array_with_room(&item, room, &room, sizeof(item)));
    ck_assert_uint_eq(room, SIZE_MAX / 4);
}
END_TEST

/* --- The heap --------------------------------------------------------- */

struct entry {
    uint64_t key;
    uint32_t number;
};

static struct entry entries[ITEMS];
static size_t places[ITEMS]; /* where each number stands */

static bool comes_before(const void *context, const void *a, const void *b)
{
    const struct entry *entry = a, *other = b;

    (void)context;
    if (entry->key != other->key)
        return entry->key < other->key;
    return entry->number < other->number;
}

static void note_place(void *context, const void *item, size_t at)
{
    (void)context;
    places[((const struct entry *)item)->number] = at;
}

/* Nothing in the array comes before its first item, and everybody stands where
 * the heap said. */
static void assert_in_order(size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++)
        wrong += (i > 0 && comes_before(NULL, &entries[i], &entries[0])) ||
                 places[entries[i].number] != i;
    ck_assert_uint_eq(wrong, 0);
}

START_TEST(the_first_of_a_heap_comes_before_all_that_come_and_go)
{
    const struct heap heap = {.items = entries,
                              .item_size = sizeof(entries[0]),
                              .comes_before = comes_before,
                              .is_at = note_place};
    uint64_t state = 7;
    uint32_t spare[ITEMS];
    size_t count = 0;

    for (uint32_t i = 0; i < ITEMS; i++)
        spare[i] = i;
    for (int step = 0; step < STEPS; step++) {
        uint64_t drawn = random_next(&state);
        /* Fuller in the first half, emptier in the second. */
        bool adds = drawn % 100 < (step < STEPS / 2 ? 55U : 45U);
        if (adds && count < ITEMS) {
            struct entry entry = {(drawn >> 32) % 50, spare[ITEMS - 1 - count]};
            heap_rise(&heap, count++, &entry);
        } else if (!adds && count > 0) {
            size_t at = (drawn >> 32) % count;
            struct entry last = entries[--count];
            spare[ITEMS - 1 - count] = entries[at].number;
            if (at == count)
                spare[ITEMS - 1 - count] = last.number;
            else
                heap_close(&heap, count, at, &last);
        }
        assert_in_order(count);
    }
}
END_TEST

START_TEST(a_heap_gives_its_items_in_order)
{
    const struct heap heap = {.items = entries,
                              .item_size = sizeof(entries[0]),
                              .comes_before = comes_before};
    uint64_t state = 11;
    struct entry given = {0, 0};

    for (uint32_t i = 0; i < ITEMS; i++) {
        struct entry entry = {random_next(&state) % 40, i};
        heap_rise(&heap, i, &entry);
    }
    for (size_t count = ITEMS; count > 0;) {
        struct entry first = entries[0];
        ck_assert(count == ITEMS || comes_before(NULL, &given, &first));
        given = first;
        struct entry last = entries[--count];
        if (count > 0)
            heap_sink(&heap, count, 0, &last);
    }
}
END_TEST

/* --- The table -------------------------------------------------------- */

/* Few homes for many slots: long runs, which go round the end. */
static uint32_t hash_of(const void *context, uint32_t slot)
{
    (void)context;
    return slot % 7 == 0 ? PLACES - 3 + slot % 5 : slot * 31 % 97;
}

static bool has(const struct slot_table *table, uint32_t slot)
{
    for (uint32_t at = slot_table_first(table, hash_of(NULL, slot));
         table->places[at]; at = slot_table_next(table, at))
        if (table->places[at] == slot + 1)
            return true;
    return false;
}

START_TEST(slots_are_found_until_they_are_taken)
{
    static uint32_t room[PLACES];
    struct slot_table table = {.places = room, .mask = PLACES - 1};
    bool is_in[ITEMS] = {false};
    uint64_t state = 3;

    for (int step = 0; step < STEPS; step++) {
        uint32_t slot = (uint32_t)(random_next(&state) % ITEMS);
        if (is_in[slot])
            slot_table_take(&table, slot, hash_of, NULL);
        else
            slot_table_put(&table, hash_of(NULL, slot), slot);
        is_in[slot] = !is_in[slot];
        size_t wrong = 0;
        for (uint32_t i = 0; i < ITEMS; i++)
            wrong += has(&table, i) != is_in[i];
        ck_assert_uint_eq(wrong, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("collections");
    TCase *tests = tcase_create("collections");

    tcase_add_test(tests, a_list_grows_by_doubling_and_keeps_what_it_holds);
    tcase_add_test(tests, a_list_beyond_all_memory_stays_as_it_is);
    tcase_add_test(tests,
                   the_first_of_a_heap_comes_before_all_that_come_and_go);
    tcase_add_test(tests, a_heap_gives_its_items_in_order);
    tcase_add_test(tests, slots_are_found_until_they_are_taken);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
