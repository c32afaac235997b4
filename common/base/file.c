#include "common/base/file.h"
#include "common/base/descriptors.h"

#include "common/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, uint8_t *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0) {
            errno = EIO; /* it shrank while we read */
            return -1;
        }
        done += (size_t)got;
    }
    return 0;
}

int file_read(const char *path, size_t max, uint8_t **data, size_t *size,
              struct error *err)
{
    int status = -1;
    uint8_t *bytes = NULL;
    struct stat info;

    /* Opening a pipe would wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_system(err, ERROR_INPUT, errno, "read '%s'", path);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        error_set(err, ERROR_INPUT, "read '%s': not a regular file", path);
        goto out;
    }
    if ((uintmax_t)info.st_size > max) {
        error_set(err, ERROR_LIMIT, "read '%s': %jd bytes, at most %zu", path,
                  (intmax_t)info.st_size, max);
        goto out;
    }
    bytes = malloc((size_t)info.st_size + 1);
    if (!bytes) {
        error_no_memory(err, "'%s'", path);
        goto out;
    }
    if (read_all(fd, bytes, (size_t)info.st_size) < 0) {
        error_set(err, ERROR_INPUT, "read '%s': %s", path, strerror(errno));
        goto out;
    }
    bytes[info.st_size] = '\0'; /* so that text can be scanned in place */
    *data = bytes;
    *size = (size_t)info.st_size;
    bytes = NULL;
    status = 0;

out:
    free(bytes);
    close(fd);
    return status;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        data += put;
        size -= (size_t)put;
    }
    return 0;
}

/* --- Drafts ----------------------------------------------------------- */

#define DRAFT_MARK ".draft-"
enum { DRAFT_DIGITS = 8 };

/* Is it "NAME.draft-0123abcd"? NULL is any name. */
static bool is_draft(const char *entry, const char *name)
{
    size_t size = strlen(entry);
    size_t tail = strlen(DRAFT_MARK) + DRAFT_DIGITS;

    if (size <= tail ||
        strncmp(entry + size - tail, DRAFT_MARK, strlen(DRAFT_MARK)) != 0)
        return false;
    return !name || (strlen(name) == size - tail &&
                     strncmp(entry, name, size - tail) == 0);
}

/* The lock of a draft goes with the process that writes it. */
static bool is_abandoned(int folder, const char *entry)
{
    struct stat info;
    int fd =
        openat(folder, entry, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return false;
    bool is_ours = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                   info.st_uid == geteuid() &&
                   flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return is_ours;
}

void file_sweep_drafts(const char *folder, const char *name)
{
    DIR *list = opendir(folder);

    if (!list)
        return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (is_draft(entry->d_name, name) &&
            is_abandoned(dirfd(list), entry->d_name))
            unlinkat(dirfd(list), entry->d_name, 0);
    closedir(list);
}

/* A new draft, locked. It may be swept before it is locked: then it has no name
 * any more, and another is made. */
static int open_draft(const char *path, mode_t mode, char draft[PATH_MAX])
{
    for (;;) {
        struct stat info;
        if (snprintf(draft, PATH_MAX, "%s" DRAFT_MARK "%08" PRIx32, path,
                     randombytes_random()) >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return -1;
        flock(fd, LOCK_EX); /* where there are no locks, nothing is swept */
        if (fstat(fd, &info) == 0 && info.st_nlink > 0)
            return fd;
        close(fd);
    }
}

/* --- Replacing -------------------------------------------------------- */

/* A device or pipe would be gone, with a file in its place. */
static bool is_replaceable(const char *path)
{
    struct stat info;

    return stat(path, &info) != 0 || S_ISREG(info.st_mode);
}

static int replace(const char *path, mode_t mode, const void *data, size_t size,
                   struct error *err)
{
    char draft[PATH_MAX], folder[PATH_MAX], name[PATH_MAX];
    bool is_drafted = false;
    int fd = -1, folder_fd = -1;

    if (!is_replaceable(path))
        return error_set(err, ERROR_IO,
                         "write '%s': it is no regular file: name another",
                         path);
    if (strlen(path) >= sizeof(folder) - 32)
        return error_set(err, ERROR_LIMIT, "path too long: '%s'", path);
    text_copy(folder, sizeof(folder), path);
    text_copy(name, sizeof(name), path);
    const char *in =
        dirname(folder); /* both may write to what they are given */
    file_sweep_drafts(in, basename(name));
    fd = open_draft(path, mode, draft);
    if (fd < 0)
        goto failed;
    is_drafted = true;
    /* After a failed fsync the pages may be gone: never try it again. */
    if (write_all(fd, data, size) < 0 || fsync(fd) < 0 ||
        rename(draft, path) < 0)
        goto failed;
    is_drafted = false;
    int closed = close(fd);
    fd = -1;
    if (closed < 0)
        goto failed;
    folder_fd = open(in, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0 || fsync(folder_fd) < 0)
        goto failed;
    close(folder_fd);
    return 0;

failed:
    error_system(err, ERROR_IO, errno, "write '%s'", path);
    if (fd >= 0)
        close(fd);
    if (folder_fd >= 0)
        close(folder_fd);
    if (is_drafted)
        unlink(draft);
    return -1;
}

int file_replace(const char *path, const void *data, size_t size,
                 struct error *err)
{
    return replace(path, 0666, data, size, err);
}

int file_replace_private(const char *path, const void *data, size_t size,
                         struct error *err)
{
    return replace(path, 0600, data, size, err);
}
