// Encodes weights in groups, once, when a model is loaded.
//
// The loops run over whole groups in lanes, so that the compiler makes vectors of them: of AVX2
// too, where the CPU has it. Every operation is rounded once, thus both give the same bytes.
#include "internal.h"
#include <math.h>

enum { LANES = 8 };

#define KN_ALWAYS static inline __attribute__((always_inline))

/// One way to encode a group, and how far it lies off.
typedef struct {
    int step, base, levels;
    /// The sum of the squares of what values lose, and the most that one loses.
    float error, most;
} encoding;

/// The nearest whole number: adding 1.5 * 2^23 leaves no room for a fraction.
KN_ALWAYS float nearest(float x) { return (x + 12582912.0f) - 12582912.0f; }

KN_ALWAYS float smaller(float a, float b) { return a < b ? a : b; }
KN_ALWAYS float larger(float a, float b) { return a > b ? a : b; }

KN_ALWAYS float entry_of(float value, const encoding *e, float inverse) {
    float entry = nearest((value - (float)e->base) * inverse);
    return smaller(larger(entry, 0), (float)e->levels);
}

/// The encoding with `step` of a group's values, which are in units.
KN_ALWAYS encoding try_step(const float *value, float lowest, int step, int levels) {
    encoding e = {step < 1 ? 1 : step, (int)nearest(lowest), levels, 0, 0};
    float inverse = 1.0f / (float)e.step, error[LANES] = {0}, most[LANES] = {0};
    for (size_t i = 0; i < KN_GROUP_SIZE; i += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            float value_here = value[i + l];
            float off = entry_of(value_here, &e, inverse) * (float)e.step + (float)e.base;
            off = off - value_here;
            error[l] += off * off;
            most[l] = larger(most[l], fabsf(off));
        }
    }
    for (size_t l = 0; l < LANES; l++) {
        e.error += error[l];
        e.most = larger(e.most, most[l]);
    }
    return e;
}

/// The step of which a multiple is nearest to `distance`, while 256 of them span 15 distances; 0
/// when none is near.
KN_ALWAYS int divisor(float distance) {
    enum { PARTS = 17, FILLED = 24 };
    float step[FILLED], gap[FILLED];
    for (int i = 0; i < FILLED; i++) {
        float part = (float)(i + 1);
        step[i] = nearest(distance / part);
        float off = fabsf(distance - step[i] * part);
        int usable = (step[i] >= 1) & (step[i] <= KN_LARGEST_STEP) & (i < PARTS);
        gap[i] = usable ? off : distance;
    }
    float least = distance;
    for (int i = 0; i < PARTS; i++) least = smaller(least, gap[i]);
    for (int i = 0; i < PARTS; i++) {
        if (gap[i] == least && least < distance) return (int)step[i];
    }
    return 0;
}

/// The nearest of the encodings worth trying. With 256 levels also those that 16 even levels are
/// among, which a file's blocks often have: they come out as they went in.
KN_ALWAYS encoding choose(const float *value, kn_format format) {
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
    float lowest = low[0], range = high[0] - lowest;
    if (format == KN_INT4) {
        encoding near = try_step(value, lowest, (int)nearest(range / 15), 15);
        encoding over = try_step(value, lowest, (int)ceilf(range / 15), 15);
        return over.error < near.error ? over : near;
    }
    encoding even = try_step(value, lowest, divisor(range / 15), 255);
    encoding all = try_step(value, lowest, (int)ceilf(range / 255), 255);
    // No value may lose more than half of the finer step.
    int coarse = even.most > 0.5f * (float)all.step + 0.5f;
    return coarse || all.error < even.error ? all : even;
}

/// Encodes the group whose values, in units, fill KN_GROUP_SIZE.
KN_ALWAYS void encode_group(kn_scaling *scaling, uint8_t *to, kn_format format,
                            const float *value) {
    encoding e = choose(value, format);
    uint8_t entries[KN_GROUP_SIZE];
    float inverse = 1.0f / (float)e.step;
    for (size_t i = 0; i < KN_GROUP_SIZE; i++)
        entries[i] = (uint8_t)(int)entry_of(value[i], &e, inverse);
    *scaling = (kn_scaling){(uint16_t)e.step, (int16_t)e.base};
    if (format == KN_INT4) memset(to, 0, KN_GROUP_SIZE / 2);
    for (size_t i = 0; i < KN_GROUP_SIZE; i++) {
        size_t half = kn_half_byte_of(i);
        if (format == KN_INT8) to[kn_byte_of(i)] = entries[i];
        else to[half / 2] |= (uint8_t)(entries[i] << half % 2 * 4);
    }
}

float kn_unit(const float *values, size_t n) {
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
    return top < 1e-30f ? 0 : top / KN_LARGEST_WEIGHT;
}

KN_ALWAYS void encode(void *out, kn_format format, const float *row, size_t n, const float *units,
                      int along_columns) {
    size_t groups = kn_groups(n);
    for (size_t first = 0; first < n; first += KN_GROUP_SIZE) {
        float value[KN_GROUP_SIZE];
        for (size_t i = 0; i < KN_GROUP_SIZE; i++) {
            // What fills the last group up is never used, and changes no extreme.
            size_t j = first + i < n ? first + i : first;
            float unit = along_columns ? units[j] : *units;
            value[i] = unit > 0 ? row[j] / unit : 0;
        }
        size_t group = first / KN_GROUP_SIZE;
        kn_scaling scaling;
        uint8_t *entries = (uint8_t *)out + kn_entries_at(format, groups, group);
        encode_group(&scaling, entries, format, value);
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
