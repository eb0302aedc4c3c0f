// The specification of the products: one accumulator a sum, in ascending order.
#include "activation.h"

/// Entry j of a row.
static inline float entry(const kn_weight *w, const void *row, size_t j) {
    if (w->format == KN_BF16) return kn_from_bf16(((const uint16_t *)row)[j]);
    return ((const float *)row)[j];
}

static float dot(const float *x, const kn_weight *w, size_t index) {
    const void *row = kn_row_data(w, index);
    float sum = 0.0f;
    for (size_t j = 0; j < w->columns; j++) sum += x[j] * entry(w, row, j);
    return sum;
}

void kn_scalar_select_out(float *out, size_t ldo, const float *x, size_t ldx, size_t tokens,
                          const kn_weight *w, const int32_t *kept, size_t first, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t row = kn_row(kept, first, i);
        for (size_t t = 0; t < tokens; t++) out[t * ldo + i] = dot(x + t * ldx, w, row);
    }
}

void kn_scalar_gated_unit(float *out, size_t ldo, const float *x, size_t ldx, size_t tokens,
                          const kn_weight *gate, const kn_weight *up, kn_activation activation,
                          const int32_t *kept, size_t first, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t row = kn_row(kept, first, i);
        for (size_t t = 0; t < tokens; t++) {
            float g = dot(x + t * ldx, gate, row);
            float u = dot(x + t * ldx, up, row);
            out[t * ldo + i] = kn_activate(g, activation) * u;
        }
    }
}

void kn_scalar_select_in(float *y, size_t ldy, const float *x, size_t ldx, size_t tokens,
                         const kn_weight *w, const int32_t *kept, size_t count, size_t column,
                         size_t columns) {
    for (size_t i = 0; i < count; i++) {
        size_t index = kn_row(kept, 0, i);
        const void *row = kn_row_data(w, index);
        for (size_t t = 0; t < tokens; t++) {
            float a = x[t * ldx + i];
            for (size_t j = column; j < column + columns; j++)
                y[t * ldy + j] += a * entry(w, row, j);
        }
    }
}
