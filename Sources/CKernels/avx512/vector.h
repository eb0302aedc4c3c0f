// Vectors of sixteen floats, for the sources in simd/.
#ifndef CKERNELS_AVX512_VECTOR_H
#define CKERNELS_AVX512_VECTOR_H

#include "../internal.h"
#include <string.h>
// An emulation brings its own intrinsics and presets the attribute (Tests/Emulated).
#ifndef KN_EMULATED
#include <immintrin.h>
#endif
#ifndef KN_TARGET_AVX512
#define KN_TARGET_AVX512                                                                           \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#endif

#define KN_SET    avx512
#define KN_TARGET KN_TARGET_AVX512
#ifndef KN_INLINE
#define KN_INLINE static inline __attribute__((always_inline)) KN_TARGET
#endif
#define KN_OUTLINE static __attribute__((noinline)) KN_TARGET

// Lanes of a vector; rows and columns of the tiles (6*4 sums, 4 weights and 1 activation in the 32
// registers).
#define KN_LANES       16
#define KN_TILE_TOKENS 6
#define KN_TILE_ROWS   4

typedef __m512 vec;

KN_INLINE vec v_zero(void) { return _mm512_setzero_ps(); }
KN_INLINE vec v_set(float x) { return _mm512_set1_ps(x); }
KN_INLINE vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
KN_INLINE vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
KN_INLINE vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
KN_INLINE vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
/// The second operand if either is not a number.
KN_INLINE vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
KN_INLINE vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); }
/// a*b + c, rounded once.
KN_INLINE vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }

KN_INLINE vec v_load(const float *p) { return _mm512_loadu_ps(p); }
KN_INLINE void v_store(float *p, vec x) { _mm512_storeu_ps(p, x); }

/// The mask of the first n lanes, n <= 16.
KN_INLINE __mmask16 v_mask(size_t n) { return (__mmask16)((1u << n) - 1u); }
/// The first n lanes from memory, zero in the others; nothing beyond is read.
KN_INLINE vec v_load_first(const float *p, size_t n) { return _mm512_maskz_loadu_ps(v_mask(n), p); }
KN_INLINE void v_store_first(float *p, vec x, size_t n) { _mm512_mask_storeu_ps(p, v_mask(n), x); }

KN_INLINE vec v_load_bf16(const uint16_t *p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

/// The lower of each pair of bf16, as f32; and the upper.
KN_INLINE vec v_lower_bf16(const void *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
}
KN_INLINE vec v_upper_bf16(const void *p) {
    __m512i pairs = _mm512_loadu_si512(p);
    return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32((int)0xFFFF0000)));
}

/// p[i] + x.
KN_INLINE vec v_from_int32_plus(const int32_t *p, int32_t x) {
    return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_loadu_si512(p), _mm512_set1_epi32(x)));
}

KN_INLINE __m256 v_upper_half(vec x) {
    return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
}
/// Lane i is the sum of the lanes of v[i]: of neighbours, of their sums, of the two halves.
KN_INLINE __m256 v_sum_eight(const __m256 v[8]) {
    __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    __m256 b = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}
/// The sums of the lanes of n vectors, always in the same order: the halves first.
KN_INLINE void v_sums(float *sums, const vec *v, const size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        __m256 eight[8];
        for (size_t c = 0; c < 8; c++) {
            eight[c] = _mm256_setzero_ps();
            if (i + c < n)
                eight[c] = _mm256_add_ps(_mm512_castps512_ps256(v[i + c]), v_upper_half(v[i + c]));
        }
        float out[8];
        _mm256_storeu_ps(out, v_sum_eight(eight));
        for (size_t c = 0; c < 8 && i + c < n; c++) sums[i + c] = out[c];
    }
}
KN_INLINE float v_sum(vec x) {
    float sum;
    v_sums(&sum, &x, 1);
    return sum;
}
/// Whether a lane of a is greater than its fellow in b.
KN_INLINE int v_any_greater(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0; }
/// The largest lane.
KN_INLINE float v_largest(vec x) {
    __m256 wide = _mm256_max_ps(_mm512_castps512_ps256(x), v_upper_half(x));
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(wide), _mm256_extractf128_ps(wide, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_shuffle_ps(half, half, 1)));
}

KN_INLINE vec v_round(vec x) { return _mm512_roundscale_ps(x, 8); }
/// x * 2^n for whole n.
KN_INLINE vec v_times_power_of_two(vec x, vec n) { return _mm512_scalef_ps(x, n); }

#endif
