/*
 * check_snapshot_store.c - the local copy is sound or not used, and belongs
 * to one process.
 */
#include "support/run_suite.h"

#include "consumer/models/snapshot_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct error err;
static char folder[32];
static struct snapshot_store *store;

static void open_store(void)
{
    strcpy(folder, "/tmp/pctr-check-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ok(snapshot_store_open(folder, &store, &err), err);
}

static void close_store(void)
{
    char command[64];

    snapshot_store_close(store);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void save(uint64_t epoch)
{
    char bytes[32];
    int size = snprintf(bytes, sizeof(bytes), "snapshot %u", (unsigned)epoch);
    const struct manifest manifest = {
        .format = MANIFEST_FORMAT,
        .name = "click",
        .epoch = epoch,
        .size = (uint64_t)size,
        .packed_size = 10,
        .chunk_count = 1,
        .chunk_size = 10,
        .sha256 = digest_of(bytes, (size_t)size),
    };

    ck_assert_ok(snapshot_store_save(store, &manifest, (const uint8_t *)bytes,
                                     (size_t)size, &err),
                 err);
}

/* --- Deltas ----------------------------------------------------------- */

static void add_delta(uint64_t epoch, uint32_t number)
{
    char bytes[32];
    int size = snprintf(bytes, sizeof(bytes), "delta %u", number);
    const struct manifest manifest = {
        .format = MANIFEST_FORMAT,
        .name = "click",
        .epoch = epoch,
        .delta = number,
        .size = (uint64_t)size,
        .packed_size = 10,
        .chunk_count = 1,
        .chunk_size = 10,
        .sha256 = digest_of(bytes, (size_t)size),
    };

    ck_assert_ok(snapshot_store_add_delta(store, &manifest,
                                          (const uint8_t *)bytes, (size_t)size,
                                          &err),
                 err);
}

/* The numbers of those that are there, as "1 2 3"; *size is that of the run. */
static void assert_deltas(uint64_t epoch, const char *numbers, size_t *size)
{
    struct buffer run = {0};
    struct stored_delta delta;
    char text[64] = "", bytes[32];

    ck_assert_ok(snapshot_store_load_deltas(store, "click", epoch, &run, &err),
                 err);
    struct bytes_reader from = {.at = run.bytes, .left = run.size};
    while (from.left > 0 && stored_delta_next(&from, &delta)) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof(text) - at, "%s%u", at ? " " : "",
                 delta.manifest.delta);
        snprintf(bytes, sizeof(bytes), "delta %u", delta.manifest.delta);
        ck_assert_uint_eq(delta.size, strlen(bytes));
        ck_assert_mem_eq(delta.bytes, bytes, delta.size);
        manifest_free(&delta.manifest);
    }
    ck_assert_str_eq(text, numbers);
    *size = run.size;
    buffer_free(&run);
}

static void write_byte_at(const char *file, long at, int byte)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/%s", folder, file);
    FILE *to = fopen(path, "r+");
    ck_assert_ptr_nonnull(to);
    ck_assert_int_eq(fseek(to, at, SEEK_SET), 0);
    ck_assert_int_eq(fputc(byte, to), byte);
    ck_assert_int_eq(fclose(to), 0);
}

START_TEST(deltas_are_kept_behind_their_snapshot)
{
    size_t one, two, three, now;

    save(3);
    assert_deltas(3, "", &now);
    add_delta(3, 1);
    assert_deltas(3, "1", &one);
    add_delta(3, 2);
    assert_deltas(3, "1 2", &two);
    add_delta(3, 3);
    assert_deltas(3, "1 2 3", &three);
    ck_assert_uint_lt(two, three);

    /* What was torn or damaged ends the run; it is cut off there. */
    snapshot_store_cut_deltas(store, "click", 3, three - 1);
    assert_deltas(3, "1 2", &now);
    write_byte_at("click-3.deltas", (long)two - 1, '9');
    assert_deltas(3, "1", &now);
    snapshot_store_cut_deltas(store, "click", 3, one);
    add_delta(3, 2);
    assert_deltas(3, "1 2", &now);
}
END_TEST

START_TEST(deltas_go_with_their_snapshot)
{
    size_t size;

    save(3);
    add_delta(3, 1);
    save(4);
    add_delta(4, 1);
    add_delta(4, 2);
    assert_deltas(3, "1", &size);
    save(5);
    assert_deltas(3, "", &size);
    assert_deltas(4, "1 2", &size);
    save(4); /* once more, as it was published */
    assert_deltas(4, "", &size);
}
END_TEST

/* The epoch that is loaded, 0 for none; its bytes must be its own. */
static uint64_t load(void)
{
    struct manifest manifest;
    struct buffer bytes = {0};
    bool found = false;
    char expected[32];

    ck_assert_ok(
        snapshot_store_load(store, "click", &manifest, &bytes, &found, &err),
        err);
    if (!found)
        return 0;
    snprintf(expected, sizeof(expected), "snapshot %u",
             (unsigned)manifest.epoch);
    ck_assert_uint_eq(bytes.size, strlen(expected));
    ck_assert_mem_eq(bytes.bytes, expected, bytes.size);
    buffer_free(&bytes);
    manifest_free(&manifest);
    return manifest.epoch;
}

static const char *path_of(const char *file)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, file);
    return path;
}

static bool is_there(const char *file)
{
    return access(path_of(file), F_OK) == 0;
}

static void damage(const char *file)
{
    FILE *at = fopen(path_of(file), "r+");

    ck_assert_ptr_nonnull(at);
    fputc('X', at);
    fclose(at);
}

START_TEST(an_empty_store_has_nothing)
{
    ck_assert_uint_eq(load(), 0);
}
END_TEST

START_TEST(the_newest_is_loaded_and_two_are_kept)
{
    save(9);
    save(10);
    save(11);
    ck_assert_uint_eq(load(), 11);
    ck_assert(!is_there("click-9.snapshot"));
    ck_assert(!is_there("click-9.manifest"));
    ck_assert(is_there("click-10.snapshot"));
}
END_TEST

START_TEST(a_corrupt_snapshot_is_set_aside_for_the_older)
{
    save(1);
    save(2);
    damage("click-2.snapshot");
    ck_assert_uint_eq(load(), 1);
    ck_assert(is_there("click-2.snapshot.corrupt"));
    ck_assert(is_there("click-2.manifest.corrupt"));
    damage("click-1.manifest");
    ck_assert_uint_eq(load(), 0);
    ck_assert(is_there("click-1.manifest.corrupt"));
    save(2);
    ck_assert_uint_eq(load(), 2);
}
END_TEST

START_TEST(a_manifest_without_its_snapshot_is_passed_over)
{
    save(1);
    save(2);
    ck_assert_int_eq(unlink(path_of("click-2.snapshot")), 0);
    ck_assert_uint_eq(load(), 1);
}
END_TEST

START_TEST(other_files_are_left_alone)
{
    char from[128];

    save(1);
    strcpy(from, path_of("click-1.manifest"));
    ck_assert_int_eq(rename(from, path_of("click-x1.manifest")), 0);
    ck_assert_uint_eq(load(), 0);
    ck_assert(is_there("click-x1.manifest"));
}
END_TEST

START_TEST(a_second_process_is_fenced)
{
    struct snapshot_store *second = NULL;
    int status;
    pid_t child = fork();

    if (child == 0) {
        int refused = snapshot_store_open(folder, &second, &err);
        _exit(refused < 0 && err.code == ERROR_FENCED ? 79 : 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), 79);
    snapshot_store_close(store);
    ck_assert_ok(snapshot_store_open(folder, &store, &err), err);
}
END_TEST

/* Snapshots hold the ids of all users. */
START_TEST(files_are_the_owners_alone)
{
    struct stat info;

    umask(0);
    save(1);
    ck_assert_int_eq(stat(path_of("click-1.snapshot"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    ck_assert_int_eq(stat(path_of("click-1.manifest"), &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
}
END_TEST

START_TEST(drafts_of_the_dead_are_swept)
{
    FILE *draft = fopen(path_of("click-7.snapshot.draft-0123abcd"), "w");

    ck_assert_ptr_nonnull(draft);
    fclose(draft);
    snapshot_store_close(store);
    ck_assert_ok(snapshot_store_open(folder, &store, &err), err);
    ck_assert_int_ne(access(path_of("click-7.snapshot.draft-0123abcd"), F_OK),
                     0);
}
END_TEST

START_TEST(a_folder_of_others_is_refused)
{
    struct snapshot_store *other = NULL;

    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_refused(snapshot_store_open(folder, &other, &err), err,
                      ERROR_CONFIG, "everybody may write");
    ck_assert_int_eq(chmod(folder, 0700), 0);
    if (geteuid() != 0)
        return; /* only root can give a folder away */
    ck_assert_int_eq(chown(folder, 12345, 0), 0);
    ck_assert_refused(snapshot_store_open(folder, &other, &err), err,
                      ERROR_CONFIG, "belongs to user 12345");
    ck_assert_int_eq(chown(folder, 0, 0), 0);
}
END_TEST

START_TEST(a_folder_that_cannot_be_is_refused)
{
    struct snapshot_store *none = NULL;

    ck_assert_refused(snapshot_store_open("/no/such/folder", &none, &err), err,
                      ERROR_IO, "/no/such/folder");
    ck_assert_ptr_null(none);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot_store");
    TCase *tests = tcase_create("local copy");

    tcase_add_checked_fixture(tests, open_store, close_store);
    tcase_add_test(tests, an_empty_store_has_nothing);
    tcase_add_test(tests, the_newest_is_loaded_and_two_are_kept);
    tcase_add_test(tests, a_corrupt_snapshot_is_set_aside_for_the_older);
    tcase_add_test(tests, a_manifest_without_its_snapshot_is_passed_over);
    tcase_add_test(tests, other_files_are_left_alone);
    tcase_add_test(tests, a_second_process_is_fenced);
    tcase_add_test(tests, files_are_the_owners_alone);
    tcase_add_test(tests, drafts_of_the_dead_are_swept);
    tcase_add_test(tests, a_folder_of_others_is_refused);
    tcase_add_test(tests, a_folder_that_cannot_be_is_refused);
    tcase_add_test(tests, deltas_are_kept_behind_their_snapshot);
    tcase_add_test(tests, deltas_go_with_their_snapshot);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
