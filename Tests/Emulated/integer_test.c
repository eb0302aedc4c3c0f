// Tests every table's products of quantised activations: the scalar table against double precision,
// the others against the scalar one bit for bit, on odd sizes, unaligned and in parts.
#include "harness.h"

static const kn_kernels *scalar;

/// A matrix in groups, with units for its rows and for its columns.
static kn_weight random_weight(kn_format format, size_t rows, size_t columns) {
    size_t groups = kn_groups(columns);
    int levels = format == KN_INT8 ? 255 : 15;
    size_t size = kn_entries_at(format, groups, groups);
    char *data = take(rows, size);
    for (size_t i = 0; i < rows * size; i++) data[i] = (char)(random_unit() * 128);
    for (size_t i = 0; i < rows * groups; i++) {
        // Steps and bases of all sizes that keep every entry within the largest weight.
        uint16_t step = (uint16_t)(1 + (random_unit() + 1) * KN_LARGEST_WEIGHT / levels);
        if (step * levels > 2 * KN_LARGEST_WEIGHT) step = 2 * KN_LARGEST_WEIGHT / levels;
        int room = 2 * KN_LARGEST_WEIGHT - step * levels;
        int16_t base = (int16_t)(-KN_LARGEST_WEIGHT + (random_unit() + 1) / 2 * room);
        kn_scaling scaling = {step, base};
        memcpy(data + i / groups * size + i % groups * sizeof scaling, &scaling, sizeof scaling);
    }
    float *units = random_floats(rows > columns ? rows : columns);
    return (kn_weight){format, data, columns, units};
}

static double entry(const kn_weight *w, size_t row, size_t j, size_t output) {
    return (double)kn_in_units(w, kn_row_data(w, row), j) * w->units[output];
}

/// Quantised rows of n entries, and what they stand for.
typedef struct {
    kn_quantised q;
    double *values;
} tokens_of;

static tokens_of quantise(size_t tokens, size_t n) {
    size_t groups = kn_groups(n);
    int16_t *entries = take(tokens * groups * KN_GROUP_SIZE, sizeof(int16_t));
    float *scales = take(tokens * groups, sizeof(float));
    int32_t *totals = take(tokens * groups, sizeof(int32_t));
    double *values = calloc(tokens * n + 1, sizeof(double));
    if (!values) abort();
    allocations[allocation_count++] = (char *)values;
    for (size_t t = 0; t < tokens; t++) {
        int mark = allocation_count;
        float *row = random_floats(n);
        for (size_t i = 0; i < n; i++) row[i] *= expf(8 * (float)random_unit());
        int16_t *to = entries + t * groups * KN_GROUP_SIZE;
        K->quantise(to, scales + t * groups, totals + t * groups, row, n);
        for (size_t g = 0; g < groups; g++) {
            float largest = 0;
            int32_t total = 0;
            for (size_t i = 0; i < KN_GROUP_SIZE; i++) {
                size_t j = g * KN_GROUP_SIZE + i;
                total += to[j];
                if (j < n && fabsf(row[j]) > largest) largest = fabsf(row[j]);
                if (j >= n && to[j] != 0) fail("quantise's padding", to[j], 0, 0);
            }
            if (total != totals[t * groups + g]) fail("quantise's total", (double)total, 0, 0);
            for (size_t j = g * KN_GROUP_SIZE; j < n && j < (g + 1) * KN_GROUP_SIZE; j++) {
                double value = (double)to[j] * scales[t * groups + g];
                values[t * n + j] = value;
                // Half a step, and the rounding of scale and inverse.
                double half = largest / KN_LARGEST_ACTIVATION * 0.5 + largest * 4 * 0x1p-24;
                expect_near("quantise", (float)value, row[j], half);
            }
        }
        release(mark);
    }
    return (tokens_of){{entries, scales, totals, groups}, values};
}

static void test_quantise_bits(size_t n) {
    int mark = allocation_count;
    float *x = random_floats(n);
    for (int round = 0; round < 6; round++) {
        if (n > 1 && round == 1) x[n / 2] = INFINITY;
        if (n > 1 && round == 2) x[n / 2] = -NAN;
        if (round == 3) memset(x, 0, n * sizeof(float));
        if (n > 1 && round == 4) x[0] = 1e-38f;
        if (n > 1 && round == 5) x[n - 1] = 3e38f;
        size_t groups = kn_groups(n);
        int16_t *a = take(groups * KN_GROUP_SIZE, 2), *b = take(groups * KN_GROUP_SIZE, 2);
        float *sa = take(groups, 4), *sb = take(groups, 4);
        int32_t *ta = take(groups, 4), *tb = take(groups, 4);
        K->quantise(a, sa, ta, x, n);
        scalar->quantise(b, sb, tb, x, n);
        for (size_t i = 0; i < groups * KN_GROUP_SIZE; i++)
            if (a[i] != b[i]) fail("quantise's entries", a[i], b[i], 0);
        for (size_t g = 0; g < groups; g++) {
            if (isnan(sb[g]) != isnan(sa[g])) fail("quantise's NaN", sa[g], sb[g], 0);
            if (!isnan(sb[g])) expect_same("quantise's scales", sa + g, sb + g, 1);
        }
        if (n > 1 && (round == 1 || round == 2) && !isnan(sa[n / 2 / KN_GROUP_SIZE]))
            fail("quantise of what is not finite", sa[n / 2 / KN_GROUP_SIZE], NAN, 0);
    }
    release(mark);
}

static void test_out(kn_format format, size_t tokens, size_t rows, size_t columns, int selected) {
    int mark = allocation_count;
    tokens_of x = quantise(tokens, columns);
    size_t count = selected ? (rows + 1) / 2 : rows, ldo = count + 2;
    kn_weight w = random_weight(format, rows, columns), up = random_weight(format, rows, columns);
    int32_t *kept = take(rows, sizeof(int32_t));
    for (size_t i = 0; i < rows; i++) kept[i] = (int32_t)((i * 7 + 3) % rows);
    const int32_t *list = selected ? kept : NULL;
    size_t size = tokens ? (tokens - 1) * ldo + count : 0;
    float *before = random_floats(size), *out = copy(before, size), *same = copy(before, size);
    K->select_out_quantised(out, ldo, &x.q, tokens, &w, list, 0, count);
    scalar->select_out_quantised(same, ldo, &x.q, tokens, &w, list, 0, count);
    expect_same("select_out_quantised", out, same, size);
    for (size_t t = 0; K == scalar && t < tokens; t++) {
        for (size_t i = 0; i < count; i++) {
            double sum = 0, magnitude = 0;
            for (size_t j = 0; j < columns; j++) {
                size_t row = selected ? (size_t)kept[i] : i;
                double p = x.values[t * columns + j] * entry(&w, row, j, row);
                sum += p;
                magnitude += fabs(p);
            }
            expect_near("select_out_quantised", out[t * ldo + i], sum, bound(magnitude, columns));
        }
    }
    for (int a = KN_SILU; a <= KN_GELU; a++) {
        kn_activation activation = (kn_activation)a;
        K->gated_unit_quantised(out, ldo, &x.q, tokens, &w, &up, activation, list, 0, count);
        scalar->gated_unit_quantised(same, ldo, &x.q, tokens, &w, &up, activation, list, 0, count);
        for (size_t i = 0; i < size; i++) {
            // exp is within a few units in the last place; far out on the left GELU's argument
            // multiplies the rounding of its cube.
            double within = fabs(same[i]) * 4096 * 0x1p-24 + 1e-30;
            expect_near("gated_unit_quantised", out[i], same[i], within);
        }
        // A token alone and a part of the rows give the same to the bit.
        if (tokens > 0 && count > 0) {
            size_t t = tokens / 2, i = count / 3;
            kn_quantised one = x.q;
            one.entries += t * one.groups * KN_GROUP_SIZE;
            one.scales += t * one.groups;
            one.totals += t * one.groups;
            float *row = take(count, sizeof(float));
            K->gated_unit_quantised(row, count, &one, 1, &w, &up, activation,
                                    list ? list + i : NULL, i, count - i);
            expect_same("gated_unit_quantised alone", row, out + t * ldo + i, count - i);
        }
    }
    release(mark);
}

static void test_in(kn_format format, size_t tokens, size_t rows, size_t columns, int selected) {
    int mark = allocation_count;
    size_t count = selected ? (rows + 1) / 2 : rows, ldy = columns + 5;
    tokens_of x = quantise(tokens, count);
    kn_weight w = random_weight(format, rows, columns);
    int32_t *kept = take(rows, sizeof(int32_t));
    for (size_t i = 0; i < rows; i++) kept[i] = (int32_t)((i * 7 + 3) % rows);
    const int32_t *list = selected ? kept : NULL;
    size_t size = tokens ? (tokens - 1) * ldy + columns : 0;
    float *before = random_floats(size), *y = copy(before, size), *same = copy(before, size);
    K->select_in_quantised(y, ldy, &x.q, tokens, &w, list, count, 0, columns);
    scalar->select_in_quantised(same, ldy, &x.q, tokens, &w, list, count, 0, columns);
    expect_same("select_in_quantised", y, same, size);
    for (size_t t = 0; K == scalar && t < tokens; t++) {
        for (size_t j = 0; j < columns; j++) {
            double sum = before[t * ldy + j], magnitude = fabs(sum);
            for (size_t i = 0; i < count; i++) {
                double p = x.values[t * count + i] * entry(&w, list ? (size_t)kept[i] : i, j, j);
                sum += p;
                magnitude += fabs(p);
            }
            expect_near("select_in_quantised", y[t * ldy + j], sum, bound(magnitude, count + 1));
        }
    }
    float *split = copy(before, size);
    size_t cut = columns / 2 / KN_GROUP_SIZE * KN_GROUP_SIZE;
    K->select_in_quantised(split, ldy, &x.q, tokens, &w, list, count, 0, cut);
    K->select_in_quantised(split, ldy, &x.q, tokens, &w, list, count, cut, columns - cut);
    expect_same("select_in_quantised in parts", split, y, size);
    release(mark);
}

/// What is encoded lies within half a step of its group, and even levels within the rounding of
/// their distance: to a unit, or, in int8, to a product of two numbers that fit entry and step.
static void test_encoding(kn_format format, size_t n) {
    int mark = allocation_count;
    float *x = random_floats(n), *row = take(n, sizeof(float));
    float unit = kn_unit(x, n);
    kn_weight w = {format, take(kn_entries_at(format, kn_groups(n), kn_groups(n)), 1), n, &unit};
    kn_encode_row((void *)(uintptr_t)w.data, format, x, n, &unit, 0);
    K->expand_row(row, &w, 0);
    double levels = format == KN_INT8 ? 255 : 15;
    for (size_t i = 0; i < n; i++)
        expect_near("encoding", row[i], x[i], (2 / levels + 2 * (double)unit) * 0.51 + unit);
    for (size_t i = 0; i < n; i++) x[i] = (float)(i % 16) * 0.375f - 1.5f;
    unit = kn_unit(x, n);
    kn_encode_row((void *)(uintptr_t)w.data, format, x, n, &unit, 0);
    K->expand_row(row, &w, 0);
    for (size_t i = 0; i < n / KN_GROUP_SIZE * KN_GROUP_SIZE; i++)
        expect_near("even levels", row[i], x[i], (format == KN_INT8 ? 17 : 9) * (double)unit);
    if (n > 0) {
        x[n - 1] = NAN;
        if (!isnan(kn_unit(x, n))) fail("a unit of NaN", kn_unit(x, n), NAN, 0);
    }
    release(mark);
}

static void test_table(const kn_kernels *table) {
    static const size_t sizes[] = {0, 1, 3, 7, 16, 17, 33, 65, 100};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    K = table;
    scalar = kn_kernels_for(KN_ISA_SCALAR);
    int failed = failures;
    for (int n = 0; n < SIZES; n++) {
        test_quantise_bits(sizes[n]);
        test_encoding(KN_INT8, sizes[n]);
        test_encoding(KN_INT4, sizes[n]);
    }
    for (int f = KN_INT8; f <= KN_INT4; f++) {
        for (int t = 0; t < SIZES; t++) {
            for (int r = 1; r < SIZES; r++) {
                for (int c = 1; c < SIZES; c++) {
                    if (t + r + c > 9 && (t + 2 * r + 3 * c) % 5) continue;
                    test_out((kn_format)f, sizes[t], sizes[r], sizes[c], (t + c) % 2);
                    test_in((kn_format)f, sizes[t], sizes[r], sizes[c], (t + c) % 2);
                }
            }
        }
        // More columns than a panel is deep, more tokens than a round, more rows than a strip waits
        // for.
        test_out((kn_format)f, 5, 19, 2003, 0);
        test_out((kn_format)f, 300, 35, 65, 1);
        test_in((kn_format)f, 7, 900, 77, 0);
        test_in((kn_format)f, 300, 70, 131, 1);
        test_in((kn_format)f, 2, 300, 4100, 1);
    }
    printf("%-7s %s\n", K->name, failures == failed ? "passed" : "FAILED");
}

int main(int argc, char **argv) { return run_tables(argc, argv, test_table); }
