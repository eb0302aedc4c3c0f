// Attention where the CPU multiplies pairs of bf16 (vdpbf16ps): over a cache of bf16, queries and
// weights are rounded to bf16 as well.
#include "../internal.h"
#if KN_X86

// clang-format off
#include "bf16.h"
#undef KN_SET
#define KN_SET avx512_bf16
#include "../simd/exponential.inc"
#include "../simd/tiles.inc"
#include "../simd/attention.inc"
// clang-format on

#endif
