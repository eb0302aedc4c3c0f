#include "../internal.h"
#if KN_X86

// clang-format off
#include "vector.h"
#include "../simd/exponential.inc"
#include "../simd/activation.inc"
#include "../simd/groups.inc"
#include "../simd/panels.inc"
#include "../simd/few.inc"

// Tokens of a tile and panels it takes: 12*2 sums and 2 weights in the 32 registers; the pairs of
// activations are broadcast from memory.
enum { KN_INT_TOKENS = 12, KN_TILE_PANELS = 2 };

/// sums[t*lds + r] += scale of t and the group * the exact sum over the group, for the 16 outputs of
/// each panel.
KN_INLINE void tile(const size_t tokens, const size_t panels, float *sums, size_t lds,
                    const int16_t *x, size_t ldx, const float *scales, size_t ld_scales,
                    const int16_t *panel, size_t groups) {
    for (size_t g = 0; g < groups; g++, x += KN_GROUP_SIZE, panel += KN_PANEL_ENTRIES(1)) {
        __m512i sum[KN_INT_TOKENS][2];
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            sum[t][0] = sum[t][1] = _mm512_setzero_si512();
        }
        for (size_t p = 0; p < KN_GROUP_SIZE / 2; p++) {
            __m512i w[2];
            KN_UNROLL for (size_t c = 0; c < panels; c++) {
                w[c] = _mm512_loadu_si512(panel + c * KN_PANEL_ENTRIES(KN_DEPTH) + p * KN_PANEL * 2);
            }
            KN_UNROLL for (size_t t = 0; t < tokens; t++) {
                int32_t pair;
                memcpy(&pair, x + t * ldx + 2 * p, sizeof pair);
                __m512i a = _mm512_set1_epi32(pair);
                KN_UNROLL for (size_t c = 0; c < panels; c++) {
                    sum[t][c] = _mm512_dpwssd_epi32(sum[t][c], a, w[c]);
                }
            }
        }
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            vec scale = v_set(scales[t * ld_scales + g]);
            KN_UNROLL for (size_t c = 0; c < panels; c++) {
                float *to = sums + t * lds + c * KN_PANEL;
                v_store(to, v_fma(_mm512_cvtepi32_ps(sum[t][c]), scale, v_load(to)));
            }
        }
    }
}

KN_INLINE void integer_tile(size_t tokens, size_t panels, float *sums, size_t lds, const int16_t *x,
                            size_t ldx, const float *scales, size_t ld_scales, const int16_t *panel,
                            size_t groups) {
#define KN_CASE(T)                                                                                 \
    case T:                                                                                        \
        if (panels > 1) tile(T, 2, sums, lds, x, ldx, scales, ld_scales, panel, groups);           \
        else tile(T, 1, sums, lds, x, ldx, scales, ld_scales, panel, groups);                      \
        break;
    switch (tokens) {
    KN_CASE(1) KN_CASE(2) KN_CASE(3) KN_CASE(4) KN_CASE(5) KN_CASE(6)
    KN_CASE(7) KN_CASE(8) KN_CASE(9) KN_CASE(10) KN_CASE(11) KN_CASE(12)
    }
#undef KN_CASE
}

#include "../simd/integer.inc"
// clang-format on

#endif
