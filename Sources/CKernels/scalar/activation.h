// What a gated unit applies to its gate.
#ifndef CKERNELS_SCALAR_ACTIVATION_H
#define CKERNELS_SCALAR_ACTIVATION_H

#include "../internal.h"
#include <math.h>

/// silu, or the tanh form of GELU: 0.5 * x * (1 + tanh(u)) is x / (1 + exp(-2u)).
static inline float kn_activate(float gate, kn_activation activation) {
    float argument = gate;
    if (activation == KN_GELU) argument = 1.5957691216f * (gate + 0.044715f * gate * gate * gate);
    return gate / (1.0f + expf(-argument));
}

#endif
