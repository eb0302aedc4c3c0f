// What the sources of this target share; not for its users.
#ifndef CKERNELS_INTERNAL_H
#define CKERNELS_INTERNAL_H

#include "include/ckernels.h"

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
                               const kn_weight *, const int32_t *, size_t, size_t);                \
    void kn_##set##_attention(float *, size_t, const float *, size_t, size_t, size_t,              \
                              const float *, const float *, size_t, size_t, const int32_t *,       \
                              size_t, float);                                                      \
    void kn_##set##_rms_norm(float *, const float *, const float *, size_t, float);                \
    void kn_##set##_rotate(float *, size_t, size_t, const float *, const float *);                 \
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
        .attention = kn_##set##_attention, .rms_norm = kn_##set##_rms_norm,                        \
        .rotate = kn_##set##_rotate, .expand_row = kn_##set##_expand_row,                          \
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

/// The bytes of one row.
static inline size_t kn_row_size(const kn_weight *w) {
    switch (w->format) {
    case KN_BF16:
        return w->columns * sizeof(uint16_t);
    case KN_INT8:
        return (w->columns + KN_GROUP_SIZE - 1) / KN_GROUP_SIZE * sizeof(kn_group);
    default:
        return w->columns * sizeof(float);
    }
}

/// Entry j of an int8 row.
static inline float kn_from_int8(const kn_group *row, size_t j) {
    const kn_group *group = row + j / KN_GROUP_SIZE;
    return (float)group->entries[j % KN_GROUP_SIZE] * group->scale + group->offset;
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
