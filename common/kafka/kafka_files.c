#include "common/kafka/kafka_files.h"

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 16, FILE_MAX_BYTES = 4 << 20 };

struct kept_file {
    char path[512];
    struct stat look; /* when its bytes were taken */
    struct digest noted, now;
};

struct kafka_files {
    struct kept_file list[FILES_MAX];
    size_t count;
    int64_t looked_ms, changed_ms; /* changed_ms: of the last change seen */
};

/* The file that a property names, or NULL. */
static const char *path_of(const struct config_property *property)
{
    static const char *const names[] = {
        "ssl.certificate.location", "ssl.key.location", "ssl.ca.location",
        "ssl.keystore.location", "ssl.crl.location"};
    const char prefix[] = "file:";
    const char *name = property->name;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size = strlen(name), own = strlen(names[i]);
        /* "producer." and the like may be in front. */
        if (size >= own && strcmp(name + size - own, names[i]) == 0)
            return property->value;
    }
    if (config_is_secret(name) &&
        strncmp(property->value, prefix, strlen(prefix)) == 0)
        return property->value + strlen(prefix);
    return NULL;
}

/* False where the file cannot be read now. */
static bool take_bytes(struct kept_file *file, struct digest *out)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct error why;

    if (stat(file->path, &file->look) != 0 ||
        file_read(file->path, FILE_MAX_BYTES, &bytes, &size, &why) < 0)
        return false;
    *out = digest_of(bytes, size);
    explicit_bzero(bytes, size);
    free(bytes);
    return true;
}

int kafka_files_note(const struct kafka_settings *settings,
                     struct kafka_files **out, struct error *err)
{
    struct kafka_files *files = calloc(1, sizeof(*files));

    if (!files)
        return error_no_memory(err, "the files of Kafka's clients");
    for (size_t i = 0; i < settings->property_count && files->count < FILES_MAX;
         i++) {
        const char *path = path_of(&settings->properties[i]);
        struct kept_file *file = &files->list[files->count];
        if (!path || strlen(path) >= sizeof(file->path))
            continue;
        text_copy(file->path, sizeof(file->path), path);
        if (!take_bytes(file, &file->noted))
            continue;
        file->now = file->noted;
        files->count++;
    }
    *out = files;
    return 0;
}

static bool is_same_look(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool is_same(const struct digest *a, const struct digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Takes the file's bytes where it looks different. Returns whether they have
 * changed since the last look. */
static bool has_changed(struct kept_file *file)
{
    struct stat look;
    struct digest now;

    if (stat(file->path, &look) != 0 || is_same_look(&look, &file->look) ||
        !take_bytes(file, &now) || is_same(&now, &file->now))
        return false;
    file->now = now;
    return true;
}

int kafka_files_look(struct kafka_files *files, int64_t now_ms,
                     struct error *err)
{
    const struct kept_file *other = NULL;

    if (now_ms - files->looked_ms < KAFKA_FILES_LOOK_MS)
        return 0;
    files->looked_ms = now_ms;
    for (size_t i = 0; i < files->count; i++) {
        struct kept_file *file = &files->list[i];
        if (has_changed(file))
            files->changed_ms = now_ms;
        if (!other && !is_same(&file->now, &file->noted))
            other = file;
    }
    if (!other || now_ms - files->changed_ms < KAFKA_FILES_SETTLE_MS)
        return 0;
    return error_set(err, ERROR_TEMPORARY,
                     "'%s' was renewed, and clients of Kafka read it only when "
                     "they begin: start again",
                     other->path);
}

void kafka_files_free(struct kafka_files *files)
{
    free(files);
}
