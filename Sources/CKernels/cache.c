// Filling the KV cache: scattered stores, a row a token, for which vectors are of no use.
#include "internal.h"

void kn_store_key_value(kn_format format, void *keys, void *values, size_t slot, const float *key,
                        const float *value, size_t head_dim) {
    for (size_t j = 0; j < head_dim; j++) {
        size_t k = kn_key_entry(format, slot, j, head_dim);
        size_t v = kn_value_entry(format, slot, j, head_dim);
        if (format == KN_BF16) {
            ((uint16_t *)keys)[k] = kn_to_bf16(key[j]);
            ((uint16_t *)values)[v] = kn_to_bf16(value[j]);
        } else {
            ((float *)keys)[k] = key[j];
            ((float *)values)[v] = value[j];
        }
    }
}
