/*
 * check_contender.c - which version scored what, and how contenders are
 * written.
 */
#include "support/run_suite.h"

#include "consumer/replay/contender.h"
#include "consumer/replay/recorded_versions.h"

#include <string.h>

static struct error err;

/* --- Recorded versions ------------------------------------------------ */

static void record(struct recorded_versions *versions, int32_t output,
                   int32_t partition, int64_t offset, uint64_t version)
{
    struct prediction_event event = {.src_partition = partition,
                                     .src_offset = offset,
                                     .model_version = version};

    event.model_hash[0] = (uint8_t)version;
    ck_assert_ok(recorded_versions_add(versions, output, &event, &err), err);
}

static int version_at(const struct recorded_versions *versions,
                      int32_t partition, int64_t offset)
{
    const struct recorded_run *run =
        recorded_versions_find(versions, partition, offset);

    return run ? (int)run->model.version : -1;
}

START_TEST(a_version_holds_until_the_next_is_recorded)
{
    struct recorded_versions *versions = NULL;

    ck_assert_ok(recorded_versions_new(&versions, &err), err);
    for (int64_t offset = 10; offset < 30; offset++)
        if (offset != 15) /* a bad record */
            record(versions, 1, 1, offset, offset < 20 ? 3 : 4);
    record(versions, 0, 0, 5, 0);
    record(versions, 0, 0, 6, 3);
    recorded_versions_sort(versions);

    ck_assert_uint_eq(recorded_versions_count(versions), 4);
    ck_assert_int_eq(version_at(versions, 1, 9), -1);
    ck_assert_int_eq(version_at(versions, 1, 10), 3);
    ck_assert_int_eq(version_at(versions, 1, 15), 3);
    ck_assert_int_eq(version_at(versions, 1, 19), 3);
    ck_assert_int_eq(version_at(versions, 1, 20), 4);
    ck_assert_int_eq(version_at(versions, 1, 29), 4);
    ck_assert_int_eq(version_at(versions, 1, 30), -1);
    ck_assert_int_eq(version_at(versions, 0, 5), 0);
    ck_assert_int_eq(version_at(versions, 0, 6), 3);
    ck_assert_int_eq(version_at(versions, 2, 6), -1);
    recorded_versions_free(versions);
}
END_TEST

/* Keys spread a partition of impressions over several of predictions. */
START_TEST(runs_of_several_outputs_are_one)
{
    struct recorded_versions *versions = NULL;

    ck_assert_ok(recorded_versions_new(&versions, &err), err);
    for (int64_t offset = 0; offset < 40; offset += 2)
        record(versions, 0, 0, offset, offset < 21 ? 1 : 2);
    for (int64_t offset = 1; offset < 40; offset += 2)
        record(versions, 1, 0, offset, offset < 21 ? 1 : 2);
    recorded_versions_sort(versions);
    for (int64_t offset = 0; offset < 40; offset++)
        ck_assert_int_eq(version_at(versions, 0, offset), offset < 21 ? 1 : 2);
    recorded_versions_free(versions);
}
END_TEST

/* --- Contenders ------------------------------------------------------- */

START_TEST(contenders_are_written_in_one_word_or_with_a_name)
{
    struct contender_spec spec;

    ck_assert_ok(contender_parse("live", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_LIVE);
    ck_assert_str_eq(spec.name, "live");
    ck_assert_ok(contender_parse("old=epoch:12", &spec, &err), err);
    ck_assert_uint_eq(spec.epoch, 12);
    ck_assert_str_eq(spec.name, "old");
    ck_assert_ok(contender_parse("refit:svd factors=7", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_REFIT);
    ck_assert_uint_eq(spec.fit.params.factors, 7);
    ck_assert_str_eq(spec.name, "refit:svd factors=7");
    ck_assert_ok(contender_parse("folded:svd factors=7 publish.every_ms=50",
                                 &spec, &err),
                 err);
    ck_assert_int_eq(spec.kind, CONTENDER_REFIT);
    ck_assert(spec.folds);
    ck_assert(spec.fit.counts_rows);
    ck_assert_uint_eq(spec.fit.params.factors, 7);
    ck_assert_int_eq(spec.publish_ms, 50);
    ck_assert_ok(contender_parse("folded:baseline", &spec, &err), err);
    ck_assert_int_eq(spec.publish_ms, -1);
    ck_assert_ok(contender_parse("now=online:fields publish.every_ms=0 bits=9",
                                 &spec, &err),
                 err);
    ck_assert_int_eq(spec.kind, CONTENDER_ONLINE);
    ck_assert_int_eq(spec.publish_ms, 0);
    ck_assert_uint_eq(spec.fit.params.bits, 9);
    ck_assert_ok(contender_parse("online:fields bits=8", &spec, &err), err);
    ck_assert_int_eq(spec.publish_ms, -1);
    ck_assert_ok(contender_parse("a.b=/tmp/x=y.snap", &spec, &err), err);
    ck_assert_str_eq(spec.path, "/tmp/x=y.snap");
    ck_assert_ok(contender_parse("served", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_SERVED);
    ck_assert_ok(contender_parse("next=newest", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_NEWEST);
    ck_assert_ok(contender_parse("old=field:p.old", &spec, &err), err);
    ck_assert_int_eq(spec.kind, CONTENDER_FIELD);
    ck_assert_str_eq(spec.field, "p.old");
}
END_TEST

START_TEST(mistakes_in_contenders_are_told)
{
    struct contender_spec spec;

    ck_assert_refused(contender_parse("epoch:x", &spec, &err), err, ERROR_USAGE,
                      "epoch:N");
    ck_assert_refused(contender_parse("epoch:0", &spec, &err), err, ERROR_USAGE,
                      "epoch:N");
    ck_assert_refused(contender_parse("refit:nothing", &spec, &err), err,
                      ERROR_CONFIG, "nothing");
    ck_assert_refused(contender_parse("refit:svd nonsense=1", &spec, &err), err,
                      ERROR_CONFIG, "nonsense");
    ck_assert_refused(contender_parse("folded:popular", &spec, &err), err,
                      ERROR_USAGE, "write folded:baseline");
    ck_assert_refused(contender_parse("online:svd", &spec, &err), err,
                      ERROR_USAGE, "refit:svd");
    ck_assert_refused(
        contender_parse("online:fields publish.every_ms=1s", &spec, &err), err,
        ERROR_USAGE, "milliseconds");
    ck_assert_refused(contender_parse("", &spec, &err), err, ERROR_USAGE,
                      "live");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("contender");
    TCase *others = tcase_create("contenders");

    tcase_add_test(others, a_version_holds_until_the_next_is_recorded);
    tcase_add_test(others, runs_of_several_outputs_are_one);
    tcase_add_test(others, contenders_are_written_in_one_word_or_with_a_name);
    tcase_add_test(others, mistakes_in_contenders_are_told);
    suite_add_tcase(suite, others);
    return run_suite(suite);
}
