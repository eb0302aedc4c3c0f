#include "../internal.h"
#if KN_X86

// clang-format off
#include "vector.h"
#include "../simd/exponential.inc"
#include "../simd/tiles.inc"
#include "../simd/attention.inc"
// clang-format on

#endif
