/*
 * check_model_forgery.c - no model takes a file that was cut, or crashes on
 * one that was forged.
 *
 * A damaged file is caught by its digest. A forged one may still not crash
 * the program or bring a number off the scale.
 */
#include "support/every_model.h"
#include "support/run_suite.h"

#include "common/base/bytes_reader.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct error err;
static struct buffer bytes; /* the model at hand, saved */

static void save_model(int which)
{
    struct model *model = every_model_fit_small(which);

    bytes = (struct buffer){0};
    model_save(model, &bytes);
    ck_assert(!buffer_failed(&bytes));
    model_free(model);
}

/* The bytes are refused, or are a model that is sane. */
static void check_harmless(void)
{
    struct model *loaded = NULL;
    struct bytes_reader from = {bytes.bytes, bytes.size, false};

    if (model_load(&from, FEW_USERS, FEW_ITEMS, &loaded, &err) == 0)
        every_model_check_sane(loaded);
    model_free(loaded);
}

/* Each length is copied into memory of just that size, so that a sanitizer
 * sees every byte read past the end. */
START_TEST(a_cut_model_is_refused_at_every_length)
{
    save_model(_i);
    for (size_t size = 0; size < bytes.size; size++) {
        struct model *loaded = NULL;
        uint8_t *exact = malloc(size ? size : 1);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, bytes.bytes, size);
        struct bytes_reader from = {exact, size, false};
        ck_assert_msg(model_load(&from, FEW_USERS, FEW_ITEMS, &loaded, &err) <
                          0,
                      "%s: %zu of %zu bytes were accepted",
                      model_registry[_i]->name, size, bytes.size);
        ck_assert_ptr_null(loaded);
        free(exact);
    }
    buffer_free(&bytes);
}
END_TEST

START_TEST(a_flipped_byte_is_refused_or_harmless)
{
    save_model(_i);
    for (size_t at = 0; at < bytes.size; at++) {
        bytes.bytes[at] ^= 0xff;
        check_harmless();
        bytes.bytes[at] ^= 0xff;
    }
    buffer_free(&bytes);
}
END_TEST

static const double no_numbers[] = {NAN, INFINITY, -INFINITY};

/* Wherever a number may be. */
START_TEST(what_is_no_number_is_refused_or_harmless)
{
    uint8_t before[sizeof(double)];

    save_model(_i);
    for (size_t at = 0; at + sizeof(before) <= bytes.size; at++) {
        memcpy(before, bytes.bytes + at, sizeof(before));
        for (int which = 0; which < 3; which++) {
            memcpy(bytes.bytes + at, &no_numbers[which], sizeof(before));
            check_harmless();
        }
        memcpy(bytes.bytes + at, before, sizeof(before));
    }
    buffer_free(&bytes);
}
END_TEST

/* Behind the two texts and the format: docs/snapshot-format.md. */
static size_t users_at(void)
{
    size_t at = 0;

    for (int text = 0; text < 2; text++) {
        struct bytes_reader from = {bytes.bytes + at, bytes.size - at, false};
        at += 4 + bytes_read_u32(&from);
    }
    return at + 4;
}

/* Nothing is made for users or ads that nobody has an id of. */
START_TEST(other_numbers_of_users_or_ads_are_refused)
{
    static const uint32_t wrong[] = {
        0,         FEW_USERS - 1,           FEW_USERS + 1,
        INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX};

    save_model(_i);
    for (size_t field = 0; field < 2; field++) {
        uint8_t *at = bytes.bytes + users_at() + 4 * field, before[4];
        memcpy(before, at, sizeof(before));
        for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++) {
            struct model *loaded = NULL;
            memcpy(at, &wrong[k], sizeof(before));
            struct bytes_reader from = {bytes.bytes, bytes.size, false};
            ck_assert_refused(
                model_load(&from, FEW_USERS, FEW_ITEMS, &loaded, &err), err,
                ERROR_FORMAT, "the ids are of 4 and 4");
        }
        memcpy(at, before, sizeof(before));
    }
    buffer_free(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model forgery");
    TCase *tests = tcase_create("every model");
    const int models = every_model_count();

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_cut_model_is_refused_at_every_length, 0,
                        models);
    tcase_add_loop_test(tests, a_flipped_byte_is_refused_or_harmless, 0,
                        models);
    tcase_add_loop_test(tests, what_is_no_number_is_refused_or_harmless, 0,
                        models);
    tcase_add_loop_test(tests, other_numbers_of_users_or_ads_are_refused, 0,
                        models);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
