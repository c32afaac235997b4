/*
 * check_weight_table.c - weights are kept with the precision of their table,
 * and come back from bytes that make sense.
 */
#include "support/run_suite.h"

#include "model/algorithms/weight_table.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { BITS = 4, SLOTS = 1 << BITS };

static struct error err;

static struct weight_table new_table(enum fields_precision precision)
{
    struct weight_table table;

    ck_assert_ok(weight_table_new(BITS, precision, &table, &err), err);
    return table;
}

static void set(struct weight_table *table, uint32_t slot, double m, double q)
{
    weight_table_set(table, slot, table->precision, (struct weight){m, q});
}

static void assert_weight(const struct weight_table *table, uint32_t slot,
                          double m, double q)
{
    struct weight weight = weight_table_at(table, slot, table->precision);

    ck_assert_double_eq(weight.m, m);
    ck_assert_double_eq(weight.q, q);
}

START_TEST(the_first_bits_of_a_key_are_its_slot)
{
    struct weight_table table = new_table(PRECISION_SINGLE);

    ck_assert_uint_eq(weight_table_slot(&table, UINT64_C(7) << 60), 7);
    ck_assert_uint_eq(weight_table_slot(&table, UINT64_MAX), SLOTS - 1);
    ck_assert_uint_eq(weight_table_slot(&table, FIELD_UNSEEN + 1), 0);
    ck_assert_uint_eq(weight_table_slot(&table, FIELD_ABSENT),
                      SLOTS + WEIGHT_ABSENT);
    ck_assert_uint_eq(weight_table_slot(&table, FIELD_UNSEEN),
                      SLOTS + WEIGHT_UNSEEN);
    assert_weight(&table, SLOTS + WEIGHT_ABSENT, 0, 0);
    assert_weight(&table, SLOTS + WEIGHT_UNSEEN, 0, 0);
    weight_table_free(&table);
    weight_table_free(&table); /* is empty by now */
}
END_TEST

START_TEST(a_weight_has_the_precision_of_its_table)
{
    struct weight_table table = new_table((enum fields_precision)_i);
    const bool is_single = _i == PRECISION_SINGLE;

    set(&table, 0, 0.1, 1e-300);
    set(&table, SLOTS - 1, -3, 7);
    assert_weight(&table, 0, is_single ? (double)0.1F : 0.1,
                  is_single ? 0 : 1e-300);
    assert_weight(&table, 1, 0, 0);
    assert_weight(&table, SLOTS - 1, -3, 7);
    weight_table_free(&table);
}
END_TEST

START_TEST(saved_weights_come_back_bit_for_bit)
{
    struct weight_table table = new_table((enum fields_precision)_i);
    struct weight_table again = new_table((enum fields_precision)_i);
    struct buffer bytes = {.size = 0};

    set(&table, 2, 0.1, 0);
    set(&table, 3, 0, 1.0 / 3);
    set(&table, SLOTS - 1, -5, 9);
    weight_table_save(&table, &bytes);
    ck_assert_uint_eq(bytes.size, 4 + 3 * (_i == PRECISION_SINGLE ? 12 : 20));

    struct bytes_reader from = {.at = bytes.bytes, .left = bytes.size};
    weight_table_load(&again, &from);
    ck_assert(!bytes_reader_failed(&from));
    ck_assert_uint_eq(from.left, 0);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        struct weight weight = weight_table_at(&table, slot, table.precision);
        assert_weight(&again, slot, weight.m, weight.q);
    }
    buffer_free(&bytes);
    weight_table_free(&table);
    weight_table_free(&again);
}
END_TEST

/* Two slots each, of a table in double precision; the first one is sound. */
static const struct {
    uint32_t count, first, second;
    double m, q;
} spoiled[] = {
    {3, 1, 2, 1, 1}, /* more than there are bytes for */
    {UINT32_MAX, 1, 2, 1, 1}, {2, 1, 1, 1, 1}, /* the same slot twice */
    {2, 2, 1, 1, 1},                           /* slots fall */
    {2, 1, SLOTS, 1, 1},                       /* a spare slot */
    {2, 1, 2, NAN, 1},        {2, 1, 2, INFINITY, 1},
    {2, 1, 2, 1, -1},         {2, 1, 2, 1, NAN},
};
enum { SPOILED = sizeof(spoiled) / sizeof(spoiled[0]) };

START_TEST(spoiled_bytes_are_refused)
{
    struct weight_table table = new_table(PRECISION_DOUBLE);
    struct buffer bytes = {.size = 0};

    buffer_append_u32(&bytes, spoiled[_i].count);
    buffer_append_u32(&bytes, spoiled[_i].first);
    buffer_append_f64(&bytes, 1);
    buffer_append_f64(&bytes, 1);
    buffer_append_u32(&bytes, spoiled[_i].second);
    buffer_append_f64(&bytes, spoiled[_i].m);
    buffer_append_f64(&bytes, spoiled[_i].q);

    struct bytes_reader from = {.at = bytes.bytes, .left = bytes.size};
    weight_table_load(&table, &from);
    ck_assert(bytes_reader_failed(&from));
    buffer_free(&bytes);
    weight_table_free(&table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("weight table");
    TCase *tests = tcase_create("slots");

    tcase_add_test(tests, the_first_bits_of_a_key_are_its_slot);
    tcase_add_loop_test(tests, a_weight_has_the_precision_of_its_table,
                        PRECISION_SINGLE, PRECISION_DOUBLE + 1);
    tcase_add_loop_test(tests, saved_weights_come_back_bit_for_bit,
                        PRECISION_SINGLE, PRECISION_DOUBLE + 1);
    tcase_add_loop_test(tests, spoiled_bytes_are_refused, 0, SPOILED);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
