/*
 * numpy_random.h - numpy's legacy generator (RandomState), number by number.
 *
 * MT19937 with an integer seed (Matsumoto and Nishimura 1998), and the ways
 * numpy draws from it, so that folds and initial factors are the reference's.
 * One thread per generator.
 */
#ifndef MODEL_NUMPY_RANDOM_H
#define MODEL_NUMPY_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MT_SIZE = 624 };

struct numpy_random {
    uint32_t state[MT_SIZE];
    int at;
    bool has_spare; /* of the normal pair; survives across arrays */
    double spare;
};

void numpy_random_seed(struct numpy_random *random, uint32_t seed);

uint32_t numpy_random_u32(struct numpy_random *random);

/* In [0, 1), 53 bits. */
double numpy_random_double(struct numpy_random *random);
double numpy_random_uniform(struct numpy_random *random, double low,
                            double high);

/* Marsaglia's polar method. */
double numpy_random_normal(struct numpy_random *random, double mean,
                           double deviation);

/* In [0, n), n >= 1, by masked rejection; n = 1 draws nothing. */
uint32_t numpy_random_below(struct numpy_random *random, uint32_t n);

/* Fisher-Yates from the last element down. */
void numpy_random_shuffle(struct numpy_random *random, size_t *order, size_t n);

#endif
