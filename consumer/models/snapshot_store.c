/*
 * snapshot_store.c - files <name>-<epoch>.snapshot and <name>-<epoch>.manifest
 * in one folder. The manifest is written last and removed first: where there
 * is one, there is a snapshot. Beside them <name>-<epoch>.deltas has, for each
 * delta in order: u32 size of its manifest, u64 size of its bytes, manifest,
 * bytes.
 */
#include "consumer/models/snapshot_store.h"

#include "common/base/descriptors.h"
#include "common/base/file.h"
#include "common/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_SIZE = 1024,
    ENTRIES_MAX = 256, /* epochs looked at in one folder */
    MANIFEST_FILE_MAX = 1 << 20,
};

struct snapshot_store {
    char folder[512];
    int lock; /* file descriptor */
};

static int open_lock(struct snapshot_store *store, struct error *err)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/lock", store->folder);
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock < 0)
        return error_system(err, ERROR_IO, errno, "open '%s'", path);
    if (flock(store->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return error_set(err, ERROR_FENCED,
                         "'%s' belongs to another running process: give each "
                         "its own state.dir",
                         store->folder);
    return error_set(err, ERROR_IO, "lock '%s': %s", path, strerror(errno));
}

/* A folder of somebody else could be filled, or emptied, behind our back. */
static int check_owner(const char *folder, struct error *err)
{
    struct stat info;

    if (stat(folder, &info) != 0)
        return error_set(err, ERROR_IO, "look at '%s': %s", folder,
                         strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return error_set(err, ERROR_IO, "'%s' is not a folder", folder);
    if (info.st_uid != geteuid())
        return error_set(err, ERROR_CONFIG,
                         "state.dir: '%s' belongs to user %ju, not to user %ju "
                         "of this process: chown it, or name another",
                         folder, (uintmax_t)info.st_uid, (uintmax_t)geteuid());
    if (info.st_mode & S_IWOTH)
        return error_set(err, ERROR_CONFIG,
                         "state.dir: everybody may write to '%s': chmod o-w",
                         folder);
    return 0;
}

int snapshot_store_open(const char *folder, struct snapshot_store **out,
                        struct error *err)
{
    struct snapshot_store *store = calloc(1, sizeof(*store));

    if (!store)
        return error_no_memory(err, "the snapshot store");
    store->lock = -1;
    if (strlen(folder) >= sizeof(store->folder)) {
        error_set(err, ERROR_LIMIT, "path too long: '%s'", folder);
        goto failed;
    }
    text_copy(store->folder, sizeof(store->folder), folder);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        error_set(err, ERROR_IO, "make folder '%s': %s", folder,
                  strerror(errno));
        goto failed;
    }
    if (check_owner(folder, err) < 0 || open_lock(store, err) < 0)
        goto failed;
    file_sweep_drafts(folder, NULL);
    *out = store;
    return 0;

failed:
    snapshot_store_close(store);
    return -1;
}

void snapshot_store_close(struct snapshot_store *store)
{
    if (!store)
        return;
    if (store->lock >= 0)
        close(store->lock); /* and with it the lock */
    free(store);
}

static void path_of(const struct snapshot_store *store, const char *name,
                    uint64_t epoch, const char *kind, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s-%" PRIu64 ".%s", store->folder, name,
             epoch, kind);
}

/* --- Which epochs are there ------------------------------------------- */

/* "click-12.manifest" is epoch 12 of "click"; 0 is none. */
static uint64_t epoch_of(const char *file, const char *name)
{
    size_t size = strlen(name);

    if (strncmp(file, name, size) != 0 || file[size] != '-' ||
        file[size + 1] < '1' || file[size + 1] > '9')
        return 0;
    char *end = NULL;
    uint64_t epoch = strtoull(file + size + 1, &end, 10);
    return strcmp(end, ".manifest") == 0 ? epoch : 0;
}

static int newest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x < y) - (x > y);
}

static int list_epochs(const struct snapshot_store *store, const char *name,
                       uint64_t epochs[ENTRIES_MAX], size_t *count,
                       struct error *err)
{
    DIR *folder = opendir(store->folder);

    if (!folder)
        return error_system(err, ERROR_IO, errno, "list '%s'", store->folder);
    *count = 0;
    for (struct dirent *entry;
         *count < ENTRIES_MAX && (entry = readdir(folder));) { /* one thread */
        uint64_t epoch = epoch_of(entry->d_name, name);
        if (epoch != 0)
            epochs[(*count)++] = epoch;
    }
    closedir(folder);
    qsort(epochs, *count, sizeof(epochs[0]), newest_first);
    return 0;
}

/* --- Save ------------------------------------------------------------- */

static void remove_epoch(const struct snapshot_store *store, const char *name,
                         uint64_t epoch)
{
    char path[PATH_SIZE];

    path_of(store, name, epoch, "manifest", path);
    unlink(path);
    path_of(store, name, epoch, "snapshot", path);
    unlink(path);
    path_of(store, name, epoch, "deltas", path);
    unlink(path);
}

int snapshot_store_save(struct snapshot_store *store,
                        const struct manifest *manifest, const uint8_t *bytes,
                        size_t size, struct error *err)
{
    char path[PATH_SIZE];
    struct buffer encoded = {0};
    uint64_t epochs[ENTRIES_MAX];
    size_t count;
    int status = -1;

    manifest_encode(manifest, &encoded);
    if (buffer_failed(&encoded)) {
        error_no_memory(err, "the snapshot store");
        goto out;
    }
    path_of(store, manifest->name, manifest->epoch, "deltas", path);
    unlink(path); /* of another life */
    path_of(store, manifest->name, manifest->epoch, "snapshot", path);
    if (file_replace_private(path, bytes, size, err) < 0)
        goto out;
    path_of(store, manifest->name, manifest->epoch, "manifest", path);
    if (file_replace_private(path, encoded.bytes, encoded.size, err) < 0)
        goto out;
    if (list_epochs(store, manifest->name, epochs, &count, err) < 0)
        goto out;
    for (size_t i = SNAPSHOT_STORE_KEPT; i < count; i++)
        remove_epoch(store, manifest->name, epochs[i]);
    status = 0;

out:
    buffer_free(&encoded);
    return status;
}

/* --- Deltas ----------------------------------------------------------- */

static int write_all(int file, const struct buffer *bytes)
{
    for (size_t done = 0; done < bytes->size;) {
        ssize_t count = write(file, bytes->bytes + done, bytes->size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -1;
        done += (size_t)count;
    }
    return 0;
}

/* Behind what is there; a part of it is taken back. */
static int append_file(const char *path, const struct buffer *bytes,
                       struct error *err)
{
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat before;

    if (file < 0 || fstat(file, &before) != 0 || write_all(file, bytes) < 0) {
        error_set(err, ERROR_IO, "write '%s': %s", path, strerror(errno));
        if (file >= 0 && ftruncate(file, before.st_size) != 0)
            unlink(path);
        if (file >= 0)
            close(file);
        return -1;
    }
    close(file);
    return 0;
}

int snapshot_store_add_delta(struct snapshot_store *store,
                             const struct manifest *delta, const uint8_t *bytes,
                             size_t size, struct error *err)
{
    char path[PATH_SIZE];
    struct buffer encoded = {0}, all = {0};

    manifest_encode(delta, &encoded);
    buffer_append_u32(&all, (uint32_t)encoded.size);
    buffer_append_u64(&all, size);
    buffer_append(&all, encoded.bytes, encoded.size);
    buffer_append(&all, bytes, size);
    path_of(store, delta->name, delta->epoch, "deltas", path);
    int status = buffer_failed(&encoded) || buffer_failed(&all)
                     ? error_no_memory(err, "the snapshot store")
                     : append_file(path, &all, err);
    buffer_free(&encoded);
    buffer_free(&all);
    return status;
}

int snapshot_store_load_deltas(struct snapshot_store *store, const char *name,
                               uint64_t epoch, struct buffer *out,
                               struct error *err)
{
    char path[PATH_SIZE];
    uint8_t *bytes = NULL;
    size_t size;

    path_of(store, name, epoch, "deltas", path);
    if (access(path, F_OK) != 0)
        return 0;
    if (file_read(path, MANIFEST_SNAPSHOT_MAX, &bytes, &size, err) < 0)
        return -1;
    buffer_free(out);
    *out = (struct buffer){.bytes = bytes, .size = size, .room = size};
    return 0;
}

void snapshot_store_cut_deltas(struct snapshot_store *store, const char *name,
                               uint64_t epoch, size_t size)
{
    char path[PATH_SIZE];

    path_of(store, name, epoch, "deltas", path);
    if (truncate(path, (off_t)size) != 0)
        unlink(path);
}

bool stored_delta_next(struct bytes_reader *from, struct stored_delta *out)
{
    struct error ignored;
    const uint32_t manifest_size = bytes_read_u32(from);
    const uint64_t size = bytes_read_u64(from);
    const uint8_t *manifest = bytes_read(from, manifest_size);
    const uint8_t *bytes =
        size <= MANIFEST_SNAPSHOT_MAX ? bytes_read(from, size) : NULL;

    if (!manifest || !bytes ||
        manifest_decode(manifest, manifest_size, &out->manifest, &ignored) < 0)
        return false;
    struct digest digest = digest_of(bytes, size);
    if (out->manifest.delta == 0 || out->manifest.size != size ||
        !digest_equals(&digest, &out->manifest.sha256)) {
        manifest_free(&out->manifest);
        return false;
    }
    out->bytes = bytes;
    out->size = size;
    return true;
}

/* --- Load ------------------------------------------------------------- */

static int read_manifest(const char *path, struct manifest *out,
                         struct error *err)
{
    uint8_t *bytes = NULL;
    size_t size;

    if (file_read(path, MANIFEST_FILE_MAX, &bytes, &size, err) < 0)
        return -1;
    int status = manifest_decode(bytes, size, out, err);
    free(bytes);
    return status;
}

static int read_snapshot(const char *path, const struct manifest *manifest,
                         struct buffer *out, struct error *err)
{
    uint8_t *bytes = NULL;
    size_t size;

    if (file_read(path, MANIFEST_SNAPSHOT_MAX, &bytes, &size, err) < 0)
        return -1;
    struct digest digest = digest_of(bytes, size);
    if (size != manifest->size || !digest_equals(&digest, &manifest->sha256)) {
        free(bytes);
        return error_set(err, ERROR_FORMAT,
                         "'%s': the SHA-256 is not the manifest's", path);
    }
    buffer_free(out);
    *out = (struct buffer){.bytes = bytes, .size = size, .room = size};
    return 0;
}

/* Only what is wrong in itself: the disk may be better tomorrow. */
static void set_aside(const char *path, const struct error *why)
{
    char corrupt[PATH_SIZE + 16];

    if (why->code != ERROR_FORMAT && why->code != ERROR_LIMIT)
        return;
    snprintf(corrupt, sizeof(corrupt), "%s.corrupt", path);
    rename(path, corrupt);
}

static int load_epoch(const struct snapshot_store *store, const char *name,
                      uint64_t epoch, struct manifest *manifest,
                      struct buffer *bytes, struct error *err)
{
    char manifest_path[PATH_SIZE], snapshot_path[PATH_SIZE];

    path_of(store, name, epoch, "manifest", manifest_path);
    path_of(store, name, epoch, "snapshot", snapshot_path);
    if (read_manifest(manifest_path, manifest, err) < 0) {
        set_aside(manifest_path, err);
        return -1;
    }
    if (read_snapshot(snapshot_path, manifest, bytes, err) < 0) {
        manifest_free(manifest);
        set_aside(snapshot_path, err);
        set_aside(manifest_path, err);
        return -1;
    }
    return 0;
}

int snapshot_store_load(struct snapshot_store *store, const char *name,
                        struct manifest *manifest, struct buffer *bytes,
                        bool *found, struct error *err)
{
    uint64_t epochs[ENTRIES_MAX];
    size_t count;
    struct error bad; /* the next one may be good */

    *found = false;
    if (list_epochs(store, name, epochs, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count && !*found; i++)
        *found = load_epoch(store, name, epochs[i], manifest, bytes, &bad) == 0;
    return 0;
}

int snapshot_store_peek(const char *folder, const char *name, uint64_t epoch,
                        struct manifest *manifest, struct buffer *bytes,
                        struct error *err)
{
    char path[PATH_SIZE];
    struct snapshot_store store = {.lock = -1};
    struct manifest found;

    if (strlen(folder) >= sizeof(store.folder))
        return error_set(err, ERROR_LIMIT, "path too long: '%s'", folder);
    text_copy(store.folder, sizeof(store.folder), folder);
    path_of(&store, name, epoch, "manifest", path);
    if (read_manifest(path, &found, err) < 0)
        return -1;
    path_of(&store, name, epoch, "snapshot", path);
    if (read_snapshot(path, &found, bytes, err) < 0) {
        manifest_free(&found);
        return -1;
    }
    *manifest = found;
    return 0;
}
