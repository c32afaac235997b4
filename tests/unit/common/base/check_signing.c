/*
 * check_signing.c - keys in files, and signatures that hold for exactly the
 * bytes that were signed.
 */
#include "common/base/signing.h"

#include "support/run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct error err;
static char folder[] = "/tmp/pctr-signing-XXXXXX";
static char path[64], public_path[80], other[64], other_public[80];

static void start(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/key", folder);
    snprintf(public_path, sizeof(public_path), "%s.pub", path);
    snprintf(other, sizeof(other), "%s/other", folder);
    snprintf(other_public, sizeof(other_public), "%s.pub", other);
    ck_assert_ok(signing_key_make(path, &err), err);
    ck_assert_ok(signing_key_make(other, &err), err);
}

static void stop(void)
{
    char command[64];

    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_signature_holds_for_its_bytes_and_its_key)
{
    struct signing_key key;
    struct trusted_keys own, foreign, both;
    uint8_t signature[SIGNATURE_SIZE];
    char paths[200];

    snprintf(paths, sizeof(paths), "%s,%s", other_public, public_path);
    ck_assert_ok(signing_key_read(path, &key, &err), err);
    ck_assert_ok(trusted_keys_read(public_path, &own, &err), err);
    ck_assert_ok(trusted_keys_read(other_public, &foreign, &err), err);
    ck_assert_ok(trusted_keys_read(paths, &both, &err), err);
    signing_key_sign(&key, "bytes", 5, signature);
    ck_assert(trusted_keys_verify(&own, "bytes", 5, signature));
    ck_assert(trusted_keys_verify(&both, "bytes", 5, signature));
    ck_assert(!trusted_keys_verify(&foreign, "bytes", 5, signature));
    ck_assert(!trusted_keys_verify(&own, "byteS", 5, signature));
    ck_assert(!trusted_keys_verify(&own, "bytes", 4, signature));
    signature[7] ^= 1;
    ck_assert(!trusted_keys_verify(&own, "bytes", 5, signature));
}
END_TEST

START_TEST(no_file_is_no_key)
{
    struct signing_key key;
    struct trusted_keys trusted;

    ck_assert_ok(signing_key_read("", &key, &err), err);
    ck_assert(!key.is_there);
    ck_assert_ok(trusted_keys_read("", &trusted, &err), err);
    ck_assert_uint_eq(trusted.count, 0);
    ck_assert_refused(signing_key_read("/no/such", &key, &err), err,
                      ERROR_INPUT, "signing.key");
}
END_TEST

START_TEST(keys_are_kept_and_not_mixed_up)
{
    struct signing_key key;
    struct trusted_keys trusted;
    struct stat is;

    ck_assert_refused(signing_key_make(path, &err), err, ERROR_IO,
                      "never overwritten");
    ck_assert_int_eq(stat(path, &is), 0);
    ck_assert_uint_eq(is.st_mode & 0777, 0600);
    ck_assert_refused(signing_key_read(public_path, &key, &err), err,
                      ERROR_CONFIG, "chmod 600");
    ck_assert_refused(trusted_keys_read(path, &trusted, &err), err,
                      ERROR_FORMAT, "pctr-public-key-1");
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_refused(signing_key_read(path, &key, &err), err, ERROR_CONFIG,
                      "chmod 600");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("signing");
    TCase *tests = tcase_create("keys");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, a_signature_holds_for_its_bytes_and_its_key);
    tcase_add_test(tests, no_file_is_no_key);
    tcase_add_test(tests, keys_are_kept_and_not_mixed_up);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
