// Tests every table's products of quantised activations: the scalar table against double precision,
// the others against the scalar one bit for bit, on odd sizes, unaligned and in parts.
#include "quantised.h"

/// A matrix of whole numbers, with units for its rows and for its columns.
static kn_weight random_weight(kn_format format, size_t rows, size_t columns) {
    size_t groups = kn_groups(columns);
    kn_weight w = {format, NULL, columns, random_floats(rows > columns ? rows : columns)};
    size_t size = kn_row_size(&w);
    char *data = take(rows, size);
    for (size_t i = 0; i < rows * size; i++) {
        // No weight is 128 less than zero.
        do data[i] = (char)(random_unit() * 128);
        while (format == KN_INT8 && data[i] == 0);
    }
    for (size_t i = 0; format == KN_INT4 && i < rows * groups; i++) {
        // Steps and bases of all sizes that keep every entry within the largest weight.
        uint16_t step = (uint16_t)(1 + (random_unit() + 1) * KN_LARGEST_WEIGHT / 15);
        if (step * 15 > 2 * KN_LARGEST_WEIGHT) step = 2 * KN_LARGEST_WEIGHT / 15;
        int room = 2 * KN_LARGEST_WEIGHT - step * 15;
        int16_t base = (int16_t)(-KN_LARGEST_WEIGHT + (random_unit() + 1) / 2 * room);
        kn_scaling scaling = {step, base};
        memcpy(data + i / groups * size + i % groups * sizeof scaling, &scaling, sizeof scaling);
    }
    w.data = data;
    return w;
}

static double entry(const kn_weight *w, size_t row, size_t j, size_t output) {
    return (double)kn_in_units(w, kn_row_data(w, row), j) * w->units[output];
}

static void test_quantise_bits(kn_rounding rounding, size_t n) {
    int mark = allocation_count;
    float *x = random_floats(n);
    for (int round = 0; round < 6; round++) {
        if (n > 1 && round == 1) x[n / 2] = INFINITY;
        if (n > 1 && round == 2) x[n / 2] = -NAN;
        if (round == 3) memset(x, 0, n * sizeof(float));
        if (n > 1 && round == 4) x[0] = 1e-38f;
        if (n > 1 && round == 5) x[n - 1] = 3e38f;
        kn_quantised a = room_for(rounding, 1, n), b = room_for(rounding, 1, n);
        run_quantise(K, a, x, n);
        run_quantise(scalar, b, x, n);
        for (size_t i = 0; i < a.width; i++) {
            int found = entry_of(rounding, a.entries, i), same = entry_of(rounding, b.entries, i);
            if (found != same) fail("quantise's entries", found, same, 0);
        }
        for (size_t g = 0; kn_pairs(rounding) && g < a.width / KN_GROUP_SIZE; g++) {
            for (size_t l = 0; l < 4; l++) {
                int found = lane_of(rounding, a.entries, g, l);
                int same = lane_of(rounding, b.entries, g, l);
                if (found != same) fail("quantise's lanes", found, same, 0);
            }
        }
        for (size_t g = 0; g < a.groups; g++) {
            float found = a.scales[g], same = b.scales[g];
            if (isnan(found) != isnan(same)) fail("quantise's NaN", found, same, 0);
            if (!isnan(same)) expect_same("quantise's scales", &found, &same, 1);
        }
        float middle = n > 1 ? a.scales[n / 2 / kn_scaled_together(rounding)] : NAN;
        if ((round == 1 || round == 2) && !isnan(middle))
            fail("quantise of what is not finite", middle, NAN, 0);
    }
    release(mark);
}

static void test_out_as(kn_rounding rounding, kn_format format, size_t tokens, size_t rows,
                        size_t columns, int selected) {
    int mark = allocation_count;
    tokens_of x = quantise(rounding, tokens, columns);
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
            kn_quantised one = from_row(x.q, t);
            float *row = take(count, sizeof(float));
            K->gated_unit_quantised(row, count, &one, 1, &w, &up, activation,
                                    list ? list + i : NULL, i, count - i);
            expect_same("gated_unit_quantised alone", row, out + t * ldo + i, count - i);
        }
    }
    release(mark);
}

static void test_out(kn_format format, size_t tokens, size_t rows, size_t columns, int selected) {
    for (int way = 0; way < ways(format); way++)
        test_out_as(rounding_out(format, way), format, tokens, rows, columns, selected);
}

static void test_in_as(kn_rounding rounding, kn_format format, size_t tokens, size_t rows,
                       size_t columns, int selected) {
    int mark = allocation_count;
    size_t count = selected ? (rows + 1) / 2 : rows, ldy = columns + 5;
    tokens_of x = quantise(rounding, tokens, count);
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

static void test_in(kn_format format, size_t tokens, size_t rows, size_t columns, int selected) {
    for (int way = 0; way < ways(format); way++)
        test_in_as(rounding_in(format, way), format, tokens, rows, columns, selected);
}

/// The largest entries, or the smallest, and the largest activations, of one sign or the other: the
/// sums that come nearest to where the widths of the kernels end. One activation of `every` is not
/// zero.
static void test_extremes(kn_rounding rounding, kn_format format, size_t tokens, int largest,
                          float sign, size_t every) {
    enum { ROWS = 24, COLUMNS = 96 };
    int mark = allocation_count;
    kn_weight w = random_weight(format, ROWS, COLUMNS);
    size_t size = kn_row_size(&w), entries = COLUMNS * (format == KN_INT8 ? 2 : 1) / 2;
    int fill = largest ? 0xFF : format == KN_INT8 ? 1 : 0;
    for (size_t r = 0; r < ROWS; r++)
        memset((char *)(uintptr_t)w.data + r * size + (size - entries), fill, entries);
    kn_quantised q = room_for(rounding, tokens, COLUMNS);
    float x[COLUMNS], out[17 * ROWS], same[17 * ROWS];
    for (size_t i = 0; i < COLUMNS; i++) x[i] = i % every == 0 ? sign : 0;
    for (size_t t = 0; t < tokens; t++) run_quantise(K, from_row(q, t), x, COLUMNS);
    K->select_out_quantised(out, ROWS, &q, tokens, &w, NULL, 0, ROWS);
    scalar->select_out_quantised(same, ROWS, &q, tokens, &w, NULL, 0, ROWS);
    expect_same("products of extremes", out, same, tokens * ROWS);
    release(mark);
}

/// What is encoded lies within half a step of its output, or of its group, and what a file of even
/// levels holds within the rounding of their distance to a unit.
static void test_encoding(kn_format format, size_t n) {
    int mark = allocation_count;
    float *x = random_floats(n), *row = take(n, sizeof(float));
    float unit = kn_unit(format, x, n);
    kn_weight w = {format, NULL, n, &unit};
    void *data = take(kn_row_size(&w), 1);
    w.data = data;
    kn_encode_row(data, format, x, n, &unit, 0);
    K->expand_row(row, &w, 0);
    double step = format == KN_INT8 ? (double)unit : (2.0 / 15 + 4 * (double)unit);
    for (size_t i = 0; i < n; i++) expect_near("encoding", row[i], x[i], step * 0.51);
    for (size_t i = 0; i < n; i++) x[i] = (float)(i % 16) * 0.375f - 1.5f;
    unit = kn_unit(format, x, n);
    kn_encode_row(data, format, x, n, &unit, 0);
    K->expand_row(row, &w, 0);
    for (size_t i = 0; i < n / KN_GROUP_SIZE * KN_GROUP_SIZE; i++)
        expect_near("even levels", row[i], x[i], (format == KN_INT8 ? 0.51 : 9) * (double)unit);
    if (n > 0) {
        x[n - 1] = NAN;
        if (!isnan(kn_unit(format, x, n))) fail("a unit of NaN", kn_unit(format, x, n), NAN, 0);
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
        for (int r = KN_NINE_BITS; r <= KN_PAIRED_BITS_MIXED; r++)
            test_quantise_bits((kn_rounding)r, sizes[n]);
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
        for (size_t t = 1; t <= 17; t++) {
            for (int way = 0; way < ways((kn_format)f); way++) {
                kn_rounding rounding = rounding_out((kn_format)f, way);
                for (int largest = 0; largest < 2; largest++) {
                    for (size_t every = 1; every <= 32; every *= 2) {
                        test_extremes(rounding, (kn_format)f, t, largest, 1, every);
                        test_extremes(rounding, (kn_format)f, t, largest, -1, every);
                    }
                }
            }
        }
        // Each number of tokens that has its own way of going through rows, and the first that has
        // not.
        for (size_t t = 1; t <= 17; t++) {
            test_out((kn_format)f, t, 20, 70, t % 2);
            test_out((kn_format)f, t, 107, 150, (t + 1) % 2);
            test_in((kn_format)f, t, 150, 102, t % 2);
        }
        // More rows than few tokens take in a turn, and so many that the runs of them, of int8 and
        // of int4, would start a multiple of 4 KiB apart.
        static const size_t few[] = {1, 2, 3, 8, 9, 16};
        for (size_t t = 0; t < sizeof few / sizeof *few; t++) {
            test_out((kn_format)f, few[t], 513, 70, 0);
            test_out((kn_format)f, few[t], 1100, 40, 1);
            test_out((kn_format)f, few[t], 512, 64, 0);
        }
        test_out((kn_format)f, 3, 512, 1024, 0);
        // More columns than a panel is deep, more tokens than a round, more rows than a strip waits
        // for, more than share a scale.
        test_out((kn_format)f, 5, 19, 2003, 0);
        test_out((kn_format)f, 20, 19, 2003, 1);
        // Rows too wide for the activations of a few tokens to wait beside them.
        test_out((kn_format)f, 2, 5, 8300, 0);
        test_out((kn_format)f, 5, 19, 8300, 1);
        test_out((kn_format)f, 300, 35, 65, 1);
        test_in((kn_format)f, 7, 900, 77, 0);
        test_in((kn_format)f, 300, 70, 131, 1);
        test_in((kn_format)f, 2, 300, 4100, 1);
        test_in((kn_format)f, 6, 40, 1100, 1);
        test_in((kn_format)f, 6, 8300, 40, 0);
        test_in((kn_format)f, 3, 700, 40, 0);
        test_out((kn_format)f, 1, 9, 1100, 1);
    }
    printf("%-7s %s\n", K->name, failures == failed ? "passed" : "FAILED");
}

int main(int argc, char **argv) { return run_tables(argc, argv, test_table); }
