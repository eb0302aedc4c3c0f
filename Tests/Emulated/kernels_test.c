// Tests every table of kernels on floats: the values against double precision, and that they do not
// depend on how a call is put together. Buffers are of exact size, for the address sanitizer to
// guard, and start one element past an allocation, hence unaligned.
#include "harness.h"

static const char *const format_names[] = {"f32", "bf16"};

static kn_weight random_weight(kn_format format, size_t rows, size_t columns) {
    kn_weight w = {.format = format, .columns = columns};
    size_t n = rows * columns;
    if (format == KN_F32) w.data = random_floats(n);
    if (format == KN_BF16) {
        uint16_t *p = take(n, 2);
        for (size_t i = 0; i < n; i++) {
            float x = (float)random_unit();
            uint32_t bits;
            memcpy(&bits, &x, 4);
            p[i] = (uint16_t)(bits >> 16);
        }
        w.data = p;
    }
    return w;
}
static double entry(const kn_weight *w, size_t row, size_t j) {
    size_t i = row * w->columns + j;
    if (w->format == KN_F32) return ((const float *)w->data)[i];
    return kn_from_bf16(((const uint16_t *)w->data)[i]);
}

// MARK: - Products

/// An activation as the table multiplies it with weights of a format.
static double seen(kn_format format, float x) {
    return format == KN_BF16 && K->rounds_to_bf16 ? kn_from_bf16(kn_to_bf16(x)) : x;
}

static double silu(double x) { return x / (1 + exp(-x)); }

static void test_out(kn_format format, size_t tokens, size_t rows, size_t columns, int selected) {
    int mark = allocation_count;
    size_t ldx = columns + 3, count = selected ? (rows + 1) / 2 : rows, ldo = count + 2;
    float *x = random_floats(tokens ? (tokens - 1) * ldx + columns : 0);
    kn_weight w = random_weight(format, rows, columns), up = random_weight(format, rows, columns);
    int32_t *kept = take(rows, sizeof(int32_t));
    for (size_t i = 0; i < rows; i++) kept[i] = (int32_t)((i * 7 + 3) % (rows ? rows : 1));
    const int32_t *list = selected ? kept : NULL;
    size_t size = tokens ? (tokens - 1) * ldo + count : 0;
    float *out = random_floats(size), *gated = random_floats(size);
    float *before = copy(out, size);
    K->select_out(out, ldo, x, ldx, tokens, &w, list, 0, count);
    K->gated_unit(gated, ldo, x, ldx, tokens, &w, &up, KN_SILU, list, 0, count);
    for (size_t t = 0; t < tokens; t++) {
        for (size_t i = 0; i < ldo && t * ldo + i < size; i++) {
            if (i >= count) { // the gap between two rows is left alone
                expect_same("select_out's gap", out + t * ldo + i, before + t * ldo + i, 1);
                continue;
            }
            size_t row = selected ? (size_t)kept[i] : i;
            double sum = 0, magnitude = 0, u = 0, up_magnitude = 0;
            for (size_t j = 0; j < columns; j++) {
                double a = seen(format, x[t * ldx + j]);
                sum += a * entry(&w, row, j);
                magnitude += fabs(a * entry(&w, row, j));
                u += a * entry(&up, row, j);
                up_magnitude += fabs(a * entry(&up, row, j));
            }
            expect_near("select_out", out[t * ldo + i], sum, bound(magnitude, columns));
            // |silu'| < 1.1 and |silu(x)| <= |x|
            double within = 1.1 * bound(magnitude, columns) * fabs(u) +
                            fabs(silu(sum)) * bound(up_magnitude, columns) +
                            fabs(silu(sum) * u) * 16 * 0x1p-24 + 1e-30;
            within += 1.1 * bound(magnitude, columns) * bound(up_magnitude, columns);
            expect_near("gated_unit", gated[t * ldo + i], silu(sum) * u, within);
        }
    }
    // Each pair alone, as another token count, list and position.
    for (size_t t = 0; t < tokens; t++) {
        for (size_t i = 0; i < count; i += 1 + i / 4) {
            float one;
            const int32_t *here = list ? list + i : NULL;
            K->select_out(&one, 1, x + t * ldx, ldx, 1, &w, here, i, 1);
            expect_same("select_out alone", &one, out + t * ldo + i, 1);
            K->gated_unit(&one, 1, x + t * ldx, ldx, 1, &w, &up, KN_SILU, here, i, 1);
            expect_same("gated_unit alone", &one, gated + t * ldo + i, 1);
        }
        float *row = take(count, sizeof(float));
        K->select_out(row, count, x + t * ldx, ldx, 1, &w, list, 0, count);
        expect_same("select_out of one token", row, out + t * ldo, count);
        K->gated_unit(row, count, x + t * ldx, ldx, 1, &w, &up, KN_SILU, list, 0, count);
        expect_same("gated_unit of one token", row, gated + t * ldo, count);
        release(allocation_count - 1);
    }
    // A full list in order is no list; and a part from `first` on is the part of the whole.
    if (!selected && rows > 0) {
        for (size_t i = 0; i < rows; i++) kept[i] = (int32_t)i;
        float *listed = copy(before, size);
        K->select_out(listed, ldo, x, ldx, tokens, &w, kept, 0, count);
        expect_same("select_out with a full list", listed, out, size);
        float *split = copy(before, size);
        K->select_out(split, ldo, x, ldx, tokens, &w, NULL, 0, count / 3);
        K->select_out(split + count / 3, ldo, x, ldx, tokens, &w, NULL, count / 3,
                      count - count / 3);
        expect_same("select_out in two parts", split, out, size);
    }
    release(mark);
}

static void test_in(kn_format format, size_t tokens, size_t rows, size_t columns, int selected) {
    int mark = allocation_count;
    size_t count = selected ? (rows + 1) / 2 : rows, ldx = count + 1, ldy = columns + 5;
    float *x = random_floats(tokens ? (tokens - 1) * ldx + count : 0);
    kn_weight w = random_weight(format, rows, columns);
    int32_t *kept = take(rows, sizeof(int32_t));
    for (size_t i = 0; i < rows; i++) kept[i] = (int32_t)((i * 7 + 3) % (rows ? rows : 1));
    const int32_t *list = selected ? kept : NULL;
    size_t size = tokens ? (tokens - 1) * ldy + columns : 0;
    float *before = random_floats(size), *y = copy(before, size);
    K->select_in(y, ldy, x, ldx, tokens, &w, list, count, 0, columns);
    for (size_t t = 0; t < tokens; t++) {
        for (size_t j = 0; j < ldy && t * ldy + j < size; j++) {
            if (j >= columns) {
                expect_same("select_in's gap", y + t * ldy + j, before + t * ldy + j, 1);
                continue;
            }
            double sum = before[t * ldy + j], magnitude = fabs(sum);
            for (size_t i = 0; i < count; i++) {
                double a = seen(format, x[t * ldx + i]);
                double p = a * entry(&w, selected ? (size_t)kept[i] : i, j);
                sum += p;
                magnitude += fabs(p);
            }
            expect_near("select_in", y[t * ldy + j], sum, bound(magnitude, count + 1));
        }
        float *row = copy(before + t * ldy, columns);
        K->select_in(row, ldy, x + t * ldx, ldx, 1, &w, list, count, 0, columns);
        expect_same("select_in of one token", row, y + t * ldy, columns);
        release(allocation_count - 1);
    }
    float *split = copy(before, size);
    size_t cuts[] = {0, columns / 5, columns / 2 + 1 < columns ? columns / 2 + 1 : columns,
                     columns};
    for (int c = 0; c < 3; c++) {
        if (cuts[c + 1] > cuts[c])
            K->select_in(split, ldy, x, ldx, tokens, &w, list, count, cuts[c],
                         cuts[c + 1] - cuts[c]);
    }
    expect_same("select_in in parts", split, y, size);
    if (!selected && rows > 0) {
        for (size_t i = 0; i < rows; i++) kept[i] = (int32_t)i;
        float *listed = copy(before, size);
        K->select_in(listed, ldy, x, ldx, tokens, &w, kept, count, 0, columns);
        expect_same("select_in with a full list", listed, y, size);
    }
    release(mark);
}

// MARK: - Rows

static void test_rows(size_t n) {
    int mark = allocation_count;
    float *x = random_floats(n), *weight = random_floats(n), *out = random_floats(n);
    double squares = 0;
    for (size_t i = 0; i < n; i++) squares += (double)x[i] * x[i];
    expect_near("squared_norm", K->squared_norm(x, n), squares, bound(squares, n));
    K->rms_norm(out, x, weight, n, 1e-5f);
    for (size_t i = 0; i < n; i++) {
        double expected = x[i] / sqrt(squares / (double)n + (double)1e-5f) * weight[i];
        expect_near("rms_norm", out[i], expected, bound(fabs(expected), n));
    }
    float *place = copy(x, n);
    K->rms_norm(place, place, weight, n, 1e-5f);
    expect_same("rms_norm in place", place, out, n);

    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; i++) mean += (double)x[i] / (double)n;
    for (size_t i = 0; i < n; i++) variance += (x[i] - mean) * (x[i] - mean) / (double)n;
    float *shift = random_floats(n), *added = copy(x, n), *scaled = copy(x, n), *cut = copy(x, n);
    K->layer_norm(out, x, weight, shift, n, 1e-5f);
    K->add(added, shift, n);
    K->scale(scaled, 3, n);
    K->relu(cut, n);
    for (size_t i = 0; i < n; i++) {
        double normal = (x[i] - mean) / sqrt(variance + (double)1e-5f) * weight[i];
        expect_near("layer_norm", out[i], normal + shift[i],
                    (fabs(normal) + fabs(shift[i])) * 0x1p-21);
        float expected[] = {x[i] + shift[i], x[i] * 3, x[i] > 0 ? x[i] : 0};
        expect_same("add", added + i, expected, 1);
        expect_same("scale", scaled + i, expected + 1, 1);
        expect_same("relu", cut + i, expected + 2, 1);
    }

    float *mixed = take(n, sizeof(float)), *back = take(n, sizeof(float));
    K->mix(mixed, x, n);
    K->mix(back, mixed, n);
    for (size_t i = 0; i < n; i++) {
        size_t first = i / KN_MIXED * KN_MIXED, row = i % KN_MIXED;
        double value = 0;
        for (size_t j = 0; first + KN_MIXED <= n && j < KN_MIXED; j++)
            value += (__builtin_popcountll(row & j) % 2 ? -x[first + j] : x[first + j]) * 0.125;
        if (first + KN_MIXED > n) value = x[i];
        expect_near("mix", mixed[i], value, bound(8, 6));
        expect_near("mix twice", back[i], x[i], bound(8, 12));
    }
    kn_kernels_for(KN_ISA_SCALAR)->mix(back, x, n);
    expect_same("mix", mixed, back, n);
    memcpy(back, x, n * sizeof *back);
    K->mix(back, back, n);
    expect_same("mix in place", mixed, back, n);

    float *sum = copy(weight, n);
    K->add_squares(sum, x, n);
    for (size_t i = 0; i < n; i++) {
        double expected = weight[i] + (double)x[i] * x[i];
        expect_near("add_squares", sum[i], expected, bound(fabs(weight[i]) + 1, 1));
    }

    float *p = random_floats(n), *g = random_floats(n), *total = copy(x, n);
    for (size_t i = 0; i < n; i++) {
        p[i] = i % 5 ? fabsf(p[i]) : 0;
        g[i] = i % 3 ? fabsf(g[i]) : 0;
    }
    K->fuse_importance(total, p, g, n);
    for (size_t i = 0; i < n; i++) {
        double r = p[i] / ((double)p[i] + g[i] + 1e-6);
        expect_near("fuse_importance", total[i], x[i] + (1 - r) * g[i] + r * p[i], bound(3, 1));
    }

    for (float spread = 1; spread <= 1000; spread *= 10) {
        double terms = 0;
        float *y = copy(x, n);
        for (size_t i = 0; i < n; i++) terms += exp((double)(y[i] *= spread) - spread);
        double expected = log(terms) + spread;
        float got = K->log_sum_exp(y, n);
        if (n == 0) {
            if (!(isinf(got) && got < 0)) fail("log_sum_exp of none", got, -INFINITY, 0);
        } else if (terms > 0) {
            expect_near("log_sum_exp", got, expected, (fabs(expected) + 16 + (double)n) * 0x1p-24);
        }
        release(allocation_count - 1);
    }
    if (n > 2) {
        x[1] = -INFINITY;
        float *y = copy(x, n);
        for (size_t i = 1; i < n; i++) y[i] = -INFINITY;
        expect_near("log_sum_exp of one", K->log_sum_exp(y, n), y[0], fabs(y[0]) * 0x1p-23);
        y[0] = -INFINITY;
        float got = K->log_sum_exp(y, n);
        if (!(isinf(got) && got < 0)) fail("log_sum_exp of -infinity", got, -INFINITY, 0);
    }

    for (int f = KN_F32; f <= KN_BF16; f++) {
        kn_weight w = random_weight((kn_format)f, 3, n);
        for (size_t row = 0; row < 3; row++) {
            K->expand_row(out, &w, row);
            for (size_t i = 0; i < n; i++) {
                float expected = (float)entry(&w, row, i);
                expect_same("expand_row", out + i, &expected, 1);
            }
        }
    }
    release(mark);
}

static void test_rotation(size_t heads, size_t head_dim) {
    int mark = allocation_count;
    float *x = random_floats(heads * head_dim), *y = copy(x, heads * head_dim);
    float *z = copy(x, heads * head_dim);
    // Less than a whole head is rotated where it is wide enough.
    size_t pairs = head_dim > 8 ? head_dim / 2 - 1 : head_dim / 2;
    float *c = random_floats(pairs), *s = random_floats(pairs);
    K->rotate(y, heads, head_dim, pairs, c, s);
    K->rotate_halves(z, heads, head_dim, pairs, c, s);
    for (size_t h = 0; h < heads; h++) {
        const float *from = x + h * head_dim, *to = y + h * head_dim, *half = z + h * head_dim;
        for (size_t i = 0; i < pairs; i++) {
            double a = from[2 * i], b = from[2 * i + 1];
            expect_near("rotate", to[2 * i], a * c[i] - b * s[i], bound(2, 2));
            expect_near("rotate", to[2 * i + 1], a * s[i] + b * c[i], bound(2, 2));
            a = from[i], b = from[i + pairs];
            expect_near("rotate_halves", half[i], a * c[i] - b * s[i], bound(2, 2));
            expect_near("rotate_halves", half[i + pairs], a * s[i] + b * c[i], bound(2, 2));
        }
        expect_same("rotate beyond", to + 2 * pairs, from + 2 * pairs, head_dim - 2 * pairs);
        expect_same("halves beyond", half + 2 * pairs, from + 2 * pairs, head_dim - 2 * pairs);
    }
    release(mark);
}

// MARK: -

static void test_table(const kn_kernels *table) {
    static const size_t sizes[] = {0, 1, 3, 7, 17, 33, 65, 100};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    K = table;
    int failed = failures;
    for (int f = KN_F32; f <= KN_BF16; f++) {
        int before = failures;
        for (int t = 0; t < SIZES; t++) {
            for (int r = 0; r < SIZES; r++) {
                for (int c = 1; c < SIZES; c++) {
                    // All triples of the small sizes, and of the others a fifth.
                    if (t + r + c > 9 && (t + 2 * r + 3 * c) % 5) continue;
                    test_out((kn_format)f, sizes[t], sizes[r], sizes[c], (t + c) % 2);
                    test_in((kn_format)f, sizes[t], sizes[r], sizes[c], (t + c) % 2);
                }
            }
        }
        // Rows too wide for a buffer, more rows than a chunk, and strips of every width.
        test_out((kn_format)f, 9, 13, 5003, 0);
        test_out((kn_format)f, 9, 5, 9001, 1);
        test_in((kn_format)f, 13, 700, 77, 0);
        test_in((kn_format)f, 13, 700, 131, 1);
        test_in((kn_format)f, 1, 300, 211, 1);
        // More than is rounded to bf16 at a time, and wider than that.
        test_in((kn_format)f, 13, 10007, 5, 0);
        test_out((kn_format)f, 2, 3, 50001, 0);
        if (failures > before) printf("  %s: the products of %s fail\n", K->name, format_names[f]);
    }
    for (int n = 0; n < SIZES; n++) test_rows(sizes[n]);
    test_rows(5000);
    for (size_t d = 2; d <= 80; d += 6) test_rotation(d % 5 + 1, d);
    printf("%-7s %s\n", K->name, failures == failed ? "passed" : "FAILED");
}

int main(int argc, char **argv) { return run_tables(argc, argv, test_table); }
