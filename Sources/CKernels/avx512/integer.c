#include "../internal.h"
#if KN_X86

// clang-format off
#include "vector.h"
#include "../simd/exponential.inc"
#include "../simd/activation.inc"
#include "../simd/rows.inc"
#include "../simd/outputs.inc"
#include "../simd/half_bytes.inc"
#include "../simd/half_byte_columns.inc"

// Tokens of a tile and panels it takes: 6*2 exact sums of a group, as many sums in f32 and 2 weights
// in the 32 registers; activations are broadcast from memory. With both kinds of sums in registers a
// group costs a tile no more than scaling its sums, one vfmadd for 8 vpdpbusd.
enum { KN_INT_TOKENS = 6, KN_TILE_PANELS = 2, KN_TILES_BEGIN = 1 };

/// What a tile has added up so far.
typedef struct {
    vec of[KN_INT_TOKENS][KN_TILE_PANELS];
} tile_sums;

KN_INLINE tile_sums load_sums(const size_t tokens, const size_t panels, const float *sums,
                              size_t lds, int begins) {
    tile_sums all;
    KN_UNROLL for (size_t t = 0; t < tokens; t++) {
        KN_UNROLL for (size_t c = 0; c < panels; c++) all.of[t][c] =
            begins ? v_zero() : v_load(sums + t * lds + c * KN_PANEL);
    }
    return all;
}

KN_INLINE void store_sums(const size_t tokens, const size_t panels, float *sums, size_t lds,
                          const tile_sums *all) {
    KN_UNROLL for (size_t t = 0; t < tokens; t++) {
        KN_UNROLL for (size_t c = 0; c < panels; c++)
            v_store(sums + t * lds + c * KN_PANEL, all->of[t][c]);
    }
}

/// Adds a group's exact sum, times the scale.
KN_INLINE void add_group(vec *sum, __m512i exact, vec scale) {
    *sum = v_fma(_mm512_cvtepi32_ps(exact), scale, *sum);
}

#include "bytes.inc"
#include "../simd/bytes.inc"
#include "byte_columns.inc"

/// sum + the products of pairs. Of the intrinsic the compiler would make vpmaddwd and vpaddd, which
/// shortens a chain of sums and takes twice the room.
KN_INLINE __m512i add_pairs(__m512i sum, __m512i a, __m512i b) {
#ifdef KN_EMULATED
    return _mm512_dpwssd_epi32(sum, a, b);
#else
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
#endif
}

/// byte_tile of pairs of int16: of half bytes in units.
KN_INLINE void pair_tile(const size_t tokens, const size_t panels, float *sums, size_t lds,
                         tile_input x, const char *panel, size_t groups) {
    tile_sums all = load_sums(tokens, panels, sums, lds, x.begins);
    for (size_t g = 0; g < groups; g++, x.entries += KN_GROUP_SIZE * 2, panel += KN_PAIRS_SIZE) {
        __m512i sum[KN_INT_TOKENS][2];
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            sum[t][0] = sum[t][1] = _mm512_setzero_si512();
        }
        _Pragma("clang loop unroll(disable)") for (size_t i = 0; i < KN_GROUP_SIZE; i += 2) {
            __m512i w[2];
            KN_UNROLL for (size_t c = 0; c < panels; c++) {
                w[c] = _mm512_loadu_si512(panel + c * KN_PANEL_SIZE + i * KN_PANEL * 2);
            }
            KN_UNROLL for (size_t t = 0; t < tokens; t++) {
                KN_KEEP_ORDER();
                int32_t pair;
                memcpy(&pair, x.entries + t * x.stride + i * 2, sizeof pair);
                __m512i a = _mm512_set1_epi32(pair);
                KN_UNROLL for (size_t c = 0; c < panels; c++) {
                    sum[t][c] = add_pairs(sum[t][c], a, w[c]);
                }
            }
        }
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            vec scale = v_set(x.scales[t * x.groups + g]);
            KN_UNROLL for (size_t c = 0; c < panels; c++)
                add_group(&all.of[t][c], sum[t][c], scale);
        }
    }
    store_sums(tokens, panels, sums, lds, &all);
}

/// byte_tile of half bytes.
KN_INLINE void half_byte_tile(const size_t tokens, const size_t panels, float *sums, size_t lds,
                              tile_input x, const char *panel, size_t groups, row_stream *stream,
                              size_t asked) {
    tile_sums all = load_sums(tokens, panels, sums, lds, x.begins);
    for (size_t g = 0; g < groups; g++, x.entries += KN_GROUP_SIZE, panel += KN_HALVES_SIZE) {
        prefetch(stream, asked);
        __m512i sum[KN_INT_TOKENS][2];
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            sum[t][0] = sum[t][1] = _mm512_setzero_si512();
        }
        add_fours(tokens, panels, sum, x, panel);
        KN_UNROLL for (size_t c = 0; c < panels; c++) {
            __m512i scaling = _mm512_loadu_si512(panel + c * KN_PANEL_SIZE + KN_PACKED_SIZE);
            __m512i steps = _mm512_and_si512(scaling, _mm512_set1_epi32(0xFFFF));
            KN_UNROLL for (size_t t = 0; t < tokens; t++) {
                // Totals are -128 times the sum of the activations: this has it in the upper halves.
                __m512i total = _mm512_set1_epi32(x.totals[t * x.groups + g] * -512);
                __m512i exact = add_pairs(_mm512_mullo_epi32(sum[t][c], steps), scaling, total);
                add_group(&all.of[t][c], exact, v_set(x.scales[t * x.groups + g]));
            }
        }
    }
    store_sums(tokens, panels, sums, lds, &all);
}

KN_INLINE void integer_tile(const kn_format format, kn_rounding rounding, size_t tokens,
                            size_t panels, float *sums, size_t lds, tile_input x, const char *panel,
                            size_t groups, row_stream *stream, size_t asked) {
#define KN_TILE(T, P)                                                                              \
    if (format == KN_INT8 && rounding == KN_EIGHT_BITS_MIXED)                                      \
        byte_tile(T, P, 2, sums, lds, x, panel, groups, stream, asked);                            \
    else if (format == KN_INT8)                                                                    \
        byte_tile(T, P, 1, sums, lds, x, panel, groups, stream, asked);                            \
    else if (rounding == KN_NINE_BITS) pair_tile(T, P, sums, lds, x, panel, groups);               \
    else half_byte_tile(T, P, sums, lds, x, panel, groups, stream, asked)
#define KN_CASE(T)                                                                                 \
    case T:                                                                                        \
        if (panels > 1) KN_TILE(T, 2);                                                             \
        else KN_TILE(T, 1);                                                                        \
        break;
    switch (tokens) {
    KN_CASE(1) KN_CASE(2) KN_CASE(3) KN_CASE(4) KN_CASE(5) KN_CASE(6)
    }
#undef KN_CASE
#undef KN_TILE
}

#include "lane_bytes.inc"
#include "round_bytes.inc"

#include "half_byte_rows.inc"

#include "../simd/integer.inc"
// clang-format on

#endif
