// Tests every table's attention: the values against double precision, and that they do not depend
// on how a call is put together. Buffers are as in kernels_test.c.
#include "harness.h"

/// Entry j of the key or of the value at a position.
static double cached(const kn_keys *cache, const int32_t *table, int value, size_t p, size_t j,
                     size_t head_dim) {
    size_t slot = p % cache->block_size;
    size_t start = (size_t)table[p / cache->block_size] * cache->block_stride;
    size_t entry = value ? kn_value_entry(cache->format, slot, j, head_dim)
                         : kn_key_entry(cache->format, slot, j, head_dim);
    const void *entries = value ? cache->values : cache->keys;
    if (cache->format == KN_F32) return ((const float *)entries)[start + entry];
    uint16_t bits;
    memcpy(&bits, (const uint16_t *)entries + start + entry, sizeof bits);
    return kn_from_bf16(bits);
}

/// The blocks that so many keys take, from the last to the first.
static int32_t *blocks_backwards(size_t count) {
    int32_t *table = take(count, sizeof(int32_t));
    for (size_t b = 0; b < count; b++) table[b] = (int32_t)(count - 1 - b);
    return table;
}

/// Blocks of random keys and values, the last of which holds garbage beyond the last key.
static kn_keys random_keys(kn_format format, size_t keys, const int32_t *table, size_t block_size,
                           size_t heads, size_t head_dim) {
    size_t blocks = (keys + block_size - 1) / block_size;
    size_t size = block_size * kn_value_stride(head_dim), stride = 2 * size + 16;
    size_t entry = format == KN_BF16 ? sizeof(uint16_t) : sizeof(float);
    char *k = take((blocks - 1) * stride + size, entry);
    char *v = take((blocks - 1) * stride + size, entry);
    memset(k, 0xFF, ((blocks - 1) * stride + size) * entry); // NaN
    memset(v, 0xFF, ((blocks - 1) * stride + size) * entry);
    for (size_t p = 0; p < keys; p++) {
        float key[KN_MAX_HEAD_DIM], value[KN_MAX_HEAD_DIM];
        for (size_t j = 0; j < head_dim; j++) {
            key[j] = (float)random_unit();
            value[j] = (float)random_unit();
        }
        size_t start = (size_t)table[p / block_size] * stride * entry;
        // What fills a head up is 0 in a fresh mapping.
        if (p % 2 == 0) {
            for (size_t j = head_dim; j < kn_value_stride(head_dim); j++) {
                size_t at = kn_value_entry(format, p % block_size, j, head_dim);
                memset(v + start + at * entry, 0, entry);
            }
        }
        kn_store_key_value(format, k + start, v + start, p % block_size, key, value, head_dim);
    }
    return (kn_keys){format, k, v, stride, block_size, heads};
}

static void test_attention(kn_format format, size_t queries, size_t heads, size_t first,
                           size_t window, size_t block_size, size_t head_dim, float spread) {
    int mark = allocation_count;
    size_t keys = first + queries, ld = heads * head_dim + 4;
    float scale = spread / sqrtf((float)head_dim);
    int rounds = K->rounds_to_bf16 && format == KN_BF16;
    size_t size = (queries - 1) * ld + heads * head_dim;
    float *q = random_floats(size), *out = random_floats(size);
    int32_t *table = blocks_backwards((keys + block_size - 1) / block_size);
    kn_keys cache = random_keys(format, keys, table, block_size, heads, head_dim);
    K->attention(out, ld, q, ld, queries, first, window, &cache, 1, table, head_dim, scale);
    double *score = take(keys, sizeof(double));
    score = memmove((char *)score - 8, score, 0); // aligned again, for doubles
    for (size_t i = 0; i < queries * heads; i++) {
        size_t r = i / heads, at = r * ld + i % heads * head_dim;
        double largest = -INFINITY, total = 0;
        size_t oldest = window && first + r + 1 > window ? first + r + 1 - window : 0;
        for (size_t p = oldest; p <= first + r; p++) {
            score[p] = 0;
            for (size_t j = 0; j < head_dim; j++) {
                float scaled = q[at + j] * scale;
                if (rounds) scaled = kn_from_bf16(kn_to_bf16(scaled));
                score[p] += scaled * cached(&cache, table, 0, p, j, head_dim);
            }
            largest = fmax(largest, score[p]);
        }
        for (size_t p = oldest; p <= first + r; p++) total += score[p] = exp(score[p] - largest);
        for (size_t j = 0; j < head_dim; j++) {
            double sum = 0, magnitude = 0;
            for (size_t p = oldest; p <= first + r; p++) {
                double term = score[p] * cached(&cache, table, 1, p, j, head_dim);
                sum += term;
                magnitude += fabs(term);
            }
            // A score is off by a rounding of at most spread*sqrt(head_dim) in head_dim terms,
            // which its weight takes over; the rest is as for a sum over keys and the total.
            double drift = 4 * spread * sqrt((double)head_dim) * (8.0 + (double)head_dim) * 0x1p-24;
            // Weights that are rounded to bf16 are off by 2^-9, and so is their total.
            if (rounds) drift += 2 * 0x1p-9;
            double within = magnitude / total * (drift + (32.0 + 2 * (double)keys) * 0x1p-24);
            expect_near("attention", out[at + j], sum / total, within + 1e-37);
        }
        float *one = take(head_dim, sizeof(float));
        kn_keys alone = cache;
        alone.heads = 1;
        K->attention(one, ld, q + at, ld, 1, first + r, window, &alone, 1, table, head_dim, scale);
        expect_same("attention of one query and head", one, out + at, head_dim);
        release(allocation_count - 1);
    }
    K->attention(q, ld, q, ld, queries, first, window, &cache, 1, table, head_dim, scale);
    for (size_t r = 0; r < queries; r++)
        expect_same("attention in place", q + r * ld, out + r * ld, heads * head_dim);
    release(mark);
}

/// Several key-value heads in one call, with `heads[c]` query heads each, against a call for each.
static void test_together(kn_format format, size_t queries, const size_t *heads, size_t count,
                          size_t first, size_t window, size_t head_dim) {
    int mark = allocation_count;
    size_t total = 0, keys = first + queries;
    for (size_t c = 0; c < count; c++) total += heads[c];
    size_t ld = total * head_dim + 4, size = (queries - 1) * ld + total * head_dim;
    float *q = random_floats(size), *out = random_floats(size), *alone = random_floats(size);
    int32_t *table = blocks_backwards((keys + 15) / 16);
    kn_keys cache[16];
    for (size_t c = 0; c < count; c++)
        cache[c] = random_keys(format, keys, table, 16, heads[c], head_dim);
    K->attention(out, ld, q, ld, queries, first, window, cache, count, table, head_dim, 0.5f);
    for (size_t c = 0, at = 0; c < count; at += heads[c++] * head_dim)
        K->attention(alone + at, ld, q + at, ld, queries, first, window, cache + c, 1, table,
                     head_dim, 0.5f);
    for (size_t r = 0; r < queries; r++)
        expect_same("attention of several heads", out + r * ld, alone + r * ld, total * head_dim);
    release(mark);
}

static void test_table(const kn_kernels *table) {
    K = table;
    int failed = failures;
    static const size_t widths[] = {1, 8, 10, 64, 80};
    static const size_t blocks[] = {16, 48, 64};
    static const size_t firsts[] = {0, 1, 15, 62, 130};
    static const size_t counts[] = {1, 2, 5, 13};
    for (int h = 0; h < 5; h++) {
        for (int b = 0; b < 3; b++) {
            for (int p = 0; p < 5; p++) {
                for (int q = 0; q < 4; q++) {
                    kn_format format = (h + b + p + q) % 2 ? KN_BF16 : KN_F32;
                    size_t heads = (size_t)(1 + (h + p) % 4), n = counts[q], first = firsts[p];
                    test_attention(format, n, heads, first, 0, blocks[b], widths[h], 1);
                    test_attention(format, n, heads, first, 0, blocks[b], widths[h], 30);
                    test_attention(format, n, heads, first, 1, blocks[b], widths[h], 30);
                    test_attention(format, n, heads, first, 61, blocks[b], widths[h], 1);
                }
            }
        }
    }
    for (kn_format format = KN_F32; format <= KN_BF16; format++) {
        test_attention(format, 70, 1, 0, 0, 16, 64, 1);
        test_attention(format, 140, 3, 0, 7, 16, 64, 1);
        test_attention(format, 13, 3, 70, 0, 16, 160, 1);
        test_attention(format, 3, 2, 70, 0, 16, KN_MAX_HEAD_DIM, 1);
    }
    static const size_t even[] = {3, 3, 3}, mixed[] = {1, 6, 2, 8, 7, 1, 1, 1, 1, 1, 1, 1, 3, 2};
    for (kn_format format = KN_F32; format <= KN_BF16; format++) {
        for (size_t n = 1; n <= 3; n++) {
            test_together(format, n, even, 3, 150, 0, 64);
            test_together(format, n, even, 3, 150, 70, 33);
            test_together(format, n, mixed, sizeof mixed / sizeof *mixed, 20 * n, 0, 17);
            test_together(format, n, mixed, sizeof mixed / sizeof *mixed, 200, 9, 80);
        }
    }
    printf("%-7s %s\n", K->name, failures == failed ? "passed" : "FAILED");
}

int main(int argc, char **argv) { return run_tables(argc, argv, test_table); }
