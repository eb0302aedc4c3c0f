// Quantised activations: how a table takes them, and what its rows of them are to hold.
#pragma once

#include "harness.h"

static const kn_kernels *scalar;

/// How the table takes activations for a format, where rows are outputs; for bytes also in a second
/// way.
static kn_rounding rounding_out(kn_format format, int second) {
    if (format != KN_INT8) return KN_EIGHT_BITS;
    if (!second) return K->byte_rounding;
    return K->byte_rounding == KN_EIGHT_BITS ? KN_EIGHT_BITS_MIXED : KN_PAIRED_BITS_MIXED;
}

/// The same where rows are inputs.
static kn_rounding rounding_in(kn_format format, int second) {
    return format == KN_INT8 ? rounding_out(format, second) : KN_NINE_BITS;
}

/// The ways that the table takes activations for a format.
static int ways(kn_format format) { return format == KN_INT8 ? 2 : 1; }

/// Quantised rows of n entries, and what they stand for.
typedef struct {
    kn_quantised q;
    double *values;
} tokens_of;

/// Entry i of a row.
static int entry_of(kn_rounding rounding, const void *row, size_t i) {
    if (rounding == KN_NINE_BITS) return ((const int16_t *)row)[i];
    return ((const int8_t *)row)[i / 32 * kn_inputs_size(rounding) + kn_byte_of(i % 32)];
}

/// Sum l of four that follow group g of a row, and what it is to be: -128 times the sum over the
/// bytes of two successive places of each of four successive fours, modulo 2^16.
static int lane_of(kn_rounding rounding, const void *row, size_t g, size_t l) {
    int16_t sum;
    const char *group = (const char *)row + g * kn_inputs_size(rounding);
    memcpy(&sum, group + KN_GROUP_SIZE + l * sizeof sum, sizeof sum);
    return sum;
}

/// The largest of the magnitudes that decide about the scale of some groups from a row's entry on.
static float reach_of(kn_rounding rounding, const float *row, size_t first, size_t end, size_t n) {
    float largest = 0;
    for (size_t g = first; g < end; g += KN_GROUP_SIZE) {
        float bytes[KN_GROUP_SIZE] = {0};
        for (size_t i = 0; i < KN_GROUP_SIZE && g + i < n; i++) bytes[kn_byte_of(i)] = row[g + i];
        float lanes[4] = {0};
        for (size_t b = 0; b < KN_GROUP_SIZE; b++) {
            largest = fmaxf(largest, fabsf(bytes[b]));
            if (b % 2 == 0)
                largest = fmaxf(largest, kn_pairs(rounding) * fabsf(bytes[b] + bytes[b + 1]));
            lanes[b / 16 * 2 + b / 2 % 2] += fabsf(bytes[b]);
        }
        for (size_t l = 0; l < 4; l++) largest = fmaxf(largest, kn_pairs(rounding) * lanes[l] / 2);
    }
    return largest;
}

/// What 16 bits are to be enough for.
static void test_lanes(kn_rounding rounding, const void *row, size_t groups) {
    for (size_t g = 0; g < groups; g++) {
        const int8_t *bytes = (const int8_t *)row + g * kn_inputs_size(rounding);
        int sums[4] = {0}, magnitudes[4] = {0};
        for (size_t b = 0; b < KN_GROUP_SIZE; b++) {
            size_t lane = b / 16 * 2 + b / 2 % 2;
            sums[lane] += bytes[b];
            magnitudes[lane] += abs(bytes[b]);
            if (b % 2 == 0 && abs(bytes[b] + bytes[b + 1]) > 128)
                fail("a pair's sum", bytes[b] + bytes[b + 1], 128, 0);
        }
        for (size_t l = 0; l < 4; l++) {
            if (magnitudes[l] > 258) fail("a lane's magnitudes", magnitudes[l], 258, 0);
            if ((uint16_t)lane_of(rounding, row, g, l) != (uint16_t)(-128 * sums[l]))
                fail("a lane's sum", lane_of(rounding, row, g, l), -128 * sums[l], 0);
        }
    }
}

/// Memory for quantised rows of n entries.
static kn_quantised room_for(kn_rounding rounding, size_t tokens, size_t n) {
    size_t width = kn_groups(n) * KN_GROUP_SIZE;
    size_t groups = (n + kn_scaled_together(rounding) - 1) / kn_scaled_together(rounding);
    void *entries = take(kn_inputs_sizes(rounding, tokens * width) / 2, sizeof(int16_t));
    float *scales = take(tokens * groups, sizeof(float));
    return (kn_quantised){rounding, entries, scales, take(tokens * groups, sizeof(int32_t)),
                          width,    groups};
}

/// The rows from one on.
static kn_quantised from_row(kn_quantised q, size_t t) {
    q.entries = (const char *)q.entries + kn_inputs_sizes(q.rounding, t * q.width);
    q.scales += t * q.groups;
    q.totals += t * q.groups;
    return q;
}

static void run_quantise(const kn_kernels *table, kn_quantised q, const float *x, size_t n) {
    table->quantise(q.rounding, (void *)(uintptr_t)q.entries, (float *)(uintptr_t)q.scales,
                    (int32_t *)(uintptr_t)q.totals, x, n);
}

static tokens_of quantise(kn_rounding rounding, size_t tokens, size_t n) {
    kn_quantised q = room_for(rounding, tokens, n);
    size_t together = kn_scaled_together(rounding);
    double *values = calloc(tokens * n + 1, sizeof(double));
    if (!values) abort();
    allocations[allocation_count++] = (char *)values;
    for (size_t t = 0; t < tokens; t++) {
        int mark = allocation_count;
        float *row = random_floats(n);
        for (size_t i = 0; i < n; i++) row[i] *= expf(8 * (float)random_unit());
        kn_quantised to = from_row(q, t);
        run_quantise(K, to, row, n);
        if (kn_mixes(rounding)) scalar->mix(row, row, n);
        if (kn_pairs(rounding)) test_lanes(rounding, to.entries, q.width / KN_GROUP_SIZE);
        for (size_t g = 0; g < q.groups; g++) {
            int32_t total = 0;
            size_t first = g * together, end = first + together;
            float largest = reach_of(rounding, row, first, end, n);
            for (size_t j = first; j < end && j < q.width; j++) {
                int found = entry_of(rounding, to.entries, j);
                total += found;
                if (j >= n && found != 0) fail("quantise's padding", found, 0, 0);
            }
            if (rounding != KN_NINE_BITS) total *= -128;
            if (total != to.totals[g]) fail("quantise's total", (double)total, 0, 0);
            for (size_t j = first; j < n && j < end; j++) {
                double value = (double)entry_of(rounding, to.entries, j) * to.scales[g];
                values[t * n + j] = value;
                // Half a step, and the rounding of scale and inverse.
                double half = largest / kn_largest(rounding) * 0.5 + largest * 4 * 0x1p-24;
                expect_near("quantise", (float)value, row[j], half);
            }
        }
        release(mark);
    }
    return (tokens_of){q, values};
}
