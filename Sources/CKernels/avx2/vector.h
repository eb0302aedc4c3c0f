// Vectors of eight floats, for the sources in simd/.
#ifndef CKERNELS_AVX2_VECTOR_H
#define CKERNELS_AVX2_VECTOR_H

#include "../internal.h"
#include <immintrin.h>
#include <string.h>

#define KN_SET     avx2
#define KN_TARGET  __attribute__((target("avx2,fma")))
#define KN_INLINE  static inline __attribute__((always_inline)) KN_TARGET
#define KN_OUTLINE static __attribute__((noinline)) KN_TARGET

// Lanes of a vector; rows and columns of the tiles (4*3 sums, 3 weights and 1 activation in the 16
// registers).
#define KN_LANES       8
#define KN_TILE_TOKENS 4
#define KN_TILE_ROWS   3

typedef __m256 vec;

KN_INLINE vec v_zero(void) { return _mm256_setzero_ps(); }
KN_INLINE vec v_set(float x) { return _mm256_set1_ps(x); }
KN_INLINE vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
KN_INLINE vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
KN_INLINE vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
KN_INLINE vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
/// The second operand if either is not a number.
KN_INLINE vec v_max(vec a, vec b) { return _mm256_max_ps(a, b); }
KN_INLINE vec v_min(vec a, vec b) { return _mm256_min_ps(a, b); }
/// a*b + c, rounded once.
KN_INLINE vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }

KN_INLINE vec v_load(const float *p) { return _mm256_loadu_ps(p); }
KN_INLINE void v_store(float *p, vec x) { _mm256_storeu_ps(p, x); }

/// The mask of the first n lanes, n <= 8.
KN_INLINE __m256i v_mask(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
/// The first n lanes from memory, zero in the others; nothing beyond is read.
KN_INLINE vec v_load_first(const float *p, size_t n) { return _mm256_maskload_ps(p, v_mask(n)); }
KN_INLINE void v_store_first(float *p, vec x, size_t n) { _mm256_maskstore_ps(p, v_mask(n), x); }

KN_INLINE vec v_load_bf16(const uint16_t *p) {
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

/// The lower of each pair of bf16, as f32; and the upper.
KN_INLINE vec v_lower_bf16(const void *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)p), 16));
}
KN_INLINE vec v_upper_bf16(const void *p) {
    __m256i pairs = _mm256_loadu_si256((const __m256i *)p);
    return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32((int)0xFFFF0000)));
}

/// p[i] + x.
KN_INLINE vec v_from_int32_plus(const int32_t *p, int32_t x) {
    __m256i values = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm256_cvtepi32_ps(_mm256_add_epi32(values, _mm256_set1_epi32(x)));
}

/// Lane i is the sum of the lanes of v[i]: of neighbours, of their sums, of the two halves.
KN_INLINE __m256 v_sum_eight(const __m256 v[8]) {
    __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    __m256 b = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}
/// The sums of the lanes of n vectors, always in that order.
KN_INLINE void v_sums(float *sums, const vec *v, const size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        __m256 eight[8];
        for (size_t c = 0; c < 8; c++) eight[c] = i + c < n ? v[i + c] : v_zero();
        __m256 sum = v_sum_eight(eight);
        if (n - i >= 8) _mm256_storeu_ps(sums + i, sum);
        else v_store_first(sums + i, sum, n - i);
    }
}
KN_INLINE float v_sum(vec x) {
    float sum;
    v_sums(&sum, &x, 1);
    return sum;
}
/// Whether a lane of a is greater than its fellow in b.
KN_INLINE int v_any_greater(vec a, vec b) {
    return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0;
}
/// The largest lane.
KN_INLINE float v_largest(vec x) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_shuffle_ps(half, half, 1)));
}

KN_INLINE vec v_round(vec x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// 2^n for whole n of -126 to 127.
KN_INLINE vec v_power_of_two(vec n) {
    __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
}
/// x * 2^n for whole n. In two steps, as 2^n itself may be out of range where the result is not.
KN_INLINE vec v_times_power_of_two(vec x, vec n) {
    vec half = v_round(v_mul(n, v_set(0.5f)));
    return v_mul(v_mul(x, v_power_of_two(half)), v_power_of_two(v_sub(n, half)));
}

#endif
