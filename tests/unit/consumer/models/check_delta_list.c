/*
 * check_delta_list.c - records of deltas make chains, in whatever order they
 * come; what continues no state of its snapshot is told apart.
 */
#include "support/a_trusted_key.h"
#include "support/run_suite.h"

#include "common/event/pin.h"

#include "consumer/models/manifest_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error err;
static struct manifest_list *list;
static uint64_t refused[REFUSED_COUNT];
static struct signing_key key; /* none: manifests are unsigned */

static void start(void)
{
    memset(refused, 0, sizeof(refused));
    key.is_there = false;
    ck_assert_ok(manifest_list_new("click", &list, &err), err);
}

static void stop(void)
{
    manifest_list_free(list);
}

static struct digest digest_like(uint8_t byte)
{
    struct digest digest;

    memset(digest.bytes, byte, DIGEST_SIZE);
    return digest;
}

static struct manifest snapshot(uint64_t epoch, uint8_t hash)
{
    return (struct manifest){.format = MANIFEST_FORMAT,
                             .name = "click",
                             .epoch = epoch,
                             .size = 10,
                             .packed_size = 10,
                             .chunk_count = 1,
                             .chunk_size = 10,
                             .sha256 = digest_like(hash)};
}

/* Delta `number` of epoch 3, whose hash is 33: it has a hash of its own, and
 * continues the state of another one. */
static struct manifest delta(uint32_t number, uint8_t before, uint8_t hash)
{
    struct manifest manifest = snapshot(3, hash);

    manifest.delta = number;
    manifest.base_sha256 = digest_like(33);
    manifest.parent_sha256 = digest_like(before);
    return manifest;
}

static void take_as(const char *name, struct manifest manifest)
{
    struct buffer bytes = {0};
    struct manifest_record record = {.key = name, .key_size = strlen(name)};

    ck_assert_ok(manifest_sign(&manifest, &key, &err), err);
    manifest_encode(&manifest, &bytes);
    record.value = bytes.bytes;
    record.value_size = bytes.size;
    ck_assert_ok(manifest_list_take(list, &record, refused, &err), err);
    buffer_free(&bytes);
}

static void take(struct manifest manifest)
{
    char name[64];
    int size = snprintf(name, sizeof(name), "click@%d", (int)manifest.epoch);

    if (manifest.delta)
        snprintf(name + size, sizeof(name) - (size_t)size, "+%u",
                 manifest.delta);
    take_as(name, manifest);
}

static void take_tombstone(const char *name, const uint8_t *signature)
{
    const struct manifest_record record = {.key = name,
                                           .key_size = strlen(name),
                                           .signature = signature,
                                           .signature_size =
                                               signature ? SIGNATURE_SIZE : 0};

    ck_assert_ok(manifest_list_take(list, &record, refused, &err), err);
}

/* The hashes of the chain of epoch 3, as "1 2 3". */
static void assert_chain(const char *hashes)
{
    char text[256] = "";
    struct digest state = digest_like(33);
    const struct delta *next;

    for (uint32_t number = 0;
         (next = delta_list_next(&list->deltas, 3, number, &state)); number++) {
        size_t size = strlen(text);
        snprintf(text + size, sizeof(text) - size, "%s%u", size ? " " : "",
                 next->sha256.bytes[0]);
        state = next->sha256;
    }
    ck_assert_str_eq(text, hashes);
}

static void assert_refused_chain(uint64_t count, const char *text)
{
    for (int why = 0; why < REFUSED_COUNT; why++)
        ck_assert_uint_eq(refused[why], why == REFUSED_CHAIN ? count : 0);
    if (count > 0)
        ck_assert_msg(strstr(list->refusal.text, text) != NULL, "%s",
                      list->refusal.text);
}

START_TEST(deltas_follow_their_snapshot)
{
    take(snapshot(3, 33));
    assert_chain("");
    take(delta(1, 33, 1));
    take(delta(2, 1, 2));
    take(delta(3, 2, 3));
    assert_chain("1 2 3");
    assert_refused_chain(0, "");
    ck_assert_uint_eq(list->highest, 3);
    ck_assert_uint_eq(manifest_list_wanted(list)->epoch, 3);
    ck_assert_uint_eq(manifest_list_wanted(list)->delta, 0);
}
END_TEST

START_TEST(a_missing_one_ends_the_chain_until_it_comes)
{
    take(snapshot(3, 33));
    take(delta(1, 33, 1));
    take(delta(3, 2, 3));
    assert_chain("1");
    assert_refused_chain(1, "delta 3 of epoch 3: the one that it continues is "
                            "not there");
    take(delta(4, 3, 4));
    ck_assert_ptr_null(
        delta_list_find(&list->deltas, 3, 4, NULL, 0)); /* leads nowhere */
    take(delta(2, 1, 2));
    assert_chain("1 2 3 4");
    ck_assert_ptr_nonnull(delta_list_find(&list->deltas, 3, 4, NULL, 0));
    assert_refused_chain(2, "");
}
END_TEST

START_TEST(a_doubled_one_is_refused)
{
    take(snapshot(3, 33));
    take(delta(1, 33, 1));
    take(delta(2, 1, 2));
    take(delta(1, 33, 1));
    assert_refused_chain(1, "it was there before");
    assert_chain("1 2");
    ck_assert_uint_eq(list->deltas.count, 2);
}
END_TEST

START_TEST(one_of_another_chain_is_refused)
{
    struct manifest other = delta(1, 33, 1);

    take(snapshot(3, 33));
    other.base_sha256 = digest_like(34);
    take(other);
    assert_refused_chain(1, "of another snapshot");
    take(delta(1, 34, 1));
    assert_refused_chain(2, "does not continue its snapshot");
    take(delta(1, 33, 1));
    take(delta(2, 7, 2));
    assert_refused_chain(3, "is not there");
    take(delta(1025, 1, 2));
    assert_refused_chain(4, "never so many");
    assert_chain("1");
}
END_TEST

/* Who says something wrong of a delta's bytes cannot keep the delta out. */
START_TEST(a_lie_about_a_delta_does_not_take_its_place)
{
    const uint8_t hash = 2;

    take(snapshot(3, 33));
    take(delta(1, 33, 1));
    take(delta(2, 99, hash));
    take(delta(3, hash, 3));
    assert_chain("1");
    take(delta(2, 1, hash));
    assert_chain("1 2 3");
    const struct delta *found =
        delta_list_find(&list->deltas, 3, 2, &hash, sizeof(hash));
    ck_assert_ptr_nonnull(found);
    ck_assert_uint_eq(found->before.bytes[0], 1);
}
END_TEST

/* Another writer continues the same state; one that is refused makes way. */
START_TEST(of_two_that_continue_a_state_the_last_good_one_counts)
{
    take(snapshot(3, 33));
    take(delta(1, 33, 1));
    take(delta(1, 33, 9));
    take(delta(2, 1, 2));
    assert_chain("9");
    struct digest state = digest_like(33);
    delta_list_next(&list->deltas, 3, 0, &state)->is_refused = true;
    assert_chain("1 2");
}
END_TEST

START_TEST(those_of_a_snapshot_that_is_gone_are_passed_over)
{
    take(snapshot(3, 33));
    take(delta(1, 33, 1));
    take(snapshot(4, 44));
    take_tombstone("click@3", NULL);
    ck_assert_uint_eq(list->deltas.count, 0);
    take(delta(2, 1, 2));
    ck_assert_uint_eq(list->deltas.count, 0);
    assert_refused_chain(0, "");
    struct manifest early = delta(1, 55, 1);
    early.epoch = 5;
    take(early);
    assert_refused_chain(1, "delta 1 of epoch 5, which is not there");
}
END_TEST

START_TEST(a_tombstone_takes_one_delta)
{
    take(snapshot(3, 33));
    take(delta(1, 33, 1));
    take(delta(2, 1, 2));
    take_tombstone("click@3+2", NULL);
    assert_chain("1");
    ck_assert_uint_eq(manifest_list_wanted(list)->epoch, 3);
    ck_assert(!manifest_list_is_retired(list, 3));
}
END_TEST

START_TEST(the_key_has_to_name_what_the_manifest_is)
{
    take(snapshot(3, 33));
    take_as("click@3+2", delta(1, 33, 1));
    take_as("click@3+1", snapshot(3, 33));
    take_as("click@4", delta(1, 33, 1));
    ck_assert_uint_eq(refused[REFUSED_MANIFEST], 3);
    take_as("click@3+0", delta(1, 33, 1));
    take_as("click@3+", delta(1, 33, 1));
    take_as("click@3+1x", delta(1, 33, 1));
    take_as("click@3+4294967297", delta(1, 33, 1));
    ck_assert_uint_eq(refused[REFUSED_MANIFEST], 3);
    ck_assert_uint_eq(list->deltas.count, 0);
}
END_TEST

/* Manifests 3, 5, 7, 9, with two deltas of each but the newest. */
static void take_four_chains(void)
{
    for (uint8_t epoch = 3; epoch <= 9; epoch = (uint8_t)(epoch + 2)) {
        struct manifest base = snapshot(epoch, (uint8_t)(epoch * 11));
        base.first_chunk_offset = epoch * 100;
        take(base);
        for (uint8_t number = 1; epoch < 9 && number <= 2; number++) {
            struct manifest next = base;
            next.delta = number;
            next.base_sha256 = base.sha256;
            next.parent_sha256 = number == 1
                                     ? base.sha256
                                     : digest_like((uint8_t)(epoch * 10 + 1));
            next.sha256 = digest_like((uint8_t)(epoch * 10 + number));
            take(next);
        }
    }
    assert_refused_chain(0, "");
}

static size_t count_useless(int64_t chunks_low, size_t kept, uint64_t *newest)
{
    const struct delta *useless[16] = {NULL};
    const struct manifests_there there = {list->manifests, list->count,
                                          chunks_low};
    size_t count = delta_list_useless(&list->deltas, &there, kept, useless, 16);

    *newest = count > 0 ? useless[count - 1]->epoch : 0;
    return count;
}

START_TEST(whole_chains_are_useless_from_the_oldest_on)
{
    uint64_t newest;

    take_four_chains();
    ck_assert_uint_eq(count_useless(0, 100, &newest), 0);
    ck_assert_uint_eq(count_useless(0, 6, &newest), 0);
    ck_assert_uint_eq(count_useless(0, 5, &newest), 2);
    ck_assert_uint_eq(newest, 3);
    ck_assert_uint_eq(count_useless(0, 3, &newest), 4);
    ck_assert_uint_eq(newest, 5);
    ck_assert_uint_eq(count_useless(0, 0, &newest), 6);
    ck_assert_uint_eq(count_useless(501, 100, &newest), 4);
    ck_assert_uint_eq(newest, 5);
    ck_assert_uint_eq(count_useless(5000, 100, &newest), 6);
}
END_TEST

START_TEST(where_keys_are_trusted_deltas_are_signed)
{
    uint8_t signature[SIGNATURE_SIZE];
    const struct retirement retired = {"click", 3, 1};

    key = a_trusted_key(&list->trusted);
    take(snapshot(3, 33));
    take(delta(1, 33, 1));
    assert_chain("1");
    key.is_there = false;
    take(delta(2, 1, 2));
    ck_assert_uint_eq(refused[REFUSED_SIGNATURE], 1);
    take_tombstone("click@3+1", NULL);
    ck_assert_uint_eq(refused[REFUSED_SIGNATURE], 2);
    assert_chain("1");
    key.is_there = true;
    retirement_sign(&retired, &key, signature);
    take_tombstone("click@3+2", signature);
    take_tombstone("click@3", signature);
    ck_assert_uint_eq(refused[REFUSED_SIGNATURE], 4);
    take_tombstone("click@3+1", signature);
    assert_chain("");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("delta_list");
    TCase *tests = tcase_create("records");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, deltas_follow_their_snapshot);
    tcase_add_test(tests, a_missing_one_ends_the_chain_until_it_comes);
    tcase_add_test(tests, a_doubled_one_is_refused);
    tcase_add_test(tests, a_lie_about_a_delta_does_not_take_its_place);
    tcase_add_test(tests, one_of_another_chain_is_refused);
    tcase_add_test(tests,
                   of_two_that_continue_a_state_the_last_good_one_counts);
    tcase_add_test(tests, those_of_a_snapshot_that_is_gone_are_passed_over);
    tcase_add_test(tests, a_tombstone_takes_one_delta);
    tcase_add_test(tests, the_key_has_to_name_what_the_manifest_is);
    tcase_add_test(tests, whole_chains_are_useless_from_the_oldest_on);
    tcase_add_test(tests, where_keys_are_trusted_deltas_are_signed);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
