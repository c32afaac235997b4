#include "common/registry/registry_copies.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/registry/registry_client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 640, HEAD_MAX = 1024, NAME_SIZE = DIGEST_HEX_SIZE + 8 };

static void path_of(const struct registry_copies *copies, const char *name,
                    char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s/schemas/%s", copies->folder, name);
}

static bool read_copy(const struct registry_copies *copies, const char *name,
                      struct buffer *answer)
{
    const size_t head = strlen(copies->url) + 1;
    char path[PATH_SIZE];
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct error err;

    buffer_clear(answer);
    if (copies->folder[0] == '\0')
        return false;
    path_of(copies, name, path);
    if (access(path, F_OK) != 0)
        return false;
    if (file_read(path, REGISTRY_ANSWER_MAX + HEAD_MAX, &bytes, &size, &err) <
        0) {
        log_warn("the copy of a schema cannot be read", "reason=\"%s\"",
                 err.text);
        return false;
    }
    const bool is_ours = size > head && bytes[head - 1] == '\n' &&
                         memcmp(bytes, copies->url, head - 1) == 0;
    if (is_ours)
        buffer_append(answer, bytes + head, size - head);
    free(bytes);
    return is_ours && !buffer_failed(answer);
}

static void write_copy(const struct registry_copies *copies, const char *name,
                       const struct buffer *answer)
{
    struct buffer file = {0};
    char path[PATH_SIZE];
    struct error err;

    if (copies->folder[0] == '\0')
        return;
    snprintf(path, sizeof(path), "%s/schemas", copies->folder);
    if (mkdir(copies->folder, 0777) < 0 && errno != EEXIST)
        log_warn("the folder for copies of schemas cannot be made",
                 "folder=\"%s\"", copies->folder);
    (void)mkdir(path, 0777); /* where it is not there, the file says so */
    path_of(copies, name, path);
    buffer_append(&file, copies->url, strlen(copies->url));
    buffer_append(&file, "\n", 1);
    buffer_append(&file, answer->bytes, answer->size);
    const int status = buffer_failed(&file)
                           ? error_no_memory(&err, "the copy of a schema")
                           : file_replace(path, file.bytes, file.size, &err);
    if (status < 0)
        log_warn("no copy of a schema was made", "reason=\"%s\"", err.text);
    buffer_free(&file);
}

/* --- Schemas ---------------------------------------------------------- */

bool registry_copies_read(const struct registry_copies *copies, uint32_t number,
                          struct buffer *answer)
{
    char name[NAME_SIZE];

    snprintf(name, sizeof(name), "%" PRIu32, number);
    return read_copy(copies, name, answer);
}

void registry_copies_write(const struct registry_copies *copies,
                           uint32_t number, const struct buffer *answer)
{
    char name[NAME_SIZE];

    snprintf(name, sizeof(name), "%" PRIu32, number);
    write_copy(copies, name, answer);
}

/* --- Numbers ---------------------------------------------------------- */

/* The file says once more what it is about. */
static int print_number(const char *hex, uint32_t number,
                        char out[NAME_SIZE + 16])
{
    return snprintf(out, NAME_SIZE + 16, "%s %" PRIu32 "\n", hex, number);
}

bool registry_copies_read_number(const struct registry_copies *copies,
                                 const struct digest *of, uint32_t *number)
{
    char hex[DIGEST_HEX_SIZE], name[NAME_SIZE], again[NAME_SIZE + 16];
    struct buffer text = {0};
    uint32_t found = 0;

    digest_hex(of, hex);
    snprintf(name, sizeof(name), "of-%s", hex);
    bool is_there = read_copy(copies, name, &text);
    buffer_append(&text, "", 1);
    is_there = is_there && !buffer_failed(&text) &&
               text.size > DIGEST_HEX_SIZE &&
               sscanf((const char *)text.bytes + DIGEST_HEX_SIZE, "%" SCNu32,
                      &found) == 1;
    print_number(hex, found, again);
    is_there = is_there && strcmp((const char *)text.bytes, again) == 0;
    if (is_there)
        *number = found;
    buffer_free(&text);
    return is_there;
}

void registry_copies_write_number(const struct registry_copies *copies,
                                  const struct digest *of, uint32_t number)
{
    char hex[DIGEST_HEX_SIZE], name[NAME_SIZE], line[NAME_SIZE + 16];
    struct buffer text = {0};

    digest_hex(of, hex);
    snprintf(name, sizeof(name), "of-%s", hex);
    buffer_append(&text, line, (size_t)print_number(hex, number, line));
    if (!buffer_failed(&text)) /* without one, the registry is asked */
        write_copy(copies, name, &text);
    buffer_free(&text);
}
