#include "model/kernel_sets.h"

#define KERNEL kernel_avx2
#define KERNEL_NAME "avx2"
#include "model/kernel_body.inc"
