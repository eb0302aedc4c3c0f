// The specification of the products of quantised activations: exact sums over a group, scaled and
// added up in ascending order.
#include "activation.h"

/// Entry i of token t.
static int32_t input(const kn_quantised *x, size_t t, size_t i) {
    if (x->rounding == KN_NINE_BITS) return ((const int16_t *)x->entries)[t * x->width + i];
    size_t group = (t * x->width + i) / KN_GROUP_SIZE;
    const int8_t *entries = (const int8_t *)x->entries + group * kn_inputs_size(x->rounding);
    return entries[kn_byte_of(i % KN_GROUP_SIZE)];
}

/// The dot product of token t with a row, without its unit.
static float dot(const kn_quantised *x, size_t t, const kn_weight *w, size_t index) {
    const void *row = kn_row_data(w, index);
    size_t together = kn_scaled_together(x->rounding);
    float total = 0.0f;
    for (size_t g = 0; g < x->groups; g++) {
        int32_t sum = 0;
        for (size_t j = g * together; j < (g + 1) * together && j < w->columns; j++)
            sum += input(x, t, j) * kn_in_units(w, row, j);
        total = fmaf((float)sum, x->scales[t * x->groups + g], total);
    }
    return total;
}

void kn_scalar_select_out_quantised(float *out, size_t ldo, const kn_quantised *x, size_t tokens,
                                    const kn_weight *w, const int32_t *kept, size_t first,
                                    size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t row = kn_row(kept, first, i);
        for (size_t t = 0; t < tokens; t++) out[t * ldo + i] = dot(x, t, w, row) * w->units[row];
    }
}

void kn_scalar_gated_unit_quantised(float *out, size_t ldo, const kn_quantised *x, size_t tokens,
                                    const kn_weight *gate, const kn_weight *up,
                                    kn_activation activation, const int32_t *kept, size_t first,
                                    size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t row = kn_row(kept, first, i);
        for (size_t t = 0; t < tokens; t++) {
            float g = dot(x, t, gate, row) * gate->units[row];
            float u = dot(x, t, up, row) * up->units[row];
            out[t * ldo + i] = kn_activate(g, activation) * u;
        }
    }
}

void kn_scalar_select_in_quantised(float *y, size_t ldy, const kn_quantised *x, size_t tokens,
                                   const kn_weight *w, const int32_t *kept, size_t count,
                                   size_t column, size_t columns) {
    if (count == 0) return;
    size_t together = kn_scaled_together(x->rounding);
    for (size_t t = 0; t < tokens; t++) {
        for (size_t j = column; j < column + columns; j++) {
            float total = 0.0f;
            for (size_t g = 0; g < x->groups; g++) {
                int32_t sum = 0;
                for (size_t i = g * together; i < (g + 1) * together && i < count; i++)
                    sum += input(x, t, i) * kn_in_units(w, kn_row_data(w, kn_row(kept, 0, i)), j);
                total = fmaf((float)sum, x->scales[t * x->groups + g], total);
            }
            y[t * ldy + j] = fmaf(total, w->units[j], y[t * ldy + j]);
        }
    }
}

void kn_scalar_quantise(kn_rounding rounding, void *entries, float *scales, int32_t *totals,
                        const float *x, size_t n) {
    if (kn_mixes(rounding))
        kn_mix_and_round_row(kn_scalar_mix, kn_round_row, rounding, entries, scales, totals, x, n);
    else kn_round_row(rounding, entries, scales, totals, x, n);
}
