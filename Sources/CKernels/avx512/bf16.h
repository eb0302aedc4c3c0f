// Pairs of bf16, for the sources that the CPU needs vdpbf16ps for.
#ifndef CKERNELS_AVX512_BF16_H
#define CKERNELS_AVX512_BF16_H

#ifndef KN_TARGET_AVX512
#define KN_TARGET_AVX512                                                                           \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16")))
#endif
#include "vector.h"

#define KN_ADDS_PAIRS 1

/// Each lane of sum + the two products of its pairs.
KN_INLINE vec v_add_pairs(vec sum, vec a, vec b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_castps_si512(a),
                            (__m512bh)_mm512_castps_si512(b));
}

/// Pairs with zeros for their upper entries.
KN_INLINE vec v_lower_of_pairs(const float *p) {
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi32(0xFFFF)));
}

/// Stores the lanes rounded to bf16, and returns what they came to.
KN_INLINE vec v_store_bf16(uint16_t *to, vec x) {
    __m256i bits = (__m256i)_mm512_cvtneps_pbh(x);
    _mm256_storeu_si256((__m256i *)(void *)to, bits);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

#endif
