/*
 * check_fault_disk.c - the broker's disk fills up while impressions come in,
 * and has room again; and the account.
 *
 * The disk is a tmpfs, which only root may mount. When nothing can be written
 * the broker ends, so that it is started again as soon as there is room.
 */
#include "support/fault_world.h"
#include "support/own_broker.h"
#include "support/run_suite.h"

#include "common/base/clock.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ROOM_BYTES = 500000 }; /* that the disk has left: seconds of work */

static char disk[] = "/tmp/pctr-disk-XXXXXX";
static char ballast[sizeof(disk) + 8];

/* Returns whether there is a disk of its own for the brokers' data. */
static bool mount_disk(void)
{
    if (!mkdtemp(disk))
        return false;
    if (mount("tmpfs", disk, "tmpfs", 0, "size=256m") < 0) {
        printf("SKIPPED: no disk of its own can be mounted (%s): promises not "
               "tested: nothing lost or doubled when the broker's is full\n",
               strerror(errno));
        rmdir(disk);
        return false;
    }
    snprintf(ballast, sizeof(ballast), "%s/ballast", disk);
    return setenv("PCTR_KAFKA_DATA", disk, 1) == 0;
}

static void unmount_disk(void)
{
    umount2(disk, MNT_DETACH);
    rmdir(disk);
}

static void fill_disk(void)
{
    struct statvfs room;
    int fd = open(ballast, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(statvfs(disk, &room), 0);
    const off_t left = (off_t)(room.f_bavail * room.f_frsize);
    ck_assert_int_gt(left, ROOM_BYTES);
    ck_assert_int_eq(posix_fallocate(fd, 0, left - ROOM_BYTES), 0);
    close(fd);
}

static int fill_and_free(void)
{
    enum { TIMES = 3 };

    for (int i = 0; i < TIMES; i++) {
        fault_world_await_more();
        fill_disk();
        own_broker_await_end(FAULT_WORLD_WAIT_MS);
        fault_world_pause_at_random(3000);
        ck_assert_int_eq(unlink(ballast), 0);
        own_broker_do("revive", 0);
        fault_world_await_more();
    }
    return TIMES;
}

static void start_broker(void)
{
    own_broker_start("disk", 1);
}

START_TEST(a_full_disk_loses_nothing)
{
    static const struct fault fault = {
        17, "broker's disk full",
        "it ends, has room again, and is started again", fill_and_free};

    fault_world_try(&fault);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault disk");
    TCase *tests = tcase_create("own broker");

    tcase_set_timeout(tests, 600);
    tcase_add_unchecked_fixture(tests, start_broker, own_broker_end);
    tcase_add_checked_fixture(tests, fault_world_open, fault_world_close);
    tcase_add_test(tests, a_full_disk_loses_nothing);
    suite_add_tcase(suite, tests);
    if (!mount_disk())
        return run_suite_not(suite);
    int status = kafka_fixture_main(suite, "nothing lost on a full disk");
    unmount_disk();
    return status;
}
