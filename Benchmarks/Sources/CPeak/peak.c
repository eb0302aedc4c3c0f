#include "peak.h"

#include <immintrin.h>
#include <stdint.h>
#include <time.h>

// Enough sums to hide the latency of one (4 or 5 cycles at two a cycle) on every CPU.
enum { SUMS = 12 };
#define UNROLL _Pragma("clang loop unroll(full)")
// Keeps a value in its register, and the compiler from computing the loop away.
#define KEEP(x) __asm__ volatile("" : "+v"(x))

int peak_available(peak_instruction instruction) {
    switch (instruction) {
    case PEAK_FMA_AVX2:
        return __builtin_cpu_supports("fma");
    case PEAK_PAIRS_AVX2:
    case PEAK_BYTES_AVX2:
        return __builtin_cpu_supports("avx2");
    case PEAK_FMA_AVX512:
        return __builtin_cpu_supports("avx512f");
    case PEAK_BF16:
        return __builtin_cpu_supports("avx512bf16");
    default:
        return __builtin_cpu_supports("avx512vnni");
    }
}

// One loop a kind of instruction: `step` adds to every sum.
#define LOOP(name, features, type, zero, step, operations)                                         \
    __attribute__((target(features))) static double name(size_t rounds) {                          \
        type sum[SUMS], a = zero, b = zero;                                                        \
        KEEP(a);                                                                                   \
        KEEP(b);                                                                                   \
        UNROLL for (int i = 0; i < SUMS; i++) sum[i] = zero;                                       \
        for (size_t r = 0; r < rounds; r++) {                                                      \
            UNROLL for (int i = 0; i < SUMS; i++) {                                                \
                sum[i] = step;                                                                     \
                KEEP(sum[i]);                                                                      \
            }                                                                                      \
        }                                                                                          \
        UNROLL for (int i = 0; i < SUMS; i++) KEEP(sum[i]);                                        \
        return (double)rounds * SUMS * (operations);                                               \
    }

LOOP(fma_avx2, "avx2,fma", __m256, _mm256_setzero_ps(), _mm256_fmadd_ps(a, b, sum[i]), 16)
LOOP(fma_avx512, "avx512f", __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(a, b, sum[i]), 32)
LOOP(bf16, "avx512f,avx512bf16", __m512, _mm512_setzero_ps(),
     _mm512_dpbf16_ps(sum[i], (__m512bh)a, (__m512bh)b), 64)
LOOP(pairs_vnni, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(),
     _mm512_dpwssd_epi32(sum[i], a, b), 64)
LOOP(bytes_vnni, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(),
     _mm512_dpbusd_epi32(sum[i], a, b), 128)

// The product has to be kept too, or the compiler makes it once for all rounds.
#define LOOP_AVX2(name, add, multiply, operations)                                                 \
    __attribute__((target("avx2"))) static double name(size_t rounds) {                            \
        __m256i sum[SUMS], a = _mm256_setzero_si256(), b = a;                                      \
        KEEP(b);                                                                                   \
        UNROLL for (int i = 0; i < SUMS; i++) sum[i] = _mm256_setzero_si256();                     \
        for (size_t r = 0; r < rounds; r++) {                                                      \
            UNROLL for (int i = 0; i < SUMS; i++) {                                                \
                KEEP(a);                                                                           \
                sum[i] = add(sum[i], multiply(a, b));                                              \
                KEEP(sum[i]);                                                                      \
            }                                                                                      \
        }                                                                                          \
        return (double)rounds * SUMS * (operations);                                               \
    }

LOOP_AVX2(pairs_avx2, _mm256_add_epi32, _mm256_madd_epi16, 32)
LOOP_AVX2(bytes_avx2, _mm256_add_epi16, _mm256_maddubs_epi16, 64)

double peak_compute(peak_instruction instruction, size_t rounds) {
    if (!peak_available(instruction)) return 0;
    switch (instruction) {
    case PEAK_FMA_AVX2:
        return fma_avx2(rounds);
    case PEAK_FMA_AVX512:
        return fma_avx512(rounds);
    case PEAK_BF16:
        return bf16(rounds);
    case PEAK_PAIRS_AVX2:
        return pairs_avx2(rounds);
    case PEAK_BYTES_AVX2:
        return bytes_avx2(rounds);
    case PEAK_PAIRS_VNNI:
        return pairs_vnni(rounds);
    default:
        return bytes_vnni(rounds);
    }
}

__attribute__((target("avx2"))) long peak_read(const void *data, size_t bytes) {
    size_t quarter = bytes / 4 / 64 * 64;
    __m256i sum[4];
    UNROLL for (int s = 0; s < 4; s++) sum[s] = _mm256_setzero_si256();
    for (size_t i = 0; i < quarter; i += 64) {
        UNROLL for (size_t s = 0; s < 4; s++) {
            const char *line = (const char *)data + s * quarter + i;
            __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)line);
            __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(line + 32));
            sum[s] = _mm256_add_epi64(sum[s], _mm256_xor_si256(low, high));
        }
    }
    __m256i all =
        _mm256_add_epi64(_mm256_add_epi64(sum[0], sum[1]), _mm256_add_epi64(sum[2], sum[3]));
    return _mm256_extract_epi64(all, 0) + _mm256_extract_epi64(all, 1) +
           _mm256_extract_epi64(all, 2) + _mm256_extract_epi64(all, 3);
}

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double peak_thread_seconds(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); }

double peak_wall_seconds(void) { return seconds(CLOCK_MONOTONIC); }
