#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The contract common to all kernels:
//
// - Activations are row-major f32; a stride (`ld…`) counts floats from one row to the next. No
//   pointer needs any alignment beyond that of its element type.
// - Only the elements named are read or written; there is no over-read, so a buffer may end where
//   its last element does. Outputs may not overlap inputs, unless the kernel says otherwise.
// - A count of zero is allowed: an output without elements is left alone, a sum of none is 0.
// - Within one instruction set and one format, the value of a (token, output) pair does not depend
//   on how many tokens, rows or columns the call covers, nor on how the caller splits the work.
//   Instruction sets may differ from each other by rounding.
// - Kernels neither allocate nor start threads, and use at most 160 KiB of stack.

/// The instruction sets that a table can be written for.
typedef enum { KN_ISA_SCALAR = 0, KN_ISA_AVX2 = 1, KN_ISA_AVX512 = 2 } kn_isa;

/// How the entries of a weight matrix are stored: f32, the upper half of an f32, or signed bytes in
/// groups that share a scale.
typedef enum { KN_F32 = 0, KN_BF16 = 1, KN_INT8 = 2 } kn_format;

/// Entries of int8 that share a scale: along the columns, so a pruned row never splits a group. As
/// many as in GGUF's blocks, whose range is thus kept.
#define KN_GROUP_SIZE 32

/// A group of int8 entries, which stand for entry * scale + offset. The offset makes blocks of 16
/// even levels (Q4_0, Q4_1) come out as they went in. A row's last group is filled up; what lies
/// beyond the row is never used.
typedef struct {
    float scale;
    float offset;
    int8_t entries[KN_GROUP_SIZE];
} kn_group;

/// A weight matrix: rows of `columns` contiguous entries each, one row after another. A row is an
/// array of float, of uint16_t, or of as many kn_group as its columns need, by format.
typedef struct {
    kn_format format;
    const void *data;
    size_t columns;
} kn_weight;

/// The kernels for one instruction set. Tables are constant and live as long as the process.
typedef struct {
    kn_isa isa;
    const char *name;

    /// out[t*ldo + i] = dot(x + t*ldx, row kept[i] of w), for t < tokens and i < count.
    ///
    /// With kept NULL, output i uses row first + i; otherwise `first` is not read. The rows of
    /// `kept` may be in any order and may repeat. x has w->columns floats a row.
    void (*select_out)(float *out, size_t ldo, const float *x, size_t ldx, size_t tokens,
                       const kn_weight *w, const int32_t *kept, size_t first, size_t count);

    /// y[t*ldy + j] += sum over i of x[t*ldx + i] * w[kept[i]][j], for t < tokens and j in
    /// [column, column + columns).
    ///
    /// i ascends over count, and each sum starts from what y holds. With kept NULL, entry i uses
    /// row i. y is indexed by j itself, thus [column, column + columns) of each row is touched.
    void (*select_in)(float *y, size_t ldy, const float *x, size_t ldx, size_t tokens,
                      const kn_weight *w, const int32_t *kept, size_t count, size_t column,
                      size_t columns);

    /// out[t*ldo + i] = silu(dot(x_t, gate row)) * dot(x_t, up row), rows chosen as in select_out.
    ///
    /// gate and up have the same number of columns; their formats may differ. The dot products are
    /// those of select_out to the bit.
    void (*gated_unit)(float *out, size_t ldo, const float *x, size_t ldx, size_t tokens,
                       const kn_weight *gate, const kn_weight *up, const int32_t *kept,
                       size_t first, size_t count);

    /// Causal attention of `queries` consecutive queries (rows ldq apart) of one query head over
    /// the blocks of one sequence; the output rows have head_dim floats and are ldo apart.
    ///
    /// Query r has position first_position + r and sees the keys 0 to that, both included. Key p
    /// is at k + block_table[p / block_size]*block_stride + (p % block_size)*head_dim, its value
    /// likewise in v: both are already offset to the layer and the head. Of the table, no entry
    /// beyond the last query's position is read. A score is dot(q, k) * scale. head_dim <= 512,
    /// block_size >= 1, and keys and values are finite. out may be q itself with ldo == ldq.
    void (*attention)(float *out, size_t ldo, const float *q, size_t ldq, size_t queries,
                      size_t first_position, const float *k, const float *v, size_t block_stride,
                      size_t block_size, const int32_t *block_table, size_t head_dim, float scale);

    /// out[i] = x[i] / sqrt(mean of the squares of x + epsilon) * weight[i], for one row of n.
    /// out may be x.
    void (*rms_norm)(float *out, const float *x, const float *weight, size_t n, float epsilon);

    /// Rotates the pairs (x[2i], x[2i+1]) of each head of one row in place, by the head_dim/2
    /// angles whose cosines and sines are given; the same angles for every head.
    void (*rotate)(float *x, size_t heads, size_t head_dim, const float *cosines,
                   const float *sines);

    /// out[j] = w[row][j] as f32; w->columns floats.
    void (*expand_row)(float *out, const kn_weight *w, size_t row);

    /// The sum of the squares of x[0] to x[n-1]; 0 for none.
    float (*squared_norm)(const float *x, size_t n);

    /// sum[i] += x[i]^2, for i < n.
    void (*add_squares)(float *sum, const float *x, size_t n);

    /// log of the sum of exp(x[i]), i < n, without overflow; -infinity for n == 0.
    float (*log_sum_exp)(const float *x, size_t n);

    /// With r = p[i] / (p[i] + g[i] + 1e-6): total[i] += (1 - r)*g[i] + r*p[i], for i < n.
    void (*fuse_importance)(float *total, const float *p, const float *g, size_t n);
} kn_kernels;

/// The best table for the CPU that this runs on.
const kn_kernels *kn_kernels_native(void);

/// The table for one instruction set; NULL when this CPU, or this build, lacks it.
const kn_kernels *kn_kernels_for(kn_isa isa);

#ifdef __cplusplus
}
#endif

#endif
