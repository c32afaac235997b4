/*
 * snapshot.c - the file format of docs/snapshot-format.md.
 *
 *   magic, version, section count | table of sections | sections | SHA-256
 */
#include "model/snapshot.h"

#include "common/base/file.h"

#include "common/base/bytes_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t magic[8] = {'P', 'C', 'T', 'R', 'S', 'N', 'A', 'P'};

enum section { SECTION_META, SECTION_USERS, SECTION_ADS, SECTION_MODEL };
enum {
    SECTION_COUNT = 4,
    NAME_SIZE = 8,
    ENTRY_SIZE = NAME_SIZE + 16, /* name, offset, size */
    HEAD_SIZE = 8 + 4 + 4,
    SIZE_MIN = HEAD_SIZE + SECTION_COUNT * ENTRY_SIZE + DIGEST_SIZE,
    META_MAX = 4096,
    PROBES = 8, /* of each side */
};

static const char names[SECTION_COUNT][NAME_SIZE + 1] = {
    "meta\0\0\0\0", "users\0\0\0", "ads\0\0\0\0\0", "model\0\0\0"};

/* --- The meta section ------------------------------------------------- */

/* Lines key=value, so that `strings` and people can read what a file is. Only
 * the three counts are read back: the rest is said again in its own section.
 */

static void append_meta(const struct snapshot *snapshot, struct buffer *to)
{
    const struct model *model = snapshot->model;
    char params[1024], text[META_MAX];

    params_print(model->ops, &model->params, params, sizeof(params));
    int length =
        snprintf(text, sizeof(text),
                 "rows=%" PRIu64 "\nusers=%u\nads=%u\nmodel=%s\nparams=%s\n"
                 "mean=%.17g\nlow=%.17g\nhigh=%.17g\n",
                 snapshot->rows, model->users, model->items, model->ops->name,
                 params, model->mean, model->scale.low, model->scale.high);
    buffer_append(to, text, (size_t)length);
}

/* Takes "name=NUMBER\n" off the front. */
static int take_count(const char **text, const char *name, uint64_t *out)
{
    size_t size = strlen(name);
    char *end = NULL;

    if (strncmp(*text, name, size) != 0 || (*text)[size] != '=')
        return -1;
    const char *digits = *text + size + 1;
    if (*digits < '0' || *digits > '9')
        return -1;
    errno = 0;
    unsigned long long value = strtoull(digits, &end, 10);
    if (errno || *end != '\n')
        return -1;
    *out = value;
    *text = end + 1;
    return 0;
}

static int read_meta(struct bytes_reader *from, uint64_t *rows, uint64_t *users,
                     uint64_t *ads)
{
    char text[META_MAX + 1];
    const char *at = text;
    size_t size = from->left;
    const uint8_t *bytes = size <= META_MAX ? bytes_read(from, size) : NULL;

    if (!bytes)
        return -1;
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (take_count(&at, "rows", rows) < 0 ||
        take_count(&at, "users", users) < 0)
        return -1;
    return take_count(&at, "ads", ads);
}

/* --- Writing ---------------------------------------------------------- */

static void append_section(const struct snapshot *snapshot, enum section which,
                           struct buffer *to)
{
    switch (which) {
    case SECTION_META:
        append_meta(snapshot, to);
        break;
    case SECTION_USERS:
        id_map_save(snapshot->users, to);
        break;
    case SECTION_ADS:
        id_map_save(snapshot->ads, to);
        break;
    case SECTION_MODEL:
        model_save(snapshot->model, to);
        break;
    }
}

static void put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

int snapshot_encode(const struct snapshot *snapshot, struct buffer *to,
                    struct error *err)
{
    size_t start = to->size;
    size_t table = start + HEAD_SIZE;

    buffer_append(to, magic, sizeof(magic));
    buffer_append_u32(to, SNAPSHOT_VERSION);
    buffer_append_u32(to, SECTION_COUNT);
    for (int s = 0; s < SECTION_COUNT; s++) {
        buffer_append(to, names[s], NAME_SIZE);
        buffer_append_u64(to, 0); /* offset and size are known later */
        buffer_append_u64(to, 0);
    }
    for (int s = 0; s < SECTION_COUNT && !buffer_failed(to); s++) {
        size_t first = to->size;
        append_section(snapshot, (enum section)s, to);
        uint8_t *entry = to->bytes + table + (size_t)s * ENTRY_SIZE;
        put_u64(entry + NAME_SIZE, first - start);
        put_u64(entry + NAME_SIZE + 8, to->size - first);
    }
    if (buffer_failed(to))
        return error_no_memory(err, "the snapshot");
    struct digest digest = digest_of(to->bytes + start, to->size - start);
    buffer_append(to, digest.bytes, DIGEST_SIZE);
    if (buffer_failed(to) || to->size - start > SNAPSHOT_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, "snapshot: %zu bytes, at most %zu",
                         to->size - start, SNAPSHOT_BYTES_MAX);
    return 0;
}

/* --- Reading ---------------------------------------------------------- */

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_FORMAT, "snapshot: %s", why);
}

/* Sets *sha256 on success. */
static int check_envelope(const uint8_t *bytes, size_t size,
                          struct digest *sha256, struct error *err)
{
    if (size < SIZE_MIN || memcmp(bytes, magic, sizeof(magic)) != 0)
        return refuse(err, size < SIZE_MIN ? "too short to be one"
                                           : "this is not a pctr snapshot");

    struct bytes_reader head = {.at = bytes + sizeof(magic), .left = 8};
    uint32_t version = bytes_read_u32(&head);
    if (version > SNAPSHOT_VERSION)
        return error_set(err, ERROR_FORMAT,
                         "snapshot format %u is newer than this program reads "
                         "(%d): upgrade pctr",
                         version, SNAPSHOT_VERSION);
    if (version != SNAPSHOT_VERSION || bytes_read_u32(&head) != SECTION_COUNT)
        return refuse(err, "unknown version or sections");

    struct digest body;
    digest_of_sealed(bytes, size, &body, sha256);
    if (memcmp(body.bytes, bytes + size - DIGEST_SIZE, DIGEST_SIZE) != 0)
        return refuse(err, "the SHA-256 at the end does not match: damaged");
    return 0;
}

/* The table must describe the sections as they are written: in order, one
 * behind the other, nothing between them or after. */
static int find_sections(const uint8_t *bytes, size_t size,
                         struct bytes_reader sections[SECTION_COUNT],
                         struct error *err)
{
    size_t end = size - DIGEST_SIZE;
    size_t at = HEAD_SIZE + SECTION_COUNT * ENTRY_SIZE;
    struct bytes_reader table = {.at = bytes + HEAD_SIZE,
                                 .left = at - HEAD_SIZE};

    for (int s = 0; s < SECTION_COUNT; s++) {
        const uint8_t *name = bytes_read(&table, NAME_SIZE);
        uint64_t offset = bytes_read_u64(&table);
        uint64_t length = bytes_read_u64(&table);
        if (memcmp(name, names[s], NAME_SIZE) != 0 || offset != at ||
            length > end - at)
            return refuse(err, "its table of sections makes no sense");
        sections[s] =
            (struct bytes_reader){.at = bytes + at, .left = (size_t)length};
        at += (size_t)length;
    }
    return at == end ? 0 : refuse(err, "bytes behind the last section");
}

static int read_sections(struct bytes_reader sections[SECTION_COUNT],
                         struct snapshot *snapshot, struct error *err)
{
    uint64_t users, ads;

    if (read_meta(&sections[SECTION_META], &snapshot->rows, &users, &ads) < 0)
        return refuse(err, "its meta section makes no sense");
    if (id_map_load(&sections[SECTION_USERS], &snapshot->users, err) < 0 ||
        id_map_load(&sections[SECTION_ADS], &snapshot->ads, err) < 0)
        return error_wrap(err, "snapshot");
    if (users != id_map_count(snapshot->users))
        return refuse(err, "its meta and ids differ in users");
    if (ads != id_map_count(snapshot->ads))
        return refuse(err, "its meta and ids differ in ads");
    if (model_load(&sections[SECTION_MODEL], id_map_count(snapshot->users),
                   id_map_count(snapshot->ads), &snapshot->model, err) < 0)
        return error_wrap(err, "snapshot");
    for (int s = 0; s < SECTION_COUNT; s++)
        if (sections[s].left > 0)
            return refuse(err, "bytes left over in a section");
    return 0;
}

int snapshot_decode(const uint8_t *bytes, size_t size, struct snapshot **out,
                    struct error *err)
{
    struct bytes_reader sections[SECTION_COUNT];
    struct digest sha256;

    if (size > SNAPSHOT_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, "snapshot: %zu bytes, at most %zu",
                         size, SNAPSHOT_BYTES_MAX);
    if (check_envelope(bytes, size, &sha256, err) < 0 ||
        find_sections(bytes, size, sections, err) < 0)
        return -1;

    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
    if (!snapshot)
        return error_no_memory(err, "the snapshot");
    if (read_sections(sections, snapshot, err) < 0) {
        snapshot_free(snapshot);
        return -1;
    }
    snapshot->sha256 = sha256;
    *out = snapshot;
    return 0;
}

/* --- Files ------------------------------------------------------------ */

int snapshot_write(const char *path, const struct snapshot *snapshot,
                   struct error *err)
{
    struct buffer bytes = {0};
    int status = snapshot_encode(snapshot, &bytes, err);

    if (status == 0)
        status = file_replace(path, bytes.bytes, bytes.size, err);
    buffer_free(&bytes);
    return status;
}

int snapshot_read(const char *path, struct snapshot **out, struct error *err)
{
    uint8_t *bytes = NULL;
    size_t size;

    if (file_read(path, SNAPSHOT_BYTES_MAX, &bytes, &size, err) < 0)
        return -1;
    int status = snapshot_decode(bytes, size, out, err);
    free(bytes);
    if (status < 0)
        error_wrap(err, "'%s'", path);
    return status;
}

/* --- The last gate ---------------------------------------------------- */

static uint32_t probe_index(uint32_t i, uint32_t count)
{
    return i == PROBES || i >= count ? INDEX_UNKNOWN : i;
}

/* Asks the model itself: model_predict() would answer with the mean where an
 * estimate is no number. */
static int probe_user(const struct model *model, uint32_t user,
                      struct error *err)
{
    struct pair pairs[PROBES + 1];
    struct prediction out[PROBES + 1] = {0};

    for (uint32_t i = 0; i <= PROBES; i++)
        pairs[i] = (struct pair){user, probe_index(i, model->items)};
    model->ops->predict(model, pairs, PROBES + 1, out);
    for (uint32_t i = 0; i <= PROBES; i++)
        if (!out[i].impossible && !isfinite(out[i].value))
            return error_set(err, ERROR_FORMAT,
                             "snapshot: model %s estimates %g for user %u, ad "
                             "%u: keep the one in use and fit again",
                             model->ops->name, out[i].value, pairs[i].user,
                             pairs[i].item);
    return 0;
}

int snapshot_probe(const struct snapshot *snapshot, struct error *err)
{
    const struct model *model = snapshot->model;

    for (uint32_t u = 0; u <= PROBES; u++)
        if (probe_user(model, probe_index(u, model->users), err) < 0)
            return -1;
    return 0;
}

void snapshot_free(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    id_map_free(snapshot->users);
    id_map_free(snapshot->ads);
    model_free(snapshot->model);
    free(snapshot);
}
