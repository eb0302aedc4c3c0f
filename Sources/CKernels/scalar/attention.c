// The specification of attention: an online softmax, key by key.
#include "../internal.h"
#include <math.h>

void kn_scalar_attention(float *out, size_t ldo, const float *q, size_t ldq, size_t queries,
                         size_t first_position, size_t window, const float *k, const float *v,
                         size_t block_stride, size_t block_size, const int32_t *block_table,
                         size_t head_dim, float scale) {
    for (size_t t = 0; t < queries; t++) {
        float sums[KN_MAX_HEAD_DIM] = {0}; // apart from out, which may be q
        float largest = -INFINITY, total = 0.0f;
        for (size_t p = kn_first_key(first_position + t, window); p <= first_position + t; p++) {
            size_t offset =
                (size_t)block_table[p / block_size] * block_stride + (p % block_size) * head_dim;
            float score = 0.0f;
            for (size_t j = 0; j < head_dim; j++) score += q[t * ldq + j] * k[offset + j];
            score *= scale;
            if (score > largest) {
                float factor = expf(largest - score);
                total *= factor;
                for (size_t j = 0; j < head_dim; j++) sums[j] *= factor;
                largest = score;
            }
            float weight = expf(score - largest);
            total += weight;
            for (size_t j = 0; j < head_dim; j++) sums[j] += weight * v[offset + j];
        }
        for (size_t j = 0; j < head_dim; j++) out[t * ldo + j] = sums[j] / total;
    }
}
