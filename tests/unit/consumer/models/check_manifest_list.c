/*
 * check_manifest_list.c - records of the manifest topic, one after another.
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

static void start(void)
{
    ck_assert_ok(manifest_list_new("click", &list, &err), err);
}

static void stop(void)
{
    manifest_list_free(list);
}

static void take(const char *key, const void *value, size_t size)
{
    const struct manifest_record record = {.key = key,
                                           .value = value,
                                           .key_size = strlen(key),
                                           .value_size = size};

    ck_assert_ok(manifest_list_take(list, &record, refused, &err), err);
}

static void publish(const char *key, const char *name, uint64_t epoch)
{
    struct buffer bytes = {0};
    struct manifest manifest = {.format = MANIFEST_FORMAT,
                                .epoch = epoch,
                                .size = 10,
                                .packed_size = 10,
                                .chunk_count = 1,
                                .chunk_size = 10};

    strcpy(manifest.name, name);
    manifest_encode(&manifest, &bytes);
    take(key, bytes.bytes, bytes.size);
    buffer_free(&bytes);
}

static uint64_t wanted(void)
{
    const struct manifest *manifest = manifest_list_wanted(list);

    return manifest ? manifest->epoch : 0;
}

static void assert_refused(uint64_t manifests, uint64_t epochs)
{
    ck_assert_uint_eq(refused[REFUSED_MANIFEST], manifests);
    ck_assert_uint_eq(refused[REFUSED_EPOCH], epochs);
}

START_TEST(the_newest_is_wanted)
{
    ck_assert_uint_eq(wanted(), 0);
    publish("click@1", "click", 1);
    publish("click@5", "click", 5);
    ck_assert_uint_eq(wanted(), 5);
    ck_assert_uint_eq(list->highest, 5);
    assert_refused(0, 0);
}
END_TEST

START_TEST(an_epoch_is_written_in_one_way)
{
    publish("click@1", "click", 1);
    publish("click@02", "click", 2);
    ck_assert_uint_eq(wanted(), 1);
    publish("click@2", "click", 2);
    ck_assert_uint_eq(wanted(), 2);
}
END_TEST

START_TEST(epochs_only_rise)
{
    publish("click@5", "click", 5);
    publish("click@5", "click", 5);
    publish("click@4", "click", 4);
    ck_assert_uint_eq(list->count, 1);
    assert_refused(0, 2);
    ck_assert_str_eq(list->refusal.text, "epoch 4 after epoch 5");
}
END_TEST

START_TEST(a_retired_one_is_gone_and_its_epoch_used)
{
    publish("click@1", "click", 1);
    publish("click@2", "click", 2);
    take("click@2", NULL, 0);
    take("click@9", NULL, 0);
    ck_assert_uint_eq(wanted(), 1);
    publish("click@2", "click", 2);
    ck_assert_uint_eq(wanted(), 1);
    assert_refused(0, 1);
}
END_TEST

START_TEST(an_epoch_does_not_jump)
{
    publish("click@18446744073709551615", "click", UINT64_MAX);
    take("click@18446744073709551615", NULL, 0);
    publish("click@4294967297", "click", UINT64_C(4294967297));
    ck_assert_uint_eq(list->highest, 0);
    assert_refused(0, 3);
    publish("click@3", "click", 3);
    publish("click@4294967299", "click", UINT64_C(4294967299));
    ck_assert_uint_eq(wanted(), UINT64_C(4294967299));
    assert_refused(0, 3);
}
END_TEST

START_TEST(retired_epochs_are_known_and_not_used_again)
{
    publish("click@1", "click", 1);
    publish("click@2", "click", 2);
    ck_assert(!manifest_list_is_retired(list, 2));
    take("click@2", NULL, 0);
    ck_assert(manifest_list_is_retired(list, 2));
    ck_assert(!manifest_list_is_retired(list, 1));
    ck_assert_uint_eq(list->highest, 2);
    /* Its manifest may have been compacted away. */
    take("click@7", NULL, 0);
    ck_assert_uint_eq(list->highest, 7);
    ck_assert(!manifest_list_is_retired(list, 0));
}
END_TEST

/* A manifest of the key, spoiled like this after it was signed. */
static void publish_signed(const struct signing_key *key, uint64_t epoch,
                           void (*spoil)(struct manifest *))
{
    struct buffer bytes = {0};
    char text[32];
    struct offset_range range = {.topic = "in", .first = 3, .next = 9};
    struct offset_range again = {.topic = "in", .first = 7, .next = 9};
    uint8_t clock[] = "tick";
    struct manifest manifest = {.format = MANIFEST_FORMAT,
                                .name = "click",
                                .epoch = epoch,
                                .size = 10,
                                .packed_size = 10,
                                .chunk_count = 1,
                                .chunk_size = 10,
                                .ranges = &range,
                                .range_count = 1,
                                .resume = &again,
                                .resume_count = 1,
                                .resume_clock = clock,
                                .resume_clock_size = sizeof(clock)};

    ck_assert_ok(manifest_sign(&manifest, key, &err), err);
    if (spoil)
        spoil(&manifest);
    manifest_encode(&manifest, &bytes);
    snprintf(text, sizeof(text), "click@%d", (int)manifest.epoch);
    take(text, bytes.bytes, bytes.size);
    buffer_free(&bytes);
}

static void a_new_epoch(struct manifest *manifest)
{
    manifest->epoch++;
}

static void another_digest(struct manifest *manifest)
{
    manifest->sha256.bytes[0] ^= 1;
}

static void another_size(struct manifest *manifest)
{
    manifest->size++;
    manifest->packed_size++;
    manifest->chunk_size++;
}

static void another_range(struct manifest *manifest)
{
    manifest->ranges[0].next++;
}

static void another_resume(struct manifest *manifest)
{
    manifest->resume[0].first--;
}

static void another_clock(struct manifest *manifest)
{
    manifest->resume_clock[0]++;
}

static void no_resume(struct manifest *manifest)
{
    manifest->resume_clock_size = 0;
}

static void unsigned_again(struct manifest *manifest)
{
    manifest->is_signed = false;
}

static void (*const spoilings[])(struct manifest *) = {
    a_new_epoch,    another_digest, another_size, another_range,
    another_resume, another_clock,  no_resume,    unsigned_again};

START_TEST(where_keys_are_trusted_only_their_manifests_will_do)
{
    char folder[] = "/tmp/pctr-list-XXXXXX", path[64], pub[80], command[64];
    struct signing_key key, none = {.is_there = false};

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/key", folder);
    snprintf(pub, sizeof(pub), "%s.pub", path);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_ok(signing_key_make(path, &err), err);
    ck_assert_ok(signing_key_read(path, &key, &err), err);

    publish_signed(&none, 1, NULL);
    publish_signed(&key, 2, spoilings[_i]); /* without trusted keys: taken */
    uint64_t before = wanted();
    ck_assert_uint_ge(before, 2);
    ck_assert_ok(trusted_keys_read(pub, &list->trusted, &err), err);
    publish_signed(&key, 4, NULL);
    ck_assert_uint_eq(wanted(), 4);
    publish_signed(&key, 5, spoilings[_i]);
    publish_signed(&none, 7, NULL);
    ck_assert_uint_eq(wanted(), 4);
    ck_assert_uint_eq(refused[REFUSED_SIGNATURE], 2);
    ck_assert_ptr_nonnull(strstr(list->refusal.text, "is not signed"));
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* --- Pins and retirements --------------------------------------------- */

static void take_pin(const struct pin *pin)
{
    struct buffer bytes = {0};

    pin_encode(pin, &bytes);
    take("click!pin", bytes.bytes, bytes.size);
    buffer_free(&bytes);
}

static void assert_pinned(uint64_t epoch, uint64_t refusals, const char *why)
{
    ck_assert_uint_eq(list->pinned, epoch);
    ck_assert_uint_eq(refused[REFUSED_SIGNATURE], refusals);
    ck_assert_msg(!why || strstr(list->refusal.text, why) != NULL, "%s",
                  list->refusal.text);
}

START_TEST(where_keys_are_trusted_pins_are_signed_and_younger)
{
    struct signing_key key = a_trusted_key(&list->trusted),
                       none = {.is_there = false};
    struct pin pin = {.epoch = 1, .created_ms = 100}, other;

    publish_signed(&key, 1, NULL);
    publish_signed(&key, 2, NULL);
    pin_sign(&pin, "click", &none);
    take_pin(&pin);
    assert_pinned(0, 1, "the pin is not signed");
    pin_sign(&pin, "clicks", &key); /* of another model */
    take_pin(&pin);
    assert_pinned(0, 2, "not signed by a trusted key");
    pin_sign(&pin, "click", &key);
    take_pin(&pin);
    assert_pinned(1, 2, NULL);
    other = pin;
    other.epoch = 2;
    take_pin(&other);
    assert_pinned(1, 3, "not signed by a trusted key");
    other = pin;
    other.created_ms = 101;
    take_pin(&other);
    assert_pinned(1, 4, "not signed by a trusted key");
    other = (struct pin){.epoch = 0, .created_ms = 200};
    pin_sign(&other, "click", &key);
    take_pin(&other);
    assert_pinned(0, 4, NULL);
    take_pin(&pin); /* once more */
    assert_pinned(0, 5, "was made before");
    take("click!pin", NULL, 0);
    assert_pinned(0, 6, "the pin is not signed");
}
END_TEST

static void take_retirement(const char *name, const uint8_t *signature,
                            size_t size)
{
    const struct manifest_record record = {.key = name,
                                           .key_size = strlen(name),
                                           .signature = signature,
                                           .signature_size = size};

    ck_assert_ok(manifest_list_take(list, &record, refused, &err), err);
}

START_TEST(where_keys_are_trusted_retirements_are_signed)
{
    struct signing_key key = a_trusted_key(&list->trusted);
    uint8_t signature[SIGNATURE_SIZE];

    publish_signed(&key, 1, NULL);
    publish_signed(&key, 2, NULL);
    retirement_sign(&(struct retirement){.name = "click", .epoch = 2}, &key,
                    signature);
    take_retirement("click@2", NULL, 0);
    take_retirement("click@2", signature, SIGNATURE_SIZE - 1);
    take_retirement("click@1", signature, SIGNATURE_SIZE); /* of another */
    ck_assert_uint_eq(refused[REFUSED_SIGNATURE], 3);
    ck_assert_uint_eq(wanted(), 2);
    take_retirement("click@2", signature, SIGNATURE_SIZE);
    ck_assert_uint_eq(wanted(), 1);
    ck_assert(manifest_list_is_retired(list, 2));
}
END_TEST

START_TEST(other_models_are_none_of_ours)
{
    publish("clicks@1", "clicks", 1);
    publish("other@1", "other", 1);
    publish("click", "click", 1);
    publish("click@", "click", 1);
    publish("click@x", "click", 1);
    publish("click@1x", "click", 1);
    publish("click@-1", "click", 1);
    ck_assert_ok(manifest_list_take(list,
                                    &(struct manifest_record){.value = ""},
                                    refused, &err),
                 err);
    ck_assert_uint_eq(list->count, 0);
    assert_refused(0, 0);
}
END_TEST

START_TEST(a_manifest_must_match_its_key)
{
    publish("click@2", "click", 1);
    publish("click@1", "other", 1);
    take("click@1", "\xc1", 1);
    take("click@1", "", 0);
    ck_assert_uint_eq(list->count, 0);
    assert_refused(4, 0);
}
END_TEST

START_TEST(a_pin_holds_until_it_is_taken_away)
{
    publish("click@1", "click", 1);
    publish("click@2", "click", 2);
    take("click!pin",
         "\x81\xa5"
         "epoch\x01",
         8);
    ck_assert_uint_eq(wanted(), 1);
    publish("click@3", "click", 3);
    ck_assert_uint_eq(wanted(), 1);
    take("other!pin",
         "\x81\xa5"
         "epoch\x02",
         8);
    ck_assert_uint_eq(wanted(), 1);
    take("click!pin",
         "\x82\xa1x\x91\xc0\xa5"
         "epoch\x00",
         12);
    ck_assert_uint_eq(wanted(), 3);
    take("click!pin",
         "\x81\xa5"
         "epoch\x01",
         8);
    take("click!pin", NULL, 0);
    ck_assert_uint_eq(wanted(), 3);
    take("click!pin",
         "\x81\xa5"
         "epoch\x07",
         8);
    ck_assert_uint_eq(wanted(), 0);
    assert_refused(0, 0);
}
END_TEST

START_TEST(what_is_no_pin_changes_nothing)
{
    static const char *const values[] = {"\xc0",
                                         "\x80",
                                         "\x81\xa5"
                                         "epoch\xff",
                                         "\x81\xa5"
                                         "epoch\xc0",
                                         "\x81\xa5"
                                         "epoch",
                                         "\x81\xa5"
                                         "epocx\x01",
                                         "\x81\x91\x01\x01"};

    publish("click@1", "click", 1);
    take("click!pin",
         "\x81\xa5"
         "epoch\x01",
         8);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        take("click!pin", values[i], strlen(values[i]));
        ck_assert_uint_eq(list->pinned, 1);
        assert_refused(i + 1, 0);
    }
}
END_TEST

START_TEST(the_oldest_are_forgotten)
{
    for (uint64_t epoch = 1; epoch <= MANIFEST_LIST_MAX + 1; epoch++) {
        char key[32];
        snprintf(key, sizeof(key), "click@%u", (unsigned)epoch);
        publish(key, "click", epoch);
    }
    ck_assert_uint_eq(list->count, MANIFEST_LIST_MAX);
    ck_assert_ptr_null(manifest_list_find(list, 1));
    ck_assert_ptr_nonnull(manifest_list_find(list, 2));
    ck_assert_uint_eq(wanted(), MANIFEST_LIST_MAX + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manifest_list");
    TCase *tests = tcase_create("records");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, the_newest_is_wanted);
    tcase_add_test(tests, an_epoch_is_written_in_one_way);
    tcase_add_test(tests, epochs_only_rise);
    tcase_add_test(tests, a_retired_one_is_gone_and_its_epoch_used);
    tcase_add_test(tests, an_epoch_does_not_jump);
    tcase_add_test(tests, retired_epochs_are_known_and_not_used_again);
    tcase_add_loop_test(tests,
                        where_keys_are_trusted_only_their_manifests_will_do, 0,
                        sizeof(spoilings) / sizeof(spoilings[0]));
    tcase_add_test(tests, where_keys_are_trusted_pins_are_signed_and_younger);
    tcase_add_test(tests, where_keys_are_trusted_retirements_are_signed);
    tcase_add_test(tests, other_models_are_none_of_ours);
    tcase_add_test(tests, a_manifest_must_match_its_key);
    tcase_add_test(tests, a_pin_holds_until_it_is_taken_away);
    tcase_add_test(tests, what_is_no_pin_changes_nothing);
    tcase_add_test(tests, the_oldest_are_forgotten);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
