#include "../internal.h"
#if KN_X86

// clang-format off
#include "vector.h"
#include "../simd/exponential.inc"
#include "../simd/rowwise.inc"
#include "../simd/elementwise.inc"
// clang-format on

#endif
