// What the tests of kernels share: memory of exact size, random numbers, comparisons, and the run
// over every table that this CPU has.
#ifndef HARNESS_H
#define HARNESS_H

#include "../../Sources/CKernels/internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
static const kn_kernels *K;

static inline void fail(const char *what, double got, double expected, double bound) {
    if (failures++ < 20)
        printf("  %s: %s: got %.9g, expected %.9g, bound %.3g\n", K->name, what, got, expected,
               bound);
}

// MARK: - Data

static uint64_t state = 1;
static inline double random_unit(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 40) / (1 << 24) * 2 - 1;
}

static void *allocations[64];
static int allocation_count;
/// Memory that ends where it should, and starts at an odd multiple of four bytes (of one byte where
/// the elements are that small).
static inline void *take(size_t count, size_t size) {
    char *p = malloc(count * size + size);
    if (!p || allocation_count == 64) abort();
    allocations[allocation_count++] = p;
    return p + size;
}
static inline void release(int down_to) {
    while (allocation_count > down_to) free(allocations[--allocation_count]);
}
static inline float *random_floats(size_t n) {
    float *p = take(n, sizeof(float));
    for (size_t i = 0; i < n; i++) p[i] = (float)random_unit();
    return p;
}
static inline float *copy(const float *from, size_t n) {
    float *p = take(n, sizeof(float));
    if (n) memcpy(p, from, n * sizeof(float));
    return p;
}

// MARK: - Comparisons

/// Every kernel that sums n products may be off by (8 + n) * 2^-24 of the sum of their magnitudes.
static inline double bound(double magnitude, size_t n) {
    return magnitude * (8.0 + (double)n) * 0x1p-24 + 1e-37;
}
static inline void expect_near(const char *what, float got, double expected, double within) {
    if (!(fabs(got - expected) <= within)) fail(what, got, expected, within);
}
static inline void expect_same(const char *what, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (memcmp(a + i, b + i, sizeof(float)) != 0) fail(what, a[i], b[i], 0);
    }
}

// MARK: - Tables

/// Tests the tables that this CPU has, chosen for it or not, or the emulated ones when the program
/// is told so.
static inline int run_tables(int argc, char **argv, void (*test_table)(const kn_kernels *)) {
    int emulated = argc > 1 && strcmp(argv[1], "emulated") == 0;
    static const kn_isa sets[] = {KN_ISA_SCALAR, KN_ISA_AVX2};
    for (int i = 0; i < 2 && !emulated; i++) {
        const kn_kernels *table = kn_kernels_for(sets[i]);
        if (table) test_table(table);
    }
#if KN_X86
    static const kn_kernels wide = KN_TABLE(avx512, KN_ISA_AVX512, "avx512", KN_EIGHT_BITS);
    static const kn_kernels wide_in_pairs =
        KN_TABLE_WITH(avx512, avx512_bf16, KN_ISA_AVX512, "avx512-bf16", KN_EIGHT_BITS, 1);
    int present = kn_kernels_for(KN_ISA_AVX512) != NULL;
    if (emulated || present) test_table(&wide);
    if (emulated || (present && __builtin_cpu_supports("avx512bf16"))) test_table(&wide_in_pairs);
#endif
    if (!emulated) printf("native table: %s\n", kn_kernels_native()->name);
    return failures != 0;
}

#endif
