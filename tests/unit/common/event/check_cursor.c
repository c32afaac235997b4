/*
 * check_cursor.c - the reader and msgpack-c see the same values.
 *
 * Random values are written by msgpack-c and read by both; random bytes are
 * accepted by the reader only if msgpack-c accepts them too.
 */
#include "support/run_suite.h"

#include "common/base/random.h"
#include "common/event/cursor.h"
#include "common/event/packer.h"

#include <string.h>

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    return random_next(&state) % below;
}

static void pack_text_of_any_size(msgpack_packer *packer, bool text)
{
    static char letters[70000];
    size_t size = draw(8) ? draw(40) : draw(sizeof(letters));

    memset(letters, 'x', size);
    if (text)
        packer_text(packer, letters, size);
    else
        packer_bytes(packer, letters, size);
}

static void pack_any(msgpack_packer *packer, unsigned depth)
{
    uint64_t count = depth < CURSOR_DEPTH_MAX ? draw(5) : 0;

    switch (draw(count ? 10 : 8)) {
    case 0:
        msgpack_pack_nil(packer);
        break;
    case 1:
        draw(2) ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
        break;
    case 2:
        msgpack_pack_int64(packer, (int64_t)(draw(UINT64_MAX) >> draw(64)));
        break;
    case 3:
        msgpack_pack_int64(packer, -(int64_t)(draw(INT64_MAX) >> draw(63)));
        break;
    case 4:
        msgpack_pack_double(packer, (double)draw(1000) / 7);
        break;
    case 5:
        msgpack_pack_float(packer, (float)draw(1000) / 7);
        break;
    case 6:
        pack_text_of_any_size(packer, draw(2));
        break;
    case 7:
        msgpack_pack_ext_with_body(packer, "0123456789abcdef", draw(17), 5);
        break;
    case 8:
        msgpack_pack_array(packer, count);
        for (uint64_t i = 0; i < count; i++)
            pack_any(packer, depth + 1);
        break;
    default:
        msgpack_pack_map(packer, count);
        for (uint64_t i = 0; i < 2 * count; i++)
            pack_any(packer, depth + 1);
    }
}

static void assert_same(struct cursor *cursor, const msgpack_object *object)
{
    struct cursor_value value;

    ck_assert_int_eq(cursor_take(cursor, &value), CURSOR_OK);
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        ck_assert_int_eq(value.type, CURSOR_NIL);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        ck_assert_int_eq(value.type, CURSOR_BOOL);
        ck_assert(value.boolean == object->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        ck_assert_int_eq(value.type, object->via.u64 > INT64_MAX
                                         ? CURSOR_HUGE
                                         : CURSOR_INTEGER);
        ck_assert_uint_eq(value.huge, object->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        ck_assert_int_eq(value.type, CURSOR_INTEGER);
        ck_assert_int_eq(value.integer, object->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        ck_assert_int_eq(value.type, CURSOR_FLOAT);
        ck_assert(value.real == object->via.f64);
        break;
    case MSGPACK_OBJECT_STR:
    case MSGPACK_OBJECT_BIN:
        ck_assert_int_eq(value.type, object->type == MSGPACK_OBJECT_STR
                                         ? CURSOR_TEXT
                                         : CURSOR_BYTES);
        ck_assert_uint_eq(value.size, object->via.str.size);
        if (value.size > 0)
            ck_assert_mem_eq(value.bytes, object->via.str.ptr, value.size);
        break;
    case MSGPACK_OBJECT_EXT:
        ck_assert_int_eq(value.type, CURSOR_EXTENSION);
        ck_assert_uint_eq(value.size, object->via.ext.size);
        ck_assert_int_eq(value.extension, object->via.ext.type);
        break;
    case MSGPACK_OBJECT_ARRAY:
        ck_assert_int_eq(value.type, CURSOR_ARRAY);
        ck_assert_uint_eq(value.size, object->via.array.size);
        for (uint32_t i = 0; i < value.size; i++)
            assert_same(cursor, &object->via.array.ptr[i]);
        break;
    case MSGPACK_OBJECT_MAP:
        ck_assert_int_eq(value.type, CURSOR_MAP);
        ck_assert_uint_eq(value.size, object->via.map.size);
        for (uint32_t i = 0; i < value.size; i++) {
            assert_same(cursor, &object->via.map.ptr[i].key);
            assert_same(cursor, &object->via.map.ptr[i].val);
        }
    }
}

static bool skip_all(const uint8_t *bytes, size_t size)
{
    struct cursor cursor = cursor_over(bytes, size, 1 << 20);
    struct cursor_value value;

    if (cursor_take(&cursor, &value) != CURSOR_OK)
        return false;
    if (cursor_is_container(&value) &&
        cursor_skip_contents(&cursor, &value, 1) != CURSOR_OK)
        return false;
    return cursor_at_end(&cursor);
}

static bool msgpack_accepts(const uint8_t *bytes, size_t size)
{
    msgpack_unpacked unpacked;
    size_t end = 0;

    msgpack_unpacked_init(&unpacked);
    msgpack_unpack_return result =
        msgpack_unpack_next(&unpacked, (const char *)bytes, size, &end);
    msgpack_unpacked_destroy(&unpacked);
    return result == MSGPACK_UNPACK_SUCCESS && end == size;
}

START_TEST(both_read_the_same_values)
{
    struct buffer buffer = {0};
    msgpack_packer packer = packer_into(&buffer);

    state = 1;
    for (int round = 0; round < 3000; round++) {
        buffer_clear(&buffer);
        pack_any(&packer, 1);

        msgpack_unpacked unpacked;
        msgpack_unpacked_init(&unpacked);
        ck_assert_int_eq(msgpack_unpack_next(&unpacked,
                                             (const char *)buffer.bytes,
                                             buffer.size, NULL),
                         MSGPACK_UNPACK_SUCCESS);
        struct cursor cursor =
            cursor_over(buffer.bytes, buffer.size, UINT32_MAX);
        assert_same(&cursor, &unpacked.data);
        ck_assert(cursor_at_end(&cursor));
        ck_assert(skip_all(buffer.bytes, buffer.size));
        msgpack_unpacked_destroy(&unpacked);
    }
    buffer_free(&buffer);
}
END_TEST

/* msgpack-c also takes what is nested deeper than we do. */
START_TEST(what_is_accepted_is_accepted_by_both)
{
    unsigned accepted = 0;

    state = 2;
    for (int round = 0; round < 100000; round++) {
        uint8_t bytes[12];
        size_t size = 1 + draw(sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(draw(3) ? draw(256) : 0x90 + draw(3));
        if (!skip_all(bytes, size))
            continue;
        accepted++;
        ck_assert(msgpack_accepts(bytes, size));
    }
    ck_assert_uint_gt(accepted, 1000);
}
END_TEST

START_TEST(the_budget_of_values_is_exact)
{
    static const uint8_t three[] = {0x92, 0xc0, 0xa1, 'x'};

    for (uint32_t budget = 0; budget < 5; budget++) {
        struct cursor cursor = cursor_over(three, sizeof(three), budget);
        struct cursor_value value;
        enum cursor_fault fault = cursor_take(&cursor, &value);
        if (fault == CURSOR_OK)
            fault = cursor_skip_contents(&cursor, &value, 1);
        ck_assert_int_eq(fault, budget < 3 ? CURSOR_TOO_MANY : CURSOR_OK);
    }
}
END_TEST

START_TEST(depth_counts_from_where_the_caller_is)
{
    static const uint8_t two[] = {0x91, 0x90};

    for (unsigned depth = 1; depth <= CURSOR_DEPTH_MAX + 1; depth++) {
        struct cursor cursor = cursor_over(two, sizeof(two), 10);
        struct cursor_value value;
        ck_assert_int_eq(cursor_take(&cursor, &value), CURSOR_OK);
        ck_assert_int_eq(cursor_skip_contents(&cursor, &value, depth),
                         depth < CURSOR_DEPTH_MAX ? CURSOR_OK
                                                  : CURSOR_TOO_DEEP);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cursor");
    TCase *tests = tcase_create("against msgpack-c");

    tcase_add_test(tests, both_read_the_same_values);
    tcase_add_test(tests, what_is_accepted_is_accepted_by_both);
    tcase_add_test(tests, the_budget_of_values_is_exact);
    tcase_add_test(tests, depth_counts_from_where_the_caller_is);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
