// What the sources of this target share; not for its users.
#ifndef CKERNELS_INTERNAL_H
#define CKERNELS_INTERNAL_H

#include "include/ckernels.h"

#include <string.h>

// Contraction would let the compiler fuse in one place and not in another.
#pragma STDC FP_CONTRACT OFF

/// The largest head_dim that attention takes.
enum { KN_MAX_HEAD_DIM = 512 };

// Declares the kernels of one instruction set, named kn_<set>_<kernel>.
#define KN_DECLARE(set)                                                                            \
    void kn_##set##_select_out(float *, size_t, const float *, size_t, size_t, const kn_weight *,  \
                               const int32_t *, size_t, size_t);                                   \
    void kn_##set##_select_in(float *, size_t, const float *, size_t, size_t, const kn_weight *,   \
                              const int32_t *, size_t, size_t, size_t);                            \
    void kn_##set##_gated_unit(float *, size_t, const float *, size_t, size_t, const kn_weight *,  \
                               const kn_weight *, kn_activation, const int32_t *, size_t, size_t); \
    void kn_##set##_quantise(int16_t *, float *, int32_t *, const float *, size_t);                \
    void kn_##set##_select_out_quantised(float *, size_t, const kn_quantised *, size_t,            \
                                         const kn_weight *, const int32_t *, size_t, size_t);      \
    void kn_##set##_select_in_quantised(float *, size_t, const kn_quantised *, size_t,             \
                                        const kn_weight *, const int32_t *, size_t, size_t,        \
                                        size_t);                                                   \
    void kn_##set##_gated_unit_quantised(float *, size_t, const kn_quantised *, size_t,            \
                                         const kn_weight *, const kn_weight *, kn_activation,      \
                                         const int32_t *, size_t, size_t);                         \
    void kn_##set##_attention(float *, size_t, const float *, size_t, size_t, size_t, size_t,      \
                              size_t, const kn_keys *, size_t, float);                             \
    void kn_##set##_rms_norm(float *, const float *, const float *, size_t, float);                \
    void kn_##set##_layer_norm(float *, const float *, const float *, const float *, size_t,       \
                               float);                                                             \
    void kn_##set##_rotate(float *, size_t, size_t, size_t, const float *, const float *);         \
    void kn_##set##_rotate_halves(float *, size_t, size_t, size_t, const float *, const float *);  \
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

// The table of one instruction set.
#define KN_TABLE(set, identifier, text)                                                            \
    {                                                                                              \
        .isa = identifier, .name = text, .select_out = kn_##set##_select_out,                      \
        .select_in = kn_##set##_select_in, .gated_unit = kn_##set##_gated_unit,                    \
        .quantise = kn_##set##_quantise, .select_out_quantised = kn_##set##_select_out_quantised,  \
        .select_in_quantised = kn_##set##_select_in_quantised,                                     \
        .gated_unit_quantised = kn_##set##_gated_unit_quantised,                                   \
        .attention = kn_##set##_attention, .rms_norm = kn_##set##_rms_norm,                        \
        .layer_norm = kn_##set##_layer_norm, .rotate = kn_##set##_rotate,                          \
        .rotate_halves = kn_##set##_rotate_halves, .add = kn_##set##_add,                          \
        .scale = kn_##set##_scale, .relu = kn_##set##_relu, .expand_row = kn_##set##_expand_row,   \
        .squared_norm = kn_##set##_squared_norm, .add_squares = kn_##set##_add_squares,            \
        .log_sum_exp = kn_##set##_log_sum_exp, .fuse_importance = kn_##set##_fuse_importance       \
    }

// A name of the instruction set that the including source sets in KN_SET.
#define KN_JOIN2(set, name) kn_##set##_##name
#define KN_JOIN(set, name)  KN_JOIN2(set, name)
#define KN_NAME(name)       KN_JOIN(KN_SET, name)

#if defined(__x86_64__)
#define KN_X86 1
#else
#define KN_X86 0
#endif

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

/// The groups that so many entries need.
static inline size_t kn_groups(size_t entries) {
    return (entries + KN_GROUP_SIZE - 1) / KN_GROUP_SIZE;
}

/// The bytes of a group's entries.
static inline __attribute__((always_inline)) size_t kn_entries_size(kn_format format) {
    return format == KN_INT8 ? KN_GROUP_SIZE : KN_GROUP_SIZE / 2;
}

/// Where the entries of a group start in a row of so many groups.
static inline __attribute__((always_inline)) size_t kn_entries_at(kn_format format, size_t groups,
                                                                  size_t group) {
    return groups * sizeof(kn_scaling) + group * kn_entries_size(format);
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
    case KN_INT4:
        return kn_entries_at(w->format, groups, groups);
    default:
        return w->columns * sizeof(float);
    }
}

/// Entry j of a row of a format in groups, as a multiple of its unit.
static inline int32_t kn_in_units(const kn_weight *w, const void *row, size_t j) {
    size_t g = j / KN_GROUP_SIZE, i = j % KN_GROUP_SIZE;
    const uint8_t *entries =
        (const uint8_t *)row + kn_entries_at(w->format, kn_groups(w->columns), g);
    kn_scaling scaling;
    memcpy(&scaling, (const char *)row + g * sizeof scaling, sizeof scaling);
    size_t half = kn_half_byte_of(i);
    int entry =
        w->format == KN_INT8 ? entries[kn_byte_of(i)] : entries[half / 2] >> half % 2 * 4 & 15;
    return entry * scaling.step + scaling.base;
}

/// Outputs of a panel of the integer products, and its entries for so many groups.
enum { KN_PANEL = 16 };
#define KN_PANEL_ENTRIES(groups) ((groups)*KN_GROUP_SIZE * KN_PANEL)

/// Quantises a group, adds its entries up in `total`, and returns its scale; entries that are not
/// finite make it NaN. Every step is exact or rounded once, so the result is the same to the bit in
/// every instruction set.
static inline __attribute__((always_inline)) float
kn_quantise_group(int16_t *entries, int32_t *total, const float *x) {
    // The bits of a magnitude order as the magnitude does, with what is not finite on top.
    int32_t bits[KN_GROUP_SIZE], largest = 0;
    memcpy(bits, x, sizeof bits);
    for (int i = 0; i < KN_GROUP_SIZE; i++) {
        int32_t magnitude = bits[i] & INT32_MAX;
        largest = magnitude > largest ? magnitude : largest;
    }
    float top;
    memcpy(&top, &largest, sizeof top);
    // Below, the inverse would overflow; nothing that small counts beside other groups.
    int usable = top >= 1e-30f && largest < 0x7F800000;
    float inverse = usable ? KN_LARGEST_ACTIVATION / top : 0.0f;
    for (int i = 0; i < KN_GROUP_SIZE; i++) {
        // Adding and taking off 1.5 * 2^23 rounds to the nearest whole number, ties to even.
        float rounded = (usable ? x[i] : 0.0f) * inverse + 12582912.0f;
        entries[i] = (int16_t)(rounded - 12582912.0f);
    }
    *total = 0;
    for (int i = 0; i < KN_GROUP_SIZE; i++) *total += entries[i];
    if (largest >= 0x7F800000) return __builtin_nanf("");
    return usable ? top / KN_LARGEST_ACTIVATION : 0.0f;
}

/// The first key that the query at a position sees.
static inline size_t kn_first_key(size_t position, size_t window) {
    return window > 0 && position >= window ? position + 1 - window : 0;
}

/// The index of the row that entry i of a selection uses.
static inline size_t kn_row(const int32_t *kept, size_t first, size_t i) {
    return kept ? (size_t)kept[i] : first + i;
}

/// Where a row starts.
static inline const void *kn_row_data(const kn_weight *w, size_t row) {
    return (const char *)w->data + row * kn_row_size(w);
}

#endif
