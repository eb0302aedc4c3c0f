// What the sources of this target share; not for its users.
#ifndef CKERNELS_INTERNAL_H
#define CKERNELS_INTERNAL_H

#include "include/ckernels.h"

#include <string.h>

// Contraction would let the compiler fuse in one place and not in another.
#pragma STDC FP_CONTRACT OFF

/// The largest head_dim that attention takes.
enum { KN_MAX_HEAD_DIM = 512 };

// Declares the products of floats, and attention, of one instruction set, named kn_<set>_<kernel>.
#define KN_DECLARE_PRODUCTS(set)                                                                   \
    void kn_##set##_select_out(float *, size_t, const float *, size_t, size_t, const kn_weight *,  \
                               const int32_t *, size_t, size_t);                                   \
    void kn_##set##_select_in(float *, size_t, const float *, size_t, size_t, const kn_weight *,   \
                              const int32_t *, size_t, size_t, size_t);                            \
    void kn_##set##_gated_unit(float *, size_t, const float *, size_t, size_t, const kn_weight *,  \
                               const kn_weight *, kn_activation, const int32_t *, size_t, size_t); \
    void kn_##set##_attention(float *, size_t, const float *, size_t, size_t, size_t, size_t,      \
                              const kn_keys *, size_t, const int32_t *, size_t, float)

// Declares all kernels of one instruction set.
#define KN_DECLARE(set)                                                                            \
    KN_DECLARE_PRODUCTS(set);                                                                      \
    void kn_##set##_quantise(kn_rounding, void *, float *, int32_t *, const float *, size_t);      \
    void kn_##set##_select_out_quantised(float *, size_t, const kn_quantised *, size_t,            \
                                         const kn_weight *, const int32_t *, size_t, size_t);      \
    void kn_##set##_select_in_quantised(float *, size_t, const kn_quantised *, size_t,             \
                                        const kn_weight *, const int32_t *, size_t, size_t,        \
                                        size_t);                                                   \
    void kn_##set##_gated_unit_quantised(float *, size_t, const kn_quantised *, size_t,            \
                                         const kn_weight *, const kn_weight *, kn_activation,      \
                                         const int32_t *, size_t, size_t);                         \
    void kn_##set##_rms_norm(float *, const float *, const float *, size_t, float);                \
    void kn_##set##_layer_norm(float *, const float *, const float *, const float *, size_t,       \
                               float);                                                             \
    void kn_##set##_rotate(float *, size_t, size_t, size_t, const float *, const float *);         \
    void kn_##set##_rotate_halves(float *, size_t, size_t, size_t, const float *, const float *);  \
    void kn_##set##_mix(float *, const float *, size_t);                                           \
    void kn_##set##_add(float *, const float *, size_t);                                           \
    void kn_##set##_scale(float *, float, size_t);                                                 \
    void kn_##set##_relu(float *, size_t);                                                         \
    void kn_##set##_expand_row(float *, const kn_weight *, size_t);                                \
    float kn_##set##_squared_norm(const float *, size_t);                                          \
    void kn_##set##_add_squares(float *, const float *, size_t);                                   \
    float kn_##set##_log_sum_exp(const float *, size_t);                                           \
    void kn_##set##_fuse_importance(float *, const float *, const float *, size_t)

KN_DECLARE(scalar);
KN_DECLARE(avx2);
KN_DECLARE(avx512);
KN_DECLARE_PRODUCTS(avx512_bf16);

// The table of one instruction set, with the products of floats of `products`, which round
// activations beside bf16 weights or do not.
#define KN_TABLE_WITH(set, products, identifier, text, rounding, rounds)                           \
    {                                                                                              \
        .isa = identifier, .name = text, .byte_rounding = rounding, .rounds_to_bf16 = rounds,      \
        .select_out = kn_##products##_select_out, .select_in = kn_##products##_select_in,          \
        .gated_unit = kn_##products##_gated_unit, .quantise = kn_##set##_quantise,                 \
        .select_out_quantised = kn_##set##_select_out_quantised,                                   \
        .select_in_quantised = kn_##set##_select_in_quantised,                                     \
        .gated_unit_quantised = kn_##set##_gated_unit_quantised,                                   \
        .attention = kn_##products##_attention, .rms_norm = kn_##set##_rms_norm,                   \
        .layer_norm = kn_##set##_layer_norm, .rotate = kn_##set##_rotate,                          \
        .rotate_halves = kn_##set##_rotate_halves, .mix = kn_##set##_mix, .add = kn_##set##_add,   \
        .scale = kn_##set##_scale, .relu = kn_##set##_relu, .expand_row = kn_##set##_expand_row,   \
        .squared_norm = kn_##set##_squared_norm, .add_squares = kn_##set##_add_squares,            \
        .log_sum_exp = kn_##set##_log_sum_exp, .fuse_importance = kn_##set##_fuse_importance       \
    }

#define KN_TABLE(set, identifier, text, rounding)                                                  \
    KN_TABLE_WITH(set, set, identifier, text, rounding, 0)

// A name of the instruction set that the including source sets in KN_SET.
#define KN_JOIN2(set, name) kn_##set##_##name
#define KN_JOIN(set, name)  KN_JOIN2(set, name)
#define KN_NAME(name)       KN_JOIN(KN_SET, name)

#if defined(__x86_64__)
#define KN_X86 1
#else
#define KN_X86 0
#endif

// Keeps the compiler from loading the activations of several tokens at a time, for which there are
// no registers left.
#define KN_KEEP_ORDER() __asm__ volatile("" ::: "memory")

/// The f32 whose upper half the bits are.
static inline float kn_from_bf16(uint16_t bits) {
    union {
        uint32_t bits;
        float value;
    } wide = {(uint32_t)bits << 16};
    return wide.value;
}

/// The upper half of an f32, rounded to nearest, ties to even; NaN stays NaN.
static inline uint16_t kn_to_bf16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/// Entries from one value to the next, and from a run of keys to the next: head_dim filled up.
static inline size_t kn_value_stride(size_t head_dim) {
    return (head_dim + KN_KEY_LANES - 1) / KN_KEY_LANES * KN_KEY_LANES;
}

/// Where entry j of the key at a slot of a block stands.
static inline size_t kn_key_entry(kn_format format, size_t slot, size_t j, size_t head_dim) {
    size_t run = slot / KN_KEY_LANES * kn_value_stride(head_dim) * KN_KEY_LANES;
    size_t lane = slot % KN_KEY_LANES;
    if (format == KN_BF16) return run + (j / 2 * KN_KEY_LANES + lane) * 2 + j % 2;
    return run + j * KN_KEY_LANES + lane;
}

/// Where entry j of the value stands.
static inline size_t kn_value_entry(kn_format format, size_t slot, size_t j, size_t head_dim) {
    size_t stride = kn_value_stride(head_dim);
    if (format == KN_BF16) return (slot / 2 * stride + j) * 2 + slot % 2;
    return slot * stride + j;
}

/// The groups that so many weights need.
static inline size_t kn_groups(size_t entries) {
    return (entries + KN_GROUP_SIZE - 1) / KN_GROUP_SIZE;
}

/// Where the half bytes of a group start in a row of so many groups.
static inline __attribute__((always_inline)) size_t kn_half_bytes_at(size_t groups, size_t group) {
    return groups * sizeof(kn_scaling) + group * KN_GROUP_SIZE / 2;
}

/// Which byte of a group of bytes holds its entry i, and which half byte of a group of half bytes.
static inline __attribute__((always_inline)) size_t kn_byte_of(size_t i) {
    return i % 16 * 2 + i / 16;
}
static inline __attribute__((always_inline)) size_t kn_half_byte_of(size_t i) {
    return i % 8 * 4 + i / 8;
}

/// The bytes of one row.
static inline size_t kn_row_size(const kn_weight *w) {
    size_t groups = kn_groups(w->columns);
    switch (w->format) {
    case KN_BF16:
        return w->columns * sizeof(uint16_t);
    case KN_INT8:
        return groups * KN_GROUP_SIZE;
    case KN_INT4:
        return kn_half_bytes_at(groups, groups);
    default:
        return w->columns * sizeof(float);
    }
}

/// Entry j of a row of whole numbers, as a multiple of its unit.
static inline int32_t kn_in_units(const kn_weight *w, const void *row, size_t j) {
    size_t g = j / KN_GROUP_SIZE, i = j % KN_GROUP_SIZE;
    const uint8_t *entries = row;
    if (w->format == KN_INT8) return entries[g * KN_GROUP_SIZE + kn_byte_of(i)] - 128;
    entries += kn_half_bytes_at(kn_groups(w->columns), g);
    kn_scaling scaling;
    memcpy(&scaling, (const char *)row + g * sizeof scaling, sizeof scaling);
    size_t half = kn_half_byte_of(i);
    return (entries[half / 2] >> half % 2 * 4 & 15) * scaling.step + scaling.base;
}

/// The largest magnitude that an entry gets.
static inline __attribute__((always_inline)) float kn_largest(kn_rounding rounding) {
    return rounding == KN_NINE_BITS ? 255 : 127;
}

/// The bits of a magnitude, which order as the magnitude does, with what is not finite on top.
static inline __attribute__((always_inline)) int32_t kn_magnitude(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & INT32_MAX;
}

/// The largest of the magnitudes in a group of KN_GROUP_SIZE entries that decide about its scale:
/// of the entries, of their pairs' sums, and half of those that the lanes' magnitudes add up to.
/// Rounded, a pair's sum grows by 1 at most and a lane's by 4, thus from twice 127 to 258.
static inline __attribute__((always_inline)) int32_t kn_reach(kn_rounding rounding,
                                                              const float *x) {
    int32_t largest = 0;
    for (size_t i = 0; i < KN_GROUP_SIZE; i++) {
        int32_t here = kn_magnitude(x[i]);
        largest = here > largest ? here : largest;
    }
    if (!kn_pairs(rounding)) return largest;
    float sums[KN_GROUP_SIZE / 2];
    for (size_t i = 0; i < KN_GROUP_SIZE / 2; i++) {
        float a = x[i], b = x[i + KN_GROUP_SIZE / 2];
        int32_t pair = kn_magnitude(a + b);
        largest = pair > largest ? pair : largest;
        sums[i] = __builtin_fabsf(a) + __builtin_fabsf(b);
    }
    for (size_t half = 0; half < 2; half++) {
        for (size_t i = half * 8; i < half * 8 + 2; i++) {
            float lane = (sums[i] + sums[i + 2]) + (sums[i + 4] + sums[i + 6]);
            int32_t here = kn_magnitude(lane * 0.5f);
            largest = here > largest ? here : largest;
        }
    }
    return largest;
}

/// Quantises KN_GROUP_SIZE activations with the inverse of their scale, 0 for zeros, and returns
/// the sum of the entries. Every step is exact or rounded once, so the result is the same to the
/// bit in every instruction set.
static inline __attribute__((always_inline)) int32_t
kn_round_entries(kn_rounding rounding, void *entries, const float *x, float inverse) {
    int32_t rounded[KN_GROUP_SIZE], total = 0;
    for (int i = 0; i < KN_GROUP_SIZE; i++) {
        // Adding and taking off 1.5 * 2^23 rounds to the nearest whole number, ties to even.
        float nearest = (inverse > 0 ? x[i] : 0.0f) * inverse + 12582912.0f;
        rounded[i] = (int32_t)(nearest - 12582912.0f);
        total += rounded[i];
    }
    for (size_t i = 0; i < KN_GROUP_SIZE; i++) {
        if (rounding == KN_NINE_BITS) ((int16_t *)entries)[i] = (int16_t)rounded[i];
        else ((int8_t *)entries)[kn_byte_of(i)] = (int8_t)rounded[i];
    }
    if (!kn_pairs(rounding)) return total;
    int16_t lanes[4];
    for (size_t l = 0; l < 4; l++) {
        int32_t sum = 0;
        for (size_t i = l / 2 * 8 + l % 2; i < l / 2 * 8 + 8; i += 2)
            sum += rounded[i] + rounded[i + KN_GROUP_SIZE / 2];
        lanes[l] = (int16_t)(-128 * sum);
    }
    memcpy((int8_t *)entries + KN_GROUP_SIZE, lanes, sizeof lanes);
    return total;
}

/// Quantises a row; a group with an entry that is not finite has the scale NaN.
static inline __attribute__((always_inline)) void kn_round_row(kn_rounding rounding, void *entries,
                                                               float *scales, int32_t *totals,
                                                               const float *x, size_t n) {
    const size_t together = kn_scaled_together(rounding);
    char *to = entries;
    for (size_t from = 0; from < n; from += together) {
        size_t count = n - from < together ? n - from : together;
        float filled[KN_MIXED];
        if (count < together) memset(filled, 0, sizeof filled);
        memcpy(filled, x + from, count * sizeof *x);
        int32_t largest = 0, total = 0;
        for (size_t i = 0; i < count; i += KN_GROUP_SIZE) {
            int32_t reach = kn_reach(rounding, filled + i);
            largest = reach > largest ? reach : largest;
        }
        float top;
        memcpy(&top, &largest, sizeof top);
        // Below, the inverse would overflow; nothing that small counts beside other groups.
        int usable = top >= 1e-30f && largest < 0x7F800000;
        float inverse = usable ? kn_largest(rounding) / top : 0.0f;
        for (size_t i = 0; i < count; i += KN_GROUP_SIZE, to += kn_inputs_size(rounding))
            total += kn_round_entries(rounding, to, filled + i, inverse);
        *totals++ = rounding == KN_NINE_BITS ? total : -128 * total;
        *scales++ = largest >= 0x7F800000 ? __builtin_nanf("")
                    : usable              ? top / kn_largest(rounding)
                                          : 0.0f;
    }
}

/// Mixes a row, a piece at a time, and quantises it by `round`.
static inline __attribute__((always_inline)) void
kn_mix_and_round_row(void (*mix)(float *, const float *, size_t),
                     void (*round)(kn_rounding, void *, float *, int32_t *, const float *, size_t),
                     kn_rounding rounding, void *entries, float *scales, int32_t *totals,
                     const float *x, size_t n) {
    enum { PIECE = 1024 }; // a multiple of what shares a scale
    float mixed[PIECE];
    for (size_t from = 0; from < n; from += PIECE) {
        size_t count = n - from < PIECE ? n - from : PIECE;
        size_t scaled = from / kn_scaled_together(rounding);
        mix(mixed, x + from, count);
        round(rounding, (char *)entries + kn_inputs_sizes(rounding, from), scales + scaled,
              totals + scaled, mixed, count);
    }
}

/// The first key that the query at a position sees.
static inline size_t kn_first_key(size_t position, size_t window) {
    return window > 0 && position >= window ? position + 1 - window : 0;
}

/// The index of the row that entry i of a selection uses.
static inline size_t kn_row(const int32_t *kept, size_t first, size_t i) {
    // Else loops become vectors that load the list under a mask, and where there is none such a
    // load, though it loads nothing, takes the CPU some hundred cycles.
    __asm__("" : "+r"(i));
    return kept ? (size_t)kept[i] : first + i;
}

/// Where a row starts.
static inline const void *kn_row_data(const kn_weight *w, size_t row) {
    return (const char *)w->data + row * kn_row_size(w);
}

#endif
