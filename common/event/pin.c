#include "common/event/pin.h"

#include "common/event/cursor.h"
#include "common/event/packer.h"

#include <inttypes.h>
#include <string.h>

enum { VALUES_MAX = 64, SKIP_DEPTH = 2, SIGNED_MAX = 128, NAME_MAX_SIZE = 63 };

/* --- What is signed --------------------------------------------------- */

/* docs/event-schema.md has every byte. */
struct signed_bytes {
    uint8_t bytes[SIGNED_MAX];
    size_t size;
};

static void append(struct signed_bytes *to, const void *from, size_t size)
{
    memcpy(to->bytes + to->size, from, size);
    to->size += size;
}

static void append_number(struct signed_bytes *to, uint64_t number, int size)
{
    for (int i = 0; i < size; i++)
        to->bytes[to->size++] = (uint8_t)(number >> (8 * i));
}

static struct signed_bytes order_of(const char *head, const char *name,
                                    uint64_t epoch)
{
    struct signed_bytes bytes = {.size = 0};
    size_t size = strnlen(name, NAME_MAX_SIZE);

    append(&bytes, head, strlen(head));
    append_number(&bytes, size, 4);
    append(&bytes, name, size);
    append_number(&bytes, epoch, 8);
    return bytes;
}

static struct signed_bytes pin_bytes(const struct pin *pin, const char *name)
{
    struct signed_bytes bytes = order_of("pctr pin 1\n", name, pin->epoch);

    append_number(&bytes, (uint64_t)pin->created_ms, 8);
    return bytes;
}

static struct signed_bytes retirement_bytes(const struct retirement *retired)
{
    struct signed_bytes bytes = order_of(
        retired->delta ? "pctr delta retirement 1\n" : "pctr retirement 1\n",
        retired->name, retired->epoch);

    if (retired->delta)
        append_number(&bytes, retired->delta, 4);
    return bytes;
}

static int check(const struct signed_bytes *bytes, const uint8_t *signature,
                 const struct trusted_keys *trusted, const char *what,
                 struct error *err)
{
    if (trusted->count == 0)
        return 0;
    if (!signature)
        return error_set(err, ERROR_FORMAT,
                         "%s is not signed, and trusted.keys is set", what);
    if (!trusted_keys_verify(trusted, bytes->bytes, bytes->size, signature))
        return error_set(err, ERROR_FORMAT,
                         "%s is not signed by a trusted key, or was changed "
                         "after it was signed",
                         what);
    return 0;
}

/* --- Pins ------------------------------------------------------------- */

void pin_encode(const struct pin *pin, struct buffer *out)
{
    msgpack_packer packer = packer_into(out);

    msgpack_pack_map(&packer, pin->is_signed ? 3 : 2);
    packer_text(&packer, "epoch", 5);
    msgpack_pack_uint64(&packer, pin->epoch);
    packer_text(&packer, "created", 7);
    msgpack_pack_int64(&packer, pin->created_ms);
    if (pin->is_signed) {
        packer_text(&packer, "signature", 9);
        packer_bytes(&packer, pin->signature, SIGNATURE_SIZE);
    }
}

static bool is_key(const struct cursor_value *key, const char *name)
{
    return key->type == CURSOR_TEXT && key->size == strlen(name) &&
           memcmp(key->bytes, name, key->size) == 0;
}

static bool is_whole(const struct cursor_value *value)
{
    return value->type == CURSOR_INTEGER && value->integer >= 0;
}

/* False: the value is not what the field needs. Other fields are passed over.
 */
static bool read_field(const struct cursor_value *key,
                       const struct cursor_value *value, struct pin *pin,
                       bool *has_epoch)
{
    if (is_key(key, "epoch")) {
        pin->epoch = (uint64_t)value->integer;
        *has_epoch = true;
        return is_whole(value);
    }
    if (is_key(key, "created")) {
        pin->created_ms = value->integer;
        return is_whole(value);
    }
    if (is_key(key, "signature")) {
        pin->is_signed =
            value->type == CURSOR_BYTES && value->size == SIGNATURE_SIZE;
        if (pin->is_signed)
            memcpy(pin->signature, value->bytes, SIGNATURE_SIZE);
        return pin->is_signed;
    }
    return true;
}

static bool read_map(const uint8_t *bytes, size_t size, struct pin *pin)
{
    struct cursor cursor = cursor_over(bytes, size, VALUES_MAX);
    struct cursor_value map, key, value;
    bool has_epoch = false;

    if (cursor_take(&cursor, &map) != CURSOR_OK || map.type != CURSOR_MAP)
        return false;
    for (uint32_t i = 0; i < map.size; i++) {
        if (cursor_take(&cursor, &key) != CURSOR_OK ||
            cursor_is_container(&key) ||
            cursor_take(&cursor, &value) != CURSOR_OK ||
            !read_field(&key, &value, pin, &has_epoch))
            return false;
        if (cursor_is_container(&value) &&
            cursor_skip_contents(&cursor, &value, SKIP_DEPTH) != CURSOR_OK)
            return false;
    }
    return has_epoch;
}

int pin_decode(const uint8_t *bytes, size_t size, struct pin *out,
               struct error *err)
{
    struct pin pin = {.epoch = 0};

    if (!read_map(bytes, size, &pin))
        return error_set(err, ERROR_FORMAT, "a pin without an epoch");
    *out = pin;
    return 0;
}

void pin_sign(struct pin *pin, const char *name, const struct signing_key *key)
{
    struct signed_bytes bytes = pin_bytes(pin, name);

    pin->is_signed = key->is_there;
    if (key->is_there)
        signing_key_sign(key, bytes.bytes, bytes.size, pin->signature);
}

int pin_check_signature(const struct pin *pin, const char *name,
                        const struct trusted_keys *trusted, struct error *err)
{
    struct signed_bytes bytes = pin_bytes(pin, name);

    return check(&bytes, pin->is_signed ? pin->signature : NULL, trusted,
                 "the pin", err);
}

/* --- Retirements ------------------------------------------------------ */

void retirement_sign(const struct retirement *retired,
                     const struct signing_key *key, uint8_t out[SIGNATURE_SIZE])
{
    struct signed_bytes bytes = retirement_bytes(retired);

    signing_key_sign(key, bytes.bytes, bytes.size, out);
}

int retirement_check_signature(const struct retirement *retired,
                               const uint8_t *signature, size_t size,
                               const struct trusted_keys *trusted,
                               struct error *err)
{
    struct signed_bytes bytes = retirement_bytes(retired);
    char what[80], number[24] = "";

    if (retired->delta)
        snprintf(number, sizeof(number), "delta %u of ", retired->delta);
    snprintf(what, sizeof(what), "the retirement of %sepoch %" PRIu64, number,
             retired->epoch);
    return check(&bytes, size == SIGNATURE_SIZE ? signature : NULL, trusted,
                 what, err);
}
