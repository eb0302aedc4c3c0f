#include "../internal.h"
#if KN_X86

// clang-format off
#include "vector.h"
#include "../simd/exponential.inc"
#include "../simd/activation.inc"
#include "../simd/groups.inc"
#include "../simd/panels.inc"
#include "../simd/few.inc"

// Tokens of a tile and panels it takes: 6*2 sums, 2 weights, a pair of activations and a product in
// the 16 registers.
enum { KN_INT_TOKENS = 6, KN_TILE_PANELS = 1 };

/// sums[t*lds + r] += scale of t and the group * the exact sum over the group, for 16 outputs.
KN_INLINE void tile(const size_t tokens, float *sums, size_t lds, const int16_t *x, size_t ldx,
                    const float *scales, size_t ld_scales, const int16_t *panel, size_t groups) {
    const int16_t *from[KN_INT_TOKENS];
    KN_UNROLL for (size_t t = 0; t < tokens; t++) from[t] = x + t * ldx;
    for (size_t g = 0; g < groups; g++, panel += KN_PANEL_ENTRIES(1)) {
        __m256i sum[KN_INT_TOKENS][2];
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            sum[t][0] = sum[t][1] = _mm256_setzero_si256();
        }
        _Pragma("clang loop unroll_count(4)") for (size_t p = 0; p < KN_GROUP_SIZE; p += 2) {
            __m256i low = load_256(panel + p * KN_PANEL);
            __m256i high = load_256(panel + p * KN_PANEL + KN_PANEL);
            KN_UNROLL for (size_t t = 0; t < tokens; t++) {
                int32_t pair;
                memcpy(&pair, from[t] + g * KN_GROUP_SIZE + p, sizeof pair);
                __m256i a = _mm256_set1_epi32(pair);
                sum[t][0] = _mm256_add_epi32(sum[t][0], _mm256_madd_epi16(a, low));
                sum[t][1] = _mm256_add_epi32(sum[t][1], _mm256_madd_epi16(a, high));
                // Else the compiler adds products to each other first, and runs out of registers.
                __asm__("" : "+x"(sum[t][0]), "+x"(sum[t][1]));
            }
        }
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            vec scale = v_set(scales[t * ld_scales + g]);
            float *to = sums + t * lds;
            v_store(to, v_fma(_mm256_cvtepi32_ps(sum[t][0]), scale, v_load(to)));
            v_store(to + 8, v_fma(_mm256_cvtepi32_ps(sum[t][1]), scale, v_load(to + 8)));
        }
    }
}

KN_INLINE void integer_tile(size_t tokens, size_t panels, float *sums, size_t lds, const int16_t *x,
                            size_t ldx, const float *scales, size_t ld_scales, const int16_t *panel,
                            size_t groups) {
    (void)panels;
#define KN_TILE(T) tile(T, sums, lds, x, ldx, scales, ld_scales, panel, groups)
    switch (tokens) {
    case 1: KN_TILE(1); break;
    case 2: KN_TILE(2); break;
    case 3: KN_TILE(3); break;
    case 4: KN_TILE(4); break;
    case 5: KN_TILE(5); break;
    default: KN_TILE(6); break;
    }
#undef KN_TILE
}

#include "../simd/integer.inc"
// clang-format on

#endif
