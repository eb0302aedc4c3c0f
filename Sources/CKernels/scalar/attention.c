// The specification of attention: an online softmax, key by key.
#include "../internal.h"
#include <math.h>

static float load(kn_format format, const void *entries, size_t i) {
    return format == KN_BF16 ? kn_from_bf16(((const uint16_t *)entries)[i])
                             : ((const float *)entries)[i];
}

/// One query over the keys from `first` to `last`; out may be q.
static void attend(float *out, const float *q, size_t first, size_t last, const kn_keys *cache,
                   const int32_t *block_table, size_t head_dim, float scale) {
    float sums[KN_MAX_HEAD_DIM] = {0};
    float largest = -INFINITY, total = 0.0f;
    size_t entry = cache->format == KN_BF16 ? sizeof(uint16_t) : sizeof(float);
    for (size_t p = first; p <= last; p++) {
        size_t start = (size_t)block_table[p / cache->block_size] * cache->block_stride;
        const char *keys = (const char *)cache->keys + start * entry;
        const char *values = (const char *)cache->values + start * entry;
        size_t slot = p % cache->block_size;
        float score = 0.0f;
        for (size_t j = 0; j < head_dim; j++) {
            size_t at = kn_key_entry(cache->format, slot, j, head_dim);
            score += q[j] * load(cache->format, keys, at);
        }
        score *= scale;
        if (score > largest) {
            float factor = expf(largest - score);
            total *= factor;
            for (size_t j = 0; j < head_dim; j++) sums[j] *= factor;
            largest = score;
        }
        float weight = expf(score - largest);
        total += weight;
        for (size_t j = 0; j < head_dim; j++) {
            size_t at = kn_value_entry(cache->format, slot, j, head_dim);
            sums[j] += weight * load(cache->format, values, at);
        }
    }
    for (size_t j = 0; j < head_dim; j++) out[j] = sums[j] / total;
}

void kn_scalar_attention(float *out, size_t ldo, const float *q, size_t ldq, size_t queries,
                         size_t first_position, size_t window, const kn_keys *cache, size_t count,
                         const int32_t *block_table, size_t head_dim, float scale) {
    size_t column = 0;
    for (size_t c = 0; c < count; c++) {
        for (size_t h = 0; h < cache[c].heads; h++, column += head_dim) {
            for (size_t t = 0; t < queries; t++) {
                size_t last = first_position + t;
                attend(out + t * ldo + column, q + t * ldq + column, kn_first_key(last, window),
                       last, cache + c, block_table, head_dim, scale);
            }
        }
    }
}
