/*
 * kernel_sets.h - the instruction sets the kernels are compiled for; private
 * to kernel*.c.
 */
#ifndef MODEL_KERNEL_SETS_H
#define MODEL_KERNEL_SETS_H

#include "model/maths/kernel.h"

extern const struct kernel kernel_portable;
extern const struct kernel kernel_avx2;
extern const struct kernel kernel_avx512;

#endif
