#include "../internal.h"
#if KN_X86

// clang-format off
#include "vector.h"
#include "../simd/exponential.inc"
#include "../simd/activation.inc"
#include "../simd/tiles.inc"
#include "../simd/products.inc"
// clang-format on

#endif
