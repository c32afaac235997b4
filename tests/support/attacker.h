/*
 * attacker.h - a producer that may write impressions and labels, and does its
 * worst with that right and no other.
 *
 * Times: of the year 9999, 0, negative, in seconds, without one, an hour ahead.
 * Ids: honest users and ads, ids that collide under common hashes, of 255
 * bytes, of 64 KiB, with control characters. Bytes: junk of every kind,
 * truncated, deep, nearly as large as the broker takes, none at all; headers
 * that are many, large, and named like those of dead letters.
 *
 * It labels its own impressions and those of nobody. Whoever knows the id of
 * somebody's open impression can label it falsely: nothing but the right to
 * write labels tells the two apart, so that is not tried. Seeded: the same seed
 * sends the same bytes. Nothing here fails quietly: what goes wrong ends the
 * test.
 */
#ifndef SUPPORT_ATTACKER_H
#define SUPPORT_ATTACKER_H

#include "support/pipeline.h"

#include <stdint.h>

struct attacker;

/* What it sent. */
struct attacker_books {
    uint64_t impressions, bad_impressions; /* bad: no events */
    uint64_t labels, bad_labels;
    uint64_t own_clicks; /* labels of its own impressions, in time */
};

/* `users` and `ads` are how many the honest ones have, numbered from 0 on. */
struct attacker *attacker_open(const struct pipeline *pipe, uint64_t seed,
                               int64_t users, int64_t ads);

/* One impression and one label of the next kinds, to any partitions; `now_ms`
 * is the time that honest records have now. */
void attacker_strike(struct attacker *attacker, int64_t now_ms);

/* That many records of junk on one partition of both topics. */
void attacker_flood(struct attacker *attacker, int32_t partition, int count,
                    int64_t now_ms);

/* Returns when everything is delivered. */
struct attacker_books attacker_close(struct attacker *attacker);

#endif
