// Encodes weights in groups, once, when a model is loaded.
#include "internal.h"
#include <math.h>

/// One way to encode a group, and how far it lies off.
typedef struct {
    int step, base, levels;
    /// The sum of the squares of what values lose, and the most that one loses.
    float error, most;
} encoding;

/// The nearest whole number: adding 1.5 * 2^23 leaves no room for a fraction.
static inline float nearest(float x) { return (x + 12582912.0f) - 12582912.0f; }

static inline float entry_of(float value, const encoding *e, float inverse) {
    float entry = nearest((value - (float)e->base) * inverse);
    return entry < 0 ? 0 : entry > (float)e->levels ? (float)e->levels : entry;
}

/// The encoding with `step` of a group's values, which are in units.
static encoding try_step(const float *value, size_t count, float lowest, int step, int levels) {
    encoding e = {step < 1 ? 1 : step, (int)nearest(lowest), levels, 0, 0};
    float inverse = 1.0f / (float)e.step, off[KN_GROUP_SIZE];
    for (size_t i = 0; i < count; i++)
        off[i] = entry_of(value[i], &e, inverse) * (float)e.step + (float)e.base - value[i];
    for (size_t i = 0; i < count; i++) {
        e.error += off[i] * off[i];
        if (fabsf(off[i]) > e.most) e.most = fabsf(off[i]);
    }
    return e;
}

/// The step of which a multiple is nearest to `distance`, while 256 of them span 15 distances.
static int divisor(float distance) {
    int best = 0;
    float gap = distance;
    for (int part = 1; part <= 17; part++) {
        float step = nearest(distance / (float)part);
        if (step < 1 || step > KN_LARGEST_STEP) continue;
        float off = fabsf(distance - step * (float)part);
        if (off < gap) {
            gap = off;
            best = (int)step;
        }
    }
    return best;
}

/// The nearest of the encodings worth trying. With 256 levels also those that 16 even levels are
/// among, which a file's blocks often have: they come out as they went in.
static encoding choose(const float *value, size_t count, kn_format format) {
    float lowest = value[0], highest = value[0];
    for (size_t i = 1; i < count; i++) {
        lowest = value[i] < lowest ? value[i] : lowest;
        highest = value[i] > highest ? value[i] : highest;
    }
    float range = highest - lowest;
    if (format == KN_INT4) {
        encoding near = try_step(value, count, lowest, (int)nearest(range / 15), 15);
        encoding over = try_step(value, count, lowest, (int)ceilf(range / 15), 15);
        return over.error < near.error ? over : near;
    }
    encoding even = try_step(value, count, lowest, divisor(range / 15), 255);
    encoding all = try_step(value, count, lowest, (int)ceilf(range / 255), 255);
    // No value may lose more than half of the finer step.
    int coarse = even.most > 0.5f * (float)all.step + 0.5f;
    return coarse || all.error < even.error ? all : even;
}

static void encode_group(void *out, kn_format format, const float *value, size_t count) {
    encoding e = choose(value, count, format);
    uint8_t entries[KN_GROUP_SIZE] = {0};
    float inverse = 1.0f / (float)e.step;
    for (size_t i = 0; i < count; i++) entries[i] = (uint8_t)entry_of(value[i], &e, inverse);
    if (format == KN_INT8) {
        kn_group8 *group = out;
        group->step = (uint16_t)e.step;
        group->base = (int16_t)e.base;
        memcpy(group->entries, entries, sizeof entries);
        return;
    }
    kn_group4 *group = out;
    group->step = (uint16_t)e.step;
    group->base = (int16_t)e.base;
    enum { HALF = KN_GROUP_SIZE / 2 };
    for (size_t i = 0; i < HALF; i++)
        group->entries[i] = (uint8_t)(entries[i] | entries[i + HALF] << 4);
}

float kn_unit(const float *values, size_t n) {
    float largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) return NAN;
        float magnitude = fabsf(values[i]);
        largest = magnitude > largest ? magnitude : largest;
    }
    // Below, the inverse would overflow.
    return largest < 1e-30f ? 0 : largest / KN_LARGEST_WEIGHT;
}

void kn_encode_row(void *out, kn_format format, const float *row, size_t n, const float *units,
                   int along_columns) {
    size_t size = format == KN_INT8 ? sizeof(kn_group8) : sizeof(kn_group4);
    for (size_t first = 0; first < n; first += KN_GROUP_SIZE) {
        size_t count = n - first < KN_GROUP_SIZE ? n - first : KN_GROUP_SIZE;
        float value[KN_GROUP_SIZE];
        for (size_t i = 0; i < count; i++) {
            float unit = along_columns ? units[first + i] : *units;
            value[i] = unit > 0 ? row[first + i] / unit : 0;
        }
        encode_group((char *)out + first / KN_GROUP_SIZE * size, format, value, count);
    }
}
