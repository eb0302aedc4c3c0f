// The specification of the row-wise kernels.
#include "../internal.h"
#include <math.h>

#define KN_SET scalar
#define KN_TARGET
#include "../simd/elementwise.inc"

float kn_scalar_squared_norm(const float *x, size_t n) {
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

void kn_scalar_rms_norm(float *out, const float *x, const float *weight, size_t n, float epsilon) {
    if (n == 0) return;
    float factor = 1.0f / sqrtf(kn_scalar_squared_norm(x, n) / (float)n + epsilon);
    for (size_t i = 0; i < n; i++) out[i] = x[i] * factor * weight[i];
}

float kn_scalar_log_sum_exp(const float *x, size_t n) {
    float largest = -INFINITY;
    for (size_t i = 0; i < n; i++) largest = x[i] > largest ? x[i] : largest;
    if (isinf(largest)) return largest;
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++) sum += expf(x[i] - largest);
    return largest + logf(sum);
}
