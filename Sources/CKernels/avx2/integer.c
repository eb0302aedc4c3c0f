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
#include "bytes.inc"
#include "../simd/bytes.inc"
#include "byte_columns.inc"

// Tokens of a tile and panels it takes: 6*2 sums, 2 weights, activations and a product in the 16
// registers.
enum { KN_INT_TOKENS = 6, KN_TILE_PANELS = 1 };

/// sums[t*lds + r] += scale of t and the group * the exact sum over the group, for 16 outputs, in
/// pairs of int16: of half bytes in units.
KN_INLINE void pair_tile(const size_t tokens, float *sums, size_t lds, tile_input x,
                         const char *panel, size_t groups) {
    for (size_t g = 0; g < groups; g++, panel += KN_PAIRS_SIZE) {
        __m256i sum[KN_INT_TOKENS][2];
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            sum[t][0] = sum[t][1] = _mm256_setzero_si256();
        }
        const char *from[KN_INT_TOKENS];
        KN_UNROLL for (size_t t = 0; t < tokens; t++) from[t] = x.entries + t * x.stride;
        _Pragma("clang loop unroll_count(4)") for (size_t p = 0; p < KN_GROUP_SIZE; p += 2) {
            __m256i low = load_256(panel + p * KN_PANEL * 2);
            __m256i high = load_256(panel + p * KN_PANEL * 2 + 32);
            KN_UNROLL for (size_t t = 0; t < tokens; t++) {
                __m256i a = load_four(from[t] + p * 2);
                sum[t][0] = _mm256_add_epi32(sum[t][0], _mm256_madd_epi16(a, low));
                sum[t][1] = _mm256_add_epi32(sum[t][1], _mm256_madd_epi16(a, high));
                // Else the compiler adds products to each other first, and runs out of registers.
                __asm__("" : "+x"(sum[t][0]), "+x"(sum[t][1]));
            }
        }
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            vec scale = v_set(x.scales[t * x.groups + g]);
            float *to = sums + t * lds;
            v_store(to, v_fma(_mm256_cvtepi32_ps(sum[t][0]), scale, v_load(to)));
            v_store(to + 8, v_fma(_mm256_cvtepi32_ps(sum[t][1]), scale, v_load(to + 8)));
        }
        x.entries += KN_GROUP_SIZE * 2;
    }
}

/// Sums of 16 outputs for each token of a tile.
typedef struct {
    __m256i of[KN_INT_TOKENS][2];
} tile_sums;

/// Half a group's sums, of two lanes an output: eight products each, and less what bytes have in
/// excess, which `lanes` bytes further on takes off.
KN_INLINE tile_sums sum_half_group(const size_t tokens, const char *const from[2], size_t stride,
                                   const size_t lanes, const char *panel) {
    tile_sums sum;
    KN_UNROLL for (size_t t = 0; t < tokens; t++) {
        sum.of[t][0] = sum.of[t][1] = load_four(from[t / 3] + t % 3 * stride + lanes);
    }
    KN_UNROLL for (size_t i = 0; i < KN_GROUP_SIZE / 2; i += 4) {
        __m256i low = load_256(panel + i * KN_PANEL);
        __m256i high = load_256(panel + i * KN_PANEL + 32);
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            __m256i a = load_four(from[t / 3] + t % 3 * stride + i);
            sum.of[t][0] = _mm256_add_epi16(sum.of[t][0], _mm256_maddubs_epi16(low, a));
            sum.of[t][1] = _mm256_add_epi16(sum.of[t][1], _mm256_maddubs_epi16(high, a));
            // As in pair_tile.
            __asm__("" : "+x"(sum.of[t][0]), "+x"(sum.of[t][1]));
        }
    }
    return sum;
}

/// sums[t*lds + r] += scale of t * the exact sum over so many groups, for 16 outputs, of bytes. The
/// registers hold the sums of 16 bits; those of 32 wait in memory.
KN_INLINE void add_scaled(const size_t tokens, const size_t groups, float *sums, size_t lds,
                          tile_input x, const char *panel) {
    _Alignas(32) int32_t exact[KN_INT_TOKENS][KN_PANEL];
    const size_t upper = tokens > 3 ? 3 : 0, half = KN_GROUP_SIZE / 2;
    float *to[2] = {sums, sums + upper * lds};
    const float *scales[2] = {x.scales, x.scales + upper * x.groups};
    KN_UNROLL for (size_t h = 0; h < 2 * groups; h++) {
        const char *first = x.entries + h / 2 * KN_INPUTS_SIZE + h % 2 * half;
        const char *from[2] = {first, first + upper * x.stride};
        const size_t lanes = KN_GROUP_SIZE - h % 2 * (half - 4);
        tile_sums sum = sum_half_group(tokens, from, x.stride, lanes, panel + h * half * KN_PANEL);
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            KN_UNROLL for (size_t c = 0; c < 2; c++) {
                __m256i wide = add_neighbours(sum.of[t][c]);
                if (h > 0) wide = _mm256_add_epi32(wide, load_256(exact[t] + 8 * c));
                if (h + 1 < 2 * groups) store_256(exact[t] + 8 * c, wide);
                else {
                    vec scale = v_set(scales[t / 3][t % 3 * x.groups]);
                    float *old = to[t / 3] + t % 3 * lds + 8 * c;
                    v_store(old, v_fma(_mm256_cvtepi32_ps(wide), scale, v_load(old)));
                }
                KN_KEEP_ORDER();
            }
        }
    }
}

/// add_scaled for all groups of a panel, of which so many share a scale, while `asked` bytes of a
/// stream are asked for with each.
KN_INLINE void byte_tile(const size_t tokens, const size_t together, float *sums, size_t lds,
                         tile_input x, const char *panel, size_t groups, row_stream *stream,
                         size_t asked) {
    for (; groups >= together; groups -= together, x.scales++) {
        prefetch(stream, asked * together);
        add_scaled(tokens, together, sums, lds, x, panel);
        x.entries += together * KN_INPUTS_SIZE;
        panel += together * KN_PACKED_SIZE;
    }
    if (groups > 0) add_scaled(tokens, 1, sums, lds, x, panel);
}

/// sums[t*lds + r] += scale of t and the group * the exact sum over the group, for 16 outputs, of
/// half bytes and activations of eight bits. In a group, eight fours, the sums of their products'
/// pairs stay below 2^15: twice as many are multiplied and added at once as in pairs of int16.
/// Meanwhile asks for `asked` bytes of a stream a group.
KN_INLINE void half_byte_tile(const size_t tokens, float *sums, size_t lds, tile_input x,
                              const char *panel, size_t groups, row_stream *stream, size_t asked) {
    for (size_t g = 0; g < groups; g++, panel += KN_HALVES_SIZE) {
        prefetch(stream, asked);
        __m256i sum[KN_INT_TOKENS][2];
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            sum[t][0] = sum[t][1] = _mm256_setzero_si256();
        }
        // Two addresses and a stride reach six tokens, so that all fits into the registers.
        const size_t upper = tokens > 3 ? 3 : 0;
        const char *from[2] = {x.entries, x.entries + upper * x.stride};
        _Pragma("clang loop unroll_count(2)") for (size_t i = 0; i < KN_GROUP_SIZE; i += 4) {
            __m256i low = load_256(panel + i * KN_PANEL);
            __m256i high = load_256(panel + i * KN_PANEL + 32);
            KN_UNROLL for (size_t t = 0; t < tokens; t++) {
                __m256i a = load_four(from[t / 3] + t % 3 * x.stride + i);
                sum[t][0] = _mm256_add_epi16(sum[t][0], _mm256_maddubs_epi16(low, a));
                sum[t][1] = _mm256_add_epi16(sum[t][1], _mm256_maddubs_epi16(high, a));
                // As in pair_tile.
                __asm__("" : "+x"(sum[t][0]), "+x"(sum[t][1]));
            }
        }
        const float *scales[2] = {x.scales, x.scales + upper * x.groups};
        const int32_t *totals[2] = {x.totals, x.totals + upper * x.groups};
        float *to[2] = {sums, sums + upper * lds};
        KN_UNROLL for (size_t c = 0; c < 2; c++) {
            __m256i scaling = load_256(panel + KN_PACKED_SIZE + c * 32);
            __m256i steps = steps_of(scaling, scaling);
            KN_UNROLL for (size_t t = 0; t < tokens; t++) {
                __m256i total = load_four(totals[t / 3] + t % 3 * x.groups);
                // Else the compiler shifts it before it is broadcast, which takes a detour.
                __asm__("" : "+x"(total));
                __m256i exact = _mm256_sub_epi32(_mm256_madd_epi16(sum[t][c], steps),
                                                 negated_bases(scaling, total));
                vec scale = v_set(scales[t / 3][t % 3 * x.groups]);
                float *old = to[t / 3] + t % 3 * lds + c * 8;
                v_store(old, v_fma(_mm256_cvtepi32_ps(exact), scale, v_load(old)));
                KN_KEEP_ORDER();
            }
        }
        x.entries += KN_GROUP_SIZE;
        x.scales++;
        x.totals++;
    }
}

KN_INLINE void integer_tile(const kn_format format, kn_rounding rounding, size_t tokens,
                            size_t panels, float *sums, size_t lds, tile_input x, const char *panel,
                            size_t groups, row_stream *stream, size_t asked) {
    (void)panels;
#define KN_TILE(T)                                                                                 \
    if (format == KN_INT8 && rounding == KN_PAIRED_BITS_MIXED)                                     \
        byte_tile(T, 2, sums, lds, x, panel, groups, stream, asked);                               \
    else if (format == KN_INT8) byte_tile(T, 1, sums, lds, x, panel, groups, stream, asked);       \
    else if (rounding == KN_NINE_BITS) pair_tile(T, sums, lds, x, panel, groups);                  \
    else half_byte_tile(T, sums, lds, x, panel, groups, stream, asked)
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

#include "round_bytes.inc"

// Tiles add to their sums group by group.
enum { KN_TILES_BEGIN = 0 };

// No products are made in lanes.
enum { KN_MOST_FEW = KN_FEW };
#define takes_lanes(format, x, tokens)     0
#define select_out_lanes(...)              (void)0
#define gated_unit_lanes(...)              (void)0
#define takes_row_lanes(format, x, tokens) ((void)(format), (void)(x), (void)(tokens), 0)
#define dot_row_lanes(...)                 (void)0

#include "../simd/integer.inc"
// clang-format on

#endif
