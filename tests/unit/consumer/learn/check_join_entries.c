/*
 * check_join_entries.c - the table of the join under ids that strangers chose.
 */
#include "support/chosen_id.h"
#include "support/run_suite.h"

#include "consumer/learn/join_entries.h"

enum { FLOOD = 20000 };

static struct error err;

/* The most places between an entry and the one that its hash asks for. */
static uint32_t longest_probe(const struct join_entries *entries)
{
    uint32_t longest = 0;

    for (uint32_t at = 0; at <= entries->table.mask; at++) {
        if (!entries->table.places[at])
            continue;
        const struct join_entry *entry =
            &entries->pool[entries->table.places[at] - 1];
        uint32_t passed = (at - entry->hash) & entries->table.mask;
        longest = passed > longest ? passed : longest;
    }
    return longest;
}

START_TEST(chosen_ids_cost_no_more_than_others)
{
    struct join_entries ordinary = {0}, chosen = {0};

    for (uint32_t i = 0; i < FLOOD; i++) {
        struct id plain = id_from_number(i), bad = chosen_id(i);
        uint32_t slot;
        ck_assert_ok(join_entries_add(&ordinary, &plain, &slot, &err), err);
        ck_assert_ok(join_entries_add(&chosen, &bad, &slot, &err), err);
    }
    uint32_t usual = longest_probe(&ordinary), flood = longest_probe(&chosen);
    ck_assert_uint_le(flood, 8 * usual + 64);
    join_entries_free(&ordinary);
    join_entries_free(&chosen);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("join entries");
    TCase *tests = tcase_create("flood");

    tcase_add_test(tests, chosen_ids_cost_no_more_than_others);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
