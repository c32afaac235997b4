/*
 * shaped.h - generated rows with the shape of well-known data, for benches.
 */
#ifndef BENCH_SHAPED_H
#define BENCH_SHAPED_H

#include "model/rows/ratings.h"

#include <stdint.h>

/* Distinct pairs, long tails on both sides, 1..5, as MovieLens 1M has them:
 * 6,040 users, 3,706 items, 1,000,209 rows. Exits without memory. */
struct ratings *shaped_movielens(void);

/* The same tails for any numbers of users, items and rows. */
struct ratings *shaped_stars(uint32_t users, uint32_t items, size_t rows);

/* 0/1, pairs that occur several times: 145,000 users, 5,000 ads, 1M rows. */
struct ratings *shaped_clicks(void);

#endif
