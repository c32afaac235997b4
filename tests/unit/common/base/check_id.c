/*
 * check_id.c - which ids are one, and which are not.
 */
#include "support/run_suite.h"

#include "common/base/id.h"

#include <sodium.h>

#include <string.h>

static struct id text(const char *text)
{
    return id_from_text(text, strlen(text));
}

static const struct {
    const char *text;
    bool is_number;
    int64_t number;
} forms[] = {
    {"0", true, 0},
    {"7", true, 7},
    {"-7", true, -7},
    {"9223372036854775807", true, INT64_MAX},
    {"-9223372036854775808", true, INT64_MIN},
    {"9223372036854775808", false, 0},
    {"-9223372036854775809", false, 0},
    {"9999999999999999999", false, 0},
    {"10000000000000000000", false, 0},
    {"18446744073709551616", false, 0},
    {"", false, 0},
    {"-", false, 0},
    {"-0", false, 0},
    {"00", false, 0},
    {"042", false, 0},
    {"-042", false, 0},
    {"+7", false, 0},
    {" 7", false, 0},
    {"7 ", false, 0},
    {"7a", false, 0},
    {"7-", false, 0},
    {"--7", false, 0},
    {"0x7", false, 0},
    {"u7", false, 0},
};

START_TEST(canonical_decimals_are_integers)
{
    struct id id = text(forms[_i].text);
    char printed[ID_PRINT_SIZE];

    ck_assert_msg(forms[_i].is_number == !id.text, "%s", forms[_i].text);
    if (forms[_i].is_number)
        ck_assert_int_eq(id.number, forms[_i].number);
    ck_assert_uint_eq(id_print(&id, printed), strlen(forms[_i].text));
    ck_assert_str_eq(printed, forms[_i].text);
}
END_TEST

START_TEST(equal_ids_have_one_hash)
{
    struct id number = id_from_number(-42), same = text("-42");

    ck_assert(id_equal(&number, &same));
    ck_assert_uint_eq(id_hash(&number), id_hash(&same));
}
END_TEST

/* Every form against every other. */
START_TEST(different_ids_differ)
{
    const size_t count = sizeof(forms) / sizeof(forms[0]);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct id a = text(forms[i].text), b = text(forms[j].text);
            ck_assert_msg(id_equal(&a, &b) == (i == j), "'%s' '%s'",
                          forms[i].text, forms[j].text);
            ck_assert_msg((id_hash(&a) == id_hash(&b)) == (i == j), "'%s' '%s'",
                          forms[i].text, forms[j].text);
        }
    }
}
END_TEST

/* Snapshots rely on it: these numbers must never change. */
START_TEST(hashes_are_stable)
{
    struct id number = id_from_number(42), word = text("summer-sale");

    ck_assert_uint_eq(id_hash(&number), 0xbdd732262feb6e95u);
    ck_assert_uint_eq(id_hash(&word), 0x9f2656fdc6352f3du);
}
END_TEST

/* SipHash with `c` rounds a word and `d` at the end, as its paper has it. */
static uint64_t slow_siphash(int c, int d, const struct id_key *key,
                             const uint8_t *bytes, size_t size)
{
    uint64_t v[4] = {key->words[0] ^ 0x736f6d6570736575u,
                     key->words[1] ^ 0x646f72616e646f6du,
                     key->words[0] ^ 0x6c7967656e657261u,
                     key->words[1] ^ 0x7465646279746573u};

    for (size_t word = 0; word <= size / 8 + 1; word++) {
        bool end = word == size / 8 + 1;
        uint64_t m = word == size / 8 ? (uint64_t)size << 56 : 0;
        for (size_t i = 0; i < 8 && 8 * word + i < size; i++)
            m |= (uint64_t)bytes[8 * word + i] << (8 * i);
        if (end)
            v[2] ^= 0xff;
        else
            v[3] ^= m;
        for (int round = 0; round < (end ? d : c); round++) {
            v[0] += v[1], v[1] = v[1] << 13 | v[1] >> 51, v[1] ^= v[0];
            v[0] = v[0] << 32 | v[0] >> 32;
            v[2] += v[3], v[3] = v[3] << 16 | v[3] >> 48, v[3] ^= v[2];
            v[0] += v[3], v[3] = v[3] << 21 | v[3] >> 43, v[3] ^= v[0];
            v[2] += v[1], v[1] = v[1] << 17 | v[1] >> 47, v[1] ^= v[2];
            v[2] = v[2] << 32 | v[2] >> 32;
        }
        if (!end)
            v[0] ^= m;
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* libsodium has the same function with more rounds, which proves the slow one;
 * the slow one proves ours. Both read words as they lie in memory. */
START_TEST(the_keyed_hash_is_siphash_1_3)
{
    struct id_key key = id_key_random();
    uint8_t bytes[ID_TEXT_MAX];

    for (size_t size = 0; size <= ID_TEXT_MAX; size++) {
        uint64_t proved;
        memset(bytes, 'x', sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)('a' + (i * 7 + size) % 26);
        crypto_shorthash((uint8_t *)&proved, bytes, size,
                         (const uint8_t *)&key);
        ck_assert(slow_siphash(2, 4, &key, bytes, size) == proved);
        struct id id = id_from_text((const char *)bytes, size);
        ck_assert(id_keyed_hash(&id, &key) ==
                  slow_siphash(1, 3, &key, bytes, size));
    }
    struct id number = id_from_number(-42);
    ck_assert(id_keyed_hash(&number, &key) ==
              slow_siphash(1, 3, &key, (const uint8_t *)&number.number, 8));
}
END_TEST

START_TEST(each_table_has_a_key_of_its_own)
{
    struct id_key a = id_key_random(), b = id_key_random();

    ck_assert(a.words[0] != b.words[0] && a.words[1] != b.words[1]);
}
END_TEST

START_TEST(zero_bytes_count)
{
    struct id a = id_from_text("a", 1), b = id_from_text("a\0", 2);

    ck_assert(!id_equal(&a, &b));
    ck_assert_uint_ne(id_hash(&a), id_hash(&b));
}
END_TEST

START_TEST(the_longest_id_is_printed_whole)
{
    char longest[ID_TEXT_MAX], printed[ID_PRINT_SIZE];
    memset(longest, 'x', sizeof(longest));
    struct id id = id_from_text(longest, sizeof(longest));

    ck_assert_uint_eq(id_print(&id, printed), ID_TEXT_MAX);
    ck_assert_mem_eq(printed, longest, ID_TEXT_MAX);
    ck_assert_int_eq(printed[ID_TEXT_MAX], '\0');
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("id");
    TCase *tests = tcase_create("identity");

    tcase_add_loop_test(tests, canonical_decimals_are_integers, 0,
                        sizeof(forms) / sizeof(forms[0]));
    tcase_add_test(tests, equal_ids_have_one_hash);
    tcase_add_test(tests, different_ids_differ);
    tcase_add_test(tests, hashes_are_stable);
    tcase_add_test(tests, the_keyed_hash_is_siphash_1_3);
    tcase_add_test(tests, each_table_has_a_key_of_its_own);
    tcase_add_test(tests, zero_bytes_count);
    tcase_add_test(tests, the_longest_id_is_printed_whole);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
