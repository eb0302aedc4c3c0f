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
// - Kernels neither allocate nor start threads, and use at most 256 KiB of stack.

/// The instruction sets that a table can be written for.
typedef enum { KN_ISA_SCALAR = 0, KN_ISA_AVX2 = 1, KN_ISA_AVX512 = 2 } kn_isa;

/// How the entries of a weight matrix are stored: f32, the upper half of an f32, or whole numbers
/// of eight or four bits.
typedef enum { KN_F32 = 0, KN_BF16 = 1, KN_INT8 = 2, KN_INT4 = 3 } kn_format;

/// What rows of whole numbers are filled up to a multiple of. Of half bytes also the entries that
/// share a step and a base: along the columns, so a pruned row never splits a group; as many as in
/// GGUF's blocks, whose range is thus kept.
#define KN_GROUP_SIZE 32

/// The entries that `mix` mixes with each other.
#define KN_MIXED 64

/// The largest magnitude of a weight of bytes as a multiple of its unit.
#define KN_LARGEST_BYTE 127
/// The same of half bytes, of entry * step + base.
#define KN_LARGEST_WEIGHT 8191

/// What the half bytes of a group stand for: (entry * step + base) * unit.
typedef struct {
    uint16_t step;
    int16_t base;
} kn_scaling;

/// A weight matrix: rows of `columns` contiguous entries each, one row after another. A row is an
/// array of float or of uint16_t; or of whole numbers, in groups of KN_GROUP_SIZE:
///
/// - KN_INT8: bytes, each of which stands for (byte - 128) * unit. Entry j < 16 of a group is its
///   byte 2j, entry j + 16 is byte 2j + 1;
/// - KN_INT4: a kn_scaling for each group and then the entries, of 0 to 15. Entry 8k + u of a group
///   is bits 4k to 4k + 3 of its 16-bit number u, whose first byte is the lower. Blocks of 16 even
///   levels (Q4_0, Q4_1) come out as they went in, up to the rounding of their distance.
///
/// A row's last group is filled up; what lies beyond the row is never used.
typedef struct {
    kn_format format;
    const void *data;
    size_t columns;
    /// Of whole numbers: one an output, thus one a row for select_out and one a column for
    /// select_in.
    const float *units;
} kn_weight;

/// How activations become whole numbers: entries of a row that share a scale, and the largest
/// magnitude that they get. In all of them the sum over such a group of their products with weights
/// is exact in 32 bits, whatever its order.
///
/// - KN_NINE_BITS: 32 of them to 255, for select_in of half bytes; entries are int16_t.
/// - KN_EIGHT_BITS: 32 of them to 127, for half bytes else, and for bytes where the CPU adds four
///   products of bytes up in 32 bits (vpdpbusd); entries are int8_t, in the order of the bytes of a
///   group of weights.
/// - KN_PAIRED_BITS: the same for bytes where it adds two up in 16 (vpmaddubsw). The scale is the
///   least at which 16 bits are enough: two that lie beside each other, and meet there, add up to
///   128 at most, and the magnitudes of the eight of a lane to 258. A lane is the same half of each
///   of four successive fours. Behind the entries of a group are, as int16_t, -128 times the sums
///   of its four lanes, those of the first four fours first.
/// - KN_EIGHT_BITS_MIXED and KN_PAIRED_BITS_MIXED: mixed first, for bytes that are mixed, too, so
///   that no entry exceeds the others by far; then KN_MIXED of them share a scale, which halves the
///   time that scaling takes.
typedef enum {
    KN_NINE_BITS = 0,
    KN_EIGHT_BITS = 1,
    KN_EIGHT_BITS_MIXED = 2,
    KN_PAIRED_BITS = 3,
    KN_PAIRED_BITS_MIXED = 4
} kn_rounding;

/// Whether entries are mixed first.
static inline int kn_mixes(kn_rounding rounding) {
    return rounding == KN_EIGHT_BITS_MIXED || rounding == KN_PAIRED_BITS_MIXED;
}

/// Whether sums of lanes follow a group's entries.
static inline int kn_pairs(kn_rounding rounding) {
    return rounding == KN_PAIRED_BITS || rounding == KN_PAIRED_BITS_MIXED;
}

/// The entries that share a scale.
static inline size_t kn_scaled_together(kn_rounding rounding) {
    return kn_mixes(rounding) ? KN_MIXED : KN_GROUP_SIZE;
}

/// Asks for the lines of so many floats, which will be read soon.
static inline void kn_ask_for(const float *x, size_t n) {
    for (size_t i = 0; i < n; i += 16) __builtin_prefetch(x + i);
}

/// The bytes of KN_GROUP_SIZE entries, and of what follows them.
static inline size_t kn_inputs_size(kn_rounding rounding) {
    if (rounding == KN_NINE_BITS) return KN_GROUP_SIZE * sizeof(int16_t);
    return KN_GROUP_SIZE + (kn_pairs(rounding) ? 4 * sizeof(int16_t) : 0);
}

/// The bytes of n entries, a multiple of KN_GROUP_SIZE.
static inline size_t kn_inputs_sizes(kn_rounding rounding, size_t n) {
    return n / KN_GROUP_SIZE * kn_inputs_size(rounding);
}

/// Activations as whole numbers: the entries of a row are filled up with zeros to `width`, a
/// multiple of KN_GROUP_SIZE, and have `groups` scales. Row t has the entries of t*width on, and
/// from t*groups on the scale of each group and its total: of nine bits the sum of its entries; of
/// the others -128 times that, which takes off what the 128 that bytes have in excess adds.
typedef struct {
    kn_rounding rounding;
    const void *entries;
    const float *scales;
    const int32_t *totals;
    size_t width, groups;
} kn_quantised;

/// Keys and values of one key-value head, which `heads` query heads share, in blocks of block_size
/// positions, a multiple of KN_KEY_LANES. With D = head_dim up to the next multiple of
/// KN_KEY_LANES, block b starts at entry b*block_stride of both and has block_size*D entries: runs
/// of KN_KEY_LANES positions, each [head_dim][KN_KEY_LANES] for keys, so that a vector holds the
/// same entry of successive keys, and [KN_KEY_LANES][D] for values. In bf16 two successive rows of
/// a run are woven into one row of pairs.
typedef struct {
    kn_format format; // KN_F32 or KN_BF16
    const void *keys, *values;
    size_t block_stride, block_size, heads;
} kn_keys;

/// Positions that lie beside each other in a block.
#define KN_KEY_LANES 16

/// What a gated unit applies to its gate.
typedef enum { KN_SILU = 0, KN_GELU = 1 } kn_activation;

/// The kernels for one instruction set. Tables are constant and live as long as the process.
typedef struct {
    kn_isa isa;
    const char *name;

    /// Whether the products with bf16 weights round activations to bf16 too, and attention over a
    /// bf16 cache queries and softmax weights (vdpbf16ps).
    int rounds_to_bf16;

    /// out[t*ldo + i] = dot(x + t*ldx, row kept[i] of w), for t < tokens and i < count; w is f32
    /// or bf16.
    ///
    /// With kept NULL, output i uses row first + i; otherwise `first` is not read. The rows of
    /// `kept` may be in any order and may repeat. x has w->columns floats a row.
    void (*select_out)(float *out, size_t ldo, const float *x, size_t ldx, size_t tokens,
                       const kn_weight *w, const int32_t *kept, size_t first, size_t count);

    /// y[t*ldy + j] += sum over i of x[t*ldx + i] * w[kept[i]][j], for t < tokens and j in
    /// [column, column + columns); w is f32 or bf16.
    ///
    /// i ascends over count, and each sum starts from what y holds. With kept NULL, entry i uses
    /// row i. y is indexed by j itself, thus [column, column + columns) of each row is touched.
    void (*select_in)(float *y, size_t ldy, const float *x, size_t ldx, size_t tokens,
                      const kn_weight *w, const int32_t *kept, size_t count, size_t column,
                      size_t columns);

    /// out[t*ldo + i] = activation(dot(x_t, gate row)) * dot(x_t, up row), rows chosen as in
    /// select_out.
    ///
    /// gate and up have the same number of columns; their formats may differ. The dot products are
    /// those of select_out to the bit.
    void (*gated_unit)(float *out, size_t ldo, const float *x, size_t ldx, size_t tokens,
                       const kn_weight *gate, const kn_weight *up, kn_activation activation,
                       const int32_t *kept, size_t first, size_t count);

    /// How the products take activations for weights of bytes: so, or mixed and so. The scalar
    /// table takes any way.
    kn_rounding byte_rounding;

    /// Writes one row of n activations, mixed if the rounding says so: each group's scale is its
    /// largest magnitude divided by the rounding's, NaN where an entry is not finite, or what has
    /// to stay in 16 bits adds up to infinity. The same to the bit in all instruction sets.
    void (*quantise)(kn_rounding rounding, void *entries, float *scales, int32_t *totals,
                     const float *x, size_t n);

    // The products of quantised activations take weights of bytes, and activations rounded to
    // byte_rounding, or of half bytes, and activations of nine bits for select_in, of eight for the
    // others. A sum over a group is exact;
    // the sums are scaled and added up group by group in ascending order, then multiplied by the
    // output's unit, each step rounded once: for one rounding the same to the bit in all
    // instruction sets.

    /// select_out of quantised activations.
    void (*select_out_quantised)(float *out, size_t ldo, const kn_quantised *x, size_t tokens,
                                 const kn_weight *w, const int32_t *kept, size_t first,
                                 size_t count);

    /// select_in of quantised activations, `count` of them a token; `column` is a multiple of
    /// KN_GROUP_SIZE.
    void (*select_in_quantised)(float *y, size_t ldy, const kn_quantised *x, size_t tokens,
                                const kn_weight *w, const int32_t *kept, size_t count,
                                size_t column, size_t columns);

    /// gated_unit of quantised activations and of gate and up in one format; the activation itself
    /// may differ by rounding.
    void (*gated_unit_quantised)(float *out, size_t ldo, const kn_quantised *x, size_t tokens,
                                 const kn_weight *gate, const kn_weight *up,
                                 kn_activation activation, const int32_t *kept, size_t first,
                                 size_t count);

    /// Causal attention of `queries` consecutive queries (rows ldq apart) of one sequence over the
    /// cached keys of `count` key-value heads, in the blocks that block_table names. The query
    /// heads of a row have head_dim floats each and stand one after the other, first those that
    /// share the first key-value head; the output rows likewise, ldo apart.
    ///
    /// Query r has position first_position + r and sees the keys 0 to that, both included, but only
    /// the last `window` of them; 0: all. A score is dot(q, k) * scale. head_dim <= 512, and the
    /// keys and values that are seen are finite. All keys have one format. out may be q itself with
    /// ldo == ldq.
    void (*attention)(float *out, size_t ldo, const float *q, size_t ldq, size_t queries,
                      size_t first_position, size_t window, const kn_keys *cache, size_t count,
                      const int32_t *block_table, size_t head_dim, float scale);

    /// out[i] = x[i] / sqrt(mean of the squares of x + epsilon) * weight[i], for one row of n.
    /// out may be x.
    void (*rms_norm)(float *out, const float *x, const float *weight, size_t n, float epsilon);

    /// out[i] = (x[i] - mean) / sqrt(variance + epsilon) * weight[i] + bias[i], for one row of n.
    /// out may be x.
    void (*layer_norm)(float *out, const float *x, const float *weight, const float *bias, size_t n,
                       float epsilon);

    /// Rotates the first `pairs` pairs (x[2i], x[2i+1]) of each head of one row in place, by the
    /// angles whose cosines and sines are given; the same angles for every head. The rest of a head
    /// stays as it is.
    void (*rotate)(float *x, size_t heads, size_t head_dim, size_t pairs, const float *cosines,
                   const float *sines);

    /// The same with the pairs (x[i], x[i + pairs]).
    void (*rotate_halves)(float *x, size_t heads, size_t head_dim, size_t pairs,
                          const float *cosines, const float *sines);

    /// out = x with each KN_MIXED entries multiplied with the Hadamard matrix of that size, which
    /// is made orthogonal and thus its own inverse; for a row of n. The last n % KN_MIXED stay as
    /// they are. out may be x. The same to the bit in all instruction sets.
    void (*mix)(float *out, const float *x, size_t n);

    /// y[i] += x[i], for i < n.
    void (*add)(float *y, const float *x, size_t n);

    /// x[i] *= factor, for i < n.
    void (*scale)(float *x, float factor, size_t n);

    /// x[i] = the larger of x[i] and 0, for i < n; NaN stays NaN.
    void (*relu)(float *x, size_t n);

    /// out[j] = w[row][j] as f32; w->columns floats. Units are one a row, as in select_out.
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

/// The unit for an output whose weights are `values`: their largest magnitude is KN_LARGEST_BYTE or
/// KN_LARGEST_WEIGHT of it. NaN when an entry is not finite, 0 when all are next to zero.
float kn_unit(kn_format format, const float *values, size_t n);

/// Writes one row of n weights in `format`, KN_INT8 or KN_INT4. The latter takes 16 even levels
/// between the extremes of each group.
///
/// units: one for each column where `along_columns`, else the row's alone.
void kn_encode_row(void *out, kn_format format, const float *row, size_t n, const float *units,
                   int along_columns);

/// Stores one key and one value of head_dim floats at `slot` of a block of a kn_keys, whose keys
/// and values start at `keys` and `values`.
void kn_store_key_value(kn_format format, void *keys, void *values, size_t slot, const float *key,
                        const float *value, size_t head_dim);

/// The best table for the CPU that this runs on.
const kn_kernels *kn_kernels_native(void);

/// The table for one instruction set; NULL when this CPU, or this build, lacks it.
const kn_kernels *kn_kernels_for(kn_isa isa);

#ifdef __cplusplus
}
#endif

#endif
