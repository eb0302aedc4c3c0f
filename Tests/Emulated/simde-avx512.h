// Lets the AVX-512 sources run on a CPU without it: SIMDe's portable intrinsics under their native
// names, those that SIMDe 0.7 lacks, and no target attribute.
#ifndef KN_SIMDE_AVX512_H
#define KN_SIMDE_AVX512_H

#define KN_EMULATED 1
#define KN_TARGET_AVX512
// Inlining all of the emulation everywhere would take minutes to compile.
#define KN_INLINE static inline
#define KN_UNROLL
// The compiler's own headers declare types that SIMDe then redefines.
#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

#include <math.h>
#include <string.h>

typedef simde__mmask8 __mmask8;
typedef simde__mmask16 __mmask16;

// SIMDe's rounds twice without FMA.
#define KN_EMULATE_FMA(name, vector, lanes)                                                        \
    static inline vector name(vector a, vector b, vector c) {                                      \
        float x[lanes], y[lanes], z[lanes];                                                        \
        memcpy(x, &a, sizeof x);                                                                   \
        memcpy(y, &b, sizeof y);                                                                   \
        memcpy(z, &c, sizeof z);                                                                   \
        for (int i = 0; i < lanes; i++) z[i] = fmaf(x[i], y[i], z[i]);                             \
        memcpy(&c, z, sizeof c);                                                                   \
        return c;                                                                                  \
    }
KN_EMULATE_FMA(kn_fmadd_512, simde__m512, 16)
KN_EMULATE_FMA(kn_fmadd_256, simde__m256, 8)
#undef _mm512_fmadd_ps
#undef _mm256_fmadd_ps
#define _mm512_fmadd_ps kn_fmadd_512
#define _mm256_fmadd_ps kn_fmadd_256

#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps kn_maskz_loadu_ps
static inline simde__m512 kn_maskz_loadu_ps(simde__mmask16 mask, const float *p) {
    float lanes[16] = {0};
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) memcpy(lanes + i, p + i, sizeof(float));
    return simde_mm512_loadu_ps(lanes);
}

#undef _mm512_mask_storeu_ps
#define _mm512_mask_storeu_ps kn_mask_storeu_ps
static inline void kn_mask_storeu_ps(float *p, simde__mmask16 mask, simde__m512 x) {
    float lanes[16];
    simde_mm512_storeu_ps(lanes, x);
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) memcpy(p + i, lanes + i, sizeof(float));
}

#define _mm512_reduce_add_epi32 kn_reduce_add_epi32
static inline int32_t kn_reduce_add_epi32(simde__m512i x) {
    int32_t lanes[16], sum = 0;
    simde_mm512_storeu_si512(lanes, x);
    for (int i = 0; i < 16; i++) sum += lanes[i];
    return sum;
}

#define _mm512_reduce_max_epi32 kn_reduce_max_epi32
static inline int32_t kn_reduce_max_epi32(simde__m512i x) {
    int32_t lanes[16], largest = INT32_MIN;
    simde_mm512_storeu_si512(lanes, x);
    for (int i = 0; i < 16; i++) largest = lanes[i] > largest ? lanes[i] : largest;
    return largest;
}

#define _mm512_cvtepi32_epi8 kn_cvtepi32_epi8
static inline simde__m128i kn_cvtepi32_epi8(simde__m512i x) {
    int32_t from[16];
    int8_t to[16];
    simde_mm512_storeu_si512(from, x);
    for (int i = 0; i < 16; i++) to[i] = (int8_t)from[i];
    return simde_mm_loadu_si128((const simde__m128i *)(const void *)to);
}

// SIMDe's reads the lanes that it then masks.
#undef _mm256_maskload_epi32
#define _mm256_maskload_epi32 kn_maskload_epi32
static inline simde__m256i kn_maskload_epi32(const int32_t *p, simde__m256i mask) {
    int32_t lanes[8] = {0}, chosen[8];
    memcpy(chosen, &mask, sizeof chosen);
    for (int i = 0; i < 8; i++)
        if (chosen[i] < 0) memcpy(lanes + i, p + i, sizeof(int32_t));
    return simde_mm256_loadu_si256((const simde__m256i *)(const void *)lanes);
}

#undef _mm512_cvtepu16_epi32
#define _mm512_cvtepu16_epi32 kn_cvtepu16_epi32
static inline simde__m512i kn_cvtepu16_epi32(simde__m256i x) {
    uint16_t from[16];
    int32_t to[16];
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 16; i++) to[i] = from[i];
    return simde_mm512_loadu_si512(to);
}

// SIMDe's name takes the arguments of the masked one.
#undef _mm512_madd_epi16
#define _mm512_madd_epi16 simde_mm512_madd_epi16

#undef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps kn_cvtepi32_ps
static inline simde__m512 kn_cvtepi32_ps(simde__m512i x) {
    int32_t from[16];
    float to[16];
    memcpy(from, &x, sizeof from);
    for (int i = 0; i < 16; i++) to[i] = (float)from[i];
    return simde_mm512_loadu_ps(to);
}

#undef _mm512_cvtps_epi32
#define _mm512_cvtps_epi32 kn_cvtps_epi32
static inline simde__m512i kn_cvtps_epi32(simde__m512 x) {
    float from[16];
    int32_t to[16];
    memcpy(from, &x, sizeof from);
    // As the instruction: what does not fit, or is not a number, gives the least integer.
    for (int i = 0; i < 16; i++)
        to[i] = fabsf(from[i]) < 2147483648.0f ? (int32_t)rintf(from[i]) : INT32_MIN;
    return simde_mm512_loadu_si512(to);
}

#undef _mm512_maskz_loadu_epi16
#define _mm512_maskz_loadu_epi16 kn_maskz_loadu_epi16
static inline simde__m512i kn_maskz_loadu_epi16(uint32_t mask, const void *p) {
    uint16_t lanes[32] = {0};
    for (int i = 0; i < 32; i++)
        if (mask >> i & 1) memcpy(lanes + i, (const uint16_t *)p + i, sizeof *lanes);
    return simde_mm512_loadu_si512(lanes);
}

#undef _mm512_maskz_loadu_epi64
#define _mm512_maskz_loadu_epi64 kn_maskz_loadu_epi64
static inline simde__m512i kn_maskz_loadu_epi64(uint8_t mask, const void *p) {
    uint64_t lanes[8] = {0};
    for (int i = 0; i < 8; i++)
        if (mask >> i & 1) memcpy(lanes + i, (const char *)p + i * sizeof *lanes, sizeof *lanes);
    return simde_mm512_loadu_si512(lanes);
}

// As the instruction, but for the denormals that it takes for zero.
typedef simde__m512i kn_m512bh;
#define __m512bh kn_m512bh
#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps kn_dpbf16_ps
static inline simde__m512 kn_dpbf16_ps(simde__m512 sum, kn_m512bh a, kn_m512bh b) {
    float sums[16], x[32], y[32];
    uint32_t left[16], right[16];
    simde_mm512_storeu_ps(sums, sum);
    memcpy(left, &a, sizeof left);
    memcpy(right, &b, sizeof right);
    for (int i = 0; i < 16; i++) {
        uint32_t parts[4] = {left[i] << 16, left[i] & 0xFFFF0000, right[i] << 16,
                             right[i] & 0xFFFF0000};
        memcpy(x + 2 * i, parts, 2 * sizeof *x);
        memcpy(y + 2 * i, parts + 2, 2 * sizeof *y);
        sums[i] = fmaf(x[2 * i + 1], y[2 * i + 1], sums[i]);
        sums[i] = fmaf(x[2 * i], y[2 * i], sums[i]);
    }
    return simde_mm512_loadu_ps(sums);
}

#undef _mm512_cvtneps_pbh
#define _mm512_cvtneps_pbh kn_cvtneps_pbh
static inline simde__m256i kn_cvtneps_pbh(simde__m512 x) {
    uint32_t bits[16];
    uint16_t to[16];
    memcpy(bits, &x, sizeof bits);
    for (int i = 0; i < 16; i++) {
        int is_nan = (bits[i] & 0x7FFFFFFF) > 0x7F800000;
        to[i] = (uint16_t)((is_nan ? bits[i] | 0x400000 : bits[i] + 0x7FFF + (bits[i] >> 16 & 1)) >>
                           16);
    }
    return simde_mm256_loadu_si256((const simde__m256i *)(const void *)to);
}

#endif
