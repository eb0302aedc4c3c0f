import Kernels

/// A weight matrix whose rows are what a mask selects, and perhaps a bias.
struct Linear: Sendable {
    /// `[out, in]`; transposed, `[in, out]`, where the inputs are what is pruned.
    let weight: WeightMatrix
    /// `[out]`.
    let bias: [Float]?

    /// `output[t, i] = input[t, :] · weight[kept i, :] + bias[kept i]`.
    ///
    /// - Parameters:
    ///   - input: `[tokens, in]`.
    ///   - kept: Rows to use; nil: all.
    ///   - output: Reshaped to `[tokens, kept]`.
    ///   - compute: The kernels.
    func select(
        _ input: borrowing Activations,
        keeping kept: [Int32]?,
        into output: inout Activations,
        compute: Compute
    ) {
        compute.selectOut(input, weight, keeping: kept, into: &output)
        addBias(to: &output, keeping: kept, compute: compute)
    }

    /// `output[t, i] += bias[kept i]`, if there is one.
    func addBias(to output: inout Activations, keeping kept: [Int32]?, compute: Compute) {
        guard let bias else { return }
        compute.addBias(kept.map { $0.map { bias[Int($0)] } } ?? bias, to: &output)
    }

    /// `output[t, :] += Σ_i input[t, i] · weight[kept i, :] + bias`, with a transposed weight.
    ///
    /// The bias is added once, whatever is kept.
    ///
    /// - Parameters:
    ///   - input: `[tokens, kept]`.
    ///   - kept: Rows to use; nil: all.
    ///   - output: `[tokens, out]`, added to.
    ///   - compute: The kernels.
    func add(
        _ input: borrowing Activations,
        keeping kept: [Int32]?,
        to output: inout Activations,
        compute: Compute
    ) {
        compute.selectIn(input, weight, keeping: kept, addingTo: &output)
        if let bias { compute.addBias(bias, to: &output) }
    }
}
