/*
 * check_file.c - whole files, and bytes that grow.
 */
#include "support/run_suite.h"

#include "common/base/buffer.h"
#include "common/base/digest.h"
#include "common/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static struct error err;
static char folder[32], path[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/pctr-check-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/file", folder);
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

static unsigned count_files(void)
{
    DIR *list = opendir(folder);
    unsigned count = 0;

    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

static void assert_holds(const char *text)
{
    uint8_t *data = NULL;
    size_t size;

    ck_assert_ok(file_read(path, 100, &data, &size, &err), err);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_str_eq((char *)data, text); /* terminated */
    free(data);
}

START_TEST(a_file_is_replaced_whole)
{
    ck_assert_ok(file_replace(path, "first", 5, &err), err);
    assert_holds("first");
    ck_assert_ok(file_replace(path, "2", 1, &err), err);
    assert_holds("2");
    ck_assert_ok(file_replace(path, NULL, 0, &err), err);
    assert_holds("");
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(a_failed_replace_leaves_no_draft)
{
    char nowhere[96];

    snprintf(nowhere, sizeof(nowhere), "%s/no/file", folder);
    ck_assert_refused(file_replace(nowhere, "x", 1, &err), err, ERROR_IO,
                      "/no/file");
    /* A folder cannot be replaced by a file. */
    ck_assert_int_eq(mkdir(path, 0755), 0);
    ck_assert_refused(file_replace(path, "x", 1, &err), err, ERROR_IO, "write");
    ck_assert_uint_eq(count_files(), 1);
    rmdir(path);
    /* Nor a device or a pipe: it would be gone. */
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_refused(file_replace(path, "x", 1, &err), err, ERROR_IO,
                      "no regular file");
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(the_umask_decides_who_reads)
{
    static const struct {
        mode_t umask, mode;
    } rows[] = {{022, 0644}, {077, 0600}, {002, 0664}, {027, 0640}};
    struct stat info;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        umask(rows[i].umask);
        ck_assert_ok(file_replace(path, "x", 1, &err), err);
        ck_assert_int_eq(stat(path, &info), 0);
        ck_assert_uint_eq(info.st_mode & 0777, rows[i].mode);
    }
    umask(0);
    ck_assert_ok(file_replace_private(path, "x", 1, &err), err);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
}
END_TEST

/* Those of the living are locked, those of other files are none of ours. */
START_TEST(the_drafts_of_the_dead_are_swept)
{
    static const char *const names[] = {
        "file.draft-0123abcd", "file.draft-89ab0000", "other.draft-0123abcd"};
    char drafts[3][96];
    int fds[3];

    for (int i = 0; i < 3; i++) {
        snprintf(drafts[i], sizeof(drafts[i]), "%s/%s", folder, names[i]);
        fds[i] = open(drafts[i], O_RDWR | O_CREAT, 0600);
        ck_assert_int_ge(fds[i], 0);
    }
    ck_assert_int_eq(flock(fds[1], LOCK_EX), 0);
    ck_assert_ok(file_replace(path, "x", 1, &err), err);
    ck_assert_int_ne(access(drafts[0], F_OK), 0);
    ck_assert_int_eq(access(drafts[1], F_OK), 0);
    ck_assert_int_eq(access(drafts[2], F_OK), 0);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    file_sweep_drafts(folder, NULL);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(a_file_over_the_limit_is_refused)
{
    uint8_t *data = NULL;
    size_t size = 7;

    ck_assert_ok(file_replace(path, "12345", 5, &err), err);
    ck_assert_refused(file_read(path, 4, &data, &size, &err), err, ERROR_LIMIT,
                      "5 bytes, at most 4");
    ck_assert_ptr_null(data);
    ck_assert_uint_eq(size, 7);
    ck_assert_ok(file_read(path, 5, &data, &size, &err), err);
    free(data);
}
END_TEST

START_TEST(what_is_no_file_is_refused_at_once)
{
    uint8_t *data = NULL;
    size_t size;

    ck_assert_refused(file_read(path, 9, &data, &size, &err), err, ERROR_INPUT,
                      "No such file");
    ck_assert_refused(file_read(folder, 9, &data, &size, &err), err,
                      ERROR_INPUT, "not a regular file");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_refused(file_read(path, 9, &data, &size, &err), err, ERROR_INPUT,
                      "not a regular file");
}
END_TEST

START_TEST(a_buffer_grows_and_keeps_what_it_has)
{
    struct buffer buffer = {0};

    for (uint32_t i = 0; i < 10000; i++)
        buffer_append_u32(&buffer, i);
    ck_assert(!buffer_failed(&buffer));
    ck_assert_uint_eq(buffer.size, 40000);
    for (uint32_t i = 0; i < 10000; i++) {
        const uint8_t *b = buffer.bytes + 4 * (size_t)i;
        ck_assert_uint_eq(i, (uint32_t)(b[0] | b[1] << 8 | b[2] << 16));
    }
    buffer_clear(&buffer);
    buffer_append_u64(&buffer, 0x0102030405060708);
    buffer_append_f64(&buffer, 1.0);
    buffer_append(&buffer, NULL, 0);
    ck_assert_mem_eq(buffer.bytes,
                     "\x08\x07\x06\x05\x04\x03\x02\x01\0\0\0\0\0\0\xf0\x3f",
                     16);
    buffer_free(&buffer);
    ck_assert_ptr_null(buffer.bytes);
    buffer_free(&buffer);
}
END_TEST

START_TEST(a_buffer_that_cannot_grow_says_so_and_stays)
{
    struct buffer buffer = {0};

    buffer_append(&buffer, "abc", 3);
    ck_assert_ptr_null(buffer_reserve(&buffer, SIZE_MAX));
    ck_assert(buffer_failed(&buffer));
    ck_assert_uint_eq(buffer.size, 3);
    ck_assert_mem_eq(buffer.bytes, "abc", 3);
    buffer_clear(&buffer);
    ck_assert(!buffer_failed(&buffer));
    buffer_free(&buffer);
}
END_TEST

/* FIPS 180-2, "abc" and nothing. */
START_TEST(the_digest_is_sha_256)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest abc = digest_of("abc", 3), none = digest_of("", 0);

    ck_assert_str_eq(
        digest_hex(&abc, hex),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ck_assert_str_eq(
        digest_hex(&none, hex),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(a_sealed_digest_is_both_digests_in_one_pass)
{
    uint8_t data[DIGEST_SIZE + 100];
    struct digest body, whole;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7);
    digest_of_sealed(data, sizeof(data), &body, &whole);
    struct digest of_body = digest_of(data, 100);
    struct digest of_whole = digest_of(data, sizeof(data));
    ck_assert_mem_eq(body.bytes, of_body.bytes, DIGEST_SIZE);
    ck_assert_mem_eq(whole.bytes, of_whole.bytes, DIGEST_SIZE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *tests = tcase_create("bytes");

    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, a_file_is_replaced_whole);
    tcase_add_test(tests, a_failed_replace_leaves_no_draft);
    tcase_add_test(tests, the_umask_decides_who_reads);
    tcase_add_test(tests, the_drafts_of_the_dead_are_swept);
    tcase_add_test(tests, a_file_over_the_limit_is_refused);
    tcase_add_test(tests, what_is_no_file_is_refused_at_once);
    tcase_add_test(tests, a_buffer_grows_and_keeps_what_it_has);
    tcase_add_test(tests, a_buffer_that_cannot_grow_says_so_and_stays);
    tcase_add_test(tests, the_digest_is_sha_256);
    tcase_add_test(tests, a_sealed_digest_is_both_digests_in_one_pass);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
