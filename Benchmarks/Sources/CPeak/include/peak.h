// What one core can do at most, measured with the instructions that the kernels use.
#ifndef PEAK_H
#define PEAK_H

#include <stddef.h>

/// Instructions that multiply and add.
typedef enum {
    PEAK_FMA_AVX2,   // vfmadd on 8 floats
    PEAK_FMA_AVX512, // vfmadd on 16 floats
    PEAK_BF16,       // vdpbf16ps: 32 products of bf16
    PEAK_PAIRS_AVX2, // vpmaddwd and vpaddd: 16 products of int16
    PEAK_BYTES_AVX2, // vpmaddubsw and vpaddw: 32 products of int8
    PEAK_PAIRS_VNNI, // vpdpwssd: 32 products of int16
    PEAK_BYTES_VNNI, // vpdpbusd: 64 products of int8
} peak_instruction;

/// Whether this CPU has it.
int peak_available(peak_instruction instruction);

/// Multiplies and adds on registers alone, `rounds` times over; returns the number of operations (a
/// product and its sum are two), 0 where the CPU lacks the instruction.
double peak_compute(peak_instruction instruction, size_t rounds);

/// Reads `bytes` bytes in four streams, and returns a number that depends on all of them.
long peak_read(const void *data, size_t bytes);

/// CPU time of the calling thread, in seconds.
double peak_thread_seconds(void);

/// Wall time, in seconds.
double peak_wall_seconds(void);

#endif
