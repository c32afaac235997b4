#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
        return error_set(err, ERROR_INPUT, "read '%s': %s", path,
                         strerror(errno));
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
    if (!bytes || read_all(fd, bytes, (size_t)info.st_size) < 0) {
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

static int sync_folder(const char *path)
{
    char copy[PATH_MAX];

    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int status = fsync(fd);
    close(fd);
    return status;
}

/* A device or pipe would be gone, with a file in its place. */
static bool is_replaceable(const char *path)
{
    struct stat info;

    return stat(path, &info) != 0 || S_ISREG(info.st_mode);
}

int file_replace(const char *path, const void *data, size_t size,
                 struct error *err)
{
    char draft[PATH_MAX];
    bool drafted = false;

    if (!is_replaceable(path))
        return error_set(err, ERROR_IO,
                         "write '%s': it is no regular file: name another",
                         path);

    int length = snprintf(draft, sizeof(draft), "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof(draft))
        return error_set(err, ERROR_LIMIT, "path too long: '%s'", path);

    int fd = mkstemp(draft);
    if (fd < 0)
        goto failed;
    drafted = true;
    /* After a failed fsync the pages may be gone: never try it again. */
    if (write_all(fd, data, size) < 0 || fchmod(fd, 0644) < 0 || fsync(fd) < 0)
        goto failed;
    int closed = close(fd);
    fd = -1;
    if (closed < 0 || rename(draft, path) < 0)
        goto failed;
    drafted = false;
    if (sync_folder(path) < 0)
        goto failed;
    return 0;

failed:
    error_set(err, ERROR_IO, "write '%s': %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (drafted)
        unlink(draft);
    return -1;
}
