// The specification of the row-wise kernels.
#include "../internal.h"
#include <math.h>

#define KN_SET scalar
#define KN_TARGET
#include "../simd/elementwise.inc"

float kn_scalar_log_sum_exp(const float *x, size_t n) {
    float largest = -INFINITY;
    for (size_t i = 0; i < n; i++) largest = x[i] > largest ? x[i] : largest;
    if (isinf(largest)) return largest;
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++) sum += expf(x[i] - largest);
    return largest + logf(sum);
}
