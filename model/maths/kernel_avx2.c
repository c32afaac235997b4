#include "model/maths/kernel_sets.h"

#define KERNEL kernel_avx2
#define KERNEL_NAME "avx2"
#include "model/maths/kernel_body.inc"
