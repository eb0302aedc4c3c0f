// The products with bf16 weights where the CPU multiplies pairs of bf16 (vdpbf16ps): activations
// are rounded to bf16 as well, and a sum takes two products at a time. Other formats are left to
// products.c.
#include "../internal.h"
#if KN_X86

// clang-format off
#include "bf16.h"
#include "../simd/exponential.inc"
#include "../simd/activation.inc"
#include "../simd/tiles.inc"
// clang-format on

enum {
    ENTRIES = 49152, // activations that are rounded at a time: 96 KiB of L2
    GROUP = 48,      // rows of select_out for which a tile of activations stays in L1
    STRIP = KN_TILE_ROWS * KN_LANES, // columns of a strip of select_in
    PAIRS = 96,                      // pairs of rows of such a strip: 24 KiB of L1
    STREAMS = 16,                    // rows at a time with few tokens, which read them in place
    AHEAD = 3,                       // rows of activations that are asked for before their turn
};

/// Whether the rows of a product are multiplied here. An unlikely width is left to products.c.
KN_INLINE int takes(const kn_weight *w, size_t inputs) {
    return w->format == KN_BF16 && inputs + 1 < ENTRIES;
}

/// Tokens that are rounded at a time: whole tiles, if they fit.
KN_INLINE size_t rounded_together(size_t inputs) {
    size_t tokens = inputs ? ENTRIES / inputs : KN_TILE_TOKENS;
    return tokens < KN_TILE_TOKENS ? tokens : tokens - tokens % KN_TILE_TOKENS;
}

/// Rounds rows of n activations, `stride` entries apart; the entries between rows become zero.
KN_OUTLINE void round_rows(uint16_t *to, size_t stride, const float *x, size_t ldx, size_t tokens,
                           size_t n) {
    for (size_t t = 0; t < tokens; t++) {
        if (t + AHEAD < tokens) kn_ask_for(x + (t + AHEAD) * ldx, n);
        for (size_t i = 0; i < n; i++) to[t * stride + i] = kn_to_bf16(x[t * ldx + i]);
        for (size_t i = n; i < stride; i++) to[t * stride + i] = 0;
    }
}

KN_INLINE vec add_products(vec sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

/// 32 entries; or the first n, with zeros in the others.
KN_INLINE __m512i load_entries(const uint16_t *p, size_t n) {
    if (n >= 32) return _mm512_loadu_si512(p);
    return _mm512_maskz_loadu_epi16((1u << n) - 1u, p);
}

// MARK: - select_out

/// sums[t*lds + r] = dot(x + t*ldx, rows[r]), in the order of dot_tile but 32 columns at a time.
/// With several tokens the next rows are asked for: 16 of them run at 170 GFLOP/s instead of 110,
/// 512 at 203 instead of 198, gated at 195 instead of 186 (Zen 4). One token is faster without.
KN_INLINE void dot_tile_bf16(const size_t tokens, const size_t rows, float *sums, size_t lds,
                             const uint16_t *x, size_t ldx, const void *const *row,
                             const void *const *next, size_t columns) {
    vec sum[KN_TILE_TOKENS * KN_WIDE];
    KN_UNROLL for (size_t i = 0; i < tokens * rows; i++) sum[i] = v_zero();
    for (size_t j = 0; j < columns; j += 32) {
        size_t left = columns - j;
        __m512i w[KN_WIDE];
        KN_UNROLL for (size_t r = 0; r < rows; r++) {
            w[r] = load_entries((const uint16_t *)row[r] + j, left);
            if (tokens > 1) _mm_prefetch((const uint16_t *)next[r] + j, _MM_HINT_T0);
        }
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            __m512i a = load_entries(x + t * ldx + j, left);
            KN_UNROLL for (size_t r = 0; r < rows; r++) {
                sum[t * rows + r] = add_products(sum[t * rows + r], a, w[r]);
            }
        }
    }
    float flat[KN_TILE_TOKENS * KN_WIDE];
    v_sums(flat, sum, tokens * rows);
    for (size_t t = 0; t < tokens; t++) {
        for (size_t r = 0; r < rows; r++) sums[t * lds + r] = flat[t * rows + r];
    }
}

/// The same for up to KN_TILE_TOKENS tokens and any number of rows.
KN_OUTLINE void dot_rows_bf16(float *sums, size_t lds, const uint16_t *x, size_t ldx, size_t tokens,
                              const void *const *row, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows;) {
        float *to = sums + r;
        // After the last rows of a group come its first again, for other tokens.
        const void *const *next = rows - r >= 2 * KN_TILE_ROWS ? row + r + KN_TILE_ROWS : row;
        if (tokens == 1 && rows - r >= KN_WIDE) {
            dot_tile_bf16(1, KN_WIDE, to, lds, x, ldx, row + r, NULL, columns);
            r += KN_WIDE;
        } else if (rows - r >= KN_TILE_ROWS) {
#define KN_TILE(T) dot_tile_bf16(T, KN_TILE_ROWS, to, lds, x, ldx, row + r, next, columns)
            KN_EACH_TOKENS(tokens, KN_TILE)
#undef KN_TILE
            r += KN_TILE_ROWS;
        } else {
#define KN_TILE(T) dot_tile_bf16(T, 1, to, lds, x, ldx, row + r, next, columns)
            KN_EACH_TOKENS(tokens, KN_TILE)
#undef KN_TILE
            r++;
        }
    }
}

KN_INLINE void find_rows(const void **row, const kn_weight *w, const int32_t *kept, size_t first,
                         size_t rows) {
    for (size_t r = 0; r < rows; r++) row[r] = kn_row_data(w, kn_row(kept, first, r));
}

KN_TARGET void kn_avx512_bf16_select_out(float *out, size_t ldo, const float *x, size_t ldx,
                                         size_t tokens, const kn_weight *w, const int32_t *kept,
                                         size_t first, size_t count) {
    if (!takes(w, w->columns)) {
        kn_avx512_select_out(out, ldo, x, ldx, tokens, w, kept, first, count);
        return;
    }
    _Alignas(64) uint16_t rounded[ENTRIES];
    size_t together = rounded_together(w->columns), n = w->columns;
    for (size_t t = 0; t < tokens; t += together) {
        size_t some = tokens - t < together ? tokens - t : together;
        round_rows(rounded, n, x + t * ldx, ldx, some, n);
        for (size_t i = 0; i < count; i += GROUP) {
            size_t rows = count - i < GROUP ? count - i : GROUP;
            const void *row[GROUP];
            find_rows(row, w, kept ? kept + i : kept, first + i, rows);
            for (size_t h = 0; h < some; h += KN_TILE_TOKENS) {
                size_t height = some - h < KN_TILE_TOKENS ? some - h : KN_TILE_TOKENS;
                dot_rows_bf16(out + (t + h) * ldo + i, ldo, rounded + h * n, n, height, row, rows,
                              n);
            }
        }
    }
}

KN_TARGET void kn_avx512_bf16_gated_unit(float *out, size_t ldo, const float *x, size_t ldx,
                                         size_t tokens, const kn_weight *gate, const kn_weight *up,
                                         kn_activation activation, const int32_t *kept,
                                         size_t first, size_t count) {
    if (!takes(gate, gate->columns) || !takes(up, up->columns)) {
        kn_avx512_gated_unit(out, ldo, x, ldx, tokens, gate, up, activation, kept, first, count);
        return;
    }
    _Alignas(64) uint16_t rounded[ENTRIES];
    float gates[KN_TILE_TOKENS * GROUP] = {0}, ups[KN_TILE_TOKENS * GROUP] = {0};
    size_t together = rounded_together(gate->columns), n = gate->columns;
    for (size_t t = 0; t < tokens; t += together) {
        size_t some = tokens - t < together ? tokens - t : together;
        round_rows(rounded, n, x + t * ldx, ldx, some, n);
        for (size_t i = 0; i < count; i += GROUP) {
            size_t rows = count - i < GROUP ? count - i : GROUP;
            const void *gate_row[GROUP], *up_row[GROUP];
            find_rows(gate_row, gate, kept ? kept + i : kept, first + i, rows);
            find_rows(up_row, up, kept ? kept + i : kept, first + i, rows);
            for (size_t h = 0; h < some; h += KN_TILE_TOKENS) {
                size_t height = some - h < KN_TILE_TOKENS ? some - h : KN_TILE_TOKENS;
                const uint16_t *from = rounded + h * n;
                dot_rows_bf16(gates, GROUP, from, n, height, gate_row, rows, n);
                dot_rows_bf16(ups, GROUP, from, n, height, up_row, rows, n);
                for (size_t a = 0; a < height; a++) {
                    for (size_t r = 0; r < rows; r += KN_LANES) {
                        vec g = v_load(gates + a * GROUP + r), u = v_load(ups + a * GROUP + r);
                        vec y = v_mul(activate(g, activation), u);
                        float *to = out + (t + h + a) * ldo + i + r;
                        if (rows - r >= KN_LANES) v_store(to, y);
                        else v_store_first(to, y, rows - r);
                    }
                }
            }
        }
    }
}

// MARK: - select_in

/// Entries of two rows beside each other: [column][2], of 16 columns or of the first n.
KN_INLINE __m512i weave(const uint16_t *a, const uint16_t *b, size_t n) {
    uint16_t some[2][KN_LANES] = {0};
    if (n < KN_LANES) {
        memcpy(some[0], a, n * sizeof *a);
        memcpy(some[1], b, n * sizeof *b);
        a = some[0];
        b = some[1];
    }
    __m512i even = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)a));
    __m512i odd = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)b));
    return _mm512_or_si512(even, _mm512_slli_epi32(odd, 16));
}

/// y[t*ldy + j] += the products of `pairs` pairs of inputs and of rows, in ascending order, in
/// `vectors` vectors of columns, or in the first n columns where partial. With row NULL the pairs
/// are woven already: packed + p*STRIP*2.
KN_INLINE void outer_tile_bf16(const size_t tokens, const size_t vectors, const int partial,
                               float *y, size_t ldy, const uint16_t *x, size_t ldx,
                               const void *const *row, size_t column, const uint16_t *packed,
                               size_t pairs, size_t n) {
    vec sum[KN_TILE_TOKENS][KN_TILE_ROWS];
    KN_UNROLL for (size_t t = 0; t < tokens; t++) {
        KN_UNROLL for (size_t v = 0; v < vectors; v++) {
            const float *from = y + t * ldy + v * KN_LANES;
            sum[t][v] = partial ? v_load_first(from, n) : v_load(from);
        }
    }
    for (size_t p = 0; p < pairs; p++) {
        __m512i w[KN_TILE_ROWS];
        KN_UNROLL for (size_t v = 0; v < vectors; v++) {
            size_t j = column + v * KN_LANES;
            if (!row) w[v] = _mm512_loadu_si512(packed + (p * STRIP + v * KN_LANES) * 2);
            else
                w[v] = weave((const uint16_t *)row[2 * p] + j, (const uint16_t *)row[2 * p + 1] + j,
                             partial ? n : KN_LANES);
        }
        KN_UNROLL for (size_t t = 0; t < tokens; t++) {
            int32_t pair;
            memcpy(&pair, x + t * ldx + 2 * p, sizeof pair);
            __m512i a = _mm512_set1_epi32(pair);
            KN_UNROLL for (size_t v = 0; v < vectors; v++) {
                sum[t][v] = add_products(sum[t][v], a, w[v]);
            }
        }
    }
    KN_UNROLL for (size_t t = 0; t < tokens; t++) {
        KN_UNROLL for (size_t v = 0; v < vectors; v++) {
            float *to = y + t * ldy + v * KN_LANES;
            if (partial) v_store_first(to, sum[t][v], n);
            else v_store(to, sum[t][v]);
        }
    }
}

/// The same for up to KN_TILE_TOKENS tokens and any number of columns, of one strip where packed.
KN_OUTLINE void outer_columns_bf16(float *y, size_t ldy, const uint16_t *x, size_t ldx,
                                   size_t tokens, const void *const *row, size_t column,
                                   const uint16_t *packed, size_t pairs, size_t columns) {
    for (size_t j = 0; j < columns;) {
        size_t left = columns - j, from = column + j;
        const uint16_t *strip = packed ? packed + 2 * j : packed;
        float *to = y + j;
#define KN_CALL(T, vectors, partial, n)                                                            \
    if (row) outer_tile_bf16(T, vectors, partial, to, ldy, x, ldx, row, from, NULL, pairs, n);     \
    else outer_tile_bf16(T, vectors, partial, to, ldy, x, ldx, NULL, 0, strip, pairs, n)
        if (left >= STRIP) {
#define KN_TILE(T) KN_CALL(T, KN_TILE_ROWS, 0, 0)
            KN_EACH_TOKENS(tokens, KN_TILE)
#undef KN_TILE
            j += STRIP;
        } else if (left >= KN_LANES) {
#define KN_TILE(T) KN_CALL(T, 1, 0, 0)
            KN_EACH_TOKENS(tokens, KN_TILE)
#undef KN_TILE
            j += KN_LANES;
        } else {
#define KN_TILE(T) KN_CALL(T, 1, 1, left)
            KN_EACH_TOKENS(tokens, KN_TILE)
#undef KN_TILE
            j = columns;
        }
#undef KN_CALL
    }
}

/// Asks for a row's entries in a strip for L2.
KN_INLINE void ask_for_strip(const uint16_t *row) {
    for (size_t c = 0; c < STRIP; c += 32) _mm_prefetch(row + c, _MM_HINT_T1);
}

/// While a strip is multiplied, the same rows are asked for in the next: across rows the CPU sees
/// nothing coming. That and weaving for 252 tokens instead of 30 bring 512 tokens from 64 % of the
/// peak to 81 (Zen 4).
KN_TARGET void kn_avx512_bf16_select_in(float *y, size_t ldy, const float *x, size_t ldx,
                                        size_t tokens, const kn_weight *w, const int32_t *kept,
                                        size_t count, size_t column, size_t columns) {
    if (w->format != KN_BF16) {
        kn_avx512_select_in(y, ldy, x, ldx, tokens, w, kept, count, column, columns);
        return;
    }
    _Alignas(64) uint16_t rounded[ENTRIES];
    _Alignas(64) uint16_t packed[PAIRS * STRIP * 2];
    // Few tokens read rows in place; many go through strips, woven once for all of them.
    const int few = tokens <= KN_TILE_TOKENS;
    size_t together = few ? KN_TILE_TOKENS : ENTRIES / (2 * PAIRS);
    size_t inputs = few ? ENTRIES / KN_TILE_TOKENS : 2 * PAIRS; // that are rounded at a time
    size_t step = few ? STREAMS : 2 * PAIRS, width = few ? columns : STRIP;
    for (size_t t = 0; t < tokens; t += together) {
        size_t some = tokens - t < together ? tokens - t : together, ldr = 0;
        for (size_t i = 0; i < count; i += step) {
            if (i % inputs == 0) {
                size_t n = count - i < inputs ? count - i : inputs;
                ldr = n + n % 2; // an odd last input is paired with zero
                round_rows(rounded, ldr, x + t * ldx + i, ldx, some, n);
            }
            size_t rows = count - i < step ? count - i : step;
            const void *row[2 * PAIRS];
            find_rows(row, w, kept ? kept + i : kept, i, rows);
            if (rows % 2) row[rows] = row[rows - 1], rows++;
            for (size_t j = 0; j < columns; j += width) {
                size_t strip = columns - j < width ? columns - j : width;
                for (size_t r = 0; r < rows && !few; r += 2) {
                    for (size_t c = 0; c < strip; c += KN_LANES) {
                        const uint16_t *a = (const uint16_t *)row[r] + column + j + c;
                        const uint16_t *b = (const uint16_t *)row[r + 1] + column + j + c;
                        _mm512_storeu_si512(packed + (r / 2 * STRIP + c) * 2,
                                            weave(a, b, strip - c));
                    }
                }
                int asks = !few && j + width < columns;
                size_t asked = 0;
                for (size_t h = 0; h < some; h += KN_TILE_TOKENS) {
                    size_t height = some - h < KN_TILE_TOKENS ? some - h : KN_TILE_TOKENS;
                    for (; asks && asked * some < rows * (h + height); asked++)
                        ask_for_strip((const uint16_t *)row[asked] + column + j + STRIP);
                    outer_columns_bf16(y + (t + h) * ldy + column + j, ldy,
                                       rounded + h * ldr + i % inputs, ldr, height,
                                       few ? row : NULL, column + j, packed, rows / 2, strip);
                }
            }
        }
    }
}

#endif
