// Encodes weights as whole numbers, once, when a model is loaded.
//
// The loops run over whole groups in lanes, so that the compiler makes vectors of them: of AVX2
// too, where the CPU has it. Every operation is rounded once, thus both give the same bytes.
#include "internal.h"
#include <math.h>

enum { LANES = 8 };

#define KN_ALWAYS static inline __attribute__((always_inline))

/// One way to encode a group of half bytes, and the sum of the squares of what values lose.
typedef struct {
    int step, base;
    float error;
} encoding;

/// The nearest whole number: adding 1.5 * 2^23 leaves no room for a fraction.
KN_ALWAYS float nearest(float x) { return (x + 12582912.0f) - 12582912.0f; }

KN_ALWAYS float smaller(float a, float b) { return a < b ? a : b; }
KN_ALWAYS float larger(float a, float b) { return a > b ? a : b; }

KN_ALWAYS float half_byte_of(float value, const encoding *e, float inverse) {
    return smaller(larger(nearest((value - (float)e->base) * inverse), 0), 15);
}

/// The encoding with `step` of a group's values, which are in units.
KN_ALWAYS encoding try_step(const float *value, float lowest, int step) {
    encoding e = {step < 1 ? 1 : step, (int)nearest(lowest), 0};
    float inverse = 1.0f / (float)e.step, error[LANES] = {0};
    for (size_t i = 0; i < KN_GROUP_SIZE; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            float value_here = value[i + l];
            float off = half_byte_of(value_here, &e, inverse) * (float)e.step + (float)e.base;
            off = off - value_here;
            error[l] += off * off;
        }
    }
    for (size_t l = 0; l < LANES; l++) e.error += error[l];
    return e;
}

/// The nearer of the encodings worth trying.
KN_ALWAYS encoding choose(const float *value) {
    float low[LANES], high[LANES];
    memcpy(low, value, sizeof low);
    memcpy(high, value, sizeof high);
    for (size_t i = LANES; i < KN_GROUP_SIZE; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            low[l] = smaller(low[l], value[i + l]);
            high[l] = larger(high[l], value[i + l]);
        }
    }
    for (size_t l = 1; l < LANES; l++) {
        low[0] = smaller(low[0], low[l]);
        high[0] = larger(high[0], high[l]);
    }
    float range = high[0] - low[0];
    encoding best = try_step(value, low[0], (int)nearest(range / 15));
    encoding over = try_step(value, low[0], (int)ceilf(range / 15));
    if (over.error < best.error) best = over;
    // Values of a file's 16 even levels need not reach the highest or the lowest of them, as in
    // Q4_0; then their distance is a larger part of the range, and next to nothing is lost with it.
    // It is taken when the whole group loses less than an entry may.
    float step = (float)best.step;
    for (int levels = 14; levels >= 8 && best.error * 64 > step * step; levels--) {
        encoding fewer = try_step(value, low[0], (int)nearest(range / (float)levels));
        if (fewer.error * KN_GROUP_SIZE < best.error) best = fewer;
    }
    return best;
}

/// Encodes the group whose values, in units, fill KN_GROUP_SIZE.
KN_ALWAYS void encode_half_bytes(kn_scaling *scaling, uint8_t *to, const float *value) {
    encoding e = choose(value);
    float inverse = 1.0f / (float)e.step;
    *scaling = (kn_scaling){(uint16_t)e.step, (int16_t)e.base};
    memset(to, 0, KN_GROUP_SIZE / 2);
    for (size_t i = 0; i < KN_GROUP_SIZE; i++) {
        size_t half = kn_half_byte_of(i);
        uint8_t entry = (uint8_t)(int)half_byte_of(value[i], &e, inverse);
        to[half / 2] |= (uint8_t)(entry << half % 2 * 4);
    }
}

KN_ALWAYS void encode_bytes(uint8_t *to, const float *value) {
    for (size_t i = 0; i < KN_GROUP_SIZE; i++)
        to[kn_byte_of(i)] =
            (uint8_t)((int)smaller(larger(nearest(value[i]), -KN_LARGEST_BYTE), KN_LARGEST_BYTE) +
                      128);
}

float kn_unit(kn_format format, const float *values, size_t n) {
    // The bits of a magnitude order as the magnitude does, with what is not finite on top.
    int32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        bits &= INT32_MAX;
        largest = bits > largest ? bits : largest;
    }
    if (largest >= 0x7F800000) return NAN;
    float top;
    memcpy(&top, &largest, sizeof top);
    // Below, the inverse would overflow.
    return top < 1e-30f ? 0 : top / (format == KN_INT8 ? KN_LARGEST_BYTE : KN_LARGEST_WEIGHT);
}

KN_ALWAYS void encode(void *out, kn_format format, const float *row, size_t n, const float *units,
                      int along_columns) {
    uint8_t *entries = out;
    if (format == KN_INT4) entries += kn_half_bytes_at(kn_groups(n), 0);
    for (size_t first = 0; first < n; first += KN_GROUP_SIZE) {
        float value[KN_GROUP_SIZE];
        for (size_t i = 0; i < KN_GROUP_SIZE; i++) {
            // What fills the last group up changes no extreme.
            size_t j = first + i < n ? first + i : first;
            float unit = along_columns ? units[j] : *units;
            value[i] = unit > 0 ? row[j] / unit : 0;
        }
        if (format == KN_INT8) {
            encode_bytes(entries + first, value);
            continue;
        }
        kn_scaling scaling;
        size_t group = first / KN_GROUP_SIZE;
        encode_half_bytes(&scaling, entries + first / 2, value);
        memcpy((char *)out + group * sizeof scaling, &scaling, sizeof scaling);
    }
}

static void encode_plain(void *out, kn_format format, const float *row, size_t n,
                         const float *units, int along_columns) {
    encode(out, format, row, n, units, along_columns);
}

#if KN_X86
__attribute__((target("avx2"))) static void encode_avx2(void *out, kn_format format,
                                                        const float *row, size_t n,
                                                        const float *units, int along_columns) {
    encode(out, format, row, n, units, along_columns);
}
#endif

void kn_encode_row(void *out, kn_format format, const float *row, size_t n, const float *units,
                   int along_columns) {
#if KN_X86
    if (__builtin_cpu_supports("avx2")) {
        encode_avx2(out, format, row, n, units, along_columns);
        return;
    }
#endif
    encode_plain(out, format, row, n, units, along_columns);
}
