// Chooses the table for the CPU.
#include "internal.h"

static const kn_kernels scalar_table = KN_TABLE(scalar, KN_ISA_SCALAR, "scalar", KN_EIGHT_BITS);
#if KN_X86
static const kn_kernels avx2_table = KN_TABLE(avx2, KN_ISA_AVX2, "avx2", KN_PAIRED_BITS);
static const kn_kernels avx512_table = KN_TABLE(avx512, KN_ISA_AVX512, "avx512", KN_EIGHT_BITS);
static const kn_kernels avx512_bf16_table =
    KN_TABLE_WITH(avx512, avx512_bf16, KN_ISA_AVX512, "avx512-bf16", KN_EIGHT_BITS, 1);

/// Whether pairs of bf16 are the faster way to multiply bf16. AMD's CPUs (Zen 4) do as many
/// vdpbf16ps a cycle as fused multiply-adds, each of twice the products. Intel's leave bf16 to AMX
/// and do a quarter as many (Emerald Rapids: 1.34 in a nanosecond, and 5.4), so there entries are
/// widened.
static int pairs_are_faster(void) {
    return __builtin_cpu_supports("avx512bf16") && !__builtin_cpu_is("intel");
}
#endif

const kn_kernels *kn_kernels_for(kn_isa isa) {
    switch (isa) {
    case KN_ISA_SCALAR:
        return &scalar_table;
#if KN_X86
    case KN_ISA_AVX2:
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &avx2_table;
        return NULL;
    case KN_ISA_AVX512:
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vnni"))
            return pairs_are_faster() ? &avx512_bf16_table : &avx512_table;
        return NULL;
#endif
    default:
        return NULL;
    }
}

const kn_kernels *kn_kernels_native(void) {
    const kn_kernels *table = kn_kernels_for(KN_ISA_AVX512);
    if (!table) table = kn_kernels_for(KN_ISA_AVX2);
    return table ? table : &scalar_table;
}
